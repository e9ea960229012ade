#include "pipeline/sample_expressions.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "catalogue/index_builder.h"

namespace mlxify::pipeline {
namespace {

class SampleExpressions : public testing::Test {
protected:
    void SetUp() override {
        auto index = catalogue::build_index({{"lib/nn.py",
                                              "from mlxify.catalogue import *\n\n"
                                              "@rule(\"torch.nn.ModuleList\")\ndef ModuleList(modules=()):\n    return modules\n\n"
                                              "@definition(\"torch.nn.Tanhshrink\")\nclass Tanhshrink(nn.Module):\n    pass\n"}});
        ASSERT_TRUE(index) << index.error().message;
        index_ = std::move(*index);
        catalogue_.emplace(index_->view());
    }

    std::string in_mlx(std::string_view expression, std::string imports = "import torch\n", std::string_view converted = {}) {
        return expression_in_mlx(expression, source::SourceText("net.py", imports + "x = 1\n"), *catalogue_, converted);
    }

    std::unique_ptr<catalogue::OwnedIndex> index_;
    std::optional<catalogue::Catalogue> catalogue_;
};

TEST_F(SampleExpressions, NoWordForWhatReadsTheSame) { EXPECT_EQ(in_mlx("Net(8, [1, 2], act='relu')"), ""); }

TEST_F(SampleExpressions, FlagsOfTheFilesOwnClassesStay) { EXPECT_EQ(in_mlx("Swish(inplace=True)"), ""); }

TEST_F(SampleExpressions, AClassThatTheFileHasIsThatOne) {
    const std::string stated = in_mlx("Net(nn.Tanhshrink)");
    const std::size_t at = stated.find("class Tanhshrink");
    ASSERT_NE(at, std::string::npos) << stated;
    const std::string same = in_mlx("Net(nn.Tanhshrink)", "import torch\n", "import mlx.nn as nn\n\n\n" + stated.substr(at, stated.find("\n\n\n", at) - at) + "\n");
    EXPECT_EQ(same.find("class Tanhshrink"), std::string::npos) << same;
    EXPECT_NE(same.find("Net(Tanhshrink)"), std::string::npos) << same;
}

TEST_F(SampleExpressions, ModulesBecomeThoseOfMlx) {
    EXPECT_EQ(in_mlx("Net(nn.ModuleList([block]))"), "Net([block])");
    EXPECT_EQ(in_mlx("Net(layers([block]))", "from torch.nn import ModuleList as layers\n"), "Net([block])");
}

TEST_F(SampleExpressions, DefinitionsComeBeforeTheExpression) {
    const std::string text = in_mlx("Net(nn.Tanhshrink())");
    EXPECT_NE(text.find("class Tanhshrink(nn.Module):"), std::string::npos) << text;
    EXPECT_NE(text.find("return Net(Tanhshrink())\n"), std::string::npos) << text;
    EXPECT_TRUE(text.ends_with("\nmlxify_sample()")) << text;
}

TEST_F(SampleExpressions, WhatCannotBeConvertedStays) { EXPECT_EQ(in_mlx("Net(torch.nn.Unheard())"), ""); }

}  // namespace
}  // namespace mlxify::pipeline
