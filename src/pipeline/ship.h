// Commits a saved file with its figures, and pushes it.
// takes: FileReport of a saved file; gives: its Shipment, or MX7002 among its findings; tests: ship_test.cpp, tests/cli
#pragma once

#include <optional>
#include <string>

#include "report/file_report.h"

namespace mlxify::pipeline {

std::string commit_message(const report::FileReport& report, std::string_view version);

// Does nothing for a report of a file that is not saved.
void ship(report::FileReport& report, const std::optional<std::string>& remote, std::string_view version);

}  // namespace mlxify::pipeline
