// What a layer of PyTorch or einops wants of its input, by its weights and by how it prints itself.
// takes: the constructed model, a layer of it; gives: a hint; tests: layer_wants_test.cpp
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/touch.h"

namespace mlxify::verify {

// nullopt: no layer of which anything is known.
std::optional<InputHint> layer_wants(const Construction& model, const ModuleOf& layer);

// Whether the axes after this layer are other ones than before, so that later layers say nothing of its input.
bool changes_axes(std::string_view type);

// An einops pattern: "b c (h p) -> b h (p c)".
struct Rearrangement {
    using Axes = std::vector<std::vector<std::string>>;  // one list per axis: `(h p)` has two names
    Axes left, right;
};
std::optional<Rearrangement> read_pattern(std::string_view pattern);  // nullopt: no arrow, or an ellipsis

// The input of a rearrangement where some lengths are given, and what the layer after it wants.
InputHint rearranged_wants(const Rearrangement& pattern, std::map<std::string, std::int64_t> lengths, const InputHint& next);

// The pattern and the lengths of a layer that prints itself as `Rearrange('b c (h p) -> b h (p c)', p=8)`.
std::optional<std::pair<Rearrangement, std::map<std::string, std::int64_t>>> read_rearrange_layer(std::string_view text);

}  // namespace mlxify::verify
