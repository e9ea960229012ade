#include "infer/einops_pattern.h"

#include <gtest/gtest.h>

namespace mlxify::infer {
namespace {

TEST(EinopsPattern, CountsAxesAndFactors) {
    const auto pattern = parse_einops("b (h d) l -> b l h d");
    ASSERT_TRUE(pattern);
    EXPECT_EQ(rank_of(pattern->left), 3);
    EXPECT_EQ(rank_of(pattern->right), 4);
    EXPECT_EQ(pattern->left[1].factors, (std::vector<std::string_view>{"h", "d"}));
}

TEST(EinopsPattern, OnesAndEmptyGroupsHaveNoFactors) {
    const auto pattern = parse_einops("h d k -> (h d) 1 () k");
    ASSERT_TRUE(pattern);
    EXPECT_EQ(rank_of(pattern->right), 4);
    EXPECT_TRUE(pattern->right[1].factors.empty());
    EXPECT_TRUE(pattern->right[2].factors.empty());
}

TEST(EinopsPattern, AnEllipsisLeavesTheRankOpen) {
    const auto pattern = parse_einops("b ... d->b d ...");
    ASSERT_TRUE(pattern);
    EXPECT_EQ(rank_of(pattern->left), std::nullopt);
    const auto merged = parse_einops("b ... -> b (...)");
    EXPECT_EQ(merged->right.size(), 2u);
    EXPECT_TRUE(has_ellipsis(merged->right));
    EXPECT_FALSE(parse_einops("b d").has_value());
}

}  // namespace
}  // namespace mlxify::infer
