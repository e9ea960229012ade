#include "verify/guess.h"

#include <gtest/gtest.h>

namespace mlxify::verify {
namespace {

ParameterOf with_default(const char* name, const char* text) { return {name, "positional_or_keyword", text, ""}; }

TEST(SmallerDefault, OfWhatAPaperNeeds) {
    EXPECT_EQ(smaller_default(with_default("depths", "(2, 2, 18, 2)")), "(2, 2, 2, 2)");
    EXPECT_EQ(smaller_default(with_default("depths", "(1, 2)")), std::nullopt);
    EXPECT_EQ(smaller_default(with_default("window_size", "7")), "4");
    EXPECT_EQ(smaller_default(with_default("window_size", "8")), std::nullopt);
    EXPECT_EQ(smaller_default(with_default("s1_local_patch_size", "7")), "4");
    EXPECT_EQ(smaller_default(with_default("in_channels", "3")), std::nullopt);
    EXPECT_EQ(smaller_default(with_default("num_frames", "64")), "8");
}

TEST(ArgumentGuesses, OfNestedAnnotations) {
    EXPECT_EQ(argument_guesses({"channels", "", std::nullopt, "list[list[int]]"}).front(), "[[16, 16], [32, 32]]");
    EXPECT_EQ(argument_guesses({"channels", "", std::nullopt, "list[int]"}).front(), "[16, 32]");
    EXPECT_EQ(argument_guesses({"num_frames", "", std::nullopt, ""}).front(), "8");
}

TEST(ArgumentGuesses, OfContainersOfModules) {
    EXPECT_EQ(argument_guesses({"body", "", std::nullopt, "nn.Sequential"}).front(), "nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 64))");
    EXPECT_EQ(argument_guesses({"body", "", std::nullopt, "nn.ModuleList"}).front(), "nn.ModuleList([nn.Linear(64, 64), nn.Linear(64, 64)])");
}

TEST(ArgumentGuesses, StepsAreNoEpsilon) {
    for (const char* name : {"num_steps", "timesteps", "steps_per_block"}) EXPECT_EQ(quantity_of(name), Quantity::unknown) << name;
    for (const char* name : {"eps", "norm_eps", "batch_norm_epsilon"}) EXPECT_EQ(quantity_of(name), Quantity::small_float) << name;
}

TEST(ArgumentGuesses, OfBoundsInAVocabulary) { EXPECT_EQ(argument_guesses({"cutoffs", "", std::nullopt, ""}).front(), "[10, 20]"); }

TEST(ArgumentGuesses, OfFactorsOfWidths) {
    EXPECT_EQ(argument_guesses({"channel_multipliers", "", std::nullopt, "List[int]"}).front(), "[1, 2]");
    EXPECT_EQ(argument_guesses({"ff_mult", "", std::nullopt, ""}).front(), "2");
    EXPECT_EQ(argument_guesses({"multi_dim", "", std::nullopt, ""}).front(), "64");
    EXPECT_EQ(argument_guesses({"reduction_factor", "", std::nullopt, ""}).front(), "2");
    EXPECT_EQ(argument_guesses({"max_num_tiles", "", std::nullopt, "int"}).front(), "8");
}

}  // namespace
}  // namespace mlxify::verify
