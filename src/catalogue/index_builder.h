// What stands where in the catalogue's files.
// takes: files; gives: OwnedIndex; errors name file:line; tests: catalogue_test.cpp
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalogue/catalogue.h"

namespace mlxify::catalogue {

// An index with the memory behind it. The tables stay valid while it lives; it never moves.
struct OwnedIndex {
    std::deque<std::string> strings;
    std::vector<File> files;
    std::vector<Entry> entries;
    std::vector<Local> locals;
    std::vector<Trap> traps;

    OwnedIndex() = default;
    OwnedIndex(const OwnedIndex&) = delete;
    OwnedIndex& operator=(const OwnedIndex&) = delete;
    [[nodiscard]] Index view() const { return {files, entries, locals, traps}; }
};

// (path relative to the catalogue folder, text), in the order in which alternatives of one name are to be tried.
using Files = std::vector<std::pair<std::string, std::string>>;

base::Result<std::unique_ptr<OwnedIndex>> build_index(const Files& files);
// Reads every .py below a folder, sorted by path. Errors: unreadable.
base::Result<Files> read_folder(const std::string& folder);

}  // namespace mlxify::catalogue
