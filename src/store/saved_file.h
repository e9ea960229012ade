// Puts a text into its place: all of it or nothing, and never over what is not ours to write.
// takes: path and bytes; gives: what changed; says: Error; tests: saved_file_test.cpp
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mlxify::store {

enum class Change { unchanged, replaced, created };

// What the file at `path` holds; empty text and `exists == false` if there is none.
struct Existing {
    bool exists = false;
    std::string text;
};
base::Result<Existing> read_existing(const std::string& path);

// Why `target` may not be written: it is a symbolic link or no regular file, its folder is a symbolic link or no folder, or it
// is the very file that `original` names (also by another path or a hard link). An empty `original` is not looked at.
base::Result<base::Done> check_target(const std::string& target, const std::string& original);

// What a save would do, without doing it.
base::Result<Change> compare_with(const std::string& target, std::string_view bytes);

// Writes through a temporary file of the same folder, flushed to the disk and renamed, so that a reader or a power cut sees
// the old or the new file. Makes the folder (and its parents) when missing. An existing file keeps its mode; equal bytes are
// not written again.
base::Result<Change> write_atomically(const std::string& target, std::string_view bytes);

}  // namespace mlxify::store
