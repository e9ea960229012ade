#include "verify/compare.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace mlxify::verify {
namespace {

using Json = nlohmann::json;

constexpr double kOutlier = 1e4;          // times the median magnitude: compared relative to itself
constexpr double kContextShare = 1e-3;    // of the neighbours' scale, for arrays that are rounding noise
constexpr double kOfSiblings = 0x1p-40;   // what is below in float64 is a sum that cancels
constexpr double kSmallestNormal = 0x1p-126;  // MLX takes what is below for zero
constexpr double kFarBelowLargest = 0x1p+127;

double epsilon_of(ArrayType type) {
    switch (type) {
        case ArrayType::float16: return std::ldexp(1.0, -10);
        case ArrayType::bfloat16: return std::ldexp(1.0, -7);
        case ArrayType::float64:  // computed as float32 by MLX
        case ArrayType::float32:
        case ArrayType::complex64:
        case ArrayType::int64:
        case ArrayType::int32:
        case ArrayType::int16:
        case ArrayType::int8:
        case ArrayType::uint64:
        case ArrayType::uint32:
        case ArrayType::uint16:
        case ArrayType::uint8:
        case ArrayType::boolean: break;
    }
    return std::ldexp(1.0, -23);
}

std::complex<double> element(const ArrayView& array, std::size_t i) { return {array.real(i), array.imaginary(i)}; }

bool finite(std::complex<double> value) { return std::isfinite(value.real()) && std::isfinite(value.imag()); }

bool same_non_finite(double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    if (std::isinf(a) || std::isinf(b)) return a == b;
    return true;
}

std::string shape_text(const ArrayView& array) { return fmt::format("[{}]", fmt::join(array.shape, ", ")); }

// The dtypes that may stand for each other: MLX has int32 where torch has int64, and float32 where torch has float64.
bool types_agree(ArrayType reference, ArrayType converted) {
    if (reference == converted) return true;
    if (is_integer(reference) && is_integer(converted)) return is_signed(reference) == is_signed(converted);
    return reference == ArrayType::float64 && converted == ArrayType::float32;
}

// The numbers of an array, read once: several loops run over them, and most arrays are real.
class Values {
public:
    explicit Values(const ArrayView& array) : reals_(array.reals()) {
        if (array.type != ArrayType::complex64) return;
        imaginaries_.reserve(reals_.size());
        for (std::size_t i = 0; i < reals_.size(); ++i) imaginaries_.push_back(array.imaginary(i));
    }
    [[nodiscard]] std::size_t size() const { return reals_.size(); }
    [[nodiscard]] double imaginary(std::size_t i) const { return imaginaries_.empty() ? 0.0 : imaginaries_[i]; }
    [[nodiscard]] double magnitude(std::size_t i) const { return imaginaries_.empty() ? std::abs(reals_[i]) : std::hypot(reals_[i], imaginaries_[i]); }
    [[nodiscard]] bool is_finite(std::size_t i) const { return std::isfinite(reals_[i]) && std::isfinite(imaginary(i)); }
    [[nodiscard]] double distance(std::size_t i, const Values& other) const {
        const double difference = reals_[i] - other.reals_[i];
        if (imaginaries_.empty() && other.imaginaries_.empty()) return std::abs(difference);
        return std::hypot(difference, imaginary(i) - other.imaginary(i));
    }
    [[nodiscard]] bool same_where_not_finite(std::size_t i, const Values& other) const {
        return same_non_finite(reals_[i], other.reals_[i]) && same_non_finite(imaginary(i), other.imaginary(i));
    }

private:
    std::vector<double> reals_, imaginaries_;  // the latter empty: all zero
};

// Magnitude above which an element is compared relative to itself.
double outlier_bound(const Values& truth) {
    std::vector<double> magnitudes;
    magnitudes.reserve(truth.size());
    for (std::size_t i = 0; i < truth.size(); ++i) {
        const double magnitude = truth.magnitude(i);
        if (magnitude >= kSmallestNormal && std::isfinite(magnitude)) magnitudes.push_back(magnitude);
    }
    if (magnitudes.empty()) return std::numeric_limits<double>::infinity();
    const auto middle = magnitudes.begin() + static_cast<std::ptrdiff_t>(magnitudes.size() / 2);
    std::nth_element(magnitudes.begin(), middle, magnitudes.end());
    return kOutlier * *middle;
}

// How far `a` is from `truth`: absolute among ordinary elements, relative for outliers; non-finite elements are left out.
struct Distance {
    double ordinary = 0;
    double outlier = 0;
    std::size_t worst = 0;  // flat index of the worst ordinary element
};

Distance distance(const Values& a, const Values& truth, double bound) {
    Distance result;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        if (!a.is_finite(i) || !truth.is_finite(i)) continue;
        const double magnitude = truth.magnitude(i);
        const double difference = a.distance(i, truth);
        if (magnitude > bound) {
            result.outlier = std::max(result.outlier, difference / magnitude);
        } else if (difference > result.ordinary) {
            result.ordinary = difference;
            result.worst = i;
        }
    }
    return result;
}

