// What a proof measured beside its verdict, for reports that show more than the stages' figures.
// tests: integration_test.cpp, tests/cli/test_html.py
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mlxify::verify {

// How near one array came: the worst of its comparisons. `quantity`: "values", "gradients", "training mode".
struct ArrayError {
    std::string name, quantity;
    double error = 0, tolerance = 0;  // relative to its scale
};

// One number of a compared array on both sides, in units of the array's scale.
struct Point {
    float original = 0, converted = 0;
};

// Which arrays of the original stand in one of the converted file; none: it is computed from several or is new.
struct MappedWeight {
    std::string converted;
    std::vector<std::int64_t> shape;
    std::vector<std::string> originals;
};

// What a call and a step of training cost; 0: not measured.
struct Cost {
    double seconds = 0, step_seconds = 0;
    double peak_bytes = 0, step_peak_bytes = 0;  // beyond the model and its inputs
    std::uint32_t moves = 0;                     // changes of the order of axes, in a call
    std::uint32_t images = 0;                    // arrays of three to five axes that go in and come out
};

struct Evidence {
    std::vector<ArrayError> arrays;
    std::vector<Point> values, gradients;  // some, evenly taken
    std::vector<MappedWeight> weights;
    Cost original, converted;
};

}  // namespace mlxify::verify
