#include "report/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace mlxify::report {
namespace {

using nlohmann::json;

TEST(Json, AFileIsOneLineWithItsPlaces) {
    const source::SourceText source("net.py", "x = 1\ny = torch.foo\n");
    FileReport report;
    report.input = "net.py";
    report.outcome = Outcome::refused;
    report.findings = {locate({diagnostics::Code::no_entry, diagnostics::Severity::refusal, {10, 19}, "`torch.foo` is not known", "",
                               diagnostics::Trust::by_hand},
                              source)};
    const std::string line = to_json_line(report);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const json read = json::parse(line);
    EXPECT_EQ(read["type"], "file");
    EXPECT_EQ(read["outcome"], "refused");
    EXPECT_EQ(read["stage"], "rules");
    EXPECT_EQ(read["diagnostics"][0]["code"], "MX4101");
    EXPECT_EQ(read["diagnostics"][0]["place"]["line"], 2);
    EXPECT_EQ(read["diagnostics"][0]["place"]["column"], 5);
    EXPECT_TRUE(read["diagnostics"][0]["suggestion"].is_null());
    EXPECT_TRUE(read["git"].is_null());
}

TEST(Json, WhatIsNoNumberOrNoTextStaysReadable) {
    FileReport report;
    report.input = "\xff\n.py";
    verify::EntryProof proof;
    proof.max_error = std::nan("");
    proof.gradient_error = INFINITY;
    report.verdict.entries = {proof};
    const json read = json::parse(to_json_line(report));
    EXPECT_TRUE(read["entries"][0]["max_error"].is_null());
    EXPECT_TRUE(read["entries"][0]["gradient_error"].is_null());
}

TEST(Json, TellsWhichTrapsWereMet) {
    FileReport report;
    EXPECT_TRUE(json::parse(to_json_line(report))["traps"].empty());
    report.traps = {{"grids", "rows or columns", "written out", {{3, 5, "torch.meshgrid"}}}};
    EXPECT_EQ(json::parse(to_json_line(report))["traps"], json::parse(R"([{"name": "grids", "differs": "rows or columns", "handled": "written out",
                                                                           "places": [{"line": 3, "column": 5, "rule": "torch.meshgrid"}]}])"));
}

TEST(Json, TellsWhatWasMeasured) {
    FileReport report;
    verify::EntryProof proof;
    report.verdict.entries = {proof};
    EXPECT_TRUE(json::parse(to_json_line(report))["entries"][0]["seconds_per_call"].is_null());
    proof.evidence = {{{"output", "values", 1e-7, 1e-6}}, {}, {}, {{"cell.Wx", {8, 3}, {"cell.weight_ih"}}}, {0.5, 0, 64, 0, 1, 2}, {0.25, 0, 32, 0, 4, 2}};
    report.verdict.entries = {proof};
    report.verdict.executable_lines = 7;
    const json read = json::parse(to_json_line(report));
    EXPECT_EQ(read["executable_lines"], 7);
    const json& entry = read["entries"][0];
    EXPECT_EQ(entry["arrays"], json::parse(R"([{"name": "output", "quantity": "values", "error": 1e-7, "tolerance": 1e-6}])"));
    EXPECT_EQ(entry["weights"], json::parse(R"([{"converted": "cell.Wx", "shape": [8, 3], "originals": ["cell.weight_ih"]}])"));
    EXPECT_EQ(entry["seconds_per_call"], json::parse(R"({"original": 0.5, "converted": 0.25})"));
    EXPECT_EQ(entry["peak_bytes_per_call"], json::parse(R"({"original": 64, "converted": 32})"));
    EXPECT_EQ(entry["moves_of_axes"], json::parse(R"({"original": 1, "converted": 4})"));
    EXPECT_EQ(entry["images_in_and_out"], 2);
    EXPECT_TRUE(entry["seconds_per_step"].is_null());
}

TEST(Json, AFailedRungIsTheStageReached) {
    FileReport report;
    verify::EntryProof proof;
    proof.stages = {{"imports", verify::StageResult::passed, ""}, {"values", verify::StageResult::failed, "max error 1"}};
    report.verdict.entries = {proof};
    EXPECT_EQ(stage_reached(report), "values");
    report.outcome = Outcome::saved;
    EXPECT_EQ(stage_reached(report), "done");
}

TEST(Json, SummaryCountsEveryOutcome) {
    const json read = json::parse(summary_json_line({Outcome::saved, Outcome::refused, Outcome::saved}, "0.1.0"));
    EXPECT_EQ(read["type"], "summary");
    EXPECT_EQ(read["schema"], kJsonSchema);
    EXPECT_EQ(read["files"], 3);
    EXPECT_EQ(read["outcomes"]["saved"], 2);
    EXPECT_EQ(read["outcomes"]["unreadable"], 0);
}

}  // namespace
}  // namespace mlxify::report
