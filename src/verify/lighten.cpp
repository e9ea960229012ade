#include "verify/lighten.h"

#include <algorithm>
#include <optional>

namespace mlxify::verify {
namespace {

constexpr std::int64_t kSmallestSide = 8, kSmallestImageSide = 16;  // of feature maps and of images, which a whole network reduces
constexpr std::int64_t kMostColours = 4;
constexpr std::int64_t kLargeSide = 128;
constexpr std::int64_t kFewItems = 4;  // of a sequence whose length costs too much
constexpr std::int64_t kSmallestQuartered = 32;
constexpr std::int64_t kSmallestCount = 4;  // what is halved at all
constexpr std::int64_t kTimesWider = 8, kWidest = 128;  // a number above is wide enough

// Whether a model of another size is still the same kind of model.
bool scales(Quantity quantity) {
    switch (quantity) {
        case Quantity::unknown:
        case Quantity::width:
        case Quantity::feed_forward:
        case Quantity::head_width:
        case Quantity::heads:
        case Quantity::depth:
        case Quantity::channels:
        case Quantity::image_size:
        case Quantity::frames: return true;
        case Quantity::vocabulary:
        case Quantity::classes:
        case Quantity::image_channels:
        case Quantity::patch:
        case Quantity::window:
        case Quantity::length:
        case Quantity::max_length:
        case Quantity::kernel:
        case Quantity::stride:
        case Quantity::padding:
        case Quantity::groups:
        case Quantity::rate:
        case Quantity::scale_factor:
        case Quantity::small_float:
        case Quantity::module:
        case Quantity::activation:
        case Quantity::norm:
        case Quantity::flag: break;
    }
    return false;
}

// A share of a size, `numerator / denominator` of it.
struct Share {
    std::int64_t numerator, denominator;

