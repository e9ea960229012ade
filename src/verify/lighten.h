// Smaller forms of a sample that runs, for models whose calls cost much, and wider ones for models that are too narrow.
// takes: a trial; gives: trials with about half of one size each, or larger ones; tests: lighten_test.cpp
#pragma once

#include <vector>

#include "verify/trial.h"

namespace mlxify::verify {

// In the order in which to try them: smaller images, then each number of the constructor that counts layers or channels, halved, with the
// axes of the inputs that have its size, and without.
std::vector<Trial> lighter(const Trial& trial, const DefinitionOf& entry);

// A quarter of each number of the constructor that counts layers or channels, and of the axes of the inputs that have its size, and images of
// half the side, all at once; then the same with images as they are, which some networks reduce to nothing: for a call that does not end,
// or costs very much. Empty where nothing is large enough.
std::vector<Trial> much_lighter(const Trial& trial, const DefinitionOf& entry);

// The same with every width and number of channels eight times as large, and with each of them alone.
std::vector<Trial> wider(const Trial& trial);

// Where a call takes too long for its length, as what goes through all partitions does: sequences of a few items.
std::vector<Trial> shorter(const Trial& trial);

}  // namespace mlxify::verify
