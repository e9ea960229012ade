// What only shows inside one process: golden cases converted from several threads at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catalogue/catalogue.h"
#include "pipeline/convert.h"
#include "source/source_text.h"

namespace mlxify {
namespace {

namespace fs = std::filesystem;

// Every case's input, by the name of the case.
std::vector<std::unique_ptr<source::SourceText>> inputs() {
    std::vector<fs::path> paths;
    for (const fs::directory_entry& folder : fs::directory_iterator(MLXIFY_SOURCE_DIR "/tests/golden"))
        if (fs::exists(folder.path() / "input.py")) paths.push_back(folder.path() / "input.py");
    std::sort(paths.begin(), paths.end());
    std::vector<std::unique_ptr<source::SourceText>> sources;
    for (const fs::path& path : paths)
        sources.push_back(std::make_unique<source::SourceText>(path.parent_path().filename().string(), source::read_file(path.string()).value()));
    return sources;
}

// The texts that `threads` threads make out of all inputs, each thread taking every threads-th one.
std::vector<std::string> converted(const std::vector<std::unique_ptr<source::SourceText>>& sources, std::size_t threads) {
    const catalogue::Catalogue catalogue(catalogue::embedded_index());  // bodies are read when first asked for: by whichever thread
    std::vector<std::string> texts(sources.size());
    std::vector<std::thread> running;
    for (std::size_t first = 0; first < threads; ++first)
        running.emplace_back([&, first] {
            for (std::size_t at = first; at < sources.size(); at += threads) texts[at] = pipeline::convert(*sources[at], {}, catalogue, {}).text;
        });
    for (std::thread& thread : running) thread.join();
    return texts;
}

TEST(Golden, one_and_eight_threads_give_the_same_bytes) {
    const auto sources = inputs();
    ASSERT_GT(sources.size(), 40u);
    EXPECT_EQ(converted(sources, 1), converted(sources, 8));
}

}  // namespace
}  // namespace mlxify
