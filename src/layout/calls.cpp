// Calls: of torch's operators, of layers, of the file's own functions and modules, of what is not known.
#include <algorithm>

#include "base/text.h"
#include "infer/einops_pattern.h"
#include "layout/planner.h"

namespace mlxify::layout {

using base::last_part;

int wanted_axes(std::string_view qualified) {
    const std::string_view name = last_part(qualified);
    if (name.ends_with("1d")) return 3;
    if (name.ends_with("2d")) return 4;
    if (name.ends_with("3d")) return 5;
    if (name == "PixelShuffle" || name == "PixelUnshuffle" || name == "pixel_shuffle" || name == "pixel_unshuffle") return 4;
    return 0;
}

namespace {

bool is_image_rank(int rank) { return rank >= 3 && rank <= 5; }

bool is_pattern_layer(std::string_view qualified) { return qualified == "einops.layers.torch.Rearrange" || qualified == "einops.layers.torch.Reduce"; }

}  // namespace

std::vector<Planner::Argument> Planner::arguments(NodeId id) {
    std::vector<Argument> found;
    for (const NodeId child : tree_.children(id).subspan(1)) {
        const syntax::Node& node = tree_[child];
        Argument argument;
        if (node.kind == NodeKind::keyword) {
            argument.keyword = node.name;
            argument.node = tree_.child(child, 0);
            argument.star = node.name.empty();
        } else if (node.kind == NodeKind::starred) {
            argument.node = tree_.child(child, 0);
            argument.star = true;
        } else {
            argument.node = child;
        }
        argument.value = evaluate(argument.node);
        found.push_back(argument);
    }
    return found;
}

Value Planner::opaque(NodeId id, const std::vector<Argument>& given) {
    for (const Argument& argument : given) force(argument.node, argument.value);
    return rank(id) > 0 ? tensor(id, kFirst) : Value{};
}

const Planner::Argument* Planner::argument(const std::vector<Argument>& given, int position, std::string_view keyword) const {
    int at = 0;
    for (const Argument& argument : given) {
        if (argument.star) return nullptr;
        if (!argument.keyword.empty() ? argument.keyword == keyword : at++ == position) return &argument;
    }
    return nullptr;
}

// Whether a call may pass an image by keyword, to what takes it as `**kwargs` perhaps.
bool Planner::passes_images_by_keyword() const {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::keyword || tree_[id].name.empty() || tree_[tree_[id].parent].kind != NodeKind::call) continue;
        const NodeId function = tree_.function_of(id);
        if (!exists(function) || tree_[function].name == "__init__") continue;  // constructors are given no images
        const NodeId callee = tree_.child(tree_[id].parent, 0);
        if (!names::qualified_name(tree_, names_, callee).empty()) continue;
        const NodeId value = tree_.child(id, 0);
        if (rank(value) > 0 || is_open(value)) return true;
    }
    return false;
}

bool Planner::may_be_image(const Argument& argument) const {
    if (argument.star && tree_[tree_[argument.node].parent].kind == NodeKind::keyword && tree_[argument.node].kind == NodeKind::name && !by_keyword_) {
        const names::BindingId binding = names_.binding(argument.node);  // **kwargs of the function itself
        return binding == names::kNoBinding || names_[binding].kind != names::BindingKind::parameter;
    }
    if (argument.value.kind != Value::Kind::other || argument.star) return true;
    return is_open(argument.node) && tree_[argument.node].kind != NodeKind::lambda;
}

// A layer is called where images are; constructors and methods of strings, dicts and modules are no layers.
bool Planner::may_be_module(NodeId callee) const {
    if (exists(current_) && tree_[current_].name == "__init__") return false;
    if (tree_[callee].kind != NodeKind::attribute) return true;
    const NodeId object = tree_.child(callee, 0);
    if (tree_[object].kind == NodeKind::string || fact(object).kind == infer::Kind::dict || fact(object).kind == infer::Kind::string) return false;
    constexpr std::string_view kMethods[] = {"load_state_dict", "state_dict", "append", "extend", "update",  "items",   "keys",   "values", "get",   "format", "join",
                                             "split",           "replace",    "strip",  "add_module", "register_buffer", "eval", "train", "apply", "copy", "load_url",
                                             "parameters", "modules", "children", "named_parameters", "named_modules", "named_children", "cuda", "cpu", "item"};
    return std::find(std::begin(kMethods), std::end(kMethods), tree_[callee].name) == std::end(kMethods);
}

