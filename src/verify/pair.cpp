#include "verify/pair.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "verify/trial.h"

namespace mlxify::verify {
namespace {

Trouble original_trouble(const Failure& failure) { return {Trouble::Side::original, failure.text(), failure.line}; }
Trouble converted_trouble(const Failure& failure) { return {Trouble::Side::converted, failure.text(), failure.line}; }
Trouble world_trouble(std::string message) { return {Trouble::Side::both, std::move(message), 0}; }

std::optional<Trouble> copy(const std::string& from, const std::string& to) {
    std::error_code error;
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing, error);
    if (error) return world_trouble("cannot copy `" + from + "`: " + error.message());
    return std::nullopt;
}

// Normal float inputs of another spread: tiny ones bring out an epsilon, large ones a saturation.
void put_spread(Json& value, double spread) {
    if (is_float_spec(value)) {
        if (value.contains("low") || value.contains("high")) return;
        value["low"] = -1.7 * spread;
        value["high"] = 1.7 * spread;
    } else if (value.is_structured() && !is_tensor_spec(value)) {
        for (Json& item : value) put_spread(item, spread);
    }
}

bool is_integer_spec(const Json& value) {
    if (!is_tensor_spec(value) || is_float_spec(value)) return false;
    const std::string dtype = value.value("dtype", "float32");
    return dtype.find("int") != std::string::npos || dtype.find("long") != std::string::npos;
}

// Integers that take both ends of their range.
void put_ends(Json& value) {
    if (is_integer_spec(value)) value["ends"] = true;
    else if (value.is_structured() && !is_tensor_spec(value))
        for (Json& item : value) put_ends(item);
}

bool has_integers(const Json& value) {
    if (is_integer_spec(value)) return true;
    return value.is_structured() && !is_tensor_spec(value) && std::any_of(value.begin(), value.end(), has_integers);
}

void look_at_inputs(const Json& value, bool& any, bool& floats) {
    if (is_tensor_spec(value) || (value.is_object() && value.contains("data"))) {
        any = any || is_tensor_spec(value);
        floats = floats || is_float_spec(value);
    } else if (value.is_structured()) {
        for (const Json& item : value) look_at_inputs(item, any, floats);
    }
}

OwnedArray owned(const ArrayView& view) { return {view.type, view.shape, {view.bytes.begin(), view.bytes.end()}}; }

OwnedArray filled_like(const OwnedArray& array, float value) {
    std::size_t size = 1;
    for (const std::int64_t axis : array.shape) size *= static_cast<std::size_t>(axis);
    OwnedArray result{ArrayType::float32, array.shape, std::vector<std::byte>(size * sizeof value)};
    for (std::size_t i = 0; i < size; ++i) std::memcpy(result.bytes.data() + i * sizeof value, &value, sizeof value);
    return result;
}

std::string list_text(const std::vector<std::string>& names) {
    const std::size_t shown = std::min<std::size_t>(names.size(), 4);
    std::string text = fmt::format("`{}`", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), "`, `"));
    return names.size() > shown ? text + fmt::format(" and {} more", names.size() - shown) : text;
}

// The arrays that a session has just written. The name goes at once, so that nobody writes into what we have mapped: the next
// answer under the same name is another file.
std::optional<Trouble> open_into(std::optional<ArrayFile>& out, const std::string& path, bool keep = false) {
    base::Result<ArrayFile> file = ArrayFile::open(path);
    std::error_code ignored;
    if (!keep) std::filesystem::remove(path, ignored);
    if (!file) return world_trouble(file.error().message);
    out.emplace(std::move(file).value());
    return std::nullopt;
}

// What the converted file gave: one file holds all three.
std::optional<Trouble> open_converted(const std::string& out, GradientsOfBoth& both) {
    for (std::optional<ArrayFile>* file : {&both.parameters.converted, &both.state.converted})
        if (auto trouble = open_into(*file, out, /*keep=*/true)) return trouble;
    return open_into(both.inputs.converted, out);
}

std::string mismatch_text(const WeightsLoaded& loaded) {
    std::string text;
    const auto add = [&](const char* what, const std::vector<std::string>& names) {
        if (!names.empty()) text += (text.empty() ? "" : "; ") + std::string(what) + " " + list_text(names);
    };
    add("the converted file lacks", loaded.unexpected);
    add("the original lacks", loaded.missing);
    add("shapes differ in", loaded.mismatched);
    return text;
}

