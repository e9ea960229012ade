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

}  // namespace mlxify::cli
