// What the results of both sides show, taken alone or together, before any tolerance: whether there are gradients, whether dropout acts, what a call costs.
// takes: Pair's results; gives: facts of them, and texts for the report; tests: integration_test.cpp
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "verify/evidence.h"
#include "verify/pair.h"

namespace mlxify::verify {

// What the frameworks say where they cannot differentiate.
[[nodiscard]] bool no_gradient_in_mlx(const std::string& message);
[[nodiscard]] bool no_gradient_in_torch(const std::string& message);

// Whether PyTorch gave any gradient at all: a result of integers has none.
[[nodiscard]] bool any_gradient(const GradientsOfBoth& both);
// The original gave no gradient of its inputs, and the converted file did.
[[nodiscard]] bool of_parameters_alone(const GradientsOfBoth& both);
// The scale of the arrays of the same module: the noise in a gradient that cancels comes from the same terms as theirs.
[[nodiscard]] double siblings_of(const ArrayFile& arrays, const std::string& name);

// Of a call's leaves.
[[nodiscard]] bool has_nan(const ArrayFile& file);
[[nodiscard]] bool is_finite(const CallResult& result);

// Whether both constructors make the same numbers of the same draws, each at its place: then they do so of any.
[[nodiscard]] bool same_draws(const Pair& pair, const Pair::InitialStates& states);
// What differs of the weights of so many new models, or empty. `other_defaults` grows by what a layer of MLX draws otherwise than PyTorch's.
[[nodiscard]] std::string difference_of_new_models(const Pair& pair, const Pair::InitialStates& states, std::size_t constructions,
                                                   std::set<std::string>& other_defaults);

// Empty if dropout acts on both sides or on neither.
[[nodiscard]] std::string dropout_activity(const CalledBoth& with, const CalledBoth& without);
// Empty if both sides drop as much: of as many elements, by the same probabilities.
[[nodiscard]] std::string other_dropout(const CalledBoth& both);

// For the report: the worst error of each array of a stage, and some of its numbers on both sides.
void note_comparison(Evidence& evidence, const std::string& path, const char* stage, const Comparison& comparison, const ArrayView& plain, const ArrayView& converted);

// "a call: PyTorch 3.67 ms, MLX 2.85 ms; a step: 8.10 ms, 7.90 ms; peak memory: 4.1 MB, 3.9 MB; 40 moves of axes, PyTorch 0"
[[nodiscard]] std::string cost_figure(const Cost& original, const Cost& converted);

}  // namespace mlxify::verify
