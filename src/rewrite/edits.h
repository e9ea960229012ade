// Replacements of pieces of the source, kept so that a larger one can take in the smaller ones it covers.
// takes: source text; gives: edited text; tests: edits_test.cpp
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/span.h"

namespace mlxify::rewrite {

struct Edit {
    base::Span span;      // of the original; empty: an insertion before that byte
    std::string text;
    std::string rule;     // what made it, for the source map
    bool joined = false;  // an insertion that is part of the expression after it, and goes with it
};

// A place that a rule was applied to, whatever became of its text since.
struct Made {
    base::Span span;
    std::string rule;
    friend bool operator==(const Made&, const Made&) = default;
};

class Edits {
public:
    explicit Edits(std::string_view source) : source_(source) {}

    // Puts `text` for the bytes of `span`; edits inside it are dropped (their effect is in `text`, if it came from `render`).
    // `closed`: insertions at its very end are taken in as well.
    void replace(base::Span span, std::string text, std::string_view rule = {}, bool closed = false);
    // The same of a part of an expression for which the rule was noted as a whole.
    void replace_part(base::Span span, std::string text, std::string_view rule);
    // Puts `text` before byte `at`; after what was inserted there earlier.
    void insert(std::uint32_t at, std::string text, std::string_view rule = {}, bool joined = false);
    // Gives the line break at `line_end` back where lines were taken out together with it: what ends there can be replaced.
    void keep_line_break(std::uint32_t line_end);
    // Notes that a rule was applied there, beside the edits that say so themselves.
    void note(base::Span span, std::string_view rule) { made_.push_back({span, std::string(rule)}); }
    // Every place that a rule was applied to, in the order of the source, once; those in pieces that were taken out are left out.
    [[nodiscard]] std::vector<Made> made() const;
    // The bytes of `span` with the edits inside it.
    [[nodiscard]] std::string render(base::Span span) const;
    // The same of an expression: without what was inserted before it that is no part of it, such as a line of its own.
    [[nodiscard]] std::string render_expression(base::Span span) const;
    [[nodiscard]] bool touched(base::Span span) const;
    [[nodiscard]] const std::vector<Edit>& all() const { return edits_; }
    // Where a byte of the original stands once all edits are made.
    [[nodiscard]] std::uint32_t position_after(std::uint32_t offset) const;

private:
    [[nodiscard]] std::string render_from(std::vector<Edit>::const_iterator edit, base::Span span) const;

    std::string_view source_;
    void put(base::Span span, std::string text, std::string_view rule, bool closed);
    void put_before(std::uint32_t at, std::string text, std::string_view rule, bool joined);

    std::vector<Made> made_;
    std::vector<Edit> edits_;  // by position, no overlaps; insertions before replacements at the same byte
};

}  // namespace mlxify::rewrite
