// Whether two arrays, two trees of arrays, two sets of gradients are the same numbers, without any framework.
// takes: what PyTorch gave (in float32, and in float64 where the model runs there), what MLX gave; gives: error and tolerance;
// tests: compare_test.cpp
//
// The tolerance is nobody's choice. With t32 and t64 PyTorch's own results in float32 and float64 on the same numbers, p32
// its float32 result with every weight and input disturbed by one rounding, and m32 what MLX gave:
//
//   error     = max |m32 - t64| / s           s: the array's scale, the largest |t64|
//   own       = max( max |t32 - t64|, max |p32 - t32| ) / s
//   tolerance = max( kFactor * own, kFloor * eps * sqrt(depth) )
//
// own is the error that the model makes in this precision whoever runs it, kFactor the room for another order of summation
// (an error bound in Higham's sense moves by a small constant between orders, not by decades). The floor covers a model so
// small that its own error happens to be nearly zero: rounding errors of `depth` operations in a row add up like a random walk
// (Higham and Mary, 2019), a few units in the last place each. Where a model cannot run in float64 (it casts to float32
// itself), t64 is t32 and own rests on p32 alone.
//
// Without t64 and p32 the tolerance is the floor, and the error is taken from t32. Where it is at most kClose of the floor, t64
// and p32 cannot turn the match into a difference: t64 moves the error by |t32 - t64|, and the tolerance is 16 times that.
//
// MLX adds long sums in another way than PyTorch, which the own error of PyTorch does not tell. Where m32 is off by more than the
// tolerance, but by no more than kFactor times it, the converted file runs in float64 too: m64 that agrees with t64 within a
// kFactor-th of the tolerance shows that the two compute the same, and that the rest is MLX's rounding.
//
// A gradient jumps where a ReLU, a maximum or a sort is within a rounding of its kink, and a large model has such places in every run. m64
// that agrees with t64 within kExact shows that the two compute the same; whether the jump is MLX's, its own float32 gradients tell, with
// weights and inputs disturbed by kFactor roundings, which is what MLX's may differ from PyTorch's by, or four times as many, as long
// sums do: they must move by half of the largest difference, and every element that is off by more than kFactor tolerances by an eighth of
// its own, or on the larger disturbances, where what is smooth moves by four tolerances, by a quarter. A difference that stays is no kink.
//
// Beyond kMaxTolerance the comparison says nothing: `ill_conditioned`, not a match. Elements far above the rest (a mask filled
// with -1e9) are compared relative to themselves, so that they do not lend their scale to the others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "verify/safetensors.h"

namespace mlxify::verify {

inline constexpr double kFactor = 16;
inline constexpr double kFloor = 8;
inline constexpr double kClose = 0.5;
inline constexpr double kExact = 0x1p-22;  // of float64 results, which cross as float32 in part
inline constexpr double kOfSpread = 2;
inline constexpr std::size_t kTurns = 2;  // disturbances are small and large in turns
inline constexpr int kShaken[kTurns] = {static_cast<int>(kFactor), 4 * static_cast<int>(kFactor)};  // roundings
inline constexpr double kOfElement[kTurns] = {8, 4};
inline constexpr double kMaxTolerance = 1e-2;
inline constexpr double kNoDigits = 0.5;  // own error of a reference that has no digit right: nothing differs from it

enum class Match { same, differs, ill_conditioned };

// What PyTorch gave for one array. `disturbed` and `float64` may be null.
struct Reference {
    const ArrayView* plain = nullptr;
    const ArrayView* float64 = nullptr;
    const ArrayView* disturbed = nullptr;
};

struct Comparison {
    Match match = Match::same;
    double error = 0;      // relative to the scale
    double tolerance = 0;  // likewise
    std::string reason;    // why they differ; empty for `same`
    double used = 0;       // share of the tolerances that the errors take up; above 1: differs
};

// `depth`: operations in a row, at least 1. `context`: scale of the neighbouring arrays; an array that is zero but for
// rounding (the gradient of a bias before a normalisation) is measured against a thousandth of it, and where float64 shows that it is
// zero, against the scale of its siblings, too.
Comparison compare_arrays(const Reference& reference, const ArrayView& converted, double depth, double context, double siblings = 0);

// Whether `found`, a difference, is MLX's own rounding. `converted64`: the same array, computed in float64.
bool is_own_rounding(const Comparison& found, const Reference& reference, const ArrayView& converted64, double context);

// Whether `found`, a difference, may be that of a kink: the two agree in float64.
bool may_be_kink(const Comparison& found, const Reference& reference, const ArrayView& converted64, double context);

// Whether `found`, a difference of gradients, is that of a kink. `shaken`: what MLX gave for the array on disturbed weights and inputs.
bool is_kink(const Comparison& found, const Reference& reference, const ArrayView& converted, const ArrayView& converted64,
             const std::vector<const ArrayView*>& shaken, double context);

// Largest finite magnitude.
[[nodiscard]] double scale_of(const ArrayView& array);

// Whether any element differs at all, or the shape does.
[[nodiscard]] bool moved(const ArrayView& a, const ArrayView& b);

// Disturbs every float by that many roundings up or down (deterministic in `seed`); other arrays are copied.
[[nodiscard]] OwnedArray disturbed(const ArrayView& array, std::uint64_t seed, int roundings = 1);

// Leaves that belong together, with the path to them ("[0].logits"), in the reference's order.
struct LeafPair {
    std::uint32_t reference = 0, converted = 0;
    std::string path;
};

struct Structure {
    std::vector<LeafPair> leaves;
    std::string mismatch;  // where and how the trees differ; empty if they agree
};

// Lists and tuples are both sequences; dictionaries and objects agree in keys, objects in class; constants are equal, floats
// within `constant_tolerance` relative.
Structure compare_trees(const nlohmann::json& reference, const nlohmann::json& converted, double constant_tolerance);

}  // namespace mlxify::verify
