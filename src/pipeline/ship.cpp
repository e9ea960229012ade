#include "pipeline/ship.h"

#include <fmt/format.h>

#include <filesystem>

#include "pipeline/header.h"
#include "report/text_width.h"
#include "store/git.h"

namespace mlxify::pipeline {
namespace {

std::string proof_line(const verify::EntryProof& entry) {
    const std::string_view proved = proved_quantities(entry);
    std::string text = fmt::format("{}, {} in {}:\n", report::printable(entry.name), proved,
                                   entry.original_dtype.empty() ? "float32" : entry.original_dtype);
    for (const verify::Sample& sample : entry.samples) text += fmt::format("  {}\n", report::printable(sample.text));
    text += fmt::format("  largest error, relative to scale: values {}", rounded_up(entry.max_error));
    if (proved == "values and gradients") text += fmt::format(", gradients {}", rounded_up(entry.gradient_error));
    return text + "\n";
}

}  // namespace

std::string commit_message(const report::FileReport& report, std::string_view version) {
    const std::string name = report::printable(std::filesystem::path(report.input).filename().string());
    std::string text = fmt::format("Convert {} to MLX\n\n{} against PyTorch by mlxify {}.\n\n", name,
                                   report.verdict.level == verify::Level::verified ? "Verified" : "Verified for inference", version);
    for (const verify::EntryProof& entry : report.verdict.entries) text += proof_line(entry);
    for (const std::string& definition : report.verdict.not_proved) text += fmt::format("Not proved: {}\n", report::printable(definition));
    return text + fmt::format("\nOriginal sha256: {}\n", report.sha256);
}

void ship(report::FileReport& report, const std::optional<std::string>& remote, std::string_view version) {
    if (report.outcome != report::Outcome::saved && report.outcome != report::Outcome::unchanged) return;
    report.shipment.asked = true;
    const auto done = store::commit_file(report.output, commit_message(report, version), remote);
    if (!done) {
        report.findings.push_back(report::without_place(diagnostics::Code::git_failed, done.error().message,
                                                        "do what git says, then run the same command again"));
        return;
    }
    report.shipment = {true, done->committed, done->commit, done->branch, done->pushed_to, done->push_note};
}

}  // namespace mlxify::pipeline
