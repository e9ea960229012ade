// How torch's operators pass a layout on. Names are last parts: functions and methods alike, in-place ones without `_`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mlxify::layout {

enum class Passing : std::uint8_t {
    pointwise,  // every tensor operand is held as the result
    axis,       // the same, with axes among the arguments
    reduce,     // axes that go, or stay with one entry each (keepdim)
    extreme,    // reduce that gives values and indices, or the extremes of two tensors
    join,       // of a list of tensors along an axis
    cut,        // into a list of tensors along an axis
    query,      // says nothing of the order of axes
    size,       // x.size(1)
    reshape,    // x.view(b, c, 1, 1); x.view(b, -1) of a single pixel
    permute,    // x.permute(0, 2, 3, 1)
    swap,       // x.transpose(1, 2)
};

struct Operator {
    std::string_view name;
    Passing passing{};
    int position = 0;            // of the axes, the tensor being 0
    std::string_view keyword;
    std::optional<int> usual{};  // the axis where none is passed
};

const Operator* find_operator(std::string_view name);
// Modules that compute each value by itself: "torch.nn.ReLU".
bool is_pointwise_module(std::string_view qualified);

}  // namespace mlxify::layout
