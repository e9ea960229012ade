#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "report/text_width.h"

namespace mlxify::cli {
namespace {

constexpr std::size_t kBar = 20;  // columns
constexpr std::size_t kUsualColumns = 80;
constexpr auto kBetween = std::chrono::milliseconds(100);  // two drawings
constexpr const char* kClearLine = "\r\x1b[K";

std::size_t terminal_columns() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualColumns;
}

std::string bar(double part) {
    const auto full = static_cast<std::size_t>(part * static_cast<double>(kBar));
    std::string text;
    for (std::size_t i = 0; i < kBar; ++i) text += i < full ? "━" : "─";
    return text;
}

std::string duration(double seconds) {
    if (seconds < 90) return fmt::format("{:.0f} s", std::ceil(seconds));
    return seconds < 5400 ? fmt::format("{:.0f} min", seconds / 60) : fmt::format("{:.1f} h", seconds / 3600);
}

std::string rate(double a_minute) { return a_minute < 10 ? fmt::format("{:.1f} a minute", a_minute) : fmt::format("{:.0f} a minute", a_minute); }

}  // namespace

std::string progress_line(const ProgressState& state, std::size_t columns) {
    const auto done = static_cast<double>(state.done);
    std::string line = fmt::format("mlxify {} {} of {}", bar(state.count > 0 ? done / static_cast<double>(state.count) : 1), state.done, state.count);
    std::vector<std::string> more;
    if (state.done > 0 && state.seconds > 0) {
        more.push_back(rate(60 * done / state.seconds));
        more.push_back(duration(state.seconds / done * static_cast<double>(state.count - state.done)) + " left");
    }
    if (!state.file.empty()) more.push_back(report::printable(state.file) + (state.stage.empty() ? "" : ": " + state.stage));
    for (const std::string& part : more)
        if (report::width(line) + 3 + report::width(part) < columns) line += " · " + part;
    return report::width(line) < columns ? line : fmt::format("{} of {}", state.done, state.count);
}

Progress::Progress(std::size_t files) : shown_(files > 1 && ::isatty(STDERR_FILENO) == 1) {
    state_.count = files;
    const std::lock_guard lock(mutex_);
    draw(true);
}

void Progress::stage(const std::string& file, std::string_view name) {
    const std::lock_guard lock(mutex_);
    state_.file = file;
    state_.stage = name;
    draw(false);
}

void Progress::done(const std::string& file) {
    const std::lock_guard lock(mutex_);
    ++state_.done;
    if (state_.file == file) state_.file.clear();
    draw(true);
}

void Progress::clear() {
    const std::lock_guard lock(mutex_);
    if (is_there_) std::fputs(kClearLine, stderr);
    is_there_ = false;
}

void Progress::draw(bool at_once) {
    const Clock::time_point now = Clock::now();
    if (!shown_ || (!at_once && is_there_ && now - drawn_ < kBetween)) return;
    state_.seconds = std::chrono::duration<double>(now - begin_).count();
    std::fputs((kClearLine + progress_line(state_, terminal_columns())).c_str(), stderr);
    drawn_ = now;
    is_there_ = true;
}

}  // namespace mlxify::cli
