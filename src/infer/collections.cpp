// Tuples, lists, dicts, comprehensions and what iterating over them gives.
#include <vector>

#include "infer/evaluator.h"
#include "infer/tensor_results.h"

namespace mlxify::infer {

using NodeKind = syntax::Kind;

// `*x.shape` spreads the whole of `x.shape`; the grammar may hang the star on the innermost name.
bool Evaluator::begins_with_star(NodeId node) const {
    for (;;) {
        const NodeKind kind = tree_[node].kind;
        if (kind == NodeKind::starred) return true;
        if (kind != NodeKind::call && kind != NodeKind::attribute && kind != NodeKind::subscript) return false;
        node = tree_.child(node, 0);
    }
}

Fact Evaluator::evaluate_sequence(NodeId node, Kind kind) {
    std::vector<Fact> facts;
    bool open = false;
    for (const NodeId child : tree_.children(node)) {
        if (!begins_with_star(child)) {
            Fact fact = evaluate(child);
            // The container is a second name for what it holds.
            if (fact.kind == Kind::tensor && fact.view_of == 0 && !fact.temporary) fact.view_of = memory_of(child, fact);
            fact.temporary = false;
            facts.push_back(fact);
            continue;
        }
        const Fact spread = evaluate(child);
        if (spread.length >= 0 && (spread.elements != 0 || spread.length == 0)) {
            if (spread.elements != 0) {
                const std::vector<Fact>& elements = store_.elements(spread);
                facts.insert(facts.end(), elements.begin(), elements.end());
            }
        } else if (spread.kind == Kind::size && spread.length >= 0) {
            facts.insert(facts.end(), static_cast<std::size_t>(spread.length), make(Kind::integer));
        } else {
            open = true;
            facts.push_back(iterated(spread));
        }
    }
    if (!open) return store_.sequence_of(kind, facts);
    Fact all = facts[0];
    for (const Fact& fact : facts) all = store_.join(all, fact);
    return store_.repeated(kind, all);
}

Fact Evaluator::evaluate_dict(NodeId node) {
    Fact all;
    bool first = true;
    for (const NodeId entry : tree_.children(node)) {
        Fact value;
        if (tree_[entry].kind == NodeKind::dict_entry) {
            evaluate(tree_.child(entry, 0));
            value = evaluate(tree_.child(entry, 1));
        } else {
            value = store_.element(evaluate(entry));
        }
        value.temporary = false;
        all = first ? value : store_.join(all, value);
        first = false;
    }
    Fact fact = store_.repeated(Kind::dict, all);
    if (first) fact.length = 0;
    return fact;
}

Fact Evaluator::evaluate_comprehension(NodeId node) {
    const std::size_t mark = environment_.branch();
    ++frame_->loops;
    ++frame_->conditional;
    std::vector<Fact> each;
    bool exact = tree_[node].child_count == 2 && frame_->loops == 1;  // inside another one it would multiply
    for (std::uint32_t slot = 1; slot < tree_[node].child_count; ++slot) {
        const NodeId clause = tree_.child(node, slot);
        const NodeId iterable_node = tree_.child(clause, 1);
        const Fact iterable = not_none(iterable_node, evaluate(iterable_node));
        exact &= tree_[clause].child_count == 2 && iterable.length > 0 && iterable.length <= 16 && iterable.elements != 0;
        if (exact) each = store_.elements(iterable);
        assign(tree_.child(clause, 0), row_of(iterable_node, iterable), syntax::kNoNode);
        for (std::uint32_t condition = 2; condition < tree_[clause].child_count; ++condition) {
            evaluate_condition(tree_.child(clause, condition));
            assume(tree_.child(clause, condition), true);
        }
    }
    const NodeId element_node = tree_.child(node, 0);
    const bool is_dict = tree_[element_node].kind == NodeKind::dict_entry;
    if (is_dict) evaluate(tree_.child(element_node, 0));
    Fact element = evaluate(is_dict ? tree_.child(element_node, 1) : element_node);
    element.temporary = false;
    // Over a tuple of known elements each one has its own result: (F.pad(t, c) for t in (q, k, v)).
    std::vector<Fact> results;
    if (exact && !is_dict) {
        const bool recorded = recording_;
        recording_ = false;
        for (const Fact& one : each) {
            assign(tree_.child(tree_.child(node, 1), 0), one, syntax::kNoNode);
            results.push_back(evaluate(element_node));
            results.back().temporary = false;
        }
        recording_ = recorded;
    }
    environment_.roll_back(mark);
    environment_.close(mark);
    --frame_->loops;
    --frame_->conditional;
    if (is_dict) return store_.repeated(Kind::dict, element);
    if (!results.empty()) return store_.sequence_of(Kind::list, results);
    element.shape = element.kind == Kind::module ? element.shape : 0;
    return store_.repeated(Kind::list, element);
}

// What a for loop over the node binds: rows of a tensor share its memory.
Fact Evaluator::row_of(NodeId node, const Fact& iterable) {
    const Fact row = iterated(iterable);
    return iterable.kind == Kind::tensor ? sharing_memory(row, node, iterable) : row;
}

// What a for loop over the fact binds.
Fact Evaluator::iterated(const Fact& iterable) {
    switch (iterable.kind) {
    case Kind::tensor: return tensor(iterable.rank > 0 ? iterable.rank - 1 : -1, iterable.dtype);
    case Kind::size: return make(Kind::integer);
    case Kind::string:
    case Kind::dict: return make(Kind::string);
    case Kind::tuple:
    case Kind::list:
    case Kind::module: return store_.element(iterable);
    default: return {};
    }
}

}  // namespace mlxify::infer
