#include "verify/touch.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>

#include "verify/guess.h"
#include "verify/layer_wants.h"
#include "verify/usage.h"

namespace mlxify::verify {
namespace {

using syntax::Kind;
using syntax::Node;
using syntax::NodeId;
using syntax::Tree;

constexpr int kDeepestTouch = 8;  // of methods and submodules

std::vector<std::string> parameter_names(const Tree& tree, NodeId function, bool skip_self) {
    std::vector<std::string> names;
    for (const NodeId parameter : tree.children(tree.child(function, 0)))
        if (tree[parameter].kind == Kind::parameter) names.emplace_back(tree[parameter].name);
    if (skip_self && !names.empty()) names.erase(names.begin());
    return names;
}

// `self.a.b[0].c` as "a.b.0.c"; nullopt for anything else.
std::optional<std::string> self_path(const Tree& tree, NodeId node) {
    std::vector<std::string> parts;
    while (true) {
        const Node& n = tree[node];
        if (n.kind == Kind::attribute) {
            parts.emplace_back(n.name);
        } else if (n.kind == Kind::subscript && tree[tree.child(node, 1)].kind == Kind::integer) {
            parts.emplace_back(tree[tree.child(node, 1)].name);
        } else {
            if (n.kind != Kind::name || n.name != "self" || parts.empty()) return std::nullopt;
            break;
        }
        node = tree.child(node, 0);
    }
    std::string path;
    for (std::size_t i = parts.size(); i-- > 0;) path += (path.empty() ? "" : ".") + parts[i];
    return path;
}

class Toucher {
public:
    Toucher(const Tree& tree, const Construction& model) : tree_(tree), model_(model) {}

    // The first statement of `function` that says something of `parameter`. `prefix`: path of the module whose method it is.
    InputHint touch(NodeId function, NodeId class_node, std::string_view parameter, const std::string& prefix, int descent) const {
        InputHint hint;
        if (descent > kDeepestTouch) return hint;
        for (std::uint32_t i = 1; i < tree_.size(); ++i) {  // post-order: roughly the order of the source
            const NodeId use{i};
            const Node& node = tree_[use];
            if (node.kind != Kind::name || node.name != parameter || !inside(tree_, use, body_of(tree_, function))) continue;
            const NodeId renaming = tree_[use].parent;  // `h = x`
            const bool renamed = tree_[renaming].kind == Kind::assign && tree_.child(renaming, 0) == use && tree_[tree_.child(renaming, 1)].kind == Kind::name;
            // Once rank and size are known, a later use tells at most into what pieces the axes are cut.
            const bool known = hint.rank >= 0 && (hint.last >= 0 || hint.channels >= 0 || hint.indices_below >= 0);
            if (renamed && known) continue;
            const InputHint other = renamed ? touch(function, class_node, tree_[tree_.child(renaming, 1)].name, prefix, descent + kDeepestTouch / 3)
                                            : one_use(use, class_node, prefix, descent);
            const bool cut = std::any_of(other.multiples.begin(), other.multiples.end(), [](std::int64_t multiple) { return multiple > 1; });
            if (!known || (cut && hint.axes.empty() && other.rank == hint.rank)) merge(hint, other);
            if (is_reshaped(use, parameter, prefix)) break;
        }
        return hint;
    }

    // What the module at `path` wants of its input number `slot`.
    InputHint module_wants(const std::string& path, int descent, std::size_t slot = 0) const {
        const ModuleOf* module = module_at(path);
        if (module == nullptr || descent > kDeepestTouch) return {};
        if (const auto simple = layer_wants(model_, *module)) return *simple;
        const NodeId own = top_level_definition(tree_, class_of(*module));
        if (exists(own) && tree_[own].kind == Kind::class_def) {
            if (const NodeId forward = own_method(tree_, own, "forward"); exists(forward)) {
                const std::vector<std::string> names = parameter_names(tree_, forward, true);
                return slot < names.size() ? touch(forward, own, names[slot], path, descent + 1) : InputHint{};
            }
        }
        return slot == 0 ? container_wants(path, descent) : InputHint{};
    }

private:
    // Whether the statement stands in an `if` of its function.
    [[nodiscard]] bool is_conditional(NodeId statement) const {
        for (NodeId node = tree_[statement].parent; exists(node) && tree_[node].kind != Kind::function_def; node = tree_[node].parent)
            if (tree_[node].kind == Kind::if_) return true;
        return false;
    }

