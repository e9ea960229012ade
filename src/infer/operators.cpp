#include "infer/operators.h"

#include <algorithm>
#include <array>

namespace mlxify::infer {

namespace {

// The table of a .def file, sorted by name while compiling.
template <std::size_t N>
constexpr std::array<Operator, N> sorted(std::array<Operator, N> operators) {
    std::sort(operators.begin(), operators.end(), [](const Operator& a, const Operator& b) { return a.name < b.name; });
    return operators;
}

constexpr auto kOperators = sorted(std::array{
#define MLXIFY_OPERATOR(name, rule, argument, telling) Operator{name, Rule::rule, argument, telling},
#include "infer/operators.def"
#undef MLXIFY_OPERATOR
});

constexpr auto kLibraryFunctions = sorted(std::array{
#define MLXIFY_LIBRARY_FUNCTION(name, rule, argument) Operator{name, Rule::rule, argument, false},
#include "infer/library_functions.def"
#undef MLXIFY_LIBRARY_FUNCTION
});

constexpr bool no_name_twice() {
    for (std::size_t i = 1; i < kOperators.size(); ++i)
        if (kOperators[i - 1].name == kOperators[i].name) return false;
    return true;
}
static_assert(no_name_twice(), "operators.def has a name twice");

template <std::size_t N>
const Operator* find(const std::array<Operator, N>& table, std::string_view name) {
    const auto found = std::lower_bound(table.begin(), table.end(), name,
                                        [](const Operator& entry, std::string_view wanted) { return entry.name < wanted; });
    return found != table.end() && found->name == name ? &*found : nullptr;
}

// Where torch keeps functions that the table lists by their last name.
constexpr std::array<std::string_view, 11> kNamespaces{"torch.nn.functional.", "torch.Tensor.",   "torch.special.",  "torch.linalg.",
                                                       "torch.fft.",           "torch.cuda.",     "torch.autograd.", "torch.nn.init.",
                                                       "torch.random.",        "torch.backends.", "torch."};

constexpr std::array kViews{
    Rule::view,         Rule::like_other,      Rule::permute, Rule::transpose, Rule::transpose_2d,    Rule::transpose_last,
    Rule::permute_some, Rule::unsqueeze,       Rule::squeeze, Rule::flatten,   Rule::fixed_rank_view, Rule::unflatten,
    Rule::expand,       Rule::unknown_view,    Rule::narrow,  Rule::select,    Rule::diagonal,        Rule::unfold,
    Rule::same_view,    Rule::view_as_complex, Rule::chunk,   Rule::split,     Rule::unbind,          Rule::real_part,
    Rule::einops_unpack};

// Whose first operand may be a size, a number, a list or a pattern.
constexpr std::array kOtherFirst{Rule::create,
                                 Rule::arange,
                                 Rule::linspace,
                                 Rule::eye,
                                 Rule::randint,
                                 Rule::randperm,
                                 Rule::unknown_view,
                                 Rule::from_data,
                                 Rule::legacy_tensor,
                                 Rule::device,
                                 Rule::size_of,
                                 Rule::boolean,
                                 Rule::object,
                                 Rule::none,
                                 Rule::unknown,
                                 Rule::cat,
                                 Rule::stack,
                                 Rule::vstack,
                                 Rule::meshgrid,
                                 Rule::einsum,
                                 Rule::einops_pack,
                                 Rule::einops,
                                 Rule::broadcast_list,
                                 Rule::unknown_tensor,
                                 Rule::floating_number,
                                 Rule::tuple_of_tensors,
                                 Rule::fixed_rank,
                                 Rule::einops_einsum,
                                 Rule::where,
                                 Rule::broadcast,
                                 Rule::true_divide};

constexpr Operator kInit{"torch.nn.init", Rule::same_view, 0, false};

}  // namespace

const Operator* find_operator(std::string_view name) { return find(kOperators, name); }

const Operator* find_library_operator(std::string_view qualified) {
    if (const Operator* exact = find(kLibraryFunctions, qualified)) return exact;
    if (!qualified.starts_with("torch.")) return nullptr;
    for (const std::string_view space : kNamespaces) {
        if (!qualified.starts_with(space)) continue;
        std::string_view last = qualified.substr(space.size());
        if (last.find('.') != std::string_view::npos) continue;
        if (space == "torch.nn.init." && last != "calculate_gain") return last.ends_with('_') ? &kInit : nullptr;
        if (last.ends_with('_')) last.remove_suffix(1);
        return find_operator(last);
    }
    return nullptr;
}

bool gives_view(const Operator& op) {
    if (std::find(kViews.begin(), kViews.end(), op.rule) != kViews.end()) return true;
    if (op.rule == Rule::einops) return op.argument != 2;  // rearrange and repeat; reduce makes new values
    return op.name == "conj";
}

bool may_give_operand(const Operator& op) {
    return op.name.find("dropout") != std::string_view::npos || op.rule == Rule::cast || op.rule == Rule::cast_like ||
           op.rule == Rule::from_data || op.rule == Rule::broadcast_list || op.rule == Rule::meshgrid || op.rule == Rule::einops_pack;
}

bool takes_tensor_first(Rule rule) { return std::find(kOtherFirst.begin(), kOtherFirst.end(), rule) == kOtherFirst.end(); }

}  // namespace mlxify::infer
