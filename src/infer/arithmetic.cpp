// Operators between values: arithmetic and comparisons.
#include <cstdlib>
#include <span>
#include <vector>

#include "infer/evaluator.h"
#include "infer/tensor_results.h"

namespace mlxify::infer {

using syntax::Op;

namespace {

bool is_number(const Fact& fact) { return fact.kind == Kind::integer || fact.kind == Kind::floating || fact.kind == Kind::boolean; }

}  // namespace

Fact Evaluator::evaluate_binary(NodeId node) {
    const NodeId left_node = tree_.child(node, 0);
    const NodeId right_node = tree_.child(node, 1);
    Fact left = evaluate(left_node);
    Fact right = evaluate(right_node);
    left = not_none(left_node, left);
    right = not_none(right_node, right);
    if (tree_[node].op == Op::matmul) {
        left = used_as_tensor(left_node, left);
        right = used_as_tensor(right_node, right);
    }
    return arithmetic(tree_[node].op, left, right, node);
}

Fact Evaluator::arithmetic(Op op, const Fact& left, const Fact& right, NodeId node) {
    if (left.kind == Kind::tensor || right.kind == Kind::tensor) {
        if (op == Op::matmul) return matrix_product(store_, left, right);
        DType dtype = arithmetic_dtype(left, right);
        if (op == Op::div && (is_integral(dtype) || dtype == DType::boolean)) dtype = DType::float32;
        return broadcast(store_, left, right, dtype);
    }
    const auto is_sequence = [](const Fact& fact) {
        return fact.kind == Kind::tuple || fact.kind == Kind::list || fact.kind == Kind::size;
    };
    if (op == Op::add && is_sequence(left) && is_sequence(right)) {
        // torch.Size + tuple is a torch.Size again
        const Kind kind = left.kind == Kind::list                               ? Kind::list
                          : left.kind == Kind::size || right.kind == Kind::size ? Kind::size
                                                                                : Kind::tuple;
        if (left.length < 0 || right.length < 0) {
            Fact joined = store_.repeated(kind, left.elements != 0 && right.elements != 0 ? store_.join(store_.element(left), store_.element(right)) : Fact{});
            joined.may_write_input = FactStore::first_may_write(left, right.may_write_input);
            return joined;
        }
        std::vector<Fact> parts(static_cast<std::size_t>(left.length));
        if (left.elements != 0) parts = store_.elements(left);
        std::vector<Fact> more(static_cast<std::size_t>(right.length));
        if (right.elements != 0) more = store_.elements(right);
        parts.insert(parts.end(), more.begin(), more.end());
        return store_.sequence_of(kind, parts);
    }
    if (op == Op::mul && (is_sequence(left) || is_sequence(right))) {
        const Fact& sequence = is_sequence(left) ? left : right;
        const auto count = store_.integer_value(is_sequence(left) ? right : left);
        if (count && *count >= 0 && sequence.length >= 0 && *count * sequence.length <= 64 &&
            (sequence.elements != 0 || sequence.length == 0)) {
            std::vector<Fact> parts;
            if (sequence.elements != 0)
                for (std::int64_t times = 0; times < *count; ++times) {
                    const std::vector<Fact>& once = store_.elements(sequence);
                    parts.insert(parts.end(), once.begin(), once.end());
                }
            return store_.sequence_of(sequence.kind, parts);
        }
        return store_.repeated(sequence.kind == Kind::list ? Kind::list : Kind::tuple, store_.element(sequence));
    }
    if (left.kind == Kind::string && (op == Op::mod || op == Op::add || op == Op::mul)) return make(Kind::string);
    if (is_number(left) && is_number(right)) return number_arithmetic(op, left, right, node);
    return {};
}

Fact Evaluator::number_arithmetic(Op op, const Fact& left, const Fact& right, NodeId node) {
    if (left.kind == Kind::boolean && right.kind == Kind::boolean && (op == Op::bit_and || op == Op::bit_or || op == Op::bit_xor))
        return make(Kind::boolean);
    const bool floats = left.kind == Kind::floating || right.kind == Kind::floating || op == Op::div;
    const auto a = store_.integer_value(left);
    const auto b = store_.integer_value(right);
    if (!floats) {
        const auto floor_div = [](std::int64_t x, std::int64_t y) { return x / y - ((x % y != 0) && ((x < 0) != (y < 0)) ? 1 : 0); };
        constexpr std::int64_t kLarge = std::int64_t{1} << 31;  // products below fit
        if (a && b && std::abs(*a) < kLarge && std::abs(*b) < kLarge) {
            switch (op) {
            case Op::add: return store_.integer(*a + *b);
            case Op::sub: return store_.integer(*a - *b);
            case Op::mul: return store_.integer(*a * *b);
            case Op::floor_div:
                if (*b != 0) return store_.integer(floor_div(*a, *b));
                break;
            case Op::mod:
                if (*b != 0) return store_.integer(*a - floor_div(*a, *b) * *b);
                break;
            case Op::pow:
                if (*b >= 0 && *b < 31 && std::abs(*a) <= 2) {
                    std::int64_t power = 1;
                    for (std::int64_t times = 0; times < *b; ++times) power *= *a;
                    return store_.integer(power);
                }
                break;
            default: break;
            }
        }
        if (op == Op::pow && !(b && *b >= 0)) return {};  // 2 ** n is a float for n < 0
        const Dim x = store_.dim_of(left);
        const Dim y = store_.dim_of(right);
        if (op == Op::mul && x.known && y.known) return store_.integer(product(x, y));
        if (op == Op::floor_div) {
            const Dim exact = quotient(x, y);
            if (exact.known) return store_.integer(exact);
        }
        if (op == Op::add && b == std::optional<std::int64_t>(0)) return left;
        // Sums and remainders are sizes of their own; in a loop each round has another one.
        if (x.known && y.known && frame_->loops == 0) return store_.integer(own_integer(node));
        return make(Kind::integer);
    }
    return make(op == Op::pow || left.kind != Kind::unknown ? Kind::floating : Kind::unknown);
}

Fact Evaluator::evaluate_unary(NodeId node) {
    const NodeId operand = tree_.child(node, 0);
    const Op op = tree_[node].op;
    Fact fact = evaluate(operand);
    if (op == Op::not_) {
        const Truth known = truth(fact);
        return known == Truth::unknown ? make(Kind::boolean) : store_.constant(Kind::boolean, known == Truth::no);
    }
    fact = not_none(operand, fact);
    if (fact.kind == Kind::tensor) {
        Fact out = tensor(fact.rank, fact.dtype);
        out.shape = fact.shape;
        out.same_rank_as = fact.same_rank_as;
        return out;
    }
    if (!is_number(fact)) return {};
    if (op == Op::neg)
        if (const auto number = store_.integer_value(fact)) return store_.integer(-*number);
    if (op == Op::neg && fact.kind == Kind::floating)
        if (const auto* number = fact.value != kNoValue ? std::get_if<double>(table_.value(fact)) : nullptr)
            return store_.constant(Kind::floating, -*number);
    return make(fact.kind == Kind::floating ? Kind::floating : Kind::integer);
}

Fact Evaluator::evaluate_compare(NodeId node) {
    const std::span<const NodeId> parts = tree_.children(node);
    const std::span<const Op> ops = tree_.compare_ops(node);
    std::vector<Fact> facts;
    for (const NodeId part : parts) facts.push_back(evaluate(part));
    const Op op = ops[0];
    const Fact& left = facts[0];
    const Fact& right = facts[1];
    const bool identity = op == Op::is || op == Op::is_not;
    if (!identity && op != Op::in && op != Op::not_in && (left.kind == Kind::tensor || right.kind == Kind::tensor) && parts.size() == 2) {
        const bool with_none = left.kind == Kind::none || right.kind == Kind::none;
        if (!with_none) return broadcast(store_, left, right, DType::boolean);
    }
    const auto decided = [&](bool equal) { return store_.constant(Kind::boolean, (op == Op::eq || op == Op::is) == equal); };
    if (parts.size() == 2 && (identity || op == Op::eq || op == Op::ne)) {
        if (left.kind == Kind::none && right.kind == Kind::none) return decided(true);
        const auto never_none = [](const Fact& fact) { return fact.kind != Kind::unknown && fact.kind != Kind::none && !fact.maybe_none; };
        if ((left.kind == Kind::none && never_none(right)) || (right.kind == Kind::none && never_none(left))) return decided(false);
        if (!identity && left.value != kNoValue && right.value != kNoValue && left.kind == right.kind)
            return decided(left.value == right.value);
    }
    const auto a = store_.integer_value(left);
    const auto b = store_.integer_value(right);
    if (parts.size() == 2 && a && b) {
        if (op == Op::lt) return store_.constant(Kind::boolean, *a < *b);
        if (op == Op::le) return store_.constant(Kind::boolean, *a <= *b);
        if (op == Op::gt) return store_.constant(Kind::boolean, *a > *b);
        if (op == Op::ge) return store_.constant(Kind::boolean, *a >= *b);
    }
    return left.kind == Kind::unknown || right.kind == Kind::unknown
               ? make(identity || op == Op::in || op == Op::not_in ? Kind::boolean : Kind::unknown)
               : make(Kind::boolean);
}

}  // namespace mlxify::infer
