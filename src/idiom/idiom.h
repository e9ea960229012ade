// Formulas that MLX has as one function: root mean square and layer norms, attention, activations.
// takes: Tree, Names, FactTable; gives: Plan; says: nothing; tests: tests/golden/idiom_*
//
// A formula is followed from its last operation through the local names that hold its parts. It is taken only if the facts say that
// the function computes the same for every call: nothing else reads the parts, so that their statements go, and what it is given is
// then still what it was. Everything else stays as the author wrote it.
#pragma once

#include <string_view>
#include <vector>

#include "infer/facts.h"
#include "names/names.h"
#include "syntax/ast.h"

namespace mlxify::idiom {

using syntax::NodeId;

struct Argument {
    std::string_view keyword;
    NodeId node{};
};

// An expression that becomes a call of the catalogue's entry.
struct Rewriting {
    NodeId root{};
    std::string_view entry;            // "mlxify.idiom.rms_norm", "torch.nn.functional.silu"
    std::vector<Argument> arguments;
    std::vector<NodeId> removed;       // statements that only computed parts of it
    std::vector<NodeId> inner;         // operations that are gone
};

using Plan = std::vector<Rewriting>;  // none inside of another

Plan plan(const syntax::Tree& tree, const names::Names& names, const infer::FactTable& facts);

}  // namespace mlxify::idiom
