// Classes with a gradient of their own: subclasses of torch.autograd.Function keep their form over a small base class, which
// hands forward and backward to mx.custom_function.
//
//   class Round(torch.autograd.Function):      class Round(Function):
//       @staticmethod                              @staticmethod
//       def forward(ctx, x):                       def forward(ctx, x):
//           ctx.save_for_backward(x)                   ctx.save_for_backward(x)
//           return x.round()                           return mx.round(x)
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

// The class of the file, a torch.autograd.Function, whose body stands around the node.
const names::ClassInfo* Rewriter::autograd_class(NodeId node) const {
    const NodeId around = tree_.class_of(node);
    if (!exists(around)) return nullptr;
    const std::uint32_t index = names_.class_at[syntax::index(around)];
    return index != 0 && names_.classes[index - 1].is_autograd_function ? &names_.classes[index - 1] : nullptr;
}

bool Rewriter::is_autograd_context(NodeId object) const {
    const infer::Fact& known = fact(object);
    return known.kind == infer::Kind::object && known.class_index != 0 && names_.classes[known.class_index - 1].is_autograd_function;
}

// Methods of the context. Gradients are always arrays in MLX, and arrays are not tracked one by one.
bool Rewriter::context_call(NodeId id) {
    const NodeId callee = tree_.child(id, 0);
    if (tree_[callee].kind != NodeKind::attribute || !is_autograd_context(tree_.child(callee, 0))) return false;
    const std::string_view method = tree_[callee].name;
    if (method == "mark_dirty") {
        refuse(Code::considered_no, id, "`ctx.mark_dirty`: a function with a gradient of its own cannot write to its inputs in MLX", "return a new tensor");
        return true;
    }
    bool vanishes = method == "set_materialize_grads" || method == "save_for_forward";
    if (method == "mark_non_differentiable") {
        const auto outputs = tree_.children(id).subspan(1);
        vanishes = std::all_of(outputs.begin(), outputs.end(), [&](NodeId output) {
            switch (fact(output).dtype) {
            case infer::DType::int64:
            case infer::DType::int32:
            case infer::DType::int16:
            case infer::DType::int8:
            case infer::DType::uint8:
            case infer::DType::boolean: return true;
            case infer::DType::unknown:
            case infer::DType::float32:
            case infer::DType::float16:
            case infer::DType::bfloat16:
            case infer::DType::float64:
            case infer::DType::complex64: return false;
            }
            return false;
        });
        if (!vanishes) refuse(Code::considered_no, id, "`ctx.mark_non_differentiable` of what may be no integers has no form in MLX", "detach the output after `apply`");
    }
    const NodeId statement = tree_[id].parent;
    if (vanishes && tree_[statement].kind == NodeKind::expression_statement) remove_statement(statement);
    return true;
}

// `symbolic` tells an exporter of torch what the function is there.
bool Rewriter::exporters_method(NodeId function) const {
    return tree_[function].name == "symbolic" && autograd_class(function) && tree_.class_of(function) == tree_[tree_[function].parent].parent;
}

}  // namespace mlxify::rewrite
