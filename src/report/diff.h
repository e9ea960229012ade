// The difference of two texts as a unified diff, for `--diff`.
// takes: two texts with their names; gives: what `patch` reads; tests: diff_test.cpp
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlxify::report {

// Empty when the texts are equal. Three lines of context. Shortest edit script by Myers' algorithm (1986) up to a
// bound on the number of edits; beyond it the changed middle is given as one replacement.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name);

// A row of both texts side by side: line numbers from 1, 0 where that side has none. Changed lines stand beside each other as far as
// there are as many.
struct LinePair {
    int before = 0, after = 0;
    friend bool operator==(const LinePair&, const LinePair&) = default;
};
std::vector<LinePair> aligned_lines(std::string_view before, std::string_view after);

}  // namespace mlxify::report