// The two arrays whose marks add up to `value`.
std::optional<std::pair<std::string, std::string>> summands(double value, const std::map<double, std::string>& owners) {
    for (const auto& [mark, name] : owners)
        if (const auto other = owners.find(value - mark); other != owners.end() && other->first > mark) return std::pair(name, other->second);
    return std::nullopt;
}

constexpr std::string_view kAfter = "after.";  // before names of the state after a step

CallOptions in_float64(CallOptions options) {
    options.float64 = true;
    return options;
}

// Of the attributes, those that are compared: that the original's call has assigned. In MLX all weights are attributes too.
CallOptions with_attributes_of(const ArrayFile& original, CallOptions options) {
    constexpr std::string_view kPrefix = "attribute.";
    options.attributes.emplace();
    for (const auto& [name, view] : original.arrays())
        if (name.starts_with(kPrefix)) options.attributes->push_back(name.substr(kPrefix.size()));
    return options;
}

}  // namespace

std::set<std::string> names_in_metadata(const ArrayFile& file, const std::string& key) {
    std::set<std::string> names;
    const auto found = file.metadata().find(key);
    const Json list = found == file.metadata().end() ? Json() : Json::parse(found->second, nullptr, /*allow_exceptions=*/false);
    if (!list.is_array()) return names;
    for (const Json& name : list)
        if (name.is_string()) names.insert(name.get<std::string>());
    return names;
}

std::optional<Trouble> Pair::build() {
    original_.forget();
    converted_.forget();
    const Reply<Construction> original = original_.construct(invocation_.expression);
    if (!original) return original_trouble(original.failure());
    const std::string& expression = invocation_.mlx_expression.empty() ? invocation_.expression : invocation_.mlx_expression;
    const Reply<Construction> converted = converted_.construct(expression);
    if (!converted) return converted_trouble(converted.failure());
    original_parts_ = *original;
    converted_parts_ = *converted;
    if (original_parts_.callable != converted_parts_.callable)
        return Trouble{Trouble::Side::converted, "a module on one side is a function on the other", 0};
    return std::nullopt;
}

std::optional<Trouble> Pair::draw(std::uint64_t seed) {
    if (original_parts_.callable) return std::nullopt;
    const Reply<Session*> original = original_.session();
    if (!original) return original_trouble(original.failure());
    original_weights_ = (*original)->scratch("weights.safetensors");
    const Reply<base::Done> drawn = (*original)->draw(seed, original_weights_);
    if (!drawn) return original_trouble(drawn.failure());
    base::Result<ArrayFile> file = ArrayFile::open(original_weights_);
    if (!file) return world_trouble(file.error().message);
    std::set<std::string> saved;  // other buffers no checkpoint holds, or a call registered them: both sides compute them
    for (const ArrayOf& parameter : original_parts_.parameters) saved.insert(parameter.name);
    for (const ArrayOf& buffer : original_parts_.buffers)
        if (buffer.persistent) saved.insert(buffer.name);
    const std::map<std::string, OwnedArray> before = std::exchange(state_, {});
    for (const auto& [name, view] : file->arrays())
        if (saved.contains(name)) state_.emplace(name, owned(view));
    disturbed_weights_.clear();
    weight_count_ = state_.size();
    for (const auto& [name, array] : before) weights_vary_ = weights_vary_ || state_.at(name).bytes != array.bytes;
    return give_weights();
}

// Gives the converted side what was drawn.
std::optional<Trouble> Pair::give_weights() {
    const Reply<Session*> converted = converted_.session();
    if (!converted) return converted_trouble(converted.failure());
    converted_weights_ = (*converted)->scratch("weights.safetensors");
    const base::Result<base::Done> written = write_arrays(converted_weights_, state_);
    if (!written) return world_trouble(written.error().message);
    const Reply<WeightsLoaded> loaded = (*converted)->weights(converted_weights_);
    if (!loaded) return converted_trouble(loaded.failure());
    weights_mismatch_ = mismatch_text(*loaded);
    return std::nullopt;
}

