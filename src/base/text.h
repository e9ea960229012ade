// Small questions about names and other short texts.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
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

// Whether a name of Python's may hold it.
[[nodiscard]] inline bool is_name_letter(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_'; }

// Whether `name` stands in `text` as a whole word.
[[nodiscard]] inline bool mentions(std::string_view text, std::string_view name) {
    for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        if ((at == 0 || !is_name_letter(text[at - 1])) && (end == text.size() || !is_name_letter(text[end]))) return true;
    }
    return false;
}

}  // namespace mlxify::base
