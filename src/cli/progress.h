// How far a run over several files is: one line on a terminal's standard error, drawn again in place; elsewhere nothing.
// takes: what begins and ends, from any thread; gives: that line; tests: progress_test.cpp
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace mlxify::cli {

struct ProgressState {
    std::size_t done = 0, count = 0;  // files
    double seconds = 0;               // since the beginning
    std::string file, stage;          // the one that moved last; may be empty
};

// `mlxify ━━━━━━━━━─────────── 34 of 106 · 14 a minute · 5 min left · net.py: gradients`, in at most so many columns.
std::string progress_line(const ProgressState& state, std::size_t columns);

class Progress {
public:
    explicit Progress(std::size_t files);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() { clear(); }

    void stage(const std::string& file, std::string_view name);
    void done(const std::string& file);

    // Takes the line away, so that something else can be printed; the next event brings it back.
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    void draw(bool at_once);  // with the lock held

    const bool shown_;
    const Clock::time_point begin_ = Clock::now();
    Clock::time_point drawn_;
    bool is_there_ = false;
    ProgressState state_;
    std::mutex mutex_;
};

}  // namespace mlxify::cli
