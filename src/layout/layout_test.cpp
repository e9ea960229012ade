#include "layout/layout.h"

#include <gtest/gtest.h>

#include "infer/infer.h"
#include "syntax/parse.h"

namespace mlxify::layout {
namespace {

constexpr std::string_view kPrelude = R"(import torch
import torch.nn as nn
import torch.nn.functional as F

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.linear = nn.Linear(8, 8)

    def forward(self, x):
)";

constexpr std::string_view kNet = R"(
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.block = Block()

    def forward(self, x):
        return self.block(self.stem(x))
)";

// The plan of a block with that body inside of a network.
struct Planned {
    explicit Planned(std::string_view body, std::string_view net = kNet, const std::vector<std::string>& exposed = {})
        : text(std::string(kPrelude) + std::string(body) + std::string(net)),
          catalogue(*catalogue::Catalogue::with_folders({}, {std::string(MLXIFY_SOURCE_DIR) + "/catalogue"})),
          tree(syntax::parse(std::string_view(text), sink)),
          names(names::resolve(tree, sink)),
          facts(infer::infer(tree, names, {})),
          made(plan(tree, names, facts, catalogue, exposed)) {}

    [[nodiscard]] std::string printed() const { return print(tree, made); }
    [[nodiscard]] std::size_t moves() const { return static_cast<std::size_t>(made.moves.size() - static_cast<std::size_t>(std::count(made.moves.begin(), made.moves.end(), Move::none))); }

    std::string text;
    diagnostics::Sink sink;
    catalogue::Catalogue catalogue;
    syntax::Tree tree;
    names::Names names;
    infer::FactTable facts;
    Plan made;
};

TEST(Layout, MovesOnlyAtTheEndsOfANetwork) {
    const Planned planned("        return F.relu(self.norm(self.conv(x)) + x)\n");
    EXPECT_TRUE(planned.made.active);
    EXPECT_EQ(planned.made.cost, 2) << planned.printed();
    ASSERT_EQ(planned.made.moved_interfaces.size(), 1U);
    EXPECT_EQ(planned.made.moved_interfaces[0].name, "Block");
}

TEST(Layout, KeepsTheInterfaceOfWhatIsCalledFromOutside) {
    const Planned planned("        return F.relu(self.norm(self.conv(x)) + x)\n", kNet, {"Block"});
    EXPECT_TRUE(planned.made.active);
    EXPECT_TRUE(planned.made.moved_interfaces.empty());
    EXPECT_GT(planned.made.cost, 2);
}

TEST(Layout, MovesAxesOfCallsAlong) {
    const Planned planned("        y = torch.cat([x, self.conv(x)], dim=1)\n        return self.norm(y) * y.mean(dim=(2, 3), keepdim=True) + y.softmax(1)\n");
    ASSERT_TRUE(planned.made.active);
    std::vector<std::vector<std::int64_t>> axes;
    for (const auto& [call, one] : planned.made.axes) axes.push_back(one.axes);
    std::sort(axes.begin(), axes.end());
    EXPECT_EQ(axes, (std::vector<std::vector<std::int64_t>>{{-1}, {-1}, {1, 2}}));
}

TEST(Layout, GoesBackBeforeAView) {
    const Planned planned("        y = self.norm(self.conv(x))\n        return y.view(y.shape[0], -1)\n");
    ASSERT_TRUE(planned.made.active);
    EXPECT_EQ(planned.moves(), 2U) << planned.printed();
}

TEST(Layout, ReadsSizesWhereTheyAre) {
    const Planned planned("        y = self.norm(self.conv(x))\n        b, c, h, w = y.shape\n        return self.conv(y) + y.size(1) + y.shape[-1]\n");
    ASSERT_TRUE(planned.made.active);
    EXPECT_EQ(planned.made.unpacked.size(), 1U);
    ASSERT_EQ(planned.made.axes.size(), 1U);
    EXPECT_EQ(planned.made.axes.begin()->second.axes, std::vector<std::int64_t>{-1});
    ASSERT_EQ(planned.made.indices.size(), 1U);
    EXPECT_EQ(planned.made.indices.begin()->second, "2");
}

TEST(Layout, TakesAPermuteForTheMoveThatItIs) {
    const Planned planned("        y = self.norm(self.conv(x)).permute(0, 2, 3, 1)\n        return self.linear(y).permute(0, 3, 1, 2) + x\n");
    ASSERT_TRUE(planned.made.active);
    EXPECT_EQ(std::count(planned.made.dropped.begin(), planned.made.dropped.end(), true), 2);
}

