#include "store/git.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "store/process.h"

namespace mlxify::store {
namespace {

namespace fs = std::filesystem;

// A repository `work` with a bare `remote.git`, apart from the user's own configuration of git.
class Git : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "git_test_XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = fs::canonical(pattern);
        ::setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
        ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
        work_ = (folder_ / "work").string();
        remote_ = (folder_ / "remote.git").string();
        git({"init", "--quiet", "--bare", "--initial-branch=main", remote_}, false);
        git({"init", "--quiet", "--initial-branch=main", work_}, false);
        git({"config", "user.name", "A. Author"});
        git({"config", "user.email", "author@example.org"});
        git({"remote", "add", "origin", remote_});
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string git(std::vector<std::string> arguments, bool in_work = true) const {
        std::vector<std::string> all = {"git"};
        if (in_work) all.insert(all.end(), {"-C", work_});
        all.insert(all.end(), arguments.begin(), arguments.end());
        const auto ran = run_process(all);
        EXPECT_TRUE(ran && ran->status == 0) << arguments.front() << ": " << (ran ? ran->error : "not started");
        return ran ? ran->output : "";
    }
    std::string put(const std::string& name, std::string_view text) const {
        const fs::path path = fs::path(work_) / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
        return path.string();
    }
    void set_upstream() const {
        put("README", "x");
        git({"add", "README"});
        git({"commit", "--quiet", "-m", "Begin"});
        git({"push", "--quiet", "-u", "origin", "main"});
    }
    fs::path folder_;
    std::string work_, remote_;
};

TEST_F(Git, TheFirstCommitOfARepositoryWorks) {
    const auto done = commit_file(put("out/model.py", "x"), "Convert model.py", std::nullopt);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_TRUE(done->committed);
    EXPECT_EQ(done->branch, "main");
    EXPECT_EQ(done->push_note, "the branch has no upstream");
    EXPECT_EQ(git({"log", "--format=%s"}), "Convert model.py\n");
}

TEST_F(Git, CommitsAndPushesOnceAndLeavesStagedChangesStaged) {
    set_upstream();
    put("other.py", "staged");
    git({"add", "other.py"});
    const std::string file = put("out/model.py", "x");
    const auto first = commit_file(file, "Convert", std::nullopt);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->pushed_to, "origin/main");
    EXPECT_EQ(git({"show", "--format=", "--name-only", "HEAD"}), "out/model.py\n");
    EXPECT_EQ(git({"status", "--porcelain"}), "A  other.py\n");
    EXPECT_EQ(git({"rev-parse", "HEAD"}), git({"-C", remote_, "rev-parse", "main"}, false));

    const std::string head = git({"rev-parse", "HEAD"});
    const auto second = commit_file(file, "Convert", std::nullopt);
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_FALSE(second->committed);
    EXPECT_EQ(second->commit, first->commit);
    EXPECT_EQ(second->push_note, "origin/main has it already");
    EXPECT_EQ(git({"rev-parse", "HEAD"}), head);
}

TEST_F(Git, OtherPeoplesUnpushedCommitsAreNotPushedWhenNothingIsNew) {
    set_upstream();
    const std::string file = put("model.py", "x");
    ASSERT_TRUE(commit_file(file, "Convert", std::nullopt));
    put("later.py", "x");
    git({"add", "later.py"});
    git({"commit", "--quiet", "-m", "Later"});
    const auto again = commit_file(file, "Convert", std::nullopt);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->pushed_to, "");
}

TEST_F(Git, PushesToANamedRemoteWithoutAnUpstream) {
    const auto done = commit_file(put("model.py", "x"), "Convert", "origin");
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->pushed_to, "origin/main");
    EXPECT_EQ(git({"-C", remote_, "log", "--format=%s", "main"}, false), "Convert\n");
    EXPECT_EQ(commit_file(put("model.py", "x"), "Convert", "origin")->push_note, "origin/main has it already");
}

TEST_F(Git, OddNamesAreJustNames) {
    for (const std::string name : {"a b.py", "-rf.py", "quo'te\".py", "line\nbreak.py", "*.py", ":(top)x.py"}) {
        const auto done = commit_file(put(name, "x"), "Convert", std::nullopt);
        ASSERT_TRUE(done) << name << ": " << done.error().message;
        EXPECT_TRUE(done->committed) << name;
        EXPECT_FALSE(commit_file(put(name, "x"), "Convert", std::nullopt)->committed) << name;
    }
    EXPECT_EQ(git({"status", "--porcelain"}), "");
}

TEST_F(Git, AHookThatSaysNoIsQuoted) {
    const std::string hook = put(".git/hooks/pre-commit", "#!/bin/sh\necho not today >&2\nexit 1\n");
    fs::permissions(hook, fs::perms::owner_all);
    const auto done = commit_file(put("model.py", "x"), "Convert", std::nullopt);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "`git commit` failed: not today");
}

TEST_F(Git, FindsTheWorkTreeOfAFolderThatIsNotThereYet) {
    EXPECT_EQ(*work_tree_of(work_ + "/mlx_architectures/model.py"), work_);
    EXPECT_FALSE(work_tree_of(folder_.string() + "/elsewhere/model.py"));
}

}  // namespace
}  // namespace mlxify::store
