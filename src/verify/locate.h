// Where the values of two programs part: the first assignment whose arrays differ.
// takes: a pair on the numbers of a failed comparison; gives: the statement on both sides; tests: locate_test.cpp, integration_test.cpp
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "verify/pair.h"

namespace mlxify::verify {

struct Difference {
    std::string name;                // of the variable, as the author wrote it
    base::Span original, converted;  // the statements
    std::string reason;              // "max error 3.1e-03 ..."
};

// Assignments of one side that stand for one another: the k-th of a name on one side and the k-th on the other, for names that
// are assigned equally often. In the order of the original.
std::vector<std::pair<std::size_t, std::size_t>> matched_assignments(const std::vector<TraceEntry>& original,
                                                                     const std::vector<TraceEntry>& converted);

// Traces both sides once more. Arrays in another layout are compared by what they hold in sorted order.
// nullopt: nothing differs at an assignment, or a side cannot be traced.
std::optional<Difference> first_difference(Pair& pair, const CallOptions& options, double depth);

}  // namespace mlxify::verify
