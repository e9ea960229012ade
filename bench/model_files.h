// The Python files that benchmarks run over: inputs of golden cases and examples, joined to one text per measurement.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/check.h"
#include "source/source_text.h"

namespace mlxify::bench {

// Texts of tests/golden/*/input.py and examples/*.py of this checkout, in the order of their paths.
inline std::vector<std::string> model_files() {
    std::vector<std::filesystem::path> paths;
    const std::filesystem::path root = MLXIFY_SOURCE_DIR;
    for (const char* folder : {"tests/golden", "examples"}) {
        if (!std::filesystem::is_directory(root / folder)) continue;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder))
            if (entry.path().extension() == ".py" && entry.path().filename() != "expected.py")
                paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> texts;
    for (const std::filesystem::path& path : paths) texts.push_back(source::read_file(path.string()).value());
    MLXIFY_CHECK(!texts.empty());
    return texts;
}

inline std::size_t line_count(const std::vector<std::string>& texts) {
    std::size_t lines = 0;
    for (const std::string& text : texts) lines += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    return lines;
}

}  // namespace mlxify::bench
