#include "rules/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace mlxify::rules {

using infer::Kind;

Value none_value() {
    Value value = code_value("None", Precedence::atom, Kind::none);
    value.constant = None{};
    return value;
}

Value bool_value(bool flag) {
    Value value = code_value(flag ? "True" : "False", Precedence::atom, Kind::boolean);
    value.constant = flag;
    return value;
}

Value integer_value(std::int64_t number) {
    Value value = code_value(std::to_string(number), number < 0 ? Precedence::unary : Precedence::atom, Kind::integer);
    value.constant = number;
    value.dim = {true, number, {}};
    return value;
}

Value float_value(double number) {
    std::array<char, 40> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    std::string text(buffer.data(), end);
    if (text.find_first_of(".en") == std::string::npos) text += ".0";
    if (text.find("inf") != std::string::npos) text = number < 0 ? "-math.inf" : "math.inf";
    if (std::isnan(number)) text = "math.nan";
    Value value = code_value(text, text.front() == '-' ? Precedence::unary : Precedence::atom, Kind::floating);
    value.constant = number;
    return value;
}

Value string_value(std::string characters) {
    Value value = code_value(python_string(characters), Precedence::atom, Kind::string);
    value.constant = std::move(characters);
    return value;
}

Value code_value(std::string text, Precedence precedence, Kind kind) {
    Value value;
    value.text = std::move(text);
    value.precedence = precedence;
    value.fact.kind = kind;
    return value;
}

std::optional<Splat> splat_at(const std::vector<Value>& items, std::size_t at) {
    const std::int32_t length = items[at].of_length;
    if (length < 2 || at + static_cast<std::size_t>(length) > items.size() || !items[at].text.ends_with("[0]")) return std::nullopt;
    const std::string base = items[at].text.substr(0, items[at].text.size() - 3);
    for (std::int32_t index = 0; index < length; ++index) {
        const Value& item = items[at + static_cast<std::size_t>(index)];
        if (item.of_length != length || item.text != base + "[" + std::to_string(index) + "]") return std::nullopt;
    }
    return Splat{base, static_cast<std::size_t>(length)};
}

Value sequence_value(std::vector<Value> items, bool is_list) {
    Value value;
    value.is_list = is_list;
    value.has_items = true;
    value.own_parentheses = true;
    std::string text(1, is_list ? '[' : '(');
    std::size_t printed = 0;
    for (std::size_t at = 0; at < items.size(); ++at, ++printed) {
        if (at > 0) text += ", ";
        if (const auto splat = splat_at(items, at)) {
            text += "*" + splat->text;
            at += splat->length - 1;
        } else if (items[at].starred) {
            value.has_items = false;
            text += "*" + operand(items[at], Precedence::bit_or);
        } else {
            text += operand(items[at], Precedence::named);
        }
    }
    if (!is_list && printed == 1) text += ',';
    text += is_list ? ']' : ')';
    value.text = std::move(text);
    value.fact.kind = is_list ? Kind::list : Kind::tuple;
    if (value.has_items) value.fact.length = static_cast<std::int32_t>(items.size());
    value.items = std::move(items);
    return value;
}

std::optional<bool> truth(const Value& value) {
    if (value.constant) {
        return std::visit(
            [](const auto& held) -> bool {
                using T = std::decay_t<decltype(held)>;
                if constexpr (std::is_same_v<T, None>) return false;
                else if constexpr (std::is_same_v<T, std::string>) return !held.empty();
                else return held != T{};
            },
            *value.constant);
    }
    if (value.has_items) return !value.items.empty();
    return std::nullopt;
}

std::string operand(const Value& value, Precedence least) {
    return value.precedence < least ? "(" + value.text + ")" : value.text;
}

std::string python_string(std::string_view text) {
    std::string out = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\') out += '\\';
        if (letter == '\n') out += "\\n";
        else out += letter;
    }
    return out + '"';
}

Value Leaves::add(Leaf leaf, Value known) {
    const std::size_t number = leaves_.size();
    known.leaf = static_cast<std::int32_t>(number);
    known.precedence = leaf.precedence;
    known.text = '\x01' + std::to_string(number) + '\x02';
    leaves_.push_back(std::move(leaf));
    return known;
}

// A local refers to leaves that are older than itself: one pass from the youngest counts all of them, however often each occurs.
std::vector<std::uint32_t> Leaves::uses(std::string_view text) const {
    constexpr std::uint32_t kMany = 1U << 20;
    std::vector<std::uint32_t> found(leaves_.size(), 0);
    const auto count = [&](std::string_view within, std::uint32_t times) {
        for_each_piece(
            within, [](std::string_view) {}, [&](std::uint32_t leaf) { found[leaf] = std::min(kMany, found[leaf] + times); });
    };
    count(text, 1);
    for (std::size_t at = leaves_.size(); at-- > 0;)
        if (found[at] > 0) count(leaves_[at].text, found[at]);
    return found;
}

std::string Leaves::expand_locals(std::string_view text) const {
    std::string out;
    for_each_piece(
        text, [&](std::string_view piece) { out += piece; },
        [&](std::uint32_t leaf) {
            if (leaves_[leaf].text.empty()) out += '\x01' + std::to_string(leaf) + '\x02';
            else out += expand_locals(leaves_[leaf].text);
        });
    return out;
}

}  // namespace mlxify::rules
