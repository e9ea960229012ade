#include "pipeline/header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/text_width.h"

namespace mlxify::pipeline {
namespace {

bool is_only_spaces(std::string_view line) { return line.find_first_not_of(' ') == std::string_view::npos; }

// Breaks a sentence at spaces, the following lines indented by two columns.
std::string wrapped(std::string_view sentence) {
    constexpr std::size_t kColumns = 100;
    std::string text, line;
    for (std::size_t at = 0; at < sentence.size();) {
        const std::size_t end = std::min(sentence.find(' ', at), sentence.size());
        const std::string_view word = sentence.substr(at, end - at);
        if (!is_only_spaces(line) && report::width(line) + 1 + report::width(word) > kColumns) {
            text += line + "\n";
            line = "  ";
        }
        if (!is_only_spaces(line)) line += ' ';
        line += word;
        at = end + 1;
    }
    return text + line + "\n";
}

std::string list(std::string_view label, const std::vector<std::string>& items) {
    if (items.empty()) return {};
    std::string text = fmt::format("{}:\n", label);
    for (const std::string& item : items) text += wrapped("- " + report::printable(item));
    return text;
}

// Whole, so that it can be run again (`mlxify verify --again`), unless it spells out a tensor: then it is cut after an argument, and told
// by where it comes from.
std::string sample_line(const verify::Sample& sample) {
    constexpr std::size_t kLongest = 600, kKept = 60;
    const std::string text = report::printable(sample.text);
    const std::size_t comma = text.rfind(", ", kKept);
    if (report::width(text) <= kLongest || comma == std::string::npos) return wrapped("- " + text);
    return fmt::format("- {}{}{})\n", text.substr(0, comma + 1), kAbbreviation, report::printable(sample.origin));
}

bool proved_gradients(const verify::EntryProof& entry) {
    return std::ranges::any_of(entry.stages, [](const verify::Stage& stage) {
        return stage.name == "gradients" && stage.result == verify::StageResult::passed;
    });
}

std::string proof(const verify::EntryProof& entry) {
    std::string text = wrapped(fmt::format("{}{}, {} in {}.", kStatement, report::printable(entry.name), proved_quantities(entry),
                                           entry.original_dtype.empty() ? "float32" : entry.original_dtype));
    for (const verify::Sample& sample : entry.samples) text += sample_line(sample);
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
    if (entry.level == verify::Level::verified_for_inference) return kInferenceOnly;
    return proved_gradients(entry) ? kValuesAndGradients : kValuesAlone;
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
    std::string text = fmt::format("{}{}.\n\nOriginal: {}\nsha256: {}\n", kHeaderBegin, provenance.version,
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

}  // namespace mlxify::pipeline
