#include "verify/sample_parser.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace mlxify::verify {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 32;

struct DTypeCode {
    std::string_view code, name;
};

constexpr std::array<DTypeCode, 11> kDTypes = {{
    {"f32", "float32"}, {"f64", "float64"}, {"f16", "float16"}, {"bf16", "bfloat16"}, {"i64", "int64"}, {"i32", "int32"},
    {"i16", "int16"}, {"i8", "int8"}, {"u8", "uint8"}, {"bool", "bool"}, {"c64", "complex64"},
}};

const DTypeCode* dtype_of(std::string_view code) {
    const auto found = std::find_if(kDTypes.begin(), kDTypes.end(), [&](const DTypeCode& row) { return row.code == code; });
    return found == kDTypes.end() ? nullptr : &*found;
}

base::Error at(std::string_view what, std::string_view text) { return {std::string(what) + " in `" + std::string(text) + "`"}; }

// The end of a string literal that begins at `begin` (its quote).
std::size_t string_end(std::string_view text, std::size_t begin) {
    for (std::size_t i = begin + 1; i < text.size(); ++i) {
        if (text[i] == '\\') ++i;
        else if (text[i] == text[begin]) return i + 1;
    }
    return std::string_view::npos;
}

// `text` cut at its top-level `separator`s; nullopt if brackets do not balance. A last empty piece is dropped.
std::optional<std::vector<std::string_view>> split(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    std::size_t begin = 0;
    std::vector<char> open;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\'' || c == '"') {
            const std::size_t end = string_end(text, i);
            if (end == std::string_view::npos) return std::nullopt;
            i = end - 1;
        } else if (c == '(' || c == '[' || c == '{') {
            open.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
        } else if (c == ')' || c == ']' || c == '}') {
            if (open.empty() || open.back() != c) return std::nullopt;
            open.pop_back();
        } else if (c == separator && open.empty()) {
            pieces.push_back(trimmed(text.substr(begin, i - begin)));
            begin = i + 1;
        }
    }
    if (!open.empty()) return std::nullopt;
    const std::string_view last = trimmed(text.substr(begin));
    if (!last.empty() || pieces.empty()) pieces.push_back(last);
    if (pieces.size() == 1 && pieces[0].empty()) pieces.clear();
    return pieces;
}

// The body of a Python string literal without prefix, as a value; nullopt for what we leave to Python.
std::optional<std::string> string_value(std::string_view text) {
    if (text.size() < 2 || (text[0] != '\'' && text[0] != '"') || string_end(text, 0) != text.size()) return std::nullopt;
    std::string value;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] != '\\') {
            value += text[i];
            continue;
        }
        constexpr std::string_view kEscapes = "\\'\"ntr";
        constexpr std::string_view kValues = "\\'\"\n\t\r";
        const std::size_t escape = kEscapes.find(text[++i]);
        if (escape == std::string_view::npos) return std::nullopt;
        value += kValues[escape];
    }
    return value;
}

std::optional<Json> number_value(std::string_view text) {
    const bool negative = text.starts_with('-');
    const std::string_view digits = text.substr(negative ? 1 : 0);
    if (digits.empty() || !(std::isdigit(static_cast<unsigned char>(digits[0])) || digits[0] == '.')) return std::nullopt;
    std::int64_t integer = 0;
    auto [integer_end, integer_error] = std::from_chars(text.data(), text.data() + text.size(), integer);
    const bool octal_like = digits.size() > 1 && digits[0] == '0' && std::isdigit(static_cast<unsigned char>(digits[1]));
    if (integer_error == std::errc{} && integer_end == text.data() + text.size() && !octal_like) return Json(integer);
    double real = 0;
    auto [real_end, real_error] = std::from_chars(text.data(), text.data() + text.size(), real);
    if (real_error == std::errc{} && real_end == text.data() + text.size()) return Json(real);
    return std::nullopt;
}

std::optional<Json> literal_value(std::string_view text) {
    if (text == "None") return Json(nullptr);
    if (text == "True") return Json(true);
    if (text == "False") return Json(false);
    if (const auto value = string_value(text)) return Json(*value);
    return number_value(text);
}

// `2, 64, 64` or `2, 16; 0, 100` of f32[...].
base::Result<Json> tensor_value(const DTypeCode& dtype, std::string_view inside, std::string_view whole) {
    const auto halves = split(inside, ';');
    if (!halves || halves->size() > 2) return at("a malformed tensor", whole);
    Json shape = Json::array();
    if (!halves->empty()) {
        const auto dimensions = split((*halves)[0], ',');
        if (!dimensions) return at("a malformed shape", whole);
        for (const std::string_view dimension : *dimensions) {
            const auto number = number_value(dimension);
            if (!number || !number->is_number_integer() || number->get<std::int64_t>() < 0) return at("a malformed shape", whole);
            shape.push_back(*number);
        }
    }
    Json value = {{"shape", shape}, {"dtype", dtype.name}};
    if (halves->size() == 2) {
        const auto bounds = split((*halves)[1], ',');
        if (!bounds || bounds->size() != 2) return at("bounds that are no pair", whole);
        const auto low = number_value((*bounds)[0]);
        const auto high = number_value((*bounds)[1]);
        if (!low || !high) return at("bounds that are no numbers", whole);
        value["low"] = *low;
        value["high"] = *high;
    }
    return value;
}

