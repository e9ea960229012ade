#include "names/names.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "base/text.h"
#include "names/scope_builder.h"

namespace mlxify::names {

using base::last_part;
using syntax::index;
using syntax::Kind;
using syntax::kNoNode;
using syntax::Node;

namespace {

bool starts_upper(std::string_view name) { return !name.empty() && name[0] >= 'A' && name[0] <= 'Z'; }

// Packages whose capitalised exports are module classes.
constexpr std::array<std::string_view, 9> kModulePackages{
    "fla.modules.",        "fla.layers.",      "einops.layers.torch.", "timm.layers.",   "timm.models.layers.",
    "torchvision.models.", "torchvision.ops.", "mamba_ssm.modules.",   "x_transformers."};

// Exports of torch.nn that are capitalised and no modules.
constexpr std::array<std::string_view, 4> kNoModules{"Parameter", "UninitializedParameter", "UninitializedBuffer",
                                                     "Buffer"};

bool is_library_module(std::string_view name) {
    constexpr std::string_view kNn = "torch.nn.";
    const std::string_view last = last_part(name);
    if (name.starts_with(kNn) && name.find('.', kNn.size()) == std::string_view::npos) {
        for (const std::string_view other : kNoModules)
            if (last == other) return false;
        return starts_upper(last);
    }
    for (const std::string_view package : kModulePackages)
        if (name.starts_with(package)) return starts_upper(last);
    return last.ends_with("LightningModule") || last.ends_with("PreTrainedModel") || last == "ScriptModule" ||
           (name.find('.') != std::string_view::npos && (last == "Module" || last == "BaseModule"));
}

// A base that is neither of this file nor known: a class with a `forward` of its own is taken for a module.
bool has_forward(const syntax::Tree& tree, const ClassInfo& info) {
    for (const NodeId method : info.methods)
        if (tree[method].name == "forward") return true;
    return false;
}

bool is_known_non_module(std::string_view base) {
    return base == "torch.autograd.Function" || base == "object" || base == "abc.ABC" || base == "enum.Enum" ||
           base.starts_with("typing.") || base == "tuple" || base == "dict" || base == "list";
}

// Whether a definition stands at module level, perhaps under `if`, `try` or `with`.
bool stands_at_top(const syntax::Tree& tree, NodeId node) {
    for (NodeId parent = tree[node].parent; exists(parent); parent = tree[parent].parent) {
        const Kind kind = tree[parent].kind;
        if (kind == Kind::function_def || kind == Kind::class_def || kind == Kind::lambda) return false;
    }
    return true;
}

void read_bases(const syntax::Tree& tree, Names& names, ClassInfo& info) {
    for (std::uint32_t slot = 1; slot < tree.decorator_begin(info.node); ++slot) {
        NodeId base = tree.child(info.node, slot);
        if (tree[base].kind == Kind::keyword) continue;
        if (tree[base].kind == Kind::subscript) base = tree.child(base, 0);  // Generic[T]
        std::string name = qualified_name(tree, names, base);
        if (name.empty()) {
            name = tree.text(base);
            const Binding& binding = names[names.binding(base)];
            if (binding.kind == BindingKind::class_ && binding.stores.size() == 1)
                info.file_bases.push_back(names.class_at[index(binding.definition)] - 1);
        }
        info.is_named_tuple |= name == "typing.NamedTuple";
        info.is_enum |= name == "enum.Enum" || name == "enum.IntEnum";
        info.bases.push_back(std::move(name));
    }
}

void read_decorators(const syntax::Tree& tree, const Names& names, ClassInfo& info) {
    for (std::uint32_t slot = tree.decorator_begin(info.node); slot < tree[info.node].child_count; ++slot) {
        NodeId expression = tree.child(tree.child(info.node, slot), 0);
        if (tree[expression].kind == Kind::call) expression = tree.child(expression, 0);
        info.is_dataclass |= last_part(qualified_name(tree, names, expression)) == "dataclass";
    }
}

// Bases mostly stand before their heirs; a second round serves the rest.
void mark_modules(const syntax::Tree& tree, Names& names) {
    for (int round = 0; round < 2; ++round) {
        for (ClassInfo& info : names.classes) {
            bool unknown_base = false;
            for (const std::string& base : info.bases) {
                info.is_autograd_function |= base == "torch.autograd.Function";
                info.is_module |= is_library_module(base);
                unknown_base |= !is_known_non_module(base);
            }
            for (const std::uint32_t base : info.file_bases) {
                info.is_module |= names.classes[base].is_module;
                info.is_dataclass |= names.classes[base].is_dataclass;
                info.is_named_tuple |= names.classes[base].is_named_tuple;
                info.is_enum |= names.classes[base].is_enum;
                info.is_autograd_function |= names.classes[base].is_autograd_function;
            }
            if (unknown_base && info.file_bases.empty() && !info.is_enum && !info.is_named_tuple)
                info.is_module |= has_forward(tree, info);
        }
    }
}

// The top-level definition around a node, or kNoNode in module-level code.
NodeId top_definition(const syntax::Tree& tree, NodeId node) {
    NodeId found = kNoNode;
    for (; exists(node); node = tree[node].parent)
        if (tree[node].kind == Kind::function_def || tree[node].kind == Kind::class_def) found = node;
    return found;
}

// The top-level definitions that use one, but for itself and for tests.
std::vector<NodeId> users_of(const syntax::Tree& tree, const Binding& binding) {
    std::vector<NodeId> users;
    for (const NodeId load : binding.loads) {
        const NodeId user = top_definition(tree, load);
        if (exists(user) && user != binding.definition && !is_trial(tree, user)) users.push_back(user);
    }
    return users;
}

bool is_called(const syntax::Tree& tree, const Binding& binding) {
    return std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) {
        const NodeId parent = tree[load].parent;
        return exists(parent) && tree[parent].kind == Kind::call && tree.child(parent, 0) == load;
    });
}

