#include "cli/environment.h"

#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

#include "store/process.h"
#include "store/saved_file.h"
#include "store/sha256.h"

namespace mlxify::cli {
namespace {

namespace fs = std::filesystem;

// Links stay unresolved in the last step only on macOS; on Linux the kernel names the file itself.
fs::path own_path() {
    std::error_code failure;
#ifdef __APPLE__
    char buffer[4096];
    uint32_t size = sizeof buffer;
    if (_NSGetExecutablePath(buffer, &size) != 0) return {};
    return fs::canonical(buffer, failure);
#else
    return fs::read_symlink("/proc/self/exe", failure);
#endif
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// Nothing if the file cannot be read.
std::optional<std::string> digest_of(const fs::path& file) {
    const auto existing = store::read_existing(file.string());
    if (!existing || !existing->exists) return std::nullopt;
    return store::sha256(existing->text);
}

std::optional<std::string> digest_of_folder(const fs::path& folder) {
    std::error_code failure;
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure))
        if (at->path().extension() == ".py") files.push_back(at->path());
    if (failure) return std::nullopt;
    std::ranges::sort(files);
    std::string digests;
    for (const fs::path& file : files) {
        const auto digest = digest_of(file);
        if (!digest) return std::nullopt;
        digests += fmt::format("{} {}\n", file.string(), *digest);
    }
    return store::sha256(digests);
}

// `-P`: not from the current folder.
std::string digest_of_packages(const verify::ServerOptions& workers) {
    std::vector<std::string> command = workers.python;
    command.insert(command.end(), {"-P", "-c", "import sys; sys.path[:0] = sys.argv[1:]; import mlxify.installation; print(mlxify.installation.digest())"});
    if (!workers.package_path.empty()) command.push_back(workers.package_path);
    const auto ran = store::run_process(command);
    if (!ran || ran->status != 0) return {};
    return ran->output.substr(0, ran->output.find('\n'));
}

}  // namespace

std::string python_interpreter(const std::string& given) {
    if (!given.empty()) return given;
    if (const std::string named = variable("MLXIFY_PYTHON"); !named.empty()) return named;
    const fs::path folder = own_path().parent_path();
    for (const char* name : {"python", "python3"})
        // Not resolved further: an environment's interpreter is a link, and knows its environment by that path.
        if (!folder.empty() && ::access((folder / name).c_str(), X_OK) == 0) return (folder / name).string();
    return "python3";
}

verify::ServerOptions worker_options(const Options& options, const std::string& scratch) {
    verify::ServerOptions workers;
    workers.python = {python_interpreter(options.python)};
    workers.package_path = variable("MLXIFY_PACKAGE");
    workers.scratch_root = scratch;
    if (options.seconds > 0) workers.limits.seconds = options.seconds;
    if (options.memory_mb > 0) workers.limits.memory_mb = options.memory_mb;
    return workers;
}

std::string cache_folder() {
    if (const std::string named = variable("XDG_CACHE_HOME"); !named.empty()) return (fs::path(named) / "mlxify").string();
    const std::string home = variable("HOME");
    if (home.empty()) return {};
#ifdef __APPLE__
    return (fs::path(home) / "Library/Caches/mlxify").string();
#else
    return (fs::path(home) / ".cache/mlxify").string();
#endif
}

std::string installation(const Options& options, const verify::ServerOptions& workers) {
    const std::string packages = digest_of_packages(workers);
    const auto program = digest_of(own_path());
    if (packages.empty() || !program) return {};
    std::string parts = fmt::format("{} {} {} {}\n", packages, *program, workers.limits.seconds, workers.limits.memory_mb);
    for (const std::string& folder : options.catalogues) {
        const auto digest = digest_of_folder(folder);
        if (!digest) return {};
        parts += *digest + "\n";
    }
    return store::sha256(parts);
}

}  // namespace mlxify::cli
