// First guesses at inputs: see trial.h.
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "verify/trial.h"

namespace mlxify::verify {

using base::contains;

namespace {

constexpr std::int64_t kViews = 3;  // images of one sample, before their channels
constexpr std::int64_t kMostStated = 1 << 22;  // elements of a tensor whose shape the author states

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// `t`, `f`, `(f pf)`, and `d` where it is no width.
bool counts_frames(std::string_view name, std::size_t position) {
    const std::string_view first = name.starts_with('(') ? name.substr(1, name.find(' ') - 1) : name;
    return one_of(first, {"t", "f", "frames", "frame", "nf", "time"}) || (position == 2 && first == "d");
}

// The least multiple of `factor` that is not below `size`.
std::int64_t rounded_up(std::int64_t size, std::int64_t factor) { return factor > 1 ? (size + factor - 1) / factor * factor : size; }

// The size of an axis by the name that the author gives it in `b, l, d = x.shape`.
std::int64_t axis_size(const std::string& axis, std::size_t position, const InputHint& hint, const Sizes& sizes, bool image) {
    const std::string name = lower(axis);
    if (position < hint.sizes.size() && hint.sizes[position] > 0) return hint.sizes[position];
    const bool last = position + 1 == hint.axes.size();
    if (const auto named = sizes.named.find(name); named != sizes.named.end() && name.size() > 3) return named->second;
    if (position == 0 && (name.starts_with("b") || name == "n" || name == "_" || contains(name, "batch"))) return kBatch;
    if (last && hint.last > 0) return hint.last;
    if (position == 1 && hint.channels > 0) return hint.channels;
    if (one_of(name, {"c", "ch", "channels", "channel", "c_in", "in_channels", "nc"})) {
        if (image || hint.channels > 0) return hint.channels > 0 ? hint.channels : sizes.channels;
        return last ? sizes.width : sizes.channels_known ? sizes.channels : sizes.width;
    }
    if (image && counts_frames(name, position)) return sizes.frames;
    if (image && one_of(name, {"w", "width"})) return sizes.image_width > 0 ? sizes.image_width : sizes.image;
    if (image && (one_of(name, {"h", "height", "x", "y"}) || name.starts_with('('))) return sizes.image;
    if (one_of(name, {"h", "heads", "nh", "num_heads", "n_heads", "n_head"})) return sizes.heads;
    if (contains(name, "head")) return last ? sizes.head_width : sizes.heads;
    if (one_of(name, {"d", "dim", "e", "f", "hidden", "embed_dim", "d_model", "hidden_size"}) || contains(name, "dim"))
        return std::find(hint.axes.begin(), hint.axes.end(), "h") != hint.axes.end() ? sizes.head_width : sizes.width;
    if (last && !image) return sizes.width;
    if (image && hint.axes.size() > 4 && position + 3 < hint.axes.size()) return kViews;
    return image && position >= 2 ? sizes.image : sizes.length;
}

std::vector<std::int64_t> shape_by_axes(const InputHint& hint, const Sizes& sizes) {
    const auto named = [&](std::string_view name) {
        return std::any_of(hint.axes.begin(), hint.axes.end(), [&](const std::string& axis) { return lower(axis) == name; });
    };
    const bool patches = std::any_of(hint.axes.begin(), hint.axes.end(), [](const std::string& axis) { return axis.starts_with('('); });
    const bool image = named("w") || named("width") || hint.channels > 0 || (patches && hint.axes.size() >= 4);
    std::vector<std::int64_t> shape;
    for (std::size_t i = 0; i < hint.axes.size(); ++i) shape.push_back(rounded_up(axis_size(hint.axes[i], i, hint, sizes, image), i < hint.multiples.size() ? hint.multiples[i] : 1));
    return shape;
}

bool is_batch(std::string_view axis) { return one_of(axis, {"b", "bs", "bsz", "nb"}) || contains(axis, "batch"); }

bool is_length(std::string_view axis) {
    return one_of(axis, {"l", "t", "s", "m", "n", "q", "time", "steps", "points", "nodes"}) || contains(axis, "len") || contains(axis, "seq") ||
           contains(axis, "time") || contains(axis, "num_") || contains(axis, "n_") || contains(axis, "samples") || contains(axis, "frames");
}

// The size of an axis by the name that the author states, in a shape with these other axes.
std::int64_t stated_size(const std::string& axis, std::size_t position, const std::vector<std::string>& axes, const Sizes& sizes) {
    const auto among = [&](std::initializer_list<std::string_view> names) {
        return std::any_of(axes.begin(), axes.end(), [&](const std::string& other) { return one_of(other, names); });
    };
    if (const auto number = integer_text(axis)) return *number;
    if (const auto named = sizes.named.find(axis); named != sizes.named.end()) return named->second;
    const std::size_t digits = axis.find_first_not_of("0123456789");  // `2h`
    if (const auto factor = integer_text(axis.substr(0, digits)); factor && digits < axis.size()) return *factor * stated_size(axis.substr(digits), position, axes, sizes);
    const bool image = among({"w", "width", "w_in", "w1", "2w", "4w"});
    const bool batch_later = std::any_of(axes.begin() + static_cast<std::ptrdiff_t>(position), axes.end(), is_batch);
    if (is_batch(axis) || (position == 0 && axis == "n" && !batch_later)) return kBatch;
    if (one_of(axis, {"c", "ch", "channel", "channels", "c_in", "in_channels"}))
        return image || sizes.channels_known ? sizes.channels : sizes.width;
    if (image && one_of(axis, {"w", "width", "w_in", "w1"}) && sizes.image_width > 0) return sizes.image_width;
    if (image && one_of(axis, {"h", "w", "height", "width", "h_in", "w_in", "h1", "w1"})) return sizes.image;
    if (image && position >= 1 && one_of(axis, {"d", "t", "f", "depth", "frames"})) return sizes.frames;
    if (one_of(axis, {"h", "nh"}) || contains(axis, "head")) return contains(axis, "dim") ? sizes.head_width : sizes.heads;
    if (is_length(axis)) return sizes.length;
    if (one_of(axis, {"k"}) && position + 1 < axes.size()) return 4;
    return sizes.width;
}

// Of `h*w` or `num_heads * head_dim`.
std::int64_t stated_product(const std::string& axis, std::size_t position, const std::vector<std::string>& axes, const Sizes& sizes) {
    if (const std::size_t sign = axis.find_first_of("+-/"); sign != std::string::npos && sign > 0) {
        const std::int64_t left = stated_product(axis.substr(0, sign), position, axes, sizes);
        const std::string rest = axis.substr(axis.find_first_not_of("+-/", sign));
        const std::int64_t right = stated_product(rest, position, axes, sizes);
        return std::max<std::int64_t>(axis[sign] == '+' ? left + right : axis[sign] == '-' ? left - right : left / std::max<std::int64_t>(right, 1), 1);
    }
    const std::size_t times = axis.find('*');
    if (times == std::string::npos) return stated_size(axis, position, axes, sizes);
    if (position == 0 && is_batch(axis.substr(0, times))) return kBatch;  // `batch * images`
    return stated_product(axis.substr(0, times), position, axes, sizes) * stated_product(axis.substr(axis.find_first_not_of('*', times)), position, axes, sizes);
}

// What the author states, with the sizes that the code wants; nullopt where the code wants another rank.
std::optional<std::vector<std::int64_t>> documented_shape(const InputHint& hint, const Sizes& sizes) {
    const std::vector<std::string>& axes = hint.documented.axes;
    const int rank = static_cast<int>(axes.size());
    if (axes.empty() || (hint.rank >= 0 && hint.rank != rank) || hint.least_rank > rank) return std::nullopt;
    std::vector<std::int64_t> shape;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const bool same_axes = hint.axes.size() == axes.size();
        std::int64_t size = stated_product(axes[i], i, axes, sizes);
        if (same_axes && i < hint.sizes.size() && hint.sizes[i] > 0) size = hint.sizes[i];
        else if (i + 1 == axes.size() && hint.last > 0) size = hint.last;
        else if (i == 1 && hint.channels > 0) size = hint.channels;
        if (same_axes && i < hint.multiples.size()) size = rounded_up(size, hint.multiples[i]);
        shape.push_back(size);
    }
    return shape;
}

std::vector<std::int64_t> shape_of_rank(int rank, const InputHint& hint, const Sizes& sizes) {
    if (static_cast<int>(hint.axes.size()) == rank && rank > 0) return shape_by_axes(hint, sizes);
    const std::int64_t last = hint.last > 0 ? hint.last : sizes.width;
    const std::int64_t channels = hint.channels > 0 ? hint.channels : sizes.channels;
    switch (rank) {
        case 0: return {};
        case 1: return {hint.last > 0 ? hint.last : kBatch};
        case 2: return {kBatch, hint.channels > 0 ? hint.channels : last};
        case 3:
            if (hint.channels > 0) return {kBatch, hint.channels, sizes.length};
            return {kBatch, sizes.length, last};
        case 4:
            if (hint.last > 0 && hint.channels < 0) return {kBatch, 6, 8, hint.last};
            return {kBatch, channels, sizes.image, sizes.image_width > 0 ? sizes.image_width : sizes.image};
        case 5: return {1, channels, sizes.frames, sizes.image_known ? sizes.image : 16, sizes.image_known ? sizes.image : 16};
        default: return std::vector<std::int64_t>(static_cast<std::size_t>(rank), 4);
    }
}

// Ranks to try for a float input, the likeliest first.
std::vector<int> usual_ranks(const ParameterOf& parameter, const InputHint& hint, const Sizes& sizes) {
    const std::string name = lower(parameter.name);
    if (sizes.frames_known && !contains(name, "img") && !contains(name, "image")) return {5, 4, 3};
    const bool of_features = contains(name, "feat") || contains(name, "emb") || contains(name, "latent") || contains(name, "logits");
    if (of_features && hint.channels < 0 && !hint.space) return {2, 3, 4};
    if (name == "scale" || contains(name, "logit_scale") || contains(name, "temperature")) return {0, 1, 2};
    if (contains(name, "img") || contains(name, "image") || contains(name, "pixel")) return {4, 3};
    if (contains(name, "video")) return {5, 4};
    if (hint.space) return {4, 5, 3};
    if (hint.channels > 0) return {4, 3, 2, 5};
    if (hint.last > 0) return {3, 2, 4};
    if (sizes.channels_known || sizes.image_known) return {4, 3, 5, 2};
    if (one_of(name, {"q", "k", "v", "query", "key", "value"})) return {3, 4, 2};
    return {3, 2, 4, 1, 5};
}

std::vector<int> ranks_of(const ParameterOf& parameter, const InputHint& hint, const Sizes& sizes) {
    if (hint.rank >= 0) return {hint.rank};
    std::vector<int> ranks = usual_ranks(parameter, hint, sizes);
    std::erase_if(ranks, [&](int rank) { return rank < hint.least_rank; });
    if (hint.least_rank >= 3 && !hint.space) {  // `x.shape[2]` is likely its last axis
        std::erase(ranks, hint.least_rank);
        ranks.insert(ranks.begin(), hint.least_rank);
    }
    return ranks;
}

bool means_indices(const std::string& name, const std::string& annotation) {
    return contains(annotation, "LongTensor") || contains(annotation, "IntTensor") || contains(name, "ids") || contains(name, "token") ||
           one_of(name, {"idx", "index", "indices", "src_seq", "tgt_seq", "labels", "label", "classes", "class_labels"});
}

// How much of each row of a batch is filled: `lengths`, `x_lens`.
bool means_lengths(const std::string& name) {
    return one_of(name, {"lengths", "lens", "length", "seq_lens", "seqlens"}) || name.ends_with("_lengths") || name.ends_with("_lens") || name.ends_with("_length");
}

// Inputs that are no tensors, by annotation.
std::vector<Json> plain_guesses(const std::string& name, const std::string& annotation, const Sizes& sizes) {
    if (annotation == "bool") return {Json(false), Json(true)};
    if (annotation == "float") return {Json(0.5), Json(1.0)};
    if (annotation == "str") return {Json("relu")};
    if (annotation == "int") {
        if (contains(name, "len") || contains(name, "size")) return {Json(sizes.length), Json(8)};
        if (one_of(name, {"h", "w", "height", "width", "grid_width", "grid_height"})) return {Json(8)};
        if (contains(name, "heads")) return {Json(sizes.heads)};
        return {Json(4), Json(8), Json(1), Json(2)};
    }
    return {};
}

// What the code does with an input that is no tensor: a flag, a number of steps, a pair of sizes, a string.
std::vector<Json> guesses_by_use(const InputHint& hint) {
    if (!hint.literals.empty()) return {hint.literals.begin(), hint.literals.end()};
    if (hint.flag) return {Json(false), Json(true)};
    if (hint.called) return {Json{{"$eval", identity_text("x", hint.results)}}};  // a module or a function of the caller's
    if (hint.mapping && hint.fields.empty()) return {Json::object()};
    if (hint.device) return {Json("cpu")};
    if (hint.counted) return {Json(4), Json(8)};
    const auto is_size = [](const std::string& name) { return one_of(lower(name), {"h", "w", "d", "height", "width", "depth"}); };
    if (!hint.unpacked.empty() && std::all_of(hint.unpacked.begin(), hint.unpacked.end(), is_size))
        return {Json{{"$tuple", std::vector<int>(hint.unpacked.size(), 8)}}};
    return {};
}

std::vector<Json> mask_guesses(const ParameterOf& parameter, const Sizes& sizes) {
    const std::int64_t length = sizes.length;
    std::vector<Json> guesses{tensor_spec({kBatch, length}, "bool"), tensor_spec({length, length}, "bool"), tensor_spec({kBatch, length}, "float32", 0, 1),
                              tensor_spec({kBatch, 1, length, length}, "bool")};
    const std::string& type = parameter.annotation;
    const bool always_tensor = type.ends_with("Tensor") && !contains(type, "None") && !contains(type, "|");
    if (always_tensor) guesses.push_back(tensor_spec({kBatch}, "bool"));
    else guesses.emplace_back(nullptr);
    return guesses;
}

std::vector<Json> time_guesses() {
    return {tensor_spec({kBatch}, "float32", 0, 1), index_spec({kBatch}, 1000), tensor_spec({kBatch, 1}, "float32", 0, 1),
            tensor_spec({kBatch, kWidth}, "float32")};
}

}  // namespace