std::optional<Trouble> Pair::make_inputs(const Numbers& numbers) {
    spec_ = invocation_.spec;
    if (numbers.spread != 1) put_spread(spec_, numbers.spread);
    if (numbers.ends) put_ends(spec_);
    look_at_inputs(spec_, has_inputs_, has_float_inputs_);
    const Reply<Session*> original = original_.session();
    const Reply<Session*> converted = converted_.session();
    if (!original) return original_trouble(original.failure());
    if (!converted) return converted_trouble(converted.failure());
    original_inputs_ = (*original)->scratch("inputs.safetensors");
    converted_inputs_ = (*converted)->scratch("inputs.safetensors");
    disturbed_inputs_.clear();
    const Reply<base::Done> made = (*original)->inputs(spec_, numbers.inputs, original_inputs_);
    if (!made) return original_trouble(made.failure());
    return copy(original_inputs_, converted_inputs_);
}

CallOptions Pair::disturbed_too(CallOptions options) const {
    options.constants = disturbance_;
    return options;
}

// Every weight and every input one rounding away: what comes out differs by about what the roundings inside do.
std::optional<Trouble> Pair::disturb() {
    if (disturbed_inputs_.empty())
        if (auto trouble = write_disturbed(original_inputs_, 1, disturbed_inputs_)) return trouble;
    if (disturbed_weights_.empty() && !original_parts_.callable)
        if (auto trouble = write_disturbed(original_weights_, 1000, disturbed_weights_)) return trouble;
    return original_takes(disturbed_weights_);
}

std::optional<Trouble> Pair::write_disturbed(const std::string& from, std::uint64_t seed, std::string& written, int roundings) {
    const base::Result<ArrayFile> file = ArrayFile::open(from);
    if (!file) return world_trouble(file.error().message);
    std::map<std::string, OwnedArray> arrays;
    seed += 100'000 * disturbance_;
    for (const auto& [name, view] : file->arrays()) arrays.emplace(name, disturbed(view, seed++, roundings));
    const std::string path = from + ".disturbed";
    const base::Result<base::Done> done = write_arrays(path, arrays, file->metadata());
    if (!done) return world_trouble(done.error().message);
    written = path;
    return std::nullopt;
}

std::optional<Trouble> Pair::original_takes(const std::string& weights) {
    if (original_parts_.callable) return std::nullopt;
    const Reply<Session*> original = original_.session();
    if (!original) return original_trouble(original.failure());
    const Reply<WeightsLoaded> loaded = (*original)->weights(weights);
    if (!loaded) return original_trouble(loaded.failure());
    return std::nullopt;
}

Outcome<CalledBoth> Pair::call(const CallOptions& options) {
    const Reply<Session*> original = original_.session();
    const Reply<Session*> converted = converted_.session();
    if (!original) return original_trouble(original.failure());
    if (!converted) return converted_trouble(converted.failure());
    CalledBoth result;
    const std::string plain = (*original)->scratch("out.safetensors");
    const Reply<CallResult> called = (*original)->call(spec_, original_inputs_, options, plain);
    if (!called) return original_trouble(called.failure());
    result.original = *called;
    if (auto trouble = open_into(result.arrays.plain, plain)) return *trouble;
    const std::string out = (*converted)->scratch("out.safetensors");
    const Reply<CallResult> answered = (*converted)->call(spec_, converted_inputs_, with_attributes_of(*result.arrays.plain, options), out);
    if (!answered) return converted_trouble(answered.failure());
    result.converted = *answered;
    if (auto trouble = open_into(result.arrays.converted, out)) return *trouble;
    return result;
}

std::optional<Trouble> Pair::measure(const CallOptions& options, CalledBoth& both) {
    const Reply<Session*> original = original_.session();
    if (!original) return original_trouble(original.failure());
    const CallOptions precise = in_float64(options);
    const std::size_t leaves = both.original.leaves.size();
    const std::string doubles = (*original)->scratch("out64.safetensors");
    const Reply<CallResult> in_float64 = (*original)->call(spec_, original_inputs_, precise, doubles);
    if (in_float64 && in_float64->leaves.size() == leaves)
        if (auto trouble = open_into(both.arrays.float64, doubles)) return trouble;
    if (auto trouble = disturb()) return trouble;
    const std::string moved = (*original)->scratch("out_disturbed.safetensors");
    const Reply<CallResult> disturbed_call = (*original)->call(spec_, disturbed_inputs_, disturbed_too(options), moved);
    if (auto trouble = original_takes(original_weights_)) return trouble;
    if (disturbed_call && disturbed_call->leaves.size() == leaves)
        if (auto trouble = open_into(both.arrays.disturbed, moved)) return trouble;
    return std::nullopt;
}

