// Tensors out of several, and several out of one.
#include <algorithm>

#include "infer/tensor_results.h"

namespace mlxify::infer {

namespace {

constexpr std::int64_t kMaxPieces = 64;  // longer tuples are described by one element

}  // namespace

Fact TensorResult::chunk() const {
    const auto count = integer_argument(1, {"chunks", "sections", "indices_or_sections"});
    Fact piece = same_rank(input_, input_.dtype);
    const Operand* axis_given = operands_.find(2, {"dim"});
    const auto axis = axis_given ? axis_argument(2, input_.rank) : input_.rank > 0 ? std::optional(0) : std::nullopt;
    if (axis && count) {
        std::vector<Dim> dims = store_.dims(input_);
        dims[static_cast<std::size_t>(*axis)] = quotient(dims[static_cast<std::size_t>(*axis)], constant_dim(*count));
        piece.shape = store_.shape(dims);
    }
    if (!count || *count < 1 || *count > kMaxPieces) return store_.repeated(Kind::tuple, piece);
    return store_.sequence_of(Kind::tuple, std::vector<Fact>(static_cast<std::size_t>(*count), piece));
}

Fact TensorResult::split() const {
    const Fact sizes = operands_.fact(1, {"split_size", "split_size_or_sections", "split_sizes"});
    Fact piece = same_rank(input_, input_.dtype);
    const Operand* axis_given = operands_.find(2, {"dim"});
    const auto axis = axis_given ? axis_argument(2, input_.rank) : input_.rank > 0 ? std::optional(0) : std::nullopt;
    const bool listed = sizes.kind == Kind::list || sizes.kind == Kind::tuple;
    const bool known = axis.has_value();
    const std::size_t at = static_cast<std::size_t>(axis.value_or(0));
    const auto piece_of = [&](const Fact& size) {
        if (!known) return piece;
        std::vector<Dim> dims = store_.dims(input_);
        dims[at] = store_.dim_of(size);
        return store_.tensor_of(dims, input_.dtype);
    };
    if (listed && sizes.length > 0 && sizes.length <= kMaxPieces && sizes.elements != 0) {
        std::vector<Fact> pieces;
        for (const Fact& size : std::vector<Fact>(store_.elements(sizes))) pieces.push_back(piece_of(size));
        return store_.sequence_of(Kind::tuple, pieces);
    }
    if (listed && sizes.length > 0)
        return store_.sequence_of(Kind::tuple, std::vector<Fact>(static_cast<std::size_t>(sizes.length), piece));
    // split(size): as many pieces as fit, if both are known.
    if (sizes.kind == Kind::integer && axis) {
        const Dim size = store_.dim_of(sizes);
        const Dim count = quotient(store_.dims(input_)[static_cast<std::size_t>(*axis)], size);
        if (count.known && count.symbols.empty() && count.coefficient >= 1 && count.coefficient <= kMaxPieces)
            return store_.sequence_of(Kind::tuple, std::vector<Fact>(static_cast<std::size_t>(count.coefficient), piece_of(sizes)));
    }
    return store_.repeated(Kind::tuple, piece);
}

Fact TensorResult::unbind() const {
    Fact piece = tensor(input_.rank > 0 ? input_.rank - 1 : -1, input_.dtype);
    const Operand* axis_given = operands_.find(1, {"dim"});
    const auto axis = axis_given ? axis_argument(1, input_.rank) : input_.rank > 0 ? std::optional(0) : std::nullopt;
    if (!axis) return store_.repeated(Kind::tuple, piece);
    std::vector<Dim> dims = store_.dims(input_);
    const Dim count = dims[static_cast<std::size_t>(*axis)];
    dims.erase(dims.begin() + *axis);
    piece.shape = store_.shape(dims);
    if (!count.known || !count.symbols.empty() || count.coefficient < 1 || count.coefficient > kMaxPieces)
        return store_.repeated(Kind::tuple, piece);
    return store_.sequence_of(Kind::tuple, std::vector<Fact>(static_cast<std::size_t>(count.coefficient), piece));
}

// All parts have the rank of the result, so any one that is known decides.
Fact TensorResult::cat() const {
    const Fact parts = operands_.fact(0, {"tensors"});
    if (parts.elements == 0) return tensor();
    const std::vector<Fact> pieces = store_.elements(parts);
    Fact out = same_rank(pieces[0], pieces[0].dtype);
    out.maybe_void = false;
    const bool filled = std::any_of(pieces.begin(), pieces.end(), [&](const Fact& piece) { return piece.kind == Kind::tensor && piece.rank > 1; });
    for (const Fact& piece : pieces) {
        if (piece.kind == Kind::tensor && piece.rank >= 0 && !(filled && store_.is_void(piece))) out.rank = piece.rank;
        if (&piece != &pieces[0]) out.dtype = promote(out.dtype, piece.dtype);
    }
    const Operand* axis_given = operands_.find(1, {"dim", "axis"});
    auto axis = axis_given ? axis_argument(1, out.rank) : out.rank > 0 ? std::optional(0) : std::nullopt;
    if (op_.argument == 1 && out.rank > 1) axis = 1;
    if (!axis || out.rank < 1 || parts.length < 1) return out;
    std::vector<Dim> dims(static_cast<std::size_t>(out.rank));
    std::int64_t total = 0;
    bool constant = true;
    bool alike = true;
    const auto dims_of = [&](const Fact& piece) { return piece.rank == out.rank ? store_.dims(piece) : std::vector<Dim>(dims.size()); };
    const Dim first = dims_of(pieces[0])[static_cast<std::size_t>(*axis)];
    for (const Fact& piece : pieces) {
        const std::vector<Dim> own = dims_of(piece);
        const Dim& along = own[static_cast<std::size_t>(*axis)];
        constant &= along.known && along.symbols.empty();
        alike &= along.known && along == first;
        total += along.coefficient;
        for (std::size_t at = 0; at < dims.size(); ++at)
            if (!dims[at].known) dims[at] = own[at];
    }
    Dim& joined = dims[static_cast<std::size_t>(*axis)];
    if (constant)
        joined = constant_dim(total);
    else if (alike)
        joined = product(joined, constant_dim(parts.length));
    else
        joined = {};
    out.shape = store_.shape(dims);
    return out;
}

Fact TensorResult::stack() const {
    const Fact parts = operands_.fact(0, {"tensors"});
    Fact piece = store_.element(parts);
    if (parts.elements != 0)
        for (const Fact& known : store_.elements(parts))
            if (known.kind == Kind::tensor && known.rank >= 0 && piece.rank < 0) piece.rank = known.rank;
    if (op_.rule == Rule::vstack) return tensor(piece.rank < 0 ? -1 : std::max<int>(2, piece.rank), piece.dtype);
    if (piece.rank < 0) return tensor(-1, piece.dtype);
    Fact out = tensor(piece.rank + 1, piece.dtype);
    const Operand* axis_given = operands_.find(1, {"dim", "axis"});
    const auto axis = axis_given ? axis_argument(1, out.rank) : std::optional(0);
    if (!axis) return out;
    std::vector<Dim> dims = store_.dims(piece);
    dims.insert(dims.begin() + *axis, parts.length >= 0 ? constant_dim(parts.length) : Dim{});
    return store_.tensor_of(dims, piece.dtype);
}

Fact TensorResult::repeat() const {
    if (op_.rule == Rule::repeat_interleave) {
        if (!operands_.find(2, {"dim"})) return operands_.hidden() ? tensor(-1, input_.dtype) : tensor(1, input_.dtype);
        Fact out = same_rank(input_, input_.dtype);
        const auto axis = axis_argument(2, input_.rank);
        if (!axis) return out;
        std::vector<Dim> dims = store_.dims(input_);
        dims[static_cast<std::size_t>(*axis)] =
            product(dims[static_cast<std::size_t>(*axis)], store_.dim_of(operands_.fact(1, {"repeats"})));
        out.shape = store_.shape(dims);
        return out;
    }
    auto counts = size_argument(1);
    if (!counts) return tensor(-1, input_.dtype);
    if (input_.rank < 0 && op_.name == "tile") return tensor(-1, input_.dtype);
    const std::vector<Dim> source = store_.dims(input_);
    for (std::size_t back = 1; back <= counts->size(); ++back)
        if (back <= source.size() || input_.rank < 0) {
            Dim& count = (*counts)[counts->size() - back];
            count = back <= source.size() ? product(count, source[source.size() - back]) : Dim{};
        }
    return store_.tensor_of(*counts, input_.dtype);
}

Fact TensorResult::meshgrid() const {
    const Fact first = operands_.fact(0);
    std::vector<Fact> axes;
    if (first.kind == Kind::tensor && !operands_.star) {
        for (const Operand& operand : operands_.positional) axes.push_back(operand.fact);
    } else if (first.length >= 0 && first.elements != 0) {
        axes = store_.elements(first);
    } else {
        return store_.repeated(Kind::tuple, tensor(-1, store_.element(first).dtype));
    }
    std::vector<Fact> grids;
    for (const Fact& axis : axes) grids.push_back(tensor(static_cast<int>(axes.size()), axis.dtype));
    return store_.sequence_of(Kind::tuple, grids);
}

Fact TensorResult::joined_or_split() {
    switch (op_.rule) {
    case Rule::chunk: return chunk();
    case Rule::split: return split();
    case Rule::unbind: return unbind();
    case Rule::cat: return cat();
    case Rule::stack:
    case Rule::vstack: return stack();
    case Rule::repeat:
    case Rule::repeat_interleave: return repeat();
    case Rule::meshgrid: return meshgrid();
    case Rule::broadcast_list: {
        Fact all = tensor();
        for (const Operand& operand : operands_.positional)
            all = &operand == &operands_.positional[0] ? operand.fact : broadcast(store_, all, operand.fact, DType::unknown);
        std::vector<Fact> out;
        for (const Operand& operand : operands_.positional) out.push_back(same_shape(all, operand.fact.dtype));
        return operands_.star ? store_.repeated(Kind::tuple, tensor()) : store_.sequence_of(Kind::tuple, out);
    }
    case Rule::nonzero: {
        const Operand* as_tuple = operands_.find(1, {"as_tuple"});
        if (!as_tuple) return tensor(2, DType::int64);
        return store_.repeated(Kind::tuple, tensor(1, DType::int64));
    }
    default: return store_.sequence_of(Kind::tuple, std::vector<Fact>(static_cast<std::size_t>(op_.argument), tensor()));
    }
}

}  // namespace mlxify::infer
