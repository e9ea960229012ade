#include "verify/trial.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/text.h"

namespace mlxify::verify {

using base::mentions;

namespace {

constexpr int kArgumentCost = 3;  // another constructor argument is a larger step than another input
constexpr std::size_t kMostWritten = 3;
constexpr std::int64_t kSmallestImage = 8;
constexpr std::int64_t kMostLayers = 16;  // of a number that an error names

std::string* argument(Trial& trial, std::string_view name) {
    for (auto& [key, value] : trial.arguments)
        if (key == name) return &value;
    return nullptr;
}

std::string assignments_text(const Arguments& arguments) {
    std::string text;
    for (const auto& [name, value] : arguments) text += (text.empty() ? "" : ", ") + name + "=" + value;
    return text;
}

// The same, without names as far as the parameters have none that both frameworks know.
std::string constructor_text(const DefinitionOf& entry, Arguments arguments) {
    std::string text;
    const bool open_ended = std::any_of(arguments.begin(), arguments.end(), [](const auto& argument) { return argument.first.starts_with('*'); });
    for (const ParameterOf& parameter : entry.parameters) {
        const std::string name = (parameter.kind == "var_positional" ? "*" : "") + parameter.name;
        const auto given = std::find_if(arguments.begin(), arguments.end(), [&](const auto& argument) { return argument.first == name; });
        const bool by_place = parameter.kind == "positional_only" || parameter.kind == "var_positional" || (open_ended && parameter.kind == "positional_or_keyword");
        if (!by_place || given == arguments.end()) break;
        text += (text.empty() ? "" : ", ") + std::string(given->first.starts_with('*') ? "*" : "") + given->second;
        arguments.erase(given);
    }
    const std::string named = assignments_text(arguments);
    return text + (text.empty() || named.empty() ? "" : ", ") + named;
}

// The field `name`, which a namespace or a dictionary lacks, with each of its guesses.
std::vector<Trial> with_field(const Trial& base, const std::string& name) {
    std::vector<Trial> trials;
    for (const auto& [argument_name, value] : base.arguments) {
        const Arguments fields = fields_of(value);
        const bool is_namespace = value.find("SimpleNamespace(") != std::string::npos;
        const bool is_dict = value.starts_with('{');
        if ((!is_namespace && !is_dict) || std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; })) continue;
        const std::vector<std::string> guesses = argument_guesses({name, "", std::nullopt, ""});
        for (std::size_t i = 0; i < guesses.size(); ++i) {
            Trial next = base;
            std::string& text = *argument(next, argument_name);
            const std::string separator = text == "{}" ? "" : ", ";
            text.insert(text.size() - 1, separator + (is_dict ? "'" + name + "': " : name + "=") + guesses[i]);
            next.cost += static_cast<int>(i) + 1;
            trials.push_back(std::move(next));
        }
        return trials;
    }
    return trials;
}

// `[16, 32]`; empty for anything else.
std::vector<std::int64_t> integers_of(std::string_view text) {
    std::vector<std::int64_t> numbers;
    if (!is_of_numbers(text)) return numbers;
    (void)with_numbers(text, [&](const std::string& number) {
        numbers.push_back(integer_text(number).value_or(0));
        return number;
    });
    return numbers;
}

class SizeReader {
public:
    // `text`: of the argument `name`, or of a field of a configuration.
    void read(const std::string& name, const std::string& text) {
        const auto value = integer_text(text);
        if (quantity_of(name) == Quantity::image_size && !value) return read_image(text);
        if (!value && sizes.stages.empty() && (quantity_of(name) == Quantity::channels || quantity_of(name) == Quantity::image_channels))
            sizes.stages = integers_of(text);
        if (!value || *value <= 0) return;
        sizes.named.emplace(lower(name), *value);
        switch (quantity_of(name)) {
            case Quantity::width: keep_first(sizes.width, width_known_, *value); break;
            case Quantity::image_channels:
            case Quantity::channels: keep_first(sizes.channels, sizes.channels_known, *value); break;
            case Quantity::image_size:
                if (*value < kSmallestImage) break;  // `size=5` of a kernel
                (lower(name).ends_with('w') || lower(name).ends_with("width") ? sizes.image_width : sizes.image) = *value;
                sizes.image_known = true;
                break;
            case Quantity::frames:
                sizes.frames = *value;
                sizes.frames_known = true;
                break;
            case Quantity::length: sizes.length = *value; break;
            case Quantity::max_length: sizes.length = std::min(sizes.length, *value); break;
            case Quantity::vocabulary: sizes.vocabulary = *value; break;
            case Quantity::heads: sizes.heads = *value; break;
            case Quantity::head_width: sizes.head_width = *value; break;
            default: break;
        }
    }

