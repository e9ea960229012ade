// The report for people who want to see everything: one self-contained HTML page, which loads nothing from elsewhere.
// takes: FileReports; gives: a page; tests: html_test.cpp, tests/cli/test_html.py (in a browser)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/file_report.h"

namespace mlxify::report {

// Stands near the beginning of every page: a page may be written over, another file may not.
inline constexpr std::string_view kPageMark = "mlxify-report";

// The files of page/ with the data of the reports put in. Text of others gets there as JSON and is shown as text only.
std::string html_page(const std::vector<FileReport>& reports, std::string_view version);

// page/page.html, page.css and page.js, embedded when the program was built (cmake/EmbeddedReport.cmake).
struct PageParts {
    std::string_view html, css, js;
};
const PageParts& page_parts();

}  // namespace mlxify::report
