#include "pipeline/docstring.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "pipeline/header.h"
#include "syntax/parse.h"

namespace mlxify::pipeline {
namespace {

using syntax::NodeId;

// One string literal as written: `r"""..."""`.
struct Literal {
    std::size_t content_begin = 0, content_end = 0;  // between the quotes
    char quote = '"';
    bool triple = false;
    bool raw = false;
};

// The last of the implicitly joined parts of `text`, which is one string expression; other parts, comments and white space lie before it.
Literal last_literal(std::string_view text) {
    Literal literal;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '#') {  // a comment between joined parts in parentheses
            at = std::min(text.find('\n', at), text.size());
            continue;
        }
        if (text[at] != '"' && text[at] != '\'') {
            ++at;
            continue;
        }
        Literal found;
        found.quote = text[at];
        found.triple = text.substr(at, 3) == std::string(3, found.quote);
        for (std::size_t i = at; i > 0 && std::isalpha(static_cast<unsigned char>(text[i - 1])); --i)
            if (text[i - 1] == 'r' || text[i - 1] == 'R') found.raw = true;
        const std::string closing(found.triple ? 3 : 1, found.quote);
        std::size_t end = found.content_begin = at + closing.size();
        // A backslash guards the next character in raw literals too.
        while (end < text.size() && text.substr(end, closing.size()) != closing) end += text[end] == '\\' ? 2 : 1;
        found.content_end = std::min(end, text.size());
        at = found.content_end + closing.size();
        literal = found;
    }
    return literal;
}

// The module's docstring: its expression's span. The first statement, if it is one plain string.
std::optional<base::Span> docstring_of(const syntax::Tree& tree) {
    const NodeId body = tree.child(tree.root(), 0);
    const NodeId first = syntax::exists(body) ? tree.child(body, 0) : syntax::kNoNode;
    if (!syntax::exists(first) || tree[first].kind != syntax::Kind::expression_statement) return std::nullopt;
    const syntax::Node& string = tree[tree.child(first, 0)];
    if (string.kind != syntax::Kind::string || string.has(syntax::Flag::is_fstring) || string.has(syntax::Flag::is_bytes))
        return std::nullopt;
    return string.span;
}

std::string_view line_break_of(std::string_view text) {
    const std::size_t end = text.find('\n');
    return end != std::string_view::npos && end > 0 && text[end - 1] == '\r' ? "\r\n" : "\n";
}

// As it must be written inside that literal to be read as `header`.
std::string escaped(std::string_view header, const Literal& literal, std::string_view line_break) {
    const std::string closing(3, literal.quote);
    std::string written;
    for (std::size_t i = 0; i < header.size(); ++i) {
        if (header[i] == '\n')
            written += line_break;
        else if (header[i] == '\\')
            written += literal.raw ? "/" : "\\\\";  // no backslash can be escaped in a raw literal
        else if (header[i] == literal.quote && header.substr(i, 3) == closing)
            written += literal.raw ? std::string(1, literal.quote == '"' ? '\'' : '"') : std::string("\\") + literal.quote;
        else
            written += header[i];
    }
    return written;
}

// A docstring's words without the part that an earlier conversion put there; the blank line before it stays.
std::string_view authors_words(std::string_view content) {
    const std::size_t at = content.find(kHeaderBegin);
    return at == std::string_view::npos || (at > 0 && content[at - 1] != '\n') ? content : content.substr(0, at);
}

// What makes a blank line after the words, so far as they do not end in one.
std::string separator(std::string_view words, std::string_view line_break) {
    const bool blank = words.find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (blank || words.ends_with("\n\n") || words.ends_with("\n\r\n")) return {};
    return words.ends_with('\n') ? std::string(line_break) : fmt::format("{0}{0}", line_break);
}