    // `(32, 32)`: as many places, where an image comes as a sequence.
    void read_pair(std::string_view text) {
        if (const auto pair = pair_of(text)) sizes.area = pair->first * pair->second;
    }

    Sizes sizes;

private:
    static std::optional<std::pair<std::int64_t, std::int64_t>> pair_of(std::string_view text) {
        const std::size_t comma = text.find(", ");
        if (!text.starts_with('(') || !text.ends_with(')') || comma == std::string_view::npos) return std::nullopt;
        const auto first = integer_text(text.substr(1, comma - 1));
        const auto second = integer_text(text.substr(comma + 2, text.size() - comma - 3));
        return first && second ? std::optional(std::pair(*first, *second)) : std::nullopt;
    }

    void read_image(std::string_view text) {
        const auto pair = pair_of(text);
        if (!pair) return;
        sizes.image = pair->first;
        sizes.image_width = pair->second;
        sizes.image_known = true;
    }

    static void keep_first(std::int64_t& size, bool& is_known, std::int64_t value) {
        if (!is_known) size = value;
        is_known = true;
    }

    bool width_known_ = false;
};

// The places where `number` stands in `text` by itself.
std::vector<std::size_t> places_of(const std::string& number, const std::string& text) {
    const auto part = [](char c) { return base::is_name_letter(c) || c == '.'; };
    std::vector<std::size_t> places;
    for (std::size_t at = text.find(number); at != std::string::npos; at = text.find(number, at + 1)) {
        const std::size_t end = at + number.size();
        if ((at == 0 || !part(text[at - 1])) && (end == text.size() || !part(text[end]))) places.push_back(at);
    }
    return places;
}

// Each argument that is `repair.found`, or a part of one, with what is wanted instead; and all of them.
std::vector<Trial> with_value(const Trial& base, const Repair& repair) {
    std::vector<Trial> trials;
    Trial all = base;
    const std::string found = std::to_string(repair.found);
    for (std::size_t i = 0; i < base.arguments.size(); ++i) {
        if (repair.wanted > kMostLayers && quantity_of(base.arguments[i].first) == Quantity::depth) continue;  // a width is meant
        const std::vector<std::size_t> places = places_of(found, base.arguments[i].second);
        for (const std::size_t at : places) {
            Trial next = base;
            next.arguments[i].second.replace(at, found.size(), std::to_string(repair.wanted));
            next.cost += 1;
            trials.push_back(std::move(next));
        }
        for (std::size_t k = places.size(); k-- > 0;) all.arguments[i].second.replace(places[k], found.size(), std::to_string(repair.wanted));
    }
    all.cost += 1;
    if (trials.size() > 1) trials.push_back(std::move(all));
    return trials;
}

bool is_sequence_text(std::string_view text) { return text.starts_with('[') || text.starts_with('('); }

// `(2, 2)` of 2, in several lengths.
std::vector<std::string> repeated(const std::string& value) {
    std::vector<std::string> texts;
    for (const std::size_t length : {4, 3, 2, 1, 5}) {
        std::string items = value;
        for (std::size_t i = 1; i < length; ++i) items += ", " + value;
        texts.push_back("(" + items + (length == 1 ? ",)" : ")"));
    }
    return texts;
}

// `[[16, 16], [32, 32]]` of `[16, 32]`.
std::vector<std::string> nested(const std::string& sequence) {
    const std::string text = with_numbers(sequence, [](const std::string& number) { return "[" + number + ", " + number + "]"; });
    return sequence.find_first_of("[(", 1) == std::string::npos ? std::vector<std::string>{text} : std::vector<std::string>{};
}

// `[16, 32, 32]` of `[16, 32]`, in several lengths.
std::vector<std::string> longer(const std::string& sequence) {
    const std::size_t end = sequence.find_last_of("0123456789");
    const std::size_t begin = end == std::string::npos ? end : sequence.find_last_not_of("0123456789", end);
    if (begin == std::string::npos || sequence.find_first_of("[(", 1) != std::string::npos) return {};
    std::vector<std::string> texts;
    for (const std::size_t more : {1, 2, 4, 8}) {
        std::string text = sequence;
        for (std::size_t i = 0; i < more; ++i) text.insert(end + 1, ", " + sequence.substr(begin + 1, end - begin));
        texts.push_back(std::move(text));
    }
    return texts;
}

