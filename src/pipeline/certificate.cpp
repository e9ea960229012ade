#include "pipeline/certificate.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipeline/docstring.h"
#include "pipeline/header.h"

namespace mlxify::pipeline {
namespace {

// Whole lines again: a continuation is indented by two columns.
std::vector<std::string> unwrapped_lines(std::string_view header) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < header.size();) {
        const std::size_t end = std::min(header.find('\n', at), header.size());
        const std::string_view line = header.substr(at, end - at);
        if (line.starts_with("  ") && !lines.empty()) lines.back() += fmt::format(" {}", line.substr(2));
        else lines.emplace_back(line);
        at = end + 1;
    }
    return lines;
}

// What follows `label`; empty if the line begins otherwise.
std::string_view after(std::string_view line, std::string_view label) { return line.starts_with(label) ? line.substr(label.size()) : std::string_view(); }

// "Net, values and gradients in float32."
CertifiedEntry entry_of(std::string_view statement) {
    CertifiedEntry entry;
    const std::size_t comma = statement.find(", ");
    if (comma == std::string_view::npos) return entry;
    entry.name = statement.substr(0, comma);
    const std::string_view quantities = statement.substr(comma + 2);
    entry.quantities = quantities.substr(0, std::min(quantities.rfind(" in "), quantities.size()));
    return entry;
}

bool is_sha256(std::string_view digits) {
    return digits.size() == 64 && digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

base::Result<Certificate> read_certificate(std::string_view saved) {
    const std::optional<std::string> header = header_of(saved);
    if (!header) return base::Error{"it has no header of mlxify"};
    Certificate certificate;
    bool listing = false;  // samples of the last entry
    for (const std::string& line : unwrapped_lines(*header)) {
        if (const auto version = after(line, kHeaderBegin); !version.empty()) certificate.version = version.substr(0, version.size() - 1);
        if (const auto name = after(line, "Original: "); !name.empty()) certificate.file_name = name;
        if (const auto digits = after(line, "sha256: "); !digits.empty()) certificate.sha256 = digits;
        if (const auto statement = after(line, kStatement); !statement.empty()) certificate.entries.push_back(entry_of(statement));
        const std::string_view call = after(line, "- ");
        listing = line.starts_with(kStatement) || (listing && !call.empty());
        if (!listing || call.empty()) continue;
        CertifiedEntry& entry = certificate.entries.back();
        if (call.find(kAbbreviation) != std::string_view::npos) entry.abbreviated = true;
        else entry.calls.emplace_back(call);
    }
    const bool unnamed = std::ranges::any_of(certificate.entries, [](const CertifiedEntry& entry) { return entry.name.empty() || entry.quantities.empty(); });
    if (certificate.file_name.empty() || !is_sha256(certificate.sha256) || certificate.entries.empty() || unnamed)
        return base::Error{"its header cannot be read: somebody changed it"};
    return certificate;
}

std::vector<std::string> not_borne_out(const Certificate& certificate, const verify::Verdict& verdict) {
    std::vector<std::string> sentences;
    for (const CertifiedEntry& stated : certificate.entries) {
        const auto proved = std::ranges::find(verdict.entries, stated.name, &verify::EntryProof::name);
        if (proved == verdict.entries.end()) {
            sentences.push_back(fmt::format("`{}` was not proved again", stated.name));
            continue;
        }
        const std::string_view quantities = proved_quantities(*proved);
        const bool less = quantities != stated.quantities && proved->level != verify::Level::verified;
        const bool no_gradients = stated.quantities == kValuesAndGradients && quantities != kValuesAndGradients;
        if (less || no_gradients)
            sentences.push_back(fmt::format("the header states {} of `{}`, proved again were {}", stated.quantities, stated.name, quantities));
        if (proved->samples.size() < stated.calls.size())
            sentences.push_back(fmt::format("{} of the {} samples of `{}` ran again", proved->samples.size(), stated.calls.size(), stated.name));
    }
    return sentences;
}

}  // namespace mlxify::pipeline
