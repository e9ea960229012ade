// Calls of layers, of modules of the file, and of what is not known.
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

bool is_pattern_layer(std::string_view qualified) { return qualified == "einops.layers.torch.Rearrange" || qualified == "einops.layers.torch.Reduce"; }

}  // namespace

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

// What the class assigns to `self.drop`.
std::vector<NodeId> Planner::values_of(NodeId attribute) const {
    if (tree_[attribute].kind != NodeKind::attribute || tree_.text(tree_.child(attribute, 0)) != "self") return {};
    const auto found = assigned_.find({syntax::index(tree_.class_of(attribute)), tree_.text(attribute)});
    return found == assigned_.end() ? std::vector<NodeId>{} : found->second;
}

// What `self.drop` is, of which an option chooses: self.drop = DropPath(p) if p > 0 else nn.Identity(). Nothing where one of them is not
// known.
std::vector<infer::Fact> Planner::choices(NodeId callee) const {
    std::vector<infer::Fact> found;
    std::vector<NodeId> pending = values_of(callee);
    while (!pending.empty()) {
        const NodeId value = pending.back();
        pending.pop_back();
        if (tree_[value].kind == NodeKind::conditional) {
            pending.insert(pending.end(), {tree_.child(value, 0), tree_.child(value, 2)});
            continue;
        }
        if (tree_[value].kind == NodeKind::none_) continue;
        if (tree_[value].kind != NodeKind::call || fact(value).kind != infer::Kind::module) return {};
        found.push_back(fact(value));
    }
    return found;
}

// How any of several modules is called: all of them take and give images alike then.
std::optional<Interface> Planner::interface_of_choice(const std::vector<infer::Fact>& modules, int axes, NodeId at) {
    if (modules.empty()) return std::nullopt;
    Interface common{Interface::Kind::pointwise, slots_.fresh(), slots_.fresh()};
    for (const infer::Fact& module : modules) {
        const auto one = interface_of(module, axes, at);
        if (!one || one->kind == Interface::Kind::unknown) return std::nullopt;
        const bool pointwise = one->kind == Interface::Kind::pointwise;
        slots_.tie(common.in, pointwise ? common.out : one->in);
        if (pointwise) continue;
        slots_.tie(common.out, one->out);
        common.kind = Interface::Kind::fixed;
        common.images = std::max(common.images, one->images);
    }
    return common;
}

// `self.pool` is an adaptive pool to one pixel wherever the class sets it.
bool Planner::pools_to_one(NodeId callee) const {
    const std::vector<NodeId> values = values_of(callee);
    return !values.empty() && std::all_of(values.begin(), values.end(), [&](NodeId value) {
        return tree_[value].kind == NodeKind::call && asks_for_one(value, 1) && names::qualified_name(tree_, names_, tree_.child(value, 0)).starts_with("torch.nn.Adaptive");
    });
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

// Whether a chain of layers begins with a linear one, and has no layers but that and norms: rows of features, not images.
bool Planner::takes_rows(const infer::Fact& module) const {
    if (module.kind != infer::Kind::module || module.class_index != 0 || module.library_class == 0) return false;
    if (facts_.library_names[module.library_class] == "torch.nn.Linear") return true;
    if (facts_.library_names[module.library_class] != "torch.nn.Sequential" || module.elements == 0) return false;
    bool first = true;
    for (const infer::Fact& child : facts_.sequences[module.elements]) {
        if (child.kind != infer::Kind::module || child.class_index != 0 || child.library_class == 0) return false;
        const std::string& name = facts_.library_names[child.library_class];
        if (is_pointwise_module(name)) continue;
        if (first && name != "torch.nn.Linear") return false;
        if (catalogue_.find(channels_last_name(name)) && name != "torch.nn.BatchNorm1d") return false;
        first = false;
    }
    return !first;
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
        const std::vector<infer::Fact> any = choices(tree_.child(id, 0));
        const bool rows = takes_rows(module) || (!any.empty() && std::all_of(any.begin(), any.end(), [&](const infer::Fact& one) { return takes_rows(one); }));
        const auto interface = may_be_image(input) && !rows ? interface_of(module, 4, id) : std::nullopt;
        const bool plain = !interface || interface->kind == Interface::Kind::pointwise || (interface->in == kFirst && interface->out == kFirst);
        if (!plain) obstruct(id, "a call of a layer with a value of unknown rank");
        return opaque(id, given);
    }
    const auto interface = interface_of(module, input.value.rank, id);
    if (!interface) return opaque(id, given);
    if (interface->kind == Interface::Kind::unknown) return unknown_call(id, given);
    return layer_call(id, given, *interface);
}

