// Text of others on a terminal: made harmless, and measured in columns.
// takes: UTF-8 of any origin; gives: text without control characters, its width; tests: text_width_test.cpp
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mlxify::report {

// Control characters become visible escapes (`\n`, `\x1b`), broken UTF-8 becomes `\xNN`: a file name or an error message
// cannot move the cursor, recolour the terminal or fake a line of the report.
std::string printable(std::string_view text);

// Columns of already printable text: combining marks take none, East Asian wide characters and emoji two.
std::size_t width(std::string_view text);

// As one word of a POSIX shell: as it is when harmless, else in single quotes.
std::string shell_word(std::string_view text);

}  // namespace mlxify::report
