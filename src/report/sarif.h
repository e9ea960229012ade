// The report for code scanning: SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), one run of mlxify.
// takes: FileReports; gives: a JSON document; tests: sarif_test.cpp
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/file_report.h"

namespace mlxify::report {

// Refusals are errors, remarks are notes; columns count Unicode code points. Files that could not be read are notifications of the tool.
std::string sarif_log(const std::vector<FileReport>& reports, std::string_view version);

}  // namespace mlxify::report