NodeId Planner::called_method(NodeId callee) const {
    if (tree_[callee].kind != NodeKind::attribute) return kNoNode;
    const NodeId object = tree_.child(callee, 0);
    const NodeId around = tree_.class_of(callee);
    const std::uint32_t own = exists(around) ? names_.class_at[syntax::index(around)] : 0;
    if (tree_.text(object) == "self" && own != 0) return names::find_method(tree_, names_, own - 1, tree_[callee].name);
    if (tree_[object].kind == NodeKind::call && tree_.text(tree_.child(object, 0)) == "super" && own != 0) {
        for (const std::uint32_t base : names_.classes[own - 1].file_bases)
            if (const NodeId method = names::find_method(tree_, names_, base, tree_[callee].name); exists(method)) return method;
        return kNoNode;
    }
    if (const std::uint32_t owner = fact(object).class_index; owner != 0 && fact(object).kind != infer::Kind::class_)
        return names::find_method(tree_, names_, owner - 1, tree_[callee].name);
    return kNoNode;
}

Value Planner::call(NodeId id) {
    const NodeId callee = tree_.child(id, 0);
    const syntax::Node& node = tree_[callee];
    const std::string qualified = names::qualified_name(tree_, names_, callee);
    if (!qualified.empty()) return library_call(id, qualified, arguments(id));
    if (node.kind == NodeKind::name) {
        const names::Binding& binding = names_[names_.binding(callee)];
        if (names_.binding(callee) == names::kNoBinding) {
            if (node.name == "map")
                if (std::optional<Value> mapped = map_call(id)) return *mapped;
            const std::vector<Argument> given = arguments(id);
            const bool asks = node.name == "len" || node.name == "isinstance" || node.name == "type" || node.name == "hasattr";
            if (asks) return {};
            if ((node.name == "reversed" || node.name == "list") && given.size() == 1 && given[0].value.kind == Value::Kind::list) return given[0].value;
            if (node.name == "sum" && given.size() == 1 && given[0].value.kind == Value::Kind::list && given[0].value.rank == rank(id)) return tensor(id, given[0].value.slot);
            return opaque(id, given);
        }
        if (binding.kind == names::BindingKind::function) return function_call(id, binding.definition, false, arguments(id));
        if (binding.kind == names::BindingKind::class_) return opaque(id, arguments(id));
    }
    if (node.kind == NodeKind::attribute) {
        const NodeId object = tree_.child(callee, 0);
        if (node.name == "forward" && fact(object).kind == infer::Kind::module && tree_[object].kind != NodeKind::call)
            return module_call(id, fact(object), arguments(id));
        if (std::optional<Value> inherited = inherited_call(id, callee)) return *inherited;
        const infer::Kind kind = fact(object).kind;
        if (tree_[object].kind == NodeKind::call && tree_.text(tree_.child(object, 0)) == "super" && node.name != "forward" && !exists(called_method(callee)))
            return opaque(id, arguments(id));
        if (const NodeId method = called_method(callee); exists(method)) return function_call(id, method, true, arguments(id));
        if (kind == infer::Kind::list || kind == infer::Kind::tuple) {
            const Value list = evaluate(object);
            return list_call(id, object, list, arguments(id));
        }
        if (kind == infer::Kind::tensor) {
            std::vector<Argument> given{{{}, object, evaluate(object), false}};
            const std::vector<Argument> rest = arguments(id);
            given.insert(given.end(), rest.begin(), rest.end());
            if (const Operator* op = find_operator(node.name)) return operator_call(id, *op, given);
            return opaque(id, given);
        }
        const Value owner = evaluate(object);
        force(object, owner);
    } else if (node.kind != NodeKind::name) {
        evaluate_and_force(callee);
    }
    const infer::Fact& known = fact(callee);
    const std::vector<Argument> given = arguments(id);
    if (known.kind == infer::Kind::module) return module_call(id, known, given);
    if (known.kind == infer::Kind::function && known.library_class != 0) {
        const std::string& name = facts_.library_names[known.library_class];
        const Operator* op = find_operator(last_part(name));
        return op && op->passing == Passing::pointwise && name.starts_with("torch.") ? pointwise_call(id, given) : opaque(id, given);
    }
    if (known.kind == infer::Kind::function && known.definition != 0 && tree_[NodeId{known.definition}].kind == NodeKind::function_def)
        return function_call(id, NodeId{known.definition}, false, given);
    if (known.kind == infer::Kind::class_ || known.kind == infer::Kind::function) return opaque(id, given);
    return unknown_call(id, given);
}