bool is_tensor_spec(const Json& spec) { return spec.is_object() && spec.contains("shape") && spec.contains("dtype"); }

bool is_float_spec(const Json& spec) { return is_tensor_spec(spec) && spec["dtype"] == "float32"; }

Json tensor_spec(const std::vector<std::int64_t>& shape, std::string_view dtype) { return {{"shape", shape}, {"dtype", dtype}}; }

Json tensor_spec(const std::vector<std::int64_t>& shape, std::string_view dtype, double low, double high) {
    return {{"shape", shape}, {"dtype", dtype}, {"low", low}, {"high", high}};
}

Json index_spec(const std::vector<std::int64_t>& shape, std::int64_t below) {
    return {{"shape", shape}, {"dtype", "int64"}, {"low", 0}, {"high", below}};
}

// `t[:, None]`: nothing is known but that there is one axis.
static bool one_number_each(InputHint hint) {
    hint.of_function = false;
    if (hint.least_rank <= 1) hint.least_rank = InputHint{}.least_rank;
    hint.fields.clear();
    return hint == InputHint{};
}

Json feature_pyramid(const Sizes& sizes, std::size_t length) {
    Json features = Json::array();
    std::int64_t side = sizes.image_known ? sizes.image : 2 * kImageSize;
    for (std::size_t stage = 0; stage < length; ++stage, side = std::max<std::int64_t>(side / 2, 1)) {
        const std::int64_t channels = sizes.stages.empty() ? sizes.channels : sizes.stages[std::min(stage, sizes.stages.size() - 1)];
        features.push_back(tensor_spec({kBatch, channels, side, side}, "float32"));
    }
    return features;
}

