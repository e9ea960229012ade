#include "infer/fact_store.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

namespace mlxify::infer {

namespace {

constexpr std::size_t kMaxSymbols = 6;  // of one dimension; longer products become unknown

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) { return (hash ^ value) * 0x9E3779B97F4A7C15ull + (hash >> 29); }

std::uint64_t hash_of(const Dim& dim) {
    std::uint64_t hash = mix(dim.known ? 3 : 5, static_cast<std::uint64_t>(dim.coefficient));
    for (const std::uint32_t symbol : dim.symbols) hash = mix(hash, symbol);
    return hash;
}

std::uint64_t hash_of(const Fact& fact) {
    std::uint64_t hash = mix(static_cast<std::uint64_t>(fact.kind), static_cast<std::uint64_t>(fact.dtype));
    hash = mix(hash, static_cast<std::uint64_t>(fact.rank + 1) * 32 + (fact.temporary ? 1u : 0u) + (fact.maybe_none ? 2u : 0u) + (fact.maybe_void ? 4u : 0u) + (fact.limited ? 8u : 0u));
    hash = mix(hash, names::pair_key(static_cast<std::uint32_t>(fact.length), fact.shape));
    hash = mix(hash, names::pair_key(fact.elements, static_cast<std::uint32_t>(fact.value)));
    hash = mix(hash, names::pair_key(fact.class_index, fact.library_class));
    return mix(hash, names::pair_key(fact.view_of, fact.definition));
}

std::uint64_t hash_of(const Value& value) {
    std::uint64_t hash = value.index();
    if (const auto* flag = std::get_if<bool>(&value)) return mix(hash, *flag ? 1 : 2);
    if (const auto* number = std::get_if<std::int64_t>(&value)) return mix(hash, static_cast<std::uint64_t>(*number));
    if (const auto* number = std::get_if<double>(&value)) return mix(hash, std::bit_cast<std::uint64_t>(*number));
    if (const auto* text = std::get_if<std::string>(&value)) return mix(hash, std::hash<std::string>{}(*text));
    return hash;
}

template <typename T>
bool is_same(const T& a, const T& b) {
    return a == b;
}

// NaN is one value, though it does not equal itself.
bool is_same(const Value& a, const Value& b) {
    const double* left = std::get_if<double>(&a);
    const double* right = std::get_if<double>(&b);
    return a == b || (left && right && std::isnan(*left) && std::isnan(*right));
}

// The id of `item` in `items`, which is appended if it is new.
template <typename T>
std::uint32_t intern(std::vector<T>& items, names::FlatMap& by_hash, std::uint64_t hash, const T& item) {
    for (;; ++hash) {
        const std::uint32_t found = by_hash.find(hash);
        if (found == 0) break;
        if (is_same(items[found], item)) return found;
    }
    items.push_back(item);
    const auto id = static_cast<std::uint32_t>(items.size() - 1);
    by_hash.set(hash, id);
    return id;
}

}  // namespace

Dim constant_dim(std::int64_t size) { return {true, size, {}}; }

Dim product(const Dim& left, const Dim& right) {
    if (!left.known || !right.known || left.symbols.size() + right.symbols.size() > kMaxSymbols) return {};
    Dim out{true, left.coefficient * right.coefficient, left.symbols};
    out.symbols.insert(out.symbols.end(), right.symbols.begin(), right.symbols.end());
    std::sort(out.symbols.begin(), out.symbols.end());
    return out;
}

Dim quotient(const Dim& left, const Dim& right) {
    if (!left.known || !right.known || right.coefficient == 0 || left.coefficient % right.coefficient != 0) return {};
    Dim out{true, left.coefficient / right.coefficient, left.symbols};
    for (const std::uint32_t symbol : right.symbols) {
        const auto found = std::find(out.symbols.begin(), out.symbols.end(), symbol);
        if (found == out.symbols.end()) return {};
        out.symbols.erase(found);
    }
    return out;
}

bool is_floating(DType dtype) {
    return dtype == DType::float32 || dtype == DType::float16 || dtype == DType::bfloat16 || dtype == DType::float64;
}

bool is_integral(DType dtype) {
    return dtype == DType::int64 || dtype == DType::int32 || dtype == DType::int16 || dtype == DType::int8 || dtype == DType::uint8;
}

