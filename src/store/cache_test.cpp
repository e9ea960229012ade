#include "store/cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace mlxify::store {
namespace {

namespace fs = std::filesystem;

class CacheTest : public testing::Test {
protected:
    void SetUp() override { fs::remove_all(folder_); }
    void TearDown() override { fs::remove_all(folder_); }
    fs::path folder_ = fs::path(testing::TempDir()) / "mlxify_cache_test";
};

TEST_F(CacheTest, GivesBackWhatWasKept) {
    const Cache cache(folder_.string());
    EXPECT_FALSE(cache.find("a").has_value());
    cache.keep("a", "text");
    cache.keep("a", "newer text");
    EXPECT_EQ(cache.find("a"), "newer text");
    EXPECT_FALSE(cache.find("b").has_value());
    EXPECT_EQ(fs::status(folder_).permissions(), fs::perms::owner_all);
}

TEST_F(CacheTest, KeepsNothingWithoutAFolder) {
    const Cache cache("");
    cache.keep("a", "text");
    EXPECT_FALSE(cache.find("a").has_value());
}

TEST_F(CacheTest, SurvivesAFolderThatCannotBeMade) {
    std::ofstream(folder_) << "a file";
    const Cache cache((folder_ / "below").string());
    cache.keep("a", "text");
    EXPECT_FALSE(cache.find("a").has_value());
}

TEST_F(CacheTest, ForgetsWhatNobodyUsed) {
    const Cache cache(folder_.string());
    for (const char* key : {"old", "used", "new"}) cache.keep(key, "text");
    const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(24 * 40);
    for (const char* name : {"old.proof", "used.proof"}) fs::last_write_time(folder_ / name, long_ago);
    EXPECT_TRUE(cache.find("used").has_value());
    cache.forget_unused(30);
    EXPECT_FALSE(cache.find("old").has_value());
    EXPECT_TRUE(cache.find("used").has_value());
    EXPECT_TRUE(cache.find("new").has_value());
}

}  // namespace
}  // namespace mlxify::store
