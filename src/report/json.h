// The report for programs: JSON Lines, documented in docs/reference/json.md.
// takes: FileReport; gives: one line of JSON; tests: json_test.cpp
#pragma once

#include <string>
#include <vector>

#include "report/file_report.h"

namespace mlxify::report {

// Raised when a field changes its meaning or goes away; new fields do not raise it.
inline constexpr int kJsonSchema = 1;

// An object of `"type": "file"`, ended by a line break.
std::string to_json_line(const FileReport& report);

// The last line, `"type": "summary"`: schema, version of the program, counts per outcome.
std::string summary_json_line(const std::vector<Outcome>& outcomes, std::string_view version);

}  // namespace mlxify::report
