// Where the workers' files of one run lie: gone when the run ends, also by Ctrl-C or `kill`; after `kill -9`, when the next run begins.
#pragma once

#include <string>
#include <thread>

namespace mlxify::cli {

// One at a time. SIGINT, SIGTERM and SIGHUP remove the folder and end the program with 128 + their number; the workers end by
// themselves when they find us gone.
class ScratchFolder {
public:
    ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder();

    // Empty if none could be made; the workers then report it.
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    void watch() const;

    std::string path_;
    int claim_ = -1;  // tells other runs that the folder is in use
    std::thread watcher_;
};

// A crash is our bug: said on standard error, exit code 3, and the scratch folder goes too.
void end_orderly_on_crashes();

}  // namespace mlxify::cli
