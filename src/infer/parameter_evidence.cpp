#include "infer/parameter_evidence.h"

#include <algorithm>
#include <array>
#include <string>

#include "infer/operators.h"

namespace mlxify::infer {

using syntax::NodeId;
using NodeKind = syntax::Kind;

namespace {

constexpr std::array<std::string_view, 12> kTensorAttributes{"shape", "ndim", "T", "mT", "data", "grad", "requires_grad",
                                                             "is_cuda", "real", "imag", "dtype", "device"};
// Attributes that modules and arrays have too.
constexpr std::array<std::string_view, 3> kSharedAttributes{"data", "real", "imag"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

TensorEvidence of_attribute(const syntax::Tree& tree, NodeId attribute) {
    std::string_view name = tree[attribute].name;
    if (contains(kTensorAttributes, name)) return contains(kSharedAttributes, name) ? TensorEvidence::weak : TensorEvidence::strong;
    const NodeId parent = tree[attribute].parent;
    const bool called = tree[parent].kind == NodeKind::call && tree.child(parent, 0) == attribute;
    if (!called) return TensorEvidence::against;
    if (name.ends_with('_') && !name.ends_with("__")) name.remove_suffix(1);
    const Operator* op = find_operator(name);
    if (!op) return TensorEvidence::against;
    return op->telling || name == "size" || name == "view" || name == "reshape" || name == "transpose" ? TensorEvidence::strong : TensorEvidence::weak;
}

TensorEvidence of_subscript(const syntax::Tree& tree, NodeId subscript) {
    switch (tree[tree.child(subscript, 1)].kind) {
    case NodeKind::string: return TensorEvidence::against;
    case NodeKind::tuple:
    case NodeKind::ellipsis: return TensorEvidence::strong;
    default: return TensorEvidence::none;
    }
}

TensorEvidence of_argument(const syntax::Tree& tree, const names::Names& names, NodeId call) {
    const NodeId callee = tree.child(call, 0);
    const std::string qualified = names::qualified_name(tree, names, callee);
    if (!qualified.empty()) {
        const Operator* op = find_library_operator(qualified);
        const bool about_sizes = op && (op->rule == Rule::create || op->rule == Rule::arange || op->rule == Rule::from_data || op->rule == Rule::linspace ||
                                        op->rule == Rule::eye || op->rule == Rule::device || op->rule == Rule::boolean || op->rule == Rule::randint);
        return op && !about_sizes ? TensorEvidence::strong : TensorEvidence::none;
    }
    // self.layer(x): most likely a tensor; names of builtins and helpers say nothing.
    return tree[callee].kind == NodeKind::attribute ? TensorEvidence::weak : TensorEvidence::none;
}

TensorEvidence of_load(const syntax::Tree& tree, const names::Names& names, NodeId load) {
    const NodeId parent = tree[load].parent;
    switch (tree[parent].kind) {
    case NodeKind::attribute: return of_attribute(tree, parent);
    case NodeKind::subscript: return tree.child(parent, 0) == load ? of_subscript(tree, parent) : TensorEvidence::none;
    case NodeKind::binary:
    case NodeKind::unary: return TensorEvidence::weak;
    case NodeKind::call:
        if (tree.child(parent, 0) == load) return TensorEvidence::against;
        return of_argument(tree, names, parent);
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

}  // namespace mlxify::infer
