// Calls: what is called, with what; those of operators and of modules stand in files of their own.
#include <algorithm>

#include "base/text.h"
#include "layout/planner.h"

namespace mlxify::layout {

using base::last_part;

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

// Whether a function says that it may give None; to run out of choices is no way to give it.
bool Planner::gives_none(NodeId function) const {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::return_ || tree_.function_of(id) != function) continue;
        const NodeId value = tree_.children(id).empty() ? kNoNode : tree_.child(id, 0);
        if (!exists(value) || tree_[value].kind == NodeKind::none_ || fact(value).maybe_none) return true;
    }
    return false;
}

Value Planner::result_of(NodeId id, NodeId function) {
    const infer::Fact& result = fact(id);
    if (const auto known = learned_.results.find(syntax::index(function)); known != learned_.results.end() && (!result.maybe_none || !gives_none(function)))
        learn_rank(id, known->second);
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

}  // namespace mlxify::layout
