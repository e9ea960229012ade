// Bytes to typed tree. The only place that knows tree-sitter.
// takes: SourceText; gives: Tree (views into the source: it must outlive the tree); says: MX1002, MX1003; tests: parse_test.cpp
#pragma once

#include <string>

#include "diagnostics/diagnostic.h"
#include "source/source_text.h"
#include "syntax/ast.h"

namespace mlxify::syntax {

// On a syntax error: a refusal in `sink` at the first place that does not parse; the tree then holds what could be read.
Tree parse(const source::SourceText& source, diagnostics::Sink& sink);
// The same for text that is no file of the user (the catalogue).
Tree parse(std::string_view text, diagnostics::Sink& sink);

// For `--print syntax`: one node a line, indented.
std::string print(const Tree& tree);

}  // namespace mlxify::syntax
