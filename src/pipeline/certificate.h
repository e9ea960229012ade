// What the header of a saved file states, read back so that it can be checked again.
// takes: the text of a saved file; gives: Certificate; tests: certificate_test.cpp, tests/cli/test_again.py
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "verify/verify.h"

namespace mlxify::pipeline {

struct CertifiedEntry {
    std::string name;
    std::string quantities;          // "values and gradients", ..., as `proved_quantities` says it
    std::vector<std::string> calls;  // samples, as `--call` takes them
    bool abbreviated = false;        // one sample was too long for the header
};

struct Certificate {
    std::string version;     // of mlxify
    std::string file_name;   // of the original, without its folder
    std::string sha256;      // of the original's bytes
    std::vector<CertifiedEntry> entries;
};

// Errors: no header of ours, or one that somebody changed beyond reading.
base::Result<Certificate> read_certificate(std::string_view saved);

// What of `certificate` the proof did not bear out, as sentences.
std::vector<std::string> not_borne_out(const Certificate& certificate, const verify::Verdict& verdict);

}  // namespace mlxify::pipeline
