#include "verify/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

extern char** environ;

namespace mlxify::verify {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRequestDescriptor = 3;  // in the child
constexpr int kAnswerDescriptor = 4;

#ifdef MSG_NOSIGNAL
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;  // macOS: SO_NOSIGPIPE is set on the socket
#endif

base::Error system_error(std::string_view what) { return {std::string(what) + ": " + std::strerror(errno)}; }

// Only what an interpreter needs reaches the worker; model code must not find tokens in its environment.
bool let_through(std::string_view variable) {
    constexpr std::array<std::string_view, 22> kNames = {
        "PATH",   "HOME",           "LANG",          "TMPDIR",          "TZ",         "PYTHONPATH",      "PYTHONHOME",
        "CC",     "CXX",            "VIRTUAL_ENV",   "CONDA_PREFIX",    "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
        "TERM",   "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CPATH",         "LIBRARY_PATH", "SDKROOT",       "DEVELOPER_DIR",
        "PYTHONNOUSERSITE"};
    const std::string_view name = variable.substr(0, variable.find('='));
    return name.starts_with("LC_") || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::vector<std::string> environment_of(const Command& command) {
    std::vector<std::string> variables = command.environment;
    const auto given = [&](std::string_view name) {
        return std::any_of(command.environment.begin(), command.environment.end(),
                           [&](const std::string& own) { return own.substr(0, own.find('=')) == name; });
    };
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view variable = *entry;
        if (let_through(variable) && !given(variable.substr(0, variable.find('=')))) variables.emplace_back(variable);
    }
    return variables;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (std::string& text : strings) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

// Where execve finds the program; looked up before the fork, because between fork and exec nothing may allocate.
std::string find_program(const std::string& name) {
    if (name.find('/') != std::string::npos) return name;
    const char* path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
    while (!rest.empty()) {
        const std::size_t colon = std::min(rest.find(':'), rest.size());
        std::string candidate = std::string(rest.substr(0, colon)) + "/" + name;
        if (::access(candidate.c_str(), X_OK) == 0) return candidate;
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    return name;
}

// Both ends of a channel, close-on-exec and above the descriptors that the child is given.
bool open_channel(int (&ends)[2]) {
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return false;
    for (int& end : ends) {
        const int moved = ::fcntl(end, F_DUPFD_CLOEXEC, 16);
        ::close(end);
        end = moved;
#ifdef SO_NOSIGPIPE
        const int on = 1;
        ::setsockopt(end, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    }
    return ends[0] >= 0 && ends[1] >= 0;
}

// In the child, after fork: async-signal-safe calls only.
[[noreturn]] void become(const char* program, char** arguments, char** environment, int requests, int answers) {
    ::setpgid(0, 0);
#ifdef __linux__
    // A worker that still imports its framework would notice only afterwards that we are gone. The thread that starts it outlives it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    const int null_device = ::open("/dev/null", O_RDWR);
    for (int stream = 0; stream < 3; ++stream) ::dup2(null_device, stream);
    ::dup2(requests, kRequestDescriptor);
    ::dup2(answers, kAnswerDescriptor);
    for (int other = kAnswerDescriptor + 1; other < 1024; ++other) ::close(other);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(program, arguments, environment);
    ::_exit(127);
}

// Waits until `descriptor` is ready for `events`; 0 when the deadline has passed, -1 on an error.
int wait_for(int descriptor, short events, Clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd entry{descriptor, events, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<long long>(left + 1, 0, 60'000)));
        if (ready > 0) return 1;
        if (ready < 0 && errno != EINTR) return -1;
        if (Clock::now() >= deadline) return 0;
    }
}

Clock::time_point deadline_in(double seconds) {
    const double bounded = std::isfinite(seconds) ? std::clamp(seconds, 0.0, 86'400.0) : 86'400.0;
    return Clock::now() + std::chrono::milliseconds(static_cast<long long>(bounded * 1000));
}

}  // namespace

base::Result<Process> Process::start(const Command& command) {
    MLXIFY_CHECK(!command.arguments.empty());
    std::vector<std::string> arguments = command.arguments;
    std::vector<std::string> environment = environment_of(command);
    const std::string program = find_program(arguments[0]);
    if (::access(program.c_str(), X_OK) != 0) return system_error("cannot run `" + arguments[0] + "`");
    const std::vector<char*> argument_pointers = pointers(arguments);
    const std::vector<char*> environment_pointers = pointers(environment);
    int requests[2] = {-1, -1};
    int answers[2] = {-1, -1};
    if (!open_channel(requests) || !open_channel(answers)) return system_error("cannot open a channel to a worker");
    const pid_t child = ::fork();
    if (child == 0)
        become(program.c_str(), const_cast<char**>(argument_pointers.data()),
               const_cast<char**>(environment_pointers.data()), requests[0], answers[1]);
    ::close(requests[0]);
    ::close(answers[1]);
    if (child < 0) {
        ::close(requests[1]);
        ::close(answers[0]);
        return system_error("cannot start a worker");
    }
    ::setpgid(child, child);  // also here: whoever comes first
    Process process;
    process.pid_ = child;
    process.requests_ = requests[1];
    process.answers_ = answers[0];
    process.max_line_bytes_ = command.max_line_bytes;
    return process;
}

Process::Process(Process&& other) noexcept { *this = std::move(other); }

Process& Process::operator=(Process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(requests_, other.requests_);
    std::swap(answers_, other.answers_);
    std::swap(max_line_bytes_, other.max_line_bytes_);
    std::swap(buffer_, other.buffer_);
    std::swap(searched_, other.searched_);
    return *this;
}

Process::~Process() { kill(); }

base::Result<base::Done> Process::send(std::string_view line, double seconds) {
    if (!running()) return base::Error{"the worker is not running"};
    const Clock::time_point deadline = deadline_in(seconds);
    std::string message(line);
    message += '\n';
    std::string_view rest = message;
    while (!rest.empty()) {
        const int ready = wait_for(requests_, POLLOUT, deadline);
        if (ready == 0) return base::Error{"the worker does not take its request"};
        const ssize_t written = ready < 0 ? -1 : ::send(requests_, rest.data(), rest.size(), kSendFlags | MSG_DONTWAIT);
        if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (written < 0) return system_error("the worker is gone");
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return base::Done{};
}

base::Result<std::string> Process::receive(double seconds) {
    if (!running()) return base::Error{"the worker is not running"};
    const Clock::time_point deadline = deadline_in(seconds);
    std::array<char, 65536> chunk{};
    for (;;) {
        const std::size_t line_end = buffer_.find('\n', searched_);
        if (line_end != std::string::npos) {
            std::string line = buffer_.substr(0, line_end);
            buffer_.erase(0, line_end + 1);
            searched_ = 0;
            return line;
        }
        searched_ = buffer_.size();
        if (buffer_.size() > max_line_bytes_) return base::Error{"the worker's answer is too long"};
        const int ready = wait_for(answers_, POLLIN, deadline);
        if (ready == 0) return base::Error{"the worker does not answer in time"};
        const ssize_t count = ready < 0 ? -1 : ::recv(answers_, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0) return system_error("the worker is gone");
        if (count == 0) return base::Error{"the worker ended"};
        buffer_.append(chunk.data(), static_cast<std::size_t>(count));
    }
}

void Process::kill(double patience) {
    if (requests_ >= 0) ::close(std::exchange(requests_, -1));
    if (answers_ >= 0) ::close(std::exchange(answers_, -1));
    if (pid_ <= 0) return;
    const Clock::time_point deadline = deadline_in(patience);
    const auto ended = [&] {  // not reaped yet: until then its number, and so its group's, is not given away
        siginfo_t info{};
        return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid_;
    };
    while (patience > 0 && !ended() && Clock::now() < deadline) ::poll(nullptr, 0, 5);
    ::kill(-pid_, SIGKILL);  // whatever is left of the group
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
}

}  // namespace mlxify::verify