// Functions that no class uses, not even by way of other functions: `def small(): return Net(8)`.
std::set<NodeId> functions_beside_classes(const syntax::Tree& tree, const Names& names) {
    std::set<NodeId> beside;
    std::map<NodeId, std::vector<NodeId>> users;
    for (const BindingId id : names.scopes[0].bindings) {
        const Binding& binding = names[id];
        if (binding.kind != BindingKind::function) continue;
        beside.insert(binding.definition);
        users.emplace(binding.definition, users_of(tree, binding));
    }
    const auto of_a_class = [&](NodeId user) { return !beside.contains(user); };
    for (bool changed = true; changed;) {
        changed = false;
        for (const auto& [function, by] : users)
            if (beside.contains(function) && std::any_of(by.begin(), by.end(), of_a_class)) changed = beside.erase(function) > 0;
    }
    return beside;
}

// A class whose `forward` does nothing but raise: what others of a package fill in.
bool only_raises(const syntax::Tree& tree, const Names& names, NodeId definition) {
    if (tree[definition].kind != Kind::class_def) return false;
    for (const NodeId method : names.classes[names.class_at[index(definition)] - 1].methods) {
        if (tree[method].name != "forward") continue;
        std::span<const NodeId> body = tree.children(tree.child(method, 2));
        const bool documented = !body.empty() && tree[body[0]].kind == Kind::expression_statement && tree[tree.child(body[0], 0)].kind == Kind::string;
        if (documented) body = body.subspan(1);
        return body.size() == 1 && tree[body[0]].kind == Kind::raise_;
    }
    return false;
}

void find_entry_points(const syntax::Tree& tree, Names& names) {
    std::vector<NodeId> module_classes;
    const std::set<NodeId> beside = functions_beside_classes(tree, names);
    for (const BindingId id : names.scopes[0].bindings) {
        const Binding& binding = names[id];
        const bool is_class = binding.kind == BindingKind::class_;
        if (!is_class && binding.kind != BindingKind::function) continue;
        if (is_class && !names.classes[names.class_at[index(binding.definition)] - 1].is_module) continue;
        if (!is_class && (binding.name.starts_with('_') || is_trial(tree, binding.definition))) continue;
        if (is_class) module_classes.push_back(binding.definition);
        const std::vector<NodeId> users = users_of(tree, binding);
        // A model that only factories of the file make is what the file is for.
        const bool made_by_factories = is_class && is_called(tree, binding) &&
                                       std::all_of(users.begin(), users.end(), [&](NodeId user) { return beside.contains(user); });
        if (users.empty() || made_by_factories) names.entry_points.push_back(binding.definition);
    }
    const auto is_stub = [&](NodeId definition) { return only_raises(tree, names, definition); };
    if (!std::all_of(names.entry_points.begin(), names.entry_points.end(), is_stub)) std::erase_if(names.entry_points, is_stub);
    // Classes that use each other in a circle leave none: then each counts.
    if (names.entry_points.empty()) names.entry_points = std::move(module_classes);
}

}  // namespace

Names resolve(const syntax::Tree& tree, diagnostics::Sink& sink) {
    Names names;
    ScopeBuilder(tree, names, sink).build();
    for (ClassInfo& info : names.classes) {
        info.is_top_level = stands_at_top(tree, info.node);
        read_bases(tree, names, info);
        read_decorators(tree, names, info);
    }
    mark_modules(tree, names);
    for (const BindingId id : names.scopes[0].bindings) {
        const Binding& binding = names[id];
        if (binding.kind == BindingKind::class_)
            names.class_by_name.emplace(binding.name, names.class_at[index(binding.definition)] - 1);
        if (binding.kind == BindingKind::function) names.function_by_name.emplace(binding.name, binding.definition);
    }
    find_entry_points(tree, names);
    return names;
}

bool is_trial(const syntax::Tree& tree, NodeId definition) {
    if (tree[definition].kind != Kind::function_def) return false;
    std::string_view name = tree[definition].name;
    while (name.starts_with('_')) name.remove_prefix(1);
    return name == "main" || name == "test" || name.starts_with("test_") || name == "demo" ||
           name.starts_with("example");
}

NodeId find_method(const syntax::Tree& tree, const Names& names, std::uint32_t class_index, std::string_view name) {
    constexpr int kMaxDepth = 32;  // a circle of bases is an error of the program, not ours
    std::vector<std::uint32_t> line{class_index};
    for (std::size_t next = 0; next < line.size() && next < kMaxDepth; ++next) {
        const ClassInfo& info = names.classes[line[next]];
        for (std::size_t method = info.methods.size(); method-- > 0;)  // the last definition of a name wins
            if (tree[info.methods[method]].name == name) return info.methods[method];
        line.insert(line.end(), info.file_bases.begin(), info.file_bases.end());
    }
    return kNoNode;
}

}  // namespace mlxify::names
