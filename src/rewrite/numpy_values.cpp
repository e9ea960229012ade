// What numpy gives: its numbers become Python's, its arrays MLX's, where either meets an array of MLX.
#include <algorithm>

#include "infer/fact_store.h"
#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

// "numpy.ndarray", "numpy.float64" and the like of what was seen as such; empty for anything else.
std::string_view Rewriter::numpy_type(NodeId id) const {
    const base::Span span = tree_[id].span;
    const auto seen = std::lower_bound(input_.observed.begin(), input_.observed.end(), span, [](const infer::ObservedFact& one, base::Span wanted) { return one.span < wanted; });
    return seen != input_.observed.end() && seen->span == span && seen->type.starts_with("numpy.") ? std::string_view(seen->type) : std::string_view{};
}

// `np.random.choice(n, k)`, or the name of one: MLX is not indexed by numpy's arrays.
bool Rewriter::is_numpy_result(NodeId id) const {
    if (numpy_type(id) == "numpy.ndarray") return true;
    if (tree_[id].kind == NodeKind::name) {
        const NodeId only = names_[names_.binding(id)].only_value;
        return exists(only) && tree_[only].kind == NodeKind::call && is_numpy_result(only);
    }
    return tree_[id].kind == NodeKind::call && names::qualified_name(tree_, names_, tree_.child(id, 0)).starts_with("numpy.");
}

// The builtin that makes a scalar of numpy, which a call of it gives, Python's own: by what was seen, or by its arguments. Empty for others.
std::string_view Rewriter::builtin_of_scalar(NodeId call, std::string_view qualified) const {
    if (const std::string_view type = numpy_type(call); !type.empty()) return type.starts_with("numpy.float") ? "float" : type.starts_with("numpy.int") ? "int" : "";
    constexpr std::string_view kOfNumbers[] = {"sqrt", "log", "log2", "log10", "exp", "power", "ceil", "floor", "sin", "cos", "tan"};
    const auto arguments = tree_.children(call).subspan(1);
    const bool numbers = std::all_of(arguments.begin(), arguments.end(), [&](NodeId one) { return fact(one).kind == infer::Kind::integer || fact(one).kind == infer::Kind::floating; });
    const bool known = std::find(std::begin(kOfNumbers), std::end(kOfNumbers), qualified.substr(qualified.rfind('.') + 1)) != std::end(kOfNumbers);
    return known && numbers && !arguments.empty() ? "float" : "";
}

// np.prod(shape)  ->  math.prod(shape);  np.sqrt(dim)  ->  float(np.sqrt(dim)). MLX takes Python's numbers for sizes, not numpy's, and a
// scalar of numpy before an array makes the product numpy's.
bool Rewriter::number_of_numpy(NodeId call, std::string_view qualified) {
    if (qualified == "numpy.prod" && fact(call).kind == infer::Kind::integer) {
        put(tree_.child(call, 0), output_.math + ".prod", Precedence::atom, "numpy.prod");
        emissions_.uses_math = true;
        return true;
    }
    const std::string_view builtin = builtin_of_scalar(call, qualified);
    const NodeId around = tree_[call].parent;
    if (builtin.empty() || tree_[around].kind == NodeKind::attribute || tree_[around].kind == NodeKind::expression_statement) return false;
    if (tree_[around].kind == NodeKind::call && tree_.child(around, 0) != call) {  // int(np.floor(x)), np.log(np.sqrt(x))
        const NodeId callee = tree_.child(around, 0);
        const std::string other = names::qualified_name(tree_, names_, callee);
        if (other.starts_with("numpy.") || other.starts_with("math.") || tree_.text(callee) == "int" || tree_.text(callee) == "float") return false;
    }
    put(call, std::string(builtin) + "(" + rendered(call) + ")", Precedence::atom, qualified);
    return true;
}

// What numpy gives takes an array on its right for its own, and gives an array without gradient.
//   np.float32(0.5) * x    float(np.float32(0.5)) * x
//   frequencies * x        mx.array(frequencies) * x
void Rewriter::numpy_before_array(NodeId id) {
    const NodeId left = tree_.child(id, 0);
    if (fact(tree_.child(id, 1)).kind != infer::Kind::tensor || python_number(left) || numpy_type(left) != "numpy.ndarray") return;
    put(left, output_.mx + ".array(" + rendered(left) + ")", Precedence::atom, "numpy");
    uses_mx_ = true;
}

// A number that was numpy's is made Python's; false for anything else.
bool Rewriter::python_number(NodeId id) {
    const std::string_view type = numpy_type(id);
    const bool whole = type.starts_with("numpy.int") || type.starts_with("numpy.uint");
    if (!whole && !type.starts_with("numpy.float")) return false;
    const bool called = tree_[id].kind == NodeKind::call && names::qualified_name(tree_, names_, tree_.child(id, 0)).starts_with("numpy.");
    if (!called) put(id, (whole ? "int(" : "float(") + rendered(id) + ")", Precedence::atom, "numpy");  // such a call is by now
    return true;
}

// Whether a sequence holds what numpy gives, or is a range: MLX makes no array of these.
//   list(np.arange(4)), [np.ones(3), np.zeros(3)], rows after rows.append(np.arange(3)), range(4)
bool Rewriter::holds_numpy(NodeId value, int depth) const {
    if (tree_[value].kind == NodeKind::call && tree_.text(tree_.child(value, 0)) == "range") return true;
    if (fact(value).kind == infer::Kind::tensor || (depth == 0 && is_numpy_result(value))) return false;
    const base::Span span = tree_[value].span;
    for (std::uint32_t number = syntax::index(value); number > 0 && span.contains(tree_[NodeId{number}].span); --number) {
        const NodeId part{number};
        const infer::Kind kind = fact(part).kind;
        if (kind == infer::Kind::integer || kind == infer::Kind::floating) continue;
        const bool of_numpy = tree_[part].kind == NodeKind::call && is_numpy_result(part);
        if (of_numpy && builtin_of_scalar(part, names::qualified_name(tree_, names_, tree_.child(part, 0))).empty()) return true;  // float(np.sqrt(2)) is Python's
        if (tree_[part].kind == NodeKind::name && depth < 3 && names_.binding(part) != names::kNoBinding && is_filled_by_numpy(names_[names_.binding(part)], depth + 1)) return true;
    }
    return false;
}

// A list, by its only value or by what is appended to it.
bool Rewriter::is_filled_by_numpy(const names::Binding& list, int depth) const {
    if (exists(list.only_value) && syntax::is_expression(tree_[list.only_value].kind) && holds_numpy(list.only_value, depth)) return true;
    return std::any_of(list.loads.begin(), list.loads.end(), [&](NodeId load) {
        const NodeId callee = tree_[load].parent;
        if (!exists(callee) || tree_[callee].kind != NodeKind::attribute || tree_[callee].name != "append") return false;
        const NodeId call = tree_[callee].parent;
        return exists(call) && tree_[call].kind == NodeKind::call && tree_.children(call).size() == 2 && holds_numpy(tree_.child(call, 1), depth);
    });
}

}  // namespace mlxify::rewrite
