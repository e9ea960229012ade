// Whether a parameter without annotation is a tensor, told by how the function uses it.
// takes: Names, a parameter; gives: how sure it is; tests: infer_test.cpp
#pragma once

#include "names/names.h"
#include "syntax/ast.h"

namespace mlxify::infer {

enum class TensorEvidence : std::uint8_t {
    against,  // called, read by key, asked for what tensors do not have
    none,     // only passed on, counted or compared
    weak,     // the first operand of a layer of the file
    strong,   // a method or attribute that only tensors have, an operand of torch's functions
};

TensorEvidence tensor_evidence(const syntax::Tree& tree, const names::Names& names, syntax::NodeId parameter);

// `if mask is None`: callers may pass None.
bool compared_with_none(const syntax::Tree& tree, const names::Names& names, syntax::NodeId parameter);

}  // namespace mlxify::infer
