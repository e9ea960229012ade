#include "verify/usage.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "verify/guess.h"
#include "verify/touch.h"

namespace mlxify::verify {
namespace {

using syntax::Flag;
using syntax::Kind;
using syntax::Node;
using syntax::NodeId;
using syntax::Op;
using syntax::Tree;

constexpr std::int64_t kMostItems = 16;
constexpr int kMaxDescent = 6;  // of calls, and of attributes that hold the value

struct LayerRow {
    std::string_view layer;
    std::array<std::string_view, 7> parameters;
};

// Positional parameters of torch's layers, as far as models pass sizes to them.
constexpr LayerRow kLayers[] = {
    {"Linear", {"in_features", "out_features"}},
    {"Conv1d", {"in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"}},
    {"Conv2d", {"in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"}},
    {"Conv3d", {"in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"}},
    {"ConvTranspose1d", {"in_channels", "out_channels", "kernel_size", "stride", "padding"}},
    {"ConvTranspose2d", {"in_channels", "out_channels", "kernel_size", "stride", "padding"}},
    {"Embedding", {"num_embeddings", "embedding_dim"}},
    {"LayerNorm", {"normalized_shape"}},
    {"BatchNorm1d", {"num_features"}},
    {"BatchNorm2d", {"num_features"}},
    {"GroupNorm", {"num_groups", "num_channels"}},
    {"Dropout", {"p"}},
    {"LSTM", {"input_size", "hidden_size", "num_layers"}},
    {"GRU", {"input_size", "hidden_size", "num_layers"}},
    {"RNN", {"input_size", "hidden_size", "num_layers"}},
    {"LSTMCell", {"input_size", "hidden_size"}},
    {"GRUCell", {"input_size", "hidden_size"}},
    {"MultiheadAttention", {"embed_dim", "num_heads", "dropout"}},
    {"TransformerEncoderLayer", {"d_model", "nhead", "dim_feedforward"}},
};

template <std::size_t N>
bool one_of(std::string_view name, const std::array<std::string_view, N>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

NodeId base_of(const Tree& tree, NodeId class_node) {
    for (std::uint32_t slot = 1; slot < tree.decorator_begin(class_node); ++slot) {
        const NodeId base = tree.child(class_node, slot);
        if (tree[base].kind != Kind::name) continue;
        const NodeId definition = top_level_definition(tree, tree[base].name);
        if (exists(definition) && definition != class_node && tree[definition].kind == Kind::class_def) return definition;
    }
    return syntax::kNoNode;
}

NodeId method_of(const Tree& tree, NodeId class_node, std::string_view name) {
    for (int generation = 0; exists(class_node) && generation < kMaxDescent; ++generation, class_node = base_of(tree, class_node))
        if (const NodeId method = own_method(tree, class_node, name); exists(method)) return method;
    return syntax::kNoNode;
}

// What runs when the definition is called: a function itself, the constructor of a class.
NodeId entry_function(const Tree& tree, NodeId definition) {
    return tree[definition].kind == Kind::class_def ? method_of(tree, definition, "__init__") : definition;
}

struct Parameters {
    std::vector<std::string_view> positional;
    std::string_view double_star;
    bool star = false;
};

Parameters parameters_of(const Tree& tree, NodeId function, bool skip_self) {
    Parameters result;
    for (const NodeId parameter : tree.children(tree.child(function, 0))) {
        const Node& node = tree[parameter];
        if (node.kind != Kind::parameter) continue;
        if (node.has(Flag::double_star)) result.double_star = node.name;
        else if (node.has(Flag::star)) result.star = true;
        else result.positional.push_back(node.name);
    }
    if (skip_self && !result.positional.empty()) result.positional.erase(result.positional.begin());
    return result;
}

bool is_super_init(const Tree& tree, NodeId call) {
    const NodeId callee = tree.child(call, 0);
    if (tree[callee].kind != Kind::attribute || tree[callee].name != "__init__") return false;
    const NodeId object = tree.child(callee, 0);
    return tree[object].kind == Kind::call && tree[tree.child(object, 0)].name == "super";
}

// `Block` of a local `block = Block`, `block = Block if wide else Other`: the definition of the file, where there is one.
NodeId definition_behind(const Tree& tree, NodeId local) {
    const NodeId function = tree.function_of(local);
    for (std::uint32_t i = 1; i < tree.size() && exists(function); ++i) {
        const NodeId statement{i};
        if (tree[statement].kind != Kind::assign || tree.children(statement).size() != 2 || !inside(tree, statement, function)) continue;
        if (tree[tree.child(statement, 1)].kind != Kind::name || tree[tree.child(statement, 1)].name != tree[local].name) continue;
        NodeId value = tree.child(statement, 0);
        if (tree[value].kind == Kind::conditional) value = tree.child(value, 0);
        if (tree[value].kind == Kind::name) return top_level_definition(tree, tree[value].name);
    }
    return syntax::kNoNode;
}

// The definition of the file that `call` calls, by its name, a local name of it or `super().__init__`.
NodeId called_definition(const Tree& tree, NodeId call, NodeId class_node) {
    if (is_super_init(tree, call)) return exists(class_node) ? base_of(tree, class_node) : syntax::kNoNode;
    const NodeId callee = tree.child(call, 0);
    if (tree[callee].kind != Kind::name) return syntax::kNoNode;
    const NodeId definition = top_level_definition(tree, tree[callee].name);
    return exists(definition) ? definition : definition_behind(tree, callee);
}

void add_once(std::vector<std::string>& texts, std::string text) {
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
}

Usage& part(std::vector<std::pair<std::string, Usage>>& parts, std::string_view name) {
    const auto found = std::find_if(parts.begin(), parts.end(), [&](const auto& item) { return item.first == name; });
    if (found != parts.end()) return found->second;
    return parts.emplace_back(std::string(name), Usage{}).second;
}

bool is_literal(Kind kind) {
    return kind == Kind::integer || kind == Kind::floating || kind == Kind::string || kind == Kind::true_ || kind == Kind::false_ ||
           kind == Kind::none_;
}

class UsageReader {
public:
    explicit UsageReader(const Tree& tree) : tree_(tree) {}

    // Every load of the local `name` in `function`, a method of `class_node` where that exists. `building`: while the model is made.
    void follow(NodeId function, NodeId class_node, std::string_view name, bool building, Usage& usage, int descent) {
        if (descent > kMaxDescent || !seen_.emplace(syntax::index(function), std::string(name)).second) return;
        const NodeId body = body_of(tree_, function);
        for (std::uint32_t i = 1; i < tree_.size(); ++i) {
            const Node& node = tree_[NodeId{i}];
            if (node.kind == Kind::name && node.name == name && inside(tree_, NodeId{i}, body))
                use(NodeId{i}, {function, class_node, building}, usage, descent);
            if (node.kind == Kind::string && node.has(Flag::is_fstring) && inside(tree_, NodeId{i}, body) && names_spatial_layer(node.name, name))
                for (const char* axes : {"2", "1", "3"}) add_once(usage.literals, axes);
        }
    }

private:
    struct Place {
        NodeId function, class_node;
        bool building;
    };

    // f"Conv{name}d"
    static bool names_spatial_layer(std::string_view literal, std::string_view name) {
        const std::size_t at = literal.find("{" + std::string(name) + "}d");
        return at != std::string_view::npos && at > 2 && std::isalpha(static_cast<unsigned char>(literal[at - 1])) != 0;
    }

    // Every load of `self.name` in the class.
    void follow_attribute(NodeId class_node, std::string_view name, Usage& usage, int descent) {
        if (descent > kMaxDescent || !exists(class_node) || !seen_.emplace(syntax::index(class_node), "self." + std::string(name)).second) return;
        for (std::uint32_t i = 1; i < tree_.size(); ++i) {
            const Node& node = tree_[NodeId{i}];
            if (node.kind != Kind::attribute || node.name != name || !inside(tree_, NodeId{i}, class_node)) continue;
            const Node& owner = tree_[tree_.child(NodeId{i}, 0)];
            if (owner.kind != Kind::name || owner.name != "self") continue;
            const NodeId function = tree_.function_of(NodeId{i});
            if (exists(function)) use(NodeId{i}, {function, class_node, is_building(function, class_node)}, usage, descent);
        }
    }

    // The constructor, and methods that it calls.
    [[nodiscard]] bool is_building(NodeId function, NodeId class_node) const {
        if (tree_[function].name == "__init__") return true;
        const NodeId init = own_method(tree_, class_node, "__init__");
        if (!exists(init)) return false;
        for (std::uint32_t i = 1; i < tree_.size(); ++i)
            if (tree_[NodeId{i}].kind == Kind::attribute && tree_[NodeId{i}].name == tree_[function].name && inside(tree_, NodeId{i}, init)) return true;
        return false;
    }

    // What the expression around `value` does with it.
    void use(NodeId value, const Place& place, Usage& usage, int descent) {
        const NodeId parent = tree_[value].parent;
        switch (tree_[parent].kind) {
            case Kind::attribute: return attribute(parent, place, usage, descent);
            case Kind::subscript: return subscript(value, parent, place, usage, descent);
            case Kind::call: return call(value, value, parent, place, usage, descent);
            case Kind::keyword:
                if (!tree_[parent].name.empty()) return call(value, parent, tree_[parent].parent, place, usage, descent);
                usage.mapping = true;
                if (const NodeId taker = called_definition(tree_, tree_[parent].parent, place.class_node); exists(taker)) add_once(usage.mapped, std::string(tree_[taker].name));
                return;
            case Kind::starred: usage.sequence = true; return;
            case Kind::assign: return assign(value, parent, place, usage, descent);
            case Kind::tuple:
                if (const NodeId around = tree_[parent].parent; tree_[around].kind == Kind::keyword && !tree_[around].name.empty())
                    add_once(usage.names, std::string(tree_[around].name));  // kernel_size=(x, x)
                return assign_one_of(value, parent, place, usage, descent);
            case Kind::compare: return compare(value, parent, usage);
            case Kind::for_:
            case Kind::comprehension:
                if (tree_.child(parent, 1) == value) iterated(tree_.child(parent, 0), place, usage, descent);
                return;
            case Kind::conditional:
                if (tree_.child(parent, 1) == value) usage.condition = true;
                else use(parent, place, usage, descent);
                return;
            case Kind::bool_op: return use(parent, place, usage, descent);
            case Kind::if_:
            case Kind::unary: usage.condition |= tree_[parent].kind == Kind::if_ || tree_[parent].op == Op::not_; return;
            case Kind::binary:
                usage.number |= tree_[parent].op != Op::add && tree_[tree_.child(parent, 0)].kind != Kind::string;
                if (const NodeId around = tree_[parent].parent; tree_[around].kind == Kind::call && counts(tree_[tree_.child(around, 0)].name))
                    usage.number = usage.counted = true;  // torch.arange(step, step + x)
                return;
            default: return;
        }
    }

    // `for f, g in x`
    void iterated(NodeId target, const Place& place, Usage& usage, int descent) {
        usage.sequence = true;
        if (tree_[target].kind == Kind::name) follow(place.function, place.class_node, tree_[target].name, place.building, item_of(usage), descent + 1);
        if (tree_[target].kind != Kind::tuple || has_star(target) || !usage.parts.empty()) return;
        const auto seen = seen_;  // two items may go into the same places
        for (const NodeId item : tree_.children(target)) {
            Usage& inner = part(usage.parts, tree_[item].name);
            if (tree_[item].kind == Kind::name) follow(place.function, place.class_node, tree_[item].name, place.building, inner, descent + 1);
            seen_ = seen;
        }
    }

    static Usage& item_of(Usage& usage) {
        if (usage.item.empty()) usage.item.emplace_back();
        return usage.item.front();
    }

    // `for f, g in zip(x, y)`, `for i, (f, g) in enumerate(zip(x, y))`: what is done with the items of the sequence at `slot`.
    void zipped(NodeId zip, std::size_t slot, const Place& place, Usage& usage, int descent) {
        NodeId iterable = zip;
        const NodeId around = tree_[zip].parent;
        const bool numbered = tree_[around].kind == Kind::call && tree_[tree_.child(around, 0)].name == "enumerate";
        if (numbered) iterable = around;
        const NodeId loop = tree_[iterable].parent;
        if ((tree_[loop].kind != Kind::for_ && tree_[loop].kind != Kind::comprehension) || tree_.child(loop, 1) != iterable) return;
        NodeId targets = tree_.child(loop, 0);
        if (numbered && tree_[targets].kind == Kind::tuple && tree_.children(targets).size() == 2) targets = tree_.child(targets, 1);
        if (tree_[targets].kind != Kind::tuple || has_star(targets) || slot >= tree_.children(targets).size()) return;
        iterated(tree_.child(targets, static_cast<std::uint32_t>(slot)), place, usage, descent);
    }

    void attribute(NodeId node, const Place& place, Usage& usage, int descent) {
        constexpr std::array<std::string_view, 5> kOfMappings = {"get", "keys", "items", "values", "pop"};
        constexpr std::array<std::string_view, 8> kOfOthers = {"lower", "upper", "startswith", "endswith", "copy", "append", "__name__", "__class__"};
        constexpr std::array<std::string_view, 6> kOfTensors = {"shape", "size", "device", "dtype", "to", "weight"};
        const std::string_view name = tree_[node].name;
        const NodeId parent = tree_[node].parent;
        const bool is_call = tree_[parent].kind == Kind::call && tree_.child(parent, 0) == node;
        if (is_call && one_of(name, kOfMappings)) {
            const NodeId key = tree_.child(parent, 1);
            if (exists(key) && tree_[key].kind == Kind::string) use(parent, place, part(usage.keys, unquoted(key)), descent);
            usage.mapping |= !exists(key) && (name == "keys" || name == "items" || name == "values");
            return;
        }
        if (is_call && (name == "lower" || name == "upper")) return use(parent, place, usage, descent);
        if (one_of(name, kOfOthers) || one_of(name, kOfTensors)) return;
        use(node, place, part(usage.fields, name), descent);
    }

    [[nodiscard]] std::string unquoted(NodeId string) const {
        const std::string_view text = tree_[string].name;
        return text.size() >= 2 ? std::string(text.substr(1, text.size() - 2)) : std::string(text);
    }

    void subscript(NodeId value, NodeId node, const Place& place, Usage& usage, int descent) {
        if (tree_.child(node, 0) != value) {
            literals_of_mapping(tree_.child(node, 0), usage);
            return;
        }
        const Node& index = tree_[tree_.child(node, 1)];
        if (index.kind == Kind::string) return use(node, place, part(usage.keys, unquoted(tree_.child(node, 1))), descent);
        usage.sequence = true;
        if (tree_[tree_[node].parent].kind == Kind::call && tree_.child(tree_[node].parent, 0) == node) use(node, place, item_of(usage), descent);  // `layers[name](x)`
        const auto place_of_item = index.kind == Kind::integer ? integer_text(index.name) : std::nullopt;
        if (place_of_item && *place_of_item < kMostItems) usage.items = std::max(usage.items, static_cast<std::size_t>(*place_of_item) + 1);
    }

    // `{"relu": nn.ReLU, "gelu": nn.GELU}[x]`, or a name that is assigned such a dictionary.
    void literals_of_mapping(NodeId object, Usage& usage) const {
        for (std::uint32_t i = 1; i < tree_.size() && tree_[object].kind == Kind::name; ++i) {
            const Node& node = tree_[NodeId{i}];
            if (node.kind == Kind::assign && tree_[tree_.child(NodeId{i}, 1)].name == tree_[object].name && tree_[tree_.child(NodeId{i}, 0)].kind == Kind::dict)
                object = tree_.child(NodeId{i}, 0);
        }
        if (tree_[object].kind != Kind::dict) return;
        for (const NodeId entry : tree_.children(object))
            if (tree_[entry].kind == Kind::dict_entry && tree_[tree_.child(entry, 0)].kind == Kind::string)
                add_once(usage.literals, std::string(tree_.text(tree_.child(entry, 0))));
    }

    // Whether `test` must hold: `assert test`, `assert test and other`.
    [[nodiscard]] bool is_required(NodeId test) const {
        NodeId parent = tree_[test].parent;
        while (tree_[parent].kind == Kind::bool_op && tree_[parent].op == Op::and_) {
            test = parent;
            parent = tree_[test].parent;
        }
        return tree_[parent].kind == Kind::assert_ && tree_.child(parent, 0) == test;
    }

    // `tuple`, `list`, `(list, tuple)`
    [[nodiscard]] bool takes_sequence(NodeId type) const {
        if (!exists(type)) return false;
        const auto is_sequence = [&](NodeId name) { return tree_[name].name == "tuple" || tree_[name].name == "list"; };
        if (tree_[type].kind != Kind::tuple) return is_sequence(type);
        const auto types = tree_.children(type);
        return std::all_of(types.begin(), types.end(), is_sequence);
    }

    // 3 of `assert len(x) == 3`; 0 of anything else.
    [[nodiscard]] std::size_t required_length(NodeId call) const {
        const NodeId compare = tree_[call].parent;
        if (tree_[compare].kind != Kind::compare || tree_[compare].op != Op::eq || !is_required(compare)) return 0;
        const NodeId other = tree_.child(compare, tree_.child(compare, 0) == call ? 1 : 0);
        const auto length = exists(other) && tree_[other].kind == Kind::integer ? integer_text(tree_[other].name) : std::nullopt;
        return length && *length > 0 && *length <= kMostItems ? static_cast<std::size_t>(*length) : 0;
    }

    // How many inputs a call gives for certain: 1 of `f(x, *args, **kwargs)`.
    [[nodiscard]] std::size_t inputs_of(NodeId call) const {
        const auto arguments = tree_.children(call).subspan(1);
        return static_cast<std::size_t>(std::count_if(arguments.begin(), arguments.end(), [&](NodeId argument) {
            return tree_[argument].kind != Kind::starred && (tree_[argument].kind != Kind::keyword || !tree_[argument].name.empty());
        }));
    }

    // `argument`: what stands in the call, the value itself or its keyword.
    void call(NodeId value, NodeId argument, NodeId node, const Place& place, Usage& usage, int descent) {
        const NodeId callee = tree_.child(node, 0);
        if (callee == value) {
            (place.building ? usage.made : usage.called) = true;
            const NodeId around = tree_[node].parent;
            usage.inputs = std::max(usage.inputs, inputs_of(node));
            if (usage.inputs > 0 && tree_[tree_.child(node, 1)].kind == Kind::keyword && !tree_[tree_.child(node, 1)].name.empty()) usage.first_input = tree_[tree_.child(node, 1)].name;
            if (tree_[around].kind == Kind::assign && tree_[tree_.child(around, 1)].kind == Kind::tuple)
                usage.results = tree_.children(tree_.child(around, 1)).size();
            if (tree_[around].kind == Kind::subscript && tree_.child(around, 0) == node && tree_.text(tree_.child(around, 1)) == "0")
                usage.results = std::max<std::size_t>(usage.results, 2);  // `f(x)[0]`
            return;
        }
        const std::string_view name = tree_[callee].name;
        constexpr std::array<std::string_view, 9> kOfSequences = {"len", "enumerate", "zip", "list", "tuple", "reversed", "sum", "ModuleList", "prod"};
        if (one_of(name, kOfSequences)) {
            usage.sequence = true;
            const NodeId loop = tree_[node].parent;
            const bool is_loop = tree_[loop].kind == Kind::for_ || tree_[loop].kind == Kind::comprehension;
            if (name == "enumerate" && is_loop && tree_[tree_.child(loop, 0)].kind == Kind::tuple && tree_.children(tree_.child(loop, 0)).size() == 2)
                iterated(tree_.child(tree_.child(loop, 0), 1), place, usage, descent);  // for i, (f, g) in enumerate(x)
            if (name == "zip") {
                const auto given = tree_.children(node).subspan(1);
                zipped(node, static_cast<std::size_t>(std::find(given.begin(), given.end(), argument) - given.begin()), place, usage, descent);
            }
            if (name == "len") usage.length = std::max(usage.length, required_length(node));
            usage.modules |= name == "ModuleList";
            return;
        }
        if (tree_[argument].kind == Kind::keyword && tree_[argument].name == "device") {
            usage.device = true;
            return;
        }
        const bool keyword = tree_[argument].kind == Kind::keyword;
        constexpr std::array<std::string_view, 12> kOfOneAxis = {"softmax", "log_softmax", "sum", "mean", "amax", "amin", "argmax", "argmin", "cumsum", "logsumexp", "norm", "std"};
        if (keyword && tree_[argument].name == "dim" && one_of(name, kOfOneAxis)) {
            usage.axis = true;
            return;
        }
        if (keyword ? tree_[argument].name == "steps" || (counts(name) && tree_[argument].name == "end") : counts(name) || is_size(callee, node)) {
            usage.number = usage.counted = true;
            return;
        }
        if (name == "isinstance" && is_required(node) && takes_sequence(tree_.child(node, 2))) {
            usage.sequence = true;
            usage.tuple |= tree_.text(tree_.child(node, 2)).find("list") == std::string_view::npos;
            return;
        }
        if (name == "isinstance" && exists(tree_.child(node, 2)) && exists(top_level_definition(tree_, tree_[tree_.child(node, 2)].name))) {
            add_once(usage.types, std::string(tree_[tree_.child(node, 2)].name));
            return;
        }
        if (name == "getattr" && tree_.child(node, 2) == value) {  // `getattr(F, x)`
            add_once(usage.literals, tree_.text(tree_.child(node, 1)).ends_with("nn") ? "'ReLU'" : "'relu'");
            return;
        }
        if (name == "default" || name == "deepcopy") use(node, place, usage, descent);
        const auto arguments = tree_.children(node).subspan(1);
        const auto slot = static_cast<std::size_t>(std::find(arguments.begin(), arguments.end(), argument) - arguments.begin());
        const NodeId definition = called_definition(tree_, node, place.class_node);
        if (exists(definition)) return handed_on(definition, argument, slot, place, usage, descent);
        if (const NodeId method = called_method(callee, place.class_node); exists(method)) return handed_to_method(method, argument, slot, place, usage, descent);
        if (tree_[argument].kind == Kind::keyword) return add_once(usage.names, std::string(tree_[argument].name));
        for (const LayerRow& row : kLayers)
            if (row.layer == name && slot < row.parameters.size() && !row.parameters[slot].empty()) {
                add_once(usage.names, std::string(row.parameters[slot]));
                usage.number |= slot < 2 && row.layer != "LayerNorm";
            }
    }

    static bool counts(std::string_view function) { return function == "range" || function == "arange"; }

    // y.view(-1, x, 4), torch.zeros(x, 4), torch.eye(x): not a sequence of sizes, which would stand alone.
    [[nodiscard]] bool is_size(NodeId callee, NodeId call) const {
        constexpr std::array<std::string_view, 13> kOfSizes = {"view", "reshape", "expand", "repeat", "new_zeros", "new_ones", "zeros", "ones", "empty", "randn", "rand", "tile", "eye"};
        if (tree_[callee].kind != Kind::attribute || !one_of(tree_[callee].name, kOfSizes)) return false;
        const auto arguments = tree_.children(call).subspan(1);
        const auto positional = std::count_if(arguments.begin(), arguments.end(), [&](NodeId one) { return tree_[one].kind != Kind::keyword && tree_[one].kind != Kind::starred; });
        return positional > 1 || tree_[callee].name == "eye";
    }

    // `self.name(...)`, `Own.name(...)`: the method of the class.
    [[nodiscard]] NodeId called_method(NodeId callee, NodeId class_node) const {
        if (!exists(class_node) || tree_[callee].kind != Kind::attribute) return syntax::kNoNode;
        const Node& owner = tree_[tree_.child(callee, 0)];
        const bool own = owner.kind == Kind::name && (owner.name == "self" || owner.name == "cls" || owner.name == tree_[class_node].name);
        return own ? method_of(tree_, class_node, tree_[callee].name) : syntax::kNoNode;
    }

    void handed_to_method(NodeId method, NodeId argument, std::size_t slot, const Place& place, Usage& usage, int descent) {
        std::vector<std::string_view> names = parameters_of(tree_, method, false).positional;
        if (!names.empty() && (names.front() == "self" || names.front() == "cls")) names.erase(names.begin());
        const bool keyword = tree_[argument].kind == Kind::keyword;
        if (!keyword && slot >= names.size()) return;
        follow(method, place.class_node, keyword ? tree_[argument].name : names[slot], place.building, usage, descent + 1);
    }

    void handed_on(NodeId definition, NodeId argument, std::size_t slot, const Place& place, Usage& usage, int descent) {
        const bool is_class = tree_[definition].kind == Kind::class_def;
        const NodeId function = entry_function(tree_, definition);
        if (!exists(function)) return;
        const std::vector<std::string_view> names = parameters_of(tree_, function, is_class).positional;
        const bool keyword = tree_[argument].kind == Kind::keyword;
        if (!keyword && slot >= names.size()) return;
        const std::string_view name = keyword ? tree_[argument].name : names[slot];
        add_once(usage.names, std::string(name));
        follow(function, is_class ? definition : syntax::kNoNode, name, place.building, usage, descent + 1);
    }

    void assign(NodeId value, NodeId node, const Place& place, Usage& usage, int descent) {
        if (tree_.child(node, 0) != value) return;
        for (const NodeId target : tree_.children(node).subspan(1)) {
            const Node& to = tree_[target];
            if (to.kind == Kind::tuple || to.kind == Kind::list) {
                usage.sequence = true;
                if (!usage.unpacked.empty() || has_star(target)) continue;
                for (const NodeId item : tree_.children(target)) usage.unpacked.emplace_back(tree_[item].name);
            } else {
                follow_target(target, place, usage, descent);
            }
        }
    }

    // `self.a, self.b = a, b`
    void assign_one_of(NodeId value, NodeId values, const Place& place, Usage& usage, int descent) {
        const NodeId statement = tree_[values].parent;
        if (tree_[statement].kind != Kind::assign || tree_.child(statement, 0) != values) return;
        const auto items = tree_.children(values);
        const auto slot = static_cast<std::size_t>(std::find(items.begin(), items.end(), value) - items.begin());
        for (const NodeId target : tree_.children(statement).subspan(1)) {
            const bool pairs = tree_[target].kind == Kind::tuple && tree_.children(target).size() == items.size() && !has_star(target) && !has_star(values);
            if (pairs) follow_target(tree_.children(target)[slot], place, usage, descent);
        }
    }

    void follow_target(NodeId target, const Place& place, Usage& usage, int descent) {
        const Node& to = tree_[target];
        if (to.kind == Kind::name) follow(place.function, place.class_node, to.name, place.building, usage, descent + 1);
        else if (to.kind == Kind::attribute && tree_[tree_.child(target, 0)].name == "self") follow_attribute(place.class_node, to.name, usage, descent + 1);
    }

    [[nodiscard]] bool has_star(NodeId targets) const {
        const auto items = tree_.children(targets);
        return std::any_of(items.begin(), items.end(), [&](NodeId item) { return tree_[item].kind == Kind::starred; });
    }

    // What the file assigns to a name at its top: `MODES = ["a", "b"]`; the name itself, if it is none of those.
    [[nodiscard]] NodeId constant_named(NodeId name) const {
        if (tree_[name].kind != Kind::name) return name;
        for (const NodeId statement : tree_.children(tree_.child(tree_.root(), 0)))
            if (tree_[statement].kind == Kind::assign && tree_[tree_.child(statement, 1)].kind == Kind::name && tree_[tree_.child(statement, 1)].name == tree_[name].name)
                return tree_.child(statement, 0);
        return name;
    }

    void compare(NodeId value, NodeId node, Usage& usage) const {
        NodeId right = tree_.child(node, 1);
        if (tree_.child(node, 0) != value || !exists(right)) return;
        if (tree_[node].op == Op::lt || tree_[node].op == Op::gt || tree_[node].op == Op::le || tree_[node].op == Op::ge) usage.number = true;
        right = constant_named(right);
        std::vector<NodeId> candidates = {right};
        const Kind kind = tree_[right].kind;
        if (kind == Kind::tuple || kind == Kind::list || kind == Kind::set) candidates.assign(tree_.children(right).begin(), tree_.children(right).end());
        for (const NodeId candidate : candidates)
            if (tree_[candidate].kind == Kind::string && !tree_[candidate].has(Flag::is_fstring))
                add_once(usage.literals, std::string(tree_.text(candidate)));
    }

    const Tree& tree_;
    std::set<std::pair<std::uint32_t, std::string>> seen_;
};

// Names that mean the same everywhere in the file: its imports, its classes and functions.
class Meanings {
public:
    explicit Meanings(const Tree& tree) : tree_(tree) {
        for (const NodeId statement : tree.children(tree.child(tree.root(), 0))) {
            const Node& node = tree[statement];
            if (node.kind == Kind::class_def || node.kind == Kind::function_def) names_.insert(node.name);
            if ((node.kind != Kind::import_ && node.kind != Kind::import_from) || !is_of_both(statement)) continue;
            for (const NodeId alias : tree.children(statement)) {
                const std::string_view name = tree[alias].text2.empty() ? tree[alias].name : tree[alias].text2;
                names_.insert(name.substr(0, name.find('.')));
            }
        }
    }

    // The text of `node`, if it needs nothing of the place where it stands; names of parameters of `function` mean their defaults, and a
    // local name the only value that is assigned to it: `config = {"depth": 2}`.
    [[nodiscard]] std::optional<std::string> text(NodeId node, NodeId function) const {
        const Node& n = tree_[node];
        if (n.kind == Kind::name && exists(function)) {
            for (const NodeId parameter : tree_.children(tree_.child(function, 0)))
                if (tree_[parameter].kind == Kind::parameter && tree_[parameter].name == n.name) return default_of(parameter);
            if (const NodeId value = only_value(n.name, function); exists(value)) node = value;
        }
        return stands_alone(node) ? std::optional(on_one_line(node)) : std::nullopt;
    }

private:
    // Without the comments, line ends and indents between its parts.
    [[nodiscard]] std::string on_one_line(NodeId node) const {
        const base::Span span = tree_[node].span;
        std::string_view source = tree_.source();
        std::string text;
        std::uint32_t at = span.begin;
        const auto take = [&](std::uint32_t end) {  // no string goes over a line's end but those of three quotes, which are taken as they are
            for (; at < end; ++at) {
                if (source[at] != '\n') {
                    text.push_back(source[at]);
                    continue;
                }
                while (!text.empty() && text.back() == ' ') text.pop_back();
                while (at + 1 < end && (source[at + 1] == ' ' || source[at + 1] == '\t' || source[at + 1] == '\n')) ++at;
                if (!text.empty() && text.back() == ',') text.push_back(' ');
            }
        };
        if (tree_.text(node).find("\"\"\"") != std::string_view::npos) return std::string(tree_.text(node));
        for (const base::Span comment : tree_.comments()) {
            if (comment.begin < at || comment.end > span.end) continue;
            take(comment.begin);
            at = comment.end;
        }
        take(span.end);
        return text;
    }

    // Whether what is imported means something in the converted file too.
    [[nodiscard]] bool is_of_both(NodeId import) const {
        static constexpr std::string_view kBoth[] = {"torch", "numpy", "math", "functools", "einops", "collections", "types", "typing"};
        const Node& node = tree_[import];
        const std::string_view from = node.kind == Kind::import_from ? node.name : tree_[tree_.child(import, 0)].name;
        return std::find(std::begin(kBoth), std::end(kBoth), from.substr(0, from.find('.'))) != std::end(kBoth);
    }

    // What the only assignment to a local name of `function` gives it; kNoNode if there are several, or it is changed in another way.
    [[nodiscard]] NodeId only_value(std::string_view name, NodeId function) const {
        NodeId value = syntax::kNoNode;
        int uses = 0, stores = 0;
        for (std::uint32_t i = 1; i <= syntax::index(function); ++i) {
            const Node& part = tree_[NodeId{i}];
            if (part.kind != Kind::name || part.name != name || !inside(tree_, NodeId{i}, function)) continue;
            const Node& around = tree_[part.parent];
            const bool stored = around.kind == Kind::assign && tree_.child(part.parent, 0) != NodeId{i};
            stores += stored ? 1 : 0;
            uses += stored || (around.kind == Kind::call && tree_.child(part.parent, 0) != NodeId{i}) || around.kind == Kind::keyword ? 0 : 1;
            if (stored) value = around.child_count == 2 ? tree_.child(part.parent, 0) : syntax::kNoNode;
        }
        return stores == 1 && uses == 0 ? value : syntax::kNoNode;
    }

    [[nodiscard]] std::optional<std::string> default_of(NodeId parameter) const {
        const NodeId value = tree_.child(parameter, 1);
        return exists(value) && stands_alone(value) ? std::optional(on_one_line(value)) : std::nullopt;
    }

    [[nodiscard]] bool stands_alone(NodeId node) const {
        for (std::uint32_t i = 1; i <= syntax::index(node); ++i) {
            const Node& part = tree_[NodeId{i}];
            if (!inside(tree_, NodeId{i}, node)) continue;
            const bool plain = is_literal(part.kind) || part.kind == Kind::tuple || part.kind == Kind::list || part.kind == Kind::dict ||
                               part.kind == Kind::dict_entry || part.kind == Kind::attribute || part.kind == Kind::call || part.kind == Kind::unary ||
                               part.kind == Kind::keyword || part.kind == Kind::binary || (part.kind == Kind::name && names_.contains(part.name));
            if (!plain || part.has(Flag::is_fstring)) return false;
        }
        return true;
    }

    const Tree& tree_;
    std::set<std::string_view> names_;
};

}  // namespace

Usage usage_of(const Tree& tree, std::string_view definition, std::string_view parameter, std::string_view method) {
    Usage usage;
    NodeId node = top_level_definition(tree, definition);
    if (!exists(node)) return usage;
    const bool is_class = tree[node].kind == Kind::class_def;
    while (is_class && !exists(own_method(tree, node, method)) && exists(base_of(tree, node))) node = base_of(tree, node);
    const NodeId function = is_class ? own_method(tree, node, method) : node;
    if (exists(function)) UsageReader(tree).follow(function, is_class ? node : syntax::kNoNode, parameter, is_class && method == "__init__", usage, 0);
    return usage;
}

std::vector<WrittenArguments> constructions_of(const Tree& tree, std::string_view definition) {
    std::vector<WrittenArguments> found;
    const NodeId node = top_level_definition(tree, definition);
    const NodeId function = exists(node) ? entry_function(tree, node) : syntax::kNoNode;
    if (!exists(function)) return found;
    const Meanings meanings(tree);
    const std::vector<std::string_view> names = parameters_of(tree, function, tree[node].kind == Kind::class_def).positional;
    for (std::uint32_t i = 1; i < tree.size(); ++i) {
        const NodeId call{i};
        if (tree[call].kind != Kind::call || tree[tree.child(call, 0)].kind != Kind::name || tree[tree.child(call, 0)].name != definition) continue;
        WrittenArguments arguments;
        std::size_t slot = 0;
        for (const NodeId argument : tree.children(call).subspan(1)) {
            const bool keyword = tree[argument].kind == Kind::keyword;
            const std::string_view name = keyword ? tree[argument].name : slot < names.size() ? names[slot++] : std::string_view{};
            if (tree[argument].kind == Kind::starred) break;
            if (name.empty()) continue;
            if (auto text = meanings.text(keyword ? tree.child(argument, 0) : argument, tree.function_of(call)))
                arguments.emplace_back(std::string(name), std::move(*text));
        }
        if (!arguments.empty() && std::find(found.begin(), found.end(), arguments) == found.end()) found.push_back(std::move(arguments));
    }
    return found;
}

bool inherits_library_constructor(const Tree& tree, std::string_view definition) {
    const NodeId node = top_level_definition(tree, definition);
    return exists(node) && tree[node].kind == Kind::class_def && tree.decorator_begin(node) > 1 && tree.decorator_begin(node) == tree[node].child_count &&
           !exists(method_of(tree, node, "__init__"));
}

std::optional<Forwarding> forwarding_of(const Tree& tree, std::string_view definition) {
    const NodeId node = top_level_definition(tree, definition);
    if (!exists(node) || tree[node].kind != Kind::class_def) return std::nullopt;
    const NodeId function = own_method(tree, node, "__init__");
    if (!exists(function)) return std::nullopt;
    const std::string_view rest = parameters_of(tree, function, true).double_star;
    if (rest.empty()) return std::nullopt;
    for (std::uint32_t i = 1; i < tree.size(); ++i) {
        const NodeId call{i};
        if (tree[call].kind != Kind::call || !inside(tree, call, function)) continue;
        Forwarding forwarding;
        bool handed_on = false;
        for (const NodeId argument : tree.children(call).subspan(1)) {
            const Node& given = tree[argument];
            const bool double_star = given.kind == Kind::keyword && given.name.empty();
            if (double_star) handed_on |= tree[tree.child(argument, 0)].name == rest;
            else if (given.kind == Kind::keyword) forwarding.keywords.emplace_back(given.name);
            else if (given.kind != Kind::starred) ++forwarding.positional;
        }
        const NodeId target = handed_on ? called_definition(tree, call, node) : syntax::kNoNode;
        if (!exists(target)) continue;
        forwarding.target = tree[target].name;
        return forwarding;
    }
    return std::nullopt;
}

}  // namespace mlxify::verify
