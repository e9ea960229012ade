// The search for a sample when nobody gives one: guesses, corrected by PyTorch's own errors.
// takes: the original in a worker; gives: an invocation that runs; tests: search_test.cpp, integration_test.cpp
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "syntax/ast.h"
#include "verify/program.h"
#include "verify/sample.h"

namespace mlxify::verify {

// The reason when an entry runs but computes nothing that could be compared.
inline constexpr std::string_view kGivesNoArray = "the call gives no array";

struct SearchLimits {
    int attempts = 800;    // constructions and calls
    double seconds = 40;
};

struct SearchResult {
    std::optional<Invocation> invocation;
    bool low_precision = false;  // not found, and some attempt failed on mixed dtypes: try bfloat16 read as float32
    std::string reason;          // the last error, where nothing was found
    int attempts = 0;
};

SearchResult search_sample(Program& original, const syntax::Tree& tree, const DefinitionOf& entry, const SearchLimits& limits);

// Runs `invocation` on the original as it is built (seed 0), on the inputs of `seed`. The reply holds the output's structure.
Reply<CallResult> try_invocation(Program& original, const Invocation& invocation, std::uint64_t seed = 0);

// What the call of `tried` costs, which must be the last one whose inputs were drawn; nullopt: nobody knows.
std::optional<double> operations_of(Program& original, const Invocation& tried);

// The same with a batch of two, where all tensors share a larger one and are large: a test in a main block often has the batch of a
// training run. nullopt: they are small, or share no first axis.
std::optional<Invocation> with_small_batch(const Invocation& invocation);

// Other calls of the same kind that the original runs too: other sizes, optional inputs, flags, other choices. Each reaches
// what `base` does not (`new_ground` decides), or differs in size.
struct Variation {
    Invocation invocation;
    std::string what;    // "other sizes", "a batch of one", "attention_mask", "use_gate=True"
    bool of_size_alone;  // the tensors differ in nothing but their shapes
};
std::vector<Variation> variations(Program& original, const syntax::Tree& tree, const DefinitionOf& entry, const Invocation& base,
                                  const std::function<bool(const Invocation&)>& new_ground, int most);

}  // namespace mlxify::verify
