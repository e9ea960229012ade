#include "verify/results.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "verify/initial.h"
#include "verify/proof.h"

namespace mlxify::verify {
namespace {

constexpr std::size_t kPointsOfArray = 64, kPoints = 600;  // kept for the report
constexpr double kOfExpected = 1e-3;  // that sums of computed probabilities may differ by

// Whether each array holds what the other holds: a buffer that was copied from a layer's weight.
bool same_numbers(const std::vector<const ArrayView*>& arrays, const std::vector<const ArrayView*>& others) {
    return std::equal(arrays.begin(), arrays.end(), others.begin(), others.end(),
                      [](const ArrayView* a, const ArrayView* b) { return a->shape == b->shape && a->type == b->type && std::ranges::equal(a->bytes, b->bytes); });
}

}  // namespace

bool no_gradient_in_mlx(const std::string& message) {
    return message.find("vjp] Not implemented") != std::string::npos || message.find("::vjp") != std::string::npos;
}

bool no_gradient_in_torch(const std::string& message) {
    constexpr std::string_view kPhrases[] = {"modified by an inplace operation", "numpy() on Tensor that requires grad", "must be Number, not Tensor"};
    const auto says = [&](std::string_view part) { return message.find(part) != std::string::npos; };
    return (says("derivative for ") && says("is not implemented")) || std::any_of(std::begin(kPhrases), std::end(kPhrases), says);
}

bool any_gradient(const GradientsOfBoth& both) {
    for (const std::optional<ArrayFile>* file : {&both.parameters.plain, &both.inputs.plain}) {
        if (!*file) continue;
        for (const auto& [name, view] : (*file)->arrays())
            if (scale_of(view) > 0) return true;
    }
    return false;
}

bool has_nan(const ArrayFile& file) {
    for (const auto& [name, view] : file.arrays())
        for (std::size_t i = 0; i < view.size(); ++i)
            if (name.starts_with("leaf.") && std::isnan(view.real(i))) return true;
    return false;
}

bool is_finite(const CallResult& result) {
    return std::all_of(result.leaves.begin(), result.leaves.end(), [](const LeafOf& leaf) { return leaf.finite; });
}

bool of_parameters_alone(const GradientsOfBoth& both) {
    const auto of_inputs = [](const std::optional<ArrayFile>& file) {
        return file && std::any_of(file->arrays().begin(), file->arrays().end(), [](const auto& item) { return item.first.starts_with("input."); });
    };
    return !of_inputs(both.inputs.plain) && of_inputs(both.inputs.converted);
}

double siblings_of(const ArrayFile& arrays, const std::string& name) {
    const std::string prefix = name.substr(0, name.rfind('.') + 1);
    double scale = 0;
    for (const auto& [other, view] : arrays.arrays())
        if (other.starts_with(prefix) && other.find('.', prefix.size()) == std::string::npos) scale = std::max(scale, scale_of(view));
    return scale;
}

bool same_draws(const Pair& pair, const Pair::InitialStates& states) {
    const ArrayFile& converted = states.converted.front();
    const auto& arrays = states.original.front().arrays();
    return std::all_of(arrays.begin(), arrays.end(), [&](const auto& array) {
        const ArrayView* ours = converted.find(array.first);
        return !pair.one_to_one(array.first) || ours == nullptr || same_initial(array.second, *ours);
    });
}

std::string difference_of_new_models(const Pair& pair, const Pair::InitialStates& states, std::size_t constructions, std::set<std::string>& other_defaults) {
    const auto of = [](const std::vector<ArrayFile>& files, const std::string& name) {
        std::vector<const ArrayView*> views;
        for (const ArrayFile& file : files)
            if (const ArrayView* view = file.find(name)) views.push_back(view);
        return views;
    };
    for (const auto& [name, view] : states.original.front().arrays()) {
        if (!pair.one_to_one(name)) continue;  // the sum of two biases is distributed otherwise
        const auto theirs = of(states.original, name), ours = of(states.converted, name);
        if (theirs.size() != constructions || ours.size() != constructions) continue;
        const ArrayView* precise = states.precise ? states.precise->find(name) : nullptr;
        std::string reason = initial_difference(theirs, ours, precise);
        if (reason.empty()) continue;
        const auto copied = [&](const std::string& source) { return same_numbers(theirs, of(states.original, source)) && same_numbers(ours, of(states.converted, source)); };
        const bool of_library = states.defaults.contains(name) || std::any_of(states.defaults.begin(), states.defaults.end(), copied);
        if (of_library && states.own_defaults.contains(name)) {
            other_defaults.insert(name);
            reason = initial_constants_difference(theirs, ours, precise);
        }
        if (!reason.empty()) return fmt::format("`{}` of a new model: {}", name, reason);
    }
    return {};
}

std::string dropout_activity(const CalledBoth& with, const CalledBoth& without) {
    const auto acts = [](const std::optional<ArrayFile>& a, const std::optional<ArrayFile>& b) {
        for (const auto& [name, view] : a->arrays()) {
            const ArrayView* other = b->find(name);
            if (name.starts_with("leaf.") && (other == nullptr || moved(view, *other))) return true;
        }
        return false;
    };
    const bool original = acts(with.arrays.plain, without.arrays.plain);
    const bool converted = acts(with.arrays.converted, without.arrays.converted);
    if (original == converted) return {};
    return original ? "dropout is not active in training mode" : "dropout is active where the original has none";
}

std::string other_dropout(const CalledBoth& both) {
    const std::map<std::string, double>&theirs = both.original.kept, &ours = both.converted.kept;
    for (const auto* side : {&theirs, &ours})
        for (const auto& [probability, ignored] : *side) {
            const double wanted = theirs.contains(probability) ? theirs.at(probability) : 0;
            const double given = ours.contains(probability) ? ours.at(probability) : 0;
            const double slack = probability.starts_with("expected") ? kOfExpected * std::max(wanted, given) : 0;
            if (std::abs(wanted - given) > slack)
                return fmt::format("dropout: the original draws {:.6g} elements that are kept with probability {}, the converted file {:.6g}", wanted,
                                   probability, given);
        }
    return {};
}

void note_comparison(Evidence& evidence, const std::string& path, const char* stage, const Comparison& comparison, const ArrayView& plain, const ArrayView& converted) {
    if (comparison.match == Match::ill_conditioned || comparison.tolerance <= 0) return;
    const auto known = std::find_if(evidence.arrays.begin(), evidence.arrays.end(),
                                    [&](const ArrayError& array) { return array.name == path && array.quantity == stage; });
    const bool is_new = known == evidence.arrays.end();
    if (is_new) evidence.arrays.push_back({path, stage, comparison.error, comparison.tolerance});
    else if (comparison.error / comparison.tolerance > known->error / known->tolerance) std::tie(known->error, known->tolerance) = std::pair(comparison.error, comparison.tolerance);
    const bool values = stage == std::string_view(stage::kValues);
    if (!is_new || (!values && stage != std::string_view(stage::kGradients))) return;
    std::vector<Point>& points = values ? evidence.values : evidence.gradients;
    const double scale = scale_of(plain);
    if (scale <= 0 || plain.shape != converted.shape || !is_floating(plain.type)) return;
    const std::size_t step = std::max<std::size_t>(1, plain.size() / kPointsOfArray);
    for (std::size_t i = 0; i < plain.size() && points.size() < kPoints; i += step)
        if (std::isfinite(plain.real(i)) && std::isfinite(converted.real(i)))
            points.push_back({static_cast<float>(plain.real(i) / scale), static_cast<float>(converted.real(i) / scale)});
}

std::string cost_figure(const Cost& original, const Cost& converted) {
    constexpr double kMega = 1e6, kLeastTold = 0.1;
    std::string text = fmt::format("a call: PyTorch {:.2f} ms, MLX {:.2f} ms", 1e3 * original.seconds, 1e3 * converted.seconds);
    const bool stepped = original.step_seconds > 0;
    if (stepped) text += fmt::format("; a step: {:.2f} ms, {:.2f} ms", 1e3 * original.step_seconds, 1e3 * converted.step_seconds);
    const double theirs = (stepped ? original.step_peak_bytes : original.peak_bytes) / kMega;
    const double ours = (stepped ? converted.step_peak_bytes : converted.peak_bytes) / kMega;
    if (std::max(theirs, ours) >= kLeastTold) text += fmt::format("; peak memory: {:.1f} MB, {:.1f} MB", theirs, ours);
    if (converted.moves > 2 * original.moves) text += fmt::format("; {} moves of axes, PyTorch {}", converted.moves, original.moves);
    return text;
}

}  // namespace mlxify::verify
