// Dispatch, elementwise operators and reductions.
#include "infer/tensor_results.h"

#include <algorithm>

#include "names/symbol_table.h"

namespace mlxify::infer {

namespace {

bool is_number(const Fact& fact) { return fact.kind == Kind::integer || fact.kind == Kind::floating || fact.kind == Kind::boolean; }

}  // namespace

bool TensorResult::limits_to_zero() const {
    if (op_.name == "relu") return true;
    if (op_.name != "clamp" && op_.name != "clamp_min" && op_.name != "clip") return false;
    const Fact least = operands_.fact(1, {"min"});
    return store_.number_value(least) == std::optional(0.0);
}

Fact TensorResult::fact() {
    switch (op_.rule) {
    case Rule::same:
    case Rule::same_view:
    case Rule::floating:
    case Rule::predicate:
    case Rule::softmax:
    case Rule::broadcast:
    case Rule::true_divide:
    case Rule::compare:
    case Rule::where:
    case Rule::cumulative:
    case Rule::same_rank:
    case Rule::like_other:
    case Rule::like_first:
    case Rule::like_index:
    case Rule::indices_same:
    case Rule::cast:
    case Rule::to:
    case Rule::cast_like:
    case Rule::transformed:
    case Rule::real_part:
    case Rule::complex_pair: {
        Fact result = elementwise();
        result.limited = limits_to_zero();
        const bool cast = op_.rule == Rule::cast || op_.rule == Rule::to || op_.rule == Rule::cast_like;
        result.maybe_void = result.maybe_void || (cast && input_.maybe_void);
        return result;
    }
    case Rule::reduce:
    case Rule::reduce_sum:
    case Rule::reduce_spread:
    case Rule::reduce_norm:
    case Rule::reduce_bool:
    case Rule::reduce_index:
    case Rule::reduce_pair:
    case Rule::kth:
    case Rule::pairwise_reduce:
    case Rule::sorted_pair:
    case Rule::topk: return reduction();
    case Rule::view:
    case Rule::permute:
    case Rule::permute_some:
    case Rule::transpose:
    case Rule::transpose_2d:
    case Rule::transpose_last:
    case Rule::unsqueeze:
    case Rule::squeeze:
    case Rule::flatten:
    case Rule::fixed_rank_view:
    case Rule::unflatten:
    case Rule::expand:
    case Rule::unknown_view:
    case Rule::narrow:
    case Rule::select:
    case Rule::diagonal:
    case Rule::unfold:
    case Rule::rank_plus:
    case Rule::view_as_complex:
    case Rule::diag:
    case Rule::fixed_rank:
    case Rule::unknown_tensor: return shaped();
    case Rule::chunk:
    case Rule::split:
    case Rule::unbind:
    case Rule::cat:
    case Rule::stack:
    case Rule::vstack:
    case Rule::repeat:
    case Rule::repeat_interleave:
    case Rule::meshgrid:
    case Rule::broadcast_list:
    case Rule::nonzero:
    case Rule::tuple_of_tensors: return joined_or_split();
    case Rule::matmul:
    case Rule::einsum:
    case Rule::linear:
    case Rule::embedding:
    case Rule::one_hot:
    case Rule::pad:
    case Rule::conv:
    case Rule::conv_transposed:
    case Rule::pool:
    case Rule::attention:
    case Rule::loss: return product_or_layer();
    case Rule::create:
    case Rule::create_from:
    case Rule::create_like:
    case Rule::randint:
    case Rule::tensor_like_data:
    case Rule::arange:
    case Rule::linspace:
    case Rule::eye:
    case Rule::randperm:
    case Rule::from_data:
    case Rule::legacy_tensor: return created();
    case Rule::einops:
    case Rule::einops_einsum:
    case Rule::einops_pack:
    case Rule::einops_unpack:
    case Rule::unpad_data: return einops();
    case Rule::size:
    case Rule::rank:
    case Rule::integer:
    case Rule::boolean:
    case Rule::item:
    case Rule::list:
    case Rule::object:
    case Rule::none:
    case Rule::device:
    case Rule::size_of:
    case Rule::floating_number:
    case Rule::unknown: return no_tensor();
    }
    return {};
}

Fact TensorResult::same_shape(const Fact& like, DType dtype) const {
    Fact out = tensor(-1, dtype);
    if (like.kind != Kind::tensor) return out;
    out.rank = like.rank;
    out.shape = like.shape;
    out.same_rank_as = like.same_rank_as;
    return out;
}

Fact TensorResult::same_rank(const Fact& like, DType dtype) const {
    Fact out = same_shape(like, dtype);
    out.shape = 0;
    return out;
}

DType TensorResult::dtype_argument(DType otherwise) const {
    const Operand* dtype = operands_.keyword("dtype");
    if (!dtype || dtype->fact.kind == Kind::none) return operands_.double_star ? DType::unknown : otherwise;
    return dtype->fact.kind == Kind::dtype ? dtype->fact.dtype : DType::unknown;
}

std::optional<std::int64_t> TensorResult::integer_argument(std::size_t position, std::initializer_list<std::string_view> names) const {
    const Operand* operand = operands_.find(position, names);
    return operand ? store_.integer_value(operand->fact) : std::nullopt;
}

std::optional<int> TensorResult::axis_argument(std::size_t position, int rank, std::initializer_list<std::string_view> names) const {
    const auto axis = integer_argument(position, names);
    if (!axis || rank < 0 || *axis >= rank || *axis < -rank) return std::nullopt;
    return static_cast<int>(*axis < 0 ? *axis + rank : *axis);
}

std::optional<std::vector<Dim>> TensorResult::size_argument(std::size_t position) const {
    const Operand* first = operands_.find(position, {"size", "shape", "sizes"});
    std::vector<Dim> dims;
    if (!first) {
        if (operands_.hidden()) return std::nullopt;
        return dims;
    }
    const Kind kind = first->fact.kind;
    if (kind == Kind::tuple || kind == Kind::list || kind == Kind::size) {
        if (first->fact.length < 0) return std::nullopt;
        dims.resize(static_cast<std::size_t>(first->fact.length));
        if (first->fact.elements == 0) return dims;
        const std::vector<Fact>& sizes = store_.elements(first->fact);
        for (std::size_t axis = 0; axis < dims.size() && axis < sizes.size(); ++axis) dims[axis] = store_.dim_of(sizes[axis]);
        return dims;
    }
    // A single argument of unknown kind may be a whole size.
    if (operands_.star || (kind == Kind::unknown && operands_.positional.size() == position + 1)) return std::nullopt;
    for (std::size_t at = position; at < operands_.positional.size(); ++at) dims.push_back(store_.dim_of(operands_.positional[at].fact));
    return dims;
}

DType arithmetic_dtype(const Fact& left, const Fact& right) {
    if (left.kind == Kind::tensor && right.kind == Kind::tensor) {
        if (left.rank == 0 || right.rank == 0) {  // a tensor of rank 0 decides only between categories
            const Fact& wide = left.rank == 0 ? right : left;
            const Fact& scalar = left.rank == 0 ? left : right;
            if (wide.rank > 0 && wide.dtype != DType::unknown && scalar.dtype != DType::unknown &&
                (is_floating(wide.dtype) || (is_integral(wide.dtype) && !is_floating(scalar.dtype))))
                return wide.dtype;
            if (wide.rank != 0 && wide.dtype != scalar.dtype) return DType::unknown;
        }
        return promote(left.dtype, right.dtype);
    }
    const Fact& array = left.kind == Kind::tensor ? left : right;
    const Fact& other = left.kind == Kind::tensor ? right : left;
    if (array.dtype == DType::unknown || !is_number(other)) return DType::unknown;
    if (is_floating(array.dtype) || other.kind == Kind::boolean || array.dtype == DType::complex64) return array.dtype;
    if (other.kind == Kind::floating) return DType::float32;
    return array.dtype == DType::boolean ? DType::int64 : array.dtype;
}

Fact broadcast(FactStore& store, const Fact& left, const Fact& right, DType dtype) {
    const bool left_tensor = left.kind == Kind::tensor;
    const bool right_tensor = right.kind == Kind::tensor;
    Fact out = tensor(-1, dtype);
    if (!left_tensor || !right_tensor) {
        const Fact& array = left_tensor ? left : right;
        const Fact& other = left_tensor ? right : left;
        if (!is_number(other)) {
            // An unknown operand may be a tensor of higher rank.
            return out;
        }
        out.rank = array.rank;
        out.shape = array.shape;
        out.same_rank_as = array.same_rank_as;
        return out;
    }
    if (left.rank < 0 || right.rank < 0) {
        if (left.same_rank_as != 0 && left.same_rank_as == right.same_rank_as) out.same_rank_as = left.same_rank_as;
        if (left.rank == 0) out.same_rank_as = right.same_rank_as;
        if (right.rank == 0) out.same_rank_as = left.same_rank_as;
        return out;
    }
    out.rank = std::max(left.rank, right.rank);
    if (left.shape == 0 && right.shape == 0) return out;
    const std::vector<Dim> first = store.dims(left);
    const std::vector<Dim> second = store.dims(right);
    std::vector<Dim> dims(static_cast<std::size_t>(out.rank));
    const Dim one = constant_dim(1);
    for (std::size_t back = 1; back <= dims.size(); ++back) {
        const Dim& a = back <= first.size() ? first[first.size() - back] : one;
        const Dim& b = back <= second.size() ? second[second.size() - back] : one;
        Dim& dim = dims[dims.size() - back];
        const auto is_wide_constant = [](const Dim& size) { return size.known && size.symbols.empty() && size.coefficient != 1; };
        if (a == b || b == one || is_wide_constant(a))
            dim = a;
        else if (a == one || is_wide_constant(b))
            dim = b;
    }
    out.shape = store.shape(dims);
    return out;
}

Fact TensorResult::softmax() const {
    // dim, _stacklevel, dtype in torch.nn.functional; dim, dtype elsewhere
    DType dtype = dtype_argument(input_.dtype);
    for (const Operand& operand : operands_.positional)
        if (operand.fact.kind == Kind::dtype) dtype = operand.fact.dtype;
    return same_shape(input_, dtype);
}

Fact TensorResult::where() const {
    if (operands_.positional.size() + operands_.keywords.size() == 1) {
        Fact out = make(Kind::tuple);
        out.elements = store_.sequence({tensor(1, DType::int64)});
        return out;
    }
    const Fact second = operands_.fact(1, {"input", "self"});
    const Fact third = operands_.fact(2, {"other"});
    // As a method the object is the second operand of torch.where; either way all three broadcast.
    const Fact condition = operands_.fact(0, {"condition"});
    if (second.kind == Kind::tensor && second.dtype == DType::boolean && condition.dtype != DType::boolean) {
        const Fact values = broadcast(store_, condition, third, arithmetic_dtype(condition, third));
        return broadcast(store_, second, values, values.dtype);
    }
    if (second.kind != Kind::tensor && third.kind != Kind::tensor) {
        if (is_number(second) && is_number(third)) {
            const bool floats = second.kind == Kind::floating || third.kind == Kind::floating;
            return same_shape(condition, floats ? DType::float32 : DType::int64);
        }
        return tensor();
    }
    const Fact values = broadcast(store_, second, third, arithmetic_dtype(second, third));
    return broadcast(store_, condition, values, values.dtype);
}

Fact TensorResult::elementwise() const {
    const DType dtype = input_.dtype;
    switch (op_.rule) {
    case Rule::floating: {
        if (input_.kind == Kind::unknown) return tensor();
        const DType floats = is_integral(dtype) || dtype == DType::boolean ? DType::float32 : dtype;
        return same_shape(input_, floats);
    }
    case Rule::predicate: return same_shape(input_, DType::boolean);
    case Rule::softmax: return softmax();
    case Rule::cumulative: return same_shape(input_, dtype_argument(dtype == DType::boolean || is_integral(dtype) ? DType::int64 : dtype));
    case Rule::broadcast:
    case Rule::true_divide:
    case Rule::compare: {
        const Fact other = operands_.fact(1, {"other", "exponent", "end", "tensor1"});
        DType result = arithmetic_dtype(input_, other);
        if (op_.rule == Rule::true_divide && (is_integral(result) || result == DType::boolean))
            result = operands_.keyword("rounding_mode") ? DType::unknown : DType::float32;
        if (op_.rule == Rule::compare) result = DType::boolean;
        Fact out = broadcast(store_, input_, other, result);
        if (op_.argument == 3) {
            const Fact third = operands_.fact(2, {"tensor2"});
            out = broadcast(store_, out, third, arithmetic_dtype(out, third));
        }
        return out;
    }
    case Rule::where: return where();
    case Rule::same_rank:
    case Rule::like_first: return same_rank(input_, dtype);
    case Rule::like_other: return same_shape(operands_.fact(1, {"other"}), dtype);
    case Rule::like_index: return same_shape(operands_.fact(static_cast<std::size_t>(op_.argument), {"index", "indices", "other"}), dtype);
    case Rule::indices_same: return same_shape(input_, DType::int64);
    case Rule::cast: return same_shape(input_, static_cast<DType>(op_.argument));
    case Rule::to: return to();
    case Rule::cast_like: return same_shape(input_, operands_.fact(1, {"other"}).dtype);
    case Rule::transformed: return same_rank(input_, op_.argument == 1 ? DType::complex64 : DType::float32);
    case Rule::real_part: return same_shape(input_, dtype == DType::complex64 ? DType::float32 : dtype);
    case Rule::complex_pair: return same_shape(input_, DType::complex64);
    default: return same_shape(input_, dtype);  // the rules that change nothing
    }
}

Fact TensorResult::to() const {
    DType dtype = input_.dtype;
    if (op_.name == "type" && operands_.positional.size() == 1 && operands_.keywords.empty()) {  // the name of a tensor type stands for its dtype
        Fact out = make(Kind::dtype);
        out.dtype = dtype;
        return out;
    }
    for (std::size_t at = 1; at < operands_.positional.size(); ++at) {
        const Fact& target = operands_.positional[at].fact;
        if (target.kind == Kind::dtype || target.kind == Kind::tensor) dtype = target.dtype;
        if (target.kind == Kind::unknown || (op_.name == "type" && target.kind != Kind::dtype)) dtype = DType::unknown;
    }
    if (const Operand* other = operands_.keyword("other")) dtype = other->fact.dtype;
    Fact out = same_shape(input_, dtype_argument(dtype));
    out.temporary = false;  // `to` gives its object back when nothing is to be changed
    return out;
}

Fact TensorResult::reduced(const Operand* axes, const Operand* keep, DType dtype, bool axes_may_hide) {
    const std::optional<bool> keeps = keep ? store_.boolean_value(keep->fact) : std::optional(false);
    if (!axes || axes->fact.kind == Kind::none) {
        if (axes_may_hide) return tensor(-1, dtype);
        if (!keep || keeps == std::optional(false)) return tensor(0, dtype);
        return keeps ? same_rank(input_, dtype) : tensor(-1, dtype);
    }
    if (!keeps) return tensor(-1, dtype);
    if (*keeps) {
        Fact out = same_rank(input_, dtype);
        const auto axis = store_.integer_value(axes->fact);
        if (axis && input_.rank > 0 && *axis < input_.rank && *axis >= -input_.rank) {
            std::vector<Dim> dims = store_.dims(input_);
            dims[static_cast<std::size_t>(*axis < 0 ? *axis + input_.rank : *axis)] = constant_dim(1);
            out.shape = store_.shape(dims);
        }
        return out;
    }
    int count = -1;
    if (axes->fact.kind == Kind::integer) count = 1;
    if ((axes->fact.kind == Kind::tuple || axes->fact.kind == Kind::list) && axes->fact.length >= 0) count = axes->fact.length;
    if (count < 0 || input_.rank < count) return tensor(-1, dtype);
    Fact out = tensor(input_.rank - count, dtype);
    const auto axis = store_.integer_value(axes->fact);
    if (axis && *axis < input_.rank && *axis >= -input_.rank) {
        std::vector<Dim> dims = store_.dims(input_);
        dims.erase(dims.begin() + (*axis < 0 ? *axis + input_.rank : *axis));
        out.shape = store_.shape(dims);
    }
    return out;
}

Fact TensorResult::reduce_pair() {
    const Operand* axis = operands_.find(1, {"dim", "axis"});
    if (axis && axis->fact.kind == Kind::tensor) return broadcast(store_, input_, axis->fact, arithmetic_dtype(input_, axis->fact));
    if (const Operand* other = operands_.keyword("other"))
        return broadcast(store_, input_, other->fact, arithmetic_dtype(input_, other->fact));
    const Operand* keep = operands_.find(2, {"keepdim", "keepdims"});
    if (!axis && op_.argument == 0) return operands_.hidden() ? Fact{} : tensor(0, input_.dtype);
    if (axis && axis->fact.kind != Kind::integer) return {};
    Fact values = axis ? reduced(axis, keep, input_.dtype, false) : tensor(input_.rank > 0 ? input_.rank - 1 : -1, input_.dtype);
    Fact indices = values;
    indices.dtype = DType::int64;
    return store_.sequence_of(Kind::tuple, {values, indices});
}

Fact TensorResult::pairwise_reduce() const {
    Fact out = broadcast(store_, input_, operands_.fact(1, {"x2", "other"}), input_.dtype);
    out.shape = 0;
    out.same_rank_as = 0;
    const Operand* keep = operands_.keyword("keepdim");
    if (out.rank > 0 && !keep)
        --out.rank;
    else
        out.rank = -1;
    return out;
}

Fact TensorResult::reduction() {
    const DType dtype = input_.dtype;
    const Operand* axes = operands_.find(1, {"dim", "axis"});
    const Operand* keep = operands_.find(2, {"keepdim", "keepdims"});
    switch (op_.rule) {
    case Rule::reduce: return reduced(axes, keep, dtype_argument(dtype), operands_.hidden());
    case Rule::reduce_sum: {
        const bool widened = is_integral(dtype) || dtype == DType::boolean;
        return reduced(axes, keep, dtype_argument(widened ? DType::int64 : dtype), operands_.hidden());
    }
    case Rule::reduce_spread: {
        if (axes && axes->fact.kind == Kind::boolean) axes = operands_.keyword("dim");  // x.var(False): `unbiased` alone
        const bool third_is_unbiased = operands_.positional.size() > 2;
        keep = third_is_unbiased ? operands_.find(3, {"keepdim"}) : operands_.keyword("keepdim");
        const Fact one = reduced(axes, keep, dtype, operands_.hidden());
        return op_.argument == 2 ? store_.sequence_of(Kind::tuple, {one, one}) : one;
    }
    case Rule::reduce_norm:
        return reduced(operands_.find(2, {"dim", "axis"}), operands_.find(3, {"keepdim"}), dtype_argument(dtype), operands_.hidden());
    case Rule::reduce_bool: return reduced(axes, keep, dtype == DType::uint8 ? dtype : DType::boolean, operands_.hidden());
    case Rule::reduce_index: return reduced(axes, keep, DType::int64, operands_.hidden());
    case Rule::reduce_pair: return reduce_pair();
    case Rule::kth: {
        const Operand* axis = operands_.find(2, {"dim"});
        Fact values =
            axis ? reduced(axis, operands_.find(3, {"keepdim"}), dtype, false) : tensor(input_.rank > 0 ? input_.rank - 1 : -1, dtype);
        Fact indices = values;
        indices.dtype = DType::int64;
        return store_.sequence_of(Kind::tuple, {values, indices});
    }
    case Rule::pairwise_reduce: return pairwise_reduce();
    case Rule::topk: {
        const Fact values = same_rank(input_, dtype);
        return store_.sequence_of(Kind::tuple, {values, same_rank(input_, DType::int64)});
    }
    default: return store_.sequence_of(Kind::tuple, {same_shape(input_, dtype), same_shape(input_, DType::int64)});  // sorted_pair
    }
}

}  // namespace mlxify::infer
