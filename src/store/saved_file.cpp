#include "store/saved_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "store/claim.h"

namespace mlxify::store {
namespace {

namespace fs = std::filesystem;

base::Error trouble(std::string_view what, const std::string& path) {
    return {std::string(what) + " `" + path + "`: " + std::strerror(errno)};
}

fs::path folder_of(const std::string& target) {
    const fs::path folder = fs::path(target).parent_path();
    return folder.empty() ? fs::path(".") : folder;
}

// The temporary file of one save; gone at the end of the scope unless it was renamed, or with the next save if we are killed.
class Temporary {
public:
    explicit Temporary(const fs::path& folder) : path_((folder / (std::string(kPrefix) + "XXXXXX")).string()) {
        remove_abandoned(folder, kPrefix);
        descriptor_ = ::mkstemp(path_.data());
        if (descriptor_ < 0) return;
        ::fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
        claim(descriptor_);
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() {
        if (descriptor_ >= 0) ::close(descriptor_);
        if (descriptor_ >= 0 && !renamed_) ::unlink(path_.c_str());
    }
    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
    [[nodiscard]] const std::string& path() const { return path_; }

    bool write(std::string_view bytes, mode_t mode) {
        while (!bytes.empty()) {
            const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return ::fchmod(descriptor_, mode) == 0 && ::fsync(descriptor_) == 0;
    }
    bool rename_to(const std::string& target) {
        renamed_ = ::rename(path_.c_str(), target.c_str()) == 0;
        return renamed_;
    }

private:
    static constexpr std::string_view kPrefix = ".mlxify-new-";
    std::string path_;
    int descriptor_ = -1;
    bool renamed_ = false;
};

// The rename is lasting only when the folder is on the disk too.
void flush_folder(const fs::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
}

// 0666 less what the user masks; the mask can only be read by setting it.
mode_t default_mode() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666 & ~mask;
}

std::optional<struct stat> link_status(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
    return status;
}

}  // namespace

base::Result<Existing> read_existing(const std::string& path) {
    const auto status = link_status(path);
    if (!status) {
        if (errno == ENOENT) return Existing{};
        return trouble("cannot look at", path);
    }
    if (!S_ISREG(status->st_mode)) return base::Error{"`" + path + "` is no regular file"};
    std::ifstream file(path, std::ios::binary);
    if (!file) return trouble("cannot read", path);
    return Existing{true, {std::istreambuf_iterator<char>(file), {}}};
}

base::Result<base::Done> check_target(const std::string& target, const std::string& original) {
    const std::string folder = folder_of(target).string();
    if (const auto status = link_status(folder)) {
        if (S_ISLNK(status->st_mode)) return base::Error{"the folder `" + folder + "` is a symbolic link"};
        if (!S_ISDIR(status->st_mode)) return base::Error{"`" + folder + "` is no folder"};
    }
    const auto status = link_status(target);
    if (!status) return base::Done{};
    if (S_ISLNK(status->st_mode)) return base::Error{"`" + target + "` is a symbolic link"};
    if (!S_ISREG(status->st_mode)) return base::Error{"`" + target + "` is no regular file"};
    struct stat source {};
    if (!original.empty() && ::stat(original.c_str(), &source) == 0 && source.st_dev == status->st_dev &&
        source.st_ino == status->st_ino)
        return base::Error{"`" + target + "` is the original itself"};
    return base::Done{};
}

base::Result<Change> compare_with(const std::string& target, std::string_view bytes) {
    const auto existing = read_existing(target);
    if (!existing) return existing.error();
    if (!existing->exists) return Change::created;
    return existing->text == bytes ? Change::unchanged : Change::replaced;
}

base::Result<Change> write_atomically(const std::string& target, std::string_view bytes) {
    const auto change = compare_with(target, bytes);
    if (!change) return change.error();
    if (*change == Change::unchanged) return change;

    const fs::path folder = folder_of(target);
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure) return base::Error{"cannot make the folder `" + folder.string() + "`: " + failure.message()};

    const auto before = link_status(target);
    Temporary temporary(folder);
    if (!temporary.is_open()) return trouble("cannot write into", folder.string());
    if (!temporary.write(bytes, before ? before->st_mode & 07777 : default_mode()))
        return trouble("cannot write", temporary.path());
    if (!temporary.rename_to(target)) return trouble("cannot write", target);
    flush_folder(folder);
    return change;
}

}  // namespace mlxify::store