Outcome<ArrayFile> Pair::mapped(const std::map<std::string, const ArrayView*>& arrays, const std::string& name) {
    const Reply<Session*> converted = converted_.session();
    if (!converted) return converted_trouble(converted.failure());
    std::map<std::string, OwnedArray> complete;
    for (const auto& [key, array] : state_) {
        const auto found = arrays.find(key);
        complete.emplace(key, found != arrays.end() ? owned(*found->second) : filled_like(array, 0));
    }
    const std::string path = (*converted)->scratch(name + ".torch.safetensors");
    const std::string out = (*converted)->scratch(name + ".safetensors");
    const base::Result<base::Done> written = write_arrays(path, complete);
    if (!written) return world_trouble(written.error().message);
    const Reply<base::Done> named = (*converted)->names(path, out);
    if (!named) return converted_trouble(named.failure());
    std::optional<ArrayFile> file;
    if (auto trouble = open_into(file, out)) return *trouble;
    return std::move(*file);
}

Outcome<ArrayFile> Pair::mapped(const ArrayFile& file, const std::string& name) {
    std::map<std::string, const ArrayView*> arrays;
    for (const auto& [key, view] : file.arrays()) arrays.emplace(key, &view);
    return mapped(arrays, name);
}

Outcome<ArrayFile> Pair::mapped(const std::map<std::string, OwnedArray>& arrays, const std::string& name) {
    std::vector<ArrayView> views;
    views.reserve(arrays.size());
    std::map<std::string, const ArrayView*> seen;
    for (const auto& [key, array] : arrays) {
        views.push_back({array.type, array.shape, array.bytes});
        seen.emplace(key, &views.back());
    }
    return mapped(seen, name);
}

// Sends ones for these of PyTorch's arrays and zeros for the rest through the converted file's `sanitize`: what comes out says into
// which of its arrays they go, and how many into each (two biases that were summed: 2).
Outcome<ArrayFile> Pair::counted(const std::set<std::string>& names, const std::string& file) {
    std::map<std::string, OwnedArray> ones;
    for (const std::string& name : names)
        if (const auto found = state_.find(name); found != state_.end()) ones.emplace(name, filled_like(found->second, 1));
    return mapped(ones, file);
}

// Which of the converted file's arrays must be trained.
std::optional<Trouble> Pair::map_trainable() {
    std::set<std::string> trained;
    for (const ArrayOf& parameter : original_parts_.parameters)  // of complex ones the workers give no gradient
        if (parameter.trainable && !parameter.dtype.starts_with("complex")) trained.insert(parameter.name);
    Outcome<ArrayFile> file = counted(trained, "trainable");
    if (const Trouble* trouble = std::get_if<Trouble>(&file)) return *trouble;
    trainable_.emplace(std::move(std::get<ArrayFile>(file)));
    return std::nullopt;
}

// Arrays that several of PyTorch's went into got the sum of their gradients; each of them has the gradient of the whole.
Outcome<ArrayFile> Pair::averaged(ArrayFile file, const std::string& path) {
    const auto summed = [&](const std::string& name) {
        const ArrayView* count = trainable_->find(name);
        return count != nullptr && scale_of(*count) > 1;
    };
    const auto& arrays = file.arrays();
    if (std::none_of(arrays.begin(), arrays.end(), [&](const auto& item) { return summed(item.first); })) return file;
    std::map<std::string, OwnedArray> result;
    for (const auto& [name, view] : arrays) {
        OwnedArray array = owned(view);
        const ArrayView* count = trainable_->find(name);
        if (summed(name) && view.type == ArrayType::float32 && count->size() == view.size()) {
            for (std::size_t i = 0; i < view.size(); ++i) {
                const auto value = static_cast<float>(view.real(i) / std::max(count->real(i), 1.0));
                std::memcpy(array.bytes.data() + i * sizeof value, &value, sizeof value);
            }
        }
        result.emplace(name, std::move(array));
    }
    const base::Result<base::Done> written = write_arrays(path, result);
    if (!written) return world_trouble(written.error().message);
    base::Result<ArrayFile> reopened = ArrayFile::open(path);
    if (!reopened) return world_trouble(reopened.error().message);
    return std::move(reopened).value();
}

