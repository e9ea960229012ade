// The difference of two texts as a unified diff, for `--diff`.
// takes: two texts with their names; gives: what `patch` reads; tests: diff_test.cpp
#pragma once

#include <string>
#include <string_view>

namespace mlxify::report {

// Empty when the texts are equal. Three lines of context. Shortest edit script by Myers' algorithm (1986) up to a
// bound on the number of edits; beyond it the changed middle is given as one replacement.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name);

}  // namespace mlxify::report
