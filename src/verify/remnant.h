// Whether a part of PyTorch is left in a converted file.
// takes: both texts; gives: what is left; tests: remnant_test.cpp
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/span.h"

namespace mlxify::verify {

struct Remnant {
    base::Span span;       // of the converted text
    std::string message;   // "`import torch` is left"
};

// Imports of PyTorch and of libraries that need it, and names that the original defines and the converted text does not.
std::vector<Remnant> torch_remnants(std::string_view original, std::string_view converted);

}  // namespace mlxify::verify
