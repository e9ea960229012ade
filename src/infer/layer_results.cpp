// Products of tensors, the layers of torch.nn.functional, and losses.
#include <algorithm>
#include <string>

#include "infer/tensor_results.h"

namespace mlxify::infer {

Fact matrix_product(FactStore& store, const Fact& left, const Fact& right) {
    const DType dtype = left.dtype == right.dtype ? left.dtype : DType::unknown;
    if (left.rank < 0 || right.rank < 0) {
        // A product with a matrix keeps the other's rank when that one has at least two axes.
        Fact out = tensor(-1, dtype);
        if (right.rank == 2) out.same_rank_as = left.same_rank_as;
        return out;
    }
    if (left.rank == 0 || right.rank == 0) return tensor(-1, dtype);
    if (left.rank == 1 && right.rank == 1) return tensor(0, dtype);
    if (left.rank == 1) return tensor(right.rank - 1, dtype);
    if (right.rank == 1) return tensor(left.rank - 1, dtype);
    const std::vector<Dim> first = store.dims(left);
    const std::vector<Dim> second = store.dims(right);
    const auto batch_of = [&](const std::vector<Dim>& dims) { return store.tensor_of({dims.begin(), dims.end() - 2}, dtype); };
    const Fact batch = broadcast(store, batch_of(first), batch_of(second), dtype);
    std::vector<Dim> dims = store.dims(batch);
    dims.push_back(first[first.size() - 2]);
    dims.push_back(second.back());
    return store.tensor_of(dims, dtype);
}

Fact TensorResult::matmul() const {
    const Fact other = operands_.fact(1, {"other", "mat2", "tensor2"});
    Fact out = matrix_product(store_, input_, other);
    if (op_.argument != 0) out.rank = static_cast<std::int8_t>(op_.argument);
    return out;
}

Fact TensorResult::einsum() const {
    const auto pattern = store_.string_value(input_);
    DType dtype = operands_.positional.size() > 1 ? operands_.positional[1].fact.dtype : DType::unknown;
    for (std::size_t at = 2; at < operands_.positional.size(); ++at)
        if (operands_.positional[at].fact.dtype != dtype) dtype = DType::unknown;
    if (!pattern) return tensor(-1, dtype);
    const std::size_t arrow = pattern->find("->");
    if (arrow == std::string_view::npos) return tensor(-1, dtype);
    std::vector<Dim> dims;
    for (const char letter : pattern->substr(arrow + 2)) {
        if (letter == '.') return tensor(-1, dtype);
        if (letter == ' ') continue;
        Dim dim;
        const auto is_one = [](const Dim& size) { return size.known && size.symbols.empty() && size.coefficient == 1; };
        std::string_view inputs = pattern->substr(0, arrow);
        for (std::size_t at = 1; at < operands_.positional.size() && !dim.known; ++at) {
            std::string subscripts;
            for (const char c : inputs.substr(0, inputs.find(',')))
                if (c != ' ') subscripts += c;
            const std::size_t axis = subscripts.find(letter);
            const Fact& operand = operands_.positional[at].fact;
            if (axis != std::string::npos && operand.rank == static_cast<int>(subscripts.size())) dim = store_.dims(operand)[axis];
            if (is_one(dim) && operands_.positional.size() > 2) dim = {};  // an axis of one may be stretched by another operand
            const std::size_t comma = inputs.find(',');
            if (comma == std::string_view::npos) break;
            inputs.remove_prefix(comma + 1);
        }
        dims.push_back(dim);
    }
    return store_.tensor_of(dims, dtype);
}

Fact TensorResult::linear() const {
    const Fact weight = operands_.fact(op_.argument == 0 ? 1 : 2, {"weight"});
    Fact out = same_rank(input_, input_.dtype);
    if (input_.rank < 1) return out;
    if (weight.rank == 1 && op_.argument == 0) return tensor(input_.rank - 1, input_.dtype);
    std::vector<Dim> dims = store_.dims(input_);
    dims.back() = weight.rank == 2 ? store_.dims(weight)[0] : Dim{};
    return store_.tensor_of(dims, input_.dtype);
}

Fact TensorResult::embedding() const {
    const Fact weight = operands_.fact(1, {"weight"});
    if (input_.rank < 0) return tensor(-1, weight.dtype);
    std::vector<Dim> dims = store_.dims(input_);
    dims.push_back(weight.rank == 2 ? store_.dims(weight)[1] : Dim{});
    return store_.tensor_of(dims, weight.dtype);
}

// Without a batch axis torch takes one rank less; programs pass batches, and an unknown rank is read so.
Fact TensorResult::convolution() const {
    const int rank = input_.rank >= 0 ? input_.rank : op_.argument;
    std::vector<Dim> dims(static_cast<std::size_t>(rank));
    const int channels = rank - (op_.argument - 1);
    if (input_.rank == rank && channels == 1) dims[0] = store_.dims(input_)[0];
    if (op_.rule == Rule::pool && input_.rank == rank && op_.name.find("pixel") == std::string_view::npos)
        for (int axis = 0; axis <= channels; ++axis)
            if (axis >= 0) dims[static_cast<std::size_t>(axis)] = store_.dims(input_)[static_cast<std::size_t>(axis)];
    const Fact weight = operands_.fact(1, {"weight"});
    if (op_.rule == Rule::conv && weight.rank > 0 && channels >= 0 && channels < rank)
        dims[static_cast<std::size_t>(channels)] = store_.dims(weight)[0];
    const Fact out = store_.tensor_of(dims, input_.dtype);
    const Fact indices = operands_.fact(SIZE_MAX, {"return_indices"});
    if (store_.boolean_value(indices) == std::optional(true)) return store_.sequence_of(Kind::tuple, {out, tensor(rank, DType::int64)});
    return out;
}

Fact TensorResult::loss() const {
    const Operand* reduction = operands_.keyword("reduction");
    if (!reduction) return operands_.hidden() ? tensor(-1, input_.dtype) : tensor(0, input_.dtype);
    const auto word = store_.string_value(reduction->fact);
    if (!word) return tensor(-1, input_.dtype);
    if (*word != "none") return tensor(0, input_.dtype);
    const bool classes = op_.name == "cross_entropy" || op_.name == "nll_loss";
    return classes ? tensor(input_.rank > 0 ? input_.rank - 1 : -1, input_.dtype) : same_shape(input_, input_.dtype);
}

Fact TensorResult::product_or_layer() {
    switch (op_.rule) {
    case Rule::matmul: return matmul();
    case Rule::einsum: return einsum();
    case Rule::linear: return linear();
    case Rule::embedding: return embedding();
    case Rule::one_hot: {
        if (input_.rank < 0) return tensor(-1, DType::int64);
        std::vector<Dim> dims = store_.dims(input_);
        dims.push_back(store_.dim_of(operands_.fact(1, {"num_classes"})));
        return store_.tensor_of(dims, DType::int64);
    }
    case Rule::pad: {
        // The axes that the pairs do not reach keep their size.
        Fact out = same_rank(input_, input_.dtype);
        const Fact pairs = operands_.fact(1, {"pad"});
        if (input_.rank < 1 || pairs.length < 0) return out;
        std::vector<Dim> dims = store_.dims(input_);
        const int reached = std::min<int>((pairs.length + 1) / 2, input_.rank);
        std::fill(dims.end() - reached, dims.end(), Dim{});
        out.shape = store_.shape(dims);
        return out;
    }
    case Rule::attention: {
        const Fact value = operands_.fact(2, {"value"});
        const Fact query = operands_.fact(0, {"query"});
        Fact out = same_rank(query.rank >= 0 ? query : value, query.dtype);
        if (query.rank < 2 || value.rank != query.rank) return out;
        std::vector<Dim> dims = store_.dims(query);
        dims.back() = store_.dims(value).back();
        out.shape = store_.shape(dims);
        return out;
    }
    case Rule::loss: return loss();
    default: return convolution();  // conv, conv_transposed, pool
    }
}

}  // namespace mlxify::infer
