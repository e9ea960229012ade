// Whether both constructors leave the same weights: the same constants, and random numbers of the same distribution.
// takes: an array as several constructions left it, on both sides; gives: what differs; tests: initial_test.cpp
//
// What PyTorch leaves alike in all constructions is a constant, and compared element by element, to what its own float32 and float64
// differ by; NaN, which the worker puts where memory was never written to, agrees with anything. Of the rest, values are compared as
// samples: first sorted (where both sides take the same draws of the shared stream they are the same), else by their spread and
// by the Kolmogorov-Smirnov distance; and the means along each axis, which a pattern moves (an identity tap, a forget gate's bias).
#pragma once

#include <string>
#include <vector>

#include "verify/safetensors.h"

namespace mlxify::verify {

// Whether all numbers of one construction agree, one by one, but for NaN. By the same seed both sides take the same draws.
[[nodiscard]] bool same_initial(const ArrayView& original, const ArrayView& converted);

// Why they differ, or empty. `original` and `converted`: the same array by each seed, in the same order, of one shape. `precise`: the
// original's by the first seed, computed in float64; null where it could not be.
[[nodiscard]] std::string initial_difference(const std::vector<const ArrayView*>& original, const std::vector<const ArrayView*>& converted,
                                             const ArrayView* precise = nullptr);

// The same of the numbers alone that PyTorch leaves alike in all constructions: those of an array whose others are random (a padding row), and
// those of one that MLX leaves alike as well (the slope of a PReLU). A constant that a layer of MLX draws at random is its own way to begin.
[[nodiscard]] std::string initial_constants_difference(const std::vector<const ArrayView*>& original, const std::vector<const ArrayView*>& converted,
                                                       const ArrayView* precise = nullptr);

}  // namespace mlxify::verify