    // Whether a statement before gives the name another value.
    [[nodiscard]] bool is_assigned_before(NodeId use) const {
        const NodeId function = tree_.function_of(use);
        for (std::uint32_t i = 1; i < tree_.size() && exists(function); ++i) {
            const Node& node = tree_[NodeId{i}];
            if (node.kind != Kind::name || node.name != tree_[use].name || node.span.begin >= tree_[use].span.begin || !inside(tree_, NodeId{i}, body_of(tree_, function))) continue;
            NodeId target{i};
            while (tree_[tree_[target].parent].kind == Kind::tuple) target = tree_[target].parent;
            const NodeId statement = tree_[target].parent;
            if (tree_[statement].kind == Kind::assign && tree_.child(statement, 0) != target && !inside(tree_, use, statement)) return true;
        }
        return false;
    }

    // `x = x.view(...)`, `x = self.embed(x)`: later uses of the name say nothing of the input.
    [[nodiscard]] bool is_reshaped(NodeId use, std::string_view parameter, const std::string& prefix) const {
        NodeId value = use;
        while (tree_[tree_[value].parent].kind == Kind::attribute || tree_[tree_[value].parent].kind == Kind::call) value = tree_[value].parent;
        const NodeId statement = tree_[value].parent;
        if (value == use || tree_[statement].kind != Kind::assign || tree_.child(statement, 0) != value) return false;
        if (tree_[tree_.child(statement, 1)].name != parameter || is_conditional(statement)) return false;
        if (const auto path = tree_[value].kind == Kind::call ? self_path(tree_, tree_.child(value, 0)) : std::nullopt) {
            const ModuleOf* module = module_at(prefix.empty() ? *path : prefix + "." + *path);
            if (module != nullptr && (exists(top_level_definition(tree_, class_of(*module))) || layer_wants(model_, *module))) return true;
        }
        constexpr std::array<std::string_view, 9> kReshaping = {"rearrange", "reduce(", "view(", "reshape(", "permute(", "transpose(", "flatten(", "unsqueeze(", "unfold("};
        const std::string_view text = tree_.text(value);
        return std::any_of(kReshaping.begin(), kReshaping.end(), [&](std::string_view name) { return text.find(name) != std::string_view::npos; });
    }

    static void merge(InputHint& hint, const InputHint& other) {
        if (hint.rank < 0) hint.rank = other.rank;
        hint.least_rank = std::max(hint.least_rank, other.least_rank);
        hint.space = hint.space || other.space;
        if (hint.last < 0) hint.last = other.last;
        if (hint.channels < 0) hint.channels = other.channels;
        if (hint.indices_below < 0) hint.indices_below = other.indices_below;
        if (hint.axes.empty()) {
            hint.axes = other.axes;
            hint.sizes = other.sizes;
            hint.multiples = other.multiples;
        }
    }

    // The first child that wants anything; before it, a rearrangement of what it wants.
    InputHint container_wants(const std::string& path, int descent, std::size_t slot = 0) const {
        const std::string inner = path.empty() ? "" : path + ".";
        const ModuleOf* before = nullptr;
        InputHint hint;
        for (const ModuleOf& child : model_.modules) {
            if (child.name.empty() || !child.name.starts_with(inner) || child.name.find('.', inner.size()) != std::string::npos) continue;
            if (before == nullptr) {
                hint = module_wants(child.name, descent + 1, slot);
                if (hint != InputHint{}) return hint;
                if (changes_axes(class_of(child))) before = &child;
                continue;
            }
            hint = module_wants(child.name, descent + 1);
            break;
        }
        if (before == nullptr) return hint;
        const auto rearrange = read_rearrange_layer(before->text);
        return rearrange ? rearranged_wants(rearrange->first, rearrange->second, hint) : InputHint{};
    }

