#include "verify/initial.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include <fmt/format.h>

#include "verify/compare.h"

namespace mlxify::verify {
namespace {

using Doubles = std::vector<double>;

constexpr double kOfConstant = 2e-5;  // of the array's scale up to 1, and of the constant itself: float32's functions in a row
constexpr double kOfOwn = 16;         // times what PyTorch's float32 differs from its float64: a sine of a large angle
constexpr double kUnmeasured = 1e-3;  // in place of both, where the constructor does not run in float64
constexpr double kDistance = 3;     // times sqrt(2 / n): a chance of 3e-8 for equal distributions
constexpr double kDeviations = 8;   // standard errors that a mean along an axis may be off
constexpr std::size_t kFewest = 16; // numbers that have a mean
constexpr double kOfLine = 1e-4;    // of the spread that the same draws are off a line by; independent ones are off by at least 1 / sqrt(4 * kMost)
constexpr double kOfScale = 1e-3;   // that the line is off the diagonal by
constexpr std::size_t kFewestOfLine = 4;
constexpr std::size_t kMost = 400'000;

struct Moments {
    double mean = 0, variance = 0;
};

Moments moments(const Doubles& numbers) {
    Moments result;
    for (const double x : numbers) result.mean += x;
    result.mean /= static_cast<double>(numbers.size());
    for (const double x : numbers) result.variance += (x - result.mean) * (x - result.mean);
    result.variance /= static_cast<double>(numbers.size());
    return result;
}

double kurtosis(const Doubles& numbers, const Moments& of) {
    double fourth = 0;
    for (const double x : numbers) fourth += std::pow(x - of.mean, 4);
    return fourth / static_cast<double>(numbers.size()) / (of.variance * of.variance);
}

// One array in all its constructions. It is read where it lies: the files are mapped, and may be large.
class Draws {
public:
    explicit Draws(const std::vector<const ArrayView*>& arrays) : arrays_(arrays) {}
    [[nodiscard]] std::size_t count() const { return arrays_.size(); }
    [[nodiscard]] std::size_t size() const { return arrays_.front()->size(); }
    [[nodiscard]] double at(std::size_t draw, std::size_t element) const { return arrays_[draw]->real(element); }
    [[nodiscard]] bool is_constant(std::size_t element) const {
        const double first = at(0, element);
        for (std::size_t draw = 1; draw < count(); ++draw)
            if (const double other = at(draw, element); other != first && !(std::isnan(other) && std::isnan(first))) return false;
        return true;
    }
    [[nodiscard]] bool is_constant() const {
        for (std::size_t element = 0; element < size(); ++element)
            if (!is_constant(element)) return false;
        return true;
    }

private:
    const std::vector<const ArrayView*>& arrays_;
};

bool same_constant(double expected, double given, double tolerance) {
    if (std::isnan(expected)) return true;  // memory that was never written to
    if (!std::isfinite(expected)) return expected == given;
    return std::abs(expected - given) <= kOfConstant * std::abs(expected) + tolerance;
}

// What a constant may differ by beside its own rounding. `scale`: the array's largest magnitude.
double constant_tolerance(const Draws& original, const ArrayView* precise, double scale) {
    const double bounded = std::min(scale, 1.0);
    if (precise == nullptr || precise->size() != original.size()) return kUnmeasured * bounded;
    double own = 0;
    for (std::size_t i = 0; i < original.size(); ++i)
        if (const double error = std::abs(original.at(0, i) - precise->real(i)); original.is_constant(i) && std::isfinite(error)) own = std::max(own, error);
    return kOfConstant * bounded + kOfOwn * own;
}

std::string constants_differ(const Draws& original, const Draws& converted, const ArrayView* precise, double scale) {
    const double tolerance = constant_tolerance(original, precise, scale);
    for (std::size_t i = 0; i < original.size(); ++i) {
        if (!original.is_constant(i)) continue;
        for (std::size_t draw = 0; draw < converted.count(); ++draw)
            if (!same_constant(original.at(0, i), converted.at(draw, i), tolerance))
                return fmt::format("it begins with {:.7g} instead of {:.7g} at element {}", converted.at(draw, i), original.at(0, i), i);
    }
    return {};
}

// Every so many, that kMost are left at the most.
void thin(std::vector<std::size_t>& elements) {
    const std::size_t step = elements.size() / kMost + 1;
    for (std::size_t i = 0; i * step < elements.size(); ++i) elements[i] = elements[i * step];
    elements.resize((elements.size() + step - 1) / step);
}

// The random elements of all draws in one.
Doubles pooled(const Draws& draws, const std::vector<std::size_t>& elements) {
    Doubles result;
    result.reserve(draws.count() * elements.size());
    for (std::size_t draw = 0; draw < draws.count(); ++draw)
        for (const std::size_t i : elements) result.push_back(draws.at(draw, i));
    return result;
}

// Whether the draws are each one number in disguise: then there are no more samples than constructions.
bool dependent(const Draws& draws, const std::vector<std::size_t>& elements) {
    Doubles means;
    double inner = 0;
    for (std::size_t draw = 0; draw < draws.count(); ++draw) {
        Doubles own;
        for (const std::size_t i : elements) own.push_back(draws.at(draw, i));
        const Moments of_draw = moments(own);
        means.push_back(of_draw.mean);
        inner += of_draw.variance / static_cast<double>(draws.count());
    }
    return moments(means).variance > 20 * inner / static_cast<double>(elements.size());
}

double kolmogorov_smirnov(const Doubles& a, const Doubles& b) {  // both sorted
    double distance = 0;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        const double x = std::min(a[i], b[j]);
        while (i < a.size() && a[i] <= x) ++i;
        while (j < b.size() && b[j] <= x) ++j;
        distance = std::max(distance, std::abs(static_cast<double>(i) / static_cast<double>(a.size()) - static_cast<double>(j) / static_cast<double>(b.size())));
    }
    return distance;
}

// The least line through the pairs (a, b), both sorted, and what they are off it by, relative to the spread of `a`.
struct Line {
    double slope = 0, offset = 0, residual = 0;
};

Line line_through(const Doubles& a, const Doubles& b, const Moments& of_a, const Moments& of_b) {
    Line line;
    double covariance = 0;
    for (std::size_t i = 0; i < a.size(); ++i) covariance += (a[i] - of_a.mean) * (b[i] - of_b.mean);
    line.slope = covariance / static_cast<double>(a.size()) / of_b.variance;
    line.offset = of_a.mean - line.slope * of_b.mean;
    for (std::size_t i = 0; i < a.size(); ++i) line.residual = std::max(line.residual, std::abs(a[i] - line.offset - line.slope * b[i]));
    line.residual /= std::sqrt(of_a.variance);
    return line;
}

// Both sides take the same draws, and make other numbers of them: `0.022 * normal` instead of `0.02 * normal`. No chance is in that.
std::string same_draws_differ(const Doubles& ours, const Doubles& theirs, const Moments& a, const Moments& b) {
    if (theirs.size() < kFewestOfLine || a.variance <= 0 || b.variance <= 0) return {};
    const Line line = line_through(ours, theirs, a, b);
    const double spread = std::sqrt(b.variance);
    if (line.residual > kOfLine || (std::abs(line.slope - 1) <= kOfScale && std::abs(line.offset) <= kOfScale * spread)) return {};
    return fmt::format("its random values are {:.4g} times the original's{}, of the same draws", line.slope,
                       std::abs(line.offset) > kOfScale * spread ? fmt::format(" and {:.3g}", line.offset) : "");
}

std::string distributions_differ(const Draws& original, const Draws& converted, const std::vector<std::size_t>& elements) {
    Doubles ours = pooled(converted, elements), theirs = pooled(original, elements);
    for (const Doubles* numbers : {&ours, &theirs})
        if (std::any_of(numbers->begin(), numbers->end(), [](double x) { return !std::isfinite(x); })) return {};
    std::sort(ours.begin(), ours.end());
    std::sort(theirs.begin(), theirs.end());
    const double close = 1e-5 * std::max(std::abs(theirs.front()), std::abs(theirs.back()));
    if (std::equal(ours.begin(), ours.end(), theirs.begin(), [&](double a, double b) { return std::abs(a - b) <= close; })) return {};
    const Moments a = moments(ours), b = moments(theirs);
    if (std::string reason = same_draws_differ(ours, theirs, a, b); !reason.empty()) return reason;
    if (theirs.size() < kFewest || dependent(original, elements)) return {};
    const auto count = static_cast<double>(theirs.size());
    const bool other_shape = kolmogorov_smirnov(ours, theirs) > kDistance * std::sqrt(2 / count);
    const bool other_spread = std::abs(std::log(a.variance / b.variance)) > kDeviations * std::sqrt(2 * std::max(kurtosis(theirs, b) - 1, 2.0) / count);
    if (!other_shape && !other_spread) return {};
    return fmt::format("its random values have mean {:.3g} and deviation {:.3g} instead of {:.3g} and {:.3g}, in [{:.3g}, {:.3g}] instead of [{:.3g}, {:.3g}]",
                       a.mean, std::sqrt(a.variance), b.mean, std::sqrt(b.variance), ours.front(), ours.back(), theirs.front(), theirs.back());
}

std::string patterns_differ(const Draws& original, const Draws& converted, const std::vector<std::size_t>& elements,
                            const std::vector<std::int64_t>& shape) {
    std::size_t stride = 1;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
        const auto length = static_cast<std::size_t>(shape[axis]);
        std::vector<std::vector<std::size_t>> along(length);
        for (const std::size_t i : elements) along[i / stride % length].push_back(i);
        stride *= length;
        if (length < 2) continue;
        for (std::size_t place = 0; place < length; ++place) {
            if (along[place].size() * original.count() < kFewest || dependent(original, along[place])) continue;
            const Moments a = moments(pooled(converted, along[place])), b = moments(pooled(original, along[place]));
            const double error = std::sqrt((a.variance + b.variance) / static_cast<double>(along[place].size() * original.count()));
            if (std::abs(a.mean - b.mean) > kDeviations * error + 1e-6 * std::abs(b.mean))
                return fmt::format("its random values have mean {:.3g} instead of {:.3g} at {} of axis {}", a.mean, b.mean, place, axis);
        }
    }
    return {};
}

}  // namespace

