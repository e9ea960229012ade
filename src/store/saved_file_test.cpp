#include "store/saved_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace mlxify::store {
namespace {

namespace fs = std::filesystem;

class SavedFile : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "saved_file_XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { fs::remove_all(folder_); }
    [[nodiscard]] std::string at(std::string_view name) const { return (folder_ / name).string(); }
    [[nodiscard]] std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }
    static void put(const std::string& path, std::string_view text) { std::ofstream(path) << text; }
    fs::path folder_;
};

TEST_F(SavedFile, CreatesThenLeavesEqualBytesAlone) {
    const std::string target = at("deep/er/model.py");
    EXPECT_EQ(*write_atomically(target, "one\n"), Change::created);
    const auto written = fs::last_write_time(target);
    EXPECT_EQ(*write_atomically(target, "one\n"), Change::unchanged);
    EXPECT_EQ(fs::last_write_time(target), written);
    EXPECT_EQ(*write_atomically(target, "two\n"), Change::replaced);
    EXPECT_EQ(read_existing(target)->text, "two\n");
}

TEST_F(SavedFile, KeepsTheModeAndLeavesNoTemporary) {
    const std::string target = at("model.py");
    put(target, "old");
    ::chmod(target.c_str(), 0640);
    ASSERT_TRUE(write_atomically(target, "new"));
    struct stat status {};
    ASSERT_EQ(::stat(target.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640U);
    EXPECT_EQ(entries(), 1U);
}

TEST_F(SavedFile, RefusesLinksFoldersAndTheOriginal) {
    put(at("original.py"), "x");
    fs::create_symlink(at("original.py"), at("link.py"));
    fs::create_hard_link(at("original.py"), at("hard.py"));
    fs::create_directory(at("folder"));
    fs::create_directory_symlink(at("folder"), at("linked"));
    EXPECT_FALSE(check_target(at("link.py"), ""));
    EXPECT_FALSE(check_target(at("folder"), ""));
    EXPECT_FALSE(check_target(at("linked/model.py"), ""));
    EXPECT_FALSE(check_target(at("original.py"), at("original.py")));
    EXPECT_FALSE(check_target(at("hard.py"), at("original.py")));
    EXPECT_FALSE(check_target(at("original.py/model.py"), ""));
    EXPECT_TRUE(check_target(at("new.py"), at("original.py")));
    EXPECT_TRUE(check_target(at("missing/new.py"), at("original.py")));
}

TEST_F(SavedFile, NamesMayBeOdd) {
    for (const std::string_view name : {"a b.py", "-rf.py", "quo'te\".py", "line\nbreak.py", "*.py"})
        EXPECT_EQ(*write_atomically(at(name), "x"), Change::created) << name;
}

TEST_F(SavedFile, AFolderThatCannotBeWrittenIsAnError) {
    put(at("file"), "x");
    EXPECT_FALSE(write_atomically(at("file/model.py"), "x"));
}

}  // namespace
}  // namespace mlxify::store
