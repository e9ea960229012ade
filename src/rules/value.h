// What partial evaluation knows of one expression of a catalogue body: its text, and whatever of its value is settled.
#pragma once

#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "catalogue/catalogue.h"
#include "infer/facts.h"

namespace mlxify::rules {

// How tightly an expression binds, loosest first, as Python's grammar orders them.
enum class Precedence : std::uint8_t {
    tuple, named, lambda, conditional, or_, and_, not_, compare, bit_or, bit_xor, bit_and, shift, add, mul, unary, pow, await_, atom,
};

struct None {
    friend bool operator==(None, None) = default;
};
using Constant = std::variant<None, bool, std::int64_t, double, std::string>;

// `text` may hold references to leaves (the arguments at the call site, or locals of the body): see Leaves.
struct Value {
    std::string text;
    Precedence precedence = Precedence::atom;
    std::optional<Constant> constant;
    bool has_items = false;      // a tuple, list or size of known length
    bool is_list = false;
    std::vector<Value> items;
    infer::Fact fact;            // kind, rank, dtype as far as known
    infer::Dim dim;              // of an integer that is a dimension
    std::int32_t leaf = -1;      // the text is exactly this leaf
    bool from_default = false;   // the caller did not write it
    std::int32_t of_length = -1; // an element of a named sequence of that length: all of them in a row print as `*sequence`
    bool starred = false;        // stands for `*text` inside a sequence or call
    bool positive = false;         // a number above zero, though which is not known
    bool negated = false;          // `-x` of what is not known, or an element of a sequence that was made elsewhere: may be below zero
    bool own_parentheses = false;  // a tuple whose text has its parentheses
    const catalogue::Body* function = nullptr;  // a function of the catalogue, to be called
    std::string_view builtin;    // a word of ours or a builtin that folds: "len", "refuse", ...

    [[nodiscard]] bool is_none() const { return constant && std::holds_alternative<None>(*constant); }
    [[nodiscard]] const std::int64_t* integer() const { return constant ? std::get_if<std::int64_t>(&*constant) : nullptr; }
    [[nodiscard]] bool is_nan() const { return constant && std::holds_alternative<double>(*constant) && std::isnan(std::get<double>(*constant)); }
    [[nodiscard]] bool is_minus_infinity() const { return constant && *constant == Constant(-std::numeric_limits<double>::infinity()); }
    [[nodiscard]] const std::string* string() const { return constant ? std::get_if<std::string>(&*constant) : nullptr; }
};

// A tensor's shape, or a part of one, whose length only the samples tell.
inline bool is_size_of_samples(const Value& value) { return value.fact.by_samples && value.fact.kind == infer::Kind::size && value.leaf >= 0; }

// Values of literals and of texts.
Value none_value();
Value bool_value(bool value);
Value integer_value(std::int64_t value);
Value float_value(double value);
Value string_value(std::string value);
Value code_value(std::string text, Precedence precedence = Precedence::atom, infer::Kind kind = infer::Kind::unknown);
// `(a, b)` or `[a, b]` of the items; known length unless one is starred.
Value sequence_value(std::vector<Value> items, bool is_list);

// Where the elements from `at` on are a whole named sequence, in order: its text and length.
struct Splat {
    std::string text;
    std::size_t length = 0;
};
std::optional<Splat> splat_at(const std::vector<Value>& items, std::size_t at);

// Python's truth of a value, when it is settled.
std::optional<bool> truth(const Value& value);
// The value's text as an operand that must bind at least that tightly.
std::string operand(const Value& value, Precedence least);
// A Python literal with double quotes.
std::string python_string(std::string_view text);

// The things that a text refers to: \x01 number \x02.
struct Leaf {
    std::string text;        // a local's expression, itself with references; empty for an argument of the call site
    std::uint32_t node = 0;  // the user's node, for an argument
    Precedence precedence = Precedence::atom;
    bool trivial = false;    // a name, a constant, an attribute of a name: may be used any number of times
    std::string_view written = {};  // an argument as its author wrote it
    // A display or comprehension: nobody else holds the list or dict. A generator that is the only argument of its call, without parentheses.
    enum class Made : std::uint8_t { elsewhere, list, dict, generator } made = Made::elsewhere;
};

class Leaves {
public:
    // A value that is a reference to a new leaf, with everything else that is known of `known`.
    Value add(Leaf leaf, Value known);
    [[nodiscard]] const Leaf& operator[](std::size_t at) const { return leaves_[at]; }
    // How often each leaf occurs in the text once all locals are expanded.
    [[nodiscard]] std::vector<std::uint32_t> uses(std::string_view text) const;
    // The text with every local put in; references to arguments remain.
    [[nodiscard]] std::string expand_locals(std::string_view text) const;
    [[nodiscard]] std::size_t size() const { return leaves_.size(); }
    // A copy of the text that lives as long as this does.
    std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }

private:
    std::vector<Leaf> leaves_;
    std::deque<std::string> kept_;
};

// Calls `visit(text)` and `leaf(number)` for the pieces of a text with references.
template <typename Text, typename Reference>
void for_each_piece(std::string_view text, Text&& on_text, Reference&& on_leaf) {
    while (!text.empty()) {
        const std::size_t at = text.find('\x01');
        if (at == std::string_view::npos) {
            on_text(text);
            return;
        }
        if (at > 0) on_text(text.substr(0, at));
        const std::size_t end = text.find('\x02', at);
        std::uint32_t number = 0;
        for (std::size_t digit = at + 1; digit < end; ++digit) number = number * 10 + static_cast<std::uint32_t>(text[digit] - '0');
        on_leaf(number);
        text.remove_prefix(end + 1);
    }
}

}  // namespace mlxify::rules