// The state after a step, where the original's file of gradients holds one, under the names that `sanitize` gives it; prefixes go.
std::optional<Trouble> Pair::map_state(const ArrayFile& file, std::optional<ArrayFile>& out) {
    std::map<std::string, const ArrayView*> arrays;
    for (const auto& [name, view] : file.arrays())
        if (name.starts_with(kAfter)) arrays.emplace(name.substr(name.find('.', kAfter.size()) + 1), &view);
    if (arrays.empty()) return std::nullopt;
    Outcome<ArrayFile> named = mapped(arrays, "state");
    if (const Trouble* trouble = std::get_if<Trouble>(&named)) return *trouble;
    out.emplace(std::move(std::get<ArrayFile>(named)));
    return std::nullopt;
}

std::optional<Trouble> Pair::map_gradients(const std::string& file, GradientsOfBoth& both, std::optional<ArrayFile> Quadruple::*which) {
    std::optional<ArrayFile>& inputs = both.inputs.*which;
    if (auto trouble = open_into(inputs, file)) return trouble;
    constexpr std::string_view kPrefix = "parameter.";
    std::map<std::string, const ArrayView*> arrays;
    for (const auto& [name, view] : inputs->arrays())
        if (name.starts_with(kPrefix)) arrays.emplace(name.substr(kPrefix.size()), &view);
    if (original_parts_.callable) return std::nullopt;
    Outcome<ArrayFile> named = mapped(arrays, "gradient");
    if (const Trouble* trouble = std::get_if<Trouble>(&named)) return *trouble;
    Outcome<ArrayFile> each = averaged(std::move(std::get<ArrayFile>(named)), file + ".averaged");
    if (const Trouble* trouble = std::get_if<Trouble>(&each)) return *trouble;
    (both.parameters.*which).emplace(std::move(std::get<ArrayFile>(each)));
    return map_state(*inputs, both.state.*which);
}

std::vector<std::string> Pair::training_problems(const ArrayFile& gradients) const {
    std::vector<std::string> problems;
    if (!trainable_) return problems;
    for (const auto& [name, view] : trainable_->arrays()) {
        if (view.size() == 0) continue;  // as of a class token that there is none of
        const bool wanted = scale_of(view) > 0;
        const bool trained = gradients.find("parameter." + name) != nullptr;
        if (wanted && !trained) problems.push_back("`" + name + "` is not trained");
        if (!wanted && trained) problems.push_back("`" + name + "` is trained and no parameter in the original");
    }
    return problems;
}

Outcome<GradientsOfBoth> Pair::gradient(const CallOptions& options) {
    if (!original_parts_.callable && !trainable_)
        if (auto trouble = map_trainable()) return *trouble;
    const Reply<Session*> original = original_.session();
    const Reply<Session*> converted = converted_.session();
    if (!original) return original_trouble(original.failure());
    if (!converted) return converted_trouble(converted.failure());
    GradientsOfBoth result;
    const std::string plain = (*original)->scratch("gradient.safetensors");
    const Reply<GradientResult> given = (*original)->gradient(spec_, original_inputs_, options, plain);
    if (!given) return original_trouble(given.failure());
    if (auto trouble = map_gradients(plain, result, &Quadruple::plain)) return *trouble;
    const std::string out = (*converted)->scratch("gradient_out.safetensors");
    const Reply<GradientResult> answered = (*converted)->gradient(spec_, converted_inputs_, options, out);
    if (!answered) return converted_trouble(answered.failure());
    if (auto trouble = open_converted(out, result)) return *trouble;
    result.problems = training_problems(*result.parameters.converted);
    return result;
}

std::optional<Trouble> Pair::measure(const CallOptions& options, GradientsOfBoth& both) {
    const Reply<Session*> original = original_.session();
    if (!original) return original_trouble(original.failure());
    const CallOptions precise = in_float64(options);
    const std::string doubles = (*original)->scratch("gradient64.safetensors");
    if ((*original)->gradient(spec_, original_inputs_, precise, doubles))
        if (auto trouble = map_gradients(doubles, both, &Quadruple::float64)) return trouble;
    if (auto trouble = disturb()) return trouble;
    const std::string moved = (*original)->scratch("gradient_disturbed.safetensors");
    const bool ran = static_cast<bool>((*original)->gradient(spec_, disturbed_inputs_, disturbed_too(options), moved));
    if (auto trouble = original_takes(original_weights_)) return trouble;
    if (ran)
        if (auto trouble = map_gradients(moved, both, &Quadruple::disturbed)) return trouble;
    return std::nullopt;
}

