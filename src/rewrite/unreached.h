// Code that no sample of the original reached: what of it cannot be converted raises, with the reason, and the rest is proved.
// takes: refusals, ObservedFacts; gives: the statements to replace; tests: unreached_test.cpp
//
//   if self.distributed:                     if self.distributed:
//       dist.all_reduce(count)       ->          raise NotImplementedError("`torch.distributed.all_reduce` ...")
//       count /= dist.get_world_size()
#pragma once

#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "infer/facts.h"
#include "names/names.h"
#include "syntax/ast.h"

namespace mlxify::rewrite {

// Statements of one block, to its end, or a class whose bases have no form in MLX (`first == last`, a class_def).
struct UnreachedPart {
    syntax::NodeId first, last;
    diagnostics::Diagnostic refusal;  // the first one inside
    [[nodiscard]] base::Span span(const syntax::Tree& tree) const { return {tree[first].span.begin, tree[last].span.end}; }
};

// The parts that hold those of `refusals` that stand in code no required sample ran; without observations there are none.
std::vector<UnreachedPart> unreached_parts(const syntax::Tree& tree, const names::Names& names, const infer::ObservedFacts& observed,
                                           const std::vector<diagnostics::Diagnostic>& refusals);

// Whether a refusal at `span` may turn out to be in code that is not reached: inside a function, or of a class as a whole.
bool may_be_unreached(const syntax::Tree& tree, base::Span span);

}  // namespace mlxify::rewrite
