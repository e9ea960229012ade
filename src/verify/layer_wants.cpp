#include "verify/layer_wants.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace mlxify::verify {
namespace {

const std::vector<std::int64_t>* shape_of(const Construction& model, const std::string& parameter) {
    for (const ArrayOf& array : model.parameters)
        if (array.name == parameter) return &array.shape;
    return nullptr;
}

std::int64_t number_at(std::string_view text, std::size_t begin, std::int64_t otherwise) {
    std::int64_t value = otherwise;
    if (begin < text.size()) std::from_chars(text.data() + begin, text.data() + text.size(), value);
    return value;
}

// `groups=4` of "Conv2d(8, 8, kernel_size=(3, 3), groups=4)".
std::int64_t keyword_of(std::string_view text, std::string_view name, std::int64_t otherwise) {
    const std::size_t at = text.find(name);
    return at == std::string_view::npos ? otherwise : number_at(text, at + name.size(), otherwise);
}

// 8 of "Linear(in_features=8, ...)" and of "BatchNorm2d(8, eps=...)".
std::int64_t first_number(std::string_view text) { return number_at(text, text.find('(') + 1, -1); }

void split_axes(std::string_view side, Rearrangement::Axes& axes) {
    bool grouped = false;
    std::string name;
    const auto close_name = [&] {
        if (name.empty()) return;
        if (grouped) axes.back().push_back(name);
        else axes.push_back({name});
        name.clear();
    };
    for (const char c : side) {
        if (c != ' ' && c != '(' && c != ')') {
            name += c;
            continue;
        }
        close_name();
        if (c == '(') axes.emplace_back();
        if (c != ' ') grouped = c == '(';
    }
    close_name();
}

// The one name of `axis` without a length gets it, so that the axis is `size` long.
void solve(const std::vector<std::string>& axis, std::int64_t size, std::map<std::string, std::int64_t>& lengths) {
    std::int64_t known = 1;
    const std::string* unknown = nullptr;
    for (const std::string& name : axis) {
        const auto length = lengths.find(name);
        if (length != lengths.end()) known *= length->second;
        else if (unknown != nullptr) return;
        else unknown = &name;
    }
    if (unknown != nullptr && known > 0 && size > 0 && size % known == 0) lengths[*unknown] = size / known;
}

std::string axis_text(const std::vector<std::string>& axis) {
    if (axis.size() == 1) return axis.front();
    std::string text;
    for (const std::string& name : axis) text += (text.empty() ? "" : " ") + name;
    return "(" + text + ")";
}

}  // namespace

std::optional<Rearrangement> read_pattern(std::string_view pattern) {
    const std::size_t arrow = pattern.find("->");
    if (arrow == std::string_view::npos || pattern.find("...") != std::string_view::npos) return std::nullopt;
    Rearrangement result;
    split_axes(pattern.substr(0, arrow), result.left);
    split_axes(pattern.substr(arrow + 2), result.right);
    return result;
}

InputHint rearranged_wants(const Rearrangement& pattern, std::map<std::string, std::int64_t> lengths, const InputHint& next) {
    lengths.emplace("1", 1);
    if (!pattern.right.empty() && next.last > 0) solve(pattern.right.back(), next.last, lengths);
    if (pattern.right.size() > 1 && next.channels > 0) solve(pattern.right[1], next.channels, lengths);
    InputHint hint;
    hint.rank = static_cast<int>(pattern.left.size());
    for (const std::vector<std::string>& axis : pattern.left) {
        std::int64_t factor = 1;
        bool whole = !axis.empty();
        for (const std::string& name : axis) {
            const auto length = lengths.find(name);
            if (length != lengths.end()) factor *= length->second;
            else whole = false;
        }
        hint.axes.push_back(axis_text(axis));
        hint.sizes.push_back(whole ? factor : -1);
        hint.multiples.push_back(factor);
    }
    return hint;
}

std::optional<std::pair<Rearrangement, std::map<std::string, std::int64_t>>> read_rearrange_layer(std::string_view text) {
    const std::size_t begin = text.find('\'');
    const std::size_t end = begin == std::string_view::npos ? begin : text.find('\'', begin + 1);
    if (!text.starts_with("Rearrange(") || end == std::string_view::npos) return std::nullopt;
    const auto pattern = read_pattern(text.substr(begin + 1, end - begin - 1));
    if (!pattern) return std::nullopt;
    std::map<std::string, std::int64_t> lengths;
    for (std::size_t at = text.find(", ", end); at != std::string_view::npos; at = text.find(", ", at + 1)) {
        const std::size_t equals = text.find('=', at);
        if (equals == std::string_view::npos) break;
        if (const std::int64_t length = number_at(text, equals + 1, -1); length > 0)
            lengths[std::string(text.substr(at + 2, equals - at - 2))] = length;
    }
    return std::pair(*pattern, lengths);
}

bool changes_axes(std::string_view type) {
    constexpr std::array<std::string_view, 9> kTypes = {"Rearrange", "Reduce", "EinMix", "Flatten", "Unflatten",
                                                        "Unfold", "Fold", "PixelShuffle", "PixelUnshuffle"};
    return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

std::optional<InputHint> layer_wants(const Construction& model, const ModuleOf& layer) {
    const std::string type = layer.type.substr(layer.type.rfind('.') + 1);
    const std::vector<std::int64_t>* weight = shape_of(model, layer.name + ".weight");
    InputHint hint;
    if (type == "Linear" && weight != nullptr && weight->size() == 2) {
        hint.last = (*weight)[1];
    } else if (type == "Embedding" && weight != nullptr && weight->size() == 2) {
        hint.indices_below = (*weight)[0];
        hint.rank = 2;
    } else if (type.starts_with("Conv") && weight != nullptr && weight->size() >= 3) {
        hint.rank = static_cast<int>(weight->size());
        hint.channels = type.starts_with("ConvTranspose") ? (*weight)[0] : (*weight)[1] * keyword_of(layer.text, "groups=", 1);
    } else if ((type.starts_with("BatchNorm") || type.starts_with("InstanceNorm")) && (weight != nullptr || first_number(layer.text) > 0)) {
        hint.rank = type.ends_with("2d") ? 4 : type.ends_with("3d") ? 5 : -1;
        hint.channels = weight != nullptr ? (*weight)[0] : first_number(layer.text);
    } else if (type == "GroupNorm" && weight != nullptr) {
        hint.channels = (*weight)[0];
    } else if ((type == "LayerNorm" || type == "RMSNorm") && weight != nullptr && weight->size() == 1) {
        hint.last = (*weight)[0];
    } else if (const auto* recurrent = shape_of(model, layer.name + ".weight_ih_l0"); recurrent != nullptr && recurrent->size() == 2) {
        hint.rank = 3;
        hint.last = (*recurrent)[1];
    } else if (const auto* attention = shape_of(model, layer.name + ".in_proj_weight"); attention != nullptr && attention->size() == 2) {
        hint.rank = 3;
        hint.last = (*attention)[1];
    } else {
        return std::nullopt;
    }
    return hint;
}

}  // namespace mlxify::verify
