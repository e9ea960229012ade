// Classes of the file that derive from a layer of torch.nn.
// takes: Tree, Names; gives: what they need of that layer; says: nothing; tests: tests/golden/conv_subclass_own_weight
#pragma once

#include <string_view>

#include "names/names.h"

namespace mlxify::names {

bool is_convolution(std::string_view qualified);  // not a transposed one

// Whether the class derives from a convolution and reads of `self` what torch's convolutions keep: its kernel, its sizes.
bool computes_with_kernel(const syntax::Tree& tree, const ClassInfo& info);

// Whether the class derives from torch.nn.Embedding and reads of `self` what that keeps.
bool reads_embedding(const syntax::Tree& tree, const ClassInfo& info);

}  // namespace mlxify::names
