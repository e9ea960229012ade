#include "layout/slots.h"

#include <gtest/gtest.h>

namespace mlxify::layout {
namespace {

TEST(Slots, HoldsAChainBetweenLayersWithChannelsLast) {
    Slots slots;
    const Slot input = slots.fresh();
    const Slot hidden = slots.fresh();
    slots.pair(kFirst, input);
    slots.pair(input, kLast);
    slots.pair(kLast, hidden);
    slots.pair(hidden, kLast);
    slots.pair(hidden, kFirst);
    EXPECT_EQ(slots.solve(), 2);
    EXPECT_TRUE(slots.is_last(hidden));
}

TEST(Slots, IsChannelsFirstWhereBothCostTheSame) {
    Slots slots;
    const Slot between = slots.fresh();
    slots.pair(kFirst, between);
    slots.pair(between, kLast);
    EXPECT_EQ(slots.solve(), 1);
    EXPECT_FALSE(slots.is_last(between));
}

TEST(Slots, MovesOnceForSeveralUses) {
    Slots slots;
    const Slot parameter = slots.fresh();
    slots.pair(kFirst, parameter);
    slots.pair(parameter, kLast);
    slots.pair(parameter, kLast);
    EXPECT_EQ(slots.solve(), 1);
    EXPECT_TRUE(slots.is_last(parameter));
}

TEST(Slots, TiedSlotsAreHeldAlike) {
    Slots slots;
    const Slot one = slots.fresh();
    const Slot other = slots.fresh();
    slots.tie(one, other);
    slots.pair(one, kLast, 3);
    slots.pair(other, kFirst, 2);
    EXPECT_EQ(slots.solve(), 2);
    EXPECT_TRUE(slots.is_last(one));
    EXPECT_TRUE(slots.is_last(other));
}

TEST(Slots, SaysWhenTiesContradict) {
    Slots slots;
    const Slot one = slots.fresh();
    slots.tie(one, kLast);
    EXPECT_FALSE(slots.contradicts());
    slots.tie(one, kFirst);
    EXPECT_TRUE(slots.contradicts());
}

}  // namespace
}  // namespace mlxify::layout