Value Planner::library_call(NodeId id, std::string_view qualified, const std::vector<Argument>& given) {
    const bool torch = qualified.starts_with("torch.");
    if (qualified == "torch.nn.functional.pad") return pad_call(id, given);
    if (torch && !given.empty() && given[0].value.kind == Value::Kind::tensor && !qualified.starts_with("torch.nn.init.")) {
        const catalogue::Entry* entry = catalogue_.find(channels_last_name(qualified));
        if (entry && entry->kind == catalogue::EntryKind::rule) {
            const int axes = wanted_axes(qualified);
            if ((axes == 0 || given[0].value.rank == axes) && rank(id) == given[0].value.rank) {
                ++images_;
                has_planes_ = has_planes_ || given[0].value.rank > 3;
                use(given[0].node, given[0].value, kLast);
                for (std::size_t at = 1; at < given.size(); ++at) force(given[at].node, given[at].value);
                pending_forms_.emplace_back(id, kLast);
                if (last_part(qualified).starts_with("adaptive_") && asks_for_one(id, 2)) pixels_.insert(syntax::index(id));
                return tensor(id, kLast);
            }
            return opaque(id, given);
        }
    }
    if (qualified == "einops.rearrange" || qualified == "einops.reduce" || qualified == "einops.repeat") return pattern_call(id, given);
    const Operator* op = torch ? find_operator(last_part(qualified)) : nullptr;
    return op && !given.empty() ? operator_call(id, *op, given) : opaque(id, given);
}

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

const Planner::Pattern& Planner::layer_pattern(const std::string& text) {
    const auto known = layer_patterns_.find(text);
    if (known != layer_patterns_.end()) return known->second;
    const Pattern& found = layer_patterns_.emplace(text, pattern(text)).first->second;
    for (std::uint32_t number = 1; number < tree_.size() && found.left >= 0; ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::string || tree_[tree_[id].parent].kind != NodeKind::call) continue;
        const NodeId call = tree_[id].parent;
        const infer::Value* value = facts_.value(fact(id));
        const auto* written = value ? std::get_if<std::string>(value) : nullptr;
        if (tree_.child(call, 0) == id || !written || *written != text) continue;
        if (names::qualified_name(tree_, names_, tree_.child(call, 0)).starts_with("einops.layers.torch.")) pending_patterns_.emplace_back(id, found);
    }
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

