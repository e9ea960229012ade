// The proof alone, of files that are there already; nothing is written.
// takes: paths, RunOptions, the catalogue (for samples that read otherwise in MLX), workers; gives: FileReport; tests: tests/cli
//
// Says MX6014 (what a header states does not hold); everything else is said by the proof.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "pipeline/run.h"
#include "report/file_report.h"
#include "verify/worker.h"

namespace mlxify::pipeline {

// `mlxify verify TORCH MLX…`: files that somebody else wrote, each against the same original on the same samples. `take` gets the reports
// in the order of `mlx_paths`, each as soon as it is there.
void compare(const std::string& torch_path, const std::vector<std::string>& mlx_paths, const RunOptions& options,
             const catalogue::Catalogue& catalogue, verify::WorkerPool& workers, const std::function<void(const report::FileReport&)>& take);

// `mlxify verify --again FILE`: what the header of a saved file states, on the samples that it names. The original is `torch_path` or, when
// that is empty, the file of that name and content in the folder above the saved file's, or in a folder beside it.
report::FileReport verify_again(const std::string& mlx_path, const std::string& torch_path, const RunOptions& options,
                                const catalogue::Catalogue& catalogue, verify::WorkerPool& workers);

}  // namespace mlxify::pipeline
