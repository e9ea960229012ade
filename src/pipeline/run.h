// The main job for one file: read, find samples, observe, convert, prove, put the header in, save.
// takes: a path, RunOptions, the catalogue, workers; gives: FileReport; tests: tests/cli
//
// Says MX7001 (cannot write); everything else is said by the stages. Proving touches no file but scratch ones and may run in several threads, each with its own workers; saving is for one thread, in order.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"
#include "pipeline/convert.h"
#include "report/file_report.h"
#include "store/cache.h"
#include "verify/worker.h"

namespace mlxify::pipeline {

struct RunOptions {
    ConvertOptions convert;
    std::string call;                                 // --call; empty: samples are searched
    std::string case_file;                            // --case FILE.json[#n]; empty: none
    std::vector<std::string> channels_last;           // entry points whose port has channels last (`verify --channels-last`)
    std::string output_folder = "mlx_architectures";
    std::string draft;                                // where a conversion that is not proved may go; empty: nowhere
    bool write = true;                                // false: only say what would change
    std::string version;                              // of mlxify
    const store::Cache* cache = nullptr;              // of proofs of earlier runs; null: prove again
    std::function<void(std::string_view)> progress;   // name of the stage that begins; may be empty
    std::string installation;                         // what a proof depends on beside the file and these options: program, catalogues, packages
};

// What is known of a file before anything is written.
struct Proof {
    report::FileReport report;
    std::string text;    // to be saved, header included; a draft when the file is not proved; empty: not even that
};

Proof prove(const std::string& path, const RunOptions& options, const catalogue::Catalogue& catalogue,
            verify::WorkerPool& workers);

// Writes what is proved into the output folder, and a draft of what is not where the options say.
report::FileReport save(Proof proof, const RunOptions& options);

// The path that a file is saved at: its own name in the output folder.
std::string output_path(const std::string& path, const std::string& output_folder);

}  // namespace mlxify::pipeline
