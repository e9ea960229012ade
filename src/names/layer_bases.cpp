#include "names/layer_bases.h"

#include <algorithm>

namespace mlxify::names {

namespace {

constexpr std::string_view kOfConvolutions[] = {"weight",   "bias",        "stride",       "padding", "dilation",    "kernel_size",
                                                "groups",   "in_channels", "out_channels", "_conv_forward", "padding_mode"};

}  // namespace

bool is_convolution(std::string_view qualified) {
    return qualified == "torch.nn.Conv1d" || qualified == "torch.nn.Conv2d" || qualified == "torch.nn.Conv3d";
}

bool computes_with_kernel(const syntax::Tree& tree, const ClassInfo& info) {
    if (std::none_of(info.bases.begin(), info.bases.end(), is_convolution)) return false;
    const base::Span span = tree[info.node].span;
    for (std::uint32_t number = 1; number < tree.size(); ++number) {
        const NodeId id{number};
        if (tree[id].kind != syntax::Kind::attribute || !span.contains(tree[id].span) || tree.text(tree.child(id, 0)) != "self") continue;
        if (std::find(std::begin(kOfConvolutions), std::end(kOfConvolutions), tree[id].name) != std::end(kOfConvolutions)) return true;
    }
    return false;
}

}  // namespace mlxify::names
