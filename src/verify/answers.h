// Answers of a worker as values: every field checked for presence and type. nullopt: the answer is malformed.
// takes: JSON of one answer; gives: the structs of worker.h; tests: answers_test.cpp
#pragma once

#include <optional>
#include <vector>

#include "verify/worker.h"

namespace mlxify::verify {

std::optional<Failure> read_failure(const Json& answer);  // nullopt: not even the error is well-formed
std::optional<Hello> read_hello(const Json& answer);
std::optional<std::vector<DefinitionOf>> read_definitions(const Json& answer);
std::optional<Construction> read_construction(const Json& answer);
std::optional<WeightsLoaded> read_weights_loaded(const Json& answer);
// Also checks that the tree's leaves are numbers below the count of leaves, each used once, and its depth (at most 64).
std::optional<CallResult> read_call(const Json& answer);
std::optional<GradientResult> read_gradient(const Json& answer);
std::optional<Sensitivity> read_sensitivity(const Json& answer);
std::optional<infer::ObservedFacts> read_facts(const Json& answer);
std::optional<Reach> read_reach(const Json& answer);
std::optional<std::vector<TraceEntry>> read_trace(const Json& answer);
std::optional<double> read_operations(const Json& answer);
std::optional<Timing> read_timing(const Json& answer);
std::optional<Timing> read_step_timing(const Json& answer);

}  // namespace mlxify::verify
