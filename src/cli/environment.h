// Where this program is installed and which Python it uses.
#pragma once

#include <string>

#include "cli/options.h"
#include "verify/worker.h"

namespace mlxify::cli {

// `--python`, else $MLXIFY_PYTHON, else the `python` beside this program, else `python3` of PATH.
std::string python_interpreter(const std::string& given);

// How workers are started; their files lie in `scratch`. $MLXIFY_PACKAGE names a folder that holds the package `mlxify`, for a Python that has it not installed.
verify::ServerOptions worker_options(const Options& options, const std::string& scratch);

// Where proofs are kept between runs: in $XDG_CACHE_HOME, ~/Library/Caches or ~/.cache. Empty: there is no such place.
std::string cache_folder();

// A digest of what a proof depends on beside the file and its samples: this program, the catalogues of `--catalogue`, the limits and what
// the workers' Python would import. Empty: it cannot be told.
std::string installation(const Options& options, const verify::ServerOptions& workers);

}  // namespace mlxify::cli
