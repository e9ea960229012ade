#include "verify/trial.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>

namespace mlxify::verify {
namespace {

constexpr int kArgumentCost = 3;  // another constructor argument is a larger step than another input
constexpr std::size_t kMostWritten = 3;
constexpr std::int64_t kLargestAxis = 1024;

bool bindable(const ParameterOf& parameter) {
    return parameter.kind != "var_positional" && parameter.kind != "var_keyword";
}

std::string* argument(Trial& trial, std::string_view name) {
    for (auto& [key, value] : trial.arguments)
        if (key == name) return &value;
    return nullptr;
}

const ParameterOf* parameter_named(const std::vector<ParameterOf>& parameters, std::string_view name) {
    const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const ParameterOf& p) { return p.name == name; });
    return found == parameters.end() ? nullptr : &*found;
}

std::string assignments_text(const Arguments& arguments) {
    std::string text;
    for (const auto& [name, value] : arguments) text += (text.empty() ? "" : ", ") + name + "=" + value;
    return text;
}

// The same, without names as far as the parameters have none that both frameworks know.
std::string constructor_text(const DefinitionOf& entry, Arguments arguments) {
    std::string text;
    for (const ParameterOf& parameter : entry.parameters) {
        const auto given = std::find_if(arguments.begin(), arguments.end(), [&](const auto& argument) { return argument.first == parameter.name; });
        if (parameter.kind != "positional_only" || given == arguments.end()) break;
        text += (text.empty() ? "" : ", ") + given->second;
        arguments.erase(given);
    }
    const std::string named = assignments_text(arguments);
    return text + (text.empty() || named.empty() ? "" : ", ") + named;
}

void replace_axis(Json& spec, std::size_t axis, std::int64_t size) { spec["shape"][axis] = size; }

std::int64_t axis_of(const Json& spec, std::size_t axis) { return spec["shape"][axis].get<std::int64_t>(); }

std::size_t rank_of(const Json& spec) { return spec["shape"].size(); }

// Calls `change(spec)` for each tensor among the inputs; a true answer makes a trial with that one change.
template <typename Change>
void change_each(const Trial& trial, std::vector<Trial>& trials, Change change) {
    for (std::size_t i = 0; i < trial.inputs.size(); ++i) {
        Trial next = trial;
        Json& spec = next.inputs[i].second;
        if (!is_tensor_spec(spec) || !change(spec) || spec == trial.inputs[i].second) continue;
        next.cost += 1;
        trials.push_back(std::move(next));
    }
}

// The same change on all tensors at once.
template <typename Change>
void change_all(const Trial& trial, std::vector<Trial>& trials, Change change) {
    Trial next = trial;
    bool changed = false;
    for (auto& [name, spec] : next.inputs)
        if (is_tensor_spec(spec)) changed = change(spec) || changed;
    next.cost += 1;
    if (changed && next.inputs != trial.inputs) trials.push_back(std::move(next));
}

bool set_space(Json& spec, std::int64_t size) {
    if (rank_of(spec) < 3 || !is_float_spec(spec)) return false;
    for (std::size_t axis = 2; axis < rank_of(spec); ++axis) replace_axis(spec, axis, size);
    return true;
}

// An axis that goes into the size `found` as a factor, or as a term: the other sizes stay.
void repair_by_proportion(const Trial& trial, std::int64_t found, std::int64_t wanted, std::vector<Trial>& trials) {
    if (found <= 0 || wanted <= 0) return;
    for (const std::size_t axis : {1, 2})
        change_all(trial, trials, [&](Json& spec) {
            if (!is_float_spec(spec) || rank_of(spec) <= axis || (axis > 1 && rank_of(spec) > 3) || axis_of(spec, axis) * wanted % found != 0) return false;
            replace_axis(spec, axis, axis_of(spec, axis) * wanted / found);
            return axis_of(spec, axis) <= kLargestAxis;
        });
    change_all(trial, trials, [&](Json& spec) {
        if (!is_float_spec(spec) || rank_of(spec) != 3) return false;
        const std::int64_t length = axis_of(spec, 1) + wanted - found;
        if (length <= 0 || length > kLargestAxis) return false;
        replace_axis(spec, 1, length);
        return true;
    });
}

