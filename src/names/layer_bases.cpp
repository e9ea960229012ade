#include "names/layer_bases.h"

#include <algorithm>

namespace mlxify::names {

namespace {

constexpr std::string_view kOfConvolutions[] = {"weight",   "bias",        "stride",       "padding", "dilation",    "kernel_size",
                                                "groups",   "in_channels", "out_channels", "_conv_forward", "padding_mode"};

constexpr std::string_view kOfEmbeddings[] = {"padding_idx", "embedding_dim", "num_embeddings", "max_norm", "norm_type", "scale_grad_by_freq", "sparse",
                                              "_fill_padding_idx_with_zero"};

// self.weight.data = torch.eye(3).view(3, 3, 1, 1), in a constructor: what stood there does not matter.
bool is_set_once(const syntax::Tree& tree, NodeId attribute) {
    if (tree[attribute].name != "weight" && tree[attribute].name != "bias") return false;
    NodeId target = attribute;
    if (const NodeId around = tree[target].parent; tree[around].kind == syntax::Kind::attribute && tree[around].name == "data") target = around;
    const NodeId statement = tree[target].parent, function = tree.function_of(attribute);
    const bool set = tree[statement].kind == syntax::Kind::assign && tree.children(statement).size() == 2 && tree.child(statement, 1) == target;
    return set && syntax::exists(function) && tree[function].name == "__init__";
}

template <std::size_t N>
bool reads_of_self(const syntax::Tree& tree, const ClassInfo& info, const std::string_view (&attributes)[N]) {
    const base::Span span = tree[info.node].span;
    for (std::uint32_t number = 1; number < tree.size(); ++number) {
        const NodeId id{number};
        if (tree[id].kind != syntax::Kind::attribute || !span.contains(tree[id].span) || tree.text(tree.child(id, 0)) != "self" || is_set_once(tree, id)) continue;
        if (std::find(std::begin(attributes), std::end(attributes), tree[id].name) != std::end(attributes)) return true;
    }
    return false;
}

}  // namespace

bool is_convolution(std::string_view qualified) {
    return qualified == "torch.nn.Conv1d" || qualified == "torch.nn.Conv2d" || qualified == "torch.nn.Conv3d";
}

bool computes_with_kernel(const syntax::Tree& tree, const ClassInfo& info) {
    return std::any_of(info.bases.begin(), info.bases.end(), is_convolution) && reads_of_self(tree, info, kOfConvolutions);
}

bool reads_embedding(const syntax::Tree& tree, const ClassInfo& info) {
    return std::find(info.bases.begin(), info.bases.end(), "torch.nn.Embedding") != info.bases.end() && reads_of_self(tree, info, kOfEmbeddings);
}

}  // namespace mlxify::names
