#include "verify/factories.h"

#include <gtest/gtest.h>

#include "syntax/parse.h"

namespace mlxify::verify {
namespace {

constexpr std::string_view kText = R"py(
class Net(nn.Module):
    def __init__(self, depth):
        super().__init__()

class Other(nn.Module):
    pass

def net(depth=2, weights=None):
    model = Net(depth)
    if weights is not None:
        model.load_state_dict(weights)
    model.last = nn.Linear(8, 8)
    return model

def small():
    return net(depth=1)

def either(wide):
    if wide:
        return Net(8)
    return Other()

def block(x):
    model = Net(2)
    y = model(x)
    return y

def again():
    return again()
)py";

std::vector<DefinitionOf> definitions() {
    std::vector<DefinitionOf> all;
    for (const char* name : {"Net", "Other"}) all.push_back({name, "module", 1, {}, {{"x", "positional_or_keyword", std::nullopt, ""}}, {}});
    for (const char* name : {"net", "small", "either", "block", "again"}) all.push_back({name, "function", 1, {}, {}, {}});
    return all;
}

TEST(Factories, WhatTheyBuild) {
    diagnostics::Sink sink;
    const syntax::Tree tree = syntax::parse(kText, sink);
    EXPECT_EQ(built_by(tree, definitions(), "net"), "Net");
    EXPECT_EQ(built_by(tree, definitions(), "small"), "Net");
    for (const char* name : {"either", "block", "again", "Net"}) EXPECT_EQ(built_by(tree, definitions(), name), "") << name;
}

TEST(Factories, AreCalledAsWhatTheyBuild) {
    diagnostics::Sink sink;
    const syntax::Tree tree = syntax::parse(kText, sink);
    const std::vector<DefinitionOf> all = definitions();
    const std::vector<DefinitionOf> factories = factories_of(tree, all, all.front());
    ASSERT_EQ(factories.size(), 2U);
    EXPECT_EQ(factories[0].name, "net");
    EXPECT_EQ(factories[0].kind, "module");
    ASSERT_EQ(factories[0].forward.size(), 1U);
    EXPECT_EQ(factories[0].forward[0].name, "x");
}

TEST(Factories, ReturnWhatAConstructorTakes) {
    diagnostics::Sink sink;
    const syntax::Tree tree = syntax::parse("def presets(depth=2):\n    stages, options = [8] * depth, {}\n    return stages, options\n"
                                            "def either(flag=True):\n    stages = [8]\n    if flag:\n        return stages\n    return None, stages\n"
                                            "def stages_of(depth):\n    stages = [8] * depth\n    return stages\n", sink);
    const auto found = [&](const char* name, std::optional<std::string> standard, std::string_view wanted) {
        return call_that_returns(tree, {name, "function", 1, {{"depth", "positional_or_keyword", std::move(standard), ""}}, {}, {}}, wanted);
    };
    EXPECT_EQ(found("presets", "2", "options"), "presets()[1]");
    EXPECT_EQ(found("presets", "2", "depth"), std::nullopt);
    EXPECT_EQ(found("either", "True", "stages"), std::nullopt) << "at two places";
    EXPECT_EQ(found("stages_of", "2", "stages"), "stages_of()");
    EXPECT_EQ(found("stages_of", std::nullopt, "stages"), std::nullopt) << "it needs an argument";
}

}  // namespace
}  // namespace mlxify::verify
