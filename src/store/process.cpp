#include "store/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

extern "C" char** environ;

namespace mlxify::store {
namespace {

class Pipe {
public:
    // Closed on exec from the first moment on: another thread's child that inherited a write end would keep us waiting.
    Pipe() {
#ifdef __linux__
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
#else
        if (::pipe(ends_.data()) != 0) ends_ = {-1, -1};
        for (const int end : ends_)
            if (end >= 0) ::fcntl(end, F_SETFD, FD_CLOEXEC);
#endif
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_read();
        close_write();
    }
    [[nodiscard]] bool is_open() const { return ends_[0] >= 0; }
    [[nodiscard]] int read_end() const { return ends_[0]; }
    [[nodiscard]] int write_end() const { return ends_[1]; }
    void close_read() { close(ends_[0]); }
    void close_write() { close(ends_[1]); }

private:
    static void close(int& end) {
        if (end >= 0) ::close(end);
        end = -1;
    }
    std::array<int, 2> ends_{-1, -1};
};

// Reads both pipes until both are at their end: a program that fills one while we wait for the other would hang.
void drain(Pipe& first, std::string& first_text, Pipe& second, std::string& second_text) {
    std::array<char, 4096> buffer{};
    while (first.read_end() >= 0 || second.read_end() >= 0) {
        std::array<pollfd, 2> waiting = {pollfd{first.read_end(), POLLIN, 0}, pollfd{second.read_end(), POLLIN, 0}};
        if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
            Pipe& pipe = i == 0 ? first : second;
            const ssize_t count = ::read(waiting[i].fd, buffer.data(), buffer.size());
            if (count > 0)
                (i == 0 ? first_text : second_text).append(buffer.data(), static_cast<std::size_t>(count));
            else if (count == 0 || errno != EINTR)
                pipe.close_read();
        }
    }
}

int wait_for(pid_t process) {
    int status = 0;
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

base::Result<ProcessOutput> run_process(const std::vector<std::string>& arguments, bool interactive) {
    Pipe output;
    Pipe error;
    if (!output.is_open() || !error.is_open()) return base::Error{std::string("no pipe: ") + std::strerror(errno)};

    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (!interactive) posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output.write_end(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, error.write_end(), STDERR_FILENO);
    pid_t process = 0;
    const int failure = ::posix_spawnp(&process, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0)
        return base::Error{"`" + arguments.front() + "` cannot be started: " + std::strerror(failure)};

    output.close_write();
    error.close_write();
    ProcessOutput result;
    drain(output, result.output, error, result.error);
    result.status = wait_for(process);
    return result;
}

}  // namespace mlxify::store
