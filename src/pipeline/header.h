// The part of the saved file's docstring that says where it comes from and what was proved of it.
// takes: what is known of the proof; gives: text without dates or timings, the same for the same input; tests: header_test.cpp
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "source/source_text.h"
#include "verify/verify.h"

namespace mlxify::pipeline {

// The first words: a former header is found, and replaced, by them.
inline constexpr std::string_view kHeaderBegin = "Converted from PyTorch to MLX by mlxify ";
// What introduces an entry point: its name, what was proved of it, in which dtype; its samples follow, a line each.
inline constexpr std::string_view kStatement = "Verified against PyTorch: ";
// Stands in a sample that is too long to be written out.
inline constexpr std::string_view kAbbreviation = " … (by ";

inline constexpr std::string_view kValuesAndGradients = "values and gradients", kValuesAlone = "values (it has no gradient)",
                                  kInferenceOnly = "values (inference only)";

struct Provenance {
    std::string file_name;  // of the original, without its folder
    std::string sha256;     // of the original's bytes
    std::string version;    // of mlxify
};

// Plain lines, each ended by "\n". `remarks` become limitations when they concern what the output lacks.
std::string verification_header(const Provenance& provenance, const verify::Verdict& verdict,
                                const std::vector<std::string>& assumptions,
                                const std::vector<diagnostics::Diagnostic>& remarks, const source::SourceText& original);

// What a draft begins with: comment lines.
std::string draft_banner(const Provenance& provenance);

// One of kValuesAndGradients, kValuesAlone, kInferenceOnly.
std::string_view proved_quantities(const verify::EntryProof& entry);

// An error as one significant digit, rounded up to 1, 2 or 5 times a power of ten: 3.1e-07 → "5e-07". Coarse on purpose: the
// last digits of a sum depend on the machine's threads, and the same input must give the same bytes.
std::string rounded_up(double error);

}  // namespace mlxify::pipeline
