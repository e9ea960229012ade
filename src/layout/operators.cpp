#include "layout/operators.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace mlxify::layout {

namespace {

constexpr std::string_view kPointwise[] = {
    "abs",       "neg",         "negative",  "relu",        "relu6",     "leaky_relu", "elu",        "selu",       "celu",       "gelu",
    "silu",      "mish",        "hardtanh",  "hardswish",   "hardsigmoid", "hardshrink", "softshrink", "tanhshrink", "softsign",   "threshold",
    "clamp",     "clamp_min",   "clamp_max", "clip",        "nan_to_num", "dropout",   "clone",      "contiguous", "detach",     "sigmoid",
    "logsigmoid", "tanh",       "softplus",  "exp",         "log",       "log1p",      "expm1",      "log2",       "sqrt",       "rsqrt",
    "reciprocal", "sin",        "cos",       "square",      "sign",      "floor",      "ceil",       "round",      "erf",        "float",
    "half",      "double",      "to",        "bfloat16",    "add",       "sub",        "subtract",   "rsub",       "mul",        "multiply",
    "div",       "divide",      "true_divide", "pow",       "remainder", "maximum",    "minimum",    "lerp",       "addcmul",    "addcdiv",
    "eq",        "ne",          "lt",        "le",          "gt",        "ge",         "where",      "masked_fill", "expand_as", "type_as",
    "logical_and", "logical_or", "logical_not", "atan2",    "zeros_like", "ones_like", "requires_grad",
};

constexpr std::string_view kQueries[] = {"dim", "ndimension", "numel", "nelement", "is_contiguous", "element_size", "is_floating_point", "get_device"};

constexpr Operator kOperators[] = {
    {"softmax", Passing::axis, 1, "dim", {}},
    {"log_softmax", Passing::axis, 1, "dim", {}},
    {"cumsum", Passing::axis, 1, "dim", {}},
    {"flip", Passing::axis, 1, "dims", {}},
    {"roll", Passing::axis, 2, "dims", {}},
    {"normalize", Passing::axis, 2, "dim", 1},
    {"index_select", Passing::axis, 1, "dim", {}},
    {"mean", Passing::reduce, 1, "dim", {}},
    {"sum", Passing::reduce, 1, "dim", {}},
    {"amax", Passing::reduce, 1, "dim", {}},
    {"amin", Passing::reduce, 1, "dim", {}},
    {"std", Passing::reduce, 1, "dim", {}},
    {"var", Passing::reduce, 1, "dim", {}},
    {"norm", Passing::reduce, 2, "dim", {}},
    {"argmax", Passing::reduce, 1, "dim", {}},
    {"argmin", Passing::reduce, 1, "dim", {}},
    {"max", Passing::extreme, 1, "dim", {}},
    {"min", Passing::extreme, 1, "dim", {}},
    {"cat", Passing::join, 1, "dim", 0},
    {"concat", Passing::join, 1, "dim", 0},
    {"concatenate", Passing::join, 1, "dim", 0},
    {"chunk", Passing::cut, 2, "dim", 0},
    {"split", Passing::cut, 2, "dim", 0},
    {"size", Passing::size, 1, "dim", {}},
    {"view", Passing::reshape, 1, "", {}},
    {"reshape", Passing::reshape, 1, "", {}},
    {"flatten", Passing::reshape, 1, "", {}},
    {"permute", Passing::permute, 1, "dims", {}},
    {"transpose", Passing::swap, 1, "dim0", {}},
    {"swapaxes", Passing::swap, 1, "axis0", {}},
    {"swapdims", Passing::swap, 1, "dim0", {}},
    {"glu", Passing::axis, 1, "dim", {}},
};

constexpr std::string_view kModules[] = {
    "ReLU",     "ReLU6",     "LeakyReLU", "ELU",        "SELU",       "CELU",       "GELU",       "SiLU",     "Mish",  "Hardtanh",
    "Hardswish", "Hardsigmoid", "Sigmoid", "Tanh",      "Softplus",   "Softsign",   "LogSigmoid", "Tanhshrink", "Hardshrink", "Softshrink",
    "Threshold", "Identity", "Dropout",
};

template <std::size_t N>
bool holds(const std::string_view (&names)[N], std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

constexpr Operator kOfPointwise{"", Passing::pointwise, 0, "", {}};
constexpr Operator kOfQuery{"", Passing::query, 0, "", {}};

}  // namespace

const Operator* find_operator(std::string_view name) {
    if (name.size() > 1 && name.ends_with('_') && !name.ends_with("__")) name.remove_suffix(1);
    if (holds(kPointwise, name)) return &kOfPointwise;
    if (holds(kQueries, name)) return &kOfQuery;
    const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators), [&](const Operator& one) { return one.name == name; });
    return found == std::end(kOperators) ? nullptr : found;
}

bool is_pointwise_module(std::string_view qualified) {
    constexpr std::string_view kNn = "torch.nn.";
    if (qualified.ends_with(".DropPath") || qualified.ends_with(".StochasticDepth")) return true;
    return qualified.starts_with(kNn) && holds(kModules, qualified.substr(kNn.size()));
}

}  // namespace mlxify::layout