    [[nodiscard]] std::int64_t of(std::int64_t size) const { return size * numerator / denominator; }
};
constexpr Share kHalf{1, 2}, kQuarter{1, 4};
constexpr Share kOfLargeImages[] = {kHalf, {5, 8}, {3, 4}};  // some networks reduce an image to nothing below a certain side

// `32`, `[8, 16]`, `(3, 4, 6, 3)` with that share of each number, but none below one; nullopt: it holds something else, or nothing to shrink.
std::optional<std::string> shrunk(const std::string& text, Share share) {
    const bool sequence = is_of_numbers(text);
    if ((!sequence && integer_text(text).value_or(-1) < 0) || text.size() > 200) return std::nullopt;
    std::int64_t largest = 0;
    std::string result = with_numbers(text, [&](const std::string& digits) {
        const std::int64_t number = integer_text(digits).value_or(0);
        largest = std::max(largest, number);
        return std::to_string(number > 1 ? share.of(number) : number);
    });
    return largest >= (sequence ? 2 : kSmallestCount) ? std::optional(result) : std::nullopt;
}

std::string value_of(const Trial& trial, const ParameterOf& parameter) {
    for (const auto& [key, text] : trial.arguments)
        if (key == parameter.name) return text;
    return parameter.default_text.value_or("");
}

// Each number of a configuration or a dictionary that says how large a part of the model is, halved.
void smaller_fields(const Trial& trial, const ParameterOf& parameter, const std::string& value, std::vector<Trial>& trials) {
    const Arguments fields = fields_of(value);
    std::size_t at = 0;
    for (const auto& [name, text] : fields) {
        at = value.find(text, value.find(name, at) + name.size());
        if (at == std::string::npos) return;
        std::vector<Trial> inner;
        if (!fields_of(text).empty()) smaller_fields(trial, {name, "", std::nullopt, ""}, text, inner);
        const auto half = scales(quantity_of(name)) ? shrunk(text, kHalf) : std::nullopt;
        if (half) {
            inner.push_back(trial);
            set_argument(inner.back(), name, *half);
        }
        for (const Trial& smaller : inner) {  // the field's new text stands as an argument of its name
            Trial next = trial;
            set_argument(next, parameter.name, std::string(value).replace(at, text.size(), value_of(smaller, {name, "", std::nullopt, ""})));
            trials.push_back(std::move(next));
        }
        at += text.size();
    }
}

// The share of every axis of the inputs that `chosen` takes. Whether there was one.
template <typename Chosen>
bool shrink_axes(Trial& trial, Share share, Chosen chosen) {
    bool any = false;
    for (auto& [name, spec] : trial.inputs) {
        if (!is_tensor_spec(spec)) continue;
        Json& shape = spec["shape"];
        for (std::size_t axis = 0; axis < shape.size(); ++axis) {
            const auto size = shape[axis].get<std::int64_t>();
            if (!chosen(shape.size(), axis, size)) continue;
            shape[axis] = share.of(size);
            any = true;
        }
    }
    return any;
}

// Below this side no image is halved.
std::int64_t smallest_halved(const Trial& trial) {
    const bool images = std::any_of(trial.inputs.begin(), trial.inputs.end(), [](const auto& input) {
        return is_tensor_spec(input.second) && input.second["shape"].size() >= 4 && input.second["shape"][1] <= kMostColours;
    });
    return 2 * (images ? kSmallestImageSide : kSmallestSide);
}

// Images and volumes of a share of the side, and with them the arguments that tell it, in case the model knows its image.
void smaller_images(const Trial& trial, const DefinitionOf& entry, std::vector<Trial>& trials) {
    for (const Share share : kOfLargeImages) {
        Trial next = trial;
        const std::int64_t smallest = share.denominator == 2 ? smallest_halved(trial) : kLargeSide;
        const auto space = [&](std::size_t rank, std::size_t axis, std::int64_t size) { return rank >= 4 && axis >= 2 && size >= smallest; };
        if (!shrink_axes(next, share, space)) return;
        Trial told = next;
        for (const ParameterOf& parameter : entry.parameters) {
            if (quantity_of(parameter.name) != Quantity::image_size) continue;
            if (const auto less = shrunk(value_of(trial, parameter), share)) set_argument(told, parameter.name, *less);
        }
        const bool knows = told.arguments != next.arguments;
        trials.push_back(std::move(told));
        if (knows) trials.push_back(std::move(next));
    }
}

}  // namespace

std::vector<Trial> lighter(const Trial& trial, const DefinitionOf& entry) {
    std::vector<Trial> trials;
    smaller_images(trial, entry, trials);
    if (entry.kind == "function") return trials;
    const bool images = !trials.empty();
    std::vector<Trial> other_structures;  // stages that differ in width or depth may become alike: last
    for (const ParameterOf& parameter : entry.parameters) {
        if (!parameter.bindable()) continue;
        smaller_fields(trial, parameter, value_of(trial, parameter), trials);
        if (!scales(quantity_of(parameter.name))) continue;
        if (images && quantity_of(parameter.name) == Quantity::image_size) continue;
        const std::string value = value_of(trial, parameter);
        const auto half = shrunk(value, kHalf);
        if (!half) continue;
        Trial next = trial;
        set_argument(next, parameter.name, *half);
        const auto number = integer_text(value);
        Trial fitting = next;
        if (number && shrink_axes(fitting, kHalf, [&](std::size_t, std::size_t axis, std::int64_t size) { return axis > 0 && size == *number; }))
            trials.push_back(std::move(fitting));
        (number ? trials : other_structures).push_back(std::move(next));
    }
    trials.insert(trials.end(), other_structures.begin(), other_structures.end());
    return trials;
}

std::vector<Trial> much_lighter(const Trial& trial, const DefinitionOf& entry) {
    std::vector<Trial> trials;
    for (const bool images : {true, false}) {
        Trial next = trial;
        for (const ParameterOf& parameter : entry.parameters) {
            const auto number = integer_text(value_of(trial, parameter));
            if (!parameter.bindable() || !number || *number < kSmallestQuartered || !scales(quantity_of(parameter.name))) continue;
            const bool image = quantity_of(parameter.name) == Quantity::image_size;
            if (image && !images) continue;
            set_argument(next, parameter.name, std::to_string((image ? kHalf : kQuarter).of(*number)));
            if (!image)
                shrink_axes(next, kQuarter, [&](std::size_t rank, std::size_t axis, std::int64_t size) {
                    return (axis == 1 || (rank <= 3 && axis + 1 == rank)) && size == *number;
                });
        }
        if (images)
            shrink_axes(next, kHalf, [&](std::size_t rank, std::size_t axis, std::int64_t size) { return rank >= 4 && axis >= 2 && size >= smallest_halved(trial); });
        const auto same = [&](const Trial& other) { return next.arguments == other.arguments && next.inputs == other.inputs; };
        if (!same(trial) && (trials.empty() || !same(trials.back()))) trials.push_back(std::move(next));
    }
    return trials;
}

std::vector<Trial> wider(const Trial& trial) {
    std::vector<Trial> trials;
    Trial all = trial;
    all.cost += 1;
    for (std::size_t i = 0; i < trial.arguments.size(); ++i) {
        const auto& [name, value] = trial.arguments[i];
        const Quantity quantity = quantity_of(name);
        const std::int64_t number = integer_text(value).value_or(0);
        const bool is_width = quantity == Quantity::width || quantity == Quantity::channels || quantity == Quantity::image_channels || quantity == Quantity::feed_forward;
        if (!is_width || number < 1 || number > kWidest) continue;
        all.arguments[i].second = std::to_string(kTimesWider * number);
        trials.push_back(trial);
        trials.back().arguments[i].second = all.arguments[i].second;
        trials.back().cost += 2;
    }
    if (!trials.empty()) trials.insert(trials.begin(), std::move(all));
    for (Trial& next : trials) {
        next.inputs.clear();
        next.inputs_chosen = false;
    }
    return trials;
}

std::vector<Trial> shorter(const Trial& trial) {
    Trial next = trial;
    for (auto& [name, spec] : next.inputs) {
        if (!is_tensor_spec(spec) || spec["shape"].size() < 2) continue;
        if (spec["shape"][1].get<std::int64_t>() > kFewItems) spec["shape"][1] = kFewItems;
    }
    return next.inputs == trial.inputs ? std::vector<Trial>{} : std::vector<Trial>{next};
}

}  // namespace mlxify::verify
