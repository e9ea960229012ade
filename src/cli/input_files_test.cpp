#include "cli/input_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace mlxify::cli {
namespace {

namespace fs = std::filesystem;

class InputFiles : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "input_files_XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        for (const std::string_view name : {"b.py", "a.py", "notes.txt", "deep/c.py", ".hidden/d.py", "__pycache__/e.py", "out/a.py"}) {
            fs::create_directories((folder_ / name).parent_path());
            std::ofstream(folder_ / name) << "x = 1\n";
        }
    }
    void TearDown() override { fs::remove_all(folder_); }
    [[nodiscard]] std::string at(std::string_view name) const { return (folder_ / name).string(); }
    fs::path folder_;
};

TEST_F(InputFiles, AFolderGivesItsPythonFilesInOrder) {
    const auto files = expand({folder_.string()}, at("out"));
    ASSERT_TRUE(files);
    EXPECT_EQ(*files, (std::vector{at("a.py"), at("b.py"), at("deep/c.py")}));
}

TEST_F(InputFiles, NamedFilesKeepTheirOrderAndStandOnce) {
    EXPECT_EQ(*expand({at("b.py"), at("notes.txt"), at("b.py")}, "out"), (std::vector{at("b.py"), at("notes.txt")}));
}

TEST_F(InputFiles, WhatIsNotThereIsAnError) {
    EXPECT_FALSE(expand({at("missing.py")}, "out"));
    fs::create_directory(at("empty"));
    EXPECT_FALSE(expand({at("empty")}, "out"));
}

TEST(InputFileNames, OneNameForTwoInputsIsFound) {
    EXPECT_EQ(name_given_twice({"a/x.py", "b/y.py"}), "");
    EXPECT_EQ(name_given_twice({"a/x.py", "b/x.py"}), "`a/x.py` and `b/x.py` would both be saved as `x.py`");
}

}  // namespace
}  // namespace mlxify::cli
