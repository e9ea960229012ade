#include <algorithm>
#include <cmath>

#include "verify/trial.h"

namespace mlxify::verify {
namespace {

constexpr std::int64_t kLargestAxis = 1024;
constexpr std::int64_t kMostLengths = 64;
constexpr std::int64_t kCostlySide = 128, kEvenSide = 16;  // of images that are not doubled at once, and what divides the next side
constexpr std::size_t kMostHeld = 6;  // tensors of one input that are changed one by one

const ParameterOf* parameter_named(const std::vector<ParameterOf>& parameters, std::string_view name) {
    const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const ParameterOf& p) { return p.name == name; });
    return found == parameters.end() ? nullptr : &*found;
}

void replace_axis(Json& spec, std::size_t axis, std::int64_t size) { spec["shape"][axis] = size; }

std::int64_t axis_of(const Json& spec, std::size_t axis) { return spec["shape"][axis].get<std::int64_t>(); }

std::size_t rank_of(const Json& spec) { return spec["shape"].size(); }

bool halve(Json& spec, std::size_t axis) {
    const std::int64_t size = axis_of(spec, axis);
    if (size > 1) replace_axis(spec, axis, size / 2);
    return size > 1;
}

// The tensors of an input: itself, or those that a list, a tuple or a dictionary holds.
void collect_tensors(Json& spec, std::vector<Json*>& tensors) {
    if (is_tensor_spec(spec)) return tensors.push_back(&spec);
    if (spec.is_structured())
        for (Json& item : spec) collect_tensors(item, tensors);
}

std::vector<Json*> tensors_of(Json& spec) {
    std::vector<Json*> tensors;
    collect_tensors(spec, tensors);
    return tensors;
}

// Calls `change(spec)` for the tensors that one input is or holds, all together and then one by one; a true answer makes a trial.
template <typename Change>
void change_input(const Trial& trial, std::size_t input, int cost_together, int cost_alone, std::vector<Trial>& trials, Change change) {
    Json original = trial.inputs[input].second;
    const std::size_t count = tensors_of(original).size();
    const auto with = [&](std::size_t first, std::size_t end, int cost) {
        Trial next = trial;
        const std::vector<Json*> tensors = tensors_of(next.inputs[input].second);
        bool changed = false;
        for (std::size_t k = first; k < end; ++k) changed = change(*tensors[k]) || changed;
        if (!changed || next.inputs[input].second == original) return;
        next.cost += cost;
        trials.push_back(std::move(next));
    };
    if (count > 0) with(0, count, cost_together);
    if (count > 1 && count <= kMostHeld)
        for (std::size_t k = 0; k < count; ++k) with(k, k + 1, cost_alone);
}

// The same for each input.
template <typename Change>
void change_each(const Trial& trial, std::vector<Trial>& trials, Change change) {
    for (std::size_t i = 0; i < trial.inputs.size(); ++i) change_input(trial, i, 1, 2, trials, change);
}

