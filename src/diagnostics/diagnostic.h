// What we say about the user's program: a stable code, a place, a reason, a fix.
#pragma once

#include <string>
#include <vector>

#include "base/span.h"

namespace mlxify::diagnostics {

enum class Code {
#define MLXIFY_CODE(number, name, title) name = number,
#include "diagnostics/codes.def"
#undef MLXIFY_CODE
};

enum class Severity {
    refusal,  // the file cannot be saved
    remark,   // worth knowing: an assumption, a limitation, something dropped
};

// How far a suggested fix may be trusted.
enum class Trust { safe, review, by_hand };

struct Diagnostic {
    Code code{};
    Severity severity = Severity::refusal;
    base::Span span;         // bytes of the original file; empty: the file as a whole
    std::string message;     // what was seen, then why: lower case, one line, no final stop
    std::string suggestion;  // a fix that works; may be empty for remarks
    Trust trust = Trust::by_hand;

    friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// Where stages leave their remarks. Order is the order of the stages; the report sorts by place.
class Sink {
public:
    void refuse(Code code, base::Span span, std::string message, std::string suggestion,
                Trust trust = Trust::by_hand) {
        diagnostics_.push_back({code, Severity::refusal, span, std::move(message), std::move(suggestion), trust});
    }
    void remark(Code code, base::Span span, std::string message, std::string suggestion = {}) {
        diagnostics_.push_back({code, Severity::remark, span, std::move(message), std::move(suggestion), Trust::review});
    }
    [[nodiscard]] bool has_refusal() const {
        for (const Diagnostic& diagnostic : diagnostics_)
            if (diagnostic.severity == Severity::refusal) return true;
        return false;
    }
    [[nodiscard]] const std::vector<Diagnostic>& all() const { return diagnostics_; }
    [[nodiscard]] std::vector<Diagnostic> take() { return std::move(diagnostics_); }

private:
    std::vector<Diagnostic> diagnostics_;
};

// "MX4102"
std::string code_name(Code code);
// The short title of the code's page.
std::string_view code_title(Code code);

}  // namespace mlxify::diagnostics
