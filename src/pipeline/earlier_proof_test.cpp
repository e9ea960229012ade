#include "pipeline/earlier_proof.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

namespace mlxify::pipeline {
namespace {

constexpr std::string_view kSource = "import torch\n\n\nclass Net(torch.nn.Module):\n    pass\n";

Proof some_proof() {
    Proof proof;
    proof.text = "import mlx.core as mx\n";
    proof.report.sha256 = "ab";
    proof.report.outcome = report::Outcome::would_change;
    proof.report.helpers = {"_gelu"};
    proof.report.traps = {{"grids", "rows or columns", "written out", {{3, 5, "torch.meshgrid"}}}};
    verify::Verdict& verdict = proof.report.verdict;
    verdict.level = verify::Level::verified;
    verify::EntryProof entry;
    entry.name = "Net";
    entry.level = verify::Level::verified;
    entry.samples = {{"Net()(f32[2])", "search"}};
    entry.stages = {{"values", verify::StageResult::passed, "max error 0"}};
    entry.max_error = 0.1 + 0.2;
    entry.gradient_error = std::numeric_limits<double>::quiet_NaN();
    entry.evidence = {{{"output", "values", 1e-7, 1e-6}}, {{1, 0.5F}}, {}, {{"w", {2}, {"weight"}}}, {0.5, 1, 64, 96, 0}, {0.25, 2, 32, 48, 3}};
    verdict.entries = {entry};
    verdict.unreached_lines = {3, 4};
    verdict.executable_lines = 9;
    report::Finding finding;
    finding.diagnostic = {diagnostics::Code::left_out, diagnostics::Severity::remark, {2, 5}, "message", "fix", diagnostics::Trust::safe};
    finding.located = true;
    finding.begin = {1, 3};
    proof.report.findings = {finding};
    proof.report.listing = {"one", "both", {{{0, 1}, {1, 2}, "torch.relu"}}};
    return proof;
}

TEST(EarlierProof, ComesBackAsItWas) {
    const Proof proof = some_proof();
    const auto again = decode(encode(proof));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->text, proof.text);
    EXPECT_TRUE(again->report.proved_earlier);
    EXPECT_EQ(again->report.sha256, "ab");
    EXPECT_EQ(again->report.helpers, proof.report.helpers);
    EXPECT_EQ(again->report.traps.at(0).handled, "written out");
    EXPECT_EQ(again->report.traps.at(0).places.at(0).rule, "torch.meshgrid");
    const verify::EntryProof& entry = again->report.verdict.entries.at(0);
    EXPECT_EQ(entry.max_error, 0.1 + 0.2);
    EXPECT_NE(entry.gradient_error, entry.gradient_error);
    EXPECT_EQ(entry.stages.at(0).figure, "max error 0");
    EXPECT_EQ(entry.samples.at(0).origin, "search");
    EXPECT_EQ(entry.evidence.arrays.at(0).tolerance, 1e-6);
    EXPECT_EQ(entry.evidence.values.at(0).converted, 0.5F);
    EXPECT_EQ(entry.evidence.weights.at(0).originals, std::vector<std::string>{"weight"});
    EXPECT_EQ(entry.evidence.original.peak_bytes, 64);
    EXPECT_EQ(entry.evidence.converted.seconds, 0.25);
    EXPECT_EQ(entry.evidence.converted.moves, 3);
    EXPECT_EQ(again->report.listing.rules.at(0).rule, "torch.relu");
    EXPECT_EQ(again->report.listing.converted, "both");
    EXPECT_EQ(again->report.verdict.unreached_lines, proof.report.verdict.unreached_lines);
    EXPECT_EQ(again->report.verdict.executable_lines, 9);
    EXPECT_EQ(again->report.findings.at(0).diagnostic, proof.report.findings.at(0).diagnostic);
    EXPECT_EQ(again->report.findings.at(0).begin, (source::Position{1, 3}));
}

TEST(EarlierProof, IsNothingButWhatWasProved) {
    EXPECT_FALSE(decode("").has_value());
    EXPECT_FALSE(decode("no bytes of ours").has_value());
    const std::string bytes = encode(some_proof());
    EXPECT_FALSE(decode(bytes.substr(0, bytes.size() - 1)).has_value());
    Proof refused = some_proof();
    refused.report.verdict.level = verify::Level::refused;
    EXPECT_FALSE(decode(encode(refused)).has_value());
}

TEST(EarlierProof, KeyNamesWhatItDependsOn) {
    RunOptions options;
    options.installation = "one";
    const source::SourceText source("folder/net.py", std::string(kSource));
    std::set<std::string> keys = {proof_key(source, options)};
    EXPECT_EQ(proof_key(source::SourceText("other/net.py", std::string(kSource)), options), *keys.begin());
    keys.insert(proof_key(source::SourceText("folder/other.py", std::string(kSource)), options));
    keys.insert(proof_key(source::SourceText("folder/net.py", std::string(kSource) + "\n"), options));
    options.call = "Net()(f32[2])";
    keys.insert(proof_key(source, options));
    options.call.clear();
    options.convert.entries = {"Net"};
    keys.insert(proof_key(source, options));
    options.installation = "another";
    keys.insert(proof_key(source, options));
    EXPECT_EQ(keys.size(), 6U);
    EXPECT_FALSE(keys.contains(""));
    options.installation.clear();
    EXPECT_EQ(proof_key(source, options), "");
}

}  // namespace
}  // namespace mlxify::pipeline
