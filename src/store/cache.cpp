#include "store/cache.h"

#include <chrono>
#include <filesystem>

#include "store/saved_file.h"

namespace mlxify::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".proof";

fs::path entry_path(const std::string& folder, const std::string& key) { return fs::path(folder) / (key + std::string(kExtension)); }

}  // namespace

std::optional<std::string> Cache::find(const std::string& key) const {
    if (folder_.empty()) return std::nullopt;
    const fs::path path = entry_path(folder_, key);
    auto existing = read_existing(path.string());
    if (!existing || !existing->exists) return std::nullopt;
    std::error_code ignored;
    fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
    return std::move(existing->text);
}

void Cache::keep(const std::string& key, std::string_view text) const {
    if (folder_.empty()) return;
    std::error_code failure;
    if (fs::create_directories(folder_, failure)) fs::permissions(folder_, fs::perms::owner_all, failure);
    const auto written = write_atomically(entry_path(folder_, key).string(), text);
    static_cast<void>(written);  // the next run proves again
}

void Cache::forget_unused(int days) const {
    std::error_code failure;
    const auto oldest = fs::file_time_type::clock::now() - std::chrono::hours(24) * days;
    for (fs::directory_iterator at(folder_, failure), end; !failure && at != end; at.increment(failure)) {
        std::error_code ignored;
        const bool unused = at->path().extension() == kExtension && at->is_regular_file(ignored) && at->last_write_time(ignored) < oldest;
        if (unused) fs::remove(at->path(), ignored);
    }
}

}  // namespace mlxify::store