    InputHint one_use(NodeId use, NodeId class_node, const std::string& prefix, int descent) const {
        const NodeId parent = tree_[use].parent;
        const Node& node = tree_[parent];
        if (node.kind == Kind::attribute && (node.name == "shape" || node.name == "size")) return shape_use(parent);
        if (node.kind == Kind::attribute) return method_use(parent);
        if (node.kind == Kind::call && tree_.child(parent, 0) != use) return call_use(use, parent, class_node, prefix, descent);
        if (node.kind == Kind::subscript && tree_.child(parent, 0) == use) {
            const NodeId index = tree_.child(parent, 1);
            if (tree_[index].kind != Kind::tuple) return {};
            InputHint hint;
            int rank = 0;
            for (const NodeId item : tree_.children(index)) {
                if (tree_[item].kind == Kind::ellipsis) return {};
                if (tree_[item].kind != Kind::none_) ++rank;
            }
            (rank >= 4 ? hint.rank : hint.least_rank) = rank;
            return hint;
        }
        return {};
    }

    // `x.permute(0, 2, 1)` takes three axes, `x.transpose(1, 2)` and `x.flatten(2)` three or more, `x.mean(dim=[2, 3])` an image.
    [[nodiscard]] InputHint method_use(NodeId attribute) const {
        InputHint hint;
        const NodeId call = tree_[attribute].parent;
        if (tree_[call].kind != Kind::call || tree_.child(call, 0) != attribute || is_conditional(call) || is_assigned_before(tree_.child(attribute, 0))) return hint;
        const std::string_view method = tree_[attribute].name;
        std::vector<std::int64_t> axes;
        bool whole = true;  // only numbers
        const auto add = [&](NodeId argument) {
            if (tree_[argument].kind == Kind::keyword) argument = tree_.child(argument, 0);
            const auto items = tree_[argument].kind == Kind::tuple || tree_[argument].kind == Kind::list ? tree_.children(argument) : std::span<const NodeId>(&argument, 1);
            for (const NodeId item : items) {
                const auto number = tree_[item].kind == Kind::integer ? integer_text(tree_[item].name) : std::nullopt;
                whole = whole && number.has_value();
                if (number) axes.push_back(*number);
            }
        };
        for (const NodeId argument : tree_.children(call).subspan(1))
            if (tree_[argument].kind != Kind::keyword || tree_[argument].name.starts_with("dim") || tree_[argument].name == "start_dim") add(argument);
        if (!whole || axes.empty()) return hint;
        const std::int64_t largest = *std::max_element(axes.begin(), axes.end());
        constexpr std::array<std::string_view, 6> kOfAxes = {"transpose", "swapaxes", "mean", "sum", "flatten", "unbind"};
        if (largest > 5) return hint;
        if (method == "permute") hint.rank = static_cast<int>(axes.size());
        else if (std::find(kOfAxes.begin(), kOfAxes.end(), method) != kOfAxes.end()) hint.least_rank = static_cast<int>(largest) + 1;
        hint.space = method == "mean" && axes == std::vector<std::int64_t>{2, 3};
        return hint;
    }

    // `b, l, d = x.shape`, `x.size()`, `x.shape[2]`, `*_, h, w = x.shape`
    InputHint shape_use(NodeId attribute) const {
        InputHint hint;
        NodeId value = attribute;
        const NodeId call = tree_[attribute].parent;
        if (tree_[call].kind == Kind::call && tree_.child(call, 0) == attribute) value = call;
        const NodeId statement = tree_[value].parent;
        const NodeId axis = value != attribute && tree_[value].child_count == 2 ? tree_.child(value, 1)  // x.size(2)
                            : tree_[statement].kind == Kind::subscript           ? tree_.child(statement, 1)
                                                                                  : syntax::kNoNode;
        if (exists(axis) && tree_[axis].kind == Kind::integer && tree_[axis].name.size() == 1) hint.least_rank = tree_[axis].name[0] - '0' + 1;
        if (tree_[statement].kind != Kind::assign || tree_.child(statement, 0) != value) return hint;
        const NodeId target = tree_.child(statement, 1);
        if (tree_[target].kind != Kind::tuple && tree_[target].kind != Kind::list) return hint;
        for (const NodeId axis : tree_.children(target)) {
            if (tree_[axis].kind == Kind::starred) return last_axes(target);
            hint.axes.emplace_back(tree_.text(axis));
        }
        hint.rank = static_cast<int>(hint.axes.size());
        return hint;
    }