double ordinary_scale(const Values& truth, double bound) {
    double scale = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        const double magnitude = truth.magnitude(i);
        if (magnitude <= bound && std::isfinite(magnitude)) scale = std::max(scale, magnitude);
    }
    return scale;
}

// Position of a flat index: "[1, 0, 5]".
std::string position_text(const ArrayView& array, std::size_t flat) {
    std::vector<std::int64_t> position(array.shape.size());
    for (std::size_t axis = array.shape.size(); axis-- > 0;) {
        const auto length = static_cast<std::size_t>(std::max<std::int64_t>(array.shape[axis], 1));
        position[axis] = static_cast<std::int64_t>(flat % length);
        flat /= length;
    }
    return fmt::format("[{}]", fmt::join(position, ", "));
}

Comparison compare_exact(const ArrayView& reference, const ArrayView& converted) {
    std::size_t different = 0;
    std::size_t first = 0;
    for (std::size_t i = reference.size(); i-- > 0;) {
        if (reference.integer(i) == converted.integer(i)) continue;
        ++different;
        first = i;
    }
    if (different == 0) return {};
    return {Match::differs, static_cast<double>(different) / static_cast<double>(reference.size()), 0,
            fmt::format("{} of {} {} values differ, the first at {}: {} instead of {}", different, reference.size(),
                        type_name(reference.type), position_text(reference, first), converted.integer(first),
                        reference.integer(first))};
}

bool usable(const ArrayView* other, const ArrayView& reference) {
    return other != nullptr && other->shape == reference.shape &&
           (is_floating(other->type) || other->type == ArrayType::complex64) ==
               (is_floating(reference.type) || reference.type == ArrayType::complex64);
}

