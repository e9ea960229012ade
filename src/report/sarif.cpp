#include "report/sarif.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include <nlohmann/json.hpp>

namespace mlxify::report {
namespace {

using Json = nlohmann::ordered_json;

// A path as a relative or file URI (RFC 3986): bytes other than unreserved ones and slashes are percent-encoded.
std::string uri(std::string_view path) {
    std::string text = path.starts_with('/') ? "file://" : "";
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 || std::string_view("-._~/").find(c) != std::string_view::npos);
        text += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return text;
}

// Columns of a finding count bytes of the line that it begins in.
std::uint32_t code_points_before(std::string_view line, std::uint32_t column) {
    const std::string_view before = line.substr(0, std::min<std::size_t>(column - 1, line.size()));
    return static_cast<std::uint32_t>(std::ranges::count_if(before, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Json region(const Finding& finding) {
    Json region = {{"startLine", finding.begin.line}, {"startColumn", code_points_before(finding.source_line, finding.begin.column) + 1}};
    if (finding.end.line == finding.begin.line) region["endColumn"] = code_points_before(finding.source_line, finding.end.column) + 1;
    else region["endLine"] = finding.end.line;
    return region;
}

Json result(const Finding& finding, const std::string& path) {
    const diagnostics::Diagnostic& said = finding.diagnostic;
    const std::string help = said.suggestion.empty() ? "" : fmt::format(" Help: {} ({}).", said.suggestion, trust_name(said.trust));
    Json place = {{"artifactLocation", {{"uri", uri(path)}}}};
    if (finding.located) place["region"] = region(finding);
    return {{"ruleId", code_name(said.code)},
            {"level", said.severity == diagnostics::Severity::refusal ? "error" : "note"},
            {"message", {{"text", said.message + "." + help}}},
            {"locations", Json::array({{{"physicalLocation", std::move(place)}}})}};
}

Json notification(const FileReport& report) {
    return {{"level", "error"},
            {"message", {{"text", report.trouble}}},
            {"locations", Json::array({{{"physicalLocation", {{"artifactLocation", {{"uri", uri(report.input)}}}}}}})}};
}

}  // namespace

std::string sarif_log(const std::vector<FileReport>& reports, std::string_view version) {
    std::map<std::string, std::string_view> titles;
    Json results = Json::array(), notifications = Json::array();
    for (const FileReport& report : reports) {
        if (!report.trouble.empty()) notifications.push_back(notification(report));
        for (const Finding& finding : report.findings) {
            titles.emplace(code_name(finding.diagnostic.code), code_title(finding.diagnostic.code));
            results.push_back(result(finding, report.input));
        }
    }
    Json rules = Json::array();
    for (const auto& [code, title] : titles)
        rules.push_back({{"id", code}, {"shortDescription", {{"text", title}}}, {"help", {{"text", "mlxify explain " + code}}}});
    const Json run = {{"tool", {{"driver", {{"name", "mlxify"}, {"version", version}, {"rules", std::move(rules)}}}}},
                      {"columnKind", "unicodeCodePoints"},
                      {"invocations", Json::array({{{"executionSuccessful", notifications.empty()}, {"toolExecutionNotifications", notifications}}})},
                      {"results", std::move(results)}};
    const Json log = {{"$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"},
                      {"version", "2.1.0"},
                      {"runs", Json::array({run})}};
    return log.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mlxify::report
