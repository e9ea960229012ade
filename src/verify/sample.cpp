#include "verify/sample.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/text.h"
#include "verify/sample_parser.h"

namespace mlxify::verify {
namespace {

using Json = nlohmann::json;

std::string_view dtype_code(std::string_view name) {
    struct Row {
        std::string_view name, code;
    };
    constexpr std::array<Row, 11> kRows = {{{"float32", "f32"}, {"float64", "f64"}, {"float16", "f16"}, {"bfloat16", "bf16"},
                                            {"int64", "i64"}, {"int32", "i32"}, {"int16", "i16"}, {"int8", "i8"},
                                            {"uint8", "u8"}, {"bool", "bool"}, {"complex64", "c64"}}};
    const auto found = std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return row.name == name; });
    return found == kRows.end() ? std::string_view{} : found->code;
}

std::string string_text(const std::string& value) {
    std::string text = "'";
    for (const char c : value) {
        if (c == '\n') text += "\\n";
        else if (c == '\t') text += "\\t";
        else if (c == '\r') text += "\\r";
        else if (c == '\\' || c == '\'') (text += '\\') += c;
        else text += c;
    }
    return text + "'";
}

// The shortest text that reads back as the same double, and as a float in Python.
std::string number_text(const Json& value) {
    if (!value.is_number_float()) return value.dump();
    const double number = value.get<double>();
    if (!std::isfinite(number)) return std::isnan(number) ? "float('nan')" : number > 0 ? "float('inf')" : "float('-inf')";
    std::array<char, 40> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    MLXIFY_CHECK(error == std::errc{});
    std::string text(buffer.data(), end);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
}

std::string joined(const Json& list) {
    std::string text;
    for (const Json& item : list) text += (text.empty() ? "" : ", ") + print_value(item);
    return text;
}

std::string arguments_text(const Json& args, const Json& kwargs) {
    std::string text = joined(args);
    for (const auto& [name, value] : kwargs.items()) text += (text.empty() ? "" : ", ") + name + "=" + print_value(value);
    return text;
}

std::string tensor_text(const Json& value) {
    const std::string code(dtype_code(value["dtype"].get<std::string>()));
    if (value.contains("data")) return code + "(" + print_value(value["data"]) + ")";
    std::string text = code + "[" + joined(value["shape"]);
    if (value.contains("low") || value.contains("high"))
        text += "; " + number_text(value.value("low", Json(0))) + ", " + number_text(value.value("high", Json(1)));
    return text + "]";
}

bool is_tensor(const Json& value) {
    return value.is_object() && value.contains("dtype") && value["dtype"].is_string() &&
           !dtype_code(value["dtype"].get<std::string>()).empty() && (value.contains("shape") || value.contains("data"));
}

std::string dict_text(const Json& value) {
    std::string text;
    for (const auto& [name, item] : value.items()) text += (text.empty() ? "" : ", ") + string_text(name) + ": " + print_value(item);
    return "{" + text + "}";
}

// Where the last bracket group of `text` opens; npos if the text does not end in `)`.
std::size_t last_call(std::string_view text) {
    if (!text.ends_with(')')) return std::string_view::npos;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\'' || text[i] == '"') {
            const std::size_t end = text.find(text[i], i + 1);
            if (end == std::string_view::npos) return end;
            i = end;
        } else if (text[i] == '(' || text[i] == '[' || text[i] == '{') {
            const std::size_t end = balanced_end(text, i + 1);
            if (end == std::string_view::npos) return end;
            if (end + 1 == text.size() && text[i] == '(') return i;
            i = end;
        }
    }
    return std::string_view::npos;
}

const Json& field_of(const Json& object, std::string_view name, const Json& otherwise) {
    const auto found = object.find(name);
    return found == object.end() ? otherwise : *found;
}

// An array that a constructor takes, as PyTorch makes it: evenly spaced numbers. Empty for dtypes of which there is no such text.
std::string made_tensor(const Json& value) {
    std::int64_t count = 1;
    for (const Json& size : value["shape"]) count *= size.get<std::int64_t>();
    const std::string shaped = ".reshape(" + joined(value["shape"]) + ")";
    const auto bound = [&](const char* name, double otherwise) { return number_text(value.value(name, Json(otherwise))); };
    if (value["dtype"] == "float32") return "torch.linspace(" + bound("low", value.contains("high") ? 0 : -1) + ", " + bound("high", 1) + ", " + std::to_string(count) + ")" + shaped;
    if (value["dtype"] == "bool") return "(torch.arange(" + std::to_string(count) + ") % 2 == 0)" + shaped;
    if (value["dtype"] != "int64") return {};
    const std::int64_t low = value.value("low", std::int64_t{0}), high = value.value("high", std::int64_t{10});
    if (high <= low) return {};
    return "(torch.arange(" + std::to_string(count) + ") % " + std::to_string(high - low) + " + " + std::to_string(low) + ")" + shaped;
}

// `Scale(f32[5])` with what makes the array in place of `f32[5]`.
std::string with_made_tensors(std::string_view expression) {
    std::string text;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < expression.size(); ++i) {
        if (expression[i] == '\'' || expression[i] == '"') {
            i = expression.find(expression[i], i + 1);
            if (i == std::string_view::npos) break;
        }
        const bool starts = i == 0 || (!base::is_name_letter(expression[i - 1]) && expression[i - 1] != '.');
        const std::size_t open = expression.find('[', i);
        if (!starts || open == std::string_view::npos || !is_identifier(expression.substr(i, open - i))) continue;
        const std::size_t end = balanced_end(expression, open + 1);
        if (end == std::string_view::npos) break;
        const base::Result<Json> value = parse_value(expression.substr(i, end + 1 - i));
        const std::string made = value && is_tensor(*value) && value->contains("shape") ? made_tensor(*value) : std::string{};
        if (made.empty()) continue;
        text += std::string(expression.substr(begin, i - begin)) + made;
        begin = end + 1;
        i = end;
    }
    return text + std::string(expression.substr(begin));
}

