#include "infer/parameter_evidence.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "infer/operators.h"

namespace mlxify::infer {

using base::contains;
using syntax::NodeId;
using NodeKind = syntax::Kind;

namespace {

constexpr std::array<std::string_view, 12> kTensorAttributes{"shape",         "ndim",    "T",    "mT",   "data",  "grad",
                                                             "requires_grad", "is_cuda", "real", "imag", "dtype", "device"};
// Attributes that modules and arrays have too.
constexpr std::array<std::string_view, 3> kSharedAttributes{"data", "real", "imag"};

TensorEvidence of_attribute(const syntax::Tree& tree, NodeId attribute) {
    std::string_view name = tree[attribute].name;
    if (contains(kTensorAttributes, name)) return contains(kSharedAttributes, name) ? TensorEvidence::weak : TensorEvidence::strong;
    const NodeId parent = tree[attribute].parent;
    const bool called = tree[parent].kind == NodeKind::call && tree.child(parent, 0) == attribute;
    if (!called) return TensorEvidence::against;
    if (name.ends_with('_') && !name.ends_with("__")) name.remove_suffix(1);
    const Operator* op = find_operator(name);
    if (!op) return TensorEvidence::against;
    return op->telling || name == "size" || name == "view" || name == "reshape" || name == "transpose" ? TensorEvidence::strong
                                                                                                       : TensorEvidence::weak;
}

TensorEvidence of_subscript(const syntax::Tree& tree, NodeId subscript) {
    switch (tree[tree.child(subscript, 1)].kind) {
    case NodeKind::string: return TensorEvidence::against;
    case NodeKind::tuple:
    case NodeKind::ellipsis: return TensorEvidence::strong;
    default: return TensorEvidence::none;
    }
}

// An argument of a call: strong as the tensor of a function of torch, weak as that of a layer of `self`; the numbers that
// shapes, sizes and new tensors are given are no tensors.
TensorEvidence of_argument(const syntax::Tree& tree, const names::Names& names, NodeId argument, NodeId call) {
    const NodeId callee = tree.child(call, 0);
    const bool is_first = tree.child(call, 1) == argument;
    const std::string qualified = names::qualified_name(tree, names, callee);
    if (!qualified.empty()) {
        const Operator* op = find_library_operator(qualified);
        if (!op) return TensorEvidence::none;
        if (op->rule == Rule::einsum) return is_first ? TensorEvidence::against : TensorEvidence::strong;
        if (op->rule == Rule::matmul || op->rule == Rule::attention || op->rule == Rule::loss) return TensorEvidence::strong;
        return is_first && takes_tensor_first(op->rule) ? TensorEvidence::strong : TensorEvidence::none;
    }
    if (tree[callee].kind == NodeKind::attribute) {
        std::string_view name = tree[callee].name;
        if (name.ends_with('_') && !name.ends_with("__")) name.remove_suffix(1);
        const Operator* op = find_operator(name);
        if (op) return op->rule == Rule::matmul ? TensorEvidence::strong : TensorEvidence::none;
        return is_first ? TensorEvidence::weak : TensorEvidence::none;
    }
    const std::string_view name = tree.text(callee);
    if (name == "range") return TensorEvidence::against;
    // isinstance(x, (list, tuple)): it may be one.
    if (name == "isinstance" && is_first && tree.text(call).find("Tensor") == std::string_view::npos) return TensorEvidence::against;
    return TensorEvidence::none;
}

TensorEvidence of_load(const syntax::Tree& tree, const names::Names& names, NodeId load) {
    const NodeId parent = tree[load].parent;
    switch (tree[parent].kind) {
    case NodeKind::attribute: return of_attribute(tree, parent);
    case NodeKind::subscript: return tree.child(parent, 0) == load ? of_subscript(tree, parent) : TensorEvidence::none;
    case NodeKind::binary: return tree[parent].op == syntax::Op::matmul ? TensorEvidence::strong : TensorEvidence::none;
    case NodeKind::call:
        if (tree.child(parent, 0) == load) return TensorEvidence::against;
        return of_argument(tree, names, load, parent);
    case NodeKind::list:
    case NodeKind::tuple: {  // torch.cat([x, y])
        const NodeId call = tree[parent].parent;
        if (tree[call].kind != NodeKind::call || tree.child(call, 1) != parent) return TensorEvidence::none;
        const Operator* op = find_library_operator(names::qualified_name(tree, names, tree.child(call, 0)));
        return op && (op->rule == Rule::cat || op->rule == Rule::stack) ? TensorEvidence::strong : TensorEvidence::none;
    }
    default: return TensorEvidence::none;
    }
}

}  // namespace

TensorEvidence tensor_evidence(const syntax::Tree& tree, const names::Names& names, NodeId parameter) {
    const names::Binding& binding = names[names.binding(parameter)];
    TensorEvidence best = TensorEvidence::none;
    const bool reassigned = binding.stores.size() > 1;  // later loads may mean something else: only agreement counts
    for (const NodeId load : binding.loads) {
        const TensorEvidence evidence = of_load(tree, names, load);
        if (evidence == TensorEvidence::against && !reassigned) return evidence;
        best = std::max(best, evidence);
    }
    return best;
}

bool compared_with_none(const syntax::Tree& tree, const names::Names& names, NodeId parameter) {
    for (const NodeId load : names[names.binding(parameter)].loads) {
        const NodeId parent = tree[load].parent;
        if (tree[parent].kind != NodeKind::compare || tree[parent].child_count != 2) continue;
        if (tree[tree.child(parent, 1)].kind == NodeKind::none_) return true;
    }
    return false;
}

}  // namespace mlxify::infer
