#include "cli/pages.h"

#include <gtest/gtest.h>

#include <string>

#include "diagnostics/diagnostic.h"

namespace mlxify::cli {
namespace {

TEST(Pages, EveryCodeHasAPageThatBearsItsTitle) {
    using diagnostics::Code;
    std::size_t codes = 0;
    const auto expect_page = [&](Code code) {
        ++codes;
        const std::string name = code_name(code);
        const std::string first_line = "# " + name + ": " + std::string(code_title(code)) + "\n";
        for (const Page& page : pages()) {
            if (page.name != name) continue;
            EXPECT_TRUE(page.text.starts_with(first_line)) << name;
            EXPECT_NE(page.text.find("\n## Example\n"), std::string_view::npos) << name;
            EXPECT_NE(page.text.find("\n## What to do\n"), std::string_view::npos) << name;
            return;
        }
        ADD_FAILURE() << "docs/codes/" << name << ".md is missing";
    };
#define MLXIFY_CODE(number, name, title) expect_page(Code::name);
#include "diagnostics/codes.def"
#undef MLXIFY_CODE
    EXPECT_EQ(pages().size(), codes) << "a page of a code that does not exist";
}

}  // namespace
}  // namespace mlxify::cli