bool same_initial(const ArrayView& original, const ArrayView& converted) {
    if (original.shape != converted.shape) return false;
    const double tolerance = kOfConstant * std::min(scale_of(original), 1.0);
    for (std::size_t i = 0; i < original.size(); ++i)
        if (!same_constant(original.real(i), converted.real(i), tolerance)) return false;
    return true;
}

std::string initial_difference(const std::vector<const ArrayView*>& original, const std::vector<const ArrayView*>& converted,
                               const ArrayView* precise) {
    if (original.front()->shape != converted.front()->shape || original.front()->size() == 0) return {};  // the weights' mapping judges shapes
    const Draws theirs(original), ours(converted);
    std::vector<std::size_t> random;
    for (std::size_t i = 0; i < theirs.size(); ++i)
        if (!theirs.is_constant(i)) random.push_back(i);
    thin(random);
    Doubles values = pooled(theirs, random);
    std::sort(values.begin(), values.end());
    const auto distinct = static_cast<std::size_t>(std::unique(values.begin(), values.end()) - values.begin());
    const bool few_values = !random.empty() && 2 * distinct <= values.size();  // many of them are alike by chance
    if (!few_values)
        if (std::string reason = constants_differ(theirs, ours, precise, scale_of(*original.front())); !reason.empty()) return reason;
    if (random.empty()) return {};
    if (few_values) {
        random.resize(theirs.size());
        std::iota(random.begin(), random.end(), std::size_t{0});
        thin(random);
    }
    if (std::string reason = distributions_differ(theirs, ours, random); !reason.empty()) return reason;
    return patterns_differ(theirs, ours, random, original.front()->shape);
}

std::string initial_constants_difference(const std::vector<const ArrayView*>& original, const std::vector<const ArrayView*>& converted,
                                         const ArrayView* precise) {
    if (original.front()->shape != converted.front()->shape) return {};
    const Draws theirs(original), ours(converted);
    if (theirs.is_constant() && !ours.is_constant()) return {};
    return constants_differ(theirs, ours, precise, scale_of(*original.front()));
}

}  // namespace mlxify::verify