std::string into_docstring(std::string_view text, base::Span docstring, std::string_view header) {
    const std::string_view expression = text.substr(docstring.begin, docstring.size());
    const Literal literal = last_literal(expression);
    const std::string_view line_break = line_break_of(text);
    const std::string quotes(3, literal.quote);
    const std::size_t quote_size = literal.triple ? 3 : 1;
    const std::string_view words = authors_words(expression.substr(literal.content_begin, literal.content_end - literal.content_begin));

    std::string result(text.substr(0, docstring.begin + literal.content_begin - quote_size));
    result += quotes;
    result += words;
    result += separator(words, line_break);
    result += escaped(header, literal, line_break);
    result += quotes;
    result += text.substr(docstring.begin + literal.content_end + quote_size);
    return result;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r\n\f") == std::string_view::npos; }

bool names_a_licence(std::string_view comment) {
    std::string lower(comment);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower.find("copyright") != std::string::npos || lower.find("licen") != std::string::npos || lower.find("spdx") != std::string::npos;
}

bool is_directive(std::string_view line, std::size_t number) {
    return number < 2 && (line.starts_with("#!") || (line.starts_with("#") && line.find("coding") != std::string_view::npos));
}

// Where a new docstring goes: after the byte order mark, the `#!` and coding lines, and after a first block of comments that
// stands alone or names a licence; a comment that touches the first statement belongs to that.
std::size_t place_for_docstring(std::string_view text) {
    std::size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
    const auto line_at = [&](std::size_t begin) { return text.substr(begin, std::min(text.find('\n', begin), text.size() - 1) + 1 - begin); };
    for (std::size_t number = 0; at < text.size() && is_directive(line_at(at), number); ++number) at += line_at(at).size();
    std::size_t block = at;
    while (block < text.size() && is_blank(line_at(block))) block += line_at(block).size();
    std::size_t end = block;
    while (end < text.size() && text[end] == '#') end += line_at(end).size();
    if (end == block) return at;
    const bool alone = end >= text.size() || is_blank(line_at(end));
    return alone || names_a_licence(text.substr(block, end - block)) ? end : at;
}

std::string as_new_docstring(std::string_view text, std::string_view header) {
    const std::string_view line_break = line_break_of(text);
    const std::size_t at = place_for_docstring(text);
    const std::string_view rest = text.substr(at);
    std::string result(text.substr(0, at));
    if (!result.empty() && !result.ends_with('\n') && !result.ends_with("\xef\xbb\xbf")) result += line_break;
    result += R"(""")";
    result += escaped(header, {0, 0, '"', true, false}, line_break);
    result += R"(""")";
    result += line_break;
    if (!rest.empty() && !is_blank(rest.substr(0, std::min(rest.find('\n'), rest.size())))) result += line_break;
    return result += rest;
}

// As Python reads it; of escapes only those that `escaped` writes.
std::string unescaped(std::string_view content, const Literal& literal) {
    std::string text;
    for (std::size_t i = 0; i < content.size(); ++i) {
        const char next = i + 1 < content.size() ? content[i + 1] : '\0';
        if (content[i] == '\r' && next == '\n') continue;
        if (content[i] == '\\' && !literal.raw && (next == '\\' || next == literal.quote)) ++i;
        text += content[i];
    }
    return text;
}

}  // namespace

std::string with_header(std::string_view converted, std::string_view header) {
    diagnostics::Sink ignored;  // a text that does not parse has no docstring to find
    const syntax::Tree tree = syntax::parse(converted, ignored);
    const auto docstring = docstring_of(tree);
    return docstring ? into_docstring(converted, *docstring, header) : as_new_docstring(converted, header);
}

std::optional<std::string> header_of(std::string_view converted) {
    diagnostics::Sink ignored;
    const auto docstring = docstring_of(syntax::parse(converted, ignored));
    if (!docstring) return std::nullopt;
    const std::string_view expression = converted.substr(docstring->begin, docstring->size());
    const Literal literal = last_literal(expression);
    const std::string_view content = expression.substr(literal.content_begin, literal.content_end - literal.content_begin);
    const std::size_t words = authors_words(content).size();
    if (words == content.size()) return std::nullopt;
    return unescaped(content.substr(words), literal);
}

}  // namespace mlxify::pipeline