// complex128 cannot cross; integers in a float64 run are compared by the caller's plain run.
Comparison compare_floats(const Reference& reference, const ArrayView& converted, double depth, double context, double siblings) {
    const ArrayView& plain = *reference.plain;
    const Values expected(plain), given(converted);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (expected.same_where_not_finite(i, given)) continue;
        return {Match::differs, std::numeric_limits<double>::infinity(), 0,
                fmt::format("{} instead of {} at {}", converted.real(i), plain.real(i), position_text(plain, i))};
    }
    const ArrayView& truth = usable(reference.float64, plain) ? *reference.float64 : plain;
    const std::optional<Values> precise = &truth == &plain ? std::nullopt : std::optional<Values>(truth);
    const Values& true_values = precise ? *precise : expected;
    double bound = outlier_bound(true_values);
    const double own_scale = ordinary_scale(true_values, bound);
    const bool is_zero = &truth != &plain && own_scale <= kOfSiblings * siblings;
    if (is_zero && scale_of(truth) <= kOfSiblings * siblings) bound = std::numeric_limits<double>::infinity();  // no element stands out of nothing
    const double scale = std::max({own_scale, kContextShare * context, is_zero ? siblings : 0});
    if (scale < kSmallestNormal) {
        const double largest = scale_of(converted);
        if (largest < kSmallestNormal) return {};
        return {Match::differs, largest, 0, fmt::format("up to {:.3g} where all is zero", largest)};
    }
    Distance own = distance(expected, true_values, bound);
    if (usable(reference.disturbed, plain)) {
        const Distance disturbance = distance(Values(*reference.disturbed), expected, bound);
        own.ordinary = std::max(own.ordinary, disturbance.ordinary);
        own.outlier = std::max(own.outlier, disturbance.outlier);
    }
    const Distance found = distance(given, true_values, bound);
    const double floor = kFloor * epsilon_of(plain.type) * std::sqrt(std::max(depth, 4.0));
    Comparison result;
    result.tolerance = std::max(kFactor * own.ordinary / scale, floor);
    result.error = found.ordinary / scale;
    const double outlier_tolerance = std::max(kFactor * own.outlier, floor);
    result.used = std::max(result.error / result.tolerance, found.outlier / outlier_tolerance);
    const double limit = std::max(kMaxTolerance, floor);
    const bool large_differ = found.outlier > outlier_tolerance && own.outlier < kNoDigits;
    if (own.ordinary / scale >= kNoDigits) {
        result.match = Match::ill_conditioned;
        result.reason = fmt::format("PyTorch's own error is {:.1e} here", own.ordinary / scale);
    } else if (result.error > result.tolerance || large_differ) {
        result.match = Match::differs;
        result.reason = fmt::format("max error {:.2e} of the scale {:.3g} (tolerance {:.2e}), worst at {}: {:.7g} instead of {:.7g}",
                                    result.error, scale, result.tolerance, position_text(plain, found.worst),
                                    converted.real(found.worst), truth.real(found.worst));
        if (large_differ && result.error <= result.tolerance) {
            result.reason = fmt::format("relative error {:.2e} of large elements (tolerance {:.2e})", found.outlier, outlier_tolerance);
            result.tolerance = outlier_tolerance;
        }
        result.error = std::max(result.error, found.outlier);
    } else if (result.tolerance > limit || outlier_tolerance > limit) {
        result.match = Match::ill_conditioned;
        result.reason = fmt::format("PyTorch's own error is {:.1e} here", std::max(own.ordinary / scale, own.outlier));
    }
    return result;
}

// ------------------------------------------------------------------------------------------------------------------ trees

const Json* sequence_of(const Json& node) {
    for (const char* kind : {"list", "tuple"})
        if (const auto found = node.find(kind); found != node.end()) return &*found;
    return nullptr;
}

std::string kind_of(const Json& node) {
    if (sequence_of(node) != nullptr) return fmt::format("a sequence of {}", sequence_of(node)->size());
    if (node.contains("leaf")) return "an array";
    if (node.contains("dict")) return "a dictionary";
    if (node.contains("object") && node["object"].is_string()) return "an object of class " + node["object"].get<std::string>();
    if (node.contains("const")) return "the constant " + node["const"].dump(-1, ' ', false, Json::error_handler_t::replace);
    return "something unknown";
}

bool constants_agree(const Json& a, const Json& b, double tolerance) {
    if (!a.is_number() || !b.is_number()) return a == b;
    if (a.is_number_float() != b.is_number_float()) return false;
    if (!a.is_number_float()) return a == b;
    const double x = a.get<double>();
    const double y = b.get<double>();
    return std::abs(x - y) <= tolerance * std::max(std::abs(x), std::abs(y));
}

struct TreePair {
    const Json* reference;
    const Json* converted;
    std::string path;
};

// Fields of two dictionaries or objects, by key.
std::string push_fields(const Json& a, const Json& b, const std::string& path, std::vector<TreePair>& pending) {
    for (const auto& [key, value] : b.items())
        if (!a.contains(key)) return fmt::format("{}: the key `{}` is new", path, key);
    std::vector<TreePair> fields;
    for (const auto& [key, value] : a.items()) {
        const auto other = b.find(key);
        if (other == b.end()) return fmt::format("{}: the key `{}` is missing", path, key);
        fields.push_back({&value, &*other, path + "." + key});
    }
    pending.insert(pending.end(), fields.rbegin(), fields.rend());
    return {};
}

