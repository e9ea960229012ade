// What type annotations say: `Optional[torch.Tensor]`, `tuple[int, int]`, `Float[Tensor, "b n d"]`.
// takes: an annotation's node; gives: a Fact, unknown where nothing is said; tests: annotations_test.cpp
#pragma once

#include "infer/fact_store.h"
#include "names/names.h"
#include "syntax/ast.h"

namespace mlxify::infer {

Fact fact_of_annotation(const syntax::Tree& tree, const names::Names& names, FactStore& store, syntax::NodeId annotation);

// Of a dtype's name ("torch.float32", "torch.long"), DType::unknown if it is none.
DType dtype_of_name(std::string_view qualified);
// `bool`, `int` and `float` where torch wants a dtype.
DType dtype_of_builtin(std::string_view name);

}  // namespace mlxify::infer