// found -> wanted on the last axis; where no input has it there, it was made by flattening, or by convolutions.
void repair_last_axis(const Trial& trial, const Repair& repair, std::vector<Trial>& trials) {
    change_all(trial, trials, [&](Json& spec) {
        if (rank_of(spec) == 0 || axis_of(spec, rank_of(spec) - 1) != repair.found) return false;
        replace_axis(spec, rank_of(spec) - 1, repair.wanted);
        return true;
    });
    if (!trials.empty()) return;
    repair_by_proportion(trial, repair.found, repair.wanted, trials);
    change_each(trial, trials, [&](Json& spec) {  // flattened space: its side grows with the root of the ratio
        if (rank_of(spec) != 4 || repair.found <= 0) return false;
        const double ratio = std::sqrt(static_cast<double>(repair.wanted) / static_cast<double>(repair.found));
        const auto side = static_cast<std::int64_t>(std::llround(ratio * static_cast<double>(axis_of(spec, 3))));
        return side > 0 && side <= 512 && set_space(spec, side);
    });
    for (const std::int64_t side : {28, 64, 224, 16, 128})
        change_each(trial, trials, [&](Json& spec) { return rank_of(spec) == 4 && set_space(spec, side); });
    change_each(trial, trials, [&](Json& spec) {
        spec["shape"] = {kBatch, repair.wanted};
        return is_float_spec(spec);
    });
    change_each(trial, trials, [&](Json& spec) {  // transposed inside: the axis before the last
        if (rank_of(spec) < 3 || axis_of(spec, rank_of(spec) - 2) != repair.found) return false;
        replace_axis(spec, rank_of(spec) - 2, repair.wanted);
        return true;
    });
}

void repair_channels(const Trial& trial, const Repair& repair, std::vector<Trial>& trials) {
    change_all(trial, trials, [&](Json& spec) {
        if (rank_of(spec) < 2 || axis_of(spec, 1) != repair.found) return false;
        replace_axis(spec, 1, repair.wanted);
        return true;
    });
    change_all(trial, trials, [&](Json& spec) {
        if (rank_of(spec) < 3 || axis_of(spec, rank_of(spec) - 1) != repair.found) return false;
        replace_axis(spec, rank_of(spec) - 1, repair.wanted);
        return true;
    });
    if (!trials.empty()) return;
    change_each(trial, trials, [&](Json& spec) {  // a sequence where an image is wanted
        if (rank_of(spec) != 3 || !is_float_spec(spec)) return false;
        spec["shape"] = {kBatch, repair.wanted, kImageSize, kImageSize};
        return true;
    });
    for (const std::int64_t factor : {2, 4}) {  // split, doubled or joined before the convolution
        change_all(trial, trials, [&](Json& spec) {
            if (rank_of(spec) < 2 || axis_of(spec, 1) * factor != repair.found) return false;
            replace_axis(spec, 1, std::max<std::int64_t>(repair.wanted / factor, 1));
            return true;
        });
        change_each(trial, trials, [&](Json& spec) {
            if (rank_of(spec) < 2 || axis_of(spec, 1) * factor != repair.found) return false;
            replace_axis(spec, 1, std::max<std::int64_t>(repair.wanted / factor, 1));
            return true;
        });
    }
}

void repair_any_axis(const Trial& trial, std::int64_t from, std::int64_t to, std::vector<Trial>& trials) {
    if (from <= 0 || to <= 0) return;
    const auto change = [&](Json& spec) {
        bool changed = false;
        for (std::size_t axis = 0; axis < rank_of(spec); ++axis) {
            if (axis_of(spec, axis) != from) continue;
            replace_axis(spec, axis, to);
            changed = true;
        }
        return changed;
    };
    change_each(trial, trials, change);
    change_all(trial, trials, change);
    if (!trials.empty()) return repair_by_proportion(trial, from, to, trials);
    for (const std::int64_t tokens : {0, 1, 2})  // flattened space or patches of it, and tokens of a class
        change_all(trial, trials, [&](Json& spec) {
            if (rank_of(spec) != 4 || from <= tokens || to <= tokens) return false;
            const double ratio = std::sqrt(static_cast<double>(to - tokens) / static_cast<double>(from - tokens));
            const double side = ratio * static_cast<double>(axis_of(spec, 2));
            return side >= 1 && side <= 512 && std::abs(side - std::round(side)) < 1e-9 && set_space(spec, std::llround(side));
        });
    repair_by_proportion(trial, from, to, trials);
}

