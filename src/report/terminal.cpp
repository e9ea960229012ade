#include "report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/text_width.h"

namespace mlxify::report {
namespace {

using diagnostics::Severity;
using verify::StageResult;

// Select Graphic Rendition of ECMA-48.
constexpr std::string_view kBold = "1", kDim = "2", kRed = "31", kGreen = "32", kYellow = "33", kBoldRed = "1;31";

std::string paint(std::string_view text, std::string_view rendition, const TerminalStyle& style) {
    if (!style.colour || text.empty()) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", rendition, text);
}

// The part of a long source line around the span, with tabs made one column so that the caret stands under what it means.
struct Excerpt {
    std::string text;
    std::size_t caret = 0;  // columns before the underline
    std::size_t length = 1; // columns underlined
};
constexpr std::size_t kExcerptBefore = 60, kExcerptAfter = 60;

std::string with_spaces_for_tabs(std::string_view text) {
    std::string spaced(text);
    std::ranges::replace(spaced, '\t', ' ');
    return spaced;
}

std::size_t character_begin(std::string_view text, std::size_t at) {
    while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
    return at;
}

Excerpt excerpt(const Finding& finding) {
    const std::string line = with_spaces_for_tabs(finding.source_line);
    const std::size_t begin = std::min<std::size_t>(finding.begin.column - 1, line.size());
    const bool one_line = finding.end.line == finding.begin.line;
    const std::size_t end = std::clamp<std::size_t>(one_line ? finding.end.column - 1 : line.size(), begin, line.size());
    const std::size_t from = begin > kExcerptBefore ? character_begin(line, begin - kExcerptBefore / 2) : 0;
    const std::size_t upto = character_begin(line, std::min(line.size(), std::max(end, begin + 1) + kExcerptAfter));
    const std::size_t shown_end = std::min(end, begin + kExcerptAfter);

    Excerpt result;
    const std::string before = (from > 0 ? "…" : "") + printable(std::string_view(line).substr(from, begin - from));
    result.text = before + printable(std::string_view(line).substr(begin, upto - begin)) + (upto < line.size() ? "…" : "");
    result.caret = width(before);
    result.length = std::max<std::size_t>(1, width(printable(std::string_view(line).substr(begin, shown_end - begin))));
    return result;
}

std::string duration(double seconds) { return seconds < 0.1 ? fmt::format("{:.0f} ms", seconds * 1000) : fmt::format("{:.1f} s", seconds); }

std::string_view verdict_rendition(const FileReport& report) {
    if (!report.proved()) return kBoldRed;
    return report.verdict.level == verify::Level::verified ? kGreen : kYellow;
}

std::string verdict_words(const FileReport& report) {
    switch (report.outcome) {
        case Outcome::saved: return fmt::format("saved, {}", level_name(report.verdict.level));
        case Outcome::unchanged: return fmt::format("unchanged, {}", level_name(report.verdict.level));
        case Outcome::would_change: return fmt::format("would change, {}", level_name(report.verdict.level));
        case Outcome::compared: return std::string(level_name(report.verdict.level));
        case Outcome::refused:
            return report.verdict.level == verify::Level::inconclusive ? "not saved: inconclusive" : "not saved";
        case Outcome::unreadable: return "unreadable";
    }
    return {};
}

std::string title(const FileReport& report, const TerminalStyle& style) {
    std::string line = paint(printable(report.input), kBold, style);
    const bool names_output = report.proved() && !report.output.empty();
    if (names_output) line += (report.outcome == Outcome::compared ? " = " : " → ") + printable(report.output);
    line += "  " + paint(verdict_words(report) + (report.proved_earlier ? " by an earlier run" : ""), verdict_rendition(report), style);
    if (report.seconds > 0) line += "  " + paint(duration(report.seconds), kDim, style);
    return line + "\n";
}

std::string mark(StageResult result, const TerminalStyle& style) {
    switch (result) {
        case StageResult::passed: return paint("✓", kGreen, style);
        case StageResult::failed: return paint("✗", kRed, style);
        case StageResult::skipped: return paint("–", kDim, style);
    }
    return {};
}

// Neighbours without a figure share a line; the others stand one a line, their figures in a column.
std::string ladder(const verify::EntryProof& entry, const TerminalStyle& style) {
    std::size_t column = 0;
    for (const verify::Stage& stage : entry.stages)
        if (!stage.figure.empty()) column = std::max(column, width(stage.name));
    std::string text, plain;
    StageResult plain_result = StageResult::passed;
    const auto flush = [&] {
        if (!plain.empty()) text += fmt::format("    {} {}\n", mark(plain_result, style), plain);
        plain.clear();
    };
    for (const verify::Stage& stage : entry.stages) {
        if (stage.figure.empty()) {
            if (stage.result != plain_result) flush();
            plain_result = stage.result;
            plain += (plain.empty() ? "" : " · ") + stage.name;
            continue;
        }
        flush();
        const std::string padding(column - std::min(column, width(stage.name)), ' ');
        text += fmt::format("    {} {}{}  {}\n", mark(stage.result, style), stage.name, padding, printable(stage.figure));
    }
    flush();
    return text;
}

// A sample that varies another one, "search: use_gate=True", is told by what differs; `--json` has its text.
std::string_view variation(const verify::Sample& sample) {
    const std::size_t colon = sample.origin.find(": ");
    return colon == std::string::npos ? std::string_view() : std::string_view(sample.origin).substr(colon + 2);
}

std::string samples(const verify::EntryProof& entry, const TerminalStyle& style) {
    std::string text, also;
    for (const verify::Sample& sample : entry.samples) {
        if (const std::string_view differs = variation(sample); !differs.empty()) {
            also += (also.empty() ? "" : " · ") + printable(differs);
            continue;
        }
        const std::string origin = sample.origin.empty() ? "" : "  (" + printable(sample.origin) + ")";
        text += fmt::format("    --call {}{}\n", shell_word(printable(sample.text)), paint(origin, kDim, style));
    }
    return also.empty() ? text : text + fmt::format("    and with {}\n", also);
}

// Everything of the first entry and of one that failed; of the others that they are verified, and how well.
std::string proof(const verify::EntryProof& entry, bool in_full, const TerminalStyle& style) {
    std::string text = fmt::format("  {}: {}{}", printable(entry.name), level_name(entry.level),
                                   entry.original_dtype.empty() ? "" : " in " + entry.original_dtype);
    const bool verified = entry.level == verify::Level::verified || entry.level == verify::Level::verified_for_inference;
    if (in_full || !verified) return text + "\n" + samples(entry, style) + ladder(entry, style);
    text += fmt::format(", max error {:.1e}", entry.max_error);
    if (entry.level == verify::Level::verified) text += fmt::format(", of gradients {:.1e}", entry.gradient_error);
    return text + "\n" + samples(entry, style);
}

std::string sentences(std::string_view label, const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += fmt::format("  {} {}\n", label, printable(item));
    return text;
}

std::string joined(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += (text.empty() ? "" : ", ") + printable(item);
    return text;
}

// 3, 4, 5, 9 → "3-5, 9"
std::string line_ranges(const std::vector<std::uint32_t>& lines) {
    constexpr int kMostRanges = 12;
    std::string text;
    int ranges = 0;
    for (std::size_t i = 0; i < lines.size();) {
        if (++ranges > kMostRanges) return fmt::format("{} and {} more", text, lines.size() - i);
        std::size_t last = i;
        while (last + 1 < lines.size() && lines[last + 1] == lines[last] + 1) ++last;
        text += fmt::format("{}{}", text.empty() ? "" : ", ", lines[i]);
        if (last > i) text += fmt::format("-{}", lines[last]);
        i = last + 1;
    }
    return text;
}

// By name: `--json` and `--html` tell where, and what was done.
std::string traps(const FileReport& report) {
    std::vector<std::string> names;
    for (const Trap& trap : report.traps) names.push_back(trap.name);
    return names.empty() ? "" : fmt::format("  silent traps met: {}\n", joined(names));
}

std::string remark_line(const Finding& finding, const TerminalStyle& style) {
    const std::string place = finding.located ? fmt::format(" line {}:", finding.begin.line) : ":";
    return fmt::format("  {} {}{} {}\n", paint("remark", kDim, style), code_name(finding.diagnostic.code), place,
                       printable(finding.diagnostic.message));
}

std::string findings(const FileReport& report, const TerminalStyle& style) {
    std::string text;
    std::size_t remarks = 0;
    for (const Finding& finding : report.findings) {
        if (finding.diagnostic.severity == Severity::refusal)
            text += print(finding, report.input, style);
        else if (finding.diagnostic.code == diagnostics::Code::not_proved)
            continue;  // listed by name above
        else if (++remarks <= style.remarks)
            text += remark_line(finding, style);
    }
    if (remarks > style.remarks) text += fmt::format("  … and {} more remarks\n", remarks - style.remarks);
    return text;
}

std::string shipment_line(const Shipment& shipment) {
    if (!shipment.asked || shipment.commit.empty()) return {};
    const std::string done = shipment.committed ? "committed as" : "nothing to commit: it stands in";
    const std::string branch = shipment.branch.empty() ? "" : " on " + printable(shipment.branch);
    const std::string sent = shipment.pushed_to.empty() ? "not pushed: " + printable(shipment.note)
                                                        : "pushed to " + printable(shipment.pushed_to);
    return fmt::format("  {} {}{}, {}\n", done, shipment.commit, branch, sent);
}

}  // namespace

std::string print(const Finding& finding, std::string_view file, const TerminalStyle& style) {
    const diagnostics::Diagnostic& diagnostic = finding.diagnostic;
    const std::string place = finding.located ? fmt::format("{}:{}:{}:", printable(file), finding.begin.line, finding.begin.column)
                                              : printable(file) + ":";
    std::string text = fmt::format("{} {} {}\n", paint(place, kBold, style), paint(code_name(diagnostic.code), kBoldRed, style),
                                   printable(diagnostic.message));
    if (finding.located) {
        const Excerpt shown = excerpt(finding);
        const std::string number = std::to_string(finding.begin.line);
        text += fmt::format("  {} | {}\n", number, shown.text);
        text += fmt::format("  {} | {}{}\n", std::string(number.size(), ' '), std::string(shown.caret, ' '),
                            paint(std::string(shown.length, '^'), kRed, style));
    }
    if (!diagnostic.suggestion.empty())
        text += fmt::format("  help: {} ({})\n", printable(diagnostic.suggestion), trust_name(diagnostic.trust));
    return text;
}

std::string print(const FileReport& report, const TerminalStyle& style) {
    std::string text = title(report, style);
    if (!report.trouble.empty()) text += fmt::format("  {}\n", printable(report.trouble));
    for (const verify::EntryProof& entry : report.verdict.entries)
        text += proof(entry, &entry == &report.verdict.entries.front(), style);
    text += sentences("assumed:", report.assumptions);
    text += sentences("not converted:", report.verdict.limitations);
    if (!report.verdict.not_proved.empty()) text += fmt::format("  not proved: {}\n", joined(report.verdict.not_proved));
    if (!report.verdict.unreached_lines.empty())
        text += fmt::format("  lines of the output that no sample reached: {}\n", line_ranges(report.verdict.unreached_lines));
    text += traps(report);
    text += findings(report, style);
    if (!report.draft.empty()) text += fmt::format("  draft (not verified): {}\n", printable(report.draft));
    return text + shipment_line(report.shipment);
}

std::string print_summary(const std::vector<Outcome>& outcomes, const TerminalStyle& style) {
    constexpr std::array kOrder = {Outcome::saved,    Outcome::unchanged, Outcome::would_change,
                                   Outcome::compared, Outcome::refused,   Outcome::unreadable};
    std::string counts;
    for (const Outcome outcome : kOrder) {
        const auto count = std::ranges::count(outcomes, outcome);
        if (count == 0) continue;
        const bool bad = outcome == Outcome::refused || outcome == Outcome::unreadable;
        counts += (counts.empty() ? "" : ", ") +
                  paint(fmt::format("{} {}", count, outcome_name(outcome)), bad ? kRed : kGreen, style);
    }
    return fmt::format("{} {}: {}\n", outcomes.size(), outcomes.size() == 1 ? "file" : "files", counts);
}

}  // namespace mlxify::report