base::Result<Json> list_of(std::string_view inside, int depth) {
    const auto pieces = split(inside, ',');
    if (!pieces) return at("unbalanced brackets", inside);
    Json list = Json::array();
    for (const std::string_view piece : *pieces) {
        base::Result<Json> value = parse_value(piece, depth + 1);
        if (!value) return value.error();
        list.push_back(std::move(value).value());
    }
    return list;
}

// {"a": value, ...}; keys that are no strings are left to Python as a whole.
base::Result<Json> dict_of(std::string_view text, int depth) {
    const auto pieces = split(text.substr(1, text.size() - 2), ',');
    if (!pieces) return at("unbalanced brackets", text);
    Json dict = Json::object();
    for (const std::string_view piece : *pieces) {
        const auto halves = split(piece, ':');
        const auto key = halves && halves->size() == 2 ? string_value((*halves)[0]) : std::nullopt;
        if (!key || key->starts_with('$')) return Json{{"$eval", text}};
        base::Result<Json> value = parse_value((*halves)[1], depth + 1);
        if (!value) return value.error();
        dict[*key] = std::move(value).value();
    }
    return dict;
}

// `i64([[1, 2], [3, 4]])`: nothing but numbers and booleans, nested.
bool is_data(const Json& value) {
    if (value.is_number() || value.is_boolean()) return true;
    return value.is_array() && std::all_of(value.begin(), value.end(), is_data);
}

base::Result<Json> call_of(std::string_view name, std::string_view inside, std::string_view whole, int depth) {
    base::Result<Json> arguments = parse_arguments(inside, depth + 1);
    if (!arguments) return arguments.error();
    if (const DTypeCode* dtype = dtype_of(name)) {
        const Json& args = (*arguments)["args"];
        if (args.size() != 1 || !(*arguments)["kwargs"].empty() || !is_data(args[0])) return at("malformed numbers", whole);
        return Json{{"data", args[0]}, {"dtype", dtype->name}};
    }
    return Json{{"$call", name}, {"args", (*arguments)["args"]}, {"kwargs", (*arguments)["kwargs"]}};
}

// Whether the bracket that opens at `open` closes at the very end of `text`.
bool closes_at_end(std::string_view text, std::size_t open) {
    const std::size_t end = balanced_end(text, open + 1);
    return end != std::string_view::npos && end + 1 == text.size();
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool is_identifier(std::string_view text) {
    if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0]))) return false;
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return std::isalnum(c) || c == '_' || c >= 0x80; });
}

std::size_t balanced_end(std::string_view text, std::size_t begin) {
    std::vector<char> open;
    for (std::size_t i = begin; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\'' || c == '"') {
            const std::size_t end = string_end(text, i);
            if (end == std::string_view::npos) return end;
            i = end - 1;
        } else if (c == '(' || c == '[' || c == '{') {
            open.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
        } else if (c == ')' || c == ']' || c == '}') {
            if (open.empty()) return i;
            if (open.back() != c) return std::string_view::npos;
            open.pop_back();
        }
    }
    return std::string_view::npos;
}

base::Result<Json> parse_arguments(std::string_view text, int depth) {
    const auto pieces = split(text, ',');
    if (!pieces) return at("unbalanced brackets", text);
    Json args = Json::array();
    Json kwargs = Json::object();
    for (const std::string_view piece : *pieces) {
        const std::size_t equals = piece.find('=');
        const std::string_view name = trimmed(piece.substr(0, std::min(equals, piece.size())));
        const bool keyword = equals != std::string_view::npos && is_identifier(name) && piece.substr(equals + 1, 1) != "=";
        base::Result<Json> value = parse_value(trimmed(keyword ? piece.substr(equals + 1) : piece), depth + 1);
        if (!value) return value.error();
        if (!keyword && !kwargs.empty()) return at("an argument after keyword arguments", text);
        if (keyword) kwargs[std::string(name)] = std::move(value).value();
        else args.push_back(std::move(value).value());
    }
    return Json{{"args", args}, {"kwargs", kwargs}};
}

base::Result<Json> parse_value(std::string_view text, int depth) {
    text = trimmed(text);
    if (text.empty()) return base::Error{"an empty argument"};
    if (depth > kMaxDepth) return base::Error{"a sample that is nested too deeply"};
    if (const auto literal = literal_value(text)) return *literal;
    if (text[0] == '[' && closes_at_end(text, 0)) return list_of(text.substr(1, text.size() - 2), depth);
    if (text[0] == '{' && closes_at_end(text, 0)) return dict_of(text, depth);
    if (text[0] == '(' && closes_at_end(text, 0)) {
        const std::string_view inside = trimmed(text.substr(1, text.size() - 2));
        const auto pieces = split(inside, ',');
        if (!pieces) return at("unbalanced brackets", text);
        if (pieces->size() == 1 && !inside.ends_with(',')) return parse_value(inside, depth + 1);
        base::Result<Json> list = list_of(inside, depth);
        if (!list) return list.error();
        return Json{{"$tuple", *list}};
    }
    const std::size_t open = text.find_first_of("([");
    const std::string_view name = trimmed(text.substr(0, std::min(open, text.size())));
    if (open != std::string_view::npos && closes_at_end(text, open)) {
        const std::string_view inside = text.substr(open + 1, text.size() - open - 2);
        if (const DTypeCode* dtype = dtype_of(name); dtype != nullptr && text[open] == '[') return tensor_value(*dtype, inside, text);
        if (text[open] == '(' && is_identifier(name) && name != "lambda") return call_of(name, inside, text, depth);
    }
    if (!split(text, ',')) return at("unbalanced brackets", text);
    return Json{{"$eval", text}};
}

}  // namespace mlxify::verify