DType promote(DType left, DType right) {
    if (left == DType::unknown || right == DType::unknown) return DType::unknown;
    if (left == right) return left;
    if (left == DType::complex64 || right == DType::complex64) return DType::complex64;
    if (is_floating(left) != is_floating(right)) return is_floating(left) ? left : right;
    if (is_floating(left)) {
        if (left == DType::float64 || right == DType::float64) return DType::float64;
        return DType::float32;  // float32 with a half, or the two halves with each other
    }
    if (left == DType::boolean) return right;
    if (right == DType::boolean) return left;
    if ((left == DType::uint8) != (right == DType::uint8)) {
        const DType other = left == DType::uint8 ? right : left;
        return other == DType::int8 ? DType::int16 : other;
    }
    return left < right ? left : right;  // the enumeration goes from wide to narrow
}

Fact make(Kind kind) {
    Fact fact;
    fact.kind = kind;
    return fact;
}

Fact tensor(int rank, DType dtype) {
    Fact fact;
    fact.kind = Kind::tensor;
    fact.rank = static_cast<std::int8_t>(rank);
    fact.dtype = dtype;
    fact.temporary = true;
    return fact;
}

FactStore::FactStore(FactTable& table) : table_(table) {
    table_.values.resize(1);
    table_.shapes.resize(1);
    table_.sequences.resize(1);
    table_.symbols.resize(1);
    table_.library_names.resize(1);
}

std::uint32_t FactStore::shape(const std::vector<Dim>& dims) {
    std::uint64_t hash = dims.size() + 11;
    bool anything = false;
    for (const Dim& dim : dims) {
        hash = mix(hash, hash_of(dim));
        anything |= dim.known;
    }
    return anything ? intern(table_.shapes, shape_by_hash_, hash, dims) : 0;
}

std::uint32_t FactStore::sequence(const std::vector<Fact>& facts) {
    if (facts.empty()) return 0;
    constexpr std::uint32_t kMaxWeight = 4096;
    std::uint64_t hash = facts.size();
    std::uint32_t weight = 0;
    for (const Fact& fact : facts) {
        hash = mix(hash, hash_of(fact));
        weight += 1 + (fact.elements < weights_.size() ? weights_[fact.elements] : 0);
        if (weight > kMaxWeight) return 0;
    }
    const std::uint32_t id = intern(table_.sequences, sequence_by_hash_, hash, facts);
    if (weights_.size() <= id) weights_.resize(id + 1, 0);
    weights_[id] = weight;
    return id;
}

ValueId FactStore::value(const Value& value) { return ValueId{intern(table_.values, value_by_hash_, hash_of(value), value)}; }

std::uint32_t FactStore::library(std::string_view name) {
    if (name.empty()) return 0;
    return intern(table_.library_names, library_by_hash_, std::hash<std::string_view>{}(name), std::string(name));
}

std::uint32_t FactStore::symbol(std::uint64_t key, std::string_view name) {
    if (const std::uint32_t found = symbol_by_key_.find(key)) return found;
    table_.symbols.emplace_back(name);
    const auto id = static_cast<std::uint32_t>(table_.symbols.size() - 1);
    symbol_by_key_.set(key, id);
    return id;
}

std::vector<Dim> FactStore::dims(const Fact& fact) const {
    if (fact.shape != 0 && table_.shapes[fact.shape].size() == static_cast<std::size_t>(fact.rank)) return table_.shapes[fact.shape];
    return std::vector<Dim>(fact.rank > 0 ? static_cast<std::size_t>(fact.rank) : 0);
}

Dim FactStore::dim_of(const Fact& integer) const {
    if (const auto number = integer_value(integer)) return constant_dim(*number);
    if (integer.kind == Kind::integer && integer.shape != 0) return table_.shapes[integer.shape][0];
    return {};
}

Fact FactStore::constant(Kind kind, const Value& constant) {
    Fact fact = make(kind);
    fact.value = value(constant);
    return fact;
}

Fact FactStore::integer(std::int64_t number) { return constant(Kind::integer, number); }

Fact FactStore::integer(const Dim& dim) {
    if (dim.known && dim.symbols.empty()) return integer(dim.coefficient);
    Fact fact = make(Kind::integer);
    fact.shape = shape({dim});
    return fact;
}

Fact FactStore::tensor_of(const std::vector<Dim>& dims, DType dtype) {
    Fact fact = tensor(static_cast<int>(dims.size()), dtype);
    fact.shape = shape(dims);
    return fact;
}

