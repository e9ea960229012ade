#include "pipeline/ship.h"

#include <gtest/gtest.h>

namespace mlxify::pipeline {
namespace {

TEST(Ship, TheMessageCarriesTheFigures) {
    report::FileReport report;
    report.input = "some/folder/net.py";
    report.sha256 = "abc";
    report.verdict.level = verify::Level::verified;
    verify::EntryProof entry;
    entry.name = "Net";
    entry.level = verify::Level::verified;
    entry.original_dtype = "float32";
    entry.samples = {{"Net(8)(f32[2, 8])", "search"}};
    entry.max_error = 3e-7;
    entry.gradient_error = 1.5e-6;
    entry.stages = {{"gradients", verify::StageResult::passed, ""}};
    report.verdict.entries = {entry};
    EXPECT_EQ(commit_message(report, "0.1.0"),
              "Convert net.py to MLX\n\nVerified against PyTorch by mlxify 0.1.0.\n\n"
              "Net, values and gradients in float32:\n  Net(8)(f32[2, 8])\n"
              "  largest error, relative to scale: values 5e-07, gradients 2e-06\n\nOriginal sha256: abc\n");
}

TEST(Ship, WhatIsNotSavedIsNotCommitted) {
    report::FileReport report;
    report.outcome = report::Outcome::refused;
    ship(report, std::nullopt, "0.1.0");
    EXPECT_FALSE(report.shipment.asked);
    EXPECT_TRUE(report.findings.empty());
}

}  // namespace
}  // namespace mlxify::pipeline
