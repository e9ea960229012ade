// What the use of an expression tells about it, and who shares memory with whom.
#include <algorithm>
#include <string>

#include "infer/einops_pattern.h"
#include "infer/evaluator.h"

namespace mlxify::infer {

using syntax::index;
using NodeKind = syntax::Kind;
using syntax::kNoNode;

// Sets what is known of a variable or of an attribute of `self` from here on.
void Evaluator::update_variable(NodeId node, const Fact& fact) {
    if (tree_[node].kind == NodeKind::name) {
        const names::BindingId binding = names_.binding(node);
        if (binding == names::kNoBinding || program_.frame_of(binding) != frame_->node) return;
        const names::BindingKind kind = names_[binding].kind;
        if (kind != names::BindingKind::variable && kind != names::BindingKind::parameter) return;
        Fact stored = fact;
        stored.temporary = false;
        environment_.set(static_cast<std::uint32_t>(binding), stored);
        return;
    }
    if (tree_[node].kind != NodeKind::attribute || !is_self(tree_.child(node, 0)) || frame_->self.class_index == 0) return;
    const std::uint32_t slot = slot_of_attribute(frame_->self.class_index, tree_[node].name);
    if (!environment_.find(slot)) frame_->attribute_slots.push_back(slot);
    Fact stored = fact;
    stored.temporary = false;
    environment_.set(slot, stored);
}

// The expression is used in a way that None does not allow.
Fact Evaluator::not_none(NodeId node, Fact fact) {
    if (!fact.maybe_none) return fact;
    fact.maybe_none = false;
    update_variable(node, fact);
    record(node, fact);
    return fact;
}

Fact Evaluator::used_as_tensor(NodeId node, Fact fact) {
    fact = not_none(node, fact);
    if (fact.kind != Kind::unknown) return fact;
    const Fact before = fact;
    fact = tensor();
    fact.temporary = false;
    fact.rank = before.rank;
    fact.dtype = before.dtype;
    update_variable(node, fact);
    record(node, fact);
    return fact;
}

// The text alone tells this tensor's rank (`b, n, d = x.shape`, an einops pattern).
void Evaluator::learn_rank(NodeId node, Fact fact, int rank) {
    if (fact.kind != Kind::tensor && fact.kind != Kind::unknown) return;
    if (fact.kind == Kind::tensor && fact.rank >= 0 && fact.rank != rank && fact.same_rank_as == 0)
        return;  // contradiction: keep what was inferred
    const std::uint32_t parameter = fact.same_rank_as;
    if (parameter != 0 && unconditional() && frame_->function != 0) {
        Function& function = program_.functions[frame_->function - 1];
        for (std::size_t at = 0; at < function.parameters.size(); ++at) {
            if (index(function.parameters[at]) != parameter) continue;
            std::int8_t& learned = function.learned_rank[at];
            if (learned == -1)
                learned = static_cast<std::int8_t>(rank);
            else if (learned != rank)
                learned = -2;
        }
    }
    if (fact.kind == Kind::tensor && fact.rank == rank) return;
    fact.kind = Kind::tensor;
    fact.rank = static_cast<std::int8_t>(rank);
    fact.same_rank_as = 0;
    fact.shape = 0;
    fact.maybe_none = false;
    update_variable(node, fact);
    record(node, fact);
}

// Operands whose rank the operator itself tells.
void Evaluator::learn_from_operator(const Operator& op, const Operands& operands) {
    const auto learn = [&](const Operand& operand, int rank) {
        const bool open = operand.fact.kind == Kind::unknown || (operand.fact.kind == Kind::tensor && operand.fact.rank < 0);
        if (open && exists(operand.node)) learn_rank(operand.node, operand.fact, rank);
    };
    switch (op.rule) {
    case Rule::einops: {  // rearrange(x, "b l d -> b d l"): x has rank 3
        const Operand* input = operands.find(0, {"tensor"});
        const Operand* text = operands.find(1, {"pattern"});
        const auto pattern_text = text ? store_.string_value(text->fact) : std::nullopt;
        const auto pattern = pattern_text ? parse_einops(*pattern_text) : std::nullopt;
        const auto rank = pattern ? rank_of(pattern->left) : std::nullopt;
        if (input && rank) learn(*input, *rank);
        return;
    }
    case Rule::permute: {  // x.permute(0, 2, 1): as many axes as numbers
        const Fact order = operands.fact(1, {"dims"});
        const bool listed = order.kind == Kind::tuple || order.kind == Kind::list;
        if (operands.star || operands.positional.empty() || order.kind == Kind::unknown) return;
        const int rank = listed ? order.length : static_cast<int>(operands.positional.size()) - 1;
        if (rank > 0) learn(operands.positional[0], rank);
        return;
    }
    case Rule::matmul:  // mm and bmm know only one rank
        if (op.argument == 0) return;
        for (const Operand& operand : operands.positional) learn(operand, op.argument);
        return;
    case Rule::conv:
    case Rule::conv_transposed:
        if (!operands.positional.empty()) learn(operands.positional[0], op.argument);
        return;
    case Rule::einsum: {  // torch.einsum("bqd,bkd->bqk", q, k)
        const auto text = operands.positional.empty() ? std::nullopt : store_.string_value(operands.positional[0].fact);
        if (!text || operands.star || text->find('.') != std::string_view::npos) return;
        const std::string inputs(text->substr(0, text->find("->")));
        std::size_t begin = 0;
        for (std::size_t at = 1; at < operands.positional.size() && begin <= inputs.size(); ++at) {
            const std::size_t end = std::min(inputs.find(',', begin), inputs.size());
            learn(operands.positional[at],
                  static_cast<int>(std::count_if(inputs.begin() + static_cast<std::ptrdiff_t>(begin),
                                                 inputs.begin() + static_cast<std::ptrdiff_t>(end), [](char c) { return c != ' '; })));
            begin = end + 1;
        }
        return;
    }
    default: return;
    }
}

// The node that names the memory a tensor lives in, or 0.
std::uint32_t Evaluator::memory_of(NodeId node, const Fact& fact) const {
    if (fact.view_of != 0) return fact.view_of;
    if (!exists(node)) return 0;
    const NodeKind kind = tree_[node].kind;
    return kind == NodeKind::name || kind == NodeKind::attribute ? index(node) : 0;
}

Fact Evaluator::sharing_memory(Fact result, NodeId source, const Fact& source_fact) {
    const std::uint32_t memory = memory_of(source, source_fact);
    const bool fresh = memory == 0 && source_fact.temporary;
    const auto share = [&](Fact& fact) {
        if (fact.kind != Kind::tensor) return;
        fact.view_of = memory;
        fact.temporary = fresh;
    };
    if (result.kind == Kind::tensor) {
        share(result);
    } else if (result.elements != 0) {
        std::vector<Fact> elements = store_.elements(result);
        for (Fact& element : elements) share(element);
        result.elements = store_.sequence(elements);
    }
    return result;
}

// The result may be something that has another name already.
Fact Evaluator::not_fresh(Fact result) {
    result.temporary = false;
    if (result.elements != 0 && result.kind != Kind::module) {
        std::vector<Fact> elements = store_.elements(result);
        for (Fact& element : elements) element.temporary = false;
        result.elements = store_.sequence(elements);
    }
    return result;
}

// Sizes that nothing is known of get symbols, so that `b, n, d = x.shape` and `x.view(b, n, h, -1)` speak of the same ones.
Fact Evaluator::with_named_sizes(NodeId node, Fact fact) {
    if (fact.rank <= 0 || frame_->loops > 0) return fact;
    std::vector<Dim> dims = store_.dims(fact);
    bool complete = true;
    for (const Dim& dim : dims) complete &= dim.known;
    if (complete) return fact;
    for (std::size_t axis = 0; axis < dims.size(); ++axis)
        if (!dims[axis].known) dims[axis] = own_symbol(node, static_cast<std::uint32_t>(axis), 0);
    fact.shape = store_.shape(dims);
    if (tree_[node].kind == NodeKind::name) {
        Fact variable = evaluate_unrecorded(node);
        if (variable.kind == Kind::tensor && variable.rank == fact.rank) {
            variable.shape = fact.shape;
            update_variable(node, variable);
        }
    }
    return fact;
}

bool Evaluator::is_self(NodeId object) const {
    return exists(frame_->self_parameter) && tree_[object].kind == NodeKind::name &&
           names_.binding(object) == names_.binding(frame_->self_parameter);
}

std::uint32_t Evaluator::slot_of_attribute(std::uint32_t class_index, std::string_view name) {
    const std::uint32_t attribute = program_.attribute(class_index, name, true);
    if (slot_by_attribute_.size() <= attribute) slot_by_attribute_.resize(attribute + 1, 0);
    if (slot_by_attribute_[attribute] == 0) slot_by_attribute_[attribute] = environment_.add_slot();
    return slot_by_attribute_[attribute];
}

// A method of the same object may have stored other things.
void Evaluator::forget_attributes() {
    for (const std::uint32_t slot : frame_->attribute_slots) environment_.unbind(slot);
    frame_->attribute_slots.clear();
}

}  // namespace mlxify::infer