Fact FactStore::sequence_of(Kind kind, const std::vector<Fact>& facts) {
    Fact fact = make(kind);
    fact.length = static_cast<std::int32_t>(facts.size());
    fact.elements = sequence(facts);
    fact.may_write_input = !facts.empty() && facts.front().may_write_input;
    return fact;
}

Fact FactStore::repeated(Kind kind, const Fact& element) {
    Fact fact = make(kind);
    fact.elements = element == Fact{} ? 0 : sequence({element});
    fact.may_write_input = element.may_write_input;
    return fact;
}

Fact FactStore::repeated(Kind kind, const std::vector<Fact>& elements) {
    constexpr std::size_t kMaxChoices = 8;
    std::vector<Fact> choices;
    bool modules = true;
    for (const Fact& element : elements) {
        modules &= element.kind == Kind::module && !element.maybe_none;
        if (std::find(choices.begin(), choices.end(), element) == choices.end()) choices.push_back(element);
    }
    if (choices.size() > 1 && modules && choices.size() <= kMaxChoices) {
        Fact fact = make(kind);
        fact.elements = sequence(choices);
        fact.may_write_input = choices.front().may_write_input;
        return fact;
    }
    if (choices.empty()) return make(kind);
    Fact all = choices[0];
    for (const Fact& choice : choices) all = join(all, choice);
    Fact fact = repeated(kind, all);
    fact.may_write_input = choices[0].may_write_input;
    return fact;
}

Fact FactStore::library_fact(Kind kind, std::string_view name) {
    Fact fact = make(kind);
    fact.library_class = library(name);
    return fact;
}

bool FactStore::first_may_write(const Fact& before, bool more) {
    if (before.length == 0) return more;
    return before.may_write_input || (before.length < 0 && before.elements == 0 && more);
}

std::optional<double> FactStore::number_value(const Fact& fact) const {
    if (const auto whole = integer_value(fact)) return static_cast<double>(*whole);
    if (fact.kind != Kind::floating || fact.value == kNoValue) return std::nullopt;
    const auto* number = std::get_if<double>(table_.value(fact));
    return number ? std::optional(*number) : std::nullopt;
}

std::optional<std::int64_t> FactStore::integer_value(const Fact& fact) const {
    if (fact.kind != Kind::integer || fact.value == kNoValue) return std::nullopt;
    const auto* number = std::get_if<std::int64_t>(table_.value(fact));
    return number ? std::optional(*number) : std::nullopt;
}

std::optional<bool> FactStore::boolean_value(const Fact& fact) const {
    if (fact.kind != Kind::boolean || fact.value == kNoValue) return std::nullopt;
    const auto* flag = std::get_if<bool>(table_.value(fact));
    return flag ? std::optional(*flag) : std::nullopt;
}

