#include "infer/environment.h"

#include <gtest/gtest.h>

namespace mlxify::infer {
namespace {

class Branches : public testing::Test {
protected:
    FactTable table_;
    FactStore store_{table_};
    Environment environment_{4};
};

TEST_F(Branches, BothWaysAreJoined) {
    environment_.set(0, tensor(2));
    environment_.set(1, tensor(2));
    const std::size_t mark = environment_.branch();
    environment_.set(0, tensor(3));
    environment_.set(2, tensor(1));
    const Environment::Changes first = environment_.roll_back(mark);
    EXPECT_EQ(environment_.find(0)->rank, 2);
    EXPECT_EQ(environment_.find(2), nullptr);
    environment_.set(1, tensor(5));
    environment_.merge(mark, first, true, true, store_);
    environment_.close(mark);
    EXPECT_EQ(environment_.find(0)->rank, -1);
    EXPECT_EQ(environment_.find(1)->rank, -1);
    EXPECT_EQ(environment_.find(2)->rank, 1);  // read after the branches, it was assigned
}

TEST_F(Branches, AWayThatDoesNotArriveDoesNotCount) {
    environment_.set(0, tensor(2));
    std::size_t mark = environment_.branch();
    environment_.set(0, tensor(3));
    Environment::Changes first = environment_.roll_back(mark);
    environment_.merge(mark, first, false, true, store_);
    environment_.close(mark);
    EXPECT_EQ(environment_.find(0)->rank, 2);
    mark = environment_.branch();
    environment_.set(0, tensor(3));
    first = environment_.roll_back(mark);
    environment_.set(0, tensor(4));
    environment_.merge(mark, first, true, false, store_);
    environment_.close(mark);
    EXPECT_EQ(environment_.find(0)->rank, 3);
}

TEST_F(Branches, NestedBranchesComeBackWhole) {
    environment_.set(0, tensor(1));
    const std::size_t outer = environment_.branch();
    environment_.set(0, tensor(2));
    const std::size_t inner = environment_.branch();
    environment_.set(0, tensor(3));
    const Environment::Changes changes = environment_.roll_back(inner);
    environment_.merge(inner, changes, true, true, store_);
    environment_.close(inner);
    EXPECT_EQ(environment_.find(0)->rank, -1);
    environment_.roll_back(outer);
    environment_.close(outer);
    EXPECT_EQ(environment_.find(0)->rank, 1);
}

TEST_F(Branches, LoopsForgetWhatChanges) {
    environment_.set(0, tensor(1));
    environment_.set(1, tensor(1));
    const std::size_t mark = environment_.branch();
    environment_.set(0, tensor(2));
    environment_.set(1, tensor(1, DType::float32));
    EXPECT_TRUE(environment_.merge_loop(mark, store_));
    environment_.close(mark);
    EXPECT_EQ(environment_.find(0)->rank, -1);
    EXPECT_EQ(environment_.find(1)->rank, 1);
}

TEST_F(Branches, WhatOneWayKnowsOfAnAttributeIsForgotten) {
    const std::uint32_t attribute = environment_.add_slot();
    const std::size_t mark = environment_.branch();
    environment_.set(attribute, tensor(3));
    const Environment::Changes first = environment_.roll_back(mark);
    environment_.merge(mark, first, true, true, store_);
    environment_.close(mark);
    EXPECT_EQ(environment_.find(attribute), nullptr);
}

}  // namespace
}  // namespace mlxify::infer