// The same change on all tensors at once.
template <typename Change>
void change_all(const Trial& trial, std::vector<Trial>& trials, Change change) {
    Trial next = trial;
    bool changed = false;
    for (auto& [name, spec] : next.inputs)
        for (Json* tensor : tensors_of(spec)) changed = change(*tensor) || changed;
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
    change_all(trial, trials, [&](Json& spec) {  // images of several views
        if (rank_of(spec) < 5 || repair.found < 0) return false;
        const std::size_t axis = rank_of(spec) - 3;
        if (axis_of(spec, axis) != repair.found) return false;
        replace_axis(spec, axis, repair.wanted);
        return true;
    });
    change_each(trial, trials, [&](Json& spec) {  // a sequence where an image is wanted
        if (rank_of(spec) != 3 || !is_float_spec(spec)) return false;
        spec["shape"] = {kBatch, repair.wanted, kImageSize, kImageSize};
        return true;
    });
    if (repair.wanted > 0 && repair.found >= repair.wanted && repair.found % repair.wanted == 0)  // heads of the last axis that are joined before
        change_all(trial, trials, [&](Json& spec) {
            const std::int64_t ratio = repair.found / repair.wanted;
            if (rank_of(spec) < 3 || axis_of(spec, rank_of(spec) - 1) % ratio != 0) return false;
            replace_axis(spec, rank_of(spec) - 1, axis_of(spec, rank_of(spec) - 1) / ratio);
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

bool given(const Trial& trial, const std::string& name) {
    return std::any_of(trial.inputs.begin(), trial.inputs.end(), [&](const auto& input) { return input.first == name; });
}

// The inputs that are lists, in other lengths.
void other_lists(const Trial& trial, const Sizes& sizes, const std::vector<std::size_t>& lengths, std::vector<Trial>& trials) {
    for (std::size_t i = 0; i < trial.inputs.size(); ++i) {
        const Json& given = trial.inputs[i].second;
        if (!given.is_array() || given.empty()) continue;
        int extra = 1;
        for (const std::size_t length : lengths) {
            for (const bool pyramid : {true, false}) {
                Trial next = trial;
                next.inputs[i].second = pyramid ? feature_pyramid(sizes, length) : Json(std::vector<Json>(length, given[0]));
                next.cost += extra;
                if (length != given.size() || pyramid) trials.push_back(std::move(next));
            }
            ++extra;
        }
    }
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
        const std::string& name = trial.inputs[i].first;
        for (Json* tensor : tensors_of(all.inputs[i].second)) any = reshape(name, *tensor) || any;
        change_input(trial, i, 2, 2, trials, [&](Json& spec) { return reshape(name, spec); });
    }
    all.cost += 1;
    if (any) trials.push_back(std::move(all));
}

// Of sequences (batch, length, ...) or (length, batch, ...), which another input is, the length of each: the whole one, two thirds of it, ...
void set_lengths(const Trial& trial, std::vector<Trial>& trials) {
    for (std::size_t of = 0; of < trial.inputs.size(); ++of) {
        const Json& sequences = trial.inputs[of].second;
        if (!is_tensor_spec(sequences) || rank_of(sequences) < 2) continue;
        for (const std::size_t batch : {0, 1}) {
            const std::int64_t count = axis_of(sequences, batch), longest = axis_of(sequences, 1 - batch);
            if (count > kMostLengths || longest < 2) continue;
            std::string lengths = std::to_string(longest);
            for (std::int64_t i = 1; i < count; ++i) lengths += ", " + std::to_string(2 * longest / 3);
            for (std::size_t i = 0; i < trial.inputs.size(); ++i) {
                if (i == of) continue;
                Trial next = trial;
                next.inputs[i].second = {{"$eval", "torch.tensor([" + lengths + "])"}};
                next.cost += 1 + static_cast<int>(batch);
                trials.push_back(std::move(next));
            }
        }
    }
}

}  // namespace

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
            if (repair.wanted > 0) other_lists(trial, sizes, {static_cast<std::size_t>(repair.wanted)}, trials);
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
        case Repair::Kind::indices: {
            change_each(trial, trials, [&](Json& spec) {
                if (!is_float_spec(spec)) return false;
                std::vector<std::int64_t> shape = spec["shape"].get<std::vector<std::int64_t>>();
                if (shape.size() == 3) shape.pop_back();
                if (shape.size() == 4) shape = {shape[0], sizes.length};
                spec = index_spec(shape, sizes.vocabulary);
                return true;
            });
            const std::size_t of_sequences = trials.size();
            change_each(trial, trials, [&](Json& spec) {  // a stack of sequences
                if (!is_float_spec(spec) || rank_of(spec) != 3) return false;
                spec = index_spec(spec["shape"].get<std::vector<std::int64_t>>(), sizes.vocabulary);
                return true;
            });
            for (std::size_t i = of_sequences; i < trials.size(); ++i) trials[i].cost += 1;
            break;
        }
        case Repair::Kind::lengths: set_lengths(trial, trials); break;
        case Repair::Kind::floats:
            change_each(trial, trials, [](Json& spec) {
                if (is_float_spec(spec)) return false;
                spec = tensor_spec(spec["shape"].get<std::vector<std::int64_t>>(), "float32");
                return true;
            });
            break;
        case Repair::Kind::complex_numbers:
            change_each(trial, trials, [](Json& spec) {
                if (!is_float_spec(spec)) return false;
                spec["dtype"] = "complex64";
                return true;
            });
            break;
        case Repair::Kind::shares:
            change_each(trial, trials, [](Json& spec) {
                if (!is_float_spec(spec) || spec.contains("high")) return false;
                spec["low"] = 0, spec["high"] = 1;
                return true;
            });
            break;
        case Repair::Kind::smaller_indices:
            change_all(trial, trials, [](Json& spec) {
                if (!spec.contains("high") || is_float_spec(spec) || spec["high"] <= 2) return false;
                spec["high"] = std::max<std::int64_t>(2, spec["high"].get<std::int64_t>() / 5);
                return true;
            });
            change_all(trial, trials, [](Json& spec) { return is_float_spec(spec) && rank_of(spec) == 3 && halve(spec, 1); });  // positions of a sequence
            change_all(trial, trials, [](Json& spec) {  // and of an image
                return is_float_spec(spec) && rank_of(spec) >= 3 && halve(spec, rank_of(spec) - 1) && halve(spec, rank_of(spec) - 2);
            });
            change_each(trial, trials, [](Json& spec) {  // numbers that are made indices: hours and days of a time series
                if (!is_float_spec(spec) || rank_of(spec) < 2) return false;
                spec = {{"shape", spec["shape"]}, {"dtype", "int64"}, {"low", 0}, {"high", 2}};
                return true;
            });
            break;
        case Repair::Kind::larger_space: {
            const bool lacks_little = repair.found > 0 && repair.wanted > repair.found && repair.wanted <= 2 * repair.found;
            const auto grow = [&](std::int64_t multiple) {  // to the next multiple that is enough
                change_all(trial, trials, [&](Json& spec) {
                    if (rank_of(spec) != 4) return false;
                    const std::int64_t enough = (axis_of(spec, 2) * repair.wanted + repair.found - 1) / repair.found;
                    const std::int64_t next = (enough + multiple - 1) / multiple * multiple;
                    return next <= 512 && set_space(spec, next);
                });
            };
            const auto is_costly = [](const auto& input) {
                const Json& spec = input.second;
                return is_tensor_spec(spec) && rank_of(spec) == 4 && axis_of(spec, 2) >= kCostlySide;
            };
            const bool costly = std::any_of(trial.inputs.begin(), trial.inputs.end(), is_costly);
            if (lacks_little && costly) grow(kEvenSide);
            if (!lacks_little && repair.found > 0 && repair.wanted > repair.found) grow(1);
            scale_space(trial, 2, trials);  // a small image twice as large is no more work, and a usual size
            scale_space(trial, 4, trials);
            if (lacks_little && !costly) grow(1);
            break;
        }
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
                if (named && parameter.bindable() && !given(trial, parameter.name))
                    add_input_guesses(trial, parameter, hint_of(hints, parameter.name), sizes, trials);
            }
            break;
        case Repair::Kind::choice: {
            const ParameterOf* parameter = parameter_named(parameters, repair.name);
            if (parameter == nullptr || !parameter->bindable()) break;
            Trial next = trial;
            const auto same = std::find_if(next.inputs.begin(), next.inputs.end(), [&](const auto& input) { return input.first == repair.name; });
            Json& value = same != next.inputs.end() ? same->second : next.inputs.emplace_back(repair.name, nullptr).second;
            value = {{"$eval", repair.value}};
            next.cost += 1;
            trials.push_back(std::move(next));
            break;
        }
        case Repair::Kind::no_input:
            for (std::size_t i = 0; i < trial.inputs.size(); ++i) {
                const std::vector<std::string> fields = hint_of(hints, trial.inputs[i].first).fields;
                if (std::find(fields.begin(), fields.end(), repair.name) == fields.end()) continue;
                Trial next = trial;
                next.inputs[i].second = nullptr;
                next.cost += 1;
                trials.push_back(std::move(next));
            }
            break;
        case Repair::Kind::sequence_input:
            for (std::size_t i = 0; i < trial.inputs.size(); ++i) {
                if (!is_float_spec(trial.inputs[i].second)) continue;
                Trial next = trial;
                next.inputs[i].second = Json::array({trial.inputs[i].second, trial.inputs[i].second});
                next.cost += 2;
                trials.push_back(next);
                if (sizes.stages.size() < 2) continue;
                next.inputs[i].second = feature_pyramid(sizes, sizes.stages.size());
                trials.push_back(std::move(next));
            }
            break;
        case Repair::Kind::mapping_value:
        case Repair::Kind::mapping_input:  // `x.items()`
            for (std::size_t i = 0; i < trial.inputs.size(); ++i) {
                const Json& spec = trial.inputs[i].second;
                if (!is_float_spec(spec) && !spec.is_array()) continue;
                Trial next = trial;
                next.inputs[i].second = {{"a", spec}, {"b", spec}};
                next.cost += 1;
                trials.push_back(std::move(next));
            }
            break;
        case Repair::Kind::field:  // `x['mask']`
            for (std::size_t i = 0; i < trial.inputs.size(); ++i) {
                const Json& spec = trial.inputs[i].second;
                if (!spec.is_object() || is_tensor_spec(spec) || spec.contains(repair.name) || (!spec.empty() && spec.begin().key().starts_with('$'))) continue;
                Trial next = trial;
                next.inputs[i].second[repair.name] = spec.empty() ? tensor_spec({kBatch, sizes.length, sizes.width}, "float32") : *spec.begin();
                next.cost += 1;
                trials.push_back(std::move(next));
            }
            break;
        case Repair::Kind::add_argument:
        case Repair::Kind::drop_argument:
        case Repair::Kind::input_shape:
            change_each(trial, trials, [&](Json& spec) {
                std::vector<std::int64_t> shape = spec["shape"].get<std::vector<std::int64_t>>();
                const bool fits = is_float_spec(spec) || (is_tensor_spec(spec) && spec["dtype"] == "bool");
                if (!fits || shape.size() < repair.found_shape.size()) return false;
                const auto part = shape.end() - static_cast<std::ptrdiff_t>(repair.found_shape.size());  // the last axes are meant, often without the batch
                if (!std::equal(part, shape.end(), repair.found_shape.begin())) return false;
                shape.erase(part, shape.end());
                shape.insert(shape.end(), repair.wanted_shape.begin(), repair.wanted_shape.end());
                spec["shape"] = shape;
                return true;
            });
            break;
        case Repair::Kind::single_value:
            change_each(trial, trials, [](Json& spec) {  // numbers that are looked at one by one
                if (rank_of(spec) < 2) return false;
                spec["shape"] = {axis_of(spec, rank_of(spec) - 1)};
                return true;
            });
            change_each(trial, trials, [](Json& spec) {
                if (rank_of(spec) == 0) return false;
                spec["shape"] = std::vector<std::int64_t>(rank_of(spec), 1);
                return true;
            });
            for (std::size_t i = 0; i < trial.inputs.size(); ++i) {  // a flag
                if (!is_tensor_spec(trial.inputs[i].second)) continue;
                Trial next = trial;
                next.inputs[i].second = false;
                next.cost += 1;
                trials.push_back(std::move(next));
            }
            break;
        case Repair::Kind::longer_value: other_lists(trial, sizes, {3, 4, 5, 6}, trials); break;
        case Repair::Kind::sequence_value:
        case Repair::Kind::module_value:
        case Repair::Kind::argument_value:
        case Repair::Kind::scalar_value:
        case Repair::Kind::low_precision:
        case Repair::Kind::other_values:
        case Repair::Kind::other_feature:
        case Repair::Kind::give_up: break;
    }
    return trials;
}

}  // namespace mlxify::verify
