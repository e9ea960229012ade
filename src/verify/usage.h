// What a file does with a parameter: `a, b = x` unpacks it, `x.dim` reads a field, `range(x)` counts by it, `Block(x)` hands it on.
// takes: the file's tree; gives: what the parameter has to be, and what the file itself passes for it; tests: usage_test.cpp
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "syntax/ast.h"

namespace mlxify::verify {

struct Usage {
    std::vector<std::pair<std::string, Usage>> fields;  // x.dim, in the order of the source
    std::vector<std::pair<std::string, Usage>> keys;    // x["dim"]
    std::vector<std::pair<std::string, Usage>> parts;   // of each item: `for f, g in x`
    std::vector<Usage> item;                            // of each item, one at most: `for f in x`, `for f, g in zip(x, y)`
    std::vector<std::string> unpacked;                  // names in `channels, height, width = x`
    std::vector<std::string> literals;                  // strings that it is compared with or looked up in, as Python texts
    std::vector<std::string> names;                     // what the callables that it is handed to call it: `in_features`
    std::vector<std::string> types;                     // classes of the file of which it must be an instance
    std::vector<std::string> mapped;                    // definitions of the file that get it as `**x`
    std::size_t items = 0;                              // the largest constant index and one
    bool sequence = false;                              // x[i], len(x), for ... in x
    std::size_t length = 0;                             // len(x) == 3
    bool tuple = false;                                 // assert isinstance(x, tuple)
    bool mapping = false;                               // f(**x), x.items()
    bool number = false;                                // range(x), x // 2
    bool counted = false;                               // range(x), torch.zeros(x, 4)
    bool device = false;                                // torch.zeros(4, device=x)
    bool axis = false;                                  // y.sum(dim=x)
    bool condition = false;                             // if x:, not x
    bool made = false;                                  // called while the model is built: a class, or a function that makes modules
    bool modules = false;                               // nn.ModuleList(x)
    std::size_t inputs = 0, results = 0;                // of a call of it: x(a, b), c, d = x(a)
    std::string first_input;                            // the keyword of its first input: x(queries=a)
    bool called = false;                                // called later: a module, or a function of tensors
};

// Of a parameter of a top-level function, or of a method of a top-level class.
Usage usage_of(const syntax::Tree& tree, std::string_view definition, std::string_view parameter, std::string_view method = "__init__");

// Arguments of each call of the class `definition` in the file, as far as they mean the same everywhere: literals, and expressions
// of the file's and its imports' names. Calls that pass nothing of that kind are left out.
using WrittenArguments = std::vector<std::pair<std::string, std::string>>;  // parameter, Python text
std::vector<WrittenArguments> constructions_of(const syntax::Tree& tree, std::string_view definition);

// Whether the class takes the constructor of a library's class: MLX's has other names for its parameters.
bool inherits_library_constructor(const syntax::Tree& tree, std::string_view definition);

// The class of the file whose constructor gets what `definition` takes as `**kwargs`, and the parameters that are passed to it
// otherwise: `super().__init__(dim, heads=4, **kwargs)`, `self.net = Net(dim, **kwargs)`.
struct Forwarding {
    std::string target;
    std::size_t positional = 0;          // that many parameters are passed by position
    std::vector<std::string> keywords;
};
std::optional<Forwarding> forwarding_of(const syntax::Tree& tree, std::string_view definition);

}  // namespace mlxify::verify
