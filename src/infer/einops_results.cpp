// einops: ranks and sizes follow from the pattern alone; and the small tensor functions of other libraries.
#include <algorithm>
#include <utility>

#include "infer/einops_pattern.h"
#include "infer/tensor_results.h"

namespace mlxify::infer {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

}  // namespace

EinopsSide parse_einops_side(std::string_view side) {
    EinopsSide axes;
    bool in_group = false;
    for (std::size_t at = 0; at < side.size();) {
        if (is_space(side[at])) {
            ++at;
        } else if (side[at] == '(') {
            in_group = true;
            axes.emplace_back();
            ++at;
        } else if (side[at] == ')') {
            in_group = false;
            ++at;
        } else {
            std::size_t end = at;
            while (end < side.size() && !is_space(side[end]) && side[end] != '(' && side[end] != ')') ++end;
            const std::string_view word = side.substr(at, end - at);
            if (!in_group) axes.emplace_back();
            if (word == "..." && !in_group)
                axes.back().ellipsis = true;
            else if (word != "1")
                axes.back().factors.push_back(word);
            at = end;
        }
    }
    return axes;
}

std::optional<EinopsPattern> parse_einops(std::string_view pattern) {
    const std::size_t arrow = pattern.find("->");
    if (arrow == std::string_view::npos) return std::nullopt;
    return EinopsPattern{parse_einops_side(pattern.substr(0, arrow)), parse_einops_side(pattern.substr(arrow + 2))};
}

bool has_ellipsis(const EinopsSide& side) {
    return std::any_of(side.begin(), side.end(), [](const EinopsAxis& axis) {
        return axis.ellipsis || std::find(axis.factors.begin(), axis.factors.end(), "...") != axis.factors.end();
    });
}

std::optional<int> rank_of(const EinopsSide& side) {
    if (has_ellipsis(side)) return std::nullopt;
    return static_cast<int>(side.size());
}

namespace {

using NamedSizes = std::vector<std::pair<std::string_view, Dim>>;

Dim size_of(const NamedSizes& sizes, std::string_view name) {
    if (!name.empty() && name[0] >= '0' && name[0] <= '9') {
        std::int64_t number = 0;
        for (const char digit : name) number = number * 10 + (digit - '0');
        return constant_dim(number);
    }
    for (const auto& [known, size] : sizes)
        if (known == name) return size;
    return {};
}

// What the left side tells of its names, given the sizes of the input: a plain axis is its name's size, a group with one
// unknown factor gives that factor.
void learn_sizes(const EinopsSide& left, const std::vector<Dim>& dims, NamedSizes& sizes) {
    for (std::size_t axis = 0; axis < left.size() && axis < dims.size(); ++axis) {
        Dim rest = dims[axis];
        std::string_view open;
        int unknown = 0;
        for (const std::string_view factor : left[axis].factors) {
            const Dim size = size_of(sizes, factor);
            if (size.known)
                rest = quotient(rest, size);
            else
                open = factor;
            unknown += !size.known;
        }
        if (unknown == 1 && rest.known) sizes.emplace_back(open, rest);
    }
}

}  // namespace

Fact TensorResult::rearranged() const {
    Fact input = operands_.fact(0, {"tensor"});
    if (input.kind == Kind::list || input.kind == Kind::tuple) {  // a list is stacked along a new first axis
        const Fact piece = store_.element(input);
        input = tensor(piece.rank >= 0 ? piece.rank + 1 : -1, piece.dtype);
    }
    DType dtype = input.dtype;
    if (op_.argument == 2 && !is_floating(dtype)) dtype = DType::unknown;  // sums of integers are wider
    const auto text = store_.string_value(operands_.fact(1, {"pattern"}));
    const auto pattern = text ? parse_einops(*text) : std::nullopt;
    if (!pattern) return tensor(-1, dtype);
    int rank = static_cast<int>(pattern->right.size());
    const bool spread = std::any_of(pattern->right.begin(), pattern->right.end(), [](const EinopsAxis& axis) { return axis.ellipsis; });
    if (spread) {
        if (input.rank < 0) return tensor(-1, dtype);
        return tensor(rank - 1 + input.rank - (static_cast<int>(pattern->left.size()) - 1), dtype);
    }
    NamedSizes sizes;
    for (const Operand& keyword : operands_.keywords)
        if (const Dim size = store_.dim_of(keyword.fact); size.known) sizes.emplace_back(keyword.name, size);
    if (input.rank == static_cast<int>(pattern->left.size()) && !has_ellipsis(pattern->left))
        learn_sizes(pattern->left, store_.dims(input), sizes);
    std::vector<Dim> dims;
    for (const EinopsAxis& axis : pattern->right) {
        Dim size = constant_dim(1);
        for (const std::string_view factor : axis.factors) size = product(size, size_of(sizes, factor));
        dims.push_back(size);
    }
    Fact out = store_.tensor_of(dims, dtype);
    out.rank = static_cast<std::int8_t>(rank);
    return out;
}

Fact TensorResult::einops_einsum() const {
    const DType dtype = input_.dtype;
    if (operands_.positional.empty()) return tensor(-1, dtype);
    const auto text = store_.string_value(operands_.positional.back().fact);
    const auto pattern = text ? parse_einops(*text) : std::nullopt;
    const auto rank = pattern ? rank_of(pattern->right) : std::nullopt;
    return tensor(rank.value_or(-1), dtype);
}

// pack([x, y], "b * d") -> (tensor, sizes); the star stands for what is packed into one axis.
Fact TensorResult::packed() const {
    const auto text = store_.string_value(operands_.fact(1, {"pattern"}));
    const Fact piece = store_.element(operands_.fact(0, {"tensors"}));
    const int rank = text ? static_cast<int>(parse_einops_side(*text).size()) : -1;
    return store_.sequence_of(Kind::tuple, {tensor(rank, piece.dtype), make(Kind::list)});
}

Fact TensorResult::unpacked() const {
    const Fact sizes = operands_.fact(1, {"packed_shapes"});
    const Fact piece = tensor(-1, input_.dtype);
    if (sizes.length < 0) return store_.repeated(Kind::list, piece);
    return store_.sequence_of(Kind::list, std::vector<Fact>(static_cast<std::size_t>(sizes.length), piece));
}

// fla's get_unpad_data(mask) -> (indices, cu_seqlens, longest)
Fact TensorResult::unpad_data() const {
    return store_.sequence_of(Kind::tuple, {tensor(1, DType::int64), tensor(1, DType::int32), make(Kind::integer)});
}

Fact TensorResult::einops() {
    switch (op_.rule) {
    case Rule::einops: return rearranged();
    case Rule::einops_einsum: return einops_einsum();
    case Rule::einops_pack: return packed();
    case Rule::einops_unpack: return unpacked();
    default: return unpad_data();
    }
}

}  // namespace mlxify::infer