// `16` of `[16, 32]`, `[16, 16]` of `[[16, 16], [32, 32]]`.
std::string first_item(const std::string& sequence) {
    const bool of_sequences = sequence.size() > 1 && is_sequence_text(std::string_view(sequence).substr(1));
    const std::size_t end = sequence.find_first_of(of_sequences ? ")]" : ",)]");
    return sequence.substr(1, of_sequences ? end : end - 1);
}

// Other guesses of one argument, as far as `repair` leaves them possible; where it asks for another form, also its value in that form.
std::vector<std::string> guesses_after(const Repair& repair, std::vector<std::string> guesses, const std::string& current) {
    if (repair.kind == Repair::Kind::mapping_value) {
        std::erase_if(guesses, [](const std::string& guess) { return !guess.starts_with('{'); });
        for (const char* any : {"{'a': 8, 'b': 8}", "{'a': ['x', 'y'], 'b': ['x', 'y', 'z']}", "{}"}) guesses.emplace_back(any);
        return guesses;
    }
    if (repair.kind == Repair::Kind::longer_value) return is_sequence_text(current) ? longer(current) : std::vector<std::string>{};
    if (repair.kind == Repair::Kind::module_value) {
        std::erase_if(guesses, [](const std::string& guess) { return guess.find('(') == std::string::npos || is_sequence_text(guess); });
        const std::string two = "nn.ModuleList([nn.Linear(64, 64), nn.Linear(64, 64)])";
        if (is_sequence_text(current)) guesses.insert(guesses.begin(), {two, "nn.ModuleList([" + two + ", " + two + "])"});
        if (is_sequence_text(current) && current.find_first_of("[(", 1) != std::string::npos) std::swap(guesses[0], guesses[1]);
        if (guesses.empty()) guesses.emplace_back("nn.Linear(64, 64)");
        return guesses;
    }
    const bool sequence = repair.kind == Repair::Kind::sequence_value;
    if (!sequence && repair.kind != Repair::Kind::scalar_value) return guesses;
    if (sequence && current.starts_with('{')) {  // `len(v) for v in x.values()`
        std::erase_if(guesses, [](const std::string& guess) { return !guess.starts_with('{') || guess.find('[') == std::string::npos; });
        return guesses;
    }
    std::erase_if(guesses, [&](const std::string& guess) { return is_sequence_text(guess) != sequence; });
    if (is_sequence_text(current) && sequence) {
        std::vector<std::string> deeper = nested(current);
        std::erase(guesses, current);
        deeper.insert(deeper.end(), guesses.begin(), guesses.end());
        return deeper;
    }
    if (is_sequence_text(current) == sequence) return {};
    if (!sequence) guesses.insert(guesses.begin(), first_item(current));
    else if (integer_text(current))
        for (std::string& text : repeated(current)) guesses.push_back(std::move(text));
    return guesses;
}

// What a layer misses that gets the `**kwargs` of the constructor.
std::vector<Trial> with_open_keyword(const Trial& base, const DefinitionOf& entry, const Repair& repair) {
    const auto has = [&](auto matches) { return std::any_of(entry.parameters.begin(), entry.parameters.end(), matches); };
    if (repair.kind != Repair::Kind::add_argument || has([&](const ParameterOf& p) { return p.name == repair.name; }) ||
        !has([](const ParameterOf& p) { return p.kind == "var_keyword"; }))
        return {};
    std::vector<Trial> trials;
    for (const std::string& guess : argument_guesses({repair.name, "keyword_only", std::nullopt, ""})) {
        trials.push_back(base);
        set_argument(trials.back(), repair.name, guess);
        trials.back().cost += static_cast<int>(trials.size());
    }
    return trials;
}

// The other value of a flag that is left to its default.
std::optional<std::string> turned_flag(const ParameterOf& parameter) {
    const std::string value = parameter.default_text.value_or("");
    if (value == "True") return "False";
    return value == "False" ? std::optional<std::string>("True") : std::nullopt;
}

