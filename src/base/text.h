// Small questions about names and other short texts.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace mlxify::base {

// "torch.nn.Linear" -> "Linear"
[[nodiscard]] constexpr std::string_view last_part(std::string_view qualified) { return qualified.substr(qualified.rfind('.') + 1); }

[[nodiscard]] constexpr bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

template <std::size_t N>
[[nodiscard]] constexpr bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace mlxify::base