// One step down; what differs, or empty.
std::string compare_nodes(const TreePair& pair, double tolerance, std::vector<LeafPair>& leaves, std::vector<TreePair>& pending) {
    const Json& a = *pair.reference;
    const Json& b = *pair.converted;
    const auto mismatch = [&] { return fmt::format("{}: {} instead of {}", pair.path, kind_of(b), kind_of(a)); };
    if (a.contains("leaf") && b.contains("leaf")) {
        leaves.push_back({a["leaf"].get<std::uint32_t>(), b["leaf"].get<std::uint32_t>(), pair.path});
        return {};
    }
    const Json* a_items = sequence_of(a);
    const Json* b_items = sequence_of(b);
    if (a_items != nullptr && b_items != nullptr) {
        if (a_items->size() != b_items->size()) return mismatch();
        for (std::size_t i = a_items->size(); i-- > 0;)
            pending.push_back({&(*a_items)[i], &(*b_items)[i], fmt::format("{}[{}]", pair.path, i)});
        return {};
    }
    if (a.contains("dict") && b.contains("dict")) return push_fields(a["dict"], b["dict"], pair.path, pending);
    if (a.contains("object") && b.contains("object")) {
        if (a["object"] != b["object"]) return mismatch();
        static const Json kNoFields = Json::object();
        const auto fields_of = [](const Json& node) { return node.contains("fields") ? &node["fields"] : &kNoFields; };
        return push_fields(*fields_of(a), *fields_of(b), pair.path, pending);
    }
    if (a.contains("const") && b.contains("const") && constants_agree(a["const"], b["const"], tolerance)) return {};
    return mismatch();
}

// Whether both sides give the same in float64: within `tolerance` of the scale.
bool agrees_in_float64(const Reference& reference, const ArrayView& converted64, double context, double tolerance) {
    const ArrayView* truth = reference.float64;  // float32 where it went through MLX's names
    if (truth == nullptr || !is_floating(truth->type) || converted64.type != ArrayType::float64 || truth->shape != converted64.shape) return false;
    const Values expected(*truth), given(converted64);
    for (std::size_t i = 0; i < expected.size(); ++i)
        if (!expected.same_where_not_finite(i, given)) return false;
    const double bound = outlier_bound(expected);
    const double scale = std::max(ordinary_scale(expected, bound), kContextShare * context);
    const Distance precise = distance(given, expected, bound);
    return std::max(precise.ordinary / scale, precise.outlier) <= tolerance;
}

// Whether each element that is off by more than `far` of the scale, or an outlier of itself, moves on one of the disturbances by a share
// of its own difference: a kink elsewhere in the array explains nothing.
bool each_moves(const ArrayView& truth, const ArrayView& converted, const std::vector<const ArrayView*>& shaken, double bound, double scale, double far) {
    for (std::size_t i = 0; i < truth.size(); ++i) {
        const std::complex<double> given = element(converted, i), expected = element(truth, i);
        if (!finite(given) || !finite(expected)) continue;
        const double off = std::abs(given - expected);
        if (off <= far * (std::abs(expected) > bound ? std::abs(expected) : scale)) continue;
        bool moves = false;
        for (std::size_t one = 0; one < shaken.size() && !moves; ++one) moves = std::abs(element(*shaken[one], i) - given) >= off / kOfElement[one % kTurns];
        if (!moves) return false;
    }
    return true;
}

}  // namespace

bool is_own_rounding(const Comparison& found, const Reference& reference, const ArrayView& converted64, double context) {
    if (found.match != Match::differs || found.tolerance <= 0 || found.error > kFactor * found.tolerance) return false;
    return agrees_in_float64(reference, converted64, context, std::min(found.tolerance, kMaxTolerance) / kFactor);
}

bool may_be_kink(const Comparison& found, const Reference& reference, const ArrayView& converted64, double context) {
    return found.match == Match::differs && found.tolerance > 0 && agrees_in_float64(reference, converted64, context, kExact);
}