// A case's argument where MLX needs another expression: {"$eval": ..., "$mlx": ...}.
std::string constructor_text(const Json& test_case, bool mlx) {
    static const Json kNone = Json::array();
    static const Json kNoNames = Json::object();
    std::string text;
    const auto add = [&](const std::string& prefix, const Json& value) {
        const bool own = mlx && value.is_object() && value.contains("$mlx") && value["$mlx"].is_string();
        text += (text.empty() ? "" : ", ") + prefix + (own ? value["$mlx"].get<std::string>() : python_text(value));
    };
    for (const Json& value : field_of(test_case, "args", kNone)) add("", value);
    for (const auto& [name, value] : field_of(test_case, "kwargs", kNoNames).items()) add(name + "=", value);
    return test_case["class"].get<std::string>() + "(" + with_made_tensors(text) + ")";
}

}  // namespace

base::Result<Invocation> parse_invocation(std::string_view text) {
    text = trimmed(text);
    const std::size_t open = last_call(text);
    if (open == std::string_view::npos || open == 0)
        return base::Error{"`" + std::string(text) + "` is no sample such as `Net(8)(f32[2, 8])`"};
    base::Result<Json> spec = parse_arguments(text.substr(open + 1, text.size() - open - 2));
    if (!spec) return spec.error();
    Invocation invocation;
    invocation.spec = std::move(spec).value();
    std::string_view called = trimmed(text.substr(0, open));
    const std::size_t dot = called.rfind('.');
    if (dot != std::string_view::npos && is_identifier(called.substr(dot + 1)) && called.substr(0, dot).ends_with(')')) {
        invocation.method = called.substr(dot + 1);
        called = called.substr(0, dot);
    }
    invocation.expression = with_made_tensors(called);
    return invocation;
}

std::string print_value(const Json& value) {
    if (value.is_null()) return "None";
    if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
    if (value.is_string()) return string_text(value.get<std::string>());
    if (value.is_number()) return number_text(value);
    if (value.is_array()) return "[" + joined(value) + "]";
    if (is_tensor(value)) return tensor_text(value);
    if (const auto tuple = value.find("$tuple"); tuple != value.end())
        return "(" + joined(*tuple) + (tuple->size() == 1 ? ",)" : ")");
    if (const auto text = value.find("$eval"); text != value.end() && text->is_string()) return text->get<std::string>();
    if (const auto name = value.find("$call"); name != value.end() && name->is_string())
        return name->get<std::string>() + "(" + arguments_text(value.value("args", Json::array()), value.value("kwargs", Json::object())) + ")";
    return dict_text(value);
}

std::string print_invocation(const Invocation& invocation) {
    const std::string method = invocation.method.empty() ? "" : "." + invocation.method;
    return invocation.expression + method + "(" + arguments_text(invocation.spec["args"], invocation.spec["kwargs"]) + ")";
}

std::string_view entry_name(const Invocation& invocation) {
    const std::string_view text = invocation.expression;
    return trimmed(text.substr(0, std::min(text.find_first_of("(."), text.size())));
}

std::string python_text(const Json& value) { return print_value(value); }

base::Result<Invocation> case_invocation(const Json& test_case) {
    const auto has = [&](const char* name, bool (Json::*is)() const noexcept) {
        return !test_case.contains(name) || (test_case[name].*is)();
    };
    if (!test_case.is_object() || !test_case.contains("class") || !test_case["class"].is_string())
        return base::Error{"a case without `class`"};
    if (!has("args", &Json::is_array) || !has("kwargs", &Json::is_object) || !has("inputs", &Json::is_array) ||
        !has("input_kwargs", &Json::is_object))
        return base::Error{"a case of `" + test_case["class"].get<std::string>() + "` with a malformed field"};
    Invocation invocation;
    invocation.expression = constructor_text(test_case, false);
    const std::string mlx = constructor_text(test_case, true);
    if (mlx != invocation.expression) invocation.mlx_expression = mlx;
    invocation.spec = {{"args", test_case.value("inputs", Json::array())},
                       {"kwargs", test_case.value("input_kwargs", Json::object())}};
    if (test_case.contains("method") && test_case["method"].is_string()) invocation.method = test_case["method"];
    return invocation;
}

base::Result<std::vector<Invocation>> read_cases(std::string_view path_and_number) {
    const std::size_t hash = path_and_number.rfind('#');
    const std::string path(path_and_number.substr(0, hash));
    std::ifstream file(path, std::ios::binary);
    if (!file) return base::Error{"cannot read `" + path + "`"};
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("cases") || !json["cases"].is_array())
        return base::Error{"`" + path + "` is no case file"};
    std::size_t first = 0;
    std::size_t last = json["cases"].size();
    if (hash != std::string_view::npos) {
        const std::string_view digits = path_and_number.substr(hash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), first);
        if (error != std::errc{} || end != digits.data() + digits.size() || first >= last)
            return base::Error{"`" + path + "` has no case `" + std::string(digits) + "`"};
        last = first + 1;
    }
    std::vector<Invocation> invocations;
    for (std::size_t i = first; i < last; ++i) {
        base::Result<Invocation> invocation = case_invocation(json["cases"][i]);
        if (!invocation) return invocation.error();
        invocations.push_back(std::move(invocation).value());
    }
    return invocations;
}

}  // namespace mlxify::verify
