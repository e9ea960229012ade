#include "verify/trial.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "syntax/parse.h"

namespace mlxify::verify {
namespace {

Trial with_input(const std::vector<std::int64_t>& shape) {
    Trial trial;
    trial.inputs = {{"x", tensor_spec(shape, "float32")}};
    trial.inputs_chosen = true;
    return trial;
}

// The shapes of the first input after `repair`.
std::vector<std::vector<std::int64_t>> shapes_after(const Trial& trial, const Repair& repair) {
    std::vector<std::vector<std::int64_t>> shapes;
    for (const Trial& next : other_inputs(trial, {{"x", "positional_or_keyword", std::nullopt, ""}}, {}, Sizes{}, repair))
        shapes.push_back(next.inputs[0].second["shape"].get<std::vector<std::int64_t>>());
    return shapes;
}

bool contains(const std::vector<std::vector<std::int64_t>>& shapes, const std::vector<std::int64_t>& shape) {
    return std::find(shapes.begin(), shapes.end(), shape) != shapes.end();
}

TEST(OtherInputs, ScaleChannelsThatWereFlattenedIntoPatches) {
    const auto shapes = shapes_after(with_input({2, 6, 32, 32}), {Repair::Kind::last_axis, 384, 192, {}});
    ASSERT_FALSE(shapes.empty());
    EXPECT_EQ(shapes.front(), (std::vector<std::int64_t>{2, 3, 32, 32}));
}

TEST(OtherInputs, ReachTheNumberOfPatchesAndAClassToken) {
    EXPECT_TRUE(contains(shapes_after(with_input({2, 3, 32, 32}), {Repair::Kind::any_axis, 17, 65, {}}), {2, 3, 64, 64}));
    EXPECT_TRUE(contains(shapes_after(with_input({2, 3, 32, 32}), {Repair::Kind::any_axis, 16, 64, {}}), {2, 3, 64, 64}));
}

TEST(OtherInputs, DivideSpaceByWindows) {
    const auto shapes = shapes_after(with_input({2, 3, 32, 32}), {Repair::Kind::divisible, 8, 7, {}});
    ASSERT_FALSE(shapes.empty());
    EXPECT_EQ(shapes.front(), (std::vector<std::int64_t>{2, 3, 28, 28}));
    EXPECT_TRUE(contains(shapes, {2, 3, 224, 224}));
}

TEST(OtherInputs, GrowSpaceByWhatItLacks) {
    EXPECT_EQ(shapes_after(with_input({2, 3, 32, 32}), {Repair::Kind::larger_space, 1, 7, {}}).front(), (std::vector<std::int64_t>{2, 3, 224, 224}));
    EXPECT_EQ(shapes_after(with_input({2, 3, 32, 32}), {Repair::Kind::larger_space, -1, -1, {}}).front(), (std::vector<std::int64_t>{2, 3, 64, 64}));
    EXPECT_EQ(shapes_after(with_input({2, 3, 32, 32}), {Repair::Kind::larger_space, 6, 7, {}}).front(), (std::vector<std::int64_t>{2, 3, 64, 64}));
    EXPECT_TRUE(contains(shapes_after(with_input({2, 3, 32, 32}), {Repair::Kind::larger_space, 4, 7, {}}), {2, 3, 56, 56})) << "what a pooling lacks";
    EXPECT_EQ(shapes_after(with_input({2, 3, 256, 256}), {Repair::Kind::larger_space, 6, 7, {}}).front(), (std::vector<std::int64_t>{2, 3, 304, 304})) << "not 512";
}

TEST(OtherInputs, GiveTheLengthsOfSequences) {
    Trial trial = with_input({2, 48, 8});
    trial.inputs.emplace_back("lengths", tensor_spec({2, 64}, "float32"));
    const auto trials = other_inputs(trial, {}, {}, Sizes{}, {Repair::Kind::lengths, -1, -1, {}});
    ASSERT_FALSE(trials.empty());
    EXPECT_EQ(trials.front().inputs[0], trial.inputs[0]);
    EXPECT_EQ(trials.front().inputs[1].second, (Json{{"$eval", "torch.tensor([48, 32])"}}));
}

TEST(OtherInputs, AddTheAxesThatWereMissingInside) {
    EXPECT_TRUE(contains(shapes_after(with_input({2, 3, 64}), {Repair::Kind::rank, 2, 3, {}}), {2, 3, 32, 32}));
    EXPECT_EQ(shapes_after(with_input({2, 3, 64}), {Repair::Kind::other_rank, 3, -1, {}}).front().size(), 4U);
}

// Values of the constructor argument `depth` after `repair`, which was raised in `line`.
std::vector<std::string> depths_after(const std::string& value, Repair::Kind kind, std::string_view line) {
    diagnostics::Sink sink;
    const syntax::Tree tree = syntax::parse("class Net:\n    def __init__(self, depth):\n        self.depth = depth\n", sink);
    const DefinitionOf entry{"Net", "module", 1, {{"depth", "positional_or_keyword", std::nullopt, ""}}, {}, {}};
    const std::vector<DefinitionOf> definitions = {entry};
    Trial trial;
    trial.arguments = {{"depth", value}};
    std::vector<std::string> values;
    for (const Trial& next : other_arguments(trial, entry, ArgumentGuesser(entry, definitions, tree), {kind, -1, -1, {}}, line))
        values.push_back(next.arguments[0].second);
    return values;
}

TEST(OtherArguments, TakeTheFormThatTheErrorAsksFor) {
    const std::vector<std::string> sequences = depths_after("2", Repair::Kind::sequence_value, "for d in depth:");
    EXPECT_NE(std::find(sequences.begin(), sequences.end(), "(2, 2, 2, 2)"), sequences.end());
    EXPECT_TRUE(std::all_of(sequences.begin(), sequences.end(), [](const std::string& value) { return value[0] == '[' || value[0] == '('; }));
    EXPECT_EQ(depths_after("[3, 4]", Repair::Kind::scalar_value, "for _ in range(depth):").front(), "3");
}

TEST(OtherArguments, CountNoLayersByAWidth) {
    diagnostics::Sink sink;
    const syntax::Tree tree = syntax::parse("class Net:\n    pass\n", sink);
    const DefinitionOf entry{"Net", "module", 1, {{"n_blocks", "positional_or_keyword", std::nullopt, ""}, {"dim", "positional_or_keyword", std::nullopt, ""}}, {}, {}};
    const std::vector<DefinitionOf> definitions = {entry};
    const Trial trial{{{"n_blocks", "2"}, {"dim", "2"}}, {}, false, 0};
    const std::vector<Trial> next = other_arguments(trial, entry, ArgumentGuesser(entry, definitions, tree), {Repair::Kind::argument_value, 2, 64, {}}, "");
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(next[0].arguments, (Arguments{{"n_blocks", "2"}, {"dim", "64"}}));
}

TEST(OtherArguments, NestAndHoldModules) {
    EXPECT_EQ(depths_after("[3, 4]", Repair::Kind::sequence_value, "for d in depth:").front(), "[[3, 3], [4, 4]]");
    EXPECT_EQ(depths_after("[3, 4]", Repair::Kind::module_value, "d(x)").front(), "nn.ModuleList([nn.Linear(64, 64), nn.Linear(64, 64)])");
    EXPECT_EQ(depths_after("[3, 16]", Repair::Kind::longer_value, "depth[2]").front(), "[3, 16, 16]");
    EXPECT_EQ(depths_after("2", Repair::Kind::mapping_value, "**depth").front(), "{'a': 8, 'b': 8}");
}

TEST(OtherInputs, TakeTheShapeThatTheErrorNames) {
    Repair repair{Repair::Kind::input_shape, -1, -1, {}};
    repair.found_shape = {48, 64};
    repair.wanted_shape = {3, 8, 8};
    EXPECT_EQ(shapes_after(with_input({2, 48, 64}), repair), (std::vector<std::vector<std::int64_t>>{{2, 3, 8, 8}}));
    EXPECT_TRUE(shapes_after(with_input({2, 64, 48}), repair).empty());
}

TEST(InputGuesses, TakeTForATimeInModelsAlone) {
    const ParameterOf t{"t", "positional_or_keyword", std::nullopt, ""};
    const Sizes sizes = sizes_of(DefinitionOf{}, Trial{});
    EXPECT_EQ(input_guesses(t, InputHint{}, sizes).front()["shape"].size(), 1U);
    InputHint of_function;
    of_function.of_function = true;
    EXPECT_EQ(input_guesses(t, of_function, sizes).front()["shape"].size(), 3U);
}

TEST(SizesOf, ReadImagesAndFrames) {
    const DefinitionOf entry{"Net", "module", 1,
                             {{"image_size", "keyword_only", "(48, 32)", ""}, {"num_frames", "keyword_only", "4", ""}, {"frame_patch_size", "keyword_only", "2", ""}}, {}, {}};
    const Sizes sizes = sizes_of(entry, Trial{});
    EXPECT_EQ(sizes.image, 48);
    EXPECT_EQ(sizes.image_width, 32);
    EXPECT_EQ(sizes.frames, 4);
    const std::vector<Json> guesses = input_guesses({"video", "", std::nullopt, ""}, InputHint{}, sizes);
    EXPECT_EQ(guesses.front()["shape"], Json({1, 3, 4, 48, 48}));
}

}  // namespace
TEST(WithInputs, GiveFeaturesOfStagesWhereAListTellsTheirChannels) {
    Trial trial;
    trial.arguments = {{"in_channels", "[8, 16]"}};
    DefinitionOf entry;
    entry.parameters = {{"in_channels", "positional_or_keyword", std::nullopt, ""}};
    const Sizes sizes = sizes_of(entry, trial);
    const Json features = feature_pyramid(sizes, 2);
    const auto gives = [&](const ParameterOf& parameter, const InputHint& hint, const Json& wanted) {
        const std::vector<Trial> trials = with_inputs(trial, {parameter}, {{parameter.name, hint}}, sizes);
        return std::any_of(trials.begin(), trials.end(), [&](const Trial& one) { return one.inputs.size() == 1 && one.inputs[0].second == wanted; });
    };
    const ParameterOf inputs{"inputs", "positional_or_keyword", std::nullopt, ""};
    EXPECT_TRUE(gives(inputs, {}, features));
    InputHint unpacked;
    unpacked.unpacked = {"c1", "c2"};
    EXPECT_TRUE(gives(inputs, unpacked, Json{{"$tuple", features}}));
    InputHint image;
    image.channels = 8;  // a convolution takes it
    EXPECT_FALSE(gives(inputs, image, features));

    const ParameterOf several{"features", "var_positional", std::nullopt, ""};
    EXPECT_TRUE(gives(several, {}, features));
    entry.forward = {several};
    const std::vector<Trial> trials = with_inputs(trial, entry.forward, {}, sizes);
    EXPECT_EQ(trials[0].invocation(entry).spec["args"], features);
}

}  // namespace mlxify::verify
