// The docstring of a converted file: where the header goes, and what it says there.
// takes: Python text; gives: text; tests: header_test.cpp
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mlxify::pipeline {

// The text that is saved: `header` (the verification part) is put into the module docstring after the author's own words. A former one is
// replaced.
std::string with_header(std::string_view converted, std::string_view header);

// The header that `with_header` put there, its line breaks "\n"; nothing if there is none.
std::optional<std::string> header_of(std::string_view converted);

}  // namespace mlxify::pipeline
