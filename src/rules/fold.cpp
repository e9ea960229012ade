#include <algorithm>
#include <cmath>

#include "rules/frame.h"

namespace mlxify::rules {

using infer::Kind;
using syntax::Op;

namespace {

std::optional<double> number(const Value& value) {
    if (!value.constant) return std::nullopt;
    if (const auto* integer = std::get_if<std::int64_t>(&*value.constant)) return static_cast<double>(*integer);
    if (const auto* floating = std::get_if<double>(&*value.constant)) return *floating;
    if (const auto* flag = std::get_if<bool>(&*value.constant)) return *flag ? 1.0 : 0.0;
    return std::nullopt;
}

std::optional<std::int64_t> whole(const Value& value) {
    if (const auto* integer = value.integer()) return *integer;
    if (value.constant)
        if (const auto* flag = std::get_if<bool>(&*value.constant)) return *flag ? 1 : 0;
    return std::nullopt;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    const std::int64_t quotient = a / b;
    return (a % b != 0 && ((a < 0) != (b < 0))) ? quotient - 1 : quotient;
}

std::optional<Value> fold_whole(Op op, std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    switch (op) {
    case Op::add: return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional(integer_value(result));
    case Op::sub: return __builtin_sub_overflow(a, b, &result) ? std::nullopt : std::optional(integer_value(result));
    case Op::mul: return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(integer_value(result));
    case Op::floor_div:
        if (b == 0) return std::nullopt;
        return integer_value(floor_div(a, b));
    case Op::mod:
        if (b == 0) return std::nullopt;
        return integer_value(a - floor_div(a, b) * b);
    default: return std::nullopt;
    }
}

// A dimension times, modulo or divided by a number: decided when the coefficient decides it.
std::optional<Value> fold_dim(Op op, const Value& left, const Value& right) {
    if (!left.dim.known || !right.dim.known) return std::nullopt;
    const bool plain = right.dim.symbols.empty();
    if (op == Op::mod && plain && right.dim.coefficient > 0 && left.dim.coefficient % right.dim.coefficient == 0)
        return integer_value(0);
    return std::nullopt;
}

infer::Dim dim_after(Op op, const Value& left, const Value& right) {
    if (op != Op::mul || !left.dim.known || !right.dim.known) return {};
    infer::Dim dim = left.dim;
    if (__builtin_mul_overflow(left.dim.coefficient, right.dim.coefficient, &dim.coefficient)) return {};
    dim.symbols.insert(dim.symbols.end(), right.dim.symbols.begin(), right.dim.symbols.end());
    std::sort(dim.symbols.begin(), dim.symbols.end());
    return dim;
}

std::optional<Value> fold_sequences(Op op, const Value& left, const Value& right) {
    if (op == Op::add && left.has_items && right.has_items && left.is_list == right.is_list) {
        std::vector<Value> items = left.items;
        items.insert(items.end(), right.items.begin(), right.items.end());
        return sequence_value(std::move(items), left.is_list);
    }
    if (op == Op::mul && left.has_items && right.integer() && *right.integer() <= 64) {
        std::vector<Value> items;
        for (std::int64_t round = 0; round < *right.integer(); ++round)
            items.insert(items.end(), left.items.begin(), left.items.end());
        return sequence_value(std::move(items), left.is_list);
    }
    return std::nullopt;
}

bool is_number_kind(Kind kind) { return kind == Kind::integer || kind == Kind::floating || kind == Kind::boolean; }

}  // namespace

Precedence precedence_of(Op op) {
    switch (op) {
    case Op::bit_or: return Precedence::bit_or;
    case Op::bit_xor: return Precedence::bit_xor;
    case Op::bit_and: return Precedence::bit_and;
    case Op::lshift:
    case Op::rshift: return Precedence::shift;
    case Op::add:
    case Op::sub: return Precedence::add;
    case Op::mul:
    case Op::matmul:
    case Op::div:
    case Op::floor_div:
    case Op::mod: return Precedence::mul;
    case Op::pow: return Precedence::pow;
    case Op::and_: return Precedence::and_;
    case Op::or_: return Precedence::or_;
    case Op::not_: return Precedence::not_;
    case Op::invert:
    case Op::pos:
    case Op::neg: return Precedence::unary;
    default: return Precedence::compare;
    }
}

Value fold_binary(Op op, const Value& left, const Value& right) {
    const auto left_whole = whole(left);
    const auto right_whole = whole(right);
    if (left_whole && right_whole)
        if (auto folded = fold_whole(op, *left_whole, *right_whole)) return *folded;
    const auto a = number(left);
    const auto b = number(right);
    if (a && b) {
        if (op == Op::add) return float_value(*a + *b);
        if (op == Op::sub) return float_value(*a - *b);
        if (op == Op::mul) return float_value(*a * *b);
        if (op == Op::div && *b != 0) return float_value(*a / *b);
    }
    if (left.string() && right.string() && op == Op::add) return string_value(*left.string() + *right.string());
    if (auto folded = fold_sequences(op, left, right)) return *folded;
    if (auto folded = fold_dim(op, left, right)) return *folded;
    if (op == Op::sub && right_whole == std::optional<std::int64_t>(0) && left.fact.kind != Kind::tensor) return left;
    const Precedence at = precedence_of(op);
    const bool right_first = op == Op::pow;  // a ** b groups to the right, and takes a unary operand there
    const auto above = static_cast<Precedence>(static_cast<int>(at) + 1);
    std::string text = operand(left, right_first ? Precedence::await_ : at) + " " + std::string(syntax::spelling(op)) + " " +
                       operand(right, right_first ? Precedence::unary : above);
    Value value = code_value(std::move(text), at);
    if (left.fact.kind == Kind::tensor || right.fact.kind == Kind::tensor) value.fact.kind = Kind::tensor;
    else if (left.fact.kind == Kind::integer && right.fact.kind == Kind::integer && op != Op::div) value.fact.kind = Kind::integer;
    else if (is_number_kind(left.fact.kind) && is_number_kind(right.fact.kind)) value.fact.kind = Kind::floating;
    else if (left.fact.kind == right.fact.kind && op == Op::add) value.fact.kind = left.fact.kind;
    value.dim = dim_after(op, left, right);
    return value;
}

Value fold_compare(Op op, const Value& left, const Value& right) {
    if (op == Op::is || op == Op::is_not) {
        std::optional<bool> same;
        if (left.is_none() && right.is_none()) same = true;
        else if (right.is_none() && (left.constant || left.has_items || (left.fact.kind != Kind::unknown && left.fact.kind != Kind::none))) same = false;
        else if (left.constant && right.constant) same = *left.constant == *right.constant;
        if (same) return bool_value(*same == (op == Op::is));
    }
    const auto a = number(left);
    const auto b = number(right);
    if (a && b) {
        switch (op) {
        case Op::eq: return bool_value(*a == *b);
        case Op::ne: return bool_value(*a != *b);
        case Op::lt: return bool_value(*a < *b);
        case Op::le: return bool_value(*a <= *b);
        case Op::gt: return bool_value(*a > *b);
        case Op::ge: return bool_value(*a >= *b);
        default: break;
        }
    }
    if (op == Op::eq || op == Op::ne) {
        std::optional<bool> equal;
        if (left.positive && b && *b <= 0) equal = false;
        else if (left.constant && right.constant) equal = *left.constant == *right.constant;
        else if (left.fact.kind == Kind::dtype && right.fact.kind == Kind::dtype && left.fact.dtype != infer::DType::unknown &&
                 right.fact.dtype != infer::DType::unknown)
            equal = left.fact.dtype == right.fact.dtype;
        else if (left.dim.known && right.dim.known && left.dim == right.dim) equal = true;
        else if (left.has_items && right.has_items && left.items.size() != right.items.size()) equal = false;
        else if (left.constant && right.has_items) equal = false;
        else if (right.constant && left.has_items) equal = false;
        else if (left.string() && is_number_kind(right.fact.kind)) equal = false;
        else if (right.string() && (is_number_kind(left.fact.kind) || left.fact.kind == Kind::none)) equal = false;
        else if (left.has_items && right.has_items) {
            bool all = true;
            bool settled = true;
            for (std::size_t at = 0; at < left.items.size(); ++at) {
                const auto one = truth(fold_compare(Op::eq, left.items[at], right.items[at]));
                settled &= one.has_value();
                all &= one.value_or(true);
            }
            if (settled || !all) equal = all;
        }
        if (equal) return bool_value(*equal == (op == Op::eq));
    }
    if ((op == Op::in || op == Op::not_in) && right.has_items) {
        bool settled = true;
        for (const Value& item : right.items) {
            const auto equal = truth(fold_compare(Op::eq, left, item));
            if (equal && *equal) return bool_value(op == Op::in);
            settled &= equal.has_value();
        }
        if (settled) return bool_value(op == Op::not_in);
    }
    if ((op == Op::in || op == Op::not_in) && left.string() && right.string())
        return bool_value((right.string()->find(*left.string()) != std::string::npos) == (op == Op::in));
    std::string text = operand(left, Precedence::bit_or) + " " + std::string(syntax::spelling(op)) + " " + operand(right, Precedence::bit_or);
    Value value = code_value(std::move(text), Precedence::compare);
    const bool tensor = left.fact.kind == Kind::tensor || right.fact.kind == Kind::tensor;
    if (tensor && op != Op::is && op != Op::is_not) value.fact.kind = Kind::tensor;
    else if (left.fact.kind != Kind::unknown && right.fact.kind != Kind::unknown) value.fact.kind = Kind::boolean;
    return value;
}

std::string unescape(std::string_view literal) {
    std::size_t at = 0;
    bool raw = false;
    while (at < literal.size() && literal[at] != '"' && literal[at] != '\'') {
        if (literal[at] == 'r' || literal[at] == 'R') raw = true;
        ++at;
    }
    const bool triple = literal.size() >= at + 6 && literal[at] == literal[at + 1] && literal[at] == literal[at + 2];
    const std::size_t width = triple ? 3 : 1;
    if (literal.size() < at + 2 * width) return std::string(literal);
    const std::string_view inner = literal.substr(at + width, literal.size() - at - 2 * width);
    if (raw) return std::string(inner);
    std::string out;
    for (std::size_t i = 0; i < inner.size(); ++i) {
        if (inner[i] != '\\' || i + 1 == inner.size()) {
            out += inner[i];
            continue;
        }
        switch (inner[++i]) {
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case '\n': break;
        case '\\': out += '\\'; break;
        case '"': out += '"'; break;
        case '\'': out += '\''; break;
        default: out += '\\', out += inner[i];
        }
    }
    return out;
}

}  // namespace mlxify::rules
