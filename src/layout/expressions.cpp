// Expressions other than calls: what each gives, and in which layout its parts are wanted.
#include <algorithm>

#include "layout/planner.h"

namespace mlxify::layout {

void Planner::evaluate_and_force(NodeId id) {
    if (exists(id)) force(id, evaluate(id));
}

Value Planner::evaluate(NodeId id) {
    const syntax::Node& node = tree_[id];
    switch (node.kind) {
    case NodeKind::name: return load(id);
    case NodeKind::attribute: return attribute(id);
    case NodeKind::subscript: return subscript(id);
    case NodeKind::call: return call(id);
    case NodeKind::binary: {
        if (node.op == syntax::Op::add) {  // lists
            const NodeId left = tree_.child(id, 0);
            const NodeId right = tree_.child(id, 1);
            if (fact(left).kind == infer::Kind::list || fact(right).kind == infer::Kind::list) {
                const Value first = evaluate(left);
                const Value second = evaluate(right);
                const Value a = first.kind == Value::Kind::display ? list_of(left, first) : first;
                const Value b = second.kind == Value::Kind::display ? list_of(right, second) : second;
                if (a.kind == Value::Kind::list && b.kind == Value::Kind::list) {
                    slots_.tie(a.slot, b.slot);
                    return a.rank > 0 ? a : b;
                }
                hold(a, kFirst);
                hold(b, kFirst);
                return {};
            }
        }
        if (node.op != syntax::Op::matmul) return pointwise(id, {tree_.child(id, 0), tree_.child(id, 1)});
        break;
    }
    case NodeKind::unary:
        if (node.op != syntax::Op::not_) return pointwise(id, {tree_.child(id, 0)});
        break;
    case NodeKind::compare: {
        const auto children = tree_.children(id);
        const bool identity = node.op == syntax::Op::is || node.op == syntax::Op::is_not;
        if (identity && children.size() == 2) {
            for (const NodeId child : children) evaluate(child);
            return {};
        }
        if (compares_shapes(id)) return {};
        if (node.op != syntax::Op::in && node.op != syntax::Op::not_in) return pointwise(id, {children.begin(), children.end()});
        break;
    }
    case NodeKind::conditional: {
        evaluate_and_force(tree_.child(id, 1));
        const NodeId one = tree_.child(id, 0);
        const NodeId other = tree_.child(id, 2);
        const Value first = evaluate(one);
        const Value second = evaluate(other);
        if (first.kind == Value::Kind::tensor && second.kind == Value::Kind::tensor && first.rank == second.rank && rank(id) == first.rank) {
            const Slot slot = slots_.fresh();
            use(one, first, slot);
            use(other, second, slot);
            return tensor(id, slot);
        }
        force(one, first);
        force(other, second);
        return rank(id) > 0 ? tensor(id, kFirst) : Value{};
    }
    case NodeKind::tuple:
    case NodeKind::list: {
        Value value{Value::Kind::display, kFirst, -1, {}};
        for (const NodeId child : tree_.children(id)) value.parts.push_back(evaluate(child));
        return value;
    }
    case NodeKind::list_comp:
    case NodeKind::generator: return comprehension(id);
    case NodeKind::starred: {
        const Value value = evaluate(tree_.child(id, 0));
        force(tree_.child(id, 0), value);
        return {};
    }
    case NodeKind::named_expr: {
        evaluate_and_force(tree_.child(id, 1));
        bind(tree_.child(id, 0), kNoNode, {});
        return rank(id) > 0 ? tensor(id, kFirst) : Value{};
    }
    case NodeKind::lambda: {
        const Environment around = environment_;
        for (const NodeId parameter : tree_.children(tree_.child(id, 0))) {
            slots_.tie(store_slot(parameter), kFirst);
            environment_.stores[static_cast<std::uint32_t>(names_.binding(parameter))] = {syntax::index(parameter)};
            store_ranks_[syntax::index(parameter)] = rank(parameter);
        }
        evaluate_and_force(tree_.child(id, 1));
        environment_ = around;
        return {};
    }
    case NodeKind::set_comp:
    case NodeKind::dict_comp: {
        const Environment around = environment_;
        for (const NodeId clause : tree_.children(id).subspan(1)) {
            evaluate_and_force(tree_.child(clause, 1));
            bind(tree_.child(clause, 0), kNoNode, {});
            for (const NodeId condition : tree_.children(clause).subspan(2)) evaluate_and_force(condition);
        }
        evaluate_and_force(tree_.child(id, 0));
        environment_ = around;
        return {};
    }
    default: break;
    }
    for (const NodeId child : tree_.children(id))
        if (exists(child)) evaluate_and_force(child);
    return rank(id) > 0 ? tensor(id, kFirst) : Value{};
}

// x.shape != y.shape, of what is held alike
bool Planner::compares_shapes(NodeId id) {
    const auto children = tree_.children(id);
    if (children.size() != 2) return false;
    for (const NodeId child : children)
        if (tree_[child].kind != NodeKind::attribute || tree_[child].name != "shape" || rank(tree_.child(child, 0)) < 0) return false;
    if (rank(tree_.child(children[0], 0)) != rank(tree_.child(children[1], 0))) return false;
    const Slot slot = slots_.fresh();
    for (const NodeId child : children) use(tree_.child(child, 0), evaluate(tree_.child(child, 0)), slot);
    return true;
}

Value Planner::comprehension(NodeId id) {
    const Environment around = environment_;
    ++loops_;
    for (const NodeId clause : tree_.children(id).subspan(1)) {
        bind_elements(tree_.child(clause, 0), evaluate_iterable(tree_.child(clause, 1)));
        for (const NodeId condition : tree_.children(clause).subspan(2)) evaluate_and_force(condition);
    }
    const NodeId element_node = tree_.child(id, 0);
    const Value element = evaluate(element_node);
    Value list;
    if (element.kind == Value::Kind::tensor) {
        list = {Value::Kind::list, slots_.fresh(), element.rank, {}};
        use(element_node, element, list.slot);
    } else {
        force(element_node, element);
    }
    --loops_;
    environment_ = around;
    return list;
}

Value Planner::attribute(NodeId id) {
    const NodeId object = tree_.child(id, 0);
    const std::string_view name = tree_[id].name;
    const Value owner = evaluate(object);
    if (owner.kind == Value::Kind::tensor) {
        constexpr std::string_view kNeutral[] = {"device", "dtype", "ndim", "is_cuda", "requires_grad", "itemsize"};
        if (std::find(std::begin(kNeutral), std::end(kNeutral), name) != std::end(kNeutral)) return {};
        if (name == "data" && rank(id) == owner.rank) {
            Value same = tensor(id, slots_.fresh());
            slots_.tie(same.slot, owner.slot);
            return same;
        }
    }
    force(object, owner);
    return rank(id) > 0 ? tensor(id, kFirst) : Value{};
}

// `x` of `x.shape` and `x.size()`; kNoNode of anything else.
NodeId Planner::of_shape(NodeId shape) const {
    NodeId read = shape;
    if (tree_[read].kind == NodeKind::call && tree_.children(read).size() == 1) read = tree_.child(read, 0);
    const bool is_shape = tree_[read].kind == NodeKind::attribute && tree_[read].name == (read == shape ? "shape" : "size");
    return is_shape ? tree_.child(read, 0) : kNoNode;
}

// x.shape[1], x.shape[2:]
bool Planner::shape_index(NodeId id) {
    const NodeId shape = tree_.child(id, 0);
    const NodeId index = tree_.child(id, 1);
    const NodeId object = of_shape(shape);
    if (!exists(object)) return false;
    const int axes = rank(object);
    if (axes < 0) return false;
    std::string text;
    if (const auto number = integer(index)) {
        const auto axis = static_cast<int>(*number < 0 ? *number + axes : *number);
        if (axis < 0 || axis >= axes) return false;
        text = std::to_string(axis == 0 ? 0 : axis == 1 ? -1 : axis - 1);
    } else if (tree_[index].kind == NodeKind::slice && !exists(tree_.child(index, 2))) {
        const auto bound = [&](std::uint32_t slot, std::int64_t otherwise) -> std::optional<std::int64_t> {
            const NodeId node = tree_.child(index, slot);
            if (!exists(node)) return otherwise;
            const auto number_there = integer(node);
            if (!number_there) return std::nullopt;
            return *number_there < 0 ? *number_there + axes : *number_there;
        };
        if (bound(0, 0) != std::optional<std::int64_t>(2) || bound(1, axes) != std::optional<std::int64_t>(axes)) return false;
        text = "1:-1";
    } else {
        return false;
    }
    const Value owner = evaluate(object);
    if (owner.kind == Value::Kind::tensor) pending_indices_.emplace_back(index, owner.slot, text);
    return true;
}

// x[:, :n], x[..., 1:, 1:] keep all axes: the index is stated in the order in which x is held. x[:, 0] is x[..., 0] then.
std::optional<Value> Planner::cut_out(NodeId id, const Value& owner) {
    const NodeId index = tree_.child(id, 1);
    std::vector<NodeId> parts{index};
    if (tree_[index].kind == NodeKind::tuple) parts.assign(tree_.children(index).begin(), tree_.children(index).end());
    const auto axes = static_cast<std::size_t>(owner.rank);
    std::size_t elided = 0;
    bool channel = false;  // one of them alone
    for (std::size_t at = 0; at < parts.size(); ++at) {
        const NodeKind kind = tree_[parts[at]].kind;
        if (kind == NodeKind::ellipsis) ++elided;
        else if (kind != NodeKind::slice && at == 1 && elided == 0 && integer(parts[at])) channel = true;
        else if (kind != NodeKind::slice) return std::nullopt;
    }
    if (parts.size() - elided > axes || elided > 1 || (!channel && rank(id) != owner.rank)) return std::nullopt;
    const Slot slot = slots_.fresh();
    use(tree_.child(id, 0), owner, slot);
    pending_slices_.emplace_back(index, slot, owner.rank);
    if (channel) return rank(id) > 0 ? tensor(id, kFirst) : Value{};
    return tensor(id, slot);
}

// scale[:, :, None, None] of (batch, channels) is an image of one pixel in any layout.
bool Planner::gives_pixel(NodeId id) const {
    const infer::Fact& known = fact(tree_.child(id, 0));
    const NodeId index = tree_.child(id, 1);
    if (known.kind != infer::Kind::tensor || known.rank != 2 || rank(id) < 4 || tree_[index].kind != NodeKind::tuple) return false;
    const auto parts = tree_.children(index);
    const auto size = parts.size();
    const bool spelled = size == static_cast<std::size_t>(rank(id)) && tree_.text(parts[0]) == ":" && tree_.text(parts[1]) == ":";
    const bool elided = size + 1 == static_cast<std::size_t>(rank(id)) && tree_[parts[0]].kind == NodeKind::ellipsis;
    return (spelled || elided) && std::all_of(parts.begin() + (spelled ? 2 : 1), parts.end(), [&](NodeId part) { return tree_[part].kind == NodeKind::none_; });
}

Value Planner::subscript(NodeId id) {
    if (shape_index(id)) return {};
    const NodeId object = tree_.child(id, 0);
    const NodeId index = tree_.child(id, 1);
    const Value owner = evaluate(object);
    evaluate_and_force(index);
    if (owner.kind == Value::Kind::tuple || owner.kind == Value::Kind::display) {
        const auto place_there = integer(index);
        if (owner.kind == Value::Kind::tuple && place_there && *place_there >= 0 && *place_there < static_cast<std::int64_t>(owner.parts.size())) {
            const Value& part = owner.parts[static_cast<std::size_t>(*place_there)];
            if (part.kind == Value::Kind::tensor && part.rank == rank(id)) return tensor(id, part.slot);
            hold(part, kFirst);
            return rank(id) > 0 ? tensor(id, kFirst) : Value{};
        }
    }
    if (owner.kind == Value::Kind::list) {
        if (tree_[index].kind == NodeKind::slice) return owner;
        if (owner.rank > 0 && rank(id) == owner.rank) return tensor(id, owner.slot);
        hold(owner, kFirst);
        return rank(id) > 0 ? tensor(id, kFirst) : Value{};
    }
    if (owner.kind == Value::Kind::tensor)
        if (std::optional<Value> cut = cut_out(id, owner)) return *cut;
    if (owner.kind == Value::Kind::other && gives_pixel(id)) {
        const Slot slot = slots_.fresh();
        pending_slices_.emplace_back(index, slot, rank(id));
        return tensor(id, slot);
    }
    force(object, owner);
    return rank(id) > 0 ? tensor(id, kFirst) : Value{};
}

Value Planner::pointwise(NodeId id, const std::vector<NodeId>& operands) {
    std::vector<std::pair<NodeId, Value>> values;
    for (const NodeId operand : operands) values.emplace_back(operand, evaluate(operand));
    return pointwise_of(id, values);
}

// (channels, 1, 1) beside an image, as weight[:, None, None] of one value for each channel.
bool Planner::is_column(NodeId id, int axes) const {
    const infer::Fact& known = fact(id);
    if (known.kind != infer::Kind::tensor || known.rank != axes - 1 || known.shape == 0) return false;
    const std::vector<infer::Dim>& dims = facts_.shapes[known.shape];
    return std::all_of(dims.begin() + 1, dims.end(), is_one_entry);
}

// Operands of the same rank are held as the result; numbers stand in any layout; what broadcasts otherwise is held as in torch.
Value Planner::pointwise_of(NodeId id, const std::vector<std::pair<NodeId, Value>>& operands) {
    if (is_open(id)) {  // the result has the rank of its operands, where they agree
        std::set<int> ranks;
        for (const auto& [node, value] : operands) {
            const infer::Kind kind = fact(node).kind;
            if (value.kind == Value::Kind::tensor) ranks.insert(value.rank);
            else if (kind != infer::Kind::integer && kind != infer::Kind::floating && kind != infer::Kind::boolean) ranks.insert(-1);
        }
        if (ranks.size() == 1) learn_rank(id, *ranks.begin());
    }
    const int axes = rank(id);
    bool any = false;
    bool first = axes < 0;
    for (const auto& [node, value] : operands) {
        if (axes > 3 && is_column(node, axes)) continue;
        if (value.kind == Value::Kind::tensor) {
            any = true;
            first = first || value.rank != axes;
            continue;
        }
        const infer::Fact& known = fact(node);
        if (value.kind != Value::Kind::other || known.kind == infer::Kind::unknown || known.maybe_none) first = true;
        if (known.kind != infer::Kind::tensor || known.rank == 0) continue;
        const bool one = known.rank == 1 && known.shape != 0 && is_one_entry(facts_.shapes[known.shape][0]);
        first = first || !one;
    }
    if (!any || first) {
        for (const auto& [node, value] : operands) force(node, value);
        return axes > 0 ? tensor(id, kFirst) : Value{};
    }
    const Slot slot = slots_.fresh();
    if (operands.size() == 1 && is_single_pixel(operands[0].first)) pixels_.insert(syntax::index(id));
    for (const auto& [node, value] : operands) {
        const bool column = axes > 3 && is_column(node, axes);
        if (column) pending_columns_.emplace_back(node, slot);
        if (value.kind == Value::Kind::tensor && !column) use(node, value, slot);
        else force(node, value);
    }
    return tensor(id, slot);
}

}  // namespace mlxify::layout