// map(lambda t: rearrange(t, ...), (q, k, v)): a list of what the lambda gives.
std::optional<Value> Planner::map_call(NodeId id) {
    const auto children = tree_.children(id);
    if (children.size() != 3 || tree_[children[1]].kind != NodeKind::lambda) return std::nullopt;
    const auto parameters = tree_.children(tree_.child(children[1], 0));
    const std::vector<Value> iterated = evaluate_iterable(children[2]);
    const bool one = parameters.size() == 1 && iterated.size() == 1 && iterated[0].kind == Value::Kind::list && iterated[0].rank > 0;
    if (!one) {
        for (const Value& value : iterated) hold(value, kFirst);
        evaluate_and_force(children[1]);
        return rank(id) > 0 ? tensor(id, kFirst) : Value{};
    }
    const Environment around = environment_;
    ++loops_;
    slots_.tie(store_slot(parameters[0]), iterated[0].slot);
    environment_.stores[static_cast<std::uint32_t>(names_.binding(parameters[0]))] = {syntax::index(parameters[0])};
    store_ranks_[syntax::index(parameters[0])] = iterated[0].rank;
    const NodeId body = tree_.child(children[1], 1);
    const Value given = evaluate(body);
    Value list;
    if (given.kind == Value::Kind::tensor) {
        list = {Value::Kind::list, slots_.fresh(), given.rank, {}};
        use(body, given, list.slot);
    } else {
        force(body, given);
    }
    --loops_;
    environment_ = around;
    return list;
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

// nn.AdaptiveAvgPool2d(1), F.adaptive_avg_pool2d(x, (1, 1))
bool Planner::asks_for_one(NodeId call, std::uint32_t slot) const {
    const NodeId size = tree_.child(call, slot);
    if (!exists(size)) return false;
    std::vector<NodeId> numbers{tree_[size].kind == NodeKind::keyword ? tree_.child(size, 0) : size};
    if (tree_[numbers[0]].kind == NodeKind::tuple || tree_[numbers[0]].kind == NodeKind::list) {
        const auto children = tree_.children(numbers[0]);
        numbers.assign(children.begin(), children.end());
    }
    return std::all_of(numbers.begin(), numbers.end(), [&](NodeId number) { return integer(number) == std::optional<std::int64_t>(1); });
}

// `self.norm` is a layer of a library that is none of images, wherever the class sets it: nn.LayerNorm(dim) or nn.RMSNorm(dim).
bool Planner::is_other_layer(NodeId callee) const {
    if (tree_[callee].kind != NodeKind::attribute || tree_.text(tree_.child(callee, 0)) != "self") return false;
    const NodeId owner = tree_.class_of(callee);
    bool any = false;
    for (std::uint32_t number = 1; number < tree_.size() && exists(owner); ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::assign || tree_.children(id).size() != 2 || !tree_[owner].span.contains(tree_[id].span)) continue;
        if (tree_.text(tree_.child(id, 1)) != tree_.text(callee)) continue;
        const NodeId value = tree_.child(id, 0);
        const std::string qualified = tree_[value].kind == NodeKind::call ? names::qualified_name(tree_, names_, tree_.child(value, 0)) : std::string{};
        const bool holds = qualified == "torch.nn.Sequential" || qualified == "torch.nn.ModuleList" || qualified == "torch.nn.ModuleDict";
        if (qualified.empty() || holds || catalogue_.find(channels_last_name(qualified)) || !catalogue_.find(qualified)) return false;
        any = true;
    }
    return any;
}

// `self.pool` is an adaptive pool to one pixel wherever the class sets it.
bool Planner::pools_to_one(NodeId callee) const {
    if (tree_[callee].kind != NodeKind::attribute || tree_.text(tree_.child(callee, 0)) != "self") return false;
    const NodeId owner = tree_.class_of(callee);
    if (!exists(owner)) return false;
    bool any = false;
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::assign || tree_.children(id).size() != 2 || !tree_[owner].span.contains(tree_[id].span)) continue;
        if (tree_.text(tree_.child(id, 1)) != tree_.text(callee)) continue;
        const NodeId value = tree_.child(id, 0);
        if (tree_[value].kind != NodeKind::call || !asks_for_one(value, 1)) return false;
        if (!names::qualified_name(tree_, names_, tree_.child(value, 0)).starts_with("torch.nn.Adaptive")) return false;
        any = true;
    }
    return any;
}

