// What the first layers that touch an input want of it: `self.proj(x)` with a Linear(64, ...) wants a last axis of 64.
// takes: the file's tree, the constructed model; gives: one hint per parameter of forward; tests: touch_test.cpp
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "syntax/ast.h"
#include "verify/documented.h"
#include "verify/worker.h"

namespace mlxify::verify {

struct InputHint {
    int rank = -1;                   // -1: not known
    int least_rank = 0;              // `x[:, 0]` needs two axes, and takes more
    std::int64_t last = -1;          // size of the last axis
    std::int64_t channels = -1;      // size of axis 1
    std::int64_t indices_below = -1; // an embedding of that many rows: integers
    std::vector<std::string> axes;   // names from `b, l, d = x.shape` or einops
    std::vector<std::int64_t> sizes;      // of these axes; -1: not known
    std::vector<std::int64_t> multiples;  // of what each must be a multiple: 8 for `(h p)` with p=8
    bool space = false;              // `*_, h, w = x.shape`
    bool flag = false;               // `if x:`
    bool counted = false;            // `range(x)`
    bool device = false;             // `torch.zeros(4, device=x)`
    bool called = false;             // `x(y)`: a module or a function
    std::size_t results = 0;         // of that call, where it is unpacked
    bool mapping = false;            // `f(**x)`
    bool of_function = false;        // a parameter of a function of the file, not of a model: `t` is any tensor there
    std::vector<std::string> unpacked;  // names in `h, w = x`
    std::vector<std::string> literals;  // strings that it is compared with
    std::vector<std::string> fields;    // what is read of it: `mask.mask`, `x.shape`
    Documented documented;              // what the author states
    std::vector<Documented> parts;      // the same of each that it is unpacked to, where all are stated
    friend bool operator==(const InputHint&, const InputHint&) = default;
};

// Hints by parameter name of `entry`'s method (a class: forward; a function: itself).
std::map<std::string, InputHint> input_hints(const syntax::Tree& tree, std::string_view entry, std::string_view method,
                                             const Construction& model);

// String literals that the class compares the argument `name` (or an attribute of that name) with: other values to try. `entry`
// empty: anywhere in the file.
std::vector<std::string> compared_strings(const syntax::Tree& tree, std::string_view entry, std::string_view name);

// Attributes that are read of `object` in the class: fields of a configuration object.
std::vector<std::string> fields_read(const syntax::Tree& tree, std::string_view entry, std::string_view object);

// The block of a class or of a function.
syntax::NodeId body_of(const syntax::Tree& tree, syntax::NodeId definition);

// The method that the class itself defines; kNoNode if it has none of that name.
syntax::NodeId own_method(const syntax::Tree& tree, syntax::NodeId class_node, std::string_view name);

// Whether the node stands in the other one, or is it.
bool inside(const syntax::Tree& tree, syntax::NodeId node, syntax::NodeId around);

// The top-level definition of that name; kNoNode if there is none.
syntax::NodeId top_level_definition(const syntax::Tree& tree, std::string_view name);

}  // namespace mlxify::verify
