// Python's builtins and functools.partial.
#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <optional>
#include <string>

#include "base/text.h"
#include "infer/evaluator.h"
#include "infer/tensor_results.h"

namespace mlxify::infer {

using base::contains;
using syntax::kNoNode;

namespace {

constexpr std::int32_t kMaxTracked = 64;

// What `float(word)` is for "inf", "-Infinity", "nan" and the like.
std::optional<double> not_finite(std::string word) {
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    const bool negative = word.starts_with('-');
    const std::string_view rest = std::string_view(word).substr(negative || word.starts_with('+') ? 1 : 0);
    if (rest == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (rest != "inf" && rest != "infinity") return std::nullopt;
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

}  // namespace

Fact Evaluator::call_builtin(std::string_view name, const Operands& operands, NodeId node) {
    constexpr std::array<std::string_view, 7> kBooleans{"isinstance", "issubclass", "hasattr", "callable", "any", "all", "bool"};
    const Fact first = operands.fact(0);
    if (contains(kBooleans, name)) return make(Kind::boolean);
    if (name == "len") {
        if (first.length >= 0 && first.kind != Kind::module) return store_.integer(first.length);
        if (first.kind == Kind::tensor && first.rank > 0) {
            const Dim size = store_.dims(first)[0];
            if (size.known) return store_.integer(size);
        }
        return make(Kind::integer);
    }
    if (name == "int") {
        if (first.kind == Kind::integer) return first;
        if (const auto* number =
                first.kind == Kind::floating && first.value != kNoValue ? std::get_if<double>(table_.value(first)) : nullptr)
            if (*number > -1e15 && *number < 1e15) return store_.integer(static_cast<std::int64_t>(*number));
        return frame_->loops == 0 ? store_.integer(own_integer(node)) : make(Kind::integer);
    }
    if (name == "float") {
        if (first.kind == Kind::floating) return first;
        if (const auto* word = first.kind == Kind::string && first.value != kNoValue ? std::get_if<std::string>(table_.value(first)) : nullptr)
            if (const auto number = not_finite(*word)) return store_.constant(Kind::floating, *number);
        return make(Kind::floating);
    }
    if (name == "str" || name == "repr" || name == "format" || name == "chr" || name == "input") return make(Kind::string);
    if (name == "round") return make(operands.positional.size() > 1 ? Kind::floating : Kind::integer);
    if (name == "abs" || name == "pow") {
        if (first.kind == Kind::tensor) return arithmetic(syntax::Op::mul, first, first, node);
        Fact number = make(first.kind == Kind::integer || first.kind == Kind::floating ? first.kind : Kind::unknown);
        return number;
    }
    if (name == "min" || name == "max" || name == "sum") {
        const bool several = operands.positional.size() > 1 && name != "sum";
        Fact all = several ? first : iterated(first);
        if (several)
            for (const Operand& operand : operands.positional) all = store_.join(all, operand.fact);
        const bool of_tensor = several && std::any_of(operands.positional.begin(), operands.positional.end(), [](const Operand& one) { return one.fact.kind == Kind::tensor; });
        if (of_tensor && all.kind != Kind::tensor) {  // max(lengths.max(), 4): a tensor of one value, or the number
            all = make(Kind::tensor);
            all.rank = 0;
            for (const Operand& operand : operands.positional)
                if (operand.fact.kind == Kind::tensor) all.dtype = operand.fact.dtype;
            for (const Operand& operand : operands.positional)
                if (operand.fact.kind == Kind::tensor ? operand.fact.dtype != all.dtype : operand.fact.kind != Kind::integer) all.dtype = DType::unknown;
        }
        if (name == "sum" && all.kind == Kind::tensor && first.elements != 0) {
            const std::vector<Fact> parts = store_.elements(first);
            for (const Fact& part : parts) all = broadcast(store_, all, part, arithmetic_dtype(all, part));
        }
        all.value = kNoValue;
        if (all.kind != Kind::tensor) all.shape = 0;
        if (all.kind == Kind::boolean) all.kind = Kind::integer;
        return all;
    }
    if (name == "range") {
        Fact numbers = store_.repeated(Kind::list, make(Kind::integer));
        const auto count = store_.integer_value(first);
        if (operands.positional.size() == 1 && count && *count > 0 && *count <= 16) {
            std::vector<Fact> each;
            for (std::int64_t at = 0; at < *count; ++at) each.push_back(store_.integer(at));
            numbers = store_.sequence_of(Kind::list, each);
        }
        return numbers;
    }
    if (name == "enumerate") {
        if (first.kind != Kind::tensor && first.length > 0 && first.length <= kMaxTracked && first.elements != 0) {
            std::vector<Fact> pairs;
            std::int64_t at = store_.integer_value(operands.fact(1, {"start"})).value_or(0);
            for (const Fact& element : std::vector<Fact>(store_.elements(first)))
                pairs.push_back(store_.sequence_of(Kind::tuple, {store_.integer(at++), element}));
            return store_.sequence_of(Kind::list, pairs);
        }
        return store_.repeated(Kind::list, store_.sequence_of(Kind::tuple, {make(Kind::integer), operands.positional.empty() ? iterated(first) : row_of(operands.positional[0].node, first)}));
    }
    if (name == "zip") return call_zip(operands);
    if (name == "map") return call_map(operands, node);
    if (name == "filter") return store_.repeated(Kind::list, iterated(operands.fact(1)));
    if (name == "reversed" || name == "sorted" || name == "list" || name == "tuple" || name == "iter") {
        if (operands.positional.empty()) return store_.sequence_of(name == "tuple" ? Kind::tuple : Kind::list, {});
        const Kind kind = name == "tuple" ? Kind::tuple : Kind::list;
        if (first.length >= 0 && (first.elements != 0 || first.length == 0) && name != "sorted" && first.kind != Kind::dict) {
            std::vector<Fact> parts;
            if (first.elements != 0) parts = store_.elements(first);
            if (name == "reversed") std::reverse(parts.begin(), parts.end());
            return store_.sequence_of(kind, parts);
        }
        Fact sequence = store_.repeated(kind, row_of(operands.positional[0].node, first));
        if (first.kind == Kind::size) sequence.length = first.length;
        if (first.kind == Kind::size && first.length > 0)
            sequence.elements = store_.sequence(std::vector<Fact>(static_cast<std::size_t>(first.length), make(Kind::integer)));
        return sequence;
    }
    if (name == "next") return store_.element(first);
    if (name == "dict") {
        Fact all;
        bool started = false;
        for (const Operand& keyword : operands.keywords) {
            all = started ? store_.join(all, keyword.fact) : keyword.fact;
            started = true;
        }
        return operands.positional.empty() && !operands.double_star ? store_.repeated(Kind::dict, all) : make(Kind::dict);
    }
    if (name == "set" || name == "frozenset" || name == "slice" || name == "object") return make(Kind::object);
    if (name == "divmod") return store_.sequence_of(Kind::tuple, {make(first.kind), make(first.kind)});
    if (name == "id" || name == "hash" || name == "ord") return make(Kind::integer);
    if (name == "print" || name == "setattr" || name == "delattr") return make(Kind::none);
    if (name == "getattr") {
        const auto attribute = store_.string_value(operands.fact(1));
        if (!attribute || first.class_index == 0) return {};
        Fact value = instance_attribute(first, *attribute, first == frame_->self);
        const Operand* otherwise = operands.find(2, {});
        return otherwise && value.kind != Kind::unknown ? store_.join(value, otherwise->fact) : value;
    }
    if (name == "super") return {};
    return {};
}

Fact Evaluator::call_zip(const Operands& operands) {
    std::int32_t length = operands.star ? -1 : kMaxTracked;
    for (const Operand& operand : operands.positional) {
        const bool known = operand.fact.length >= 0 && operand.fact.elements != 0 && operand.fact.kind != Kind::size;
        length = std::min(length, known ? operand.fact.length : -1);
    }
    if (length > 0) {
        std::vector<Fact> rows;
        for (std::int32_t row = 0; row < length; ++row) {
            std::vector<Fact> cells;
            for (const Operand& operand : operands.positional)
                cells.push_back(store_.elements(operand.fact)[static_cast<std::size_t>(row)]);
            rows.push_back(store_.sequence_of(Kind::tuple, cells));
        }
        return store_.sequence_of(Kind::list, rows);
    }
    if (operands.star) {  // zip(*rows) turns rows into columns
        return store_.repeated(Kind::list, make(Kind::tuple));
    }
    std::vector<Fact> cells;
    for (const Operand& operand : operands.positional) cells.push_back(row_of(operand.node, operand.fact));
    return store_.repeated(Kind::list, store_.sequence_of(Kind::tuple, cells));
}

// map(f, xs): over a tuple of known elements each one is called on its own.
Fact Evaluator::call_map(const Operands& operands, NodeId node) {
    if (operands.positional.size() < 2) return make(Kind::list);
    const Fact callee = operands.positional[0].fact;
    Operands rows = operands;
    rows.positional.erase(rows.positional.begin());
    const auto call_with = [&](const std::vector<Fact>& cells) {
        Operands arguments;
        for (const Fact& cell : cells) arguments.positional.push_back({{}, kNoNode, cell});
        Fact result = call_value(callee, arguments, node);
        result.temporary = false;
        return result;
    };
    const Fact table = call_zip(rows);
    if (table.length > 0) {
        std::vector<Fact> results;
        for (const Fact& row : std::vector<Fact>(store_.elements(table)))
            results.push_back(call_with(std::vector<Fact>(store_.elements(row))));
        return store_.sequence_of(Kind::list, results);
    }
    std::vector<Fact> cells;
    for (const Operand& operand : rows.positional) cells.push_back(row_of(operand.node, operand.fact));
    return store_.repeated(Kind::list, call_with(cells));
}

// partial(f, ...): called, it gives what f gives. Of functions of the file the parameters would be shifted: unknown.
Fact Evaluator::call_partial(const Operands& operands) {
    Fact callee = operands.fact(0);
    if (callee.kind == Kind::function && operands.positional.size() > 1) return make(Kind::function);
    return callee;
}

}  // namespace mlxify::infer
