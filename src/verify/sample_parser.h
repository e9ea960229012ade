// The parser of one value of a sample; see sample.h for the grammar.
#pragma once

#include <cstddef>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace mlxify::verify {

// The end of the balanced text from `begin` that a top-level comma or closing bracket ends; npos if brackets do not balance.
// Strings are skipped with their escapes.
std::size_t balanced_end(std::string_view text, std::size_t begin);

// The whole of `text` as one value. Errors: a malformed tensor or bracket; deeper than 32.
base::Result<nlohmann::json> parse_value(std::string_view text, int depth = 0);

// `text` as the arguments of a call, `a, b, c=d`: {"args": [...], "kwargs": {...}}.
base::Result<nlohmann::json> parse_arguments(std::string_view text, int depth = 0);

std::string_view trimmed(std::string_view text);
[[nodiscard]] bool is_identifier(std::string_view text);

}  // namespace mlxify::verify