// Flags turned, and texts that name something left out: `pretrained='imagenet'`.
std::vector<Trial> with_other_features(const Trial& base, const DefinitionOf& entry) {
    std::vector<Trial> trials;
    for (const ParameterOf& parameter : entry.parameters) {
        if (!parameter.bindable() || std::any_of(base.arguments.begin(), base.arguments.end(), [&](const auto& given) { return given.first == parameter.name; })) continue;
        const bool text = parameter.default_text && parameter.default_text->starts_with('\'');
        const auto other = text ? std::optional<std::string>("None") : turned_flag(parameter);
        if (!other) continue;
        trials.push_back(base);
        set_argument(trials.back(), parameter.name, *other);
        trials.back().cost += 1;
    }
    return trials;
}

// Sizes of arguments that may be those of what is asked for its truth: 1 in place of each number, or of all in a sequence.
std::vector<Trial> with_single_values(const Trial& base) {
    std::vector<Trial> trials;
    for (std::size_t i = 0; i < base.arguments.size(); ++i) {
        const std::string& value = base.arguments[i].second;
        if (!integer_text(value) && !is_of_numbers(value)) continue;
        Trial next = base;
        next.arguments[i].second = value.find('[') == 0 ? "[1]" : value.find('(') == 0 ? "(1,)" : "1";
        next.cost += 1;
        if (next.arguments != base.arguments) trials.push_back(std::move(next));
    }
    return trials;
}

// Fewer stages: the first two and three of a sequence of numbers that is left to its default.
std::vector<Trial> with_shorter_defaults(const Trial& base, const DefinitionOf& entry) {
    std::vector<Trial> trials;
    for (const ParameterOf& parameter : entry.parameters) {
        const std::string text = parameter.default_text.value_or("");
        const bool given = std::any_of(base.arguments.begin(), base.arguments.end(), [&](const auto& argument) { return argument.first == parameter.name; });
        if (given || !parameter.bindable() || !is_of_numbers(text) || text.find_first_of("[(", 1) != std::string::npos) continue;
        const auto commas = static_cast<std::size_t>(std::count(text.begin(), text.end(), ','));
        for (const std::size_t length : {std::size_t{2}, std::size_t{3}}) {
            if (length > commas) continue;
            std::size_t end = 0;
            for (std::size_t i = 0; i < length; ++i) end = text.find(',', end + 1);
            trials.push_back(base);
            set_argument(trials.back(), parameter.name, text.substr(0, end) + text.back());
            trials.back().cost += 3;
        }
    }
    return trials;
}

// What is added to its own input must have its size: kernels of one where nothing is padded, and as many channels everywhere.
std::vector<Trial> with_kept_sizes(const Trial& base) {
    std::vector<Trial> trials;
    for (const bool kernels : {true, false}) {
        Trial next = base;
        for (auto& [name, value] : next.arguments) {
            const Quantity quantity = quantity_of(name);
            const bool list = is_of_numbers(value);
            if (kernels && quantity == Quantity::kernel && (list || integer_text(value))) value = with_numbers(value, [](const std::string&) { return std::string("1"); });
            std::string first;
            const auto same = [&](const std::string& number) { return first.empty() ? first = number : first; };
            if (!kernels && list && (quantity == Quantity::channels || quantity == Quantity::width || quantity == Quantity::image_channels)) value = with_numbers(value, same);
        }
        next.cost += 1;
        if (next.arguments != base.arguments) trials.push_back(std::move(next));
    }
    return trials;
}

// One of the values that the model allows, for the argument of that name, or for those that have the value which it refused.
std::vector<Trial> with_choice(const Trial& base, const DefinitionOf& entry, const Repair& repair) {
    std::vector<Trial> trials;
    const auto add = [&](const std::string& name, int cost) {
        Trial next = base;
        set_argument(next, name, repair.value);
        next.cost += cost;
        if (next.arguments != base.arguments) trials.push_back(std::move(next));
    };
    for (const ParameterOf& parameter : entry.parameters)
        if (parameter.bindable() && parameter.name == repair.name) add(parameter.name, 1);
    if (!trials.empty()) return trials;
    for (const auto& [name, value] : base.arguments)
        if (value == repair.current) add(name, 2);
    return trials;
}

// `queries`, `key`, `v`: an input of attention.
bool is_of_attention(const std::string& name) {
    static constexpr std::string_view kNames[] = {"q", "k", "v", "query", "key", "value", "queries", "keys", "values"};
    return std::find(std::begin(kNames), std::end(kNames), lower(name)) != std::end(kNames);
}

