// The command line as values.
// takes: argc, argv; gives: Options, or the exit code when there is nothing to do; tests: tests/cli/test_usage.py
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pipeline/convert.h"

namespace mlxify::cli {

enum class Command { convert, verify, ship, explain, doctor };

struct Options {
    Command command = Command::convert;
    std::vector<std::string> paths;        // files and folders; of verify: the original, then converted files
    std::string topic;                     // of explain
    std::string output_folder = "mlx_architectures";
    bool output_folder_given = false;
    std::string draft;
    std::string call;
    std::string case_file;
    bool cases_beside = false;             // the cases of net.py stand in net.json
    std::vector<std::string> entries;
    pipeline::Layout layout = pipeline::Layout::automatic;  // --layout
    pipeline::Style style = pipeline::Style::idiomatic;     // --style
    std::vector<std::string> catalogues;
    std::string python;
    std::string stage;                     // --print
    std::optional<std::string> remote;     // --push
    int jobs = 0;                          // 0: as many as make sense
    double seconds = 0;                    // a request of a proof may take; 0: the workers' own limit
    int memory_mb = 0;                     // a model may use; 0: the workers' own limit
    bool diff = false;
    bool check = false;
    bool json = false;
    std::string sarif;                     // a SARIF log is written here; empty: none
    std::string html;                      // a page for a browser is written here; empty: none
    bool again = false;                    // verify: what the headers of saved files state
    std::vector<std::string> channels_last;  // verify: entry points whose port has channels last
    std::string original;                  // verify --again: where the original is
    bool cache = true;                     // take proofs of earlier runs

    // Nothing is verified or written.
    [[nodiscard]] bool preview() const { return diff || !stage.empty(); }
};

inline constexpr int kAllVerified = 0, kNotVerified = 1, kWrongUsage = 2, kOurBug = 3;

// Prints help, the version or what is wrong with the usage by itself; then the exit code is given.
std::variant<Options, int> parse_options(int argc, char** argv);

}  // namespace mlxify::cli