void Pair::widen(const CallOptions& options, CalledBoth& both) {
    const Reply<Session*> converted = converted_.session();
    if (!converted) return;
    const CallOptions precise = with_attributes_of(*both.arrays.plain, in_float64(options));
    const std::string out = (*converted)->scratch("out64.safetensors");
    const Reply<CallResult> answered = (*converted)->call(spec_, converted_inputs_, precise, out);
    if (answered && answered->leaves.size() == both.converted.leaves.size() && open_into(both.arrays.converted64, out)) both.arrays.converted64.reset();
}

void Pair::widen(const CallOptions& options, GradientsOfBoth& both) {
    const Reply<Session*> converted = converted_.session();
    if (!converted) return;
    const CallOptions precise = in_float64(options);
    const std::string out = (*converted)->scratch("gradient_out64.safetensors");
    if (!(*converted)->gradient(spec_, converted_inputs_, precise, out)) return;
    if (open_into(both.parameters.converted64, out, /*keep=*/true)) both.parameters.converted64.reset();
    if (open_into(both.inputs.converted64, out)) both.inputs.converted64.reset();
}

bool Pair::sum_exactly(const CallOptions& options, CalledBoth& both) {
    const Reply<Session*> converted = converted_.session();
    if (!converted) return false;
    CallOptions exact = with_attributes_of(*both.arrays.plain, options);
    exact.exact_sums = true;
    const std::string out = (*converted)->scratch("out_exact.safetensors");
    const Reply<CallResult> answered = (*converted)->call(spec_, converted_inputs_, exact, out);
    return answered && answered->leaves.size() == both.converted.leaves.size() && !open_into(both.arrays.converted, out);
}

bool Pair::sum_exactly(const CallOptions& options, GradientsOfBoth& both) {
    const Reply<Session*> converted = converted_.session();
    if (!converted) return false;
    CallOptions exact = options;
    exact.exact_sums = true;
    const std::string out = (*converted)->scratch("gradient_out_exact.safetensors");
    if (!(*converted)->gradient(spec_, converted_inputs_, exact, out)) return false;
    return !open_converted(out, both);
}

// One run of the converted file on weights and inputs that are some roundings away.
bool Pair::shake_once(const CallOptions& options, std::uint64_t seed, GradientsOfBoth& both) {
    const int roundings = kShaken[both.inputs.shaken.size() % kTurns];
    const Reply<Session*> converted = converted_.session();
    if (!converted) return false;
    if (!original_parts_.callable) {
        std::map<std::string, OwnedArray> weights;
        for (const auto& [name, array] : state_) weights.emplace(name, disturbed({array.type, array.shape, array.bytes}, seed++, roundings));
        const std::string path = (*converted)->scratch("weights_shaken.safetensors");
        if (!write_arrays(path, weights) || !(*converted)->weights(path)) return false;
    }
    std::string moved;
    if (write_disturbed(converted_inputs_, seed, moved, roundings)) return false;
    const std::string out = (*converted)->scratch("gradient_shaken.safetensors");
    if (!(*converted)->gradient(spec_, moved, options, out)) return false;
    std::optional<ArrayFile> parameters, inputs;
    if (open_into(parameters, out, /*keep=*/true) || open_into(inputs, out)) return false;
    both.parameters.shaken.push_back(std::move(*parameters));
    both.inputs.shaken.push_back(std::move(*inputs));
    return true;
}

bool Pair::shake(const CallOptions& options, GradientsOfBoth& both) {
    const bool ran = shake_once(options, 10'000'000ULL * (both.inputs.shaken.size() + 1), both);
    const bool restored = original_parts_.callable || !give_weights();
    return ran && restored;
}

Outcome<Pair::InitialStates> Pair::initial() {
    if (!trainable_)
        if (auto trouble = map_trainable()) return *trouble;
    InitialStates result;
    if (auto trouble = add_construction(result, 1, /*defaults=*/false)) return *trouble;
    return result;
}

