// All that is said of one file, in plain values: what every form of the report (terminal, JSON) is printed from.
// takes: diagnostics with their source, a verdict; gives: FileReport; tests: terminal_test.cpp, json_test.cpp
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/span.h"
#include "diagnostics/diagnostic.h"
#include "source/source_text.h"
#include "verify/verify.h"

namespace mlxify::report {

// A diagnostic with its place resolved, so that it outlives the source.
struct Finding {
    diagnostics::Diagnostic diagnostic;
    bool located = false;               // false: it concerns the file as a whole
    source::Position begin, end;        // of the span; end is one past its last byte
    std::string source_line;            // the line of `begin`, without its line break
};

enum class Outcome {
    saved,         // proved and written
    unchanged,     // proved, and the output folder holds these very bytes already
    would_change,  // proved; writing was not asked for (`--check`)
    compared,      // a pair given to `verify`: proved, nothing to write
    refused,       // not saved; the findings say why
    unreadable,    // the input could not be read
};

// What `ship` did with git.
struct Shipment {
    bool asked = false;
    bool committed = false;
    std::string commit;     // short hash of the commit that holds the file
    std::string branch;
    std::string pushed_to;  // "origin/main"; empty: nothing was sent
    std::string note;       // why nothing was sent
};

// Where a rule turned a piece of the original into a piece of the converted text.
struct RulePlace {
    base::Span converted, original;
    std::string rule;  // "torch.nn.functional.pad", "with torch.no_grad()"
};

// Both texts; the converted one as it is written, header included.
struct Listing {
    std::string original, converted;
    std::vector<RulePlace> rules;
};

// Where PyTorch and MLX differ without an error, and the file comes upon it.
struct TrapPlace {
    std::uint32_t line = 0, column = 0;  // of the original, from 1; column in bytes
    std::string rule;                    // what guarded it there
};

struct Trap {
    std::string name, differs, handled;
    std::vector<TrapPlace> places;
};

struct FileReport {
    std::string input;       // as it was named
    std::string sha256;      // of its bytes
    std::string output;      // where it is, or would be, saved
    Outcome outcome = Outcome::refused;
    std::string trouble;     // of an unreadable file, where no code says it
    std::vector<Finding> findings;
    verify::Verdict verdict;
    std::vector<std::string> assumptions;
    std::vector<std::string> helpers;
    std::vector<Trap> traps;
    std::string draft;       // path of the draft that was written; empty: none
    Shipment shipment;
    Listing listing;
    double seconds = 0;
    bool proved_earlier = false;  // by a former run, on the same file, programs and packages

    [[nodiscard]] bool proved() const { return outcome != Outcome::refused && outcome != Outcome::unreadable; }
    [[nodiscard]] bool has_refusal() const;
};

Finding locate(const diagnostics::Diagnostic& diagnostic, const source::SourceText& source);
// Sorted by place, those of the whole file first; equal ones once.
std::vector<Finding> locate_all(const std::vector<diagnostics::Diagnostic>& diagnostics, const source::SourceText& source);
// For a file that could not even become a SourceText.
Finding without_place(diagnostics::Code code, std::string message, std::string suggestion = {});

// How far the file came: "source", "syntax", "names", "infer", "rules", "rewrite", a rung of the ladder, "store", or "done".
std::string stage_reached(const FileReport& report);

std::string_view outcome_name(Outcome outcome);
std::string_view level_name(verify::Level level);
std::string_view stage_result_name(verify::StageResult result);
std::string_view severity_name(diagnostics::Severity severity);
std::string_view trust_name(diagnostics::Trust trust);

}  // namespace mlxify::report