    // `*_, h, w = x.shape`
    [[nodiscard]] InputHint last_axes(NodeId target) const {
        const auto axes = tree_.children(target);
        InputHint hint;
        hint.least_rank = static_cast<int>(axes.size()) - 1;
        const std::string_view last = tree_[axes.back()].name;
        hint.space = axes.size() > 2 && (last == "w" || last == "W" || last == "width");
        return hint;
    }

    InputHint call_use(NodeId use, NodeId call, NodeId class_node, const std::string& prefix, int descent) const {
        const NodeId callee = tree_.child(call, 0);
        InputHint hint;
        const std::size_t slot = argument_slot(call, use);
        if (const auto path = self_path(tree_, callee)) {
            const NodeId method = exists(class_node) ? own_method(tree_, class_node, *path) : syntax::kNoNode;
            if (!exists(method)) return module_wants(prefix.empty() ? *path : prefix + "." + *path, descent + 1, slot);
            const std::vector<std::string> names = parameter_names(tree_, method, true);
            return slot < names.size() ? touch(method, class_node, names[slot], prefix, descent + 1) : hint;
        }
        if (const auto path = looped_path(callee)) return container_wants(prefix.empty() || path->empty() ? prefix + *path : prefix + "." + *path, descent + 1, slot);
        const Node& function = tree_[callee];
        const bool named = function.kind == Kind::name || function.kind == Kind::attribute;
        if (named && (function.name == "rearrange" || function.name == "repeat" || function.name == "reduce")) {
            const NodeId pattern = tree_.child(call, 2);
            if (exists(pattern) && tree_[pattern].kind == Kind::string) return pattern_wants(call, tree_[pattern].name);
        } else if (named && function.name == "einsum") {
            return subscripts_want(call, use);
        } else if (named && function.name.starts_with("conv") && function.name.ends_with("d") && slot == 0) {
            hint.rank = function.name == "conv2d" ? 4 : function.name == "conv1d" ? 3 : -1;
        } else if (function.kind == Kind::name) {
            const NodeId own = top_level_definition(tree_, function.name);
            if (!exists(own) || tree_[own].kind != Kind::function_def) return hint;
            const std::vector<std::string> names = parameter_names(tree_, own, false);
            if (slot < names.size()) return touch(own, syntax::kNoNode, names[slot], prefix, descent + 1);
        }
        return hint;
    }

    // `for i, block in enumerate(self.blocks): x = block(x)`: "blocks"; empty for a loop over `self`.
    [[nodiscard]] std::optional<std::string> looped_path(NodeId callee) const {
        if (tree_[callee].kind != Kind::name) return std::nullopt;
        for (NodeId at = tree_[callee].parent; exists(at); at = tree_[at].parent) {
            if (tree_[at].kind != Kind::for_) continue;
            const NodeId target = tree_.child(at, 0);
            NodeId iterable = tree_.child(at, 1);
            std::size_t slot = 0;
            if (tree_[target].kind == Kind::tuple) {
                const auto parts = tree_.children(target);
                slot = static_cast<std::size_t>(std::find_if(parts.begin(), parts.end(), [&](NodeId part) { return tree_[part].name == tree_[callee].name; }) - parts.begin());
                if (slot == parts.size() || tree_[iterable].kind != Kind::call) continue;
                const std::string_view function = tree_.text(tree_.child(iterable, 0));
                if (function == "enumerate") slot = 0;
                else if (function != "zip") return std::nullopt;
                if (slot + 1 >= tree_.children(iterable).size()) return std::nullopt;
                iterable = tree_.child(iterable, static_cast<std::uint32_t>(slot + 1));
            } else if (tree_[target].name != tree_[callee].name) {
                continue;
            }
            if (tree_.text(iterable) == "self") return "";
            return self_path(tree_, iterable);
        }
        return std::nullopt;
    }

