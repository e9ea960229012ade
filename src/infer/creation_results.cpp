// New tensors, and results that are no tensors.
#include "infer/tensor_results.h"

namespace mlxify::infer {

namespace {

DType dtype_of_number(Kind kind) {
    if (kind == Kind::floating) return DType::float32;
    if (kind == Kind::integer) return DType::int64;
    return kind == Kind::boolean ? DType::boolean : DType::unknown;
}

}  // namespace

Fact TensorResult::arange() const {
    DType dtype = DType::int64;
    for (const Operand& operand : operands_.positional) {
        if (operand.fact.kind == Kind::floating || (operand.fact.kind == Kind::tensor && is_floating(operand.fact.dtype)))
            dtype = DType::float32;
        else if (operand.fact.kind == Kind::tensor && is_integral(operand.fact.dtype))
            continue;
        else if (operand.fact.kind != Kind::integer && dtype == DType::int64)
            dtype = DType::unknown;
    }
    if (operands_.positional.empty()) dtype = DType::unknown;
    Dim length;
    if (operands_.positional.size() == 1) length = store_.dim_of(operands_.positional[0].fact);
    if (operands_.positional.size() == 2 && store_.integer_value(operands_.positional[0].fact) == std::optional<std::int64_t>(0))
        length = store_.dim_of(operands_.positional[1].fact);
    return store_.tensor_of({length}, dtype_argument(dtype));
}

// torch.tensor of numbers, lists of numbers, lists of lists.
Fact TensorResult::from_data() const {
    Fact data = operands_.fact(0, {"data", "obj"});
    if (data.kind == Kind::tensor) return same_shape(data, dtype_argument(data.dtype));
    std::vector<Dim> dims;
    if (data.kind == Kind::list && data.length == 0) return store_.tensor_of({constant_dim(0)}, dtype_argument(DType::float32));
    while (data.kind == Kind::list || data.kind == Kind::tuple || data.kind == Kind::size) {
        dims.push_back(data.length >= 0 ? constant_dim(data.length) : Dim{});
        data = data.elements != 0 ? store_.element(data) : Fact{};
    }
    const DType dtype = dtype_argument(dtype_of_number(data.kind));
    if (data.kind == Kind::tensor && data.rank == 0) return store_.tensor_of(dims, dtype);
    if (data.kind == Kind::unknown || data.kind == Kind::tensor || data.kind == Kind::object) {
        Fact unknown = tensor(-1, dtype);
        unknown.maybe_void = data.kind != Kind::tensor && dims.empty();  // numpy's array of a list that is empty
        return unknown;
    }
    return store_.tensor_of(dims, dtype);
}

Fact TensorResult::created() {
    switch (op_.rule) {
    case Rule::create: {
        DType otherwise = DType::float32;
        if (op_.argument == 1) otherwise = dtype_of_number(operands_.fact(1, {"fill_value"}).kind);
        const DType dtype = dtype_argument(otherwise);
        if (op_.argument == 1) {  // torch.full(size, value): the size is one argument
            const Fact size = operands_.fact(0, {"size"});
            if (size.length < 0) return tensor(-1, dtype);
        }
        const auto dims = size_argument(0);
        return dims ? store_.tensor_of(*dims, dtype) : tensor(-1, dtype);
    }
    case Rule::create_from: {
        const DType dtype = dtype_argument(input_.dtype);
        const auto dims = size_argument(1);
        if (op_.argument == 1 && operands_.fact(1, {"size"}).length < 0) return tensor(-1, dtype);
        return dims ? store_.tensor_of(*dims, dtype) : tensor(-1, dtype);
    }
    case Rule::create_like: return same_shape(input_, dtype_argument(input_.dtype));
    case Rule::randint: {  // (high, size) or (low, high, size)
        for (const Operand& operand : operands_.positional)
            if (operand.fact.length >= 0 && operand.fact.kind != Kind::string)
                return tensor(operand.fact.length, dtype_argument(DType::int64));
        const Operand* size = operands_.keyword("size");
        return tensor(size ? size->fact.length : -1, dtype_argument(DType::int64));
    }
    case Rule::tensor_like_data:
    case Rule::from_data: return from_data();
    case Rule::arange: return arange();
    case Rule::linspace:
        return store_.tensor_of({store_.dim_of(operands_.fact(op_.argument == 1 ? 0 : 2, {"steps", "window_length"}))},
                                dtype_argument(DType::float32));
    case Rule::eye: {
        const Dim rows = store_.dim_of(operands_.fact(0, {"n"}));
        const Operand* columns = operands_.find(1, {"m"});
        return store_.tensor_of({rows, columns ? store_.dim_of(columns->fact) : rows}, dtype_argument(DType::float32));
    }
    case Rule::randperm: return store_.tensor_of({store_.dim_of(operands_.fact(0, {"n"}))}, dtype_argument(DType::int64));
    default: {  // legacy_tensor: torch.FloatTensor(2, 3) is a size, torch.FloatTensor([..]) data
        constexpr DType kDTypes[]{DType::float32, DType::int64, DType::int32, DType::boolean};
        const DType dtype = kDTypes[op_.argument];
        const Fact first = operands_.fact(0);
        if (first.kind == Kind::integer && !operands_.star) {
            const auto dims = size_argument(0);
            return dims ? store_.tensor_of(*dims, dtype) : tensor(-1, dtype);
        }
        if (operands_.positional.empty()) return operands_.star ? tensor(-1, dtype) : store_.tensor_of({constant_dim(0)}, dtype);
        Fact out = from_data();
        out.dtype = dtype;
        return out;
    }
    }
}

Fact TensorResult::no_tensor() {
    switch (op_.rule) {
    case Rule::size: {
        const Operand* axis = operands_.find(1, {"dim"});
        if (!axis) {
            if (operands_.hidden()) return {};
            Fact out = make(Kind::size);
            out.length = input_.rank;
            if (input_.rank > 0) {
                std::vector<Fact> sizes;
                for (const Dim& dim : store_.dims(input_)) sizes.push_back(dim.known ? store_.integer(dim) : make(Kind::integer));
                out.elements = store_.sequence(sizes);
            }
            return out;
        }
        if (const auto at = axis_argument(1, input_.rank)) {
            const Dim dim = store_.dims(input_)[static_cast<std::size_t>(*at)];
            if (dim.known) return store_.integer(dim);
        }
        return make(Kind::integer);
    }
    case Rule::rank: return input_.rank >= 0 ? store_.integer(input_.rank) : make(Kind::integer);
    case Rule::integer: return make(Kind::integer);
    case Rule::boolean: return make(Kind::boolean);
    case Rule::item:
        if (is_floating(input_.dtype)) return make(Kind::floating);
        if (is_integral(input_.dtype)) return make(Kind::integer);
        return make(input_.dtype == DType::boolean ? Kind::boolean : Kind::unknown);
    case Rule::list: return make(input_.rank == 0 ? Kind::unknown : Kind::list);
    case Rule::object: return make(Kind::object);
    case Rule::none: return make(Kind::none);
    case Rule::device: return make(Kind::device);
    case Rule::size_of: {
        Fact out = operands_.fact(0);
        out.kind = Kind::size;
        return out;
    }
    case Rule::floating_number: return make(Kind::floating);
    default: return {};
    }
}

}  // namespace mlxify::infer
