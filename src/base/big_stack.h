// Runs a function on a stack that deep trees fit on. A generated expression of 10,000 terms is a tree of that depth, and the
// stages walk expressions by plain recursion; the parser refuses what is nested deeper than this stack carries.
#pragma once

#include <cstddef>
#include <functional>

namespace mlxify::base {

inline constexpr std::size_t kBigStack = std::size_t{1} << 30;  // reserved, touched only as far as it is used

void run_on_big_stack(const std::function<void()>& work);

}  // namespace mlxify::base
