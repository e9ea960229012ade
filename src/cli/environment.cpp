#include "cli/environment.h"

#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include <cstdlib>
#include <filesystem>

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

}  // namespace mlxify::cli
