// Facts of every expression, from the text alone and, where there are any, from a run of the original.
// takes: Tree, Names, ObservedFacts; gives: FactTable; tests: infer_test.cpp
#pragma once

#include <string>

#include "infer/facts.h"
#include "names/names.h"
#include "syntax/ast.h"

namespace mlxify::infer {

FactTable infer(const syntax::Tree& tree, const names::Names& names, const ObservedFacts& observed);

// For `--print facts`: line:column, text, fact; one expression a line.
std::string print(const syntax::Tree& tree, const FactTable& facts);

}  // namespace mlxify::infer