// The hint for an input; of attention's inputs, one of which the file tells nothing has the axes of another.
InputHint hint_beside_others(const std::map<std::string, InputHint>& hints, const std::string& name, const std::vector<ParameterOf>& parameters) {
    InputHint hint = hint_of(hints, name);
    if (!is_of_attention(name) || hint.rank >= 0 || !hint.axes.empty()) return hint;
    for (const ParameterOf& other : parameters) {
        const InputHint theirs = hint_of(hints, other.name);
        if (!is_of_attention(other.name) || theirs.rank < 0 || theirs.axes.empty()) continue;
        hint.rank = theirs.rank;
        hint.axes = theirs.axes;
        hint.sizes = theirs.sizes;
        hint.multiples = theirs.multiples;
        break;
    }
    return hint;
}

}  // namespace

void set_argument(Trial& trial, const std::string& name, const std::string& value) {
    if (std::string* text = argument(trial, name)) *text = value;
    else trial.arguments.emplace_back(name, value);
}

InputHint hint_of(const std::map<std::string, InputHint>& hints, const std::string& name) {
    const auto found = hints.find(name);
    return found == hints.end() ? InputHint{} : found->second;
}

Invocation Trial::invocation(const DefinitionOf& entry) const {
    Invocation result;
    result.expression = entry.kind == "function" ? entry.name : entry.name + "(" + constructor_text(entry, arguments) + ")";
    result.spec = {{"args", Json::array()}, {"kwargs", Json::object()}};
    const std::vector<ParameterOf>& parameters = entry.kind == "function" ? entry.parameters : entry.forward;
    bool positional = true;  // as long as no parameter was skipped
    std::size_t next = 0;
    for (const ParameterOf& parameter : parameters) {
        if (next == inputs.size()) break;
        const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const auto& input) { return input.first == parameter.name; });
        if (found == inputs.end() || parameter.kind == "keyword_only") positional = false;
        if (found == inputs.end()) continue;
        ++next;
        if (parameter.kind == "var_positional")
            for (const Json& one : found->second) result.spec["args"].push_back(one);
        else if (positional) result.spec["args"].push_back(found->second);
        else result.spec["kwargs"][parameter.name] = found->second;
    }
    return result;
}

Sizes sizes_of(const DefinitionOf& entry, const Trial& trial) {
    SizeReader reader;
    for (const ParameterOf& parameter : entry.parameters) {
        std::string text = parameter.default_text.value_or("");
        for (const auto& [name, value] : trial.arguments)
            if (name == parameter.name) text = value;
        reader.read(parameter.name, text);
        for (const auto& [name, value] : fields_of(text)) reader.read(name, value);
        reader.read_pair(text);
    }
    return reader.sizes;
}

std::vector<Trial> first_trials(const DefinitionOf& entry, const ArgumentGuesser& guesser) {
    if (entry.kind == "function") return {Trial{}};
    std::vector<Trial> trials;
    const auto add = [&](Arguments arguments, int cost) {
        const bool known = std::any_of(trials.begin(), trials.end(), [&](const Trial& t) { return t.arguments == arguments; });
        if (!known) trials.push_back({std::move(arguments), {}, false, cost});
    };
    int cost = 0;
    for (const Shrink shrink : {Shrink::all, Shrink::widths, Shrink::none}) {
        add(guesser.start(shrink), cost);
        std::vector<Arguments> written = guesser.start_as_written(shrink);
        for (std::size_t i = 0; i < written.size() && i < kMostWritten; ++i) add(std::move(written[i]), cost + 1 + static_cast<int>(i));
        cost += 4;
    }
    return trials;
}

