// Calls of torch's operators, and of einops: in which layout they take and give images.
#include <algorithm>

#include "infer/einops_pattern.h"
#include "layout/planner.h"

namespace mlxify::layout {

Value Planner::operator_call(NodeId id, const Operator& op, const std::vector<Argument>& given) {
    for (const Argument& one : given)
        if (one.star || one.keyword == "axis" || one.keyword == "keepdims" || one.keyword == "out") return opaque(id, given);
    switch (op.passing) {
    case Passing::pointwise: return pointwise_call(id, given);
    case Passing::axis: return axis_call(id, op, given);
    case Passing::reduce: return reduce_call(id, op, given);
    case Passing::extreme:
        if (const Argument* other = argument(given, 1, "other"); other && fact(other->node).kind == infer::Kind::tensor) return pointwise_call(id, given);
        return reduce_call(id, op, given);
    case Passing::join: return join_call(id, op, given);
    case Passing::cut: return cut_call(id, op, given);
    case Passing::query: return {};
    case Passing::size: {
        const Argument* axis = argument(given, 1, "dim");
        if (given[0].value.kind != Value::Kind::tensor || !axis) return opaque(id, given);
        const auto moved = axes(*axis, 1, "dim", given[0].value.rank);
        if (!moved) return opaque(id, given);
        pending_axes_calls_.push_back(id);
        pending_axes_.emplace_back(given[0].value.slot, *moved);
        return {};
    }
    case Passing::reshape: return reshape_call(id, given);
    case Passing::permute: return permute_call(id, given);
    case Passing::swap: return swap_call(id, given);
    }
    return opaque(id, given);
}

// Other arguments than tensors (`x.to(y.device)`, `F.dropout(x, p=self.p)`) have no layout.
Value Planner::pointwise_call(NodeId id, const std::vector<Argument>& given) {
    std::vector<std::pair<NodeId, Value>> operands;
    const std::string_view name = tree_[tree_.child(id, 0)].name;
    const bool only_first = name == "to" || name == "type_as" || name == "requires_grad_" || name == "dropout" || name == "clamp" || name == "contiguous" ||
                            name == "float" || name == "relu" || name == "leaky_relu" || name == "gelu" || name == "zeros_like" || name == "ones_like";
    for (const Argument& one : given) {
        if (one.star) return opaque(id, given);
        if (!operands.empty() && only_first) force(one.node, one.value);
        else operands.emplace_back(one.node, one.value);
    }
    const bool in_place = name.ends_with('_') || argument(given, -1, "inplace") != nullptr;
    if (in_place && !operands.empty() && operands[0].second.kind == Value::Kind::tensor && name.ends_with('_')) {
        const Value result = pointwise_of(id, operands);
        if (result.kind == Value::Kind::tensor) slots_.tie(result.slot, operands[0].second.slot);
        else hold(operands[0].second, kFirst);
        return result;
    }
    return operands.empty() ? opaque(id, given) : pointwise_of(id, operands);
}

// The axes of an argument in MLX's order; nothing where they are not known.
std::optional<AxisArgument> Planner::axes(const Argument& argument, int position, std::string_view keyword, int rank) const {
    AxisArgument found;
    found.position = static_cast<std::size_t>(position);
    found.keyword = keyword;
    std::vector<NodeId> nodes{argument.node};
    const NodeKind kind = tree_[argument.node].kind;
    if (kind == NodeKind::tuple || kind == NodeKind::list) {
        found.sequence = true;
        nodes.assign(tree_.children(argument.node).begin(), tree_.children(argument.node).end());
    }
    for (const NodeId node : nodes) {
        const auto number = integer(node);
        if (!number) return std::nullopt;
        const std::int64_t axis = *number < 0 ? *number + rank : *number;
        if (axis < 0 || axis >= rank) return std::nullopt;
        found.axes.push_back(axis == 0 ? 0 : axis == 1 ? -1 : axis - 1);
    }
    return found;
}

Value Planner::axis_call(NodeId id, const Operator& op, const std::vector<Argument>& given) {
    const Value& input = given[0].value;
    if (input.kind != Value::Kind::tensor || rank(id) != input.rank) return opaque(id, given);
    const Argument* axis = argument(given, op.position, op.keyword);
    std::optional<AxisArgument> moved;
    if (axis) {
        moved = axes(*axis, op.position, op.keyword, input.rank);
    } else if (op.usual) {
        moved = AxisArgument{static_cast<std::size_t>(op.position), op.keyword, {*op.usual == 1 ? -1 : 0}, false};
    }
    if (!moved || (given.size() > static_cast<std::size_t>(op.position) + 1 && op.name == "flip")) return opaque(id, given);
    const Slot slot = slots_.fresh();
    use(given[0].node, input, slot);
    for (std::size_t at = 1; at < given.size(); ++at) force(given[at].node, given[at].value);
    pending_axes_calls_.push_back(id);
    pending_axes_.emplace_back(slot, *moved);
    return tensor(id, slot);
}

Value Planner::reduce_call(NodeId id, const Operator& op, const std::vector<Argument>& given) {
    const Value& input = given[0].value;
    if (input.kind != Value::Kind::tensor) return opaque(id, given);
    const Argument* axis = argument(given, op.position, op.keyword);
    if (!axis) {
        const bool whole = given.size() == 1 && fact(id).kind == infer::Kind::tensor && fact(id).rank == 0;
        return whole ? Value{} : opaque(id, given);
    }
    const auto moved = axes(*axis, op.position, op.keyword, input.rank);
    const Argument* keep = argument(given, op.position + 1, "keepdim");
    const infer::Value* kept = keep ? facts_.value(fact(keep->node)) : nullptr;
    const bool* flag = kept ? std::get_if<bool>(kept) : nullptr;
    if (!moved || (keep && !flag)) return opaque(id, given);
    const bool keeps = flag && *flag;
    if (op.passing == Passing::reduce && keeps != (rank(id) == input.rank)) return opaque(id, given);  // x.std(1, True): no keepdim
    const auto holds = [&](std::int64_t wanted) { return std::find(moved->axes.begin(), moved->axes.end(), wanted) != moved->axes.end(); };
    bool all_sizes = true;
    for (int size = 1; size <= input.rank - 2; ++size) all_sizes = all_sizes && holds(size);
    if (!keeps && !holds(-1) && !all_sizes) return opaque(id, given);  // what is left has another order
    const Slot slot = slots_.fresh();
    use(given[0].node, input, slot);
    for (std::size_t at = 1; at < given.size(); ++at) force(given[at].node, given[at].value);
    pending_axes_calls_.push_back(id);
    pending_axes_.emplace_back(slot, *moved);
    if (op.passing == Passing::extreme) {
        if (!keeps) return {};
        const Value part{Value::Kind::tensor, slot, input.rank, {}};
        return {Value::Kind::tuple, kFirst, -1, {part, part}};
    }
    if (keeps && all_sizes) pixels_.insert(syntax::index(id));
    if (keeps) return tensor(id, slot);
    return rank(id) > 0 ? tensor(id, kFirst) : Value{};
}

Value Planner::join_call(NodeId id, const Operator& op, const std::vector<Argument>& given) {
    const Argument* parts = argument(given, 0, "tensors");
    const Argument* axis = argument(given, op.position, op.keyword);
    const int axes_there = rank(id);
    if (!parts || axes_there < 0) return opaque(id, given);
    std::optional<AxisArgument> moved = axis ? axes(*axis, op.position, op.keyword, axes_there) : AxisArgument{1, "dim", {0}, false};
    if (!moved) return opaque(id, given);
    const Slot slot = slots_.fresh();
    if (parts->value.kind == Value::Kind::display) {
        const auto children = tree_.children(parts->node);
        const bool alike = std::all_of(parts->value.parts.begin(), parts->value.parts.end(), [&](const Value& part) { return part.kind == Value::Kind::tensor && part.rank == axes_there; });
        if (!alike) return opaque(id, given);
        for (std::size_t at = 0; at < children.size(); ++at) use(children[at], parts->value.parts[at], slot);
    } else if ((parts->value.kind == Value::Kind::list && parts->value.rank == axes_there)) {
        slots_.tie(slot, parts->value.slot);
    } else {
        return opaque(id, given);
    }
    for (const Argument& one : given)
        if (&one != parts) force(one.node, one.value);
    pending_axes_calls_.push_back(id);
    pending_axes_.emplace_back(slot, *moved);
    return tensor(id, slot);
}

Value Planner::cut_call(NodeId id, const Operator& op, const std::vector<Argument>& given) {
    const Value& input = given[0].value;
    const Argument* axis = argument(given, op.position, op.keyword);
    if (input.kind != Value::Kind::tensor) return opaque(id, given);
    const auto moved = axis ? axes(*axis, op.position, op.keyword, input.rank) : AxisArgument{static_cast<std::size_t>(op.position), "dim", {0}, false};
    if (!moved) return opaque(id, given);
    const Slot slot = slots_.fresh();
    use(given[0].node, input, slot);
    for (std::size_t at = 1; at < given.size(); ++at) force(given[at].node, given[at].value);
    pending_axes_calls_.push_back(id);
    pending_axes_.emplace_back(slot, *moved);
    return {Value::Kind::list, slot, input.rank, {}};
}

// F.pad(x, (1, 1, 2, 2)) of all sizes behind the channels takes and gives any layout.
Value Planner::pad_call(NodeId id, const std::vector<Argument>& given) {
    const Argument* widths = argument(given, 1, "pad");
    const bool image = !given.empty() && given[0].value.kind == Value::Kind::tensor && rank(id) == given[0].value.rank;
    if (!widths || !image) return opaque(id, given);
    const NodeKind kind = tree_[widths->node].kind;
    const auto count = kind == NodeKind::tuple || kind == NodeKind::list ? std::ssize(tree_.children(widths->node)) : static_cast<std::ptrdiff_t>(fact(widths->node).length);
    const Argument* mode = argument(given, 2, "mode");
    const infer::Value* word = mode ? facts_.value(fact(mode->node)) : nullptr;
    const auto* stated = word ? std::get_if<std::string>(word) : nullptr;
    if (count != 2 * (given[0].value.rank - 2) || (mode && (!stated || *stated == "circular"))) return opaque(id, given);
    const Slot slot = slots_.fresh();
    use(given[0].node, given[0].value, slot);
    for (std::size_t at = 1; at < given.size(); ++at) force(given[at].node, given[at].value);
    pending_forms_.emplace_back(id, slot);
    return tensor(id, slot);
}

Planner::Pattern Planner::pattern(std::string_view text) {
    Pattern found;
    const auto parsed = infer::parse_einops(text);
    if (!parsed) return found;
    found.left = infer::rank_of(parsed->left).value_or(-1);
    found.right = infer::rank_of(parsed->right).value_or(-1);
    if (found.left < 0 || found.right < 0) return {};
    if (is_image_rank(found.left)) found.in = slots_.fresh();
    if (is_image_rank(found.right)) found.out = slots_.fresh();
    return found;
}

// rearrange(x, "b c h w -> b (h w) c") takes and gives any layout: the pattern is stated for it.
Value Planner::pattern_call(NodeId id, const std::vector<Argument>& given) {
    const Argument* stated = argument(given, 1, "pattern");
    const infer::Value* value = stated && tree_[stated->node].kind == NodeKind::string ? facts_.value(fact(stated->node)) : nullptr;
    const auto* text = value ? std::get_if<std::string>(value) : nullptr;
    if (!text || given.empty() || (given[0].value.kind != Value::Kind::tensor && fact(given[0].node).kind != infer::Kind::tensor)) return opaque(id, given);
    const bool image = given[0].value.kind == Value::Kind::tensor;
    const Pattern held = pattern(*text);
    learn_rank(id, held.right);
    if (held.left < 0 || (image ? held.left != given[0].value.rank : is_image_rank(held.left)) || (is_image_rank(held.right) && rank(id) != held.right)) return opaque(id, given);
    if (image) use(given[0].node, given[0].value, held.in);
    for (std::size_t at = image ? 1 : 0; at < given.size(); ++at) force(given[at].node, given[at].value);
    pending_patterns_.emplace_back(stated->node, held);
    return is_image_rank(held.right) ? tensor(id, held.out) : Value{};
}

// x.transpose(1, 2) of (batch, channels, length) is what channels last are.
Value Planner::swap_call(NodeId id, const std::vector<Argument>& given) {
    const Value& input = given[0].value;
    if (input.kind != Value::Kind::tensor || input.rank != 3 || rank(id) != 3 || given.size() != 3) return opaque(id, given);
    std::set<std::int64_t> axes_there;
    for (std::size_t at = 1; at < given.size(); ++at)
        if (const auto number = integer(given[at].node)) axes_there.insert(*number < 0 ? *number + 3 : *number);
    return axes_there == std::set<std::int64_t>{1, 2} ? turned_call(id, given) : opaque(id, given);
}

// A swap of the last two of three axes: the step to the other layout, or from it, or none.
Value Planner::turned_call(NodeId id, const std::vector<Argument>& given) {
    const Value& input = given[0].value;
    const auto known = learned_.swaps.find(syntax::index(id));
    if (known == learned_.swaps.end() && !learned_.is_final) {  // which of them it is shows where both sides are free
        const Slot taken = slots_.fresh();
        use(given[0].node, input, taken);
        for (std::size_t at = 1; at < given.size(); ++at) force(given[at].node, given[at].value);
        swaps_.emplace_back(id, taken);
        return tensor(id, slots_.fresh());
    }
    if (known == learned_.swaps.end() || known->second == Learned::Swap::stays) return opaque(id, given);
    if (known->second == Learned::Swap::takes_last) {
        slots_.pair(input.slot, kLast, loops_ > 0 ? 2 : 1);
        pending_drops_.emplace_back(id, input.slot);
        return tensor(id, kFirst);
    }
    force(given[0].node, input);
    const Slot slot = slots_.fresh();
    slots_.pair(slot, kLast, loops_ > 0 ? 2 : 1);
    pending_drops_.emplace_back(id, slot);
    return tensor(id, slot);
}

// x.permute(0, 2, 3, 1) of an image is the image as it is held with channels last, and x.permute(0, 3, 1, 2) the way back.
Value Planner::permute_call(NodeId id, const std::vector<Argument>& given) {
    const Value& input = given[0].value;
    if (input.kind != Value::Kind::tensor || rank(id) != input.rank) return opaque(id, given);
    std::vector<NodeId> nodes;
    for (std::size_t at = 1; at < given.size(); ++at) nodes.push_back(given[at].node);
    if (nodes.size() == 1 && (tree_[nodes[0]].kind == NodeKind::tuple || tree_[nodes[0]].kind == NodeKind::list)) {
        const auto children = tree_.children(nodes[0]);
        nodes.assign(children.begin(), children.end());
    }
    std::string order;
    for (const NodeId node : nodes) {
        const auto number = integer(node);
        if (!number) return opaque(id, given);
        order += (order.empty() ? "" : ", ") + std::to_string(*number < 0 ? *number + input.rank : *number);
    }
    if (order == "0, 2, 1") return turned_call(id, given);
    if ("(" + order + ")" == to_last_axes(input.rank)) {
        slots_.pair(input.slot, kLast, loops_ > 0 ? 2 : 1);
        pending_drops_.emplace_back(id, input.slot);
        return tensor(id, kFirst);
    }
    if ("(" + order + ")" == to_first_axes(input.rank)) {
        force(given[0].node, input);
        const Slot slot = slots_.fresh();
        slots_.pair(slot, kLast, loops_ > 0 ? 2 : 1);
        pending_drops_.emplace_back(id, slot);
        return tensor(id, slot);
    }
    return opaque(id, given);
}

bool Planner::is_single_pixel(NodeId id) const {
    if (pixels_.contains(syntax::index(id))) return true;
    const infer::Fact& known = fact(id);
    if (known.kind != infer::Kind::tensor || known.rank < 3 || known.shape == 0) return false;
    const std::vector<infer::Dim>& dims = facts_.shapes[known.shape];
    return std::all_of(dims.begin() + 2, dims.end(), is_one_entry);
}

// x.flatten(2), x.view(b, c, -1), x.view(b, c, h, w): only the sizes behind the channels are divided otherwise.
bool Planner::keeps_channels(NodeId call, const std::vector<Argument>& given) const {
    for (std::size_t at = 1; at < given.size(); ++at)
        if (given[at].star) return false;
    if (tree_[tree_.child(call, 0)].name == "flatten") {
        const Argument* begin = argument(given, 1, "start_dim");
        return begin && integer(begin->node) == std::optional<std::int64_t>(2) && !argument(given, 2, "end_dim") && given[0].value.rank > 3;
    }
    const infer::Fact& from = fact(given[0].node);
    const infer::Fact& to = fact(call);
    if (given.size() != static_cast<std::size_t>(rank(call)) + 1 || from.shape == 0 || to.shape == 0) return false;
    if (std::any_of(given.begin(), given.end(), [](const Argument& one) { return !one.keyword.empty(); })) return false;
    const std::vector<infer::Dim>& sizes = facts_.shapes[from.shape];
    const std::vector<infer::Dim>& wanted = facts_.shapes[to.shape];
    const bool same = sizes.size() > 2 && wanted.size() > 2 && sizes[0].known && sizes[1].known && sizes[0] == wanted[0] && sizes[1] == wanted[1];
    return same && ((!from.observed && !to.observed) || counts_channels(given[2].node));  // what a run shows may be so by accident
}

// x.shape[1], x.size(1), or a name of it: b, c, h, w = x.shape
bool Planner::counts_channels(NodeId id) const {
    if (tree_[id].kind == NodeKind::subscript) return exists(of_shape(tree_.child(id, 0))) && integer(tree_.child(id, 1)) == std::optional<std::int64_t>(1);
    if (tree_[id].kind == NodeKind::call)
        return tree_[tree_.child(id, 0)].name == "size" && tree_.children(id).size() == 2 && integer(tree_.child(id, 1)) == std::optional<std::int64_t>(1);
    if (tree_[id].kind != NodeKind::name || names_.binding(id) == names::kNoBinding) return false;
    const std::vector<NodeId>& stores = names_[names_.binding(id)].stores;
    if (stores.size() != 1) return false;
    const NodeId around = tree_[stores[0]].parent;
    if (tree_[around].kind == NodeKind::assign) return counts_channels(tree_.child(around, 0)) && tree_[tree_.child(around, 0)].kind != NodeKind::name;
    const NodeId statement = tree_[around].parent;
    if (tree_[around].kind != NodeKind::tuple || tree_[statement].kind != NodeKind::assign || tree_.children(around).size() < 3 || tree_.child(around, 1) != stores[0]) return false;
    return exists(of_shape(tree_.child(statement, 0)));
}

Value Planner::reshape_call(NodeId id, const std::vector<Argument>& given) {
    const Value& input = given[0].value;
    const infer::Fact& result = fact(id);
    if (input.kind == Value::Kind::tensor && is_single_pixel(given[0].node) && result.kind == infer::Kind::tensor && result.rank == 2) {
        for (std::size_t at = 1; at < given.size(); ++at) force(given[at].node, given[at].value);
        return {};
    }
    const int axes_there = rank(id);
    if (input.kind == Value::Kind::tensor && axes_there > 0 && keeps_channels(id, given)) {
        for (std::size_t at = 1; at < given.size(); ++at) force(given[at].node, given[at].value);
        const Slot slot = slots_.fresh();
        use(given[0].node, input, slot);
        const bool flattens = tree_[tree_.child(id, 0)].name == "flatten";
        if (flattens) pending_flattenings_.emplace_back(id, slot, input.rank);
        else pending_sizes_.emplace_back(id, slot, static_cast<std::size_t>(axes_there));
        return tensor(id, slot);
    }
    const bool sizes = axes_there > 0 && given.size() == static_cast<std::size_t>(axes_there) + 1 && input.kind == Value::Kind::other;
    const bool pixel = sizes && std::all_of(given.begin() + 3, given.end(), [&](const Argument& one) { return one.keyword.empty() && integer(one.node) == std::optional<std::int64_t>(1); });
    if (!pixel) return opaque(id, given);
    for (const Argument& one : given) force(one.node, one.value);
    const Slot slot = slots_.fresh();
    pending_sizes_.emplace_back(id, slot, static_cast<std::size_t>(axes_there));
    return tensor(id, slot);
}

}  // namespace mlxify::layout