// A call with an image of what is called so.
Value Planner::layer_call(NodeId id, const std::vector<Argument>& given, const Interface& interface) {
    const Argument& input = given[0];
    if (interface.kind == Interface::Kind::pointwise) return pointwise_of(id, {{input.node, input.value}});
    if (interface.images > 0 && pools_to_one(tree_.child(id, 0))) pixels_.insert(syntax::index(id));
    use(input.node, input.value, interface.in);
    for (std::size_t at = 1; at < given.size(); ++at) force(given[at].node, given[at].value);
    if (interface.images > 0) {
        images_ += interface.images;
        has_planes_ = has_planes_ || input.value.rank > 3;
        if (given.size() > 1) obstruct(id, "a layer that is called with further arguments");
        if (interface.out == kLast) learn_rank(id, input.value.rank);
    }
    if (rank(id) > 0) return tensor(id, interface.out);
    const infer::Fact& result = fact(id);
    if (result.kind != infer::Kind::tensor || result.rank < 0) slots_.tie(interface.out, kFirst);
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

// The rank of what every module of the file takes, if that is the same; else -1.
int Planner::rank_of_all_modules() const {
    std::set<int> ranks;
    for (const auto& [number, function] : functions_) {
        const NodeId id{number};
        const auto parameters = tree_.children(tree_.child(id, 0));
        if (tree_[id].name != "forward" || !exists(tree_.class_of(id)) || parameters.size() < 2 || is_pointwise_function(id)) continue;
        const bool entry = std::find(names_.entry_points.begin(), names_.entry_points.end(), tree_.class_of(id)) != names_.entry_points.end();
        if (!entry) ranks.insert(rank(parameters[1]));
    }
    return ranks.size() == 1 ? *ranks.begin() : -1;
}

// `self.flash` that is only ever set to what another library makes, or to None.
bool Planner::is_of_other_library(NodeId callee) const {
    const std::vector<NodeId> values = values_of(callee);
    const auto is_foreign = [&](NodeId value) {
        if (tree_[value].kind != NodeKind::call) return false;
        const std::string qualified = names::qualified_name(tree_, names_, tree_.child(value, 0));
        return !qualified.empty() && !qualified.starts_with("torch.") && qualified != "functools.partial";
    };
    return std::any_of(values.begin(), values.end(), is_foreign) &&
           std::all_of(values.begin(), values.end(), [&](NodeId value) { return tree_[value].kind == NodeKind::none_ || is_foreign(value); });
}

// Any of the file's modules may be called there: all of them take images alike then, and give images back for images.
Value Planner::unknown_call(NodeId id, const std::vector<Argument>& given) {
    if (!may_be_module(tree_.child(id, 0)) || is_of_other_library(tree_.child(id, 0))) return opaque(id, given);
    if (given.size() == 1 || (!given.empty() && given[0].value.kind == Value::Kind::tensor)) {
        const bool image = given[0].value.kind == Value::Kind::tensor;
        const auto interface = interface_of_choice(choices(tree_.child(id, 0)), image ? given[0].value.rank : 4, id);
        if (interface && image) return layer_call(id, given, *interface);
        if (interface && interface->kind == Interface::Kind::pointwise) return opaque(id, given);
    }
    int axes_there = -1;
    for (const Argument& one : given)
        if (one.value.kind == Value::Kind::tensor) axes_there = axes_there < 0 ? one.value.rank : axes_there;
    for (const Argument& one : given) {
        if (one.value.kind == Value::Kind::tensor || !may_be_image(one)) continue;
        if (given.size() == 1 && !values_of(tree_.child(id, 0)).empty()) learn_argument(one.node, rank_of_all_modules());
        obstruct(id, "a call of what is not known, with a value of unknown rank");
    }
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