// Where a list among the arguments tells the channels of stages, an input of which nothing else is known may be their features.
static void add_pyramid(const InputHint& hint, const Sizes& sizes, std::vector<Json>& guesses) {
    const std::size_t length = sizes.stages.size();
    if (length < 2 || guesses.empty()) return;
    const Json features = feature_pyramid(sizes, length);
    const bool tensor = hint.rank >= 0 || hint.space || hint.channels > 0 || hint.last > 0 || !hint.axes.empty() || !hint.documented.axes.empty() || !hint.fields.empty();
    if (hint.unpacked.size() == length) guesses.insert(guesses.begin(), Json{{"$tuple", features}});
    else if (guesses.front().is_array()) guesses.insert(guesses.begin(), features);
    else if (!tensor && hint.unpacked.empty()) guesses.insert(guesses.begin() + 1, features);
}

std::vector<Json> several_guesses(const ParameterOf& parameter, const Sizes& sizes) {
    std::vector<Json> guesses;
    if (sizes.stages.size() > 1) guesses.push_back(feature_pyramid(sizes, sizes.stages.size()));
    const std::vector<Json> single = input_guesses({parameter.name, "positional", std::nullopt, ""}, {}, sizes);
    for (const std::size_t count : {2, 1, 3, 4})
        if (!single.empty()) guesses.emplace_back(std::vector<Json>(count, single.front()));
    return guesses;
}

