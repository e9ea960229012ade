#include "rewrite/merge_layout.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace mlxify::rewrite {
namespace {

struct Token {
    std::string_view trivia;  // white space and comments before it
    std::string_view text;
};

bool closes(std::string_view token) { return token == ")" || token == "]" || token == "}"; }

struct Tokens {
    std::vector<Token> all;
    std::string_view tail;  // trivia after the last token
};

bool is_word(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) || letter == '_' || letter == '.' || (letter & 0x80); }

Tokens tokens(std::string_view text) {
    Tokens found;
    std::size_t at = 0;
    std::size_t trivia = 0;
    while (at < text.size()) {
        const char letter = text[at];
        if (std::isspace(static_cast<unsigned char>(letter)) || letter == '\\') {
            ++at;
        } else if (letter == '#') {
            while (at < text.size() && text[at] != '\n') ++at;
        } else {
            const std::size_t begin = at;
            if (letter == '"' || letter == '\'') {
                ++at;
                while (at < text.size() && text[at] != letter) at += text[at] == '\\' ? 2 : 1;
                at = std::min(at + 1, text.size());
            } else if (is_word(letter)) {
                while (at < text.size() && is_word(text[at])) ++at;
            } else {
                ++at;
            }
            found.all.push_back({text.substr(trivia, begin - trivia), text.substr(begin, at - begin)});
            trivia = at;
        }
    }
    found.tail = text.substr(trivia);
    return found;
}

}  // namespace

std::optional<std::string> merge_layout(std::string_view old_gap, std::string_view new_gap, bool last) {
    Tokens before = tokens(old_gap);
    const Tokens after = tokens(new_gap);
    std::string out;
    // the author's trailing comma stays
    if (last && before.all.size() > after.all.size() && !before.all.empty() && before.all[0].text == "," &&
        (after.all.empty() || closes(after.all[0].text))) {
        out += before.all[0].trivia;
        out += before.all[0].text;
        before.all.erase(before.all.begin());
    }
    const std::size_t old_count = before.all.size();
    const std::size_t new_count = after.all.size();
    const auto same = [&](std::size_t old_at, std::size_t new_at) { return before.all[old_at].text == after.all[new_at].text; };
    std::size_t head = 0;
    std::size_t tail = 0;
    if (old_count == new_count) {
        head = new_count;
    } else {
        const std::size_t shorter = std::min(old_count, new_count);
        while (head < shorter && same(head, head)) ++head;
        while (tail < shorter - head && same(old_count - 1 - tail, new_count - 1 - tail)) ++tail;
        for (std::size_t at = head; at < old_count - tail; ++at)
            if (before.all[at].trivia.find('#') != std::string_view::npos) return std::nullopt;
    }
    for (std::size_t at = 0; at < new_count; ++at) {
        const bool from_head = at < head;
        const bool from_tail = at >= new_count - tail;
        std::string_view trivia = after.all[at].trivia;
        if (from_head || from_tail) {
            const Token& old = before.all[from_head ? at : old_count - (new_count - at)];
            const bool breaks = old.trivia.find_first_of("\n#") != std::string_view::npos;
            const bool after_new_comma = old.trivia.empty() && at > 0 && after.all[at - 1].text == ",";
            if (breaks || (old.text == after.all[at].text && !after_new_comma)) trivia = old.trivia;
        }
        out += trivia;
        out += after.all[at].text;
    }
    const bool breaks = before.tail.find_first_of("\n#") != std::string_view::npos;
    out += breaks || after.all.empty() ? before.tail : after.tail;
    return out;
}

}  // namespace mlxify::rewrite
