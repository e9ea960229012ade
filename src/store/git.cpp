#include "store/git.h"

#include <filesystem>
#include <vector>

#include "store/process.h"

namespace mlxify::store {
namespace {

namespace fs = std::filesystem;

// git's last words, without its final line breaks and on one line.
std::string said(const ProcessOutput& ran) {
    std::string words = ran.error.empty() ? ran.output : ran.error;
    while (!words.empty() && (words.back() == '\n' || words.back() == '\r')) words.pop_back();
    std::string line;
    for (const char c : words) line += c == '\n' ? std::string("; ") : std::string(1, c);
    return line.empty() ? "exit status " + std::to_string(ran.status) : line;
}

std::string without_line_break(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

// One repository and one file in it, named relative to its folder.
class Repository {
public:
    Repository(const fs::path& folder, std::string file) : folder_(folder.string()), file_(std::move(file)) {}

    base::Result<ProcessOutput> run(const std::vector<std::string>& arguments, bool with_file = false) const {
        // Literal: a file named `*.py` or `:/x` is that file, not a pattern.
        std::vector<std::string> all = {"git", "--literal-pathspecs", "-C", folder_};
        all.insert(all.end(), arguments.begin(), arguments.end());
        if (with_file) all.insert(all.end(), {"--", file_});
        return run_process(all, true);
    }
    // The output when git succeeds; empty when it says no.
    std::string ask(const std::vector<std::string>& arguments, bool with_file = false) const {
        const auto ran = run(arguments, with_file);
        return ran && ran->status == 0 ? without_line_break(ran->output) : std::string();
    }
    base::Result<base::Done> demand(const std::string& what, const std::vector<std::string>& arguments,
                                    bool with_file = false) const {
        const auto ran = run(arguments, with_file);
        if (!ran) return ran.error();
        if (ran->status != 0) return base::Error{"`git " + what + "` failed: " + said(*ran)};
        return base::Done{};
    }
    bool succeeds(const std::vector<std::string>& arguments, bool with_file = false) const {
        const auto ran = run(arguments, with_file);
        return ran && ran->status == 0;
    }

private:
    std::string folder_;
    std::string file_;
};

// Whether the last commit holds the file as it is on the disk.
bool is_committed(const Repository& git) {
    return !git.ask({"ls-files", "--cached"}, true).empty() && git.succeeds({"diff", "--quiet", "HEAD"}, true);
}

struct PushTarget {
    std::string remote;
    std::string reference;  // "refs/heads/main"
    std::string shown;      // "origin/main"
    std::string tracking;   // the local copy of it, when there is one
};

std::optional<PushTarget> push_target(const Repository& git, const std::string& branch,
                                      const std::optional<std::string>& remote) {
    if (branch.empty()) return std::nullopt;
    const std::string own_remote = git.ask({"config", "--get", "branch." + branch + ".remote"});
    const std::string own_reference = git.ask({"config", "--get", "branch." + branch + ".merge"});
    if (!remote && (own_remote.empty() || own_reference.empty())) return std::nullopt;
    PushTarget target;
    target.remote = remote ? *remote : own_remote;
    target.reference = remote && own_remote != *remote ? "refs/heads/" + branch : own_reference;
    if (target.reference.empty()) target.reference = "refs/heads/" + branch;
    const std::string name = target.reference.substr(target.reference.rfind("heads/") + 6);
    target.shown = target.remote + "/" + name;
    target.tracking = "refs/remotes/" + target.remote + "/" + name;
    return target;
}

base::Result<base::Done> push(const Repository& git, const std::optional<std::string>& remote, Committed& done) {
    const auto target = push_target(git, done.branch, remote);
    if (!target) {
        done.push_note = done.branch.empty() ? "the head is detached" : "the branch has no upstream";
        if (remote) return base::Error{"nothing to push to `" + *remote + "`: " + done.push_note};
        return base::Done{};
    }
    if (!done.committed && git.succeeds({"merge-base", "--is-ancestor", done.commit, target->tracking})) {
        done.push_note = target->shown + " has it already";
        return base::Done{};
    }
    const auto sent = git.demand("push", {"push", "--quiet", "--", target->remote, "HEAD:" + target->reference});
    if (sent) done.pushed_to = target->shown;
    return sent;
}

}  // namespace

base::Result<std::string> work_tree_of(const std::string& path) {
    std::error_code failure;
    fs::path folder = fs::absolute(path, failure);
    while (!fs::is_directory(folder, failure) && folder != folder.root_path()) folder = folder.parent_path();
    const auto ran = run_process({"git", "-C", folder.string(), "rev-parse", "--show-toplevel"});
    if (!ran) return ran.error();
    if (ran->status != 0) return base::Error{"`" + folder.string() + "` is in no git work tree: " + said(*ran)};
    return without_line_break(ran->output);
}

base::Result<Committed> commit_file(const std::string& path, const std::string& message,
                                    const std::optional<std::string>& remote) {
    const fs::path file = fs::absolute(path);
    const Repository git(file.parent_path(), file.filename().string());
    Committed done;
    if (!is_committed(git)) {
        if (const auto added = git.demand("add", {"add"}, true); !added) return added.error();
        const auto committed = git.demand("commit", {"commit", "--quiet", "--only", "--message", message}, true);
        if (!committed) return committed.error();
        done.committed = true;
    }
    done.commit = git.ask({"log", "-1", "--format=%h"}, true);
    done.branch = git.ask({"symbolic-ref", "--quiet", "--short", "HEAD"});
    if (const auto sent = push(git, remote, done); !sent) return sent.error();
    return done;
}

}  // namespace mlxify::store
