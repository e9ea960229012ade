#include "rewrite/merge_layout.h"

#include <cctype>
#include <vector>

namespace mlxify::rewrite {
namespace {

struct Token {
    std::string_view trivia;  // white space and comments before it
    std::string_view text;
};

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
    const Tokens before = tokens(old_gap);
    Tokens after = tokens(new_gap);
    std::vector<Token> kept = before.all;
    const bool trailing_comma = last && kept.size() == after.all.size() + 1 && !kept.empty() && kept[0].text == ",";
    std::string out;
    std::size_t from = 0;
    if (trailing_comma) {
        out += kept[0].trivia;
        out += kept[0].text;
        from = 1;
    }
    if (kept.size() - from != after.all.size()) return std::nullopt;
    for (std::size_t at = 0; at < after.all.size(); ++at) {
        const Token& token = kept[from + at];
        const bool same_spacing = token.trivia.find_first_of("\n#") != std::string_view::npos || token.text == after.all[at].text;
        out += same_spacing ? token.trivia : after.all[at].trivia;
        out += after.all[at].text;
    }
    out += before.tail.find_first_of("\n#") != std::string_view::npos || after.all.empty() ? before.tail : after.tail;
    return out;
}

}  // namespace mlxify::rewrite