    [[nodiscard]] std::size_t argument_slot(NodeId call, NodeId use) const {
        const auto children = tree_.children(call);
        const auto found = std::find(children.begin(), children.end(), use);
        return static_cast<std::size_t>(found - children.begin()) - 1;
    }

    // `einsum("blhe,bshe->bhls", q, k)`
    [[nodiscard]] InputHint subscripts_want(NodeId call, NodeId use) const {
        InputHint hint;
        const std::size_t slot = argument_slot(call, use);
        std::string_view equation = tree_.text(tree_.child(call, 1));
        equation = equation.substr(0, equation.find("->"));
        if (tree_[tree_.child(call, 1)].kind != Kind::string || equation.find("..") != std::string_view::npos) return hint;
        std::size_t operand = 1;
        for (const char c : equation) {
            if (c == ',') ++operand;
            else if (operand == slot && std::isalpha(static_cast<unsigned char>(c)) != 0) hint.axes.emplace_back(1, c);
        }
        if (!hint.axes.empty()) hint.rank = static_cast<int>(hint.axes.size());
        return hint;
    }

    // `rearrange(x, 'b (h p) c -> ...', p=4)`
    [[nodiscard]] InputHint pattern_wants(NodeId call, std::string_view literal) const {
        const std::size_t begin = literal.find_first_of("'\""), end = literal.find_last_of("'\"");
        const auto pattern = end > begin ? read_pattern(literal.substr(begin + 1, end - begin - 1)) : std::nullopt;
        if (!pattern) return {};
        std::map<std::string, std::int64_t> lengths;
        for (const NodeId argument : tree_.children(call)) {
            if (tree_[argument].kind != Kind::keyword || tree_[tree_.child(argument, 0)].kind != Kind::integer) continue;
            if (const auto length = integer_text(tree_[tree_.child(argument, 0)].name)) lengths[std::string(tree_[argument].name)] = *length;
        }
        return rearranged_wants(*pattern, std::move(lengths), {});
    }

    [[nodiscard]] const ModuleOf* module_at(const std::string& path) const {
        const auto found = std::find_if(model_.modules.begin(), model_.modules.end(), [&](const ModuleOf& module) { return module.name == path; });
        return found == model_.modules.end() ? nullptr : &*found;
    }

    static std::string class_of(const ModuleOf& module) { return module.type.substr(module.type.rfind('.') + 1); }

