// First guesses at constructor arguments, from their names, annotations and defaults; torch's errors correct them later.
// takes: a parameter; gives: Python texts, the likeliest first; tests: guess_test.cpp
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/worker.h"

namespace mlxify::verify {

// What a size with this name usually counts; the sizes themselves are small and, where they may differ, different, so that
// exchanged axes show.
enum class Quantity {
    unknown, width, feed_forward, head_width, heads, depth, vocabulary, classes, image_channels, channels, image_size, frames, patch,
    window, length, max_length, kernel, stride, padding, groups, rate, scale_factor, small_float, module, activation, norm, flag,
};

// ASCII letters in lower case: names are compared without case.
[[nodiscard]] std::string lower(std::string_view text);

Quantity quantity_of(std::string_view name);
// Whether it is a number of something that a model cannot do without.
[[nodiscard]] bool is_count(Quantity quantity);

inline constexpr std::int64_t kWidth = 64;
inline constexpr std::int64_t kLength = 48;      // more than one chunk of 32, and no multiple of it
inline constexpr std::int64_t kImageSize = 32;
inline constexpr std::int64_t kVocabulary = 50;
inline constexpr std::int64_t kBatch = 2;

// Values for a required argument.
std::vector<std::string> argument_guesses(const ParameterOf& parameter);

// A function that gives its first input, which is called `input`, and None for each further result.
std::string identity_text(const std::string& input, std::size_t results);

// A smaller value for an argument whose default makes a large model (hidden_size=1024); nullopt: the default is fine.
std::optional<std::string> smaller_default(const ParameterOf& parameter);

[[nodiscard]] std::optional<std::int64_t> integer_text(std::string_view text);
// `text` with what `change` gives in place of each whole number, which it is told in digits.
[[nodiscard]] std::string with_numbers(std::string_view text, const std::function<std::string(const std::string&)>& change);
// Whether `text` is a tuple or a list of whole numbers, or of such: `[[1, 2], [3, 4]]`.
[[nodiscard]] bool is_of_numbers(std::string_view text);

}  // namespace mlxify::verify