std::vector<Trial> with_inputs(const Trial& trial, const std::vector<ParameterOf>& parameters, const std::map<std::string, InputHint>& hints,
                               const Sizes& sizes) {
    std::vector<std::pair<std::string, std::vector<Json>>> guesses;
    std::size_t most = 1;
    for (const ParameterOf& parameter : parameters) {
        const bool several = parameter.kind == "var_positional" && guesses.empty();
        if ((!parameter.bindable() && !several) || parameter.default_text) continue;
        guesses.emplace_back(parameter.name, several ? several_guesses(parameter, sizes)
                                                     : input_guesses(parameter, hint_beside_others(hints, parameter.name, parameters), sizes));
        most = std::max(most, guesses.back().second.size());
    }
    std::vector<Trial> trials;
    const auto add_each = [&](int cost, const std::function<std::size_t(std::size_t, const std::vector<Json>&)>& choice) {
        Trial next = trial;
        next.inputs_chosen = true;
        next.inputs.clear();
        for (std::size_t i = 0; i < guesses.size(); ++i) {
            const auto& [name, list] = guesses[i];
            next.inputs.emplace_back(name, list.empty() ? Json(nullptr) : list[std::min(choice(i, list), list.size() - 1)]);
        }
        next.cost += cost;
        const bool known = std::any_of(trials.begin(), trials.end(), [&](const Trial& other) { return other.inputs == next.inputs; });
        if (!known) trials.push_back(std::move(next));
    };
    for (std::size_t k = 0; k < most; ++k) {  // the k-th guess for each: inputs of one call tend to be alike
        const int cost = static_cast<int>(k);
        add_each(cost, [k](std::size_t, const std::vector<Json>&) { return k; });
        add_each(cost, [k](std::size_t, const std::vector<Json>& list) { return is_float_spec(list.front()) ? k : 0; });
        for (std::size_t i = 0; i < guesses.size() && guesses.size() > 1; ++i)
            add_each(cost + 1, [k, i](std::size_t input, const std::vector<Json>&) { return input == i ? k : 0; });
    }
    return trials;
}

std::vector<Trial> other_arguments(const Trial& trial, const DefinitionOf& entry, const ArgumentGuesser& guesser, const Repair& repair,
                                   std::string_view line) {
    std::vector<Trial> trials;
    Trial base = trial;
    base.inputs.clear();
    base.inputs_chosen = false;
    if (repair.kind == Repair::Kind::drop_argument && argument(base, repair.name) != nullptr) {
        std::erase_if(base.arguments, [&](const auto& item) { return item.first == repair.name; });
        base.cost += 1;
        return {base};
    }
    if (repair.kind == Repair::Kind::field) {
        trials = with_field(base, repair.name);
        if (!trials.empty()) return trials;
    }
    if (repair.kind == Repair::Kind::argument_value) return with_value(base, repair);
    if (repair.kind == Repair::Kind::choice) return with_choice(base, entry, repair);
    if (repair.kind == Repair::Kind::other_feature) return with_other_features(base, entry);
    if (repair.kind == Repair::Kind::single_value) return with_single_values(base);
    if (trial.inputs_chosen && repair.kind == Repair::Kind::channels) trials = with_shorter_defaults(base, entry);
    if (trial.inputs_chosen && (repair.kind == Repair::Kind::any_axis || repair.kind == Repair::Kind::even_space)) trials = with_kept_sizes(base);
    for (Trial& next : with_open_keyword(base, entry, repair)) trials.push_back(std::move(next));
    for (const ParameterOf& parameter : entry.parameters) {
        if (!parameter.bindable()) continue;
        const std::string* current = argument(base, parameter.name);
        if (repair.kind == Repair::Kind::other_values)
            if (const auto turned = turned_flag(parameter); turned && current == nullptr) {
                Trial next = base;
                set_argument(next, parameter.name, *turned);
                next.cost += mentions(line, parameter.name) ? 1 : kArgumentCost + 2;
                trials.push_back(std::move(next));
            }
        const bool form = asks_for_another_form(repair.kind);
        const bool any = form || repair.kind == Repair::Kind::other_values || repair.kind == Repair::Kind::drop_argument;
        const bool wanted = (form && mentions(line, parameter.name)) || parameter.name == repair.name || (any && guesser.needs_value(parameter));
        if (current == nullptr && !wanted) continue;
        int extra = mentions(line, parameter.name) ? 1 : kArgumentCost;  // what failed speaks of it
        const auto push = [&](const std::string& value, int cost) {
            Trial next = base;
            set_argument(next, parameter.name, value);
            if (next.arguments == base.arguments) return;
            next.cost += cost;
            trials.push_back(std::move(next));
        };
        if (current != nullptr)
            for (const auto& [field, value] : guesser.other_fields(parameter, *current)) push(value, field.empty() || mentions(line, field) ? 1 : kArgumentCost + 1);
        if (current != nullptr && (repair.kind == Repair::Kind::channels || repair.kind == Repair::Kind::last_axis))
            for (const std::string& value : guesser.turned_flags(parameter, *current)) push(value, 1);
        const std::string value = current != nullptr ? *current : parameter.default_text.value_or("");
        for (const std::string& guess : guesses_after(repair, guesser.guesses(parameter), value)) push(guess, extra++);
    }
    return trials;
}

}  // namespace mlxify::verify