void scale_space(const Trial& trial, std::int64_t factor, std::vector<Trial>& trials) {
    change_all(trial, trials, [&](Json& spec) {
        if (rank_of(spec) < 2 || !is_float_spec(spec)) return false;
        const std::size_t first = rank_of(spec) >= 4 ? 2 : rank_of(spec) == 3 ? 1 : rank_of(spec);
        for (std::size_t axis = first; axis < rank_of(spec); ++axis)
            if (axis_of(spec, axis) * factor <= 512) replace_axis(spec, axis, axis_of(spec, axis) * factor);
        return true;
    });
    if (trial.inputs.size() > 0 && is_tensor_spec(trial.inputs[0].second) && rank_of(trial.inputs[0].second) == 3)
        change_all(trial, trials, [&](Json& spec) {
            if (rank_of(spec) != 3 || axis_of(spec, 2) * factor > 1024) return false;
            replace_axis(spec, 2, axis_of(spec, 2) * factor);
            return true;
        });
}

// A length of `found` cannot be divided into parts of `wanted`; -1: not known.
void repair_division(const Trial& trial, const Repair& repair, std::vector<Trial>& trials) {
    const auto with_side = [&](std::int64_t side) {
        change_all(trial, trials, [&](Json& spec) { return rank_of(spec) >= 4 && set_space(spec, side); });
        change_all(trial, trials, [&](Json& spec) {
            if (rank_of(spec) != 3) return false;
            replace_axis(spec, 1, side);
            return true;
        });
    };
    for (const auto& [name, spec] : trial.inputs) {  // the length is a part of an input's, by strides and patches
        if (!is_tensor_spec(spec) || rank_of(spec) < 3 || repair.found <= 0 || repair.wanted <= 0) continue;
        const std::int64_t length = axis_of(spec, rank_of(spec) == 3 ? 1 : rank_of(spec) - 1);
        if (length % repair.found != 0) continue;
        for (const std::int64_t parts : {1, 2, 4, 8})
            if (const std::int64_t side = length / repair.found * repair.wanted * parts; side <= 256) with_side(side);
        break;
    }
    for (const std::int64_t side : {64, 32, 128, 224}) with_side(side);
    const std::size_t spaces = trials.size();
    for (const std::int64_t channels : {16, 64})
        change_all(trial, trials, [&](Json& spec) {
            if (rank_of(spec) != 4 || !is_float_spec(spec) || axis_of(spec, 1) >= channels) return false;
            replace_axis(spec, 1, channels);
            return true;
        });
    for (std::size_t i = spaces; i < trials.size(); ++i) trials[i].cost += 1;
}

