// Functions whose gradient runs torch's own differentiation over what they recompute (reversible blocks): MLX differentiates
// their forward itself, and what only served the recomputation goes. The verifier compares the gradients.
//
//   class Reversible(Function):                     class Reversible(RecomputedFunction):
//       def forward(ctx, x, blocks): ...                def forward(ctx, x, blocks): ...
//       def backward(ctx, dy):
//           ... block.backward_pass(y, dy)          the method backward_pass, which calls torch.autograd.backward, goes too
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

namespace {

// The innermost function definition around a node, lambdas passed over.
NodeId definition_around(const syntax::Tree& tree, NodeId node) {
    NodeId at = tree.function_of(node);
    while (exists(at) && tree[at].kind != NodeKind::function_def) at = tree.function_of(at);
    return at;
}

}  // namespace

void Rewriter::plan_recomputation() {
    struct Call {
        NodeId caller;
        NodeId callee;
    };
    std::vector<NodeId> roots;  // backward of functions with a gradient of their own
    for (const names::ClassInfo& info : names_.classes)
        for (const NodeId method : info.methods)
            if (info.is_autograd_function && tree_[method].name == "backward") roots.push_back(method);
    if (roots.empty()) return;
    std::set<std::uint32_t> differentiates;
    std::vector<Call> calls;
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::call) continue;
        const NodeId caller = definition_around(tree_, id);
        const NodeId callee = tree_.child(id, 0);
        if (names::qualified_name(tree_, names_, callee) == "torch.autograd.backward") {
            if (!exists(caller)) return;
            differentiates.insert(syntax::index(caller));
        }
        if (tree_[callee].kind == NodeKind::name && names_[names_.binding(callee)].kind == names::BindingKind::function)
            calls.push_back({caller, names_[names_.binding(callee)].definition});
        if (tree_[callee].kind != NodeKind::attribute) continue;
        for (const names::ClassInfo& info : names_.classes)
            for (const NodeId method : info.methods)
                if (tree_[method].name == tree_[callee].name) calls.push_back({caller, method});
    }
    // Who differentiates, directly or through others.
    for (bool changed = true; changed;) {
        changed = false;
        for (const Call& call : calls)
            if (exists(call.caller) && differentiates.contains(syntax::index(call.callee))) changed |= differentiates.insert(syntax::index(call.caller)).second;
    }
    // Only where nothing else than a `backward` starts it.
    for (const std::uint32_t number : differentiates) {
        const NodeId function{number};
        if (std::find(roots.begin(), roots.end(), function) != roots.end()) continue;
        const bool called = std::any_of(calls.begin(), calls.end(), [&](const Call& call) { return call.callee == function; });
        const bool outside = std::any_of(calls.begin(), calls.end(), [&](const Call& call) {
            return call.callee == function && (!exists(call.caller) || !differentiates.contains(syntax::index(call.caller)));
        });
        if (!called || outside) return;
    }
    recomputing_ = std::move(differentiates);
    for (const NodeId root : roots) {
        if (!recomputing_.contains(syntax::index(root))) continue;
        const std::string name(tree_[tree_.class_of(root)].name);
        assumptions_.push_back("the gradient of `" + name + "`, which PyTorch gets by running its parts again, is that of its forward");
    }
}

// A class whose gradient, or part in one, went: what it computed without gradient then has one now.
bool Rewriter::recomputes(NodeId class_node) const {
    return std::any_of(recomputing_.begin(), recomputing_.end(), [&](std::uint32_t function) {
        return exists(class_node) && tree_.class_of(NodeId{function}) == class_node;
    });
}

}  // namespace mlxify::rewrite
