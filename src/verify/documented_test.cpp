#include "verify/documented.h"

#include <gtest/gtest.h>

#include "verify/test_support.h"
#include "verify/touch.h"

namespace mlxify::verify {
namespace {

using Axes = std::vector<std::string>;

std::map<std::string, Documented> stated(std::string_view text, const std::vector<std::string>& names) {
    const Parsed file(text);
    const auto function = top_level_definition(file.tree, "f");
    return documented_inputs(file.tree, syntax::kNoNode, function, names);
}

TEST(Documented, ReadsArgumentsSections) {
    const auto found = stated(
        "def f(output, target, alpha):\n"
        "    \"\"\"\n"
        "    Args:\n"
        "        output (Tensor): probabilities with shape :math:`(N, C_{\\text{in}}, H, W)`\n"
        "        target: pixel-wise labels, (N, H, W)\n"
        "        alpha (float, optional): the weight (default: 0.5)\n"
        "    Returns:\n"
        "        alpha: (N, 3)\n"
        "    \"\"\"\n",
        {"output", "target", "alpha"});
    EXPECT_EQ(found.at("output"), (Documented{{"n", "c_in", "h", "w"}, false}));
    EXPECT_EQ(found.at("target"), (Documented{{"n", "h", "w"}, true}));
    EXPECT_FALSE(found.contains("alpha"));
}

TEST(Documented, ReadsOneStatementOfSeveralInputs) {
    const auto found = stated(
        "def f(query, key, mask):\n"
        "    '''\n"
        "    `query` and `key` are the embeddings of tokens.\n"
        "    They have shape `[seq_len, batch_size, d_model]`.\n\n"
        "    `mask` has shape `[seq_len, seq_len, ...]`\n"
        "    '''\n",
        {"query", "key", "mask"});
    EXPECT_EQ(found.at("query").axes, (Axes{"seq_len", "batch_size", "d_model"}));
    EXPECT_EQ(found.at("key").axes, found.at("query").axes);
    EXPECT_EQ(found.at("mask").axes, (Axes{"seq_len", "seq_len"}));
}

TEST(Documented, AnEllipsisBeforeFeaturesStandsForABatchOfSequences) {
    const auto found = stated(
        "def f(x, image):\n"
        "    \"\"\"\n"
        "    x: of shape [..., dim]\n"
        "    image: of shape (..., H, W)\n"
        "    \"\"\"\n",
        {"x", "image"});
    EXPECT_EQ(found.at("x").axes, (Axes{"batch", "seq_len", "dim"}));
    EXPECT_EQ(found.at("image").axes, (Axes{"batch", "h", "w"}));
}

TEST(Documented, ReadsCommentsAndTypes) {
    const auto found = stated(
        "def f(x: Float[Tensor, \"b c h w\"],\n"
        "      t,  # (B,)\n"
        "      z, y):\n"
        "    # z: [B x L x 3]\n"
        "    z = g(z)  # (B, 7)\n"
        "    y = h(y)\n",
        {"x", "t", "z", "y"});
    EXPECT_EQ(found.at("x").axes, (Axes{"b", "c", "h", "w"}));
    EXPECT_EQ(found.at("t").axes, (Axes{"b"}));
    EXPECT_EQ(found.at("z").axes, (Axes{"b", "l", "3"}));
    EXPECT_FALSE(found.contains("y"));
}

TEST(Documented, TakesNoCallsAndReferencesForShapes) {
    const auto found = stated("def f(x):\n    '''x: what g(B, C) gives, see [1] (optional)'''\n", {"x"});
    EXPECT_TRUE(found.empty());
}

}  // namespace
}  // namespace mlxify::verify
