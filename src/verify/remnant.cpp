#include "verify/remnant.h"

#include <algorithm>
#include <array>
#include <set>

#include "diagnostics/diagnostic.h"
#include "names/names.h"
#include "syntax/parse.h"

namespace mlxify::verify {
namespace {

using syntax::Kind;
using syntax::NodeId;

bool needs_torch(std::string_view module) {
    constexpr std::array<std::string_view, 20> kRoots = {
        "torch",       "torchvision", "torchaudio", "torchtext",          "fla",        "triton",      "flash_attn",
        "mamba_ssm",   "causal_conv1d", "timm",     "transformers",       "xformers",   "apex",        "deepspeed",
        "lightning",   "pytorch_lightning", "rotary_embedding_torch", "accelerate", "diffusers", "functorch"};
    const std::string_view root = module.substr(0, module.find('.'));
    if (module.starts_with("einops.layers.torch") || module.starts_with("einops._torch_specific")) return true;
    return std::find(kRoots.begin(), kRoots.end(), root) != kRoots.end();
}

void imports_left(const syntax::Tree& tree, std::vector<Remnant>& remnants) {
    for (std::uint32_t i = 1; i < tree.size(); ++i) {
        const NodeId id{i};
        const syntax::Node& node = tree[id];
        const bool from = node.kind == Kind::import_from && needs_torch(node.name);
        const bool plain = node.kind == Kind::alias && tree[node.parent].kind == Kind::import_ && needs_torch(node.name);
        if (from || plain) remnants.push_back({node.span, "`" + std::string(node.name) + "` is still imported"});
    }
}

bool tree_is_module(const syntax::Tree& tree, NodeId owner) { return tree[owner].kind == Kind::module_; }

// Name nodes that nothing in the file binds.
std::vector<NodeId> undefined(const syntax::Tree& tree, const names::Names& names) {
    std::vector<NodeId> result;
    for (std::uint32_t i = 1; i < tree.size(); ++i) {
        const NodeId id{i};
        const bool declared = tree[tree[id].parent].kind == Kind::global_ || tree[tree[id].parent].kind == Kind::nonlocal_;
        if (tree[id].kind == Kind::name && !declared && names.binding(id) == names::kNoBinding) result.push_back(id);
    }
    return result;
}

}  // namespace

std::vector<Remnant> torch_remnants(std::string_view original, std::string_view converted) {
    std::vector<Remnant> remnants;
    diagnostics::Sink ignored;
    const syntax::Tree tree = syntax::parse(converted, ignored);
    imports_left(tree, remnants);
    const syntax::Tree original_tree = syntax::parse(original, ignored);
    const names::Names converted_names = names::resolve(tree, ignored);
    const names::Names original_names = names::resolve(original_tree, ignored);
    std::set<std::string_view> defined;  // at the original's top level: a local `max` is no reason to miss it elsewhere
    for (const names::Binding& binding : original_names.bindings) {
        if (binding.kind == names::BindingKind::none) continue;
        const names::Scope& scope = original_names.scopes[static_cast<std::uint32_t>(binding.scope)];
        if (tree_is_module(original_tree, scope.owner)) defined.insert(binding.name);
    }
    for (const NodeId node : undefined(tree, converted_names)) {
        const std::string_view name = tree[node].name;
        const bool left = name == "torch" || defined.contains(name);
        if (left) remnants.push_back({tree[node].span, "`" + std::string(name) + "` is used and no longer defined"});
    }
    return remnants;
}

}  // namespace mlxify::verify