std::optional<std::string_view> FactStore::string_value(const Fact& fact) const {
    if (fact.value == kNoValue) return std::nullopt;
    const auto* text = std::get_if<std::string>(table_.value(fact));
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

std::uint32_t FactStore::join_shapes(const Fact& left, const Fact& right, int rank) {
    if (left.shape == right.shape) return left.shape;
    if (left.shape == 0 || right.shape == 0) return 0;
    const std::vector<Dim>& first = table_.shapes[left.shape];
    const std::vector<Dim>& second = table_.shapes[right.shape];
    if (first.size() != second.size() || (left.kind == Kind::tensor && rank < 0)) return 0;
    std::vector<Dim> joined(first.size());
    for (std::size_t axis = 0; axis < joined.size(); ++axis)
        if (first[axis] == second[axis]) joined[axis] = first[axis];
    return shape(joined);
}

void FactStore::join_elements(const Fact& left, const Fact& right, Fact& out) {
    out.length = left.length == right.length ? left.length : -1;
    if (left.elements == right.elements && left.length == right.length) {
        out.elements = left.elements;
        return;
    }
    out.elements = 0;
    if (left.length == right.length && left.length > 0 && left.elements != 0 && right.elements != 0) {
        std::vector<Fact> joined = elements(left);
        for (std::size_t i = 0; i < joined.size(); ++i) joined[i] = join(joined[i], std::vector<Fact>(elements(right))[i]);
        out.elements = sequence(joined);
        return;
    }
    // An empty list says nothing of the elements that another path puts in.
    out.length = -1;
    if (left.elements != 0 && right.elements != 0) {
        std::vector<Fact> choices = elements(left);
        const std::vector<Fact>& more = elements(right);
        choices.insert(choices.end(), more.begin(), more.end());
        out.elements = repeated(out.kind, choices).elements;
    } else if (left.length == 0 || right.length == 0) {
        const Fact& filled = left.length == 0 ? right : left;
        out.elements = filled.elements == 0 ? 0 : repeated(out.kind, std::vector<Fact>(elements(filled))).elements;
    }
}

bool FactStore::is_void(const Fact& fact) const {
    if (fact.kind != Kind::tensor || fact.rank != 1) return false;
    const std::vector<Dim> shape = dims(fact);
    return shape.size() == 1 && shape[0].known && shape[0].symbols.empty() && shape[0].coefficient == 0;
}

Fact FactStore::join(const Fact& left, const Fact& right) {
    if (left == right) return left;
    if (left.kind == Kind::none || right.kind == Kind::none) {
        Fact other = left.kind == Kind::none ? right : left;
        if (other.kind == Kind::none) return make(Kind::none);
        other.maybe_none = true;
        other.value = kNoValue;
        other.temporary = false;
        return other;
    }
    Fact out;
    out.maybe_none = left.maybe_none || right.maybe_none;
    out.observed = left.observed && right.observed;
    out.may_write_input = left.may_write_input || right.may_write_input;
    const auto is_number = [](Kind kind) { return kind == Kind::integer || kind == Kind::floating; };
    if (left.kind != right.kind) {
        // `1` on one path and `0.5` on another is a number; as a float it is described well enough.
        if (is_number(left.kind) && is_number(right.kind)) out.kind = Kind::floating;
        return out;
    }
    out.kind = left.kind;
    out.dtype = left.dtype == right.dtype ? left.dtype : DType::unknown;
    out.rank = left.rank == right.rank ? left.rank : std::int8_t{-1};
    out.temporary = left.temporary && right.temporary;
    out.limited = left.limited || right.limited;
    out.maybe_void = left.maybe_void || right.maybe_void || is_void(left) || is_void(right);
    out.passes_input = left.passes_input || right.passes_input;
    const auto is_identity = [&](const Fact& fact) { return fact.class_index == 0 && fact.library_class != 0 && table_.library_names[fact.library_class] == "torch.nn.Identity"; };
    out.writes_input = (left.writes_input || is_identity(left)) && (right.writes_input || is_identity(right));  // not both are an Identity: they differ
    out.shape = join_shapes(left, right, out.rank);
    if (left.value == right.value) out.value = left.value;
    if (left.class_index == right.class_index) out.class_index = left.class_index;
    if (left.library_class == right.library_class) out.library_class = left.library_class;
    out.view_of = left.view_of != 0 ? left.view_of : right.view_of;  // it may be a view: that is what matters
    if (left.definition == right.definition) out.definition = left.definition;
    if (left.same_rank_as == right.same_rank_as) out.same_rank_as = left.same_rank_as;
    if (out.kind != Kind::tensor) join_elements(left, right, out);
    return out;
}

Fact FactStore::element(const Fact& fact) {
    if (fact.elements == 0) return {};
    const std::vector<Fact> facts = elements(fact);
    Fact out = facts[0];
    for (std::size_t i = 1; i < facts.size(); ++i) out = join(out, facts[i]);
    return out;
}

Fact FactStore::without_values(const Fact& fact) {
    Fact out = fact;
    if (out.kind != Kind::module) out.value = kNoValue;  // of a module it is a part of what it computes (an einops pattern)
    out.temporary = false;
    out.view_of = 0;
    out.same_rank_as = 0;
    if (out.kind == Kind::none) {
        out.kind = Kind::unknown;
        out.maybe_none = true;
    }
    if (out.kind == Kind::integer) out.shape = 0;
    if ((out.kind == Kind::list || out.kind == Kind::dict) && out.elements != 0) {  // other callers pass other lengths
        std::vector<Fact> facts = elements(fact);
        for (Fact& inner : facts) inner = without_values(inner);
        out.elements = repeated(out.kind, facts).elements;
        out.length = -1;
    } else if (out.kind == Kind::list) {
        out.length = -1;
    } else if (out.elements != 0) {
        std::vector<Fact> facts = elements(fact);
        for (Fact& inner : facts) inner = without_values(inner);
        out.elements = sequence(facts);
    }
    return out;
}

}  // namespace mlxify::infer