TEST(Layout, MeetsInOneLayoutAfterABranch) {
    const Planned planned("        if self.training:\n            x = self.norm(self.conv(x))\n        return x.matmul(x)\n");
    EXPECT_TRUE(planned.made.active) << planned.printed();
}

TEST(Layout, LeavesAFileAloneWhoseCallsAreNotKnown) {
    const Planned planned("        return self.norm(self.conv(x))\n\ndef run(function, value):\n    return function(value)\n");
    EXPECT_FALSE(planned.made.active);
    EXPECT_NE(planned.made.obstacle.find("not known"), std::string::npos) << planned.made.obstacle;
}

TEST(Layout, LeavesAChainAloneThatPassesSeveralValues) {
    const Planned planned("        return self.norm(self.conv(x)), x\n", R"(
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(nn.Conv2d(3, 8, 3), Block(), Block())

    def forward(self, x):
        return self.blocks(x)
)");
    EXPECT_FALSE(planned.made.active);
    EXPECT_NE(planned.made.obstacle.find("several values"), std::string::npos) << planned.printed();
}

TEST(Layout, NamesTheHeirsOfAMovedInterface) {
    const Planned planned("        return F.relu(self.norm(self.conv(x)) + x)\n", R"(
class Heir(Block):
    pass

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.block = Heir()

    def forward(self, x):
        return self.block(self.stem(x))
)");
    ASSERT_TRUE(planned.made.active) << planned.printed();
    ASSERT_EQ(planned.made.moved_interfaces.size(), 2U);
    EXPECT_EQ(planned.made.moved_interfaces[1].name, "Heir");
}

TEST(Layout, LeavesAFileAloneThatDerivesFromAPool) {
    const Planned planned("        return self.norm(self.conv(x))\n", std::string(kNet) + "\nclass Own(nn.MaxPool2d):\n    pass\n");
    EXPECT_FALSE(planned.made.active);
    EXPECT_NE(planned.made.obstacle.find("torch.nn.MaxPool2d"), std::string::npos);
}

TEST(Layout, LeavesAFileAloneWhoseEntryPointIsALayer) {
    const Planned planned("        return self.norm(self.conv(x))\n", std::string(kNet) + "\nclass Own(nn.Conv2d):\n    pass\n");
    EXPECT_FALSE(planned.made.active);
    EXPECT_NE(planned.made.obstacle.find("an entry point that is a layer"), std::string::npos);
}

TEST(Layout, LeavesAloneWhatASingleLayerWouldNotGain) {
    const Planned planned("        return x\n", "");
    EXPECT_FALSE(planned.made.active);
    EXPECT_TRUE(planned.made.obstacle.empty());
}

TEST(Layout, StatesSlicesInTheOrderOfWhatTheyCut) {
    const Planned planned("        y = self.norm(self.conv(x))[:, :4]\n        return self.conv(torch.cat([y, x[:, 4:, :, :]], 1)) * x[..., 1:, 1:].mean() + y[:, 0].sum()\n");
    ASSERT_TRUE(planned.made.active);
    EXPECT_EQ(planned.made.slices.size(), 4U) << planned.printed();
    EXPECT_EQ(planned.made.cost, 2) << planned.printed();
}

TEST(Layout, TakesTokensForThePixelsThatTheyAre) {
    const Planned planned("        b, c, h, w = x.shape\n        y = self.norm(self.conv(x)).flatten(2).transpose(1, 2)\n"
                          "        z = self.conv(x)\n        b, c, h, w = z.shape\n        return self.linear(y).sum() + z.view(b, 8, h * w).mean(2)\n");
    ASSERT_TRUE(planned.made.active);
    EXPECT_EQ(std::count(planned.made.dropped.begin(), planned.made.dropped.end(), true), 1) << planned.printed();
    EXPECT_EQ(planned.made.flattenings.size(), 1U);
    EXPECT_EQ(planned.made.sizes.size(), 1U);
    EXPECT_EQ(planned.made.cost, 1) << planned.printed();
}