    const Tree& tree_;
    const Construction& model_;
};

std::optional<std::string> literal_string(const Tree& tree, NodeId node) {
    if (tree[node].kind != Kind::string || tree[node].has(syntax::Flag::is_fstring)) return std::nullopt;
    const std::string_view text = tree[node].name;
    if (text.size() < 2 || (text[0] != '"' && text[0] != '\'') || text.find('\\') != std::string_view::npos) return std::nullopt;
    if (text.find(text[0], 1) != text.size() - 1) return std::nullopt;
    return std::string(text.substr(1, text.size() - 2));
}

}  // namespace

NodeId body_of(const Tree& tree, NodeId definition) {
    return tree[definition].kind == Kind::class_def ? tree.child(definition, 0) : tree.child(definition, 2);
}

NodeId own_method(const Tree& tree, NodeId class_node, std::string_view name) {
    for (const NodeId statement : tree.children(body_of(tree, class_node)))
        if (tree[statement].kind == Kind::function_def && tree[statement].name == name) return statement;
    return syntax::kNoNode;
}

bool inside(const Tree& tree, NodeId node, NodeId around) { return tree[around].span.contains(tree[node].span); }

NodeId top_level_definition(const Tree& tree, std::string_view name) {
    for (const NodeId statement : tree.children(tree.child(tree.root(), 0))) {
        const Node& node = tree[statement];
        if ((node.kind == Kind::class_def || node.kind == Kind::function_def) && node.name == name) return statement;
    }
    return syntax::kNoNode;
}

// What the author states of each of these names, in their order; empty where something is left out.
static std::vector<Documented> stated_parts(const Tree& tree, NodeId function, const std::vector<std::string>& names) {
    std::vector<Documented> parts;
    if (names.empty()) return parts;
    const auto stated = documented_inputs(tree, syntax::kNoNode, function, names);
    for (const std::string& name : names)
        if (const auto found = stated.find(name); found != stated.end()) parts.push_back(found->second);
    return parts.size() == names.size() ? parts : std::vector<Documented>{};
}

std::map<std::string, InputHint> input_hints(const Tree& tree, std::string_view entry, std::string_view method,
                                             const Construction& model) {
    std::map<std::string, InputHint> hints;
    const NodeId definition = top_level_definition(tree, entry);
    if (!exists(definition)) return hints;
    const bool is_class = tree[definition].kind == Kind::class_def;
    const NodeId function = is_class ? own_method(tree, definition, method.empty() ? "forward" : method) : definition;
    if (!exists(function)) return hints;
    const Toucher toucher(tree, model);
    const std::vector<std::string> names = parameter_names(tree, function, is_class);
    const auto documented = documented_inputs(tree, is_class ? definition : syntax::kNoNode, function, names);
    for (const std::string& name : names) {
        InputHint& hint = hints[name] = toucher.touch(function, is_class ? definition : syntax::kNoNode, name, "", 0);
        const Usage usage = usage_of(tree, entry, name, method.empty() ? "forward" : method);
        hint.flag = usage.condition && !usage.number && !usage.sequence && hint == InputHint{};
        hint.of_function = !is_class;
        hint.counted = usage.counted;
        hint.device = usage.device || name == "device";
        hint.called = usage.called;
        hint.results = usage.results;
        hint.mapping = usage.mapping;
        hint.unpacked = usage.unpacked;
        hint.fields = fields_read(tree, entry, name);
        if (const auto stated = documented.find(name); stated != documented.end()) hint.documented = stated->second;
        hint.parts = stated_parts(tree, function, usage.unpacked);
        for (const std::string& literal : usage.literals) hint.literals.push_back(literal.substr(1, literal.size() - 2));
    }
    return hints;
}

std::vector<std::string> compared_strings(const Tree& tree, std::string_view entry, std::string_view name) {
    std::vector<std::string> values;
    const NodeId definition = entry.empty() ? tree.root() : top_level_definition(tree, entry);
    if (!exists(definition)) return values;
    for (std::uint32_t i = 1; i < tree.size(); ++i) {
        const NodeId compare{i};
        if (tree[compare].kind != Kind::compare || !inside(tree, compare, definition)) continue;
        const Node& left = tree[tree.child(compare, 0)];
        if ((left.kind != Kind::name && left.kind != Kind::attribute) || left.name != name) continue;
        const NodeId right = tree.child(compare, 1);
        std::vector<NodeId> candidates = {right};
        if (tree[right].kind == Kind::tuple || tree[right].kind == Kind::list || tree[right].kind == Kind::set)
            candidates.assign(tree.children(right).begin(), tree.children(right).end());
        for (const NodeId candidate : candidates) {
            const auto value = literal_string(tree, candidate);
            if (value && std::find(values.begin(), values.end(), *value) == values.end()) values.push_back(*value);
        }
    }
    return values;
}

std::vector<std::string> fields_read(const Tree& tree, std::string_view entry, std::string_view object) {
    std::vector<std::string> fields;
    const NodeId definition = top_level_definition(tree, entry);
    if (!exists(definition)) return fields;
    for (std::uint32_t i = 1; i < tree.size(); ++i) {
        const Node& node = tree[NodeId{i}];
        if (node.kind != Kind::attribute || !inside(tree, NodeId{i}, definition)) continue;
        const Node& owner = tree[tree.child(NodeId{i}, 0)];
        if (owner.kind == Kind::name && owner.name == object &&
            std::find(fields.begin(), fields.end(), node.name) == fields.end())
            fields.emplace_back(node.name);
    }
    return fields;
}

}  // namespace mlxify::verify
