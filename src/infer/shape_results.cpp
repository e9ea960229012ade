// Results that only arrange their input anew.
#include <algorithm>
#include <numeric>

#include "infer/tensor_results.h"

namespace mlxify::infer {

namespace {

Dim product_of(const std::vector<Dim>& dims) {
    Dim out = constant_dim(1);
    for (const Dim& dim : dims) out = product(out, dim);
    return out;
}

bool is_minus_one(const Dim& dim) { return dim.known && dim.symbols.empty() && dim.coefficient == -1; }

}  // namespace

Fact TensorResult::view() const {
    const Fact first = operands_.fact(1, {"dtype", "shape", "size"});
    if (first.kind == Kind::dtype) return same_rank(input_, first.dtype);
    auto dims = size_argument(1);
    if (!dims) return tensor(-1, input_.dtype);
    const auto hole = std::find_if(dims->begin(), dims->end(), is_minus_one);
    if (hole != dims->end()) {
        Dim others = constant_dim(1);
        for (const Dim& dim : *dims)
            if (&dim != &*hole) others = product(others, dim);
        *hole = input_.rank >= 0 ? quotient(product_of(store_.dims(input_)), others) : Dim{};
    }
    return store_.tensor_of(*dims, input_.dtype);
}

Fact TensorResult::permute() const {
    std::vector<const Fact*> order;
    const Fact first = operands_.fact(1, {"dims"});
    const bool listed = first.kind == Kind::tuple || first.kind == Kind::list;
    if (listed && first.length >= 0 && first.elements != 0)
        for (const Fact& axis : store_.elements(first)) order.push_back(&axis);
    if (!listed)
        for (std::size_t at = 1; at < operands_.positional.size(); ++at) order.push_back(&operands_.positional[at].fact);
    if (listed && first.length < 0) return same_rank(input_, input_.dtype);
    if (operands_.star) return same_rank(input_, input_.dtype);
    const int rank = static_cast<int>(order.size());
    if (input_.rank >= 0 && input_.rank != rank) return same_rank(input_, input_.dtype);
    std::vector<Dim> source(order.size());
    if (input_.rank == rank) source = store_.dims(input_);
    std::vector<Dim> dims(order.size());
    for (std::size_t axis = 0; axis < order.size(); ++axis) {
        const auto from = store_.integer_value(*order[axis]);
        if (from && *from < rank && *from >= -rank) dims[axis] = source[static_cast<std::size_t>(*from < 0 ? *from + rank : *from)];
    }
    return store_.tensor_of(dims, input_.dtype);
}

Fact TensorResult::transpose() const {
    Fact out = same_rank(input_, input_.dtype);
    if (op_.rule == Rule::transpose_2d && out.rank < 0) out.rank = 2;
    if (input_.rank < 2 || input_.shape == 0) return out;
    const auto swapped = [&](std::int64_t fallback, std::size_t position,
                             std::initializer_list<std::string_view> names) -> std::optional<int> {
        if (op_.rule == Rule::transpose) return axis_argument(position, input_.rank, names);
        return static_cast<int>(fallback);
    };
    const auto first = swapped(input_.rank - 2, 1, {"dim0", "axis0"});
    const auto second = swapped(input_.rank - 1, 2, {"dim1", "axis1"});
    if (!first || !second) return out;
    std::vector<Dim> dims = store_.dims(input_);
    std::swap(dims[static_cast<std::size_t>(*first)], dims[static_cast<std::size_t>(*second)]);
    out.shape = store_.shape(dims);
    return out;
}

Fact TensorResult::unsqueeze() const {
    if (input_.rank < 0) return tensor(-1, input_.dtype);
    Fact out = tensor(input_.rank + 1, input_.dtype);
    const auto axis = axis_argument(1, out.rank);
    if (!axis) return out;
    std::vector<Dim> dims = store_.dims(input_);
    dims.insert(dims.begin() + *axis, constant_dim(1));
    out.shape = store_.shape(dims);
    return out;
}

// `squeeze(d)` drops an axis only if its size is 1: the rank is known when that is. It is taken for granted that a program
// that names an axis knows it to be 1 unless the size is known to be another one.
Fact TensorResult::squeeze() const {
    const Operand* axis = operands_.find(1, {"dim", "axis"});
    if (input_.rank < 0 || !axis || operands_.hidden()) return tensor(-1, input_.dtype);
    if (axis->fact.kind == Kind::tuple && axis->fact.length >= 0) return tensor(std::max(0, input_.rank - axis->fact.length), input_.dtype);
    if (axis->fact.kind != Kind::integer) return tensor(-1, input_.dtype);
    const auto at = axis_argument(1, input_.rank);
    if (!at || input_.rank == 0) return tensor(input_.rank - 1, input_.dtype);
    std::vector<Dim> dims = store_.dims(input_);
    const Dim& size = dims[static_cast<std::size_t>(*at)];
    if (size.known && size.symbols.empty() && size.coefficient != 1) return same_shape(input_, input_.dtype);
    dims.erase(dims.begin() + *at);
    return store_.tensor_of(dims, input_.dtype);
}

Fact TensorResult::flatten() const {
    const Operand* begin = operands_.find(1, {"start_dim"});
    const Operand* end = operands_.find(2, {"end_dim"});
    const auto from = begin ? store_.integer_value(begin->fact) : std::optional<std::int64_t>(0);
    const auto to = end ? store_.integer_value(end->fact) : std::optional<std::int64_t>(-1);
    if (!from || !to || operands_.hidden()) return tensor(-1, input_.dtype);
    if (*from >= 0 && *to == -1) {  // the rank does not depend on the input's
        std::vector<Dim> dims(static_cast<std::size_t>(*from) + 1);
        if (input_.rank > *from) {
            const std::vector<Dim> all = store_.dims(input_);
            std::copy_n(all.begin(), *from, dims.begin());
            dims.back() = product_of({all.begin() + *from, all.end()});
        } else if (input_.rank == 0) {
            return tensor(1, input_.dtype);
        }
        return store_.tensor_of(dims, input_.dtype);
    }
    if (input_.rank < 1) return tensor(-1, input_.dtype);
    const std::int64_t first = *from < 0 ? *from + input_.rank : *from;
    const std::int64_t last = *to < 0 ? *to + input_.rank : *to;
    if (first < 0 || last >= input_.rank || first > last) return tensor(-1, input_.dtype);
    std::vector<Dim> dims = store_.dims(input_);
    const Dim merged = product_of({dims.begin() + first, dims.begin() + last + 1});
    dims.erase(dims.begin() + first + 1, dims.begin() + last + 1);
    dims[static_cast<std::size_t>(first)] = merged;
    return store_.tensor_of(dims, input_.dtype);
}

Fact TensorResult::unflatten() const {
    const Fact sizes = operands_.fact(2, {"sizes"});
    if (input_.rank < 0 || sizes.length < 0) return tensor(-1, input_.dtype);
    Fact out = tensor(input_.rank + sizes.length - 1, input_.dtype);
    const auto axis = axis_argument(1, input_.rank);
    if (!axis || sizes.elements == 0) return out;
    std::vector<Dim> dims = store_.dims(input_);
    const Dim whole = dims[static_cast<std::size_t>(*axis)];
    std::vector<Dim> parts;
    for (const Fact& size : store_.elements(sizes)) parts.push_back(store_.dim_of(size));
    for (Dim& part : parts) {
        if (!is_minus_one(part)) continue;
        Dim others = constant_dim(1);
        for (const Dim& other : parts)
            if (&other != &part) others = product(others, other);
        part = quotient(whole, others);
    }
    dims.erase(dims.begin() + *axis);
    dims.insert(dims.begin() + *axis, parts.begin(), parts.end());
    return store_.tensor_of(dims, input_.dtype);
}

Fact TensorResult::expand() const {
    auto dims = size_argument(1);
    if (!dims) return tensor(-1, input_.dtype);
    const std::vector<Dim> source = store_.dims(input_);
    for (std::size_t back = 1; back <= dims->size(); ++back) {
        Dim& dim = (*dims)[dims->size() - back];
        if (is_minus_one(dim)) dim = back <= source.size() ? source[source.size() - back] : Dim{};
    }
    return store_.tensor_of(*dims, input_.dtype);
}

Fact TensorResult::select_or_narrow() const {
    if (input_.rank < 1) return tensor(-1, input_.dtype);
    std::vector<Dim> dims = store_.dims(input_);
    const auto axis = axis_argument(1, input_.rank);
    if (op_.rule == Rule::select) {
        if (!axis) return tensor(input_.rank - 1, input_.dtype);
        dims.erase(dims.begin() + *axis);
        return store_.tensor_of(dims, input_.dtype);
    }
    if (!axis) return tensor(input_.rank, input_.dtype);
    dims[static_cast<std::size_t>(*axis)] = store_.dim_of(operands_.fact(3, {"length"}));
    return store_.tensor_of(dims, input_.dtype);
}

Fact TensorResult::diagonal() const { return tensor(input_.rank > 1 ? input_.rank - 1 : -1, input_.dtype); }

Fact TensorResult::shaped() {
    const DType dtype = input_.dtype;
    const int rank = input_.rank;
    switch (op_.rule) {
    case Rule::view: return view();
    case Rule::permute: return permute();
    case Rule::permute_some: return same_rank(input_, dtype);
    case Rule::transpose:
    case Rule::transpose_2d:
    case Rule::transpose_last: return transpose();
    case Rule::unsqueeze: return unsqueeze();
    case Rule::squeeze: return squeeze();
    case Rule::flatten: return flatten();
    case Rule::fixed_rank_view:
    case Rule::fixed_rank: return tensor(op_.argument, dtype);
    case Rule::unflatten: return unflatten();
    case Rule::expand: return expand();
    case Rule::narrow:
    case Rule::select: return select_or_narrow();
    case Rule::diagonal: return diagonal();
    case Rule::unfold:  // F.unfold(x, kernel) gives (batch, channels, places); x.unfold(dim, size, step) adds an axis
        return operands_.positional.size() >= 4 || operands_.keyword("step") ? tensor(rank >= 0 ? rank + 1 : -1, dtype) : tensor(3, dtype);
    case Rule::rank_plus:
        return tensor(rank >= 0 && rank + op_.argument >= 0 ? rank + op_.argument : -1, dtype == DType::complex64 ? DType::float32 : dtype);
    case Rule::view_as_complex: return tensor(rank > 0 ? rank - 1 : -1, DType::complex64);
    case Rule::diag: return tensor(rank == 1 ? 2 : rank == 2 ? 1 : -1, dtype);
    default: return tensor(-1, dtype);  // unknown_tensor, unknown_view
    }
}

}  // namespace mlxify::infer
