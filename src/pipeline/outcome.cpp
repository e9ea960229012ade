#include "pipeline/outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlxify::pipeline {

using diagnostics::Code;
using diagnostics::Diagnostic;
using diagnostics::Severity;
using report::FileReport;
using report::Outcome;

void mark_unreadable(FileReport& report, const base::Error& error) {
    report.outcome = Outcome::unreadable;
    if (error.message.find("not UTF-8") != std::string::npos)
        report.findings.push_back(report::without_place(Code::not_utf8, error.message, "store the file as UTF-8"));
    else if (error.message.find("larger than") != std::string::npos)
        report.findings.push_back(report::without_place(Code::file_too_large, error.message, "move the data out of the source"));
    else
        report.trouble = error.message;
}

verify::Request request_for(const std::string& path, std::string_view original, std::vector<verify::EntryPoint> entries,
                            const RunOptions& options) {
    verify::Request request;
    request.path = path;
    request.original = original;
    request.entries = std::move(entries);
    request.entries_named = !options.convert.entries.empty();
    request.progress = options.progress;
    if (!options.call.empty()) request.calls = {options.call};
    request.case_file = options.case_file;
    return request;
}

bool has_refusal(const std::vector<Diagnostic>& diagnostics) {
    return std::ranges::any_of(diagnostics, [](const Diagnostic& one) { return one.severity == Severity::refusal; });
}

void explain_refusal(const verify::Verdict& verdict, std::vector<Diagnostic>& diagnostics) {
    if (verdict.saveable() || has_refusal(diagnostics)) return;
    for (Diagnostic& diagnostic : diagnostics)
        if (diagnostic.code == Code::no_sample || diagnostic.code == Code::original_fails || diagnostic.code == Code::limit_reached)
            diagnostic.severity = Severity::refusal;
    if (has_refusal(diagnostics)) return;
    for (const verify::EntryProof& entry : verdict.entries) {
        for (const verify::Stage& stage : entry.stages)
            if (stage.result == verify::StageResult::failed)
                return diagnostics.push_back({Code::converted_fails, Severity::refusal, {},
                                              fmt::format("`{}` failed at the stage \"{}\": {}", entry.name, stage.name, stage.figure), "",
                                              diagnostics::Trust::by_hand});
        if (entry.level < verify::Level::verified_for_inference)
            return diagnostics.push_back({Code::inconclusive, Severity::refusal, {}, fmt::format("nothing was proved of `{}`", entry.name),
                                          "give a sample with `--call`", diagnostics::Trust::by_hand});
    }
    diagnostics.push_back({Code::inconclusive, Severity::refusal, {}, "nothing was proved", "give a sample with `--call`",
                           diagnostics::Trust::by_hand});
}

}  // namespace mlxify::pipeline
