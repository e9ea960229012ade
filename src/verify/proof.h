// The ladder for one entry point: from "instantiates" to "speed and memory", over all its samples.
// takes: both programs, the prepared samples; gives: EntryProof; says: MX6xxx; tests: integration_test.cpp
#pragma once

#include <set>
#include <string>
#include <vector>

#include "verify/locate.h"
#include "verify/pair.h"
#include "verify/verify.h"

namespace mlxify::verify {

// The names of the stages, in the order of the report.
namespace stage {
inline constexpr const char* kParses = "parses";
inline constexpr const char* kNoRemnant = "no torch remnant";
inline constexpr const char* kImports = "imports";
inline constexpr const char* kInstantiates = "instantiates";
inline constexpr const char* kWeights = "weights map one to one";
inline constexpr const char* kForward = "forward";
inline constexpr const char* kStructure = "structure and shapes";
inline constexpr const char* kValues = "values";
inline constexpr const char* kGradients = "gradients";
inline constexpr const char* kTraining = "training mode";
inline constexpr const char* kSizes = "other sizes";
inline constexpr const char* kSpeed = "speed and memory";
inline constexpr const char* kAll[] = {kParses, kNoRemnant, kImports,   kInstantiates, kWeights, kForward,
                                       kStructure, kValues, kGradients, kTraining,     kSizes,   kSpeed};
}  // namespace stage

// What a proof found beside its stages.
struct ProofFindings {
    EntryProof proof;
    std::set<std::uint32_t> reached, executable;       // lines of the converted file
    std::optional<diagnostics::Code> code;             // of the failure, if there is one
    std::string failed_stage, reason;
    std::uint32_t converted_line = 0, original_line = 0;
    std::optional<PreparedSample> failed_sample;
    std::optional<Difference> difference;              // where the values part
    std::set<std::string> other_defaults;              // arrays that a layer initialises otherwise in MLX than in PyTorch
    std::vector<std::string> limitations;              // further samples at which the converted file raises NotImplementedError
};

// `depth`: tensor operations of the original in a row, for the tolerance.
ProofFindings prove_entry(Program& original, Program& converted, const PreparedEntry& entry, const Request& request, double depth);

// Puts `result` and `figure` into the proof's stage `name`.
void set_stage(EntryProof& proof, std::string_view name, StageResult result, std::string figure);
EntryProof empty_proof(const PreparedEntry& entry);

}  // namespace mlxify::verify
