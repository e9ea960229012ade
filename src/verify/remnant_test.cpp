#include "verify/remnant.h"

#include <gtest/gtest.h>

namespace mlxify::verify {
namespace {

TEST(TorchRemnants, NamesThatNothingDefinesAnyMore) {
    const std::string_view original = "import torch\nscale = torch.ones(3)\ndef f(x):\n    return x * scale\n";
    const auto remnants = torch_remnants(original, "def f(x):\n    return x * scale\n");
    ASSERT_EQ(remnants.size(), 1U);
    EXPECT_EQ(remnants[0].message, "`scale` is used and no longer defined");
    EXPECT_EQ(torch_remnants(original, "import torch\nscale = 1\ndef f(x):\n    return x * scale\n").size(), 1U);
}

TEST(TorchRemnants, DeclaredGlobalsAreDefinedWhereTheyAreAssigned) {
    const std::string_view text = "count = 0\ndef f(x):\n    global count\n    count += 1\n    return x\n";
    EXPECT_TRUE(torch_remnants(text, text).empty());
}

}  // namespace
}  // namespace mlxify::verify
