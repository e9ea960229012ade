#include "store/process.h"

#include <gtest/gtest.h>

namespace mlxify::store {
namespace {

TEST(Process, KeepsArgumentsAndStreamsApart) {
    const auto result = run_process({"sh", "-c", "printf '%s' \"$1\"; printf err >&2; exit 7", "sh", "a b\n'\"$HOME"});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 7);
    EXPECT_EQ(result->output, "a b\n'\"$HOME");
    EXPECT_EQ(result->error, "err");
}

TEST(Process, MoreThanAPipeHoldsOnBothStreams) {
    const auto result = run_process({"sh", "-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->output.size(), 300000U);
    EXPECT_EQ(result->error.size(), 300000U);
}

TEST(Process, ASignalIsNoExitStatus) {
    const auto result = run_process({"sh", "-c", "kill -9 $$"});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 128 + 9);
}

TEST(Process, AMissingProgramIsAnError) {
    const auto result = run_process({"mlxify-no-such-program"});
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find("cannot be started"), std::string::npos);
}

}  // namespace
}  // namespace mlxify::store
