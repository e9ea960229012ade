// Which files a command line names.
// takes: paths of files and folders; gives: paths of files; tests: input_files_test.cpp
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace mlxify::cli {

// Files as they were named, and for a folder every `*.py` below it in the order of the names; hidden folders, `__pycache__`,
// links to folders and `output_folder` are passed over. Nothing is named twice. Errors: a path that is not there, a folder without such a file.
base::Result<std::vector<std::string>> expand(const std::vector<std::string>& paths, const std::string& output_folder);

// Two inputs that would be saved under one name. Empty: none.
std::string name_given_twice(const std::vector<std::string>& files);

}  // namespace mlxify::cli
