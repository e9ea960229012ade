#include "verify/guess.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/text.h"

namespace mlxify::verify {

using base::contains;

namespace {

using enum Quantity;

struct NameRow {
    std::string_view name;
    Quantity quantity;
};

// Whole names, in lower case.
constexpr NameRow kNames[] = {
    {"world_size", unknown}, {"grid_size", patch},
    {"dim", width}, {"dims", width}, {"d_model", width}, {"hidden_size", width}, {"hidden_dim", width}, {"embed_dim", width},
    {"embedding_dim", width}, {"n_embd", width}, {"width", width}, {"model_dim", width}, {"features", width}, {"units", width},
    {"dim_in", width}, {"dim_out", width}, {"in_dim", width}, {"out_dim", width}, {"d_in", width}, {"d_out", width},
    {"input_dim", width}, {"output_dim", width}, {"in_features", width}, {"out_features", width}, {"num_features", width},
    {"input_size", width}, {"output_size", width}, {"emb_size", width}, {"latent_dim", width}, {"n_features", width},
    {"normalized_shape", width}, {"n_dim", width}, {"emsize", width}, {"ninp", width}, {"hidden", width}, {"d_embed", width},
    {"mlp_dim", feed_forward}, {"ff_dim", feed_forward}, {"d_ff", feed_forward}, {"ffn_dim", feed_forward},
    {"intermediate_size", feed_forward}, {"intermediate_dim", feed_forward}, {"dim_feedforward", feed_forward},
    {"ffn_hidden", feed_forward}, {"mlp_hidden_dim", feed_forward}, {"nhid", feed_forward}, {"hidden_features", feed_forward},
    {"dim_head", head_width}, {"head_dim", head_width}, {"d_head", head_width}, {"d_k", head_width}, {"d_v", head_width},
    {"dim_key", head_width}, {"head_size", head_width},
    {"heads", heads}, {"num_heads", heads}, {"n_heads", heads}, {"nhead", heads}, {"n_head", heads},
    {"num_attention_heads", heads}, {"h", heads}, {"num_kv_heads", heads}, {"num_key_value_heads", heads},
    {"depth", depth}, {"num_layers", depth}, {"n_layers", depth}, {"n_layer", depth}, {"layers", depth}, {"num_blocks", depth},
    {"n_blocks", depth}, {"nlayers", depth}, {"num_hidden_layers", depth}, {"n_resblocks", depth}, {"blocks", depth},
    {"vocab_size", vocabulary}, {"vocab", vocabulary}, {"num_tokens", vocabulary}, {"n_token", vocabulary}, {"ntoken", vocabulary},
    {"num_embeddings", vocabulary}, {"n_vocab", vocabulary},
    {"num_classes", classes}, {"n_classes", classes}, {"classes", classes}, {"nclass", classes}, {"num_labels", classes},
    {"in_channels", image_channels}, {"in_chans", image_channels}, {"c_in", image_channels}, {"in_ch", image_channels},
    {"input_channels", image_channels}, {"image_channels", image_channels}, {"n_channels", image_channels}, {"in_c", image_channels},
    {"nc", image_channels}, {"img_channels", image_channels},
    {"channels", channels}, {"channel", channels}, {"out_channels", channels}, {"out_ch", channels}, {"c_out", channels},
    {"planes", channels}, {"inplanes", channels}, {"in_planes", channels}, {"out_planes", channels}, {"inp", channels},
    {"oup", channels}, {"n_feats", channels}, {"n_filters", channels}, {"num_filters", channels}, {"filters", channels},
    {"nf", channels}, {"base_channels", channels}, {"mid_channels", channels}, {"hidden_channels", channels},
    {"image_size", image_size}, {"img_size", image_size}, {"resolution", image_size}, {"input_resolution", image_size},
    {"image_height", image_size}, {"image_width", image_size}, {"img_height", image_size}, {"img_width", image_size},
    {"img_h", image_size}, {"img_w", image_size}, {"height", image_size}, {"frames", frames}, {"num_frames", frames},
    {"n_frames", frames}, {"max_frames", frames}, {"size", image_size}, {"fmap_size", image_size},
    {"patch_size", patch}, {"patch_dim", patch}, {"window_size", window}, {"chunk_size", window},
    {"seq_len", length}, {"sequence_length", length}, {"context_length", length}, {"seq_length", length}, {"n_ctx", max_length},
    {"max_len", max_length}, {"max_seq_len", max_length}, {"max_length", max_length}, {"block_size", max_length},
    {"max_position_embeddings", max_length}, {"max_sequence_length", max_length}, {"context_window", max_length},
    {"kernel_size", kernel}, {"kernel", kernel}, {"k_size", kernel}, {"ks", kernel}, {"conv_size", kernel}, {"ksize", kernel},
    {"stride", stride}, {"dilation", stride}, {"padding", padding}, {"pad", padding}, {"groups", groups}, {"num_groups", groups},
    {"dropout", rate}, {"drop", rate}, {"p", rate}, {"prob", rate}, {"dropout_rate", rate}, {"dp_ratio", rate}, {"drop_path", rate}, {"drop_prob", rate},
    {"smoothing", rate}, {"negative_slope", rate}, {"slope", rate},
    {"scale", scale_factor}, {"scale_factor", scale_factor}, {"upscale_factor", scale_factor}, {"factor", scale_factor},
    {"reduction", scale_factor}, {"ratio", scale_factor}, {"mult", scale_factor}, {"expansion", scale_factor},
    {"ch_mult", scale_factor}, {"dim_mult", scale_factor}, {"ff_mult", scale_factor}, {"mlp_mult", scale_factor},
    {"eps", small_float}, {"epsilon", small_float}, {"alpha", small_float}, {"beta", small_float}, {"gamma", small_float},
    {"temperature", small_float}, {"momentum", small_float}, {"sigma", small_float}, {"margin", small_float},
    {"threshold", small_float}, {"tau", small_float}, {"lambda_", small_float}, {"lam", small_float}, {"smooth", small_float},
    {"fn", module}, {"net", module}, {"module", module}, {"submodule", module}, {"block", module}, {"layer", module}, {"f", module},
    {"g", module}, {"model", module}, {"encoder", module}, {"decoder", module}, {"backbone", module}, {"func", module},
    {"activation", activation}, {"act", activation}, {"act_layer", activation}, {"activation_fn", activation}, {"nonlinearity", activation},
    {"norm", norm}, {"norm_layer", norm}, {"bias", flag}, {"causal", flag},
};

// Parts of longer names, tried in order.
constexpr NameRow kParts[] = {
    {"multiplier", scale_factor}, {"_mults", scale_factor}, {"num_tiles", frames},
    {"vocab", vocabulary}, {"num_classes", classes}, {"head_dim", head_width}, {"dim_head", head_width}, {"num_heads", heads},
    {"n_heads", heads}, {"heads", heads}, {"num_layers", depth}, {"n_layers", depth}, {"depth", depth}, {"image_size", image_size},
    {"img_size", image_size}, {"local_patch", window}, {"patch_size", patch}, {"window", window}, {"max_", max_length}, {"seq_len", length},
    {"length", length}, {"kernel", kernel}, {"stride", stride}, {"padding", padding}, {"dropout", rate}, {"drop", rate},
    {"intermediate", feed_forward}, {"mlp_dim", feed_forward}, {"ff_", feed_forward}, {"in_chan", image_channels},
    {"channel", channels}, {"planes", channels}, {"filters", channels}, {"num_blocks", depth}, {"_blocks", depth}, {"hidden", width}, {"embed", width},
    {"dim", width}, {"size", width}, {"width", width}, {"feat", width}, {"smoothing", rate}, {"threshold", small_float}, {"temperature", small_float},
    {"_eps", small_float}, {"ratio", scale_factor},
    {"scale", scale_factor}, {"act_layer", activation}, {"activation", activation}, {"norm_layer", norm}, {"use_", flag}, {"with_", flag}, {"layers", depth}, {"pred_len", length}, {"_factor", scale_factor},
};

std::vector<std::string> by_quantity(Quantity quantity) {
    switch (quantity) {
        case width: return {"64", "32", "[64]", "16"};
        case feed_forward: return {"128", "64"};
        case head_width: return {"16", "32", "8"};
        case heads: return {"4", "2", "1"};
        case depth: return {"2", "[1, 1, 1, 1]", "[1, 1]", "1", "4"};
        case vocabulary: return {"50"};
        case classes: return {"10"};
        case image_channels: return {"3", "16", "64"};
        case channels: return {"16", "32", "64", "8"};
        case image_size: return {"32", "(32, 32)", "64"};
        case frames: return {"8", "4"};
        case patch: return {"8", "4", "(8, 8)"};
        case window: return {"4", "8", "16"};
        case length: return {"48"};
        case max_length: return {"128", "16", "8", "4"};
        case kernel: return {"3", "(3, 3)", "5", "4"};
        case stride: return {"1", "2"};
        case padding: return {"1", "0"};
        case groups: return {"1", "4", "2"};
        case rate: return {"0.1"};
        case scale_factor: return {"2", "4", "0.5", "1.0"};
        case small_float: return {"0.5", "1e-05", "1.0"};
        case module: return {"nn.Linear(64, 64)", "nn.Identity()", "nn.Conv2d(16, 16, 3, padding=1)"};
        case activation: return {"nn.GELU()", "nn.GELU", "'gelu'", "'relu'"};
        case norm: return {"nn.LayerNorm", "nn.LayerNorm(64)", "nn.BatchNorm2d"};
        case flag: return {"True", "False"};
        case unknown: break;
    }
    return {};
}

// `list[list[int]]`, `Sequence[Tuple[int, int]]`
bool is_nested_list(std::string_view annotation) {
    const std::string text = lower(annotation);
    const auto opens = [](std::string_view type) { return type.starts_with("list[") || type.starts_with("tuple[") || type.starts_with("sequence["); };
    const std::size_t bracket = text.find('[');
    return opens(text) && opens(std::string_view(text).substr(bracket + 1));
}

// Tensors that a constructor takes: edges of bins, an adjacency matrix, weights of classes.
std::vector<std::string> of_tensors(std::string_view annotation) {
    if (contains(annotation, "ist[") || contains(annotation, "equence["))
        return {"[torch.linspace(0, 1, 5), torch.linspace(-1, 2, 4)]", "[torch.linspace(0, 1, 8), torch.linspace(-1, 2, 8)]"};
    if (contains(annotation, "BoolTensor")) return {"torch.ones(8, 8, dtype=torch.bool).tril()", "torch.arange(8) > 2"};
    if (contains(annotation, "LongTensor")) return {"torch.arange(8)", "torch.arange(64).reshape(8, 8)"};
    return {"torch.linspace(0.1, 1, 64)", "torch.linspace(0.1, 1, 64).reshape(8, 8)", "torch.tensor(0.5)", "torch.linspace(0.1, 1, 3)"};
}

// 3 of `tuple[int, int, int]`, 0 of anything else.
std::size_t items_of_tuple(std::string_view annotation) {
    const std::string text = lower(annotation);
    if (!text.starts_with("tuple[") || !text.ends_with(']') || contains(text, "...") || text.find('[', 6) != std::string::npos) return 0;
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')) + 1;
}

std::vector<std::string> by_annotation(std::string_view annotation) {
    if (contains(annotation, "Optional") || contains(annotation, "None")) return {"None"};
    if (contains(annotation, "Callable")) return {"nn.GELU()", "nn.GELU"};
    if (contains(annotation, "Module") && (contains(annotation, "ist[") || contains(annotation, "equence[")))
        return {"[nn.Linear(64, 64), nn.Linear(64, 64)]", "nn.ModuleList([nn.Linear(64, 64), nn.Linear(64, 64)])", "[nn.Identity()]"};
    if (contains(annotation, "ModuleList")) return {"nn.ModuleList([nn.Linear(64, 64), nn.Linear(64, 64)])"};
    if (contains(annotation, "ModuleDict")) return {"nn.ModuleDict({'a': nn.Linear(64, 64), 'b': nn.Linear(64, 64)})"};
    if (contains(annotation, "Sequential")) return {"nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 64))"};
    if (contains(annotation, "Module")) return {"nn.Linear(64, 64)", "nn.Identity()", "nn.Linear"};
    if (contains(annotation, "Tensor")) return of_tensors(annotation);
    if (is_nested_list(annotation)) return {"[[16, 16], [32, 32]]", "[[16, 32], [32, 64]]", "[[1, 1], [1, 1]]"};
    if (contains(annotation, "ist[str]") || contains(annotation, "equence[str]")) return {"['a', 'b']"};
    if (contains(annotation, "List") || contains(annotation, "list") || contains(annotation, "Sequence"))
        return {"[16, 32]", "[64]", "[8, 16, 32]", "[8, 16, 32, 64]"};
    if (contains(annotation, "Tuple") || contains(annotation, "tuple")) return {"(32, 32)", "(16, 32, 64)", "(2, 2, 2)", "(1, 2, 3, 4)"};
    if (contains(annotation, "Dict") || contains(annotation, "dict")) return {"{}"};
    if (contains(annotation, "bool")) return {"True", "False"};
    if (contains(annotation, "int")) return {"8", "64", "16", "4", "2"};
    if (contains(annotation, "float")) return {"0.5", "1.0", "0.1"};
    if (contains(annotation, "str")) return {"'relu'", "'none'"};
    return {};
}

bool is_list(std::string_view annotation) {
    const std::string text = lower(annotation);
    return contains(text, "list[") || contains(text, "sequence[") || text == "list";
}

// Whether a guess can have the annotated type: an `int` takes no list.
bool fits(std::string_view guess, std::string_view annotation) {
    const bool integer = !guess.empty() && std::all_of(guess.begin(), guess.end(), [](unsigned char c) { return std::isdigit(c); });
    const bool sequence = guess.starts_with('[') || guess.starts_with('(');
    if (annotation == "int") return integer;
    if (annotation == "float") return integer || contains(guess, ".") || contains(guess, "e-");
    if (annotation == "bool") return guess == "True" || guess == "False";
    if (annotation == "str") return guess.starts_with('\'');
    if (annotation.starts_with("List[") || annotation.starts_with("list[") || annotation == "list" || annotation == "List") return sequence;
    return true;
}

// `filters`, `dims`, `layers`, without annotation: one size, or a list of them.
bool named_in_plural(const ParameterOf& parameter) {
    const Quantity quantity = quantity_of(parameter.name);
    const bool sizes = quantity == width || quantity == channels || quantity == depth || quantity == unknown;
    return sizes && parameter.annotation.empty() && parameter.name.size() > 3 && parameter.name.ends_with('s') && !parameter.name.ends_with("ss");
}

// `(2, 2, 2, 2)` of `(2, 2, 18, 2)`.
std::optional<std::string> fewer_layers(const std::string& sequence) {
    if (!is_of_numbers(sequence)) return std::nullopt;
    const std::string text = with_numbers(sequence, [](const std::string& number) { return number.size() > 1 || number > "2" ? "2" : number; });
    return text == sequence ? std::nullopt : std::optional(text);
}

}  // namespace

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

Quantity quantity_of(std::string_view name) {
    if (name.size() == 1 && name[0] >= 'A' && name[0] <= 'Z') return unknown;  // of a paper: P is a kernel's size as well as a probability
    const std::string key = lower(name);
    for (const NameRow& row : kNames)
        if (row.name == key) return row.quantity;
    for (const NameRow& row : kParts)
        if (contains(key, row.name)) return row.quantity;
    return unknown;
}

bool is_count(Quantity quantity) {
    constexpr std::array kCounts{width, feed_forward, heads, depth, vocabulary, classes, image_channels, channels, image_size, patch, length, max_length};
    return std::find(kCounts.begin(), kCounts.end(), quantity) != kCounts.end();
}

std::optional<std::int64_t> integer_text(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string with_numbers(std::string_view text, const std::function<std::string(const std::string&)>& change) {
    std::string result, digits;
    const auto flush = [&] {
        if (!digits.empty()) result += change(digits);
        digits.clear();
    };
    for (const char c : text) {
        if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
            digits += c;
            continue;
        }
        flush();
        result += c;
    }
    flush();
    return result;
}

bool is_of_numbers(std::string_view text) {
    return (text.starts_with('(') || text.starts_with('[')) && text.find_first_not_of("()[], 0123456789") == std::string_view::npos;
}

std::string identity_text(const std::string& input, std::size_t results) {
    std::string result = input;
    for (std::size_t i = 1; i < results; ++i) result += ", None";
    return "(lambda " + input + ", *args, **kwargs: " + (results > 1 ? "(" + result + ")" : result) + ")";
}

std::vector<std::string> argument_guesses(const ParameterOf& parameter) {
    std::vector<std::string> guesses;
    const auto add = [&](std::string guess) {
        if (std::find(guesses.begin(), guesses.end(), guess) == guesses.end()) guesses.push_back(std::move(guess));
    };
    if (is_nested_list(parameter.annotation))
        for (std::string& guess : by_annotation(parameter.annotation)) add(std::move(guess));
    if (const std::size_t items = items_of_tuple(parameter.annotation); items > 1) {  // as many of what the name says
        const std::vector<std::string> single = by_quantity(quantity_of(parameter.name));
        const auto number = std::find_if(single.begin(), single.end(), [](const std::string& guess) { return integer_text(guess).has_value(); });
        std::string text;
        for (std::size_t i = 0; i < items && number != single.end(); ++i) text += (i == 0 ? "" : ", ") + *number;
        if (!text.empty()) add("(" + text + ")");
    }
    if (is_list(parameter.annotation) && quantity_of(parameter.name) == scale_factor)
        for (const char* factors : {"[1, 2]", "[1, 2, 2]"}) add(factors);
    if (contains(lower(parameter.name), "cutoff"))  // of torch's adaptive softmax: below the size of the vocabulary, ascending
        for (const char* bounds : {"[10, 20]", "[20]"}) add(bounds);
    if (parameter.name == "device" || parameter.name.ends_with("_device")) add("'cpu'");
    for (std::string& guess : by_quantity(quantity_of(parameter.name)))
        if (fits(guess, parameter.annotation)) add(std::move(guess));
    for (std::string& guess : by_annotation(parameter.annotation)) add(std::move(guess));
    const bool several = named_in_plural(parameter);
    if (several)
        for (const char* list : {"[16, 32, 64, 128]", "[16, 32, 64]", "[2, 2, 2]"}) add(list);
    if (guesses.empty() || several)
        for (const char* any : {"8", "64", "2", "[8, 16]", "None"}) add(any);
    return guesses;
}

std::optional<std::string> smaller_default(const ParameterOf& parameter) {
    if (!parameter.default_text) return std::nullopt;
    const std::optional<std::int64_t> value = integer_text(*parameter.default_text);
    if (!value) return quantity_of(parameter.name) == depth ? fewer_layers(*parameter.default_text) : std::nullopt;
    const auto at_most = [&](std::int64_t bound) {
        return *value > bound ? std::optional(std::to_string(bound)) : std::nullopt;
    };
    switch (quantity_of(parameter.name)) {
        case width: return at_most(kWidth);
        case feed_forward: return at_most(2 * kWidth);
        case head_width: return at_most(16);
        case heads: return at_most(4);
        case depth: return at_most(2);
        case vocabulary: return at_most(kVocabulary);
        case classes: return at_most(10);
        case channels: return at_most(kWidth);
        case image_size: return at_most(kImageSize);
        case frames: return at_most(8);
        case patch: return at_most(8);
        case length: return at_most(kLength);
        case max_length: return at_most(128);
        case window: return *value % 2 == 1 && *value > 4 && *value < 16 ? std::optional(std::string("4")) : at_most(32);  // 7 wants images of 224
        case image_channels: return at_most(32);
        case unknown:
        case kernel:
        case stride:
        case padding:
        case groups:
        case rate:
        case scale_factor:
        case small_float:
        case module:
        case activation:
        case norm:
        case flag: break;
    }
    return std::nullopt;
}

}  // namespace mlxify::verify