// By what the author states; empty if nothing is.
static std::vector<Json> documented_guesses(const std::string& name, const InputHint& hint, const Sizes& sizes) {
    const auto shape = documented_shape(hint, sizes);
    if (!shape) return {};
    std::int64_t elements = 1;
    for (const std::int64_t size : *shape) elements = size > 0 ? std::min(elements * size, kMostStated + 1) : kMostStated + 1;
    if (elements > kMostStated) return {};
    const std::int64_t below = hint.indices_below > 0 ? hint.indices_below : sizes.vocabulary;
    if (contains(name, "mask")) return {tensor_spec(*shape, "bool"), tensor_spec(*shape, "float32", 0, 1)};
    if (hint.indices_below > 0 || hint.documented.integers) return {index_spec(*shape, below), tensor_spec(*shape, "float32")};
    return {tensor_spec(*shape, "float32")};
}

// `a, b = x`, where the author states the shapes of both.
static std::optional<Json> documented_parts(const InputHint& hint, const Sizes& sizes) {
    Json tuple = Json::array();
    for (std::size_t i = 0; i < hint.parts.size(); ++i) {
        InputHint part;
        part.documented = hint.parts[i];
        std::vector<Json> guesses = documented_guesses(hint.unpacked[i], part, sizes);
        if (guesses.empty()) return std::nullopt;
        tuple.push_back(std::move(guesses.front()));
    }
    if (tuple.empty()) return std::nullopt;
    return Json{{"$tuple", std::move(tuple)}};
}

