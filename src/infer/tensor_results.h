// The fact of an operator's result from the facts of its operands.
// takes: an Operator, Operands; gives: the Fact of the call; tests: tensor_results_test.cpp
#pragma once

#include <optional>
#include <vector>

#include "infer/fact_store.h"
#include "infer/operands.h"
#include "infer/operators.h"

namespace mlxify::infer {

// One call of one operator. `node` names symbols for sizes that only this call knows.
class TensorResult {
public:
    TensorResult(FactStore& store, const Operator& op, const Operands& operands, syntax::NodeId node)
        : store_(store), op_(op), operands_(operands), node_(node), input_(operands.fact(0, {"input", "x", "tensor", "self", "a"})) {}

    Fact fact();

private:
    // Whether the operator makes zero of what is below: relu, clamp(min=0).
    [[nodiscard]] bool limits_to_zero() const;
    Fact elementwise() const;
    Fact reduction();
    Fact shaped();
    Fact joined_or_split();
    Fact product_or_layer();
    Fact created();
    Fact no_tensor();
    Fact einops();

    // The input with its rank and shape, as a fresh tensor of `dtype`.
    [[nodiscard]] Fact same_shape(const Fact& like, DType dtype) const;
    [[nodiscard]] Fact same_rank(const Fact& like, DType dtype) const;
    [[nodiscard]] DType dtype_argument(DType otherwise) const;
    [[nodiscard]] std::optional<std::int64_t> integer_argument(std::size_t position, std::initializer_list<std::string_view> names) const;
    // An axis argument, counted from the front; nothing if it is not a known constant or out of range for `rank`.
    [[nodiscard]] std::optional<int> axis_argument(std::size_t position, int rank,
                                                   std::initializer_list<std::string_view> names = {"dim", "axis"}) const;
    // A size given as `f(2, 3)`, `f((2, 3))` or `f(size=...)`; nothing if its length is not known.
    [[nodiscard]] std::optional<std::vector<Dim>> size_argument(std::size_t position) const;

    Fact softmax() const;
    Fact where() const;
    Fact reduced(const Operand* axes, const Operand* keep, DType dtype, bool axes_may_hide);
    Fact reduce_pair();
    Fact pairwise_reduce() const;
    Fact view() const;
    Fact permute() const;
    Fact transpose() const;
    Fact unsqueeze() const;
    Fact squeeze() const;
    Fact flatten() const;
    Fact unflatten() const;
    Fact expand() const;
    Fact select_or_narrow() const;
    Fact diagonal() const;
    Fact chunk() const;
    Fact split() const;
    Fact unbind() const;
    Fact cat() const;
    Fact stack() const;
    Fact repeat() const;
    Fact meshgrid() const;
    Fact matmul() const;
    Fact einsum() const;
    Fact linear() const;
    Fact embedding() const;
    Fact convolution() const;
    Fact loss() const;
    Fact arange() const;
    Fact from_data() const;
    Fact to() const;
    Fact rearranged() const;
    Fact einops_einsum() const;
    Fact packed() const;
    Fact unpacked() const;
    Fact unpad_data() const;

    FactStore& store_;
    const Operator& op_;
    const Operands& operands_;
    syntax::NodeId node_;
    Fact input_;
};

// The result of a broadcast of two tensors' shapes; a number counts as a tensor of rank 0 that keeps the other's dtype.
Fact broadcast(FactStore& store, const Fact& left, const Fact& right, DType dtype);
// dtype of arithmetic between two facts of which at least one is a tensor.
DType arithmetic_dtype(const Fact& left, const Fact& right);
// `left @ right`
Fact matrix_product(FactStore& store, const Fact& left, const Fact& right);

}  // namespace mlxify::infer