bool is_kink(const Comparison& found, const Reference& reference, const ArrayView& converted, const ArrayView& converted64,
             const std::vector<const ArrayView*>& shaken, double context) {
    if (!may_be_kink(found, reference, converted64, context)) return false;
    const Values expected(*reference.float64), given(converted);
    const double bound = outlier_bound(expected);
    const double scale = std::max(ordinary_scale(expected, bound), kContextShare * context);
    double spread = 0;
    for (const ArrayView* one : shaken) {
        if (one->shape != converted.shape || one->type != converted.type) return false;
        const Distance moved = distance(Values(*one), given, bound);
        spread = std::max({spread, moved.ordinary / scale, moved.outlier});
    }
    return found.error <= kOfSpread * spread && each_moves(*reference.float64, converted, shaken, bound, scale, kFactor * found.tolerance);
}

double scale_of(const ArrayView& array) { return ordinary_scale(Values(array), std::numeric_limits<double>::infinity()); }

bool moved(const ArrayView& a, const ArrayView& b) {
    return a.shape != b.shape || a.type != b.type || !std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end());
}

Comparison compare_arrays(const Reference& reference, const ArrayView& converted, double depth, double context, double siblings) {
    const ArrayView& plain = *reference.plain;
    if (plain.shape != converted.shape)
        return {Match::differs, std::numeric_limits<double>::infinity(), 0,
                fmt::format("shape {} instead of {}", shape_text(converted), shape_text(plain))};
    if (!types_agree(plain.type, converted.type))
        return {Match::differs, std::numeric_limits<double>::infinity(), 0,
                fmt::format("{} instead of {}", type_name(converted.type), type_name(plain.type))};
    if (is_floating(plain.type) || plain.type == ArrayType::complex64) return compare_floats(reference, converted, depth, context, siblings);
    // An index that PyTorch itself does not keep under one rounding is a tie, not a result.
    if (reference.disturbed != nullptr && reference.disturbed->shape == plain.shape && reference.disturbed->type == plain.type &&
        moved(*reference.disturbed, plain))
        return {Match::ill_conditioned, 0, 0, "PyTorch's own integers change under one rounding of the inputs"};
    if (reference.float64 != nullptr && reference.float64->type == plain.type && moved(*reference.float64, plain))
        return {Match::ill_conditioned, 0, 0, "PyTorch's own integers differ in float64"};
    return compare_exact(plain, converted);
}

OwnedArray disturbed(const ArrayView& array, std::uint64_t seed, int roundings) {
    OwnedArray result{array.type, array.shape, {array.bytes.begin(), array.bytes.end()}};
    if (array.type != ArrayType::float32) return result;
    std::uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 1;
    for (std::size_t i = 0; i < array.size(); ++i) {
        state ^= state << 13;  // xorshift: only signs are wanted of it
        state ^= state >> 7;
        state ^= state << 17;
        float value;
        std::memcpy(&value, result.bytes.data() + i * sizeof value, sizeof value);
        if (!std::isfinite(value) || value == 0) continue;
        const bool up = (state >> 40 & 1) != 0;
        if (const float size = std::abs(value); size > kSmallestNormal && size < kFarBelowLargest) {  // the next float is the next integer
            const std::int32_t bits = std::bit_cast<std::int32_t>(value) + (up == (value > 0) ? roundings : -roundings);
            value = std::bit_cast<float>(bits);
        } else {
            const float towards = up ? std::numeric_limits<float>::infinity() : -std::numeric_limits<float>::infinity();
            for (int step = 0; step < roundings; ++step) value = std::nextafter(value, towards);
        }
        std::memcpy(result.bytes.data() + i * sizeof value, &value, sizeof value);
    }
    return result;
}

Structure compare_trees(const Json& reference, const Json& converted, double constant_tolerance) {
    Structure structure;
    std::vector<TreePair> pending = {{&reference, &converted, "output"}};
    while (!pending.empty() && structure.mismatch.empty()) {
        const TreePair pair = std::move(pending.back());
        pending.pop_back();
        structure.mismatch = compare_nodes(pair, constant_tolerance, structure.leaves, pending);
    }
    return structure;
}

}  // namespace mlxify::verify
