// The proof: original and converted file run on the same numbers, and C++ judges.
// takes: both texts, what to try; gives: Verdict; says: MX6xxx; tests: verify_test.cpp, tests/cli
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "diagnostics/diagnostic.h"
#include "infer/facts.h"

namespace mlxify::verify {

enum class Level { refused, inconclusive, verified_for_inference, verified };

enum class StageResult { passed, failed, skipped };

// One rung of the ladder, with its figure.
struct Stage {
    std::string name;     // "parses", "no torch remnant", ..., as DESIGN.md section 6 lists them
    StageResult result = StageResult::skipped;
    std::string figure;   // "max error 3.1e-07 (tolerance 1.2e-05)", or the reason
};

// How one entry point is built and called; text is what `--call` takes: DeltaNet(hidden_size=64)(f32[2, 64, 64])
struct Sample {
    std::string text;
    std::string origin;   // "--call", "comment", "main block", "search", ...
};

struct EntryProof {
    std::string name;
    Level level = Level::refused;
    std::vector<Sample> samples;
    std::vector<Stage> stages;
    double max_error = 0, tolerance = 0, gradient_error = 0;   // worst over samples, relative to the scale of each array
    std::string original_dtype;                                // "float32", or "bfloat16" when the original runs only there
};

struct Verdict {
    Level level = Level::refused;               // the worst entry
    std::vector<EntryProof> entries;
    std::vector<std::string> not_proved;        // definitions that no proof reached
    std::vector<std::uint32_t> unreached_lines; // of the converted text
    std::vector<diagnostics::Diagnostic> diagnostics;
    double seconds = 0;
    [[nodiscard]] bool saveable() const { return level == Level::verified || level == Level::verified_for_inference; }
};

}  // namespace mlxify::verify
