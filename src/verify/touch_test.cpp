#include "verify/touch.h"

#include <gtest/gtest.h>

#include "verify/test_support.h"

namespace mlxify::verify {
namespace {

// A loop over a list of modules of the file, which loop over themselves: the image reaches a convolution, the times do not.
TEST(Touch, FollowsLoopsOverModules) {
    const Parsed file(
        "class Stage(nn.Sequential):\n"
        "    def forward(self, x, emb):\n"
        "        for layer in self:\n            x = layer(x)\n"
        "        return x + emb[:, None, None, None]\n"
        "class Net(nn.Module):\n"
        "    def forward(self, image, t):\n"
        "        h = image\n"
        "        for i, stage in enumerate(self.stages):\n            h = stage(h, t)\n"
        "        return h\n");
    Construction model;
    model.modules = {{"stages", "ModuleList", ""},
                     {"stages.0", "Stage", ""},
                     {"stages.0.0", "torch.nn.Conv2d", "Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))"}};
    model.parameters = {{"stages.0.0.weight", {8, 3, 3, 3}, "float32"}};
    const auto hints = input_hints(file.tree, "Net", "", model);
    EXPECT_EQ(hints.at("image").rank, 4);
    EXPECT_EQ(hints.at("image").channels, 3);
    EXPECT_EQ(hints.at("t").rank, -1);
    EXPECT_EQ(hints.at("t").channels, -1);
    EXPECT_EQ(hints.at("t").least_rank, 1);
}

}  // namespace
}  // namespace mlxify::verify
