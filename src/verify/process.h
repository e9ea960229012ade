// A worker process: started once, spoken to in lines, dead at the latest when we are.
// takes: a command line; gives: one line back per line sent, or the reason why not; tests: process_test.cpp
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mlxify::verify {

struct Command {
    std::vector<std::string> arguments;                  // arguments[0] is looked up in PATH
    std::vector<std::string> environment;                // "NAME=value", added to the variables that are let through
    std::size_t max_line_bytes = std::size_t{64} << 20;  // a longer answer is an error
};

// One child with a request channel on its file descriptor 3 and an answer channel on 4; its standard streams are the null
// device. It leads a process group of its own. Not thread-safe: one thread talks to it at a time.
//
// The child learns of our death by the end of file on descriptor 3: both channels are close-on-exec, so nobody else holds
// our end. (PR_SET_PDEATHSIG was ruled out: it fires when the *thread* that forked ends.)
class Process {
public:
    static base::Result<Process> start(const Command& command);
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    // Sends `line` (a line break is added) within `seconds`. Errors: the process is gone, the deadline has passed.
    base::Result<base::Done> send(std::string_view line, double seconds);
    // The next line without its line break. Errors: as send, and a line above the limit. After an error the channel is
    // out of step, and only kill() makes sense.
    base::Result<std::string> receive(double seconds);

    [[nodiscard]] bool running() const { return pid_ > 0; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    // Ends the whole process group and reaps the child. `patience`: seconds for it to leave by itself after the end of file.
    void kill(double patience = 0);

private:
    Process() = default;
    pid_t pid_ = -1;
    int requests_ = -1;
    int answers_ = -1;
    std::size_t max_line_bytes_ = 0;
    std::string buffer_;       // received, not yet given
    std::size_t searched_ = 0; // of buffer_: known to hold no line break
};

}  // namespace mlxify::verify
