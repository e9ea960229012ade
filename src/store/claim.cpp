#include "store/claim.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

namespace mlxify::store {
namespace {

namespace fs = std::filesystem;

constexpr std::time_t kToClaim = 60;  // seconds; what is made is claimed at once
constexpr std::size_t kRandom = 6;  // characters that mkstemp and mkdtemp put in

bool is_abandoned(const fs::path& path) {
    std::error_code failure;
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return false;
    struct stat status {};
    const bool ours = ::fstat(descriptor, &status) == 0 && status.st_uid == ::geteuid() && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
    const bool free = ours && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    const bool begun = free && (!fs::is_empty(path, failure) || std::time(nullptr) - status.st_mtime > kToClaim);
    const bool abandoned = begun && !failure;
    ::close(descriptor);
    return abandoned;
}

}  // namespace

void claim(int descriptor) {
    // Waits: another run may be looking at it just now, and lets it go at once. A file system without locks: nothing there counts as
    // abandoned either.
    while (::flock(descriptor, LOCK_EX) != 0 && errno == EINTR) {
    }
}

void remove_abandoned(const fs::path& folder, std::string_view prefix) {
    std::error_code failure;
    for (fs::directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure)) {
        const std::string name = at->path().filename().string();
        std::error_code ignored;
        if (name.starts_with(prefix) && name.size() == prefix.size() + kRandom && is_abandoned(at->path())) fs::remove_all(at->path(), ignored);
    }
}

}  // namespace mlxify::store