bool Planner::is_single_pixel(NodeId id) const {
    if (pixels_.contains(syntax::index(id))) return true;
    const infer::Fact& known = fact(id);
    if (known.kind != infer::Kind::tensor || known.rank < 3 || known.shape == 0) return false;
    const std::vector<infer::Dim>& dims = facts_.shapes[known.shape];
    return std::all_of(dims.begin() + 2, dims.end(), [](const infer::Dim& dim) { return dim.known && dim.symbols.empty() && dim.coefficient == 1; });
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
    const auto is_shape = [&](NodeId read) {
        if (tree_[read].kind == NodeKind::call && tree_.children(read).size() == 1) read = tree_.child(read, 0);
        return tree_[read].kind == NodeKind::attribute && (tree_[read].name == "shape" || tree_[read].name == "size");
    };
    if (tree_[id].kind == NodeKind::subscript) return is_shape(tree_.child(id, 0)) && integer(tree_.child(id, 1)) == std::optional<std::int64_t>(1);
    if (tree_[id].kind == NodeKind::call)
        return tree_[tree_.child(id, 0)].name == "size" && tree_.children(id).size() == 2 && integer(tree_.child(id, 1)) == std::optional<std::int64_t>(1);
    if (tree_[id].kind != NodeKind::name || names_.binding(id) == names::kNoBinding) return false;
    const std::vector<NodeId>& stores = names_[names_.binding(id)].stores;
    if (stores.size() != 1) return false;
    const NodeId around = tree_[stores[0]].parent;
    if (tree_[around].kind == NodeKind::assign) return counts_channels(tree_.child(around, 0)) && tree_[tree_.child(around, 0)].kind != NodeKind::name;
    const NodeId statement = tree_[around].parent;
    if (tree_[around].kind != NodeKind::tuple || tree_[statement].kind != NodeKind::assign || tree_.children(around).size() < 3 || tree_.child(around, 1) != stores[0]) return false;
    return is_shape(tree_.child(statement, 0));
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
        const bool flattens = last_part(tree_[tree_.child(id, 0)].name) == "flatten";
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

Value Planner::list_call(NodeId id, NodeId object, const Value& list, const std::vector<Argument>& given) {
    const std::string_view method = tree_[tree_.child(id, 0)].name;
    if (list.kind != Value::Kind::list) {
        force(object, list);
        return opaque(id, given);
    }
    if ((method == "append" || method == "insert") && !given.empty()) {
        const Argument& added = given.back();
        const bool same = added.value.kind == Value::Kind::tensor && (list.rank < 0 || added.value.rank == list.rank);
        if (same) {
            use(added.node, added.value, list.slot);
            if (tree_[object].kind == NodeKind::name) containers_[static_cast<std::uint32_t>(names_.binding(object))].rank = added.value.rank;
        } else {
            hold(list, kFirst);
            force(added.node, added.value);
        }
        return {};
    }
    if (method == "pop") {
        for (const Argument& one : given) force(one.node, one.value);
        if (list.rank > 0 && rank(id) == list.rank) return tensor(id, list.slot);
        hold(list, kFirst);
        return rank(id) > 0 ? tensor(id, kFirst) : Value{};
    }
    if (method == "reverse" || method == "clear") return {};
    if (method == "extend" && given.size() == 1 && given[0].value.kind == Value::Kind::list && (given[0].value.rank == list.rank || list.rank < 0)) {
        slots_.tie(list.slot, given[0].value.slot);
        if (tree_[object].kind == NodeKind::name) containers_[static_cast<std::uint32_t>(names_.binding(object))].rank = given[0].value.rank;
        return {};
    }
    hold(list, kFirst);
    return opaque(id, given);
}

Value Planner::result_of(NodeId id, NodeId function) {
    const infer::Fact& result = fact(id);
    if (const auto known = learned_.results.find(syntax::index(function)); known != learned_.results.end() && !result.maybe_none) learn_rank(id, known->second);
    if (rank(id) > 0) return tensor(id, place(function, -1));
    if (result.kind == infer::Kind::tensor && result.rank >= 0) return {};
    if (result.kind == infer::Kind::tuple && result.length > 0 && result.length <= kMostResults && result.elements != 0 &&
        facts_.sequences[result.elements].size() == static_cast<std::size_t>(result.length)) {
        Value value{Value::Kind::tuple, kFirst, -1, {}};
        for (std::int32_t at = 0; at < result.length; ++at) {
            const infer::Fact& part = facts_.sequences[result.elements][static_cast<std::size_t>(at)];
            const bool image = part.kind == infer::Kind::tensor && part.rank >= 3 && part.rank <= 5 && !part.maybe_none;
            if (!image) slots_.tie(place(function, -2 - at), kFirst);
            value.parts.push_back(image ? Value{Value::Kind::tensor, place(function, -2 - at), part.rank, {}} : Value{});
        }
        return value;
    }
    functions_[syntax::index(function)].odd_result = true;
    return {};
}

Value Planner::function_call(NodeId id, NodeId function, bool bound, const std::vector<Argument>& given) {
    const auto parameters = tree_.children(tree_.child(function, 0));
    const bool method = exists(tree_.class_of(function)) && tree_.function_of(function) == kNoNode;
    bool is_static = false;
    for (const NodeId decorator : tree_.children(function).subspan(3)) is_static = is_static || tree_.text(decorator).find("staticmethod") != std::string_view::npos;
    std::size_t at = method && bound && !is_static ? 1 : 0;
    bool stars = false;
    for (const Argument& one : given) stars = stars || one.star;
    for (const Argument& one : given) {
        std::size_t number = parameters.size();
        if (!one.keyword.empty()) {
            for (std::size_t other = 0; other < parameters.size(); ++other)
                if (tree_[parameters[other]].name == one.keyword) number = other;
        } else if (!stars) {
            number = at++;
        }
        const bool plain = number < parameters.size() && !tree_[parameters[number]].has(syntax::Flag::star) && !tree_[parameters[number]].has(syntax::Flag::double_star);
        if (!plain) {
            force(one.node, one.value);
            continue;
        }
        const Slot wanted = place(function, static_cast<int>(number));
        if (one.value.kind == Value::Kind::tensor && one.value.rank == rank(parameters[number])) {
            use(one.node, one.value, wanted);
            continue;
        }
        force(one.node, one.value);
        const infer::Fact& known = fact(one.node);
        if (known.kind == infer::Kind::unknown || known.kind == infer::Kind::tensor) slots_.tie(wanted, kFirst);
    }
    if (stars)
        for (std::size_t number = 0; number < parameters.size(); ++number) slots_.tie(place(function, static_cast<int>(number)), kFirst);
    return result_of(id, function);
}

// How a module takes and gives arrays of that many axes. Nothing: it is not called with images.
std::optional<Interface> Planner::interface_of(const infer::Fact& module, int axes, NodeId at) {
    if (module.class_index != 0) {
        const NodeId forward = names::find_method(tree_, names_, module.class_index - 1, "forward");
        if (exists(forward) && is_pointwise_function(forward)) return Interface{Interface::Kind::pointwise, kFirst, kFirst};
        if (exists(forward)) {
            chained_.emplace_back(forward, at);
            const auto parameters = tree_.children(tree_.child(forward, 0));
            if (parameters.size() < 2 || rank(parameters[1]) != axes) return Interface{Interface::Kind::fixed, kFirst, place(forward, -1)};
            return Interface{Interface::Kind::fixed, place(forward, 1), place(forward, -1)};
        }
        if (module.library_class == 0) return Interface{Interface::Kind::unknown, kLast, kLast};
    }
    if (module.library_class == 0) return Interface{Interface::Kind::unknown, kLast, kLast};
    const std::string& name = facts_.library_names[module.library_class];
    if (is_pointwise_module(name)) return Interface{Interface::Kind::pointwise, kFirst, kFirst};
    if (name == "torch.nn.Sequential") {
        if (module.elements == 0) return Interface{Interface::Kind::unknown, kLast, kLast};
        const std::vector<infer::Fact> children = facts_.sequences[module.elements];
        const Slot in = slots_.fresh();
        Slot held = in;
        bool flat = false;
        int images = 0;
        int there = axes;  // what the next layer takes
        for (const infer::Fact& child : children) {
            if (child.kind != infer::Kind::module) return Interface{Interface::Kind::unknown, kLast, kLast};
            if (flat) continue;
            const std::string& of = child.library_class != 0 && child.class_index == 0 ? facts_.library_names[child.library_class] : facts_.library_names[0];
            if (is_pattern_layer(of)) {
                const infer::Value* text = facts_.value(child);
                const auto* written = text ? std::get_if<std::string>(text) : nullptr;
                if (!written || module.length < 0) return Interface{Interface::Kind::unknown, kLast, kLast};
                const Pattern& turned = layer_pattern(*written);
                const bool fits = is_image_rank(there) && turned.left == there;
                if (is_image_rank(there)) slots_.tie(held, fits ? turned.in : kFirst);
                if (!fits) slots_.tie(turned.in, kFirst);
                held = turned.out;
                there = turned.right;
                continue;
            }
            if (!is_image_rank(there)) continue;
            const auto inner = interface_of(child, there, at);
            if (!inner || inner->kind == Interface::Kind::pointwise) continue;
            if (inner->kind == Interface::Kind::unknown) unknown_call_ = at;
            images += inner->images;
            slots_.tie(held, inner->in);
            held = inner->out;
            flat = of == "torch.nn.Flatten";
            if (module.length < 0) slots_.tie(held, in);  // in any order, any number of times
        }
        return Interface{Interface::Kind::fixed, in, flat ? kFirst : held, images};
    }
    if (is_pattern_layer(name)) {
        const infer::Value* text = facts_.value(module);
        const auto* written = text ? std::get_if<std::string>(text) : nullptr;
        if (!written) return Interface{Interface::Kind::fixed, kFirst, kFirst};
        const Pattern& turned = layer_pattern(*written);
        if (turned.left != axes) slots_.tie(turned.in, kFirst);
        return Interface{Interface::Kind::fixed, turned.in, turned.out};
    }
    if (catalogue_.find(channels_last_name(name))) {
        const int wanted = wanted_axes(name);
        if (wanted != 0 && wanted != axes) obstruct(at, "`" + name + "` with an input of " + std::to_string(axes) + " axes");
        return Interface{Interface::Kind::fixed, kLast, name == "torch.nn.Flatten" ? kFirst : kLast, 1};
    }
    return Interface{Interface::Kind::fixed, kFirst, kFirst};
}

// The rank that a layer takes, or a Sequential's first layer that says so; 0 where none does.
int Planner::rank_taken(const infer::Fact& module) const {
    if (module.kind != infer::Kind::module || module.class_index != 0 || module.library_class == 0) return 0;
    const std::string& name = facts_.library_names[module.library_class];
    if (name == "torch.nn.Sequential") {
        if (module.elements == 0) return 0;
        for (const infer::Fact& child : facts_.sequences[module.elements]) {
            if (const int wanted = rank_taken(child); wanted > 0) return wanted;
            if (child.class_index != 0 || child.library_class == 0 || !is_pointwise_module(facts_.library_names[child.library_class])) return 0;
        }
        return 0;
    }
    const int wanted = catalogue_.find(channels_last_name(name)) ? wanted_axes(name) : 0;
    return wanted > 3 ? wanted : 0;  // a norm or a pool of three axes takes two as well
}

Value Planner::module_call(NodeId id, const infer::Fact& module, const std::vector<Argument>& given) {
    if (module.class_index != 0) {
        const NodeId forward = names::find_method(tree_, names_, module.class_index - 1, "forward");
        const bool pointwise = exists(forward) && given.size() == 1 && given[0].value.kind == Value::Kind::tensor && is_pointwise_function(forward);
        if (pointwise) return pointwise_of(id, {{given[0].node, given[0].value}});
        if (exists(forward)) return function_call(id, forward, true, given);
    }
    if (given.empty()) return opaque(id, given);
    const Argument& input = given[0];
    if (input.value.kind != Value::Kind::tensor) {
        if (const int wanted = rank_taken(module); wanted > 0) learn_argument(input.node, wanted);
        const auto interface = may_be_image(input) ? interface_of(module, 4, id) : std::nullopt;
        const bool plain = !interface || interface->kind == Interface::Kind::pointwise || (interface->in == kFirst && interface->out == kFirst);
        if (!plain) obstruct(id, "a call of a layer with a value of unknown rank");
        return opaque(id, given);
    }
    const auto interface = interface_of(module, input.value.rank, id);
    if (!interface) return opaque(id, given);
    if (interface->kind == Interface::Kind::unknown) return unknown_call(id, given);
    if (interface->kind == Interface::Kind::pointwise) return pointwise_of(id, {{input.node, input.value}});
    if (interface->images > 0 && pools_to_one(tree_.child(id, 0))) pixels_.insert(syntax::index(id));
    use(input.node, input.value, interface->in);
    for (std::size_t at = 1; at < given.size(); ++at) force(given[at].node, given[at].value);
    if (interface->images > 0) {
        images_ += interface->images;
        has_planes_ = has_planes_ || input.value.rank > 3;
        if (given.size() > 1) obstruct(id, "a layer that is called with further arguments");
        if (interface->out == kLast) learn_rank(id, input.value.rank);
    }
    if (rank(id) > 0) return tensor(id, interface->out);
    const infer::Fact& result = fact(id);
    if (result.kind != infer::Kind::tensor || result.rank < 0) slots_.tie(interface->out, kFirst);
    return {};
}

// `super().forward(x)` and `self._conv_forward(x, weight, bias)` of a class that derives from a layer: they take and give images as the
// layer does.
std::optional<Value> Planner::inherited_call(NodeId id, NodeId callee) {
    const NodeId around = tree_.class_of(callee);
    const std::uint32_t own = exists(around) ? names_.class_at[syntax::index(around)] : 0;
    if (own == 0 || exists(called_method(callee))) return std::nullopt;
    const NodeId object = tree_.child(callee, 0);
    const std::string_view name = tree_[callee].name;
    const bool super = tree_[object].kind == NodeKind::call && tree_.text(tree_.child(object, 0)) == "super" && (name == "forward" || name == "__call__");
    if (!super && (name != "_conv_forward" || tree_.text(object) != "self")) return std::nullopt;
    const std::vector<std::string>& bases = names_.classes[own - 1].bases;
    if (std::none_of(bases.begin(), bases.end(), [&](const std::string& base) { return is_layer_base(base); })) return std::nullopt;
    const std::vector<Argument> given = arguments(id);
    if (given.empty() || given[0].value.kind != Value::Kind::tensor) {
        obstruct(id, "a call of a layer with a value of unknown rank");
        return opaque(id, given);
    }
    ++images_;
    has_planes_ = has_planes_ || given[0].value.rank > 3;
    use(given[0].node, given[0].value, kLast);
    for (std::size_t at = 1; at < given.size(); ++at) force(given[at].node, given[at].value);
    learn_rank(id, given[0].value.rank);
    return tensor(id, kLast);
}

// Any of the file's modules may be called there: all of them take images alike then, and give images back for images.
Value Planner::unknown_call(NodeId id, const std::vector<Argument>& given) {
    if (!may_be_module(tree_.child(id, 0)) || is_other_layer(tree_.child(id, 0))) return opaque(id, given);
    int axes_there = -1;
    for (const Argument& one : given)
        if (one.value.kind == Value::Kind::tensor) axes_there = axes_there < 0 ? one.value.rank : axes_there;
    for (const Argument& one : given)
        if (one.value.kind != Value::Kind::tensor && may_be_image(one)) obstruct(id, "a call of what is not known, with a value of unknown rank");
    if (axes_there < 0) return opaque(id, given);
    unknown_call_ = id;
    for (const Argument& one : given) use(one.node, one.value, one.value.kind == Value::Kind::tensor ? kLast : kFirst);
    const infer::Fact& result = fact(id);
    learn_rank(id, axes_there);
    if (rank(id) > 0) return tensor(id, kLast);
    if (result.kind == infer::Kind::tensor && result.rank >= 0) return {};
    obstruct(id, "a call of what is not known, whose result is not known");
    return {};
}

}  // namespace mlxify::layout
