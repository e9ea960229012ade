#include "report/diff.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <vector>

namespace mlxify::report {
namespace {

TEST(Diff, EqualTextsHaveNone) { EXPECT_EQ(unified_diff("a\nb\n", "a\nb\n", "x", "y"), ""); }

TEST(Diff, OneLineInContext) {
    EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "a.py", "b.py"),
              "--- a.py\n+++ b.py\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(Diff, FarChangesGetHunksOfTheirOwn) {
    std::string before, after;
    for (int i = 0; i < 30; ++i) {
        before += std::to_string(i) + "\n";
        if (i != 2) after += std::to_string(i) + "\n";
        if (i == 25) after += "new\n";
    }
    EXPECT_EQ(unified_diff(before, after, "a", "b"),
              "--- a\n+++ b\n@@ -1,6 +1,5 @@\n 0\n 1\n-2\n 3\n 4\n 5\n"
              "@@ -24,6 +23,7 @@\n 23\n 24\n 25\n+new\n 26\n 27\n 28\n");
}

TEST(Diff, AMissingLastLineBreakIsSaid) {
    EXPECT_EQ(unified_diff("a", "a\n", "x", "y"), "--- x\n+++ y\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    EXPECT_EQ(unified_diff("", "a\n", "x", "y"), "--- x\n+++ y\n@@ -0,0 +1 @@\n+a\n");
}

// What `patch` does, for texts whose last line ends.
std::string patched(const std::string& before, const std::string& diff) {
    std::istringstream source(before), script(diff);
    std::string line, result, old;
    int at = 0;
    while (std::getline(script, line)) {
        if (line.starts_with("---") || line.starts_with("+++")) continue;
        if (line.starts_with("@@")) {
            int first = std::stoi(line.substr(4));
            if (line.find(",0 +") == std::string::npos) --first;
            for (; at < first && std::getline(source, old); ++at) result += old + "\n";
        } else if (line[0] == '+') {
            result += line.substr(1) + "\n";
        } else {
            std::getline(source, old);
            ++at;
            EXPECT_EQ(old, line.substr(1));
            if (line[0] == ' ') result += old + "\n";
        }
    }
    while (std::getline(source, old)) result += old + "\n";
    return result;
}

TEST(Diff, AppliedItGivesTheOtherText) {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        std::string before, after;
        for (unsigned i = 0, n = random() % 40; i < n; ++i) before += std::string(1, static_cast<char>('a' + random() % 6)) + "\n";
        for (unsigned i = 0, n = random() % 40; i < n; ++i) after += std::string(1, static_cast<char>('a' + random() % 6)) + "\n";
        EXPECT_EQ(patched(before, unified_diff(before, after, "x", "y")), after) << before << "---\n" << after;
    }
}

TEST(Diff, MoreEditsThanItsBoundAreOneReplacement) {
    std::string before = "same\n", after = "same\n";
    for (int i = 0; i < 3000; ++i) before += "b" + std::to_string(i) + "\n", after += "a" + std::to_string(i) + "\n";
    EXPECT_EQ(patched(before, unified_diff(before, after, "x", "y")), after);
}

TEST(Diff, AlignsTheLinesOfBothTexts) {
    using Rows = std::vector<LinePair>;
    EXPECT_EQ(aligned_lines("a\nb\nc\n", "a\nX\nY\nc\nd"), (Rows{{1, 1}, {2, 2}, {0, 3}, {3, 4}, {0, 5}}));
    EXPECT_EQ(aligned_lines("a\nb\nc\n", "c\n"), (Rows{{1, 0}, {2, 0}, {3, 1}}));
    EXPECT_EQ(aligned_lines("a\n", "a\n"), (Rows{{1, 1}}));
    EXPECT_TRUE(aligned_lines("", "").empty());
}

}  // namespace
}  // namespace mlxify::report
