#include "cli/scratch_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string_view>

#include "cli/options.h"
#include "store/claim.h"

namespace mlxify::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};
constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// A signal handler can reach nothing but statics, and may do little more than write a byte; a thread does the rest.
// (Blocking the signals and sigwait() was ruled out: children would inherit the mask.)
std::array<int, 2> signal_pipe = {-1, -1};

extern "C" void note_signal(int number) {
    const auto byte = static_cast<unsigned char>(number);
    [[maybe_unused]] const ssize_t written = ::write(signal_pipe[1], &byte, 1);
}

// The thread that crashed stands still, while the watcher cleans up.
extern "C" void note_crash(int number) {
    constexpr std::string_view message = "mlxify: internal error: crashed; please report it with the file\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, message.data(), message.size());
    if (signal_pipe[1] < 0) ::_exit(kOurBug);
    note_signal(number);
    while (true) ::pause();
}

void handle_signals(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    for (const int number : kSignals) ::sigaction(number, &action, nullptr);
}

}  // namespace

ScratchFolder::ScratchFolder() {
    constexpr std::string_view kPrefix = "mlxify-run-";
    std::error_code failure;
    const fs::path folder = fs::temp_directory_path(failure);
    std::string pattern = (folder / (std::string(kPrefix) + "XXXXXX")).string();
    if (failure || ::mkdtemp(pattern.data()) == nullptr) return;
    claim_ = ::open(pattern.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (claim_ >= 0) store::claim(claim_);
    store::remove_abandoned(folder, kPrefix);
    if (::pipe(signal_pipe.data()) != 0) return;
    for (const int end : signal_pipe) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    path_ = pattern;
    watcher_ = std::thread([this] { watch(); });
    handle_signals(note_signal);
}

ScratchFolder::~ScratchFolder() {
    if (path_.empty()) return;
    handle_signals(SIG_DFL);
    note_signal(0);
    watcher_.join();
    for (int& end : signal_pipe) {
        ::close(end);
        end = -1;
    }
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    ::close(claim_);
}

void ScratchFolder::watch() const {
    unsigned char number = 0;
    while (::read(signal_pipe[0], &number, 1) < 0 && errno == EINTR) {
    }
    if (number == 0) return;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    const bool crashed = std::ranges::find(kCrashes, static_cast<int>(number)) != kCrashes.end();
    ::_exit(crashed ? kOurBug : 128 + number);
}

void end_orderly_on_crashes() {
#ifndef __SANITIZE_ADDRESS__  // it has handlers of its own, which tell more
    struct sigaction action {};
    action.sa_handler = note_crash;
    sigemptyset(&action.sa_mask);
    for (const int number : kCrashes) ::sigaction(number, &action, nullptr);
#endif
}

}  // namespace mlxify::cli
