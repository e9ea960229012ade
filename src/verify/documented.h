// The shapes that a model's author states of inputs: `x: (B, C, H, W)` in a docstring, a comment or a type of jaxtyping.
// takes: the file's tree, a function and the names of its parameters; gives: axes by parameter; tests: documented_test.cpp
#pragma once

#include <map>
#include <string>
#include <vector>

#include "syntax/ast.h"

namespace mlxify::verify {

struct Documented {
    std::vector<std::string> axes;  // names in lower case, whole numbers, or products of such: "b", "3", "h*w"
    bool integers = false;          // labels, indices, tokens
    friend bool operator==(const Documented&, const Documented&) = default;
};

// `class_node`: whose docstring is read, too; kNoNode for a function. Later statements of one name are not heard.
std::map<std::string, Documented> documented_inputs(const syntax::Tree& tree, syntax::NodeId class_node, syntax::NodeId function,
                                                    const std::vector<std::string>& names);

}  // namespace mlxify::verify
