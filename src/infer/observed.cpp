// Facts from running the original, laid over the static ones by the bytes of the expression.
#include "infer/evaluator.h"

#include "names/symbol_table.h"

namespace mlxify::infer {

using syntax::index;
using NodeKind = syntax::Kind;

void Evaluator::index_observed(const ObservedFacts& observed) {
    if (observed.empty()) return;
    names::FlatMap by_span;
    for (std::size_t at = 0; at < observed.size(); ++at)
        by_span.set(names::pair_key(observed[at].span.begin, observed[at].span.end), static_cast<std::uint32_t>(at + 1));
    for (std::uint32_t at = 1; at < tree_.size(); ++at) {
        const syntax::Node& node = tree_[syntax::NodeId{at}];
        if (!syntax::is_expression(node.kind)) continue;
        observed_at_[at] = by_span.find(names::pair_key(node.span.begin, node.span.end));
    }
}

// Whether `node` is `x.ndim`, `x.dim()` or `len(x.shape)` of a tensor whose rank only the samples tell: the author asks because there are others.
bool Evaluator::counts_observed_axes(NodeId node) const {
    if (stated_ == nullptr) return false;
    const auto stated_rank = [&](NodeId tensor) { return stated_->by_node[index(tensor)].rank; };
    if (tree_[node].kind == NodeKind::attribute) return tree_[node].name == "ndim" && stated_rank(tree_.child(node, 0)) < 0;
    if (tree_[node].kind != NodeKind::call) return false;
    const NodeId callee = tree_.child(node, 0);
    if (tree_[callee].kind == NodeKind::attribute)
        return (tree_[callee].name == "dim" || tree_[callee].name == "ndimension") && tree_[node].child_count == 1 && stated_rank(tree_.child(callee, 0)) < 0;
    return tree_[callee].kind == NodeKind::name && tree_[callee].name == "len" && tree_[node].child_count == 2 &&
           table_.by_node[index(tree_.child(node, 1))].kind == Kind::size && stated_->by_node[index(tree_.child(node, 1))].length < 0;
}

// What was seen decides kind, rank and dtype. Sizes are those of the samples only; that a sample passed None, or no None,
// tells nothing of other calls.
void Evaluator::apply_observed(NodeId node, Fact& fact) {
    if (observed_at_.empty() || observed_at_[index(node)] == 0) return;
    const ObservedFact& seen = observed_[observed_at_[index(node)] - 1];
    if (seen.kind == Kind::unknown && seen.tensor && fact.kind == Kind::unknown) fact.observed = true;  // a tensor, and something else
    if (seen.kind == Kind::unknown || seen.kind == Kind::none) return;
    // zip, enumerate, map and generators are objects of their own; statically they are the list of what they give.
    if (seen.kind == Kind::object && fact.kind == Kind::list) return;
    if (fact.kind == Kind::dtype && seen.kind != Kind::dtype) return;  // x.type() is a string, `bool` a class
    const bool optional = fact.maybe_none || fact.kind == Kind::none;
    if (fact.kind != seen.kind) {
        Fact fresh = make(seen.kind);
        fresh.same_rank_as = fact.same_rank_as;
        fresh.view_of = fact.view_of;
        fact = fresh;
        fact.maybe_none = optional;
    }
    fact.observed = true;
    if (seen.kind == Kind::tensor) {
        if (fact.rank != seen.rank) {  // also where runs differ, though the one call that is to be seen has a rank
            fact.rank = seen.rank;
            fact.shape = 0;
            fact.same_rank_as = 0;
        }
        fact.dtype = seen.dtype;
    }
    if (seen.kind == Kind::dtype && seen.dtype != DType::unknown) fact.dtype = seen.dtype;
    if (fact.kind != Kind::tensor && fact.length < 0 && seen.length >= 0 && fact.elements == 0 && seen.kind == Kind::size)
        fact.length = seen.length;
    if (seen.kind == Kind::module && fact.class_index == 0 && fact.library_class == 0 && seen.type.starts_with("torch.nn."))
        fact.library_class = store_.library(names::canonical_name(seen.type));
}

}  // namespace mlxify::infer