// Whether `name` stands in the line of code as a word.
bool mentions(std::string_view line, std::string_view name) {
    const auto part_of_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    for (std::size_t at = line.find(name); at != std::string_view::npos; at = line.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        if ((at == 0 || !part_of_word(line[at - 1])) && (end == line.size() || !part_of_word(line[end]))) return true;
    }
    return false;
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

class SizeReader {
public:
    // `text`: of the argument `name`, or of a field of a configuration.
    void read(const std::string& name, const std::string& text) {
        const auto value = integer_text(text);
        if (quantity_of(name) == Quantity::image_size && !value) return read_image(text);
        if (!value || *value <= 0) return;
        switch (quantity_of(name)) {
            case Quantity::width: keep_first(sizes.width, width_known_, *value); break;
            case Quantity::image_channels:
            case Quantity::channels: keep_first(sizes.channels, sizes.channels_known, *value); break;
            case Quantity::image_size:
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

// The input `parameter` with each of its guesses.
void add_input_guesses(const Trial& trial, const ParameterOf& parameter, const InputHint& hint, const Sizes& sizes, std::vector<Trial>& trials) {
    int extra = 1;
    for (const Json& guess : input_guesses(parameter, hint, sizes)) {
        Trial next = trial;
        next.inputs.emplace_back(parameter.name, guess);
        next.cost += extra++;
        trials.push_back(std::move(next));
    }
}

InputHint hint_of(const std::map<std::string, InputHint>& hints, const std::string& name) {
    const auto found = hints.find(name);
    return found == hints.end() ? InputHint{} : found->second;
}

bool given(const Trial& trial, const std::string& name) {
    return std::any_of(trial.inputs.begin(), trial.inputs.end(), [&](const auto& input) { return input.first == name; });
}

// Each argument that is `repair.found` with what is wanted instead.
std::vector<Trial> with_value(const Trial& base, const Repair& repair) {
    std::vector<Trial> trials;
    for (std::size_t i = 0; i < base.arguments.size(); ++i) {
        if (integer_text(base.arguments[i].second) != repair.found) continue;
        Trial next = base;
        next.arguments[i].second = std::to_string(repair.wanted);
        next.cost += 1;
        trials.push_back(std::move(next));
    }
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
    std::string text;
    std::string number;
    for (const char c : sequence) {
        if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
            number += c;
            continue;
        }
        if (!number.empty()) text += "[" + number + ", " + number + "]";
        number.clear();
        text += c;
    }
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

void repair_rank(const Trial& trial, const std::vector<ParameterOf>& parameters, const std::map<std::string, InputHint>& hints,
                 const Sizes& sizes, std::int64_t rank, std::vector<Trial>& trials) {
    if (rank < 0 || rank > 6) return;
    const auto reshape = [&](const std::string& name, Json& spec) {
        const ParameterOf* parameter = parameter_named(parameters, name);
        if (parameter == nullptr || !is_tensor_spec(spec) || rank_of(spec) == static_cast<std::size_t>(rank)) return false;
        InputHint hint = hint_of(hints, name);
        hint.rank = static_cast<int>(rank);
        if (static_cast<std::int64_t>(hint.axes.size()) != rank) hint.axes.clear();
        const std::vector<Json> guesses = input_guesses({parameter->name, parameter->kind, std::nullopt, ""}, hint, sizes);
        const auto fitting = std::find_if(guesses.begin(), guesses.end(), [&](const Json& guess) {
            return is_tensor_spec(guess) && rank_of(guess) == static_cast<std::size_t>(rank);
        });
        if (fitting == guesses.end()) return false;
        spec = *fitting;
        return true;
    };
    Trial all = trial;
    bool any = false;
    for (std::size_t i = 0; i < trial.inputs.size(); ++i) {
        Trial next = trial;
        if (!reshape(next.inputs[i].first, next.inputs[i].second)) continue;
        all.inputs[i] = next.inputs[i];
        any = true;
        next.cost += 2;
        trials.push_back(std::move(next));
    }
    all.cost += 1;
    if (any) trials.push_back(std::move(all));
}

}  // namespace

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
        if (positional) result.spec["args"].push_back(found->second);
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
        if (!bindable(parameter) || parameter.default_text) continue;
        guesses.emplace_back(parameter.name, input_guesses(parameter, hint_of(hints, parameter.name), sizes));
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
    for (const ParameterOf& parameter : entry.parameters) {
        if (!bindable(parameter)) continue;
        const std::string* current = argument(base, parameter.name);
        const bool form = asks_for_another_form(repair.kind);
        const bool any = form || repair.kind == Repair::Kind::other_values || repair.kind == Repair::Kind::drop_argument;
        const bool wanted = (form && mentions(line, parameter.name)) || parameter.name == repair.name || (any && guesser.needs_value(parameter));
        if (current == nullptr && !wanted) continue;
        int extra = mentions(line, parameter.name) ? 1 : kArgumentCost;  // what failed speaks of it
        const auto push = [&](const std::string& value, int cost) {
            Trial next = base;
            if (std::string* text = argument(next, parameter.name)) *text = value;
            else next.arguments.emplace_back(parameter.name, value);
            if (next.arguments == base.arguments) return;
            next.cost += cost;
            trials.push_back(std::move(next));
        };
        if (current != nullptr)
            for (const auto& [field, value] : guesser.other_fields(parameter, *current)) push(value, mentions(line, field) ? 1 : kArgumentCost + 1);
        const std::string value = current != nullptr ? *current : parameter.default_text.value_or("");
        for (const std::string& guess : guesses_after(repair, guesser.guesses(parameter), value)) push(guess, extra++);
    }
    return trials;
}

std::vector<Trial> other_inputs(const Trial& trial, const std::vector<ParameterOf>& parameters,
                                const std::map<std::string, InputHint>& hints, const Sizes& sizes, const Repair& repair) {
    std::vector<Trial> trials;
    switch (repair.kind) {
        case Repair::Kind::last_axis: repair_last_axis(trial, repair, trials); break;
        case Repair::Kind::channels: repair_channels(trial, repair, trials); break;
        case Repair::Kind::any_axis:
            repair_any_axis(trial, repair.found, repair.wanted, trials);
            repair_any_axis(trial, repair.wanted, repair.found, trials);
            break;
        case Repair::Kind::rank:
            repair_rank(trial, parameters, hints, sizes, repair.wanted, trials);
            if (repair.found >= 0 && repair.found != repair.wanted)  // of something made of an input
                for (const auto& [name, spec] : trial.inputs)
                    if (is_tensor_spec(spec))
                        repair_rank(trial, parameters, hints, sizes, static_cast<std::int64_t>(rank_of(spec)) + repair.wanted - repair.found, trials);
            break;
        case Repair::Kind::other_rank:
            for (const std::int64_t axes : {4, 3, 5, 2})
                if (axes != repair.found) repair_rank(trial, parameters, hints, sizes, axes, trials);
            break;
        case Repair::Kind::indices:
            change_each(trial, trials, [&](Json& spec) {
                if (!is_float_spec(spec)) return false;
                std::vector<std::int64_t> shape = spec["shape"].get<std::vector<std::int64_t>>();
                if (shape.size() == 3) shape.pop_back();
                if (shape.size() == 4) shape = {shape[0], sizes.length};
                spec = index_spec(shape, sizes.vocabulary);
                return true;
            });
            break;
        case Repair::Kind::floats:
            change_each(trial, trials, [](Json& spec) {
                if (is_float_spec(spec)) return false;
                spec = tensor_spec(spec["shape"].get<std::vector<std::int64_t>>(), "float32");
                return true;
            });
            break;
        case Repair::Kind::smaller_indices:
            change_all(trial, trials, [](Json& spec) {
                if (!spec.contains("high") || is_float_spec(spec) || spec["high"] <= 2) return false;
                spec["high"] = std::max<std::int64_t>(2, spec["high"].get<std::int64_t>() / 5);
                return true;
            });
            change_each(trial, trials, [](Json& spec) {  // numbers that are made indices: hours and days of a time series
                if (!is_float_spec(spec) || rank_of(spec) < 2) return false;
                spec = {{"shape", spec["shape"]}, {"dtype", "int64"}, {"low", 0}, {"high", 2}};
                return true;
            });
            break;
        case Repair::Kind::larger_space: scale_space(trial, 2, trials); scale_space(trial, 4, trials); break;
        case Repair::Kind::even_space:
        case Repair::Kind::divisible: repair_division(trial, repair, trials); break;
        case Repair::Kind::same_shape:
            for (const auto& [name, first] : trial.inputs) {
                if (!is_float_spec(first)) continue;
                change_all(trial, trials, [&](Json& spec) {
                    if (is_float_spec(spec)) spec["shape"] = first["shape"];
                    return true;
                });
            }
            break;
        case Repair::Kind::add_input:
        case Repair::Kind::optional_inputs:
            if (sizes.area > 0)
                change_all(trial, trials, [&](Json& spec) {
                    if (rank_of(spec) != 3 || axis_of(spec, 1) == sizes.area) return false;
                    replace_axis(spec, 1, sizes.area);
                    return true;
                });
            for (const ParameterOf& parameter : parameters) {
                const bool fillable = parameter.default_text && (*parameter.default_text == "None" || integer_text(*parameter.default_text));
                const bool named = repair.name.empty() ? fillable : parameter.name == repair.name;
                if (named && bindable(parameter) && !given(trial, parameter.name))
                    add_input_guesses(trial, parameter, hint_of(hints, parameter.name), sizes, trials);
            }
            break;
        case Repair::Kind::sequence_input:
            for (std::size_t i = 0; i < trial.inputs.size(); ++i) {
                if (!is_float_spec(trial.inputs[i].second)) continue;
                Trial next = trial;
                next.inputs[i].second = Json::array({trial.inputs[i].second, trial.inputs[i].second});
                next.cost += 2;
                trials.push_back(std::move(next));
            }
            break;
        case Repair::Kind::add_argument:
        case Repair::Kind::drop_argument:
        case Repair::Kind::field:
        case Repair::Kind::input_shape:
            change_each(trial, trials, [&](Json& spec) {
                std::vector<std::int64_t> shape = spec["shape"].get<std::vector<std::int64_t>>();
                if (!is_float_spec(spec) || shape.size() < repair.found_shape.size()) return false;
                const auto part = shape.end() - static_cast<std::ptrdiff_t>(repair.found_shape.size());  // the last axes are meant, often without the batch
                if (!std::equal(part, shape.end(), repair.found_shape.begin())) return false;
                shape.erase(part, shape.end());
                shape.insert(shape.end(), repair.wanted_shape.begin(), repair.wanted_shape.end());
                spec["shape"] = shape;
                return true;
            });
            break;
        case Repair::Kind::sequence_value:
        case Repair::Kind::module_value:
        case Repair::Kind::longer_value:
        case Repair::Kind::argument_value:
        case Repair::Kind::mapping_value:
        case Repair::Kind::scalar_value:
        case Repair::Kind::low_precision:
        case Repair::Kind::other_values:
        case Repair::Kind::give_up: break;
    }
    return trials;
}

}  // namespace mlxify::verify
