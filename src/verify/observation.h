// What ran, by place: observed facts joined over several runs, and lines.
// takes: facts of single runs; gives: facts that hold in all of them; tests: observation_test.cpp
#pragma once

#include <cstdint>
#include <string_view>

#include "infer/facts.h"
#include "syntax/ast.h"

namespace mlxify::verify {

// Joins `facts` of one run into `all`; fields that differ become unknown. Whether any place is new.
bool join_facts(infer::ObservedFacts& all, const infer::ObservedFacts& facts);

// Whether any expression inside a function body of `definition` ran.
[[nodiscard]] bool ran(const infer::ObservedFacts& facts, const syntax::Tree& tree, syntax::NodeId definition);

// The bytes of line `number` (from 1) of `text`, without its line break; empty for line 0 and beyond the end.
[[nodiscard]] base::Span span_of_line(std::string_view text, std::uint32_t number);
[[nodiscard]] std::uint32_t line_of(std::string_view text, std::uint32_t offset);

// Tensor operations of the original on the way of a call, as far as facts tell: the depth of the tolerance.
[[nodiscard]] double depth_of(const infer::ObservedFacts& facts);

}  // namespace mlxify::verify