std::optional<Trouble> Pair::add_initial(InitialStates& states, int seeds) {
    for (int seed = 2; seed <= seeds; ++seed)
        if (auto trouble = add_construction(states, static_cast<std::uint64_t>(seed), /*defaults=*/seed == 2)) return trouble;
    const Reply<Session*> original = original_.session();
    if (!original) return original_trouble(original.failure());
    const std::string doubles = (*original)->scratch("initial64.safetensors");
    if (!(*original)->initial(1, doubles, /*defaults=*/false, /*float64=*/true)) return std::nullopt;
    std::optional<ArrayFile> state;
    if (auto trouble = open_into(state, doubles)) return trouble;
    if (Outcome<ArrayFile> precise = mapped(*state, "initial_named"); ArrayFile* file = std::get_if<ArrayFile>(&precise)) states.precise.emplace(std::move(*file));
    return std::nullopt;
}

// Constructs on both sides. `defaults`: also looks which arrays hold the frameworks' own values, whatever the seed is.
std::optional<Trouble> Pair::add_construction(InitialStates& states, std::uint64_t seed, bool defaults) {
    const Reply<Session*> original = original_.session();
    const Reply<Session*> converted = converted_.session();
    if (!original) return original_trouble(original.failure());
    if (!converted) return converted_trouble(converted.failure());
    const std::string theirs = (*original)->scratch("initial.safetensors"), ours = (*converted)->scratch("initial_own.safetensors");
    if (const Reply<base::Done> built = (*original)->initial(seed, theirs, defaults); !built) return original_trouble(built.failure());
    if (const Reply<base::Done> built = (*converted)->initial(seed, ours, defaults); !built) return converted_trouble(built.failure());
    std::optional<ArrayFile> state, own;
    if (auto trouble = open_into(state, theirs)) return trouble;
    if (auto trouble = open_into(own, ours)) return trouble;
    Outcome<ArrayFile> named = mapped(*state, "initial_named");
    if (const Trouble* trouble = std::get_if<Trouble>(&named)) return *trouble;
    if (defaults) {
        states.own_defaults = names_in_metadata(*own, "defaults");
        Outcome<ArrayFile> count = counted(names_in_metadata(*state, "defaults"), "defaults");
        if (const Trouble* trouble = std::get_if<Trouble>(&count)) return *trouble;
        for (const auto& [name, view] : std::get<ArrayFile>(count).arrays())
            if (scale_of(view) > 0) states.defaults.insert(name);
    }
    states.original.push_back(std::move(std::get<ArrayFile>(named)));
    states.converted.push_back(std::move(*own));
    return std::nullopt;
}

// Every array is sent through the file's own `sanitize` filled with a number of its own; where it comes out is where it stands.
std::vector<MappedWeight> Pair::weight_map() {
    std::map<double, std::string> owners;
    std::map<std::string, OwnedArray> marked;
    std::uint64_t state = 1;
    for (const auto& [name, array] : state_) {
        double mark = 0;
        while (mark == 0 || owners.contains(mark)) {  // scattered, so that a sum of two is not a third
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            mark = static_cast<double>(state >> 42);  // 22 bits: a sum is still exact
        }
        owners.emplace(mark, name);
        marked.emplace(name, filled_like(array, static_cast<float>(mark)));
    }
    std::vector<MappedWeight> result;
    if (marked.empty()) return result;
    Outcome<ArrayFile> file = mapped(marked, "marked");
    if (std::holds_alternative<Trouble>(file)) return result;
    for (const auto& [name, view] : std::get<ArrayFile>(file).arrays()) {
        MappedWeight weight{name, view.shape, {}};
        std::set<double> seen;
        for (std::size_t i = 0; i < view.size(); ++i) seen.insert(view.real(i));
        for (const double value : seen) {
            if (const auto owner = owners.find(value); owner != owners.end()) weight.originals.push_back(owner->second);
            else if (const auto two = summands(value, owners)) weight.originals.insert(weight.originals.end(), {two->first, two->second});
        }
        std::sort(weight.originals.begin(), weight.originals.end());
        result.push_back(std::move(weight));
    }
    return result;
}

bool Pair::has_integer_inputs() const { return has_integers(invocation_.spec); }

bool Pair::one_to_one(const std::string& name) const {
    const ArrayView* count = trainable_ ? trainable_->find(name) : nullptr;
    return count != nullptr && scale_of(*count) <= 1;
}

}  // namespace mlxify::verify
