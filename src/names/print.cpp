// `--print names`: scopes with what they bind, classes, entry points.
#include <string>

#include "names/names.h"

namespace mlxify::names {

using syntax::index;
using syntax::Kind;

namespace {

std::string_view binding_kind_name(BindingKind kind) {
    switch (kind) {
        case BindingKind::none: return "none";
        case BindingKind::variable: return "variable";
        case BindingKind::parameter: return "parameter";
        case BindingKind::import_: return "import";
        case BindingKind::function: return "function";
        case BindingKind::class_: return "class";
    }
    return "";
}

std::string scope_title(const syntax::Tree& tree, const Scope& scope) {
    const syntax::Node& owner = tree[scope.owner];
    std::string title(syntax::kind_name(owner.kind));
    if (!owner.name.empty()) title += " " + std::string(owner.name);
    return title;
}

}  // namespace

std::string print(const syntax::Tree& tree, const Names& names) {
    std::string out;
    for (const Scope& scope : names.scopes) {
        if (scope.bindings.empty()) continue;
        out += scope_title(tree, scope) + "\n";
        for (const BindingId id : scope.bindings) {
            const Binding& binding = names[id];
            out += "  " + std::string(binding_kind_name(binding.kind)) + " " + std::string(binding.name);
            if (!binding.qualified.empty()) out += " = " + binding.qualified;
            out += ": " + std::to_string(binding.stores.size()) + " stores, " + std::to_string(binding.loads.size()) +
                   " loads";
            if (binding.written_in_place) out += ", written in place";
            out += "\n";
        }
    }
    for (const ClassInfo& info : names.classes) {
        out += "class " + std::string(info.name) + ":";
        for (const std::string& base : info.bases) out += " " + base;
        if (info.is_module) out += " (module)";
        if (info.is_dataclass) out += " (dataclass)";
        out += "\n";
    }
    for (const NodeId entry : names.entry_points) out += "entry point " + std::string(tree[entry].name) + "\n";
    return out;
}

}  // namespace mlxify::names
