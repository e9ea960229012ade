#include "verify/arguments.h"

#include <algorithm>
#include <utility>

#include "verify/factories.h"
#include "verify/guess.h"
#include "verify/touch.h"

namespace mlxify::verify {
namespace {

constexpr int kMaxDepth = 2;  // of configurations within configurations
constexpr std::string_view kModules = "nn.ModuleDict({'a': nn.Linear(64, 64), 'b': nn.Linear(64, 64)})";
constexpr std::string_view kMappings[] = {"{'a': 8, 'b': 8}", "{'a': ['x', 'y'], 'b': ['x', 'y', 'z']}", "{}"};

// A loss for each item of a batch, in words of both frameworks.
constexpr std::string_view kLossOfEach = "(lambda x, y: ((x - y) ** 2).flatten(1).mean(1))";

void add_once(std::vector<std::string>& texts, std::string text) {
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
}

std::string assignments_text(const Arguments& arguments) {
    std::string text;
    for (const auto& [name, value] : arguments) text += (text.empty() ? "" : ", ") + (name.starts_with('*') ? "*" : name + "=") + value;
    return text;
}

// act_layer, ActLayer
std::string plain(std::string_view name) {
    std::string text = lower(name);
    std::erase(text, '_');
    return text;
}

// A configuration class of the file for the argument `name`: named in the annotation, or by what it is.
const DefinitionOf* configuration_for(const ParameterOf& parameter, const std::vector<DefinitionOf>& definitions) {
    const bool by_name = parameter.name.find("config") != std::string::npos || parameter.name == "cfg" || parameter.name == "args" ||
                         parameter.name == "params" || parameter.name == "hparams" || parameter.name == "opt";
    for (const DefinitionOf& definition : definitions) {
        const bool annotated = parameter.annotation.find(definition.name) != std::string::npos;
        if (definition.kind != "function" && definition.kind != "module" && annotated) return &definition;
    }
    for (const DefinitionOf& definition : definitions) {
        const bool config_like = definition.name.find("Config") != std::string::npos || definition.name.ends_with("Args") ||
                                 definition.name.ends_with("Params") || definition.kind == "dataclass";
        if (by_name && config_like && definition.kind != "function" && definition.kind != "module") return &definition;
    }
    return nullptr;
}

// `(a, b)` or `[a, b]` with `item` at each place.
std::string sequence_of(const std::vector<std::string>& items, bool tuple) {
    std::string text;
    for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
    return tuple ? "(" + text + (items.size() == 1 ? ",)" : ")") : "[" + text + "]";
}

// Layers that have all these attributes, where they are a layer's: of `link.in_features` and `link.bias`, nn.Linear.
std::vector<std::string> layers_with(const std::vector<std::pair<std::string, Usage>>& fields) {
    static constexpr std::pair<std::string_view, std::string_view> kLayers[] = {
        {"nn.Linear(64, 64)", " weight bias in_features out_features "},
        {"nn.Conv2d(16, 16, 3, padding=1)", " weight bias in_channels out_channels kernel_size stride padding dilation groups padding_mode "},
        {"nn.Embedding(50, 64)", " weight num_embeddings embedding_dim padding_idx "},
        {"nn.BatchNorm2d(16)", " weight bias num_features eps momentum affine running_mean running_var "},
    };
    std::vector<std::string> layers;
    for (const auto& [layer, attributes] : kLayers) {
        const auto has = [names = attributes](const auto& field) { return names.find(" " + field.first + " ") != std::string_view::npos; };
        if (!fields.empty() && std::all_of(fields.begin(), fields.end(), has)) layers.emplace_back(layer);
    }
    return layers;
}

// A size for one of several names that a parameter is unpacked to: `channels, height, width = img_shape`.
std::string unpacked_size(const std::string& name, const std::vector<std::string>& all) {
    const auto is_space = [](const std::string& axis) {
        const std::string text = lower(axis);
        return (text.size() <= 2 && (text.ends_with('h') || text.ends_with('w'))) || text.starts_with("height") || text.starts_with("width") || text.ends_with("height") || text.ends_with("width") ||
               text.ends_with("_h") || text.ends_with("_w");
    };
    if (is_space(name)) return std::to_string(kImageSize);
    const bool of_image = std::any_of(all.begin(), all.end(), is_space);
    if (of_image && lower(name).starts_with("c")) return "3";
    return argument_guesses({name, "", std::nullopt, ""}).front();
}

// Lists of usual lengths, or of those that its usage tells, for a parameter that is iterated or indexed.
std::vector<std::string> lists(Quantity quantity, const Usage& usage) {
    const std::size_t count = std::max(usage.items, usage.length);
    std::vector<std::string> items;
    switch (quantity) {
        case Quantity::depth: items = {"2", "2", "2", "2", "2", "2", "2", "2"}; break;
        case Quantity::heads: items = {"2", "2", "4", "4", "4", "4", "4", "4"}; break;
        case Quantity::kernel: items = {"3", "3", "5", "3", "3", "3", "3", "3"}; break;
        case Quantity::stride:
        case Quantity::padding: items = {"1", "1", "2", "1", "1", "1", "1", "1"}; break;
        case Quantity::rate: items = {"0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1", "0.1"}; break;
        case Quantity::scale_factor: items = {"1", "2", "2", "2", "2", "2", "2", "2"}; break;
        case Quantity::image_size: items = {"32", "32", "32", "32", "32", "32", "32", "32"}; break;
        case Quantity::vocabulary: items = {"50", "20", "10", "10", "10", "10", "10", "10"}; break;
        default: items = {"16", "32", "64", "128", "128", "128", "128", "128"}; break;
    }
    while (items.size() < count) items.push_back(items.back());
    std::vector<std::string> result;
    for (const std::size_t length : {count > 0 ? count : std::size_t{4}, std::size_t{2}, std::size_t{3}, std::size_t{1}, std::size_t{5}}) {
        if (length < count || length > items.size() || (usage.length > 0 && length != usage.length)) continue;
        add_once(result, sequence_of({items.begin(), items.begin() + static_cast<std::ptrdiff_t>(length)}, usage.tuple || quantity == Quantity::image_size));
    }
    return result;
}

// Lists for what is iterated; of lists, where its items are.
std::vector<std::string> sequences(const std::string& name, const Usage& usage) {
    Quantity quantity = quantity_of(name);
    if (usage.item.empty()) return lists(quantity, usage);
    const Usage& item = usage.item.front();
    const bool of_lists = item.sequence && !item.number;
    const bool vague = quantity == Quantity::unknown || quantity == Quantity::rate || of_lists;
    for (const std::string& given : item.names)
        if (vague && quantity_of(given) != Quantity::unknown) quantity = quantity_of(given);
    if (!of_lists) return lists(quantity, usage);
    std::vector<std::string> nested;
    for (const std::string& inner : lists(quantity, item)) nested.push_back(sequence_of(std::vector<std::string>(4, inner), usage.tuple));
    return nested;
}

// A number where something is counted by it, a sequence where it is iterated; nothing is left out where that would leave nothing.
void drop_what_is_no(std::vector<std::string>& guesses, const Usage& usage) {
    const auto is_list = [](const std::string& guess) { return guess.starts_with('[') || guess.starts_with('('); };
    const auto contradicts = [&](const std::string& guess) {
        if (usage.number && !usage.sequence) return is_list(guess);
        return usage.sequence && !usage.number && usage.fields.empty() && integer_text(guess).has_value();
    };
    if (!std::all_of(guesses.begin(), guesses.end(), contradicts)) std::erase_if(guesses, contradicts);
}

// `list`, `dict`, `Any`: the use of the value tells more.
bool says_no_more_than_its_use(std::string_view annotation) {
    static constexpr std::string_view kBare[] = {"", "list", "List", "tuple", "Tuple", "dict", "Dict", "Any", "typing.Any", "Sequence"};
    return std::find(std::begin(kBare), std::end(kBare), annotation) != std::end(kBare);
}

// Whole numbers of a paper's size, in `value`, made smaller.
std::string smaller(const std::string& name, const std::string& value) {
    return smaller_default({name, "", value, ""}).value_or(value);
}

// A rough size of a model that is built with these texts: the sum of their numbers.
std::int64_t weight_of(const WrittenArguments& arguments) {
    std::int64_t sum = 0;
    for (const auto& [name, text] : arguments) {
        std::int64_t number = 0;
        for (const char c : text) {
            if (c >= '0' && c <= '9') number = std::min<std::int64_t>(number * 10 + (c - '0'), 100000);
            else sum += std::exchange(number, 0);
        }
        sum += number;
    }
    return sum;
}

}  // namespace

Arguments fields_of(std::string_view text) {
    Arguments fields;
    const bool dict = text.starts_with('{');
    const std::string_view opening = "SimpleNamespace(";
    std::size_t begin = 1;
    if (!dict) {
        const std::size_t at = text.find(opening);
        begin = (at == std::string_view::npos ? text.find('(') : at + opening.size() - 1) + 1;
        if (begin == 0 || !text.ends_with(')')) return fields;
    }
    int depth = 0;
    std::size_t start = begin;
    for (std::size_t i = begin; i < text.size(); ++i) {
        const char c = text[i];
        const bool last = i + 1 == text.size();
        if (c == '(' || c == '[' || c == '{') ++depth;
        if ((c == ')' || c == ']' || c == '}') && !last) --depth;
        if (!last && (c != ',' || depth != 0)) continue;
        const std::string_view piece = text.substr(start, i - start);
        const std::size_t separator = piece.find(dict ? ':' : '=');
        start = i + 1;
        if (piece.empty()) continue;
        if (separator == std::string_view::npos) return {};
        const auto trimmed = [](std::string_view part) {
            while (!part.empty() && (part.front() == ' ' || part.front() == '\'')) part.remove_prefix(1);
            return part;
        };
        std::string_view name = trimmed(piece.substr(0, separator));
        if (dict && name.ends_with('\'')) name.remove_suffix(1);
        std::string_view value = piece.substr(separator + 1);
        while (value.starts_with(' ')) value.remove_prefix(1);
        fields.emplace_back(std::string(name), std::string(value));
    }
    return fields;
}

DefinitionOf with_forwarded(const DefinitionOf& entry, const std::vector<DefinitionOf>& definitions, const syntax::Tree& tree) {
    DefinitionOf whole = entry;
    if (entry.kind == "module" && inherits_library_constructor(tree, entry.name))
        for (ParameterOf& parameter : whole.parameters)
            if (parameter.kind == "positional_or_keyword") parameter.kind = "positional_only";
    const auto forwarding = forwarding_of(tree, entry.name);
    if (!forwarding) return whole;
    const auto target = std::find_if(definitions.begin(), definitions.end(), [&](const DefinitionOf& d) { return d.name == forwarding->target; });
    if (target == definitions.end()) return whole;
    std::erase_if(whole.parameters, [](const ParameterOf& parameter) { return parameter.kind == "var_keyword"; });
    const DefinitionOf further = with_forwarded(*target, definitions, tree);  // a class forwards to one that stands before it
    std::size_t slot = 0;
    for (ParameterOf parameter : further.parameters) {
        const bool passed = slot++ < forwarding->positional ||
                            std::find(forwarding->keywords.begin(), forwarding->keywords.end(), parameter.name) != forwarding->keywords.end();
        const bool own = std::any_of(whole.parameters.begin(), whole.parameters.end(), [&](const ParameterOf& p) { return p.name == parameter.name; });
        if (passed || own) continue;
        if (parameter.bindable()) parameter.kind = "keyword_only";
        whole.parameters.push_back(std::move(parameter));
    }
    return whole;
}

DefinitionOf as_built(DefinitionOf entry, const syntax::Tree& tree) {
    if (entry.kind != "function") return entry;
    const syntax::NodeId function = top_level_definition(tree, entry.name);
    if (!exists(function) || tree[function].kind != syntax::Kind::function_def) return entry;
    const auto statements = tree.children(tree.child(function, 2));
    if (statements.empty() || tree[statements.back()].kind != syntax::Kind::return_) return entry;
    const syntax::NodeId given = tree.child(statements.back(), 0);
    if (!exists(given) || tree[given].kind != syntax::Kind::call) return entry;
    const std::string_view callee = tree.text(tree.child(given, 0));
    if (callee != "nn.Sequential" && callee != "torch.nn.Sequential" && callee != "Sequential") return entry;
    entry.kind = "module";
    entry.forward = {{"input", "positional_only", std::nullopt, ""}};
    return entry;
}

ArgumentGuesser::ArgumentGuesser(const DefinitionOf& entry, const std::vector<DefinitionOf>& definitions, const syntax::Tree& tree)
    : entry_(entry), definitions_(definitions), tree_(tree), written_(constructions_of(tree, entry.name)) {
    std::stable_sort(written_.begin(), written_.end(), [](const auto& a, const auto& b) { return weight_of(a) < weight_of(b); });
}

std::vector<Arguments> ArgumentGuesser::start_as_written(Shrink shrink) const {
    std::vector<Arguments> starts;
    for (const WrittenArguments& written : written_) {
        Arguments arguments = start(shrink);
        for (const auto& [name, text] : written) {
            const bool known = std::any_of(entry_.parameters.begin(), entry_.parameters.end(), [&](const ParameterOf& p) { return p.name == name && p.bindable(); });
            if (!known) continue;
            if (text == "0" && is_count(quantity_of(name))) continue;  // the default of what the file passes on: none of them
            const std::string value = shrink == Shrink::none ? text : smaller(name, text);
            const auto same = std::find_if(arguments.begin(), arguments.end(), [&](const auto& argument) { return argument.first == name; });
            if (same != arguments.end()) same->second = value;
            else arguments.emplace_back(name, value);
        }
        starts.push_back(std::move(arguments));
    }
    return starts;
}

Arguments ArgumentGuesser::start_of(const DefinitionOf& definition, Shrink shrink, int depth) const {
    Arguments arguments;
    for (const ParameterOf& parameter : definition.parameters) {
        if (parameter.kind == "var_positional" && takes_modules(definition, parameter)) arguments.emplace_back("*" + parameter.name, "[nn.Linear(64, 64), nn.Linear(64, 64)]");
        if (!parameter.bindable()) continue;
        if (!parameter.default_text) {
            const auto value = object(definition, parameter, shrink, depth);
            arguments.emplace_back(parameter.name, value ? *value : guesses_of(definition, parameter, depth).front());
        } else if (shrink != Shrink::none) {
            const Quantity quantity = quantity_of(parameter.name);
            const bool wanted = shrink == Shrink::all || quantity == Quantity::width || quantity == Quantity::feed_forward;
            const auto less = wanted ? smaller_default(parameter) : std::nullopt;
            if (less) arguments.emplace_back(parameter.name, *less);
        }
    }
    return arguments;
}

// `*layers` that become children, as in `nn.ModuleList(layers)`, or `super().__init__(*layers)` of an nn.Sequential.
bool ArgumentGuesser::takes_modules(const DefinitionOf& definition, const ParameterOf& parameter) const {
    const Usage usage = usage_of(tree_, definition.name, parameter.name);
    const bool sequential = std::any_of(definition.bases.begin(), definition.bases.end(), [](const std::string& base) { return base.ends_with("Sequential"); });
    return usage.modules || (sequential && usage.sequence);
}

// `Config(dim=64)` of the file.
std::optional<std::string> ArgumentGuesser::object(const DefinitionOf& definition, const ParameterOf& parameter, Shrink shrink, int depth) const {
    const DefinitionOf* config = depth > kMaxDepth ? nullptr : configuration_for(parameter, definitions_);
    if (config == nullptr || config->name == definition.name) return std::nullopt;
    return config->name + "(" + assignments_text(start_of(*config, shrink, depth + 1)) + ")";
}

std::vector<std::string> ArgumentGuesser::guesses_of(const DefinitionOf& definition, const ParameterOf& parameter, int depth) const {
    std::vector<std::string> guesses;
    if (definition.name == entry_.name)
        for (const WrittenArguments& written : written_)
            for (const auto& [name, text] : written)
                if (name == parameter.name) add_once(guesses, smaller(name, text));
    for (const DefinitionOf& other : definitions_)
        if (auto call = call_that_returns(tree_, other, parameter.name)) add_once(guesses, std::move(*call));
    for (const DefinitionOf& other : definitions_) {  // `quantizer: Quantizer`: one of them
        const std::string& annotation = parameter.annotation;
        const bool named = annotation == other.name || annotation.ends_with("." + other.name);
        if (named && other.kind == "module" && other.name != definition.name)
            for (std::string& instance : instances(other.name, depth)) add_once(guesses, std::move(instance));
    }
    const Usage usage = usage_of(tree_, definition.name, parameter.name);
    if (says_no_more_than_its_use(parameter.annotation) || parameter.annotation == "str" || usage.device || usage.axis || parameter.annotation.starts_with("Type[") || parameter.annotation.starts_with("type[") || !usage.literals.empty() || !usage.keys.empty() || usage.mapping || parameter.annotation.find("Callable") != std::string::npos || parameter.annotation.ends_with("Module") || !usage.fields.empty())
        for (std::string& guess : by_usage(parameter.name, usage, depth)) add_once(guesses, std::move(guess));
    const Quantity quantity = quantity_of(parameter.name);
    const bool may_be_callable =
        quantity == Quantity::module || quantity == Quantity::norm || quantity == Quantity::activation || quantity == Quantity::unknown;
    if (may_be_callable && parameter.name.size() >= 4) {  // `block`: BasicBlock
        for (const DefinitionOf& other : definitions_) {
            const bool callable = other.kind == "module" || other.kind == "function";
            if (callable && other.name != entry_.name && plain(other.name).find(plain(parameter.name)) != std::string::npos) add_once(guesses, other.name);
        }
    }
    if (std::find(usage.names.begin(), usage.names.end(), "kernel_size") != usage.names.end())  // block_size of what drops blocks
        for (std::string& guess : argument_guesses({"kernel_size", "", std::nullopt, ""})) add_once(guesses, std::move(guess));
    std::vector<std::string> named = argument_guesses(parameter);
    if (quantity == Quantity::unknown && parameter.annotation.empty())  // what the layers to which it is given call it
        for (const std::string& name : usage.names)
            if (quantity_of(name) != Quantity::unknown)
                for (std::string& guess : argument_guesses({name, "", std::nullopt, ""})) add_once(guesses, std::move(guess));
    for (std::string& guess : named) add_once(guesses, std::move(guess));
    if (says_no_more_than_its_use(parameter.annotation)) drop_what_is_no(guesses, usage);
    return guesses;
}

// For a field of a namespace or a dictionary.
std::vector<std::string> ArgumentGuesser::field_guesses(const std::string& name, const Usage& usage, int depth) const {
    std::vector<std::string> guesses = by_usage(name, usage, depth);
    if (quantity_of(name) == Quantity::unknown)
        for (const std::string& given : usage.names)
            if (quantity_of(given) != Quantity::unknown)
                for (std::string& guess : argument_guesses({given, "", std::nullopt, ""})) add_once(guesses, std::move(guess));
    for (std::string& guess : argument_guesses({name, "", std::nullopt, ""})) add_once(guesses, std::move(guess));
    drop_what_is_no(guesses, usage);
    return guesses;
}

std::vector<std::string> ArgumentGuesser::by_usage(const std::string& name, const Usage& usage, int depth) const {
    std::vector<std::string> guesses = usage.literals;
    if (usage.device) return {"'cpu'"};
    if (usage.axis) return {"1", "-1"};
    for (const std::string& type : usage.types)
        for (std::string& instance : instances(type, depth)) add_once(guesses, std::move(instance));
    if (!usage.types.empty() && !guesses.empty()) return guesses;
    if (usage.mapping && !usage.made && !usage.called) {
        if (!usage.mapped.empty() || !usage.keys.empty()) guesses.push_back(structure(usage, depth));
        else if (!usage.item.empty() && usage.item.front().called) guesses.emplace_back(kModules);
        else guesses.insert(guesses.end(), std::begin(kMappings), std::end(kMappings));
        return guesses;
    }
    const bool callable = usage.made || usage.called;
    if (callable) guesses = with_attributes(callables(name, usage, depth), usage, depth);
    else if (!usage.fields.empty() || !usage.keys.empty()) {
        guesses = layers_with(usage.fields);
        guesses.push_back(structure(usage, depth));
    }
    if (callable) return guesses;
    if (usage.sequence && lower(name).find("shape") != std::string::npos) {
        const bool of_image = lower(name).find("im") != std::string::npos || usage.items == 3 || usage.length == 3;
        guesses.emplace_back(of_image ? "(3, 32, 32)" : "(64,)");
        for (const char* shape : {"(3, 32, 32)", "(8, 8)"}) add_once(guesses, shape);
    } else if (usage.parts.size() > 1) {
        for (std::string& list : lists_of_parts(usage, depth)) add_once(guesses, std::move(list));
    } else if (usage.modules) {
        for (std::string& list : module_lists(name, depth)) guesses.push_back(std::move(list));
    } else if (!usage.unpacked.empty()) {
        std::vector<std::string> sizes;
        for (const std::string& target : usage.unpacked) sizes.push_back(unpacked_size(target, usage.unpacked));
        guesses.push_back(sequence_of(sizes, true));
    } else if (usage.sequence && !usage.number) {
        for (std::string& list : sequences(name, usage)) guesses.push_back(std::move(list));
    }
    if (usage.condition && !usage.number && !usage.sequence && guesses.empty() && quantity_of(name) == Quantity::unknown) guesses = {"False", "True"};
    return guesses;
}

// `Encoder(dim=64)`: of the class, and of the classes of the file that inherit from it.
std::vector<std::string> ArgumentGuesser::instances(const std::string& type, int depth) const {
    std::vector<std::string> texts;
    if (depth >= kMaxDepth) return texts;
    for (const bool heirs : {true, false})  // a base class is often abstract
        for (const DefinitionOf& other : definitions_) {
            const bool inherits = std::any_of(other.bases.begin(), other.bases.end(), [&](const std::string& base) { return base.ends_with(type); });
            if (other.name == entry_.name || (heirs ? !inherits : other.name != type)) continue;
            const DefinitionOf whole = with_forwarded(other, definitions_, tree_);
            add_once(texts, other.name + "(" + assignments_text(start_of(whole, Shrink::all, depth + 1)) + ")");
        }
    return texts;
}

// `attn_layers`: two EncoderLayers.
std::vector<std::string> ArgumentGuesser::module_lists(const std::string& name, int depth) const {
    std::vector<std::string> lists;
    std::string word = lower(name.substr(name.rfind('_') == std::string::npos ? 0 : name.rfind('_') + 1));
    if (word.ends_with('s')) word.pop_back();
    for (const DefinitionOf& other : definitions_) {
        if (other.kind != "module" || other.name == entry_.name || depth >= kMaxDepth || lower(other.name).find(word) == std::string::npos) continue;
        const std::string one = other.name + "(" + assignments_text(start_of(with_forwarded(other, definitions_, tree_), Shrink::all, depth + 1)) + ")";
        lists.push_back("[" + one + ", " + one + "]");
    }
    lists.emplace_back("[nn.Linear(64, 64), nn.Linear(64, 64)]");
    return lists;
}

// `[(16, 3), (16, 3)]`; of modules: as PyTorch registers them, and functions that give what they get, of whatever kind.
std::vector<std::string> ArgumentGuesser::lists_of_parts(const Usage& usage, int depth) const {
    std::vector<std::string> parts, functions;
    bool modules = true;
    for (const auto& [name, inner] : usage.parts) {
        parts.push_back(field_guesses(name, inner, depth).front());
        functions.push_back(inner.called ? identity_text("x", std::max<std::size_t>(inner.results, 1)) : parts.back());
        modules = modules && inner.called && !parts.back().starts_with("(lambda");
    }
    const std::string items = sequence_of(parts, false), one = modules ? "nn.ModuleList(" + items + ")" : sequence_of(parts, true);
    std::vector<std::string> lists = {modules ? "nn.ModuleList([" + one + ", " + one + "])" : "[" + one + ", " + one + "]"};
    if (functions != parts) lists.push_back(sequence_of({sequence_of(functions, true), sequence_of(functions, true)}, false));
    return lists;
}

// Classes for what is called while the model is built, modules for what is called later.
std::vector<std::string> ArgumentGuesser::callables(const std::string& name, const Usage& usage, int depth) const {
    std::vector<std::string> guesses;
    const Quantity quantity = quantity_of(name);
    if (usage.made && quantity == Quantity::activation) return {"nn.ReLU", "nn.GELU"};
    if (usage.made && lower(name).find("conv") != std::string::npos) return {"nn.Conv2d", "nn.Conv1d"};
    if (usage.made && lower(name).find("pool") != std::string::npos) return {"nn.MaxPool2d", "nn.AvgPool2d"};
    if (usage.made && lower(name).find("linear") != std::string::npos) return {"nn.Linear"};
    if (usage.made && quantity == Quantity::norm) return {"nn.BatchNorm2d", "nn.LayerNorm", "nn.BatchNorm1d"};
    if (!usage.made && quantity == Quantity::activation) return {"nn.ReLU()", "nn.GELU()"};
    if (!usage.made && (lower(name).find("loss") != std::string::npos || lower(name).find("criterion") != std::string::npos))
        return {"nn.MSELoss()", std::string(kLossOfEach), "nn.MSELoss(reduction='none')", "nn.CrossEntropyLoss()", "nn.L1Loss()"};
    if (!usage.made) {  // `attention`: FullAttention(...)
        for (const DefinitionOf& other : definitions_)
            if (other.kind == "module" && other.name != entry_.name && name.size() > 2 && plain(other.name).find(plain(name)) != std::string::npos && depth < kMaxDepth)
                add_once(guesses, other.name + "(" + assignments_text(start_of(with_forwarded(other, definitions_, tree_), Shrink::all, depth + 1)) + ")");
        // Any module will do; where it gets more than one input, or gives more than one result, a function.
        const std::string given = usage.first_input.empty() ? "x" : usage.first_input;
        const std::string first = identity_text(given, 1);
        if (usage.results > 1) guesses.push_back(identity_text(given, usage.results));
        else if (usage.inputs > 1 || !usage.first_input.empty()) guesses.push_back(first);
        for (const std::string& any : {std::string("nn.Linear(64, 64)"), std::string("nn.Identity()"), first}) add_once(guesses, any);
        return guesses;
    }
    for (const DefinitionOf& other : definitions_)
        if (other.kind == "module" && other.name != entry_.name && plain(other.name).find(plain(name)) != std::string::npos) add_once(guesses, other.name);
    for (const DefinitionOf& other : definitions_)
        if (other.kind == "module" && other.name != entry_.name && guesses.size() < 4) add_once(guesses, other.name);
    return guesses;
}

// `(lambda m: [setattr(m, 'max_seq_len', 48)] and m)(nn.Embedding(50, 50))`: modules of which the caller also reads numbers.
std::vector<std::string> ArgumentGuesser::with_attributes(std::vector<std::string> modules, const Usage& usage, int depth) const {
    static constexpr std::string_view kOfModules[] = {"eval", "train", "training", "parameters", "named_parameters", "modules", "named_modules", "children", "state_dict",
                                                      "load_state_dict", "apply", "requires_grad_", "cuda", "cpu", "float", "half", "forward", "zero_grad", "buffers"};
    if (usage.made) return modules;  // classes
    std::string assignments;
    for (const auto& [field, inner] : usage.fields) {
        if (inner.called || inner.made || std::find(std::begin(kOfModules), std::end(kOfModules), field) != std::end(kOfModules)) continue;
        assignments += (assignments.empty() ? "" : ", ") + ("setattr(m, '" + field + "', " + field_guesses(field, inner, depth).front() + ")");
    }
    modules.emplace_back("nn.Embedding(50, 50)");  // of tokens, as a language model
    if (assignments.empty()) return modules;
    for (std::string& module : modules) module = "(lambda m: [" + assignments + "] and m)(" + module + ")";
    return modules;
}

// What the definitions of the file want that get a dictionary as `**x`.
Arguments ArgumentGuesser::keywords_for(const std::vector<std::string>& takers, int depth) const {
    Arguments keywords;
    if (depth > kMaxDepth) return keywords;
    for (const std::string& taker : takers) {
        const auto found = std::find_if(definitions_.begin(), definitions_.end(), [&](const DefinitionOf& d) { return d.name == taker; });
        if (found == definitions_.end()) continue;
        for (auto& [name, text] : start_of(with_forwarded(*found, definitions_, tree_), Shrink::all, depth + 1)) {
            const bool known = std::any_of(keywords.begin(), keywords.end(), [&](const auto& keyword) { return keyword.first == name; });
            if (!known && !name.starts_with('*')) keywords.emplace_back(name, std::move(text));
        }
    }
    return keywords;
}

// A namespace or a dictionary with what is read of it.
std::string ArgumentGuesser::structure(const Usage& usage, int depth) const {
    const bool dict = usage.mapping || !usage.keys.empty();
    std::string text;
    const Arguments keywords = keywords_for(usage.mapped, depth);
    for (const auto& [name, value] : keywords) text += (text.empty() ? "'" : ", '") + name + "': " + value;
    for (const auto& [name, inner] : dict ? usage.keys : usage.fields) {
        if (std::any_of(keywords.begin(), keywords.end(), [&, known = name](const auto& keyword) { return keyword.first == known; })) continue;
        text += (text.empty() ? "" : ", ") + (dict ? "'" + name + "': " : name + "=") + field_guesses(name, inner, depth).front();
    }
    return dict ? "{" + text + "}" : "__import__('types').SimpleNamespace(" + text + ")";
}

bool ArgumentGuesser::needs_value(const ParameterOf& parameter) const {
    if (!parameter.default_text || (*parameter.default_text != "None" && !parameter.default_text->starts_with("-1"))) return false;
    if (quantity_of(parameter.name) != Quantity::unknown) return true;
    const Usage usage = usage_of(tree_, entry_.name, parameter.name);
    return usage.number || usage.sequence || usage.made || usage.called || !usage.fields.empty() || !usage.keys.empty() || !usage.literals.empty();
}

// `Config(dim=64, heads=4)` of `Config(dim=64)`, whose other counts are None, -1 or 0 unless they are given.
std::optional<std::string> ArgumentGuesser::with_open_fields(const std::string& value, const Arguments& fields) const {
    const std::string type = value.substr(0, value.find('('));
    const auto config = std::find_if(definitions_.begin(), definitions_.end(), [&](const DefinitionOf& definition) { return definition.name == type; });
    if (config == definitions_.end() || !value.ends_with(')')) return std::nullopt;
    std::string added;
    for (const ParameterOf& field : config->parameters) {
        const bool given = std::any_of(fields.begin(), fields.end(), [&](const auto& item) { return item.first == field.name; });
        const bool open = field.default_text && (*field.default_text == "None" || *field.default_text == "-1" || *field.default_text == "0");
        if (given || !open || !is_count(quantity_of(field.name))) continue;
        const std::vector<std::string> guesses = argument_guesses(field);
        const auto number = std::find_if(guesses.begin(), guesses.end(), [](const std::string& guess) { return integer_text(guess).has_value(); });
        if (number == guesses.end()) continue;
        added += ", " + field.name + "=" + *number;
    }
    if (added.empty()) return std::nullopt;
    return value.substr(0, value.size() - 1) + (fields.empty() ? added.substr(2) : added) + ")";
}

std::vector<std::string> ArgumentGuesser::turned_flags(const ParameterOf& parameter, const std::string& value) const {
    std::vector<std::string> others;
    if (!value.starts_with('{')) return others;
    const Arguments fields = fields_of(value);
    for (const std::string& taker : usage_of(tree_, entry_.name, parameter.name).mapped) {
        const auto found = std::find_if(definitions_.begin(), definitions_.end(), [&](const DefinitionOf& definition) { return definition.name == taker; });
        if (found == definitions_.end()) continue;
        for (const ParameterOf& flag : with_forwarded(*found, definitions_, tree_).parameters) {
            const bool given = std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return field.first == flag.name; });
            if (given || !flag.bindable() || (flag.default_text != "True" && flag.default_text != "False")) continue;
            const std::string turned = flag.default_text == "True" ? "False" : "True";
            add_once(others, value.substr(0, value.size() - 1) + ", '" + flag.name + "': " + turned + "}");
        }
    }
    return others;
}