TEST(Layout, StatesPatternsOfEinopsForWhatIsHeld) {
    const Planned planned("        from einops import rearrange\n        y = rearrange(self.conv(x), 'b (h d) x y -> b h (x y) d', h=2)\n        y = y @ y.transpose(-1, -2) @ y\n"
                          "        return self.norm(rearrange(y, 'b h (x y) d -> b (h d) x y', x=4))\n");
    ASSERT_TRUE(planned.made.active);
    std::vector<std::string> patterns;
    for (const auto& [literal, text] : planned.made.patterns) patterns.push_back(text);
    std::sort(patterns.begin(), patterns.end());
    EXPECT_EQ(patterns, (std::vector<std::string>{"b h (x y) d -> b x y (h d)", "b x y (h d) -> b h (x y) d"})) << planned.printed();
}

TEST(Layout, TakesOneValueForEachChannelAsItIs) {
    const Planned planned("        return self.norm(self.conv(x) * torch.ones(8)[:, None, None])\n");
    ASSERT_TRUE(planned.made.active);
    EXPECT_EQ(planned.made.columns.size(), 1U);
}

TEST(Layout, LearnsRanksFromTheLayersThatTakeThem) {  // nothing calls that method
    const Planned planned("        return self.norm(self.conv(x))\n\n    def _other(self, y):\n        return self.norm(y + self.conv(y))\n");
    ASSERT_TRUE(planned.made.active) << planned.printed();
    EXPECT_EQ(planned.made.cost, 2) << planned.printed();
}

TEST(Layout, LeavesAFileAloneWhoseLayersHaveOneRankOrAnother) {
    const Planned planned("        return self.norm(self.conv(x))\n", std::string(kNet) + R"(
class Any(nn.Module):
    def __init__(self, dims):
        super().__init__()
        if dims == 2:
            self.conv = nn.Conv2d(8, 8, 3)
        else:
            self.conv = nn.Conv3d(8, 8, 3)
)");
    EXPECT_FALSE(planned.made.active);
    EXPECT_NE(planned.made.obstacle.find("different numbers of axes"), std::string::npos) << planned.made.obstacle;
}

TEST(Layout, CallsWhatAnOptionChooses) {
    const Planned planned("        return self.norm(self.conv(x))\n", R"(
class Drop(nn.Module):
    def forward(self, x):
        return x * 0.5

class Net(nn.Module):
    def __init__(self, drop):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.block = Block()
        self.drop = Drop() if drop else nn.Identity()
        if drop:
            self.last = nn.RMSNorm(8)
        else:
            self.last = nn.LayerNorm(8)

    def forward(self, x):
        return self.last(self.drop(self.block(self.stem(x))))
)");
    ASSERT_TRUE(planned.made.active) << planned.printed();
    EXPECT_EQ(planned.made.cost, 2) << planned.printed();
}

TEST(Layout, LeavesAFileAloneWhoseAttributeIsAnyLayer) {
    const Planned planned("        return self.norm(self.conv(x))\n", std::string(kNet) + R"(
class Any(nn.Module):
    def __init__(self, kind):
        super().__init__()
        if kind == "batch":
            self.norm = nn.BatchNorm2d(8)
        elif kind == "none":
            self.norm = nn.Identity()
        else:
            self.norm = nn.LayerNorm(8)
)");
    EXPECT_FALSE(planned.made.active);
    EXPECT_NE(planned.made.obstacle.find("a layer of images or another layer"), std::string::npos) << planned.made.obstacle;
}

TEST(Layout, GivesHeirsOfAConvolutionItsLayout) {
    const Planned planned("        return self.norm(self.conv(x))\n", R"(
class Standardized(nn.Conv2d):
    def forward(self, x):
        return self._conv_forward(x, self.weight - self.weight.mean(), self.bias)

class Padded(nn.Conv2d):
    def forward(self, x):
        return super().forward(F.pad(x, (1, 1, 1, 1)))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = Padded(3, 8, 3)
        self.next = Standardized(8, 8, 3)
        self.block = Block()

    def forward(self, x):
        return self.block(self.next(self.stem(x)))
)");
    ASSERT_TRUE(planned.made.active) << planned.printed();
    EXPECT_EQ(planned.made.cost, 2) << planned.printed();
}

TEST(Layout, SpellsTheOrderOfAxes) {
    EXPECT_EQ(to_last_axes(4), "(0, 2, 3, 1)");
    EXPECT_EQ(to_first_axes(4), "(0, 3, 1, 2)");
    EXPECT_EQ(to_first_axes(5), "(0, 4, 1, 2, 3)");
    EXPECT_EQ(to_last_axes(3), "(0, 2, 1)");
}

}  // namespace
}  // namespace mlxify::layout
