#include "report/terminal.h"

#include <gtest/gtest.h>

namespace mlxify::report {
namespace {

using diagnostics::Code;
using diagnostics::Severity;
using diagnostics::Trust;
using verify::StageResult;

base::Span span_of(std::string_view text, std::string_view part) {
    const auto begin = static_cast<std::uint32_t>(text.find(part));
    return {begin, begin + static_cast<std::uint32_t>(part.size())};
}

Finding refusal(const source::SourceText& source, std::string_view part) {
    return locate({Code::considered_no, Severity::refusal, span_of(source.text(), part), "`torch.cuda.Stream` has no counterpart",
                   "remove the stream", Trust::by_hand},
                  source);
}

FileReport verified() {
    FileReport report;
    report.input = "net.py";
    report.output = "mlx_architectures/net.py";
    report.outcome = Outcome::saved;
    report.seconds = 4.21;
    report.verdict.level = verify::Level::verified;
    verify::EntryProof proof;
    proof.name = "Net";
    proof.level = verify::Level::verified;
    proof.original_dtype = "float32";
    proof.samples = {{"Net(8)(f32[2, 8])", "search"}, {"Net(8)(f32[3, 8])", "search: other sizes"}, {"Net(9)(f32[2, 9])", "search: dim=9"}};
    proof.stages = {{"parses", StageResult::passed, ""},
                    {"imports", StageResult::passed, ""},
                    {"values", StageResult::passed, "max error 3.1e-07"},
                    {"gradients", StageResult::passed, "max error 2.0e-06"},
                    {"speed and memory", StageResult::skipped, "not measured"}};
    report.verdict.entries = {proof};
    report.assumptions = {"float64 became float32 (line 12)"};
    return report;
}

TEST(Terminal, AVerifiedFileIsOneBlock) {
    EXPECT_EQ(print(verified(), {}),
              "net.py → mlx_architectures/net.py  saved, verified  4.2 s\n"
              "  Net: verified in float32\n"
              "    --call 'Net(8)(f32[2, 8])'  (search)\n"
              "    and with other sizes · dim=9\n"
              "    ✓ parses · imports\n"
              "    ✓ values            max error 3.1e-07\n"
              "    ✓ gradients         max error 2.0e-06\n"
              "    – speed and memory  not measured\n"
              "  assumed: float64 became float32 (line 12)\n");
}

TEST(Terminal, FurtherVerifiedEntriesAreShort) {
    FileReport report = verified();
    verify::EntryProof second = report.verdict.entries[0];
    second.name = "norm";
    second.samples = {{"norm(f32[2, 8])", "search"}};
    second.max_error = 5.8e-8;
    second.gradient_error = 1.25e-7;
    report.verdict.entries.push_back(second);
    EXPECT_NE(print(report, {}).find("  norm: verified in float32, max error 5.8e-08, of gradients 1.2e-07\n"
                                     "    --call 'norm(f32[2, 8])'  (search)\n  assumed:"),
              std::string::npos);
    report.verdict.entries[1].level = verify::Level::refused;
    EXPECT_NE(print(report, {}).find("  norm: refused in float32\n    --call 'norm(f32[2, 8])'  (search)\n    ✓ parses"), std::string::npos);
}

TEST(Terminal, ARefusalUnderlinesItsSpan) {
    const source::SourceText source("net.py", "import torch\n\tstream = torch.cuda.Stream()  # größe\n");
    EXPECT_EQ(print(refusal(source, "torch.cuda.Stream"), "net.py", {}),
              "net.py:2:11: MX4102 `torch.cuda.Stream` has no counterpart\n"
              "  2 |  stream = torch.cuda.Stream()  # größe\n"
              "    |           ^^^^^^^^^^^^^^^^^\n"
              "  help: remove the stream (by hand)\n");
}

TEST(Terminal, AVeryLongLineIsCutAroundTheSpan) {
    const source::SourceText source("net.py", std::string(500, 'x') + " = torch.cuda.Stream" + std::string(500, 'y') + "\n");
    const std::string text = print(refusal(source, "torch.cuda.Stream"), "net.py", {});
    EXPECT_LT(text.size(), 500U);
    EXPECT_NE(text.find("torch.cuda.Stream"), std::string::npos);
    EXPECT_NE(text.find("^^^^^^^^^^^^^^^^^\n"), std::string::npos);
}

TEST(Terminal, AFileCannotFakeLinesOfTheReport) {
    FileReport report = verified();
    report.input = "a\n\x1b[2Jb.py";
    report.verdict.entries[0].stages[2].figure = "done\nother.py  saved";
    const std::string text = print(report, {});
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\nother.py"), std::string::npos);
    EXPECT_EQ(text.find("\\n\\x1b[2Jb.py"), 1U);
}

TEST(Terminal, ColoursOnlyWhenAsked) {
    EXPECT_EQ(print(verified(), {}).find('\x1b'), std::string::npos);
    EXPECT_NE(print(verified(), {.colour = true}).find('\x1b'), std::string::npos);
}

TEST(Terminal, ManyRemarksAreCounted) {
    FileReport report = verified();
    const source::SourceText source("net.py", "a\nb\nc\n");
    std::vector<diagnostics::Diagnostic> remarks;
    for (std::uint32_t i = 0; i < 5; ++i)
        remarks.push_back({Code::dropped, Severity::remark, {i, i + 1}, "`device` was dropped", "", Trust::review});
    report.findings = locate_all(remarks, source);
    const std::string text = print(report, {.remarks = 2});
    EXPECT_NE(text.find("  remark MX5003 line 1: `device` was dropped\n"), std::string::npos);
    EXPECT_NE(text.find("  … and 3 more remarks\n"), std::string::npos);
}

TEST(Terminal, TrapsAreOneLine) {
    FileReport report = verified();
    report.traps = {{"grids", "", "", {{3, 5, "torch.meshgrid"}}}, {"repeats", "", "", {{4, 1, "torch.Tensor.repeat"}, {9, 1, "torch.Tensor.repeat"}}}};
    EXPECT_NE(print(report, {}).find("\n  silent traps met: grids, repeats\n"), std::string::npos);
}

TEST(Terminal, SummaryCountsOutcomes) {
    EXPECT_EQ(print_summary({Outcome::saved, Outcome::refused, Outcome::saved}, {}), "3 files: 2 saved, 1 refused\n");
}

}  // namespace
}  // namespace mlxify::report
