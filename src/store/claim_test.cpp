#include "store/claim.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace mlxify::store {
namespace {

namespace fs = std::filesystem;

TEST(Claim, OnlyWhatNobodyClaimsAndHoldsSomethingIsRemoved) {
    std::string pattern = (fs::temp_directory_path() / "claim_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    const fs::path folder = pattern;
    for (const char* name : {"m-folder", "m-empty1", "m-claimd"}) fs::create_directory(folder / name);
    for (const char* name : {"m-file11", "m-folder/x", "m-claimd/x", "m-another", "other11"}) std::ofstream(folder / name) << "x";
    std::ofstream(folder / "m-blank1");
    fs::create_symlink(folder / "other11", folder / "m-linked");
    const int descriptor = ::open((folder / "m-claimd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    claim(descriptor);
    remove_abandoned(folder, "m-");
    for (const char* gone : {"m-folder", "m-file11"}) EXPECT_FALSE(fs::exists(folder / gone)) << gone;
    for (const char* kept : {"m-empty1", "m-claimd/x", "m-another", "other11", "m-blank1", "m-linked"}) EXPECT_TRUE(fs::exists(folder / kept)) << kept;
    ::close(descriptor);  // as at the end of its process
    remove_abandoned(folder, "m-");
    EXPECT_FALSE(fs::exists(folder / "m-claimd"));
    remove_abandoned(folder / "no such folder", "m-");
    fs::remove_all(folder);
}

}  // namespace
}  // namespace mlxify::store
