// What several tests of this folder begin with.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "syntax/parse.h"
#include "verify/worker.h"

namespace mlxify::verify {

struct Parsed {
    explicit Parsed(std::string_view text) : tree(syntax::parse(text, sink)) {}
    diagnostics::Sink sink;
    syntax::Tree tree;
};

// Tests that need MLXIFY_PYTHON, an interpreter with torch, mlx and einops; without it they are skipped aloud.
class WorkersTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        const char* python = std::getenv("MLXIFY_PYTHON");
        if (python == nullptr || *python == 0) return;
        ServerOptions options;
        options.python = {python};
        options.package_path = std::string(MLXIFY_SOURCE_DIR) + "/python";
        workers_ = std::make_unique<WorkerPool>(options);
    }
    static void TearDownTestSuite() { workers_.reset(); }

    void SetUp() override {
        if (workers_ == nullptr) GTEST_SKIP() << "MLXIFY_PYTHON names no interpreter with torch and mlx: nothing was proved";
    }

    static inline std::unique_ptr<WorkerPool> workers_;
};

}  // namespace mlxify::verify
