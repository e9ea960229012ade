#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace mlxify::base {
namespace {

TEST(Result, HoldsAValue) {
    const Result<int> result = 7;
    EXPECT_TRUE(result.has_value());
    EXPECT_TRUE(static_cast<bool>(result));
    EXPECT_EQ(*result, 7);
}

TEST(Result, HoldsAnError) {
    const Result<int> result = Error{"no such file"};
    EXPECT_FALSE(result.has_value());
    EXPECT_EQ(result.error().message, "no such file");
}

TEST(Result, ValueMayBeMovedOut) {
    Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
    const std::unique_ptr<int> moved = *std::move(result);
    EXPECT_EQ(*moved, 3);
}

TEST(Result, ArrowReachesTheValue) {
    Result<std::string> result = std::string("text");
    result->push_back('!');
    EXPECT_EQ(result.value(), "text!");
}

TEST(ResultDeathTest, AskingForWhatIsNotThereIsOurBug) {
    const Result<int> error = Error{"gone"};
    EXPECT_EXIT(static_cast<void>(error.value()), testing::ExitedWithCode(3), "internal error at .*has_value");
    const Result<int> value = 1;
    EXPECT_EXIT(static_cast<void>(value.error()), testing::ExitedWithCode(3), "internal error at .*has_value");
}

}  // namespace
}  // namespace mlxify::base
