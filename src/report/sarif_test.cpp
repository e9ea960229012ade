#include "report/sarif.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mlxify::report {
namespace {

using diagnostics::Code;
using diagnostics::Severity;
using diagnostics::Trust;

FileReport refused() {
    const source::SourceText source("a folder/net é.py", "x = 1\n\"ä\"; foo()\n");
    FileReport report;
    report.input = source.name();
    report.findings = locate_all({{Code::no_entry, Severity::refusal, {12, 15}, "`foo` is not known", "write it out", Trust::review},
                                  {Code::not_proved, Severity::remark, {}, "`bar` was not reached", "", Trust::review}},
                                 source);
    return report;
}

TEST(Sarif, AFindingHasItsPlaceInCodePoints) {
    const auto log = nlohmann::json::parse(sarif_log({refused()}, "0.1.0"));
    EXPECT_EQ(log["version"], "2.1.0");
    const auto& run = log["runs"][0];
    EXPECT_EQ(run["tool"]["driver"]["version"], "0.1.0");
    ASSERT_EQ(run["results"].size(), 2U);
    const auto& remark = run["results"][0];
    EXPECT_EQ(remark["level"], "note");
    EXPECT_FALSE(remark["locations"][0]["physicalLocation"].contains("region"));
    const auto& refusal = run["results"][1];
    EXPECT_EQ(refusal["ruleId"], "MX4101");
    EXPECT_EQ(refusal["level"], "error");
    EXPECT_EQ(refusal["message"]["text"], "`foo` is not known. Help: write it out (review).");
    const auto& place = refusal["locations"][0]["physicalLocation"];
    EXPECT_EQ(place["artifactLocation"]["uri"], "a%20folder/net%20%C3%A9.py");
    EXPECT_EQ(place["region"], (nlohmann::json{{"startLine", 2}, {"startColumn", 6}, {"endColumn", 9}}));
}

TEST(Sarif, EveryRuleThatIsNamedIsDescribedOnce) {
    const auto log = nlohmann::json::parse(sarif_log({refused(), refused()}, "0.1.0"));
    const auto& rules = log["runs"][0]["tool"]["driver"]["rules"];
    ASSERT_EQ(rules.size(), 2U);
    EXPECT_EQ(rules[0]["id"], "MX4101");
    EXPECT_EQ(rules[0]["shortDescription"]["text"], "an API that the catalogue does not know");
}

TEST(Sarif, AnUnreadableFileIsSaid) {
    FileReport report;
    report.input = "net.py";
    report.outcome = Outcome::unreadable;
    report.trouble = "no such file";
    const auto log = nlohmann::json::parse(sarif_log({report}, "0.1.0"));
    const auto& invocation = log["runs"][0]["invocations"][0];
    EXPECT_EQ(invocation["executionSuccessful"], false);
    EXPECT_EQ(invocation["toolExecutionNotifications"][0]["message"]["text"], "no such file");
    EXPECT_TRUE(log["runs"][0]["results"].empty());
}

}  // namespace
}  // namespace mlxify::report
