// Qualified names of expressions, and one spelling for what a library exports in several places.
#include <array>
#include <string>

#include "base/text.h"
#include "names/names.h"

namespace mlxify::names {

using base::last_part;
using syntax::Kind;
using syntax::Node;

namespace {

constexpr int kMaxAliasDepth = 8;

bool is_upper(char character) { return character >= 'A' && character <= 'Z'; }

struct Reexport {
    std::string_view prefix;
    std::string_view canonical;
};

// Longer prefixes first where one contains another.
constexpr std::array kReexports{
    Reexport{"torch.nn.parameter.", "torch.nn."},
    Reexport{"torch.autograd.variable.Variable", "torch.autograd.Variable"},
    Reexport{"torch.autograd.function.Function", "torch.autograd.Function"},
    Reexport{"torch.cuda.amp.autocast_mode.", "torch.cuda.amp."},
    Reexport{"torch.amp.autocast_mode.", "torch.amp."},
    Reexport{"torch._C._nn.", "torch.nn.functional."},
    Reexport{"torch._tensor.Tensor", "torch.Tensor"},
    Reexport{"torch.tensor.Tensor", "torch.Tensor"},
    Reexport{"torch.functional.F.", "torch.nn.functional."},
    Reexport{"torch.functional.", "torch."},
    Reexport{"torch._VF.", "torch."},
    Reexport{"torch.nn.modules.functional.", "torch.nn.functional."},
    Reexport{"torch.nn.modules.utils.", "torch.nn.modules.utils."},
    Reexport{"torch.nn.utils.weight_norm.weight_norm", "torch.nn.utils.weight_norm"},
    Reexport{"torch.nn.utils.weight_norm.remove_weight_norm", "torch.nn.utils.remove_weight_norm"},
    Reexport{"torch.nn.utils.spectral_norm.spectral_norm", "torch.nn.utils.spectral_norm"},
    Reexport{"torch.nn.utils.spectral_norm.remove_spectral_norm", "torch.nn.utils.remove_spectral_norm"},
    Reexport{"torch.jit._script.", "torch.jit."},
    Reexport{"einops.einops.", "einops."},
    Reexport{"typing_extensions.", "typing."},
};

// `value` names something imported (kNoNode-free chains only); the depth bounds chains of aliases.
bool append_qualified(const syntax::Tree& tree, const Names& names, NodeId expression, int depth, std::string& out) {
    const Node& node = tree[expression];
    if (node.kind == Kind::attribute) {
        if (!append_qualified(tree, names, tree.child(expression, 0), depth, out)) return false;
        out += '.';
        out += node.name;
        return true;
    }
    if (node.kind != Kind::name) return false;
    const Binding& binding = names[names.binding(expression)];
    if (binding.kind == BindingKind::import_) {
        out += binding.qualified;
        return !binding.qualified.empty();
    }
    if (binding.kind != BindingKind::variable || !exists(binding.only_value) || depth == kMaxAliasDepth) return false;
    const Kind value = tree[binding.only_value].kind;
    if (value != Kind::name && value != Kind::attribute) return false;
    return append_qualified(tree, names, binding.only_value, depth + 1, out);
}

}  // namespace

std::string canonical_name(std::string name) {
    constexpr std::string_view kModules = "torch.nn.modules.";
    if (!name.starts_with("torch.") && !name.starts_with("einops.") && !name.starts_with("typing_")) return name;
    for (const Reexport& reexport : kReexports)
        if (name.starts_with(reexport.prefix) || name + "." == reexport.prefix)
            return std::string(reexport.canonical) +
                   (name.size() > reexport.prefix.size() ? name.substr(reexport.prefix.size()) : "");
    if (name.starts_with(kModules)) {
        const std::string_view last = last_part(name);
        if (!last.empty() && is_upper(last[0])) return "torch.nn." + std::string(last);
    }
    return name;
}

std::string imported_name(std::string_view module, std::string_view name) {
    std::string qualified(module);
    if (!qualified.empty() && qualified.back() != '.') qualified += '.';
    qualified += name;
    return canonical_name(std::move(qualified));
}

std::string qualified_name(const syntax::Tree& tree, const Names& names, NodeId expression) {
    std::string name;
    if (!append_qualified(tree, names, expression, 0, name)) return {};
    return canonical_name(std::move(name));
}

}  // namespace mlxify::names
