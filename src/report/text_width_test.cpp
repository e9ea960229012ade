#include "report/text_width.h"

#include <gtest/gtest.h>

namespace mlxify::report {
namespace {

TEST(TextWidth, ControlCharactersBecomeVisible) {
    EXPECT_EQ(printable("a\x1b[31mred\n\r\t\x7f"), "a\\x1b[31mred\\n\\r\\t\\x7f");
    EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
    EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");                  // the one-character form of ESC [
    EXPECT_EQ(printable("a\xe2\x80\xae" "b"), "a\\xe2\\x80\\xae" "b"); // right-to-left override
    EXPECT_EQ(printable("größe 模型"), "größe 模型");
}

TEST(TextWidth, CountsColumns) {
    EXPECT_EQ(width("größe"), 5U);
    EXPECT_EQ(width("模型"), 4U);
    EXPECT_EQ(width("e\xcc\x81"), 1U);
}

TEST(TextWidth, AShellReadsTheWordBack) {
    EXPECT_EQ(shell_word("Net"), "Net");
    EXPECT_EQ(shell_word("Net(mode='a')(f32[2, 3])"), "'Net(mode='\\''a'\\'')(f32[2, 3])'");
    EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace mlxify::report
