// Files and folders that a run made for itself, and how those are told whose run was killed.
// takes: paths; gives: locks that end with their process, however that ends; tests: claim_test.cpp
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace mlxify::store {

// Marks the open file or folder as ours for as long as `descriptor` is open in this process.
void claim(int descriptor);

// Removes what a killed run left in `folder` under a name of `prefix` and six characters: what is ours by its owner, is not empty or
// a minute old, and is claimed by nobody. (Between being made and being claimed it is empty.) The prefix must be one of claimed things alone.
void remove_abandoned(const std::filesystem::path& folder, std::string_view prefix);

}  // namespace mlxify::store
