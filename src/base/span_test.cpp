#include "base/span.h"

#include <gtest/gtest.h>

namespace mlxify::base {
namespace {

TEST(Span, IsHalfOpen) {
    constexpr Span span{3, 5};
    EXPECT_EQ(span.size(), 2u);
    EXPECT_FALSE(span.empty());
    EXPECT_TRUE((Span{3, 3}).empty());
}

TEST(Span, ContainsItselfAndWhatLiesWithin) {
    constexpr Span span{3, 5};
    EXPECT_TRUE(span.contains(span));
    EXPECT_TRUE(span.contains({4, 5}));
    EXPECT_TRUE(span.contains({5, 5}));
    EXPECT_FALSE(span.contains({2, 4}));
    EXPECT_FALSE(span.contains({4, 6}));
}

TEST(Span, OrdersByBeginThenEnd) {
    EXPECT_LT((Span{1, 9}), (Span{2, 3}));
    EXPECT_LT((Span{1, 2}), (Span{1, 3}));
}

}  // namespace
}  // namespace mlxify::base
