#include "names/layer_bases.h"

#include <algorithm>

namespace mlxify::names {

namespace {

constexpr std::string_view kOfConvolutions[] = {"weight",   "bias",        "stride",       "padding", "dilation",    "kernel_size",
                                                "groups",   "in_channels", "out_channels", "_conv_forward", "padding_mode"};

constexpr std::string_view kOfEmbeddings[] = {"padding_idx", "embedding_dim", "num_embeddings", "max_norm", "norm_type", "scale_grad_by_freq", "sparse",
                                              "_fill_padding_idx_with_zero"};

template <std::size_t N>
bool reads_of_self(const syntax::Tree& tree, const ClassInfo& info, const std::string_view (&attributes)[N]) {
    const base::Span span = tree[info.node].span;
    for (std::uint32_t number = 1; number < tree.size(); ++number) {
        const NodeId id{number};
        if (tree[id].kind != syntax::Kind::attribute || !span.contains(tree[id].span) || tree.text(tree.child(id, 0)) != "self") continue;
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
