#include "source/source_text.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace mlxify::source {
namespace {

// A file that exists as long as the object.
class TemporaryFile {
public:
    explicit TemporaryFile(std::string_view bytes) {
        path_ = (std::filesystem::temp_directory_path() / "mlxify-source-XXXXXX").string();
        const int descriptor = ::mkstemp(path_.data());
        EXPECT_GE(descriptor, 0);
        ::close(descriptor);
        std::ofstream(path_, std::ios::binary) << bytes;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { std::filesystem::remove(path_); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

TEST(SourceText, LinesAndColumnsCountFromOneInBytes) {
    const SourceText text("a.py", "x = 1\n\xC3\xA4 = 2\n");
    EXPECT_EQ(text.position(0), (Position{1, 1}));
    EXPECT_EQ(text.position(5), (Position{1, 6}));  // the line break belongs to its line
    EXPECT_EQ(text.position(6), (Position{2, 1}));
    EXPECT_EQ(text.position(8), (Position{2, 3}));  // after a letter of two bytes
    EXPECT_EQ(text.position(13), (Position{3, 1}));
}

TEST(SourceText, LineIsGivenWithoutItsBreak) {
    const SourceText text("a.py", "first\r\nsecond\n\nlast");
    EXPECT_EQ(text.line(1), "first");
    EXPECT_EQ(text.line(2), "second");
    EXPECT_EQ(text.line(3), "");
    EXPECT_EQ(text.line(4), "last");
}

TEST(SourceText, LineBeginOfAnyOffsetInTheLine) {
    const SourceText text("a.py", "ab\ncd\nef");
    EXPECT_EQ(text.line_begin(2), 0u);
    EXPECT_EQ(text.line_begin(3), 3u);
    EXPECT_EQ(text.line_begin(5), 3u);
    EXPECT_EQ(text.line_begin(8), 6u);
}

TEST(SourceText, NewlineIsTheFirstBreakOfTheFile) {
    EXPECT_EQ(SourceText("a.py", "x\r\ny\n").newline(), "\r\n");
    EXPECT_EQ(SourceText("a.py", "x\ny\r\n").newline(), "\n");
    EXPECT_EQ(SourceText("a.py", "x").newline(), "\n");
}

TEST(SourceText, LoneCarriageReturnEndsALine) {
    const SourceText text("a.py", "x\ry");
    EXPECT_EQ(text.line(1), "x");
    EXPECT_EQ(text.line(2), "y");
}

TEST(SourceText, EmptyTextHasOneEmptyLine) {
    const SourceText text("a.py", "");
    EXPECT_EQ(text.line(1), "");
    EXPECT_EQ(text.position(0), (Position{1, 1}));
}

TEST(SourceText, SpanGivesItsBytes) {
    const SourceText text("a.py", "import torch\n");
    EXPECT_EQ(text.text({7, 12}), "torch");
}

TEST(ReadFile, KeepsByteOrderMarkTabsAndLineBreaks) {
    const std::string bytes = "\xEF\xBB\xBFif x:\r\n\ty = 1\r\n\f# \xF0\x9F\x94\xA5";
    const TemporaryFile file(bytes);
    const auto text = read_file(file.path());
    ASSERT_TRUE(text.has_value());
    EXPECT_EQ(*text, bytes);
}

TEST(ReadFile, KeepsZeroBytes) {
    const std::string bytes("a\0b", 3);
    const TemporaryFile file(bytes);
    const auto text = read_file(file.path());
    ASSERT_TRUE(text.has_value());
    EXPECT_EQ(*text, bytes);
}

TEST(ReadFile, ReadsAnEmptyFile) {
    const TemporaryFile file("");
    const auto text = read_file(file.path());
    ASSERT_TRUE(text.has_value());
    EXPECT_EQ(*text, "");
}

TEST(ReadFile, RefusesWhatIsNotUtf8AndNamesTheByte) {
    for (const std::string bad : {
             "\xE9",              // Latin-1
             "\x80",              // a continuation alone
             "\xC0\xAF",          // overlong, two bytes
             "\xE0\x9F\xBF",      // overlong, three bytes
             "\xF0\x8F\xBF\xBF",  // overlong, four bytes
             "\xED\xA0\x80",      // a surrogate
             "\xF4\x90\x80\x80",  // above U+10FFFF
             "\xF5\x80\x80\x80",  // no such lead
             "\xE2\x82",          // cut off
             "\xE2\x82x",         // broken off
         }) {
        const TemporaryFile file("abc" + bad);
        const auto text = read_file(file.path());
        ASSERT_FALSE(text.has_value()) << testing::PrintToString(bad);
        EXPECT_NE(text.error().message.find("not UTF-8 at byte 3"), std::string::npos) << text.error().message;
    }
}

TEST(ReadFile, AcceptsTheFirstAndLastSequenceOfEachLength) {
    const std::string bytes = "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
    const TemporaryFile file(bytes);
    EXPECT_TRUE(read_file(file.path()).has_value());
}

TEST(ReadFile, RefusesWhatIsNotThereOrNoFile) {
    const auto missing = read_file("/no/such/file.py");
    ASSERT_FALSE(missing.has_value());
    EXPECT_NE(missing.error().message.find("`/no/such/file.py`"), std::string::npos);
    const auto folder = read_file(std::filesystem::temp_directory_path().string());
    ASSERT_FALSE(folder.has_value());
    EXPECT_NE(folder.error().message.find("not a regular file"), std::string::npos);
}

TEST(ReadFile, TheLimitItselfIsStillRead) {
    constexpr std::size_t kLimit = 20u * 1024 * 1024;
    {
        const TemporaryFile file(std::string(kLimit, ' '));
        const auto text = read_file(file.path());
        ASSERT_TRUE(text.has_value());
        EXPECT_EQ(text.value().size(), kLimit);
    }
    const TemporaryFile file(std::string(kLimit + 1, ' '));
    const auto text = read_file(file.path());
    ASSERT_FALSE(text.has_value());
    EXPECT_NE(text.error().message.find("larger than 20 MB"), std::string::npos);
}

}  // namespace
}  // namespace mlxify::source
