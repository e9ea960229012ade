// What PyTorch's own error messages say about the inputs or arguments that were tried.
// takes: an exception's type and message; gives: what to change; tests: repair_test.cpp
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "verify/worker.h"

namespace mlxify::verify {

struct Repair {
    enum class Kind {
        last_axis,       // an input whose last axis is `found` needs `wanted` there
        channels,        // axis 1 of an input is `found` and must be `wanted`
        any_axis,        // some axis of size `found` must have size `wanted`
        rank,            // an input must have `wanted` axes
        indices,         // an input must hold integers, not floats
        floats,          // an input must hold floats, not integers
        complex_numbers, // an input must hold complex numbers
        shares,          // an input must hold numbers between 0 and 1
        smaller_indices, // integers must be smaller
        larger_space,    // the spatial axes are too small: what is made of them is `found` and must be `wanted`, where that is told
        even_space,      // the spatial axes must divide by a power of two
        same_shape,      // all inputs must have one shape
        add_input,       // `name` is missing in the call
        add_argument,    // `name` is missing in the constructor
        drop_argument,   // the constructor does not know `name`
        optional_inputs, // an optional input is needed
        no_input,        // an input of which `name` is read is no tensor, and may be None
        field,           // a configuration object lacks the field `name`
        divisible,       // sizes must divide one another
        sequence_input,  // an input must be a list of tensors
        other_rank,      // an input has `found` axes, and needs another number of them
        sequence_value,  // an argument must be a list or tuple, not one number
        choice,          // the argument `name`, or the one that is `current`, must be `value`
        argument_value,  // an argument is `found` and must be `wanted`
        module_value,    // an argument must be a module, or hold modules
        input_shape,     // what is made of the inputs has the shape `found_shape` and must have `wanted_shape`
        mapping_value,   // an argument must be a dictionary
        mapping_input,   // an input must be a dictionary
        longer_value,    // an argument must be a longer list
        scalar_value,    // an argument must be one number, not a list or tuple
        low_precision,   // the model mixes dtypes in float32 and may run in bfloat16
        other_values,    // the arguments contradict each other: another guess
        lengths,         // an input must hold the length of each sequence of another, the longest first
        single_value,    // what is made of an argument or of the inputs must have one element
        other_feature,   // a part of the model needs what is not installed or not reachable: flags turned, options None
        give_up,         // nothing that other inputs could mend (a library or device is missing)
    };
    Kind kind{};
    std::int64_t found = -1;
    std::int64_t wanted = -1;
    std::string name;
    std::vector<std::int64_t> found_shape{}, wanted_shape{};
    std::string current{}, value{};  // texts of Python literals
    friend bool operator==(const Repair&, const Repair&) = default;
};

// Whether an argument is wanted in another form: a list, one number, a dictionary, a module.
[[nodiscard]] bool asks_for_another_form(Repair::Kind kind);

// The likeliest first; empty if the message says nothing to us.
std::vector<Repair> repairs_for(const Failure& failure);

}  // namespace mlxify::verify
