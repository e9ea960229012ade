#include "cli/progress.h"

#include <gtest/gtest.h>

#include "report/text_width.h"

namespace mlxify::cli {
namespace {

TEST(ProgressLine, TellsRateAndRemainingTimeOnceAFileIsDone) {
    EXPECT_EQ(progress_line({0, 4, 1, "net.py", "gradients"}, 100), "mlxify ──────────────────── 0 of 4 · net.py: gradients");
    EXPECT_EQ(progress_line({1, 4, 30, "net.py", ""}, 100), "mlxify ━━━━━─────────────── 1 of 4 · 2.0 a minute · 2 min left · net.py");
    EXPECT_EQ(progress_line({4, 4, 8, "", ""}, 100), "mlxify ━━━━━━━━━━━━━━━━━━━━ 4 of 4 · 30 a minute · 0 s left");
}

TEST(ProgressLine, NeverFillsTheTerminalAndHidesControlCharacters) {
    const ProgressState state{3, 500, 10, "a/very/long/name\n\x1b[31m.py", "training mode"};
    for (const std::size_t columns : {12U, 40U, 60U, 80U, 200U}) EXPECT_LT(report::width(progress_line(state, columns)), columns);
    EXPECT_EQ(progress_line(state, 12), "3 of 500");
    EXPECT_NE(progress_line(state, 200).find("name\\n\\x1b[31m.py: training mode"), std::string::npos);
}

}  // namespace
}  // namespace mlxify::cli
