#include "report/html.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mlxify::report {
namespace {

using Json = nlohmann::json;

Json data_in(const std::string& page) {
    constexpr std::string_view kBegin = R"(type="application/json">)";
    const std::size_t begin = page.find(kBegin) + kBegin.size();
    return Json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

TEST(Html, HoldsTheDataAndLoadsNothing) {
    FileReport report;
    report.input = "net.py";
    report.listing = {"x = \"\xc3\xa9\xf0\x9f\x99\x82\"; relu(x)\n", "y\nx = gelu(x)\n", {{{6, 13}, {15, 22}, "torch.relu"}}};
    verify::EntryProof proof;
    proof.evidence.values = {{1, 0.5F}};
    report.verdict.entries = {proof};
    const std::string page = html_page({report}, "0.1.0");
    EXPECT_LT(page.find(kPageMark), 200U);
    for (const char* outside : {"http://", "https://", "src=", "@import", "url("}) EXPECT_EQ(page.find(outside), std::string::npos) << outside;
    for (const char* left : {"/* page.css */", "/* page.js */", "/* data */"}) EXPECT_EQ(page.find(left), std::string::npos) << left;
    const Json file = data_in(page)["files"][0];
    EXPECT_EQ(file["listing"]["rows"], Json::parse("[[1, 1], [0, 2]]"));
    // "é" is one unit of UTF-16, the emoji two: 15 bytes are 12 units.
    EXPECT_EQ(file["listing"]["rules"][0], Json::parse(R"({"rule": "torch.relu", "original": [12, 19], "converted": [6, 13]})"));
    EXPECT_EQ(file["entries"][0]["points"]["values"], Json::parse("[[1.0, 0.5]]"));
}

TEST(Html, TextOfOthersStaysText) {
    FileReport report;
    report.input = "</script><script>alert(1)</script><!-- /* data */ .py";
    report.listing.original = "\xff</SCRIPT>\n";
    const std::string page = html_page({report}, "0.1.0");
    const std::size_t begin = page.find(R"(type="application/json">)");
    EXPECT_EQ(page.substr(begin, page.find("</script>", begin) - begin).find('<'), std::string::npos);
    EXPECT_EQ(data_in(page)["files"][0]["input"], report.input);
}

}  // namespace
}  // namespace mlxify::report
