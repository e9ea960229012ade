// Statements in program order.
#include <algorithm>
#include <string>

#include "infer/annotations.h"
#include "infer/evaluator.h"

namespace mlxify::infer {

using syntax::index;
using NodeKind = syntax::Kind;
using syntax::Flag;
using syntax::kNoNode;

namespace {

constexpr int kMaxTrials = 3;  // rounds of a loop until nothing changes

}  // namespace

void Evaluator::run_block(NodeId block) {
    if (!exists(block)) return;
    for (const NodeId statement : tree_.children(block)) {
        if (frame_->terminated && !recording_) return;
        run_statement(statement);
    }
}

void Evaluator::run_statement(NodeId node) {
    if (!exists(node)) return;
    switch (tree_[node].kind) {
    case NodeKind::expression_statement: evaluate(tree_.child(node, 0)); return;
    case NodeKind::assign: {
        const NodeId value = tree_.child(node, 0);
        const Fact fact = evaluate(value);
        for (std::uint32_t slot = 1; slot < tree_[node].child_count; ++slot) assign(tree_.child(node, slot), fact, value);
        return;
    }
    case NodeKind::ann_assign: {
        const NodeId value = tree_.child(node, 2);
        Fact fact = exists(value) ? evaluate(value) : Fact{};
        if (fact.kind == Kind::unknown || fact.kind == Kind::none) {
            const Fact declared = fact_of_annotation(tree_, names_, store_, tree_.child(node, 1));
            fact = fact.kind == Kind::none ? store_.join(declared, fact) : declared;
        }
        assign(tree_.child(node, 0), fact, value);
        return;
    }
    case NodeKind::aug_assign: return run_aug_assign(node);
    case NodeKind::return_: {
        const NodeId value = tree_.child(node, 0);
        const Fact fact = exists(value) ? evaluate(value) : make(Kind::none);
        if (!frame_->terminated) frame_->returned.add(store_, fact);
        frame_->terminated = true;
        frame_->may_have_returned = true;
        return;
    }
    case NodeKind::raise_:
        for (const NodeId child : tree_.children(node))
            if (exists(child)) evaluate(child);
        frame_->terminated = true;
        return;
    case NodeKind::if_: return run_if(node);
    case NodeKind::for_:
    case NodeKind::while_: return run_loop(node);
    case NodeKind::try_: return run_try(node);
    case NodeKind::with_: return run_with(node);
    case NodeKind::assert_: return run_assert(node);
    case NodeKind::class_def: return run_class(node);
    case NodeKind::function_def: {
        for (const NodeId parameter : tree_.children(tree_.child(node, 0)))
            if (exists(tree_.child(parameter, 1))) evaluate(tree_.child(parameter, 1));
        for (std::uint32_t slot = 3; slot < tree_[node].child_count; ++slot) evaluate(tree_.child(tree_.child(node, slot), 0));
        return;
    }
    case NodeKind::delete_:
        for (const NodeId target : tree_.children(node)) {
            if (tree_[target].kind == NodeKind::name)
                environment_.unbind(static_cast<std::uint32_t>(names_.binding(target)));
            else
                evaluate(target);
        }
        return;
    case NodeKind::match_: {
        evaluate(tree_.child(node, 0));
        const std::size_t mark = environment_.branch();
        for (std::uint32_t slot = 1; slot < tree_[node].child_count; ++slot) {
            const std::size_t inner = environment_.branch();
            ++frame_->conditional;
            run_block(tree_.child(tree_.child(node, slot), 1));
            --frame_->conditional;
            frame_->terminated = false;
            const Environment::Changes after = environment_.roll_back(inner);
            environment_.merge(inner, after, true, true, store_);
            environment_.close(inner);
        }
        environment_.close(mark);
        return;
    }
    default: return;  // imports, pass, break, continue, global
    }
}

void Evaluator::run_if(NodeId node) {
    const NodeId test = tree_.child(node, 0);
    const Truth known = evaluate_condition(test);
    Frame& frame = *frame_;
    const bool was_terminated = frame.terminated;
    const std::size_t mark = environment_.branch();
    if (known == Truth::unknown) ++frame.conditional;
    bool first_arrives = false;
    // A branch that cannot run is followed all the same in a generic run: its expressions need facts too.
    if (known != Truth::no || recording_) {
        if (known == Truth::no) ++frame.conditional;
        assume(test, true);
        const Collected returned = frame.returned;
        frame.terminated = was_terminated || known == Truth::no;
        run_block(tree_.child(node, 1));
        first_arrives = !frame.terminated && known != Truth::no;
        if (known == Truth::no) {
            frame.returned = returned;
            --frame.conditional;
        }
    }
    const bool first_terminated = !first_arrives;
    const Environment::Changes after = environment_.roll_back(mark);
    bool second_arrives = false;
    if (known != Truth::yes || recording_) {
        if (known == Truth::yes) ++frame.conditional;
        const Collected returned = frame.returned;
        frame.terminated = was_terminated || known == Truth::yes;
        assume(test, false);
        run_block(tree_.child(node, 2));
        second_arrives = !frame.terminated && known != Truth::yes;
        if (known == Truth::yes) {
            frame.returned = returned;
            --frame.conditional;
        }
    }
    if (known == Truth::unknown) --frame.conditional;
    environment_.merge(mark, after, first_arrives, second_arrives, store_);
    environment_.close(mark);
    frame.terminated = first_terminated && !second_arrives;
}

void Evaluator::run_loop_body(NodeId node, const Fact& element) {
    const bool is_for = tree_[node].kind == NodeKind::for_;
    if (is_for)
        assign(tree_.child(node, 0), element, kNoNode);
    else
        assume(tree_.child(node, 0), true);
    run_block(tree_.child(node, is_for ? 2 : 1));
    frame_->terminated = false;
}

void Evaluator::run_loop(NodeId node) {
    const bool is_for = tree_[node].kind == NodeKind::for_;
    const NodeId head = tree_.child(node, is_for ? 1 : 0);
    Fact element;
    if (is_for) element = row_of(head, not_none(head, evaluate(head)));
    const bool was_terminated = frame_->terminated;
    const bool recorded = recording_;
    ++frame_->conditional;
    ++frame_->loops;
    const std::size_t mark = environment_.branch();
    // Trial rounds, unrecorded, until the state at the head of the loop stays as it is.
    recording_ = false;
    for (int trial = 0; trial < kMaxTrials; ++trial) {
        const std::size_t body = environment_.branch();
        if (!is_for) evaluate_condition(head);
        run_loop_body(node, element);
        const bool changed = environment_.merge_loop(body, store_);
        environment_.close(body);
        if (!changed || !recorded) break;
    }
    recording_ = recorded;
    if (recorded) {
        const std::size_t body = environment_.branch();
        if (!is_for) evaluate_condition(head);
        run_loop_body(node, element);
        environment_.merge_loop(body, store_);
        environment_.close(body);
    }
    environment_.close(mark);
    --frame_->loops;
    --frame_->conditional;
    frame_->terminated = was_terminated;
    run_block(tree_.child(node, is_for ? 3 : 2));
}

// The handlers may begin anywhere in the body: they are taken as another branch from before it.
void Evaluator::run_try(NodeId node) {
    Frame& frame = *frame_;
    const bool was_terminated = frame.terminated;
    const std::size_t mark = environment_.branch();
    run_block(tree_.child(node, 0));
    run_block(tree_.child(node, 1));
    bool arrives = !frame.terminated;
    ++frame.conditional;
    for (std::uint32_t slot = 3; slot < tree_[node].child_count; ++slot) {
        const NodeId handler = tree_.child(node, slot);
        const Environment::Changes after = environment_.roll_back(mark);
        frame.terminated = was_terminated;
        if (exists(tree_.child(handler, 0))) evaluate(tree_.child(handler, 0));
        run_block(tree_.child(handler, 1));
        environment_.merge(mark, after, arrives, !frame.terminated, store_);
        arrives |= !frame.terminated;
    }
    --frame.conditional;
    environment_.close(mark);
    frame.terminated = was_terminated || !arrives;
    run_block(tree_.child(node, 2));
}

void Evaluator::run_with(NodeId node) {
    for (std::uint32_t slot = 1; slot < tree_[node].child_count; ++slot) {
        const NodeId item = tree_.child(node, slot);
        evaluate(tree_.child(item, 0));
        if (exists(tree_.child(item, 1))) assign(tree_.child(item, 1), Fact{}, kNoNode);
    }
    run_block(tree_.child(node, 0));
}

void Evaluator::run_assert(NodeId node) {
    const NodeId test = tree_.child(node, 0);
    evaluate_condition(test);
    if (exists(tree_.child(node, 1))) evaluate(tree_.child(node, 1));
    assume(test, true);
}

void Evaluator::run_class(NodeId node) {
    for (std::uint32_t slot = 1; slot < tree_[node].child_count; ++slot) {
        const NodeId piece = tree_.child(node, slot);
        if (tree_[piece].kind == NodeKind::keyword || tree_[piece].kind == NodeKind::decorator)
            evaluate(tree_.child(piece, 0));
        else
            evaluate(piece);
    }
    const NodeId body = tree_.child(node, 0);
    run_block(body);
    // Names of the class body are attributes of its instances.
    const std::uint32_t class_index = names_.class_at[index(node)];
    for (const NodeId statement : tree_.children(body)) {
        const NodeKind kind = tree_[statement].kind;
        if (kind != NodeKind::assign && kind != NodeKind::ann_assign) continue;
        const NodeId target = kind == NodeKind::assign ? tree_.child(statement, 1) : tree_.child(statement, 0);
        if (tree_[target].kind != NodeKind::name) continue;
        const Fact* fact = environment_.find(static_cast<std::uint32_t>(names_.binding(target)));
        Fact stored = fact ? *fact : Fact{};
        // A field's default is one of its values, no constant.
        if (names_.classes[class_index - 1].is_dataclass || names_.classes[class_index - 1].is_named_tuple) {
            const Fact declared =
                kind == NodeKind::ann_assign ? fact_of_annotation(tree_, names_, store_, tree_.child(statement, 1)) : Fact{};
            stored = declared.kind != Kind::unknown ? declared : store_.without_values(stored);
        }
        store_attribute(class_index, tree_[target].name, stored, false);
    }
}

void Evaluator::run_aug_assign(NodeId node) {
    const NodeId target = tree_.child(node, 0);
    const NodeId value = tree_.child(node, 1);
    const Fact before = evaluate(target);
    const Fact change = evaluate(value);
    Fact after = arithmetic(tree_[node].op, before, change, node);
    if (before.kind == Kind::tensor) {  // in place: the tensor stays what it is
        after = not_none(target, before);
        after.temporary = false;
        if (after.rank < 0 && change.kind == Kind::tensor && after.shape == 0) after.shape = 0;
    } else if (before.kind == Kind::list) {
        const bool known = frame_->loops == 0 && before.length >= 0 && change.length >= 0 && after.length >= 0;
        if (!known) after = store_.repeated(Kind::list, store_.join(store_.element(before), store_.element(change)));
        after.may_write_input = FactStore::first_may_write(before, change.may_write_input);
    }
    if (tree_[target].kind == NodeKind::name) {
        after.value = frame_->loops > 0 ? kNoValue : after.value;
        assign_name(target, after, kNoNode);
    } else if (tree_[target].kind == NodeKind::attribute && before.kind != Kind::tensor) {
        assign_attribute(target, after);
    }
}

void Evaluator::assign(NodeId target, const Fact& fact, NodeId value) {
    if (!exists(target)) return;
    switch (tree_[target].kind) {
    case NodeKind::name: assign_name(target, fact, value); return;
    case NodeKind::attribute: assign_attribute(target, fact); return;
    case NodeKind::tuple:
    case NodeKind::list: assign_parts(target, fact, value); return;
    case NodeKind::starred: assign(tree_.child(target, 0), store_.repeated(Kind::list, store_.element(fact)), kNoNode); return;
    case NodeKind::subscript: {
        const NodeId object = tree_.child(target, 0);
        const Fact container = not_none(object, evaluate(object));
        evaluate(tree_.child(target, 1));
        if (container.kind == Kind::dict || container.kind == Kind::list) {
            Fact updated = container;
            updated.elements = 0;
            Fact element = container.elements != 0                                 ? store_.join(store_.element(container), fact)
                           : container.length == 0 || container.kind == Kind::dict ? fact
                                                                                   : Fact{};
            if (container.kind == Kind::list && container.length > 0 && container.elements != 0)
                updated.elements = store_.sequence(std::vector<Fact>(static_cast<std::size_t>(container.length), element));
            else if (!(element == Fact{}))
                updated.elements = store_.sequence({element});
            update_variable(object, updated);
        }
        record(target, {});
        return;
    }
    default: return;
    }
}

void Evaluator::assign_name(NodeId target, Fact fact, NodeId value) {
    const names::BindingId binding = names_.binding(target);
    if (binding == names::kNoBinding) return;
    // `y = x` is a second name for the same tensor.
    if (exists(value) && fact.kind == Kind::tensor && !fact.temporary && fact.view_of == 0) {
        const NodeKind kind = tree_[value].kind;
        if (kind == NodeKind::name || kind == NodeKind::attribute) fact.view_of = index(value);
    }
    fact.temporary = false;
    apply_observed(target, fact);
    const auto slot = static_cast<std::uint32_t>(binding);
    if (program_.frame_of(binding) == frame_->node) environment_.set(slot, fact);
    if (recording_) summary_now_[slot].add(store_, frame_->loops > 0 ? store_.without_values(fact) : fact);
    record(target, fact);
}

void Evaluator::store_attribute(std::uint32_t class_index, std::string_view name, Fact fact, bool of_self) {
    fact.temporary = false;
    fact.view_of = 0;
    fact.same_rank_as = 0;
    if (recording_) {
        Fact kept = fact;
        // Sizes of a forward pass are of that pass; what a constructor stores belongs to the instance.
        const bool constructing = frame_->function != 0 && program_.functions[frame_->function - 1].is_constructor;
        if (!constructing && kept.kind != Kind::module) kept.shape = 0;
        program_.attributes[program_.attribute(class_index, name, true)].now.add(store_, kept);
    }
    if (!of_self) return;
    const std::uint32_t slot = slot_of_attribute(class_index, name);
    if (!environment_.find(slot)) frame_->attribute_slots.push_back(slot);
    environment_.set(slot, fact);
}

void Evaluator::assign_attribute(NodeId target, const Fact& fact) {
    const NodeId object = tree_.child(target, 0);
    const Fact owner = evaluate(object);
    Fact stored = fact;
    apply_observed(target, stored);
    if (owner.class_index != 0 && (owner.kind == Kind::module || owner.kind == Kind::object))
        store_attribute(owner.class_index, tree_[target].name, stored, is_self(object));
    record(target, stored);
}

// The tensor of `x.shape` or `x.size()`; kNoNode for any other expression.
syntax::NodeId Evaluator::measured_tensor(NodeId value) const {
    if (!exists(value)) return kNoNode;
    const NodeId source = tree_[value].kind == NodeKind::call ? tree_.child(value, 0) : value;
    if (tree_[source].kind != NodeKind::attribute) return kNoNode;
    const bool is_size = tree_[source].name == (source == value ? "shape" : "size");
    return is_size ? tree_.child(source, 0) : kNoNode;
}

// `b, n, d = x.shape`: the number of targets is the rank, and the sizes get names. Also where the shape is one of several
// values: `b, n, d, device = *x.shape, x.device`.
Fact Evaluator::measured(std::size_t targets, NodeId value, const Fact& whole) {
    if (tree_[value].kind == NodeKind::tuple) {
        const std::span<const NodeId> values = tree_.children(value);
        for (const NodeId one : values) {
            if (tree_[one].kind != NodeKind::starred) continue;
            const NodeId tensor_node = measured_tensor(tree_.child(one, 0));
            if (!exists(tensor_node) || whole.length >= 0 || targets + 1 < values.size()) return whole;
            learn_rank(tensor_node, evaluate_unrecorded(tensor_node), static_cast<int>(targets + 1 - values.size()));
            return evaluate_unrecorded(value);
        }
        return whole;
    }
    const NodeId tensor_node = measured_tensor(value);
    if (!exists(tensor_node) || whole.kind != Kind::size) return whole;
    Fact size = whole;
    if (size.length < 0) {
        learn_rank(tensor_node, evaluate_unrecorded(tensor_node), static_cast<int>(targets));
        size.length = static_cast<std::int32_t>(targets);
    }
    if (size.length < 1) return size;
    Fact object = evaluate_unrecorded(tensor_node);
    if (object.kind != Kind::tensor || object.rank != size.length) object = tensor(size.length);
    object = with_named_sizes(tensor_node, object);
    std::vector<Fact> sizes;
    for (const Dim& dim : store_.dims(object)) sizes.push_back(dim.known ? store_.integer(dim) : make(Kind::integer));
    size.elements = store_.sequence(sizes);
    return size;
}

void Evaluator::assign_parts(NodeId target, const Fact& whole, NodeId value) {
    const std::span<const NodeId> parts = tree_.children(target);
    std::size_t star = parts.size();
    for (std::size_t at = 0; at < parts.size(); ++at)
        if (tree_[parts[at]].kind == NodeKind::starred) star = at;
    Fact fact = exists(value) ? not_none(value, whole) : whole;
    if (exists(value) && star == parts.size()) fact = measured(parts.size(), value, fact);
    if (fact.kind == Kind::tensor) {  // unpacking a tensor goes along its first axis
        Fact row = tensor(fact.rank > 0 ? fact.rank - 1 : -1, fact.dtype);
        if (exists(value)) row = sharing_memory(row, value, fact);
        for (const NodeId part : parts) assign(part, row, kNoNode);
        record(target, {});
        return;
    }
    std::vector<Fact> elements;
    if (fact.length > 0 && fact.elements != 0) elements = store_.elements(fact);
    const bool fits = star < parts.size() ? elements.size() + 1 >= parts.size() : elements.size() == parts.size();
    const Fact any = fact.kind == Kind::size ? make(Kind::integer) : iterated(fact);
    for (std::size_t at = 0; at < parts.size(); ++at) {
        if (at == star)
            assign(tree_.child(parts[at], 0), store_.repeated(Kind::list, any), kNoNode);
        else if (!fits)
            assign(parts[at], any, kNoNode);
        else
            assign(parts[at], at < star ? elements[at] : elements[elements.size() - (parts.size() - at)], kNoNode);
    }
    record(target, fact);
}

}  // namespace mlxify::infer
