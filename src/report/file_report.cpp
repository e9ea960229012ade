#include "report/file_report.h"

#include <algorithm>

namespace mlxify::report {
namespace {

using diagnostics::Severity;

std::string_view stage_of(diagnostics::Code code) {
    switch (static_cast<int>(code) / 1000) {
        case 1: return code == diagnostics::Code::syntax_error || code == diagnostics::Code::nested_too_deeply ? "syntax"
                                                                                                               : "source";
        case 2: return "names";
        case 3: return "infer";
        case 4: return "rules";
        case 5: return "rewrite";
        case 6: return "verify";
        case 7: return "store";
    }
    MLXIFY_CHECK(!"a code of no stage");
    return {};
}

const verify::Stage* first_failed(const verify::Verdict& verdict) {
    for (const verify::EntryProof& entry : verdict.entries)
        for (const verify::Stage& stage : entry.stages)
            if (stage.result == verify::StageResult::failed) return &stage;
    return nullptr;
}

}  // namespace

bool FileReport::has_refusal() const {
    return std::ranges::any_of(findings, [](const Finding& finding) { return finding.diagnostic.severity == Severity::refusal; });
}

Finding locate(const diagnostics::Diagnostic& diagnostic, const source::SourceText& source) {
    Finding finding{diagnostic, false, {}, {}, {}};
    const base::Span span = diagnostic.span;
    if (span == base::Span{} || span.end > source.text().size() || span.begin > span.end) return finding;
    finding.located = true;
    finding.begin = source.position(span.begin);
    finding.end = source.position(span.end);
    finding.source_line = source.line(finding.begin.line);
    return finding;
}

std::vector<Finding> locate_all(const std::vector<diagnostics::Diagnostic>& diagnostics, const source::SourceText& source) {
    std::vector<Finding> findings;
    for (const diagnostics::Diagnostic& diagnostic : diagnostics)
        if (std::ranges::none_of(findings, [&](const Finding& known) { return known.diagnostic == diagnostic; }))
            findings.push_back(locate(diagnostic, source));
    std::ranges::stable_sort(findings, [](const Finding& a, const Finding& b) {
        return std::pair(a.located, a.diagnostic.span) < std::pair(b.located, b.diagnostic.span);
    });
    return findings;
}

Finding without_place(diagnostics::Code code, std::string message, std::string suggestion) {
    return {{code, Severity::refusal, {}, std::move(message), std::move(suggestion), diagnostics::Trust::by_hand}, false, {}, {}, {}};
}

std::string stage_reached(const FileReport& report) {
    if (report.outcome == Outcome::unreadable) return "source";
    if (report.proved()) return "done";
    if (const verify::Stage* failed = first_failed(report.verdict)) return failed->name;
    for (const Finding& finding : report.findings)
        if (finding.diagnostic.severity == Severity::refusal) return std::string(stage_of(finding.diagnostic.code));
    return "verify";
}

std::string_view outcome_name(Outcome outcome) {
    switch (outcome) {
        case Outcome::saved: return "saved";
        case Outcome::unchanged: return "unchanged";
        case Outcome::would_change: return "would-change";
        case Outcome::compared: return "compared";
        case Outcome::refused: return "refused";
        case Outcome::unreadable: return "unreadable";
    }
    return {};
}

std::string_view level_name(verify::Level level) {
    switch (level) {
        case verify::Level::refused: return "refused";
        case verify::Level::inconclusive: return "inconclusive";
        case verify::Level::verified_for_inference: return "verified for inference";
        case verify::Level::verified: return "verified";
    }
    return {};
}

std::string_view stage_result_name(verify::StageResult result) {
    switch (result) {
        case verify::StageResult::passed: return "passed";
        case verify::StageResult::failed: return "failed";
        case verify::StageResult::skipped: return "skipped";
    }
    return {};
}

std::string_view severity_name(diagnostics::Severity severity) {
    return severity == diagnostics::Severity::refusal ? "refusal" : "remark";
}

std::string_view trust_name(diagnostics::Trust trust) {
    switch (trust) {
        case diagnostics::Trust::safe: return "safe";
        case diagnostics::Trust::review: return "review";
        case diagnostics::Trust::by_hand: return "by hand";
    }
    return {};
}

}  // namespace mlxify::report
