#include "pipeline/convert.h"

#include <gtest/gtest.h>

#include "catalogue/index_builder.h"

namespace mlxify::pipeline {
namespace {

// A bound that is a tensor in some calls and a number in others.
TEST(Convert, WhatWasATensorInSomeRunsIsAskedForWhenItRuns) {
    auto index = catalogue::build_index({{"lib/creation.py",
                                          "from mlxify.catalogue import *\n\n"
                                          "@rule(\"torch.arange\")\ndef arange(end):\n    if maybe_tensor(end):\n        return mx.arange(_number(end))\n"
                                          "    return mx.arange(end)\n\n"
                                          "def _number(value):\n    if isinstance(value, mx.array):\n        return value.item()\n    return value\n"}});
    ASSERT_TRUE(index) << index.error().message;
    const auto owned = std::move(*index);
    const catalogue::Catalogue catalogue(owned->view());
    const std::string text = "import torch\n\n\ndef places(end):\n    return torch.arange(end)\n";
    const source::SourceText source("file.py", text);
    infer::ObservedFact end;
    const auto begin = static_cast<std::uint32_t>(text.rfind("end)"));
    end.span = {begin, begin + 3};
    EXPECT_NE(convert(source, {end}, catalogue, {}).text.find("    return mx.arange(end)\n"), std::string::npos);
    end.tensor = true;
    EXPECT_NE(convert(source, {end}, catalogue, {}).text.find("    return mx.arange(_number(end))\n"), std::string::npos);
}

TEST(Convert, WhatWasATensorInSomeRunsIsANumberInASlice) {
    auto index = catalogue::build_index({{"lib/types.py", "from mlxify.catalogue import *\n\nconstant(\"torch.Tensor\", \"mx.array\")\n"}});
    ASSERT_TRUE(index) << index.error().message;
    const auto owned = std::move(*index);
    const catalogue::Catalogue catalogue(owned->view());
    const std::string text = "import torch\n\n\ndef cut(x: torch.Tensor, n=0):\n    return x[..., n:]\n";
    const source::SourceText source("file.py", text);
    infer::ObservedFact bound;
    const auto begin = static_cast<std::uint32_t>(text.rfind("n:]"));
    bound.span = {begin, begin + 1};
    EXPECT_NE(convert(source, {bound}, catalogue, {}).text.find("x[..., n:]"), std::string::npos);
    bound.tensor = true;
    EXPECT_NE(convert(source, {bound}, catalogue, {}).text.find("x[..., int(n):]"), std::string::npos);
}

TEST(Convert, WhatNumpyGivesIsPythonsOrAnArrayBeforeAnArray) {
    auto index = catalogue::build_index({{"lib/types.py", "from mlxify.catalogue import *\n\nconstant(\"torch.Tensor\", \"mx.array\")\n"}});
    ASSERT_TRUE(index) << index.error().message;
    const auto owned = std::move(*index);
    const catalogue::Catalogue catalogue(owned->view());
    const std::string text = "import torch\n\n\ndef scaled(x: torch.Tensor, k):\n    return k * x\n";
    const source::SourceText source("file.py", text);
    infer::ObservedFact factor;
    const auto begin = static_cast<std::uint32_t>(text.rfind("k * x"));
    factor.span = {begin, begin + 1};
    factor.kind = infer::Kind::object;
    const auto converted = [&](const char* type) {
        factor.type = type;
        return convert(source, {factor}, catalogue, {}).text;
    };
    EXPECT_NE(converted("Scale").find("return k * x"), std::string::npos);
    EXPECT_NE(converted("numpy.float64").find("return float(k) * x"), std::string::npos);
    EXPECT_NE(converted("numpy.int64").find("return int(k) * x"), std::string::npos);
    EXPECT_NE(converted("numpy.ndarray").find("return mx.array(k) * x"), std::string::npos);
}

TEST(Convert, ANumberOfNumpysIsPythonsInACall) {
    auto index = catalogue::build_index({{"lib/creation.py", "from mlxify.catalogue import *\n\n@rule(\"torch.arange\")\ndef arange(end):\n    return mx.arange(end)\n"}});
    ASSERT_TRUE(index) << index.error().message;
    const auto owned = std::move(*index);
    const catalogue::Catalogue catalogue(owned->view());
    const std::string text = "import torch\n\n\ndef places(end):\n    return torch.arange(end)\n";
    const source::SourceText source("file.py", text);
    infer::ObservedFact end;
    const auto begin = static_cast<std::uint32_t>(text.rfind("end)"));
    end.span = {begin, begin + 3};
    end.kind = infer::Kind::object;
    end.type = "numpy.int64";
    EXPECT_NE(convert(source, {end}, catalogue, {}).text.find("return mx.arange(int(end))"), std::string::npos);
}

}  // namespace
}  // namespace mlxify::pipeline
