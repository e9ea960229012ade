// Samples that somebody wrote down: in pyproject.toml, in a comment, in the main block, in the examples of a docstring.
// takes: the file's tree and path; gives: invocations with their origin; tests: sample_sources_test.cpp
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "syntax/ast.h"
#include "verify/sample.h"

namespace mlxify::verify {

struct WrittenSample {
    Invocation invocation;
    std::string origin;  // "comment", "main block", "docstring", "pyproject.toml"
};

inline constexpr std::string_view kFromDocstring = "docstring", kFromComment = "comment", kFromProject = "pyproject.toml",
                                  kFromMainBlock = "main block";

// `# mlxify: Net(8)(f32[2, 8])`, each on a line of its own.
std::vector<WrittenSample> comment_samples(const syntax::Tree& tree);

// `if __name__ == "__main__":` (and a function that it calls): a model constructed from literals and called with tensors made
// by torch.randn and the like. What is not understood is passed over.
std::vector<WrittenSample> main_block_samples(const syntax::Tree& tree);

// The examples of docstrings (`>>> layer = Conv(8)`), read in the same way.
std::vector<WrittenSample> docstring_samples(const syntax::Tree& tree);

// [[tool.mlxify.sample]] entries, `call = "..."` with an optional `file = "..."`, of the nearest pyproject.toml above `path`.
std::vector<WrittenSample> project_samples(const std::string& path);

}  // namespace mlxify::verify
