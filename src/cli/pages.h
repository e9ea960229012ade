// The pages of docs/codes, embedded when the program was built.
#pragma once

#include <span>
#include <string_view>

namespace mlxify::cli {

struct Page {
    std::string_view name;  // "MX4102"
    std::string_view text;  // Markdown
};

std::span<const Page> pages();

}  // namespace mlxify::cli
