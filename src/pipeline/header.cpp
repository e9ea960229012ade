#include "pipeline/header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "pipeline/convert.h"
#include "report/text_width.h"
#include "syntax/parse.h"

namespace mlxify::pipeline {
namespace {

using syntax::NodeId;

// The first words of the part: a former one is found, and replaced, by them.
constexpr std::string_view kFirstWords = "Converted from PyTorch to MLX by mlxify ";

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
    const std::size_t at = content.find(kFirstWords);
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

// Breaks a sentence at spaces, the following lines indented by two more columns.
std::string wrapped(std::string_view sentence, std::string_view indent) {
    constexpr std::size_t kColumns = 100;
    std::string text(indent), line(indent);
    text.clear();
    for (std::size_t at = 0; at < sentence.size();) {
        const std::size_t end = std::min(sentence.find(' ', at), sentence.size());
        const std::string_view word = sentence.substr(at, end - at);
        if (!is_blank(line) && report::width(line) + 1 + report::width(word) > kColumns) {
            text += line + "\n";
            line = std::string(indent) + "  ";
        }
        if (!is_blank(line)) line += ' ';
        line += word;
        at = end + 1;
    }
    return text + line + "\n";
}

std::string list(std::string_view label, const std::vector<std::string>& items) {
    if (items.empty()) return {};
    std::string text = fmt::format("{}:\n", label);
    for (const std::string& item : items) text += wrapped("- " + report::printable(item), "");
    return text;
}

// A text that spells out a whole tensor is cut after an argument, and told by where it comes from.
std::string sample_line(const verify::Sample& sample) {
    constexpr std::size_t kLongest = 110, kKept = 60;
    const std::string text = report::printable(sample.text);
    const std::size_t comma = text.rfind(", ", kKept);
    if (report::width(text) <= kLongest || comma == std::string::npos) return text;
    return fmt::format("{} … (by {})", text.substr(0, comma + 1), report::printable(sample.origin));
}

bool proved_gradients(const verify::EntryProof& entry) {
    return std::ranges::any_of(entry.stages, [](const verify::Stage& stage) {
        return stage.name == "gradients" && stage.result == verify::StageResult::passed;
    });
}

std::string proof(const verify::EntryProof& entry) {
    std::string text = wrapped(fmt::format("Verified against PyTorch: {}, {} in {}.", report::printable(entry.name), proved_quantities(entry),
                                           entry.original_dtype.empty() ? "float32" : entry.original_dtype), "");
    for (const verify::Sample& sample : entry.samples) text += fmt::format("- {}\n", sample_line(sample));
    text += fmt::format("Largest error, relative to each array's scale: values {}", rounded_up(entry.max_error));
    if (proved_gradients(entry)) text += fmt::format(", gradients {}", rounded_up(entry.gradient_error));
    return text + ".\n";
}

std::vector<std::string> limitations(const verify::Verdict& verdict, const std::vector<diagnostics::Diagnostic>& remarks,
                                     const source::SourceText& original) {
    using diagnostics::Code;
    std::vector<std::string> sentences;
    for (const verify::EntryProof& entry : verdict.entries)
        if (entry.level == verify::Level::verified_for_inference)
            sentences.push_back(fmt::format("{}: gradients were not proved equal; use it for inference", entry.name));
    sentences.insert(sentences.end(), verdict.limitations.begin(), verdict.limitations.end());
    for (const diagnostics::Diagnostic& remark : remarks) {
        if (remark.severity != diagnostics::Severity::remark) continue;
        if (remark.code != Code::left_out && remark.code != Code::not_converted && remark.code != Code::renamed_attribute && remark.code != Code::initial_differs) continue;
        sentences.push_back(remark.span.empty() ? remark.message
                                                : fmt::format("{} (original line {})", remark.message, original.position(remark.span.begin).line));
    }
    std::vector<std::string> once;
    for (std::string& sentence : sentences)
        if (std::ranges::find(once, sentence) == once.end()) once.push_back(std::move(sentence));
    return once;
}

}  // namespace

std::string_view proved_quantities(const verify::EntryProof& entry) {
    if (entry.level == verify::Level::verified_for_inference) return "values (inference only)";
    return proved_gradients(entry) ? "values and gradients" : "values (it has no gradient)";
}

std::string rounded_up(double error) {
    if (error == 0) return "0";
    if (!std::isfinite(error)) return "unknown";
    const double power = std::pow(10.0, std::floor(std::log10(error)));
    for (const int step : {1, 2, 5})
        if (error <= step * power * (1 + 1e-9)) return fmt::format("{:.0e}", step * power);
    return fmt::format("{:.0e}", 10 * power);
}

std::string verification_header(const Provenance& provenance, const verify::Verdict& verdict,
                                const std::vector<std::string>& assumptions,
                                const std::vector<diagnostics::Diagnostic>& remarks, const source::SourceText& original) {
    std::string text = fmt::format("{}{}.\n\nOriginal: {}\nsha256: {}\n", kFirstWords, provenance.version,
                                   report::printable(provenance.file_name), provenance.sha256);
    for (const verify::EntryProof& entry : verdict.entries) text += proof(entry);
    text += list("Assumptions", assumptions);
    text += list("Limitations", limitations(verdict, remarks, original));
    text += list("Not proved", verdict.not_proved);
    return text;
}

std::string draft_banner(const Provenance& provenance) {
    return fmt::format("# DRAFT by mlxify {}: not verified, do not use.\n# Original: {}, sha256 {}\n", provenance.version,
                       report::printable(provenance.file_name), provenance.sha256);
}

std::string with_header(std::string_view converted, std::string_view header) {
    diagnostics::Sink ignored;  // a text that does not parse has no docstring to find
    const syntax::Tree tree = syntax::parse(converted, ignored);
    const auto docstring = docstring_of(tree);
    return docstring ? into_docstring(converted, *docstring, header) : as_new_docstring(converted, header);
}

}  // namespace mlxify::pipeline
