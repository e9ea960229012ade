// A proof of an earlier run, which stands as long as nothing has changed that it depends on.
// takes: the original, RunOptions; gives: a key, a Proof as bytes and back; tests: earlier_proof_test.cpp, tests/cli/test_cache.py
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pipeline/run.h"
#include "source/source_text.h"

namespace mlxify::pipeline {

// Names all that a proof depends on: the original, the samples given with it, the limits, this program, its catalogues and what the
// interpreter would import. Empty: that cannot be told, as when the original imports a neighbour from the current folder.
std::string proof_key(const source::SourceText& original, const RunOptions& options);

std::string encode(const Proof& proof);
// Bytes that `encode` did not make give nothing.
std::optional<Proof> decode(std::string_view bytes);

}  // namespace mlxify::pipeline
