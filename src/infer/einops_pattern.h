// Patterns of einops: "b (h d) l -> b l h d".
// takes: a pattern's text; gives: its axes per side; tests: einops_pattern_test.cpp
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace mlxify::infer {

struct EinopsAxis {
    std::vector<std::string_view> factors;  // one name, several of a group, none for `1` and `()`
    bool ellipsis = false;
};

using EinopsSide = std::vector<EinopsAxis>;

struct EinopsPattern {
    EinopsSide left;
    EinopsSide right;
};

// Nothing if the text is no pattern with an arrow.
std::optional<EinopsPattern> parse_einops(std::string_view pattern);
// One side alone: "b * d".
EinopsSide parse_einops_side(std::string_view side);

// The number of axes of a side; nothing if it has an ellipsis.
std::optional<int> rank_of(const EinopsSide& side);
bool has_ellipsis(const EinopsSide& side);

}  // namespace mlxify::infer
