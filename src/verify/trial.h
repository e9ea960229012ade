// One attempt of the sample search: constructor arguments and inputs, and how an error changes them.
// takes: hints, repairs; gives: trials; tests: trial_test.cpp
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "verify/arguments.h"
#include "verify/guess.h"
#include "verify/repair.h"
#include "verify/sample.h"
#include "verify/touch.h"

namespace mlxify::verify {

struct Trial {
    Arguments arguments;                                         // constructor keywords and their Python text
    std::vector<std::pair<std::string, Json>> inputs;            // parameters of forward and their specs; in their order
    bool inputs_chosen = false;
    int cost = 0;                                                // cheaper trials are tried first
    bool patient = false;                                        // was too slow once, and is tried again with more time

    [[nodiscard]] Invocation invocation(const DefinitionOf& entry) const;
};

// Sizes that the constructor arguments imply for inputs.
struct Sizes {
    std::int64_t width = kWidth, channels = 3, image = kImageSize, length = kLength, vocabulary = 10, heads = 4, head_width = 16;
    bool channels_known = false, image_known = false, frames_known = false;
    std::int64_t frames = 8;
    std::int64_t image_width = 0;  // where it is not `image`
    std::int64_t area = 0;         // of a pair `(height, width)` among the arguments
    std::vector<std::int64_t> stages;  // channels of each, of a list among the arguments
    std::map<std::string, std::int64_t> named;  // whole numbers among the arguments, by their names in lower case
};
Sizes sizes_of(const DefinitionOf& entry, const Trial& trial);

// Features of an encoder's stages, each at half the resolution of the one before: a list of tensors with the channels of `sizes.stages`, of
// which the last repeats; of `sizes.channels` where they are not known.
Json feature_pyramid(const Sizes& sizes, std::size_t length);

// Specs for one parameter of forward, the likeliest first; empty: leave it to its default.
std::vector<Json> input_guesses(const ParameterOf& parameter, const InputHint& hint, const Sizes& sizes);

// The same for `*features`, the only parameter of forward: a list of what is passed there.
std::vector<Json> several_guesses(const ParameterOf& parameter, const Sizes& sizes);

// All ways to start: constructor variants without inputs.
std::vector<Trial> first_trials(const DefinitionOf& entry, const ArgumentGuesser& guesser);

// The constructed trial with inputs, in several ranks and kinds.
std::vector<Trial> with_inputs(const Trial& trial, const std::vector<ParameterOf>& parameters,
                               const std::map<std::string, InputHint>& hints, const Sizes& sizes);

// Changes of the constructor arguments after `repair`, or after a failure that says nothing. `line`: the code that failed.
std::vector<Trial> other_arguments(const Trial& trial, const DefinitionOf& entry, const ArgumentGuesser& guesser, const Repair& repair,
                                   std::string_view line);

// Gives the constructor `value` for `name`, in place of what it had.
void set_argument(Trial& trial, const std::string& name, const std::string& value);

// What is known of the input `name`; nothing, unless it is in `hints`.
InputHint hint_of(const std::map<std::string, InputHint>& hints, const std::string& name);

// Changes of the inputs after `repair` (other_inputs.cpp).
std::vector<Trial> other_inputs(const Trial& trial, const std::vector<ParameterOf>& parameters,
                                const std::map<std::string, InputHint>& hints, const Sizes& sizes, const Repair& repair);

[[nodiscard]] bool is_tensor_spec(const Json& spec);
[[nodiscard]] bool is_float_spec(const Json& spec);
Json tensor_spec(const std::vector<std::int64_t>& shape, std::string_view dtype);
Json tensor_spec(const std::vector<std::int64_t>& shape, std::string_view dtype, double low, double high);
Json index_spec(const std::vector<std::int64_t>& shape, std::int64_t below);

}  // namespace mlxify::verify
