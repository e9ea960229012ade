#include "pipeline/convert.h"

#include <gtest/gtest.h>

#include "catalogue/index_builder.h"

namespace mlxify::pipeline {
namespace {

// `text` under these rules, where a run of it has shown `seen` of its last `piece`.
std::string converted(const std::string& rules, const std::string& text, std::string_view piece, infer::ObservedFact seen) {
    auto index = catalogue::build_index({{"lib/rules.py", "from mlxify.catalogue import *\n\n" + rules}});
    EXPECT_TRUE(index) << index.error().message;
    if (!index) return {};
    const auto owned = std::move(*index);
    const auto begin = static_cast<std::uint32_t>(text.rfind(piece));
    seen.span = {begin, begin + static_cast<std::uint32_t>(piece.size())};
    return convert(source::SourceText("file.py", text), {seen}, catalogue::Catalogue(owned->view()), {}).text;
}

infer::ObservedFact seen_as(const char* type) {
    infer::ObservedFact seen;
    seen.kind = infer::Kind::object;
    seen.type = type;
    return seen;
}

infer::ObservedFact seen_as_tensor(bool tensor) {
    infer::ObservedFact seen;
    seen.tensor = tensor;
    return seen;
}

const std::string kTensor = "constant(\"torch.Tensor\", \"mx.array\")\n";

// A bound that is a tensor in some calls and a number in others.
TEST(Convert, WhatWasATensorInSomeRunsIsAskedForWhenItRuns) {
    const std::string rules =
        "@rule(\"torch.arange\")\ndef arange(end):\n    if maybe_tensor(end):\n        return mx.arange(_number(end))\n    return mx.arange(end)\n\n"
        "def _number(value):\n    if isinstance(value, mx.array):\n        return value.item()\n    return value\n";
    const std::string text = "import torch\n\n\ndef places(end):\n    return torch.arange(end)\n";
    EXPECT_NE(converted(rules, text, "end", seen_as_tensor(false)).find("    return mx.arange(end)\n"), std::string::npos);
    EXPECT_NE(converted(rules, text, "end", seen_as_tensor(true)).find("    return mx.arange(_number(end))\n"), std::string::npos);
}

TEST(Convert, WhatWasATensorInSomeRunsIsANumberInASlice) {
    const std::string text = "import torch\n\n\ndef cut(x: torch.Tensor, n=0):\n    return x[..., n:]\n";
    EXPECT_NE(converted(kTensor, text, "n", seen_as_tensor(false)).find("x[..., n:]"), std::string::npos);
    EXPECT_NE(converted(kTensor, text, "n", seen_as_tensor(true)).find("x[..., int(n):]"), std::string::npos);
}

TEST(Convert, WhatNumpyGivesIsPythonsOrAnArrayBeforeAnArray) {
    const std::string text = "import torch\n\n\ndef scaled(x: torch.Tensor, k):\n    return k * x\n";
    const auto scaled = [&](const char* type) { return converted(kTensor, text, "k", seen_as(type)); };
    EXPECT_NE(scaled("Scale").find("return k * x"), std::string::npos);
    EXPECT_NE(scaled("numpy.float64").find("return float(k) * x"), std::string::npos);
    EXPECT_NE(scaled("numpy.int64").find("return int(k) * x"), std::string::npos);
    EXPECT_NE(scaled("numpy.ndarray").find("return mx.array(k) * x"), std::string::npos);
}

TEST(Convert, ANumberOfNumpysIsPythonsInACall) {
    const std::string rules = "@rule(\"torch.arange\")\ndef arange(end):\n    return mx.arange(end)\n";
    const std::string text = "import torch\n\n\ndef places(end):\n    return torch.arange(end)\n";
    EXPECT_NE(converted(rules, text, "end", seen_as("numpy.int64")).find("return mx.arange(int(end))"), std::string::npos);
}

}  // namespace
}  // namespace mlxify::pipeline
