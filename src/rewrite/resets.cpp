// Methods by which torch's constructors of layers draw their weights: where a class of the file overrides one, the base calls it.
//   class Dense(nn.Linear):                    class Dense(nn.Linear):
//       def __init__(self, n, m):                  def __init__(self, n, m):
//           super().__init__(n, m)         ->          super().__init__(n, m)
//       def reset_parameters(self): ...                self.reset_parameters()
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

namespace {

constexpr std::string_view kReset = "reset_parameters";
constexpr std::string_view kPrivateReset = "_reset_parameters";
constexpr std::string_view kResetting[] = {"Linear",    "Bilinear",  "Conv",         "BatchNorm", "InstanceNorm", "LayerNorm", "GroupNorm",
                                           "RMSNorm",   "Embedding", "EmbeddingBag", "RNN",       "GRU",          "LSTM",      "PReLU"};

// What the constructor of a class of torch.nn calls last; empty for most.
std::string_view reset_of(std::string_view base) {
    constexpr std::string_view kLibrary = "torch.nn.";
    if (!base.starts_with(kLibrary)) return {};
    base.remove_prefix(kLibrary.size());
    if (base == "MultiheadAttention" || base == "Transformer") return kPrivateReset;
    const bool family = base.starts_with("Conv") || base.starts_with("BatchNorm") || base.starts_with("InstanceNorm") || base.ends_with("Cell");
    return family || std::find(std::begin(kResetting), std::end(kResetting), base) != std::end(kResetting) ? kReset : std::string_view{};
}

bool is_super(const syntax::Tree& tree, NodeId object) {
    return tree[object].kind == NodeKind::call && tree.text(tree.child(object, 0)) == "super";
}

}  // namespace

// The method by which the layer of torch that a class derives from draws its weights.
std::string_view Rewriter::inherited_reset(std::uint32_t class_index) const {
    const names::ClassInfo& info = names_.classes[class_index];
    for (const std::string& base : info.bases)
        if (const std::string_view name = reset_of(base); !name.empty()) return name;
    for (const std::uint32_t base : info.file_bases)
        if (base != class_index)
            if (const std::string_view name = inherited_reset(base); !name.empty()) return name;
    return {};
}

// Whether the constructor of this class, and of none before it, leaves the call to us: torch's own layer is its base, or no class
// between overrides the method.
bool Rewriter::resets_itself(std::uint32_t class_index, std::string_view name) const {
    const names::ClassInfo& info = names_.classes[class_index];
    if (name.empty() || !exists(names::find_method(tree_, names_, class_index, name))) return false;
    if (std::any_of(info.bases.begin(), info.bases.end(), [](const std::string& base) { return !reset_of(base).empty(); })) return true;
    return std::none_of(info.file_bases.begin(), info.file_bases.end(), [&](std::uint32_t base) {
        return !inherited_reset(base).empty() && exists(names::find_method(tree_, names_, base, name));
    });
}

// `super().__init__(...)` or `nn.Linear.__init__(self, ...)` in a constructor.
NodeId Rewriter::base_constructed(NodeId init) const {
    for (const NodeId statement : tree_.children(tree_.child(init, 2))) {
        if (tree_[statement].kind != NodeKind::expression_statement || tree_[tree_.child(statement, 0)].kind != NodeKind::call) continue;
        const NodeId callee = tree_.child(tree_.child(statement, 0), 0);
        if (tree_[callee].kind == NodeKind::attribute && tree_[callee].name == "__init__") return statement;
    }
    return syntax::kNoNode;
}

void Rewriter::call_reset(std::uint32_t class_index) {
    const std::string_view name = inherited_reset(class_index);
    if (!resets_itself(class_index, name)) return;
    const std::string call = "self." + std::string(name) + "()";
    const names::ClassInfo& info = names_.classes[class_index];
    const auto own = std::find_if(info.methods.begin(), info.methods.end(), [&](NodeId method) { return tree_[method].name == "__init__"; });
    if (own != info.methods.end()) {
        const NodeId constructed = base_constructed(*own);
        if (!exists(constructed)) return;
        const bool anyway = tree_.text(*own).find(call) != std::string_view::npos;
        if (!anyway) after_statement(constructed, call);
        return;
    }
    const NodeId first = info.methods.empty() ? syntax::kNoNode : info.methods.front();
    if (!exists(first)) return;
    const std::string indent(indentation(first)), newline(source_.newline());
    before_statement(first, "def __init__(self, *args, **kwargs):" + newline + indent + "    super().__init__(*args, **kwargs)" + newline + indent + "    " + call + newline);
}

// `super().reset_parameters()`, of a layer: MLX drew its weights when it was made. True if it was such a call.
bool Rewriter::resets_layer(NodeId call) {
    const NodeId callee = tree_.child(call, 0);
    const NodeId around = tree_.class_of(call);
    const std::string_view name = tree_[callee].name;
    if ((name != kReset && name != kPrivateReset) || !is_super(tree_, tree_.child(callee, 0)) || !exists(around)) return false;
    const std::uint32_t index = names_.class_at[syntax::index(around)];
    if (index == 0 || inherited_reset(index - 1) != name) return false;
    for (const std::uint32_t base : names_.classes[index - 1].file_bases)
        if (exists(names::find_method(tree_, names_, base, name))) return false;
    if (tree_[tree_[call].parent].kind != NodeKind::expression_statement) return false;
    remove_statement(tree_[call].parent);
    return true;
}

}  // namespace mlxify::rewrite
