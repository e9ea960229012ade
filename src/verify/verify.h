// The proof: original and converted file run on the same numbers, and C++ judges.
// takes: both texts, what to try; gives: Verdict; says: MX6xxx; tests: integration_test.cpp, tests/cli
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "diagnostics/diagnostic.h"
#include "infer/facts.h"
#include "verify/evidence.h"
#include "verify/sample.h"
#include "verify/worker.h"

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
    Evidence evidence;
};

struct Verdict {
    Level level = Level::refused;               // the worst entry
    std::vector<EntryProof> entries;
    std::vector<std::string> not_proved;        // definitions that no proof reached
    std::vector<std::string> limitations;       // samples that the original runs and at which the converted file says that it does not
    std::vector<std::uint32_t> unreached_lines; // of the converted text
    std::uint32_t executable_lines = 0;         // of the converted text; 0: nothing ran
    std::vector<diagnostics::Diagnostic> diagnostics;
    double seconds = 0;
    [[nodiscard]] bool saveable() const { return level == Level::verified || level == Level::verified_for_inference; }
};

struct EntryPoint {
    std::string name;
    enum class Kind { module, class_, function } kind = Kind::module;
    friend bool operator==(const EntryPoint&, const EntryPoint&) = default;
};

struct Request {
    std::string path;                  // of the original: for the nearest pyproject.toml
    std::string original;              // its text
    std::vector<EntryPoint> entries;   // what is to be proved
    bool entries_named = false;        // by the user: each must be proved
    std::vector<std::string> calls;    // --call, each of one entry
    std::string case_file;             // --case FILE.json or FILE.json#2; empty: none
    std::function<void(std::string_view)> progress;  // name of the stage that begins; may be empty
    int weight_seeds = 2;
    int input_seeds = 2;
    int variations = 10;               // further samples per entry
    double variation_seconds = 45;     // further samples are begun within so long of an entry's proof
    bool timing = true;
};

struct PreparedSample {
    Invocation invocation;
    std::string origin;          // "search", "search: other sizes", ...
    bool variation = false;      // of an earlier sample: another size, mask or flag
    bool of_size_alone = false;  // such a one, and it differs in nothing but the tensors' shapes
};

struct PreparedEntry {
    EntryPoint entry;
    std::vector<PreparedSample> samples;
    bool bf16_as_f32 = false;  // the original hard-codes bfloat16: both sides read it as float32
    bool inner = false;        // no entry point, but no entry point's samples reach it: proved on its own
    std::string reason;        // why there is no sample
};

struct Prepared {
    std::vector<PreparedEntry> entries;
    std::string adapters;           // follows the converted text while it is proved; no part of the file
    infer::ObservedFacts observed;  // of the original's expressions, over all samples
};

// Finds samples with the original alone and probes it. Says MX6001 (the original does not import), MX6002 (no sample for an
// entry; a remark, since another entry's proof may reach it).
Prepared prepare(WorkerPool& workers, const Request& request, diagnostics::Sink& sink);

// Which piece of the converted text stands for which of the original.
struct SpanPair {
    base::Span converted, original;
};

// The ladder for every entry. `source_map` may be empty: then a failure is located in the converted text only.
Verdict verify(WorkerPool& workers, const Request& request, const Prepared& prepared, std::string_view converted,
               const std::vector<SpanPair>& source_map);

// Top-level module classes and public functions that no other definition of the file uses.
std::vector<EntryPoint> entry_points(std::string_view text);

}  // namespace mlxify::verify
