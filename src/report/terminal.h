// The report for people: one block per file.
// takes: FileReport; gives: text for a terminal; tests: terminal_test.cpp
#pragma once

#include <string>
#include <vector>

#include "report/file_report.h"

namespace mlxify::report {

struct TerminalStyle {
    bool colour = false;     // escape sequences for colour; only where a terminal reads
    std::size_t remarks = 6; // how many remarks are shown before "… and n more"
};

// name → saved path, the ladder of stages with figures, samples that can be pasted as `--call`, assumptions, findings.
std::string print(const FileReport& report, const TerminalStyle& style);

// `file:line:column: MX4102 message`, the source line with the span underlined, and `help:` with the suggestion.
std::string print(const Finding& finding, std::string_view file, const TerminalStyle& style);

// "3 files: 2 saved, 1 refused"
std::string print_summary(const std::vector<Outcome>& outcomes, const TerminalStyle& style);

}  // namespace mlxify::report
