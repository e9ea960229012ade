// Runs a program by its argument vector (no shell) and collects what it says.
// takes: arguments, folder; gives: exit status and output; says: Error when it cannot be started; tests: process_test.cpp
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace mlxify::store {

struct ProcessOutput {
    int status = 0;      // exit status; 128 + signal when a signal ended it
    std::string output;  // standard output, bytes as they came
    std::string error;   // standard error
};

// Waits for the end. `arguments[0]` is looked up in PATH when it holds no slash. Standard input is the null device when
// `interactive` is false; otherwise it is ours, so that a hook or a signing program can ask its question.
base::Result<ProcessOutput> run_process(const std::vector<std::string>& arguments, bool interactive = false);

}  // namespace mlxify::store
