// What a condition's truth is, and what it tells where it holds or fails.
#include <string>

#include "infer/annotations.h"
#include "infer/evaluator.h"
#include "infer/module_results.h"

namespace mlxify::infer {

using syntax::index;
using NodeKind = syntax::Kind;
using syntax::kNoNode;
using syntax::Op;

Evaluator::Truth Evaluator::truth(const Fact& fact) const {
    if (fact.maybe_none) return Truth::unknown;
    switch (fact.kind) {
    case Kind::none: return Truth::no;
    case Kind::module: return fact.length < 0 ? Truth::unknown : fact.length > 0 ? Truth::yes : Truth::unknown;
    case Kind::tuple:
    case Kind::list: return fact.length < 0 ? Truth::unknown : fact.length > 0 ? Truth::yes : Truth::no;
    case Kind::function:
    case Kind::class_: return Truth::yes;
    default: break;
    }
    const Value* value = table_.value(fact);
    if (!value) return Truth::unknown;
    const auto decide = [](bool yes) { return yes ? Truth::yes : Truth::no; };
    if (const bool* flag = std::get_if<bool>(value)) return decide(*flag);
    if (const auto* number = std::get_if<std::int64_t>(value)) return decide(*number != 0);
    if (const auto* number = std::get_if<double>(value)) return decide(*number != 0);
    if (const auto* text = std::get_if<std::string>(value)) return decide(!text->empty());
    return Truth::unknown;
}

Evaluator::Truth Evaluator::evaluate_condition(NodeId node) { return truth(evaluate(node)); }

void Evaluator::assume(NodeId condition, bool holds) {
    const syntax::Node& node = tree_[condition];
    switch (node.kind) {
    case NodeKind::unary:
        if (node.op == Op::not_) assume(tree_.child(condition, 0), !holds);
        return;
    case NodeKind::bool_op:
        // `a and b` tells of both where it holds, `a or b` where it fails.
        if ((node.op == Op::and_) == holds) {
            assume(tree_.child(condition, 0), holds);
            assume(tree_.child(condition, 1), holds);
        }
        return;
    case NodeKind::compare: return assume_compare(condition, holds);
    case NodeKind::named_expr: return assume(tree_.child(condition, 0), holds);
    case NodeKind::name:
    case NodeKind::attribute:
        if (holds) assume_none(condition, false);
        return;
    case NodeKind::call: {
        const NodeId callee = tree_.child(condition, 0);
        const NodeId argument = tree_.child(condition, 1);
        if (!exists(argument)) return;
        const std::string_view name = tree_.text(callee);
        if (name == "isinstance" && names_.binding(callee) == names::kNoBinding) {
            if (holds) assume_kind(argument, tree_.child(condition, 2));
            return;
        }
        if ((name == "torch.is_tensor" || name == "is_tensor") && holds) {
            const Fact& fact = table_[argument];
            if (fact.kind == Kind::unknown) update_variable(argument, tensor());
            return;
        }
        // `exists(x)`: a function of the file that only tests its argument.
        const names::Binding& binding = names_[names_.binding(callee)];
        if (binding.kind != names::BindingKind::function || tree_[condition].child_count != 2) return;
        const std::uint32_t function = program_.function_at(binding.definition);
        if (function != 0 && exists(parameter_tested_for_none(function))) assume_none(argument, !holds);
        return;
    }
    default: return;
    }
}

// `def exists(x): return x is not None` tests its first parameter.
syntax::NodeId Evaluator::parameter_tested_for_none(std::uint32_t function) const {
    const Function& tested = program_.functions[function - 1];
    if (tested.parameters.size() != 1 || tree_[tested.node].kind != NodeKind::function_def) return kNoNode;
    const NodeId body = tree_.child(tested.node, 2);
    if (tree_[body].child_count != 1) return kNoNode;
    const NodeId statement = tree_.child(body, 0);
    if (tree_[statement].kind != NodeKind::return_ || !exists(tree_.child(statement, 0))) return kNoNode;
    const NodeId value = tree_.child(statement, 0);
    if (tree_[value].kind != NodeKind::compare || tree_.compare_ops(value)[0] != Op::is_not) return kNoNode;
    if (tree_[tree_.child(value, 1)].kind != NodeKind::none_) return kNoNode;
    if (names_.binding(tree_.child(value, 0)) != names_.binding(tested.parameters[0])) return kNoNode;
    return tested.parameters[0];
}

void Evaluator::assume_compare(NodeId compare, bool holds) {
    if (tree_[compare].child_count != 2) return;
    const NodeId left = tree_.child(compare, 0);
    const NodeId right = tree_.child(compare, 1);
    const Op op = tree_.compare_ops(compare)[0];
    if (tree_[right].kind == NodeKind::none_) {
        if (op == Op::is || op == Op::eq) assume_none(left, holds);
        if (op == Op::is_not || op == Op::ne) assume_none(left, !holds);
        return;
    }
    if (!((op == Op::eq && holds) || (op == Op::ne && !holds))) return;
    // x.ndim == 3, x.dim() == 3, len(x.shape) == 3
    const auto rank = store_.integer_value(table_[right]);
    if (!rank || *rank < 0 || *rank > 16) return;
    NodeId measured = left;
    if (tree_[measured].kind == NodeKind::call) {
        const NodeId callee = tree_.child(measured, 0);
        if (tree_[callee].kind == NodeKind::attribute && (tree_[callee].name == "dim" || tree_[callee].name == "ndimension") &&
            tree_[measured].child_count == 1) {
            assume_rank(tree_.child(callee, 0), static_cast<int>(*rank));
            return;
        }
        if (tree_.text(callee) != "len" || tree_[measured].child_count != 2) return;
        measured = tree_.child(measured, 1);
        if (tree_[measured].kind == NodeKind::call) measured = tree_.child(measured, 0);
        if (tree_[measured].kind == NodeKind::attribute && (tree_[measured].name == "shape" || tree_[measured].name == "size"))
            assume_rank(tree_.child(measured, 0), static_cast<int>(*rank));
        return;
    }
    if (tree_[measured].kind == NodeKind::attribute && tree_[measured].name == "ndim")
        assume_rank(tree_.child(measured, 0), static_cast<int>(*rank));
}

void Evaluator::assume_rank(NodeId expression, int rank) {
    const NodeKind kind = tree_[expression].kind;
    if (kind != NodeKind::name && kind != NodeKind::attribute) return;
    Fact fact = evaluate_unrecorded(expression);
    if (fact.kind != Kind::tensor && fact.kind != Kind::unknown) return;
    if (fact.rank == rank) return;
    const Fact before = fact;
    fact.kind = Kind::tensor;
    fact.rank = static_cast<std::int8_t>(rank);
    fact.shape = 0;
    fact.same_rank_as = 0;
    fact.maybe_none = false;
    update_variable(expression, fact);
    // `assert x.ndim == 3` at the top of a function tells what the parameter is.
    if (unconditional()) learn_rank(expression, before, rank);
}

void Evaluator::assume_none(NodeId expression, bool is_none) {
    const NodeKind kind = tree_[expression].kind;
    if (kind != NodeKind::name && kind != NodeKind::attribute) return;
    if (kind == NodeKind::attribute && !is_self(tree_.child(expression, 0))) return;
    Fact fact = evaluate_unrecorded(expression);
    if (is_none) {
        update_variable(expression, make(Kind::none));
        return;
    }
    if (!fact.maybe_none && fact.kind != Kind::none) return;
    if (fact.kind == Kind::none) fact = {};
    fact.maybe_none = false;
    update_variable(expression, fact);
}

// isinstance(x, type) holds.
void Evaluator::assume_kind(NodeId expression, NodeId type) {
    const NodeKind kind = tree_[expression].kind;
    if (!exists(type) || (kind != NodeKind::name && kind != NodeKind::attribute) || tree_[type].kind == NodeKind::tuple) return;
    const Fact before = evaluate_unrecorded(expression);
    Fact fact = fact_of_annotation(tree_, names_, store_, type);
    if (fact.kind == Kind::unknown) return;
    if (before.kind == fact.kind) {
        if (fact.kind == Kind::tensor || fact.library_class == before.library_class) fact = before;
        fact.maybe_none = false;
    }
    update_variable(expression, fact);
}

}  // namespace mlxify::infer