std::vector<Json> input_guesses(const ParameterOf& parameter, const InputHint& hint, const Sizes& sizes) {
    const std::string name = lower(parameter.name);
    if (std::vector<Json> plain = guesses_by_use(hint); !plain.empty()) return plain;
    if (std::vector<Json> plain = plain_guesses(name, parameter.annotation, sizes); !plain.empty()) return plain;
    std::vector<Json> guesses = documented_guesses(name, hint, sizes);
    if (contains(name, "mask") || contains(name, "padding")) {
        for (Json& mask : mask_guesses(parameter, sizes)) guesses.push_back(std::move(mask));
        return guesses;
    }
    const bool means_time = one_of(name, {"time", "times", "timestep", "timesteps", "noise_level", "sigma", "sigmas"}) || (name == "t" && !hint.of_function);
    if (guesses.empty() && means_time && hint.indices_below < 0 && hint.rank < 2) guesses = time_guesses();
    if (!guesses.empty() && hint.documented.axes.empty() && one_number_each(hint)) return guesses;
    if (means_lengths(name) && hint.indices_below < 0 && hint.rank < 2 && guesses.empty()) {  // a mask made of them has the largest as its size
        guesses.push_back(index_spec({kBatch}, sizes.length + 1));
        guesses.back()["low"] = sizes.length;
        guesses.push_back(index_spec({kBatch}, sizes.length));
        guesses.back()["low"] = 1;
    }
    const std::int64_t below = hint.indices_below > 0 ? hint.indices_below : sizes.vocabulary;
    if (hint.indices_below > 0 || means_indices(name, parameter.annotation)) {
        const bool one_each = contains(name, "label") || contains(name, "class");
        if (one_each) guesses.push_back(index_spec({kBatch}, below));
        guesses.push_back(index_spec({kBatch, sizes.length}, below));
        if (!one_each) guesses.push_back(index_spec({kBatch}, below));
        if (hint.indices_below > 0) return guesses;
    }
    for (const int rank : ranks_of(parameter, hint, sizes)) guesses.push_back(tensor_spec(shape_of_rank(rank, hint, sizes), "float32"));
    if (hint.unpacked.size() > 1 && hint.unpacked.size() < 6)  // `a, b = x`: several tensors in one
        for (Json& guess : guesses) guess = Json{{"$tuple", std::vector<Json>(hint.unpacked.size(), guess)}};
    if (auto stated = documented_parts(hint, sizes)) guesses.insert(guesses.begin(), std::move(*stated));
    const auto holds = [&](std::string_view type) { return contains(lower(parameter.annotation), type); };
    if (holds("list[") || holds("sequence["))
        for (Json& guess : guesses) guess = Json::array({guess, guess});
    const auto reads = [&](const char* method) { return std::find(hint.fields.begin(), hint.fields.end(), method) != hint.fields.end(); };
    if (holds("dict[str") || holds("mapping[str") || (hint.mapping && (reads("items") || reads("values") || reads("keys"))))
        for (Json& guess : guesses) guess = Json{{"a", guess}, {"b", guess}};
    add_pyramid(hint, sizes, guesses);
    if (one_of(name, {"target", "targets", "y", "y_true"})) guesses.push_back(index_spec({kBatch}, std::min<std::int64_t>(below, 10)));
    return guesses;
}

}  // namespace mlxify::verify
