#include "verify/lighten.h"

#include <gtest/gtest.h>

namespace mlxify::verify {
namespace {

std::vector<std::string> lighter_texts(const DefinitionOf& entry, const Trial& trial) {
    std::vector<std::string> texts;
    for (const Trial& next : lighter(trial, entry)) texts.push_back(print_invocation(next.invocation(entry)));
    return texts;
}

DefinitionOf network() {
    DefinitionOf entry;
    entry.name = "Net";
    entry.kind = "module";
    entry.parameters = {{"dim", "positional_or_keyword", "64", ""},
                        {"layers", "positional_or_keyword", "(3, 4, 1)", ""},
                        {"kernel_size", "positional_or_keyword", "7", ""},
                        {"image_size", "positional_or_keyword", std::nullopt, ""},
                        {"mode", "positional_or_keyword", "'same'", ""}};
    entry.forward = {{"x", "positional_or_keyword", std::nullopt, ""}};
    return entry;
}

TEST(LighterTest, ImagesLayersAndChannelsAreHalved) {
    const Trial trial{{{"image_size", "64"}}, {{"x", tensor_spec({2, 3, 64, 64}, "float32")}}, true, 0};
    EXPECT_EQ(lighter_texts(network(), trial),
              (std::vector<std::string>{"Net(image_size=32)(f32[2, 3, 32, 32])", "Net(image_size=64)(f32[2, 3, 32, 32])",
                                        "Net(image_size=64, dim=32)(f32[2, 3, 32, 32])", "Net(image_size=64, dim=32)(f32[2, 3, 64, 64])",
                                        "Net(image_size=64, layers=(1, 2, 1))(f32[2, 3, 64, 64])"}));
}

TEST(LighterTest, LargeImagesAlsoLoseLess) {
    const Trial trial{{}, {{"x", tensor_spec({2, 3, 512, 512}, "float32")}}, true, 0};
    const DefinitionOf entry{"Net", "module", 1, {}, {{"x", "positional_or_keyword", std::nullopt, ""}}, {}};
    EXPECT_EQ(lighter_texts(entry, trial),
              (std::vector<std::string>{"Net()(f32[2, 3, 256, 256])", "Net()(f32[2, 3, 320, 320])", "Net()(f32[2, 3, 384, 384])"}));
}

TEST(LighterTest, WhatIsSmallStays) {
    const Trial trial{{{"dim", "2"}, {"layers", "(1, 1)"}, {"image_size", "None"}}, {{"x", tensor_spec({2, 3, 16, 16}, "float32")}}, true, 0};
    EXPECT_EQ(lighter_texts(network(), trial), std::vector<std::string>{});
    const Trial features{{{"dim", "2"}, {"layers", "(1, 1)"}, {"image_size", "None"}}, {{"x", tensor_spec({2, 64, 16, 16}, "float32")}}, true, 0};
    EXPECT_EQ(lighter_texts(network(), features), std::vector<std::string>{"Net(dim=2, layers=(1, 1), image_size=None)(f32[2, 64, 8, 8])"});
}

TEST(Lighten, WidensEveryWidthAndEachAlone) {
    const Trial trial{{{"in_channels", "4"}, {"kernel_size", "3"}, {"hidden_dim", "16"}, {"dim", "512"}}, {{"x", tensor_spec({2, 4, 16, 16}, "float32")}}, true, 0};
    std::vector<std::string> texts;
    for (const Trial& next : wider(trial)) texts.push_back(next.arguments[0].second + " " + next.arguments[1].second + " " + next.arguments[2].second + " " + next.arguments[3].second);
    EXPECT_EQ(texts, (std::vector<std::string>{"32 3 128 512", "32 3 16 512", "4 3 128 512"}));
    EXPECT_TRUE(wider(Trial{{{"kernel_size", "3"}}, {}, false, 0}).empty());
}

TEST(Lighten, QuartersAllCountsAtOnce) {
    const Trial trial{{{"image_size", "64"}}, {{"x", tensor_spec({2, 64, 64, 64}, "float32")}}, true, 0};
    const std::vector<Trial> small = much_lighter(trial, network());
    ASSERT_EQ(small.size(), 2U);
    EXPECT_EQ(print_invocation(small[0].invocation(network())), "Net(image_size=32, dim=16)(f32[2, 16, 32, 32])");
    EXPECT_EQ(print_invocation(small[1].invocation(network())), "Net(image_size=64, dim=16)(f32[2, 16, 64, 64])");
    const Trial sequence{{{"image_size", "None"}}, {{"x", tensor_spec({2, 48, 64}, "float32")}}, true, 0};
    EXPECT_EQ(print_invocation(much_lighter(sequence, network())[0].invocation(network())), "Net(image_size=None, dim=16)(f32[2, 48, 16])");
    EXPECT_TRUE(much_lighter(Trial{{{"dim", "8"}, {"image_size", "None"}}, {{"x", tensor_spec({2, 8, 8, 8}, "float32")}}, true, 0}, network()).empty());
}

TEST(Lighten, ShortensSequences) {
    const Trial trial{{}, {{"x", tensor_spec({2, 48, 64}, "float32")}, {"t", tensor_spec({2}, "float32")}}, true, 0};
    const std::vector<Trial> few = shorter(trial);
    ASSERT_EQ(few.size(), 1U);
    EXPECT_EQ(few[0].inputs[0].second["shape"], Json({2, 4, 64}));
    EXPECT_TRUE(shorter(few[0]).empty());
}

TEST(Lighten, HalvesNumbersOfConfigurations) {
    const DefinitionOf entry{"Net", "module", 1, {{"config", "positional_or_keyword", std::nullopt, ""}}, {{"x", "positional_or_keyword", std::nullopt, ""}}, {}};
    const Trial trial{{{"config", "{'name': 'a', 'encoder': {'dim': 64, 'dropout': 0.5}, 'depth': 8}"}}, {{"x", tensor_spec({2, 64}, "float32")}}, true, 0};
    std::vector<std::string> texts;
    for (const Trial& lighter_one : lighter(trial, entry)) texts.push_back(lighter_one.arguments[0].second);
    EXPECT_EQ(texts, (std::vector<std::string>{"{'name': 'a', 'encoder': {'dim': 32, 'dropout': 0.5}, 'depth': 8}",
                                               "{'name': 'a', 'encoder': {'dim': 64, 'dropout': 0.5}, 'depth': 4}"}));
}

}  // namespace
}  // namespace mlxify::verify
