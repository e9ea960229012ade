#include "verify/layer_wants.h"

#include <gtest/gtest.h>

namespace mlxify::verify {
namespace {

using Lengths = std::vector<std::int64_t>;

TEST(LayerWants, ReadsRearrangeLayers) {
    const auto layer = read_rearrange_layer("Rearrange('b c (h p1) (w p2) -> b (h w) (p1 p2 c)', p1=8, p2=4)");
    ASSERT_TRUE(layer);
    EXPECT_EQ(layer->first.left, (Rearrangement::Axes{{"b"}, {"c"}, {"h", "p1"}, {"w", "p2"}}));
    EXPECT_EQ(layer->first.right, (Rearrangement::Axes{{"b"}, {"h", "w"}, {"p1", "p2", "c"}}));
    EXPECT_EQ(layer->second, (std::map<std::string, std::int64_t>{{"p1", 8}, {"p2", 4}}));
    EXPECT_FALSE(read_rearrange_layer("Rearrange('b ... c -> b c ...')"));
}

TEST(LayerWants, SolvesChannelsFromTheLayerAfterPatches) {
    const auto layer = read_rearrange_layer("Rearrange('b c (h p1) (w p2) -> b (h w) (p1 p2 c)', p1=8, p2=4)");
    ASSERT_TRUE(layer);
    InputHint next;
    next.last = 96;
    const InputHint hint = rearranged_wants(layer->first, layer->second, next);
    EXPECT_EQ(hint.rank, 4);
    EXPECT_EQ(hint.axes, (std::vector<std::string>{"b", "c", "(h p1)", "(w p2)"}));
    EXPECT_EQ(hint.sizes, (Lengths{-1, 3, -1, -1}));
    EXPECT_EQ(hint.multiples, (Lengths{1, 3, 8, 4}));
    next.last = 97;  // no whole number of channels
    EXPECT_EQ(rearranged_wants(layer->first, layer->second, next).sizes, (Lengths{-1, -1, -1, -1}));
}

TEST(LayerWants, GroupedConvolutionsHaveFewerWeightsThanChannels) {
    Construction model;
    model.parameters.push_back({"conv.weight", {8, 2, 3, 3}, "float32", true, true});
    const auto grouped = layer_wants(model, {"conv", "torch.nn.Conv2d", "Conv2d(8, 8, kernel_size=(3, 3), stride=(1, 1), groups=4)"});
    ASSERT_TRUE(grouped);
    EXPECT_EQ(grouped->channels, 8);
    EXPECT_EQ(grouped->rank, 4);
    const auto bare = layer_wants(model, {"norm", "torch.nn.InstanceNorm2d", "InstanceNorm2d(16, eps=1e-05, affine=False)"});
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->channels, 16);
}

}  // namespace
}  // namespace mlxify::verify
