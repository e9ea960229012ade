// Commits one file, and nothing else, with the user's own `git`: hooks, signing and credentials apply.
// takes: path of a saved file, message; gives: what happened; says: Error with git's own words; tests: git_test.cpp, tests/cli
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace mlxify::store {

struct Committed {
    bool committed = false;    // false: the file stood in the last commit already
    std::string commit;        // short hash of the commit that holds the file
    std::string branch;        // empty: a detached head
    std::string pushed_to;     // "origin/main" when something was sent
    std::string push_note;     // why nothing was sent: "no upstream", "already there"
};

// The work tree that `path` (or its nearest existing parent) lies in. Errors: not in a work tree, no git.
base::Result<std::string> work_tree_of(const std::string& path);

// `git add` and `git commit --only` of that one path, then `git push` of its branch to `remote`, or, without one, to the branch's
// upstream when it has one. Other staged changes stay staged. A file that the last commit already holds is not
// committed again, and pushed only if the upstream lacks its commit.
base::Result<Committed> commit_file(const std::string& path, const std::string& message,
                                    const std::optional<std::string>& remote);

}  // namespace mlxify::store
