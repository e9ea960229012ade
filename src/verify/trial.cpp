#include "verify/trial.h"

#include <algorithm>
#include <cmath>

namespace mlxify::verify {
namespace {

constexpr int kArgumentCost = 3;  // another constructor argument is a larger step than another input

bool bindable(const ParameterOf& parameter) {
    return parameter.kind != "var_positional" && parameter.kind != "var_keyword";
}

std::string* argument(Trial& trial, std::string_view name) {
    for (auto& [key, value] : trial.arguments)
        if (key == name) return &value;
    return nullptr;
}

// A default that often only says that there is none: None, -1.
bool needs_value(const ParameterOf& parameter) {
    return parameter.default_text && (*parameter.default_text == "None" || parameter.default_text->starts_with("-1")) &&
           quantity_of(parameter.name) != Quantity::unknown;
}

const ParameterOf* parameter_named(const std::vector<ParameterOf>& parameters, std::string_view name) {
    const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const ParameterOf& p) { return p.name == name; });
    return found == parameters.end() ? nullptr : &*found;
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

// Values for an argument: classes and functions of the file that are called like it (`block`: BasicBlock), then what its name says.
std::vector<std::string> guesses_for(const ParameterOf& parameter, const DefinitionOf& entry,
                                     const std::vector<DefinitionOf>& definitions) {
    std::vector<std::string> guesses;
    const Quantity quantity = quantity_of(parameter.name);
    const bool may_be_callable =
        quantity == Quantity::module || quantity == Quantity::norm || quantity == Quantity::activation || quantity == Quantity::unknown;
    if (may_be_callable && parameter.name.size() >= 4) {
        const auto plain = [](std::string_view name) {  // act_layer, ActLayer
            std::string text = lower(name);
            std::erase(text, '_');
            return text;
        };
        for (const DefinitionOf& definition : definitions) {
            const bool callable = definition.kind == "module" || definition.kind == "function";
            if (callable && definition.name != entry.name && plain(definition.name).find(plain(parameter.name)) != std::string::npos)
                guesses.push_back(definition.name);
        }
    }
    for (std::string& guess : argument_guesses(parameter)) guesses.push_back(std::move(guess));
    return guesses;
}

enum class Shrink { none, widths, all };

std::string assignments_text(const std::vector<std::pair<std::string, std::string>>& arguments) {
    std::string text;
    for (const auto& [name, value] : arguments) text += (text.empty() ? "" : ", ") + name + "=" + value;
    return text;
}

std::vector<std::pair<std::string, std::string>> start_arguments(const DefinitionOf& entry, const std::vector<DefinitionOf>& definitions,
                                                                const syntax::Tree& tree, Shrink shrink, int depth);

// `Config(dim=64)`, or a namespace with the fields that the class reads, or a module of the file.
std::optional<std::string> object_argument(const ParameterOf& parameter, const DefinitionOf& entry,
                                           const std::vector<DefinitionOf>& definitions, const syntax::Tree& tree, Shrink shrink, int depth) {
    if (depth > 2) return std::nullopt;
    if (const DefinitionOf* config = configuration_for(parameter, definitions); config != nullptr && config != &entry)
        return config->name + "(" + assignments_text(start_arguments(*config, definitions, tree, shrink, depth + 1)) + ")";
    const bool namespace_like = parameter.name == "config" || parameter.name == "cfg" || parameter.name == "args" || parameter.name == "hparams";
    if (!namespace_like || entry.kind == "function") return std::nullopt;
    std::vector<std::pair<std::string, std::string>> fields;
    for (const std::string& field : fields_read(tree, entry.name, parameter.name))
        fields.emplace_back(field, argument_guesses({field, "", std::nullopt, ""}).front());
    if (fields.empty()) return "{}";  // a dictionary: its keys come from the errors
    return "__import__('types').SimpleNamespace(" + assignments_text(fields) + ")";
}

std::vector<std::pair<std::string, std::string>> start_arguments(const DefinitionOf& entry, const std::vector<DefinitionOf>& definitions,
                                                                const syntax::Tree& tree, Shrink shrink, int depth) {
    std::vector<std::pair<std::string, std::string>> arguments;
    for (const ParameterOf& parameter : entry.parameters) {
        if (!bindable(parameter)) continue;
        const bool required = !parameter.default_text;
        if (required) {
            const auto object = object_argument(parameter, entry, definitions, tree, shrink, depth);
            arguments.emplace_back(parameter.name, object ? *object : guesses_for(parameter, entry, definitions).front());
        } else if (shrink != Shrink::none) {
            const Quantity quantity = quantity_of(parameter.name);
            const bool wanted = shrink == Shrink::all || quantity == Quantity::width || quantity == Quantity::feed_forward;
            const auto smaller = wanted ? smaller_default(parameter) : std::nullopt;
            if (smaller) arguments.emplace_back(parameter.name, *smaller);
        }
    }
    return arguments;
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

// found -> wanted on the last axis; where no input has it there, it was made by flattening, or by convolutions.
void repair_last_axis(const Trial& trial, const Repair& repair, std::vector<Trial>& trials) {
    change_all(trial, trials, [&](Json& spec) {
        if (rank_of(spec) == 0 || axis_of(spec, rank_of(spec) - 1) != repair.found) return false;
        replace_axis(spec, rank_of(spec) - 1, repair.wanted);
        return true;
    });
    if (!trials.empty()) return;
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
    for (const std::int64_t factor : {2, 4}) {  // split or doubled before the convolution
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
    result.expression = entry.kind == "function" ? entry.name : entry.name + "(" + assignments_text(arguments) + ")";
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
    Sizes sizes;
    bool width_known = false;
    for (const ParameterOf& parameter : entry.parameters) {
        std::string text = parameter.default_text.value_or("");
        for (const auto& [name, value] : trial.arguments)
            if (name == parameter.name) text = value;
        const auto value = integer_text(text);
        if (!value || *value <= 0) continue;
        const Quantity quantity = quantity_of(parameter.name);
        if (quantity == Quantity::width && !width_known) {
            sizes.width = *value;
            width_known = true;
        } else if ((quantity == Quantity::image_channels || quantity == Quantity::channels) && !sizes.channels_known) {
            sizes.channels = *value;
            sizes.channels_known = true;
        } else if (quantity == Quantity::image_size) {
            sizes.image = *value;
        } else if (quantity == Quantity::length) {
            sizes.length = *value;
        } else if (quantity == Quantity::max_length) {
            sizes.length = std::min(sizes.length, *value);
        } else if (quantity == Quantity::vocabulary) {
            sizes.vocabulary = *value;
        } else if (quantity == Quantity::heads) {
            sizes.heads = *value;
        } else if (quantity == Quantity::head_width) {
            sizes.head_width = *value;
        }
    }
    return sizes;
}

std::vector<Trial> first_trials(const DefinitionOf& entry, const std::vector<DefinitionOf>& definitions, const syntax::Tree& tree) {
    std::vector<Trial> trials;
    if (entry.kind == "function") return {Trial{}};
    int cost = 0;
    for (const Shrink shrink : {Shrink::all, Shrink::widths, Shrink::none}) {
        Trial trial;
        trial.arguments = start_arguments(entry, definitions, tree, shrink, 0);
        trial.cost = cost;
        cost += 4;
        const bool known = std::any_of(trials.begin(), trials.end(), [&](const Trial& t) { return t.arguments == trial.arguments; });
        if (!known) trials.push_back(std::move(trial));
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
    for (std::size_t k = 0; k < most; ++k) {  // the k-th guess for each: inputs of one call tend to be alike
        Trial next = trial;
        next.inputs_chosen = true;
        next.inputs.clear();
        for (const auto& [name, list] : guesses) {
            const Json value = list.empty() ? Json(nullptr) : list[std::min(k, list.size() - 1)];
            next.inputs.emplace_back(name, value);
        }
        next.cost += static_cast<int>(k);
        trials.push_back(std::move(next));
    }
    return trials;
}

std::vector<Trial> other_arguments(const Trial& trial, const DefinitionOf& entry, const std::vector<DefinitionOf>& definitions,
                                   const Repair& repair) {
    std::vector<Trial> trials;
    Trial base = trial;
    base.inputs.clear();
    base.inputs_chosen = false;
    if (repair.kind == Repair::Kind::drop_argument) {
        std::erase_if(base.arguments, [&](const auto& item) { return item.first == repair.name; });
        base.cost += 1;
        return {base};
    }
    if (repair.kind == Repair::Kind::field) {
        for (auto& [name, value] : base.arguments) {
            const bool is_namespace = value.find("SimpleNamespace(") != std::string::npos;
            const bool is_dict = value.starts_with('{') && value.find("'" + repair.name + "'") == std::string::npos;
            if (!is_namespace && !is_dict) continue;
            const std::vector<std::string> guesses = argument_guesses({repair.name, "", std::nullopt, ""});
            for (std::size_t i = 0; i < guesses.size(); ++i) {
                Trial next = base;
                std::string& text = *argument(next, name);
                const std::string separator = text == "{}" ? "" : ", ";
                text.insert(text.size() - 1, separator + (is_dict ? "'" + repair.name + "': " : repair.name + "=") + guesses[i]);
                next.cost += static_cast<int>(i) + 1;
                trials.push_back(std::move(next));
            }
            return trials;
        }
    }
    for (const ParameterOf& parameter : entry.parameters) {
        if (!bindable(parameter)) continue;
        const std::string* current = argument(base, parameter.name);
        if (current == nullptr && parameter.name != repair.name && !(repair.kind == Repair::Kind::other_values && needs_value(parameter)))
            continue;
        int extra = kArgumentCost;
        for (const std::string& guess : guesses_for(parameter, entry, definitions)) {
            Trial next = base;
            if (std::string* value = argument(next, parameter.name)) *value = guess;
            else next.arguments.emplace_back(parameter.name, guess);
            if (next.arguments == base.arguments) continue;
            next.cost += extra++;
            trials.push_back(std::move(next));
        }
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
        case Repair::Kind::rank: repair_rank(trial, parameters, hints, sizes, repair.wanted, trials); break;
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
            break;
        case Repair::Kind::larger_space: scale_space(trial, 2, trials); scale_space(trial, 4, trials); break;
        case Repair::Kind::even_space:
        case Repair::Kind::divisible:
            for (const std::int64_t channels : {16, 64})
                change_all(trial, trials, [&](Json& spec) {
                    if (rank_of(spec) != 4 || !is_float_spec(spec) || axis_of(spec, 1) >= channels) return false;
                    replace_axis(spec, 1, channels);
                    return true;
                });
            for (const std::int64_t side : {64, 32, 128}) {
                change_all(trial, trials, [&](Json& spec) { return rank_of(spec) >= 4 && set_space(spec, side); });
                change_all(trial, trials, [&](Json& spec) {
                    if (rank_of(spec) != 3) return false;
                    replace_axis(spec, 1, side);
                    return true;
                });
            }
            break;
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
        case Repair::Kind::low_precision:
        case Repair::Kind::other_values:
        case Repair::Kind::give_up: break;
    }
    return trials;
}

}  // namespace mlxify::verify