std::vector<std::pair<std::string, std::string>> ArgumentGuesser::other_fields(const ParameterOf& parameter, const std::string& value) const {
    std::vector<std::pair<std::string, std::string>> others;
    const Arguments fields = fields_of(value);
    if (const auto filled = with_open_fields(value, fields)) others.emplace_back("", *filled);
    if (fields.empty()) return others;
    const bool dict = value.starts_with('{');
    const Usage usage = usage_of(tree_, entry_.name, parameter.name);
    const std::string head = dict ? "{" : value.substr(0, value.find('(', value.find("SimpleNamespace") == std::string::npos ? 0 : value.find("SimpleNamespace")) + 1);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto& [name, current] = fields[i];
        const auto& parts = dict ? usage.keys : usage.fields;
        const auto part = std::find_if(parts.begin(), parts.end(), [&](const auto& item) { return item.first == name; });
        const std::vector<std::string> guesses = field_guesses(name, part == parts.end() ? Usage{} : part->second, 0);
        for (const std::string& guess : guesses) {
            if (guess == current) continue;
            std::string text;
            for (std::size_t k = 0; k < fields.size(); ++k)
                text += (text.empty() ? "" : ", ") + (dict ? "'" + fields[k].first + "': " : fields[k].first + "=") + (k == i ? guess : fields[k].second);
            others.emplace_back(name, head + text + (dict ? "}" : ")"));
        }
    }
    return others;
}

}  // namespace mlxify::verify
