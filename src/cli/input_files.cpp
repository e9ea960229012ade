#include "cli/input_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

namespace mlxify::cli {
namespace {

namespace fs = std::filesystem;

base::Result<std::vector<std::string>> files_below(const fs::path& folder, const fs::path& output_folder) {
    std::vector<std::string> files;
    std::error_code failure;
    fs::recursive_directory_iterator at(folder, failure);
    for (; !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
        const std::string name = at->path().filename().string();
        std::error_code ignored;
        if (at->is_directory(ignored)) {
            const bool output = fs::equivalent(at->path(), output_folder, ignored);
            if (name.starts_with('.') || name == "__pycache__" || output) at.disable_recursion_pending();
        } else if (at->is_regular_file(ignored) && at->path().extension() == ".py" && !name.starts_with('.')) {
            files.push_back(at->path().string());
        }
    }
    if (failure) return base::Error{fmt::format("cannot read the folder `{}`: {}", folder.string(), failure.message())};
    if (files.empty()) return base::Error{fmt::format("the folder `{}` holds no Python file", folder.string())};
    std::ranges::sort(files);
    return files;
}

}  // namespace

base::Result<std::vector<std::string>> expand(const std::vector<std::string>& paths, const std::string& output_folder) {
    std::vector<std::string> all;
    for (const std::string& path : paths) {
        std::error_code ignored;
        if (!fs::exists(path, ignored)) return base::Error{fmt::format("no such file: `{}`", path)};
        if (!fs::is_directory(path, ignored)) {
            all.push_back(path);
            continue;
        }
        const auto below = files_below(path, output_folder);
        if (!below) return below.error();
        all.insert(all.end(), below->begin(), below->end());
    }
    std::set<std::string> known;
    std::erase_if(all, [&](const std::string& file) { return !known.insert(file).second; });
    return all;
}

std::string name_given_twice(const std::vector<std::string>& files) {
    std::map<std::string, std::string> first;
    for (const std::string& file : files) {
        const auto [at, is_new] = first.try_emplace(fs::path(file).filename().string(), file);
        if (!is_new) return fmt::format("`{}` and `{}` would both be saved as `{}`", at->second, file, at->first);
    }
    return {};
}

}  // namespace mlxify::cli
