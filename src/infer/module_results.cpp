#include "infer/module_results.h"

#include <algorithm>
#include <array>

#include "infer/einops_pattern.h"
#include "infer/tensor_results.h"

namespace mlxify::infer {

namespace {

enum class Behaviour : std::uint8_t {
    same,
    same_rank,
    linear,
    convolution,
    pooling,
    embedding,
    lstm,
    gru,
    lstm_cell,
    attention,
    second,
    flatten,
    unflatten,
    fixed_rank,
    unknown_tensor,
    sequential,
    module_list,
    module_dict,
    parameter_list,
    loss,
    rearrange,
    short_convolution,
};

struct ModuleClass {
    std::string_view name;
    Behaviour behaviour{};
    int rank = 0;
    int size_argument = -1;
    std::string_view size_keyword;
    int weight_rank = -1;
};

template <std::size_t N>
constexpr std::array<ModuleClass, N> sorted(std::array<ModuleClass, N> classes) {
    std::sort(classes.begin(), classes.end(), [](const ModuleClass& a, const ModuleClass& b) { return a.name < b.name; });
    return classes;
}

constexpr auto kModules = sorted(std::array{
#define MLXIFY_MODULE(name, behaviour, rank, size_argument, size_keyword, weight_rank) \
    ModuleClass{name, Behaviour::behaviour, rank, size_argument, size_keyword, weight_rank},
#include "infer/library_modules.def"
#undef MLXIFY_MODULE
});

const ModuleClass* find_module(std::string_view qualified) {
    const auto found = std::lower_bound(kModules.begin(), kModules.end(), qualified,
                                        [](const ModuleClass& entry, std::string_view wanted) { return entry.name < wanted; });
    return found != kModules.end() && found->name == qualified ? &*found : nullptr;
}

constexpr std::string_view kNn = "torch.nn.";

// Activations, dropouts and norms that the table does not list: torch.nn.ReLU, torch.nn.Dropout, ...
bool keeps_shape(std::string_view qualified) {
    return qualified.starts_with(kNn) && qualified.find('.', kNn.size()) == std::string_view::npos;
}

Fact as_rank(Fact like, int rank) {
    if (like.kind != Kind::tensor) like = tensor();
    if (like.rank < 0 && rank > 0) {
        like.rank = static_cast<std::int8_t>(rank);
        like.same_rank_as = 0;
    }
    like.temporary = true;
    like.view_of = 0;
    like.value = kNoValue;
    like.maybe_none = false;
    return like;
}

Dim output_size(const FactStore& store, const Fact& module) {
    Fact size = make(Kind::integer);
    size.shape = module.shape;
    return store.dim_of(size);
}

Fact with_last(FactStore& store, Fact input, const Dim& size) {
    input = as_rank(input, 0);
    if (input.rank < 1) {
        input.shape = 0;
        return input;
    }
    std::vector<Dim> dims = store.dims(input);
    dims.back() = size;
    input.shape = store.shape(dims);
    return input;
}

Fact convolved(FactStore& store, const Fact& given, int rank, const Dim& channels, bool keeps_channels) {
    const Fact input = as_rank(given, rank);
    std::vector<Dim> dims(static_cast<std::size_t>(input.rank));
    const int axis = input.rank - (rank - 1);  // without a batch axis the channels come first
    if (axis < 0 || axis >= input.rank) return tensor(input.rank, input.dtype);
    if (given.rank == input.rank && axis == 1) dims[0] = store.dims(given)[0];
    dims[static_cast<std::size_t>(axis)] =
        keeps_channels && given.rank == input.rank ? store.dims(given)[static_cast<std::size_t>(axis)] : channels;
    return store.tensor_of(dims, input.dtype);
}

Fact flattened(FactStore& store, const Fact& module, const Fact& input, syntax::NodeId node) {
    const Operator op{"flatten", Rule::flatten, 0, false};
    Operands operands;
    operands.positional.push_back({{}, syntax::kNoNode, input});
    if (module.elements == 0) {
        operands.positional.push_back({{}, syntax::kNoNode, store.integer(1)});
    } else {
        for (const Fact& bound : std::vector<Fact>(store.elements(module))) operands.positional.push_back({{}, syntax::kNoNode, bound});
    }
    return TensorResult(store, op, operands, node).fact();
}

Fact rearranged(FactStore& store, const Fact& module, const Fact& input, syntax::NodeId node) {
    const Operator op{"rearrange", Rule::einops, 0, false};
    Fact pattern = make(Kind::string);
    pattern.value = module.value;
    Operands operands;
    operands.positional = {{{}, syntax::kNoNode, input}, {{}, syntax::kNoNode, pattern}};
    return TensorResult(store, op, operands, node).fact();
}

Fact contained(FactStore& store, Fact module, const Operands& operands, Behaviour behaviour) {
    if (behaviour == Behaviour::sequential) {
        std::vector<Fact> children;
        for (const Operand& child : operands.positional) children.push_back(child.fact);
        const bool one_dict = children.size() == 1 && children[0].kind == Kind::dict;
        if (one_dict) children = {store.element(children[0])};
        if (operands.star || one_dict) {
            module.length = -1;
            children.insert(children.end(), operands.spread.begin(), operands.spread.end());
            module.elements = store.repeated(Kind::list, children).elements;
        } else {
            module.length = static_cast<std::int32_t>(children.size());
            module.elements = store.sequence(children);
        }
        module.may_write_input = operands.positional.empty() ? operands.spread_may_write : children.front().may_write_input;
        return module;
    }
    const Fact list = operands.fact(0, {"modules", "parameters", "values"});
    module.length = operands.positional.empty() && operands.keywords.empty() ? 0 : list.length;
    module.elements = list.elements;
    if (behaviour == Behaviour::module_dict) module.length = -1;
    if (behaviour == Behaviour::parameter_list && list.elements == 0 && module.length != 0) module.elements = store.sequence({tensor()});
    return module;
}

}  // namespace

bool is_library_module(std::string_view qualified) {
    if (find_module(qualified)) return true;
    if (!keeps_shape(qualified)) return false;
    const char first = qualified[kNn.size()];
    return first >= 'A' && first <= 'Z' && qualified != "torch.nn.Parameter" && qualified != "torch.nn.Buffer" &&
           qualified != "torch.nn.Module";
}

bool module_gives_view(const FactStore& store, const Fact& module) {
    const ModuleClass* known = find_module(store.library_name(module));
    return known &&
           (known->behaviour == Behaviour::flatten || known->behaviour == Behaviour::unflatten || known->behaviour == Behaviour::rearrange);
}

Fact construct_module(FactStore& store, std::string_view qualified, const Operands& operands) {
    Fact module = make(Kind::module);
    module.library_class = store.library(qualified);
    const ModuleClass* known = find_module(qualified);
    module.passes_input = qualified.find("Drop") != std::string_view::npos || qualified == "torch.nn.Identity";
    if (!known) {  // an activation or a dropout: any flag it takes is `inplace`
        const auto set = [&](const Operand& operand) {
            return operand.fact.kind != Kind::floating && operand.fact.kind != Kind::integer &&
                   store.boolean_value(operand.fact) != std::optional(false);
        };
        const Operand* named = operands.keyword("inplace");
        const auto surely = [&](const Operand& operand) { return store.boolean_value(operand.fact) == std::optional(true); };
        module.passes_input |= named && set(*named);
        module.writes_input = named && surely(*named);
        module.may_write_input = named && set(*named);
        for (const Operand& operand : operands.positional) {
            module.passes_input |= operand.fact.kind == Kind::boolean && set(operand);
            module.writes_input |= operand.fact.kind == Kind::boolean && surely(operand);
            module.may_write_input |= operand.fact.kind == Kind::boolean && set(operand);
        }
        return module;
    }
    switch (known->behaviour) {
    case Behaviour::sequential:
    case Behaviour::module_list:
    case Behaviour::module_dict:
    case Behaviour::parameter_list: return contained(store, module, operands, known->behaviour);
    case Behaviour::rearrange: module.value = operands.fact(0, {"pattern"}).value; return module;
    case Behaviour::flatten:
        if (operands.find(0, {"start_dim"}) || operands.find(1, {"end_dim"})) {
            const Operand* begin = operands.find(0, {"start_dim"});
            const Operand* end = operands.find(1, {"end_dim"});
            module.elements = store.sequence({begin ? begin->fact : store.integer(1), end ? end->fact : store.integer(-1)});
        }
        return module;
    case Behaviour::loss: {
        const Operand* reduction = operands.keyword("reduction");
        module.rank = reduction ? -1 : 0;
        if (reduction) {
            const auto word = store.string_value(reduction->fact);
            if (word && *word != "none") module.rank = 0;
        }
        return module;
    }
    default: break;
    }
    if (known->behaviour == Behaviour::pooling)  // with indices a pair comes back; if that is not known, nothing is
        if (const Operand* indices = operands.keyword("return_indices"))
            module.length = store.boolean_value(indices->fact) == std::optional(false) ? -1 : 2;
    if (known->size_argument >= 0) {
        const Dim size = store.dim_of(operands.fact(static_cast<std::size_t>(known->size_argument), {known->size_keyword}));
        module.shape = store.shape({size});
    }
    if (known->behaviour == Behaviour::lstm || known->behaviour == Behaviour::gru)
        if (operands.keyword("bidirectional") || operands.keyword("proj_size")) module.shape = 0;
    return module;
}

int input_rank(const FactStore& store, const Fact& module) {
    const ModuleClass* known = find_module(store.library_name(module));
    if (!known || known->behaviour == Behaviour::fixed_rank) return -1;
    if (known->behaviour == Behaviour::rearrange) {
        const auto text = module.value == kNoValue ? std::nullopt : store.string_value(module);
        const auto pattern = text ? parse_einops(*text) : std::nullopt;
        return pattern ? rank_of(pattern->left).value_or(-1) : -1;
    }
    if (known->behaviour == Behaviour::sequential && module.length > 0 && module.elements != 0) {
        for (const Fact& child : store.elements(module)) {  // the first child that minds, behind those that keep the rank
            if (const int rank = input_rank(store, child); rank > 0) return rank;
            const ModuleClass* of_child = find_module(store.library_name(child));
            const bool keeps = child.kind == Kind::module && child.class_index == 0 && child.library_class != 0 &&
                               (of_child ? of_child->behaviour == Behaviour::same || of_child->behaviour == Behaviour::same_rank ||
                                               of_child->behaviour == Behaviour::linear
                                         : keeps_shape(store.library_name(child)));
            if (!keeps) return -1;
        }
        return -1;
    }
    return known->rank > 0 ? known->rank : -1;
}

Fact call_module(FactStore& store, const Fact& module, const Operands& operands, syntax::NodeId node,
                 const std::function<Fact(const Fact& child, const Fact& argument)>& call) {
    const std::string_view name = store.library_name(module);
    const ModuleClass* known = find_module(name);
    const Fact input = operands.fact(0, {"input", "x", "query", "src", "hidden_states"});
    if (!known) return keeps_shape(name) ? as_rank(input, 0) : Fact{};
    const Dim size = output_size(store, module);
    switch (known->behaviour) {
    case Behaviour::same: return as_rank(input, known->rank);
    case Behaviour::same_rank: {
        Fact out = as_rank(input, known->rank);
        out.shape = 0;
        return out;
    }
    case Behaviour::linear: return with_last(store, input, size);
    case Behaviour::convolution: return convolved(store, input, known->rank, size, false);
    case Behaviour::pooling: {
        const Fact pooled = convolved(store, input, known->rank, {}, true);
        return module.length == 2 ? store.sequence_of(Kind::tuple, {pooled, tensor(pooled.rank, DType::int64)}) : pooled;
    }
    case Behaviour::embedding: {
        if (input.rank < 0) return tensor(-1, DType::float32);
        std::vector<Dim> dims = store.dims(input);
        dims.push_back(size);
        return store.tensor_of(dims, DType::float32);
    }
    case Behaviour::lstm: {
        const Fact state = as_rank(tensor(input.rank, input.dtype), 0);
        return store.sequence_of(Kind::tuple, {with_last(store, input, size), store.sequence_of(Kind::tuple, {state, state})});
    }
    case Behaviour::gru: return store.sequence_of(Kind::tuple, {with_last(store, input, size), tensor(input.rank, input.dtype)});
    case Behaviour::lstm_cell: {
        const Fact state = with_last(store, input, size);
        return store.sequence_of(Kind::tuple, {state, state});
    }
    case Behaviour::attention: {
        Fact weights = tensor(-1, input.dtype);
        const Operand* wanted = operands.keyword("need_weights");
        if (wanted) weights = store.boolean_value(wanted->fact) == std::optional(false) ? make(Kind::none) : Fact{};
        return store.sequence_of(Kind::tuple, {as_rank(input, 0), weights});
    }
    case Behaviour::second: return as_rank(operands.fact(1, {"tgt"}), 0);
    case Behaviour::flatten: return flattened(store, module, input, node);
    case Behaviour::unflatten:
    case Behaviour::unknown_tensor: return tensor(-1, input.dtype);
    case Behaviour::fixed_rank: return tensor(known->rank, input.dtype);
    case Behaviour::loss: return tensor(module.rank, input.dtype);
    case Behaviour::rearrange: return rearranged(store, module, input, node);
    case Behaviour::short_convolution: return store.sequence_of(Kind::tuple, {as_rank(input, 0), Fact{}});
    case Behaviour::sequential: {
        if (module.length < 0 || (module.length > 0 && module.elements == 0)) {
            // Any number of children in any order: what all of them leave as it is.
            if (module.elements == 0) return {};
            const std::vector<Fact> children = store.elements(module);
            Fact value = call(children[0], input);
            for (int pass = 0; pass < 2; ++pass) {
                const Fact given = value;
                for (const Fact& child : children) value = store.join(value, call(child, given));
            }
            if (value.kind == Kind::tensor) value.shape = 0;
            return value;
        }
        Fact value = as_rank(input, 0);
        if (input.kind != Kind::tensor) value = input;
        if (module.length == 0) return value;
        for (const Fact& child : std::vector<Fact>(store.elements(module))) value = call(child, value);
        return value;
    }
    case Behaviour::module_list:
    case Behaviour::module_dict:
    case Behaviour::parameter_list: return {};
    }
    return {};
}

namespace {

// What a convolution keeps of each axis: numbers in a tuple. Pools keep what they were given, as `padding="same"` is kept.
Fact per_axis(FactStore& store, std::string_view library, std::string_view name) {
    if (!library.starts_with("torch.nn.Conv") || !library.ends_with('d') || library.size() < 2) return {};
    Fact sizes = make(Kind::tuple);
    if (name == "padding") return sizes;
    sizes.length = library[library.size() - 2] - '0';
    sizes.elements = store.sequence(std::vector<Fact>(static_cast<std::size_t>(sizes.length), make(Kind::integer)));
    return sizes;
}

}  // namespace

bool is_recurrent(std::string_view qualified) {
    constexpr std::array<std::string_view, 6> kRecurrent{"LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"};
    return qualified.starts_with(kNn) && std::find(kRecurrent.begin(), kRecurrent.end(), qualified.substr(kNn.size())) != kRecurrent.end();
}

Fact module_attribute(FactStore& store, const Fact& module, std::string_view name) {
    constexpr std::array<std::string_view, 16> kIntegers{"in_features",   "out_features", "in_channels", "out_channels", "num_embeddings",
                                                         "embedding_dim", "num_features", "groups",      "hidden_size",  "input_size",
                                                         "num_layers",    "embed_dim",    "num_heads",   "head_dim",
                                                         "num_groups",    "num_channels"};
    const ModuleClass* known = find_module(store.library_name(module));
    if (name == "training") return make(Kind::boolean);
    if (!known && module.class_index != 0) return {};
    if (!known && !keeps_shape(store.library_name(module))) return {};
    if (is_recurrent(store.library_name(module))) {
        if (name == "bias" || name == "bidirectional" || name == "batch_first") return make(Kind::boolean);
        if (name.starts_with("weight_") || name.starts_with("bias_")) {  // weight_ih_l0
            Fact weight = tensor(name.starts_with("weight_") ? 2 : 1, DType::float32);
            weight.temporary = false;
            return weight;
        }
    }
    if (name == "weight") {
        Fact weight = tensor(known ? known->weight_rank : -1, DType::float32);
        weight.temporary = false;
        return known && known->behaviour == Behaviour::sequential ? Fact{} : weight;
    }
    if (name == "bias") {  // absent with bias=False, but nothing can be done with it then
        Fact bias = tensor(1, DType::float32);
        bias.temporary = false;
        bias.maybe_none = true;
        return bias;
    }
    if (name == "running_mean" || name == "running_var") {
        Fact statistics = tensor(1, DType::float32);
        statistics.temporary = false;
        return statistics;
    }
    if ((name == "out_features" || name == "out_channels" || name == "embedding_dim" || name == "hidden_size") && module.shape != 0) {
        const Dim size = output_size(store, module);
        if (size.known) return store.integer(size);
    }
    if (name == "eps" || name == "p" || name == "momentum" || name == "negative_slope") return make(Kind::floating);
    if (std::find(kIntegers.begin(), kIntegers.end(), name) != kIntegers.end()) return make(Kind::integer);
    if (name == "kernel_size" || name == "stride" || name == "dilation" || name == "padding") return per_axis(store, store.library_name(module), name);
    return {};
}

}  // namespace mlxify::infer
