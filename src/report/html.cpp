#include "report/html.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "report/diff.h"
#include "report/json.h"

namespace mlxify::report {
namespace {

using Json = nlohmann::ordered_json;

// How many units of UTF-16 a text has up to each of its bytes: a browser counts in them.
class Utf16 {
public:
    explicit Utf16(std::string_view text) {
        units_.reserve(text.size() + 1);
        std::uint32_t units = 0;
        for (const char letter : text) {
            units_.push_back(units);
            const auto byte = static_cast<unsigned char>(letter);
            if (byte >= 0xf0) units += 2;
            else if (byte < 0x80 || byte >= 0xc0) ++units;
        }
        units_.push_back(units);
    }
    [[nodiscard]] Json range(base::Span span) const { return {at(span.begin), at(span.end)}; }

private:
    [[nodiscard]] std::uint32_t at(std::uint32_t byte) const { return units_[std::min<std::size_t>(byte, units_.size() - 1)]; }
    std::vector<std::uint32_t> units_;
};

Json points(const std::vector<verify::Point>& points) {
    Json json = Json::array();
    for (const verify::Point& point : points) json.push_back({point.original, point.converted});
    return json;
}

Json listing(const Listing& listing) {
    const Utf16 original(listing.original), converted(listing.converted);
    Json json = {{"original", listing.original}, {"converted", listing.converted}, {"rows", Json::array()}, {"rules", Json::array()}};
    for (const LinePair& row : aligned_lines(listing.original, listing.converted)) json["rows"].push_back({row.before, row.after});
    for (const RulePlace& place : listing.rules)
        json["rules"].push_back({{"rule", place.rule}, {"original", original.range(place.original)}, {"converted", converted.range(place.converted)}});
    return json;
}

// What the JSON report says, and what only a picture needs.
Json data_of(const FileReport& report) {
    Json json = Json::parse(to_json_line(report));
    for (std::size_t i = 0; i < report.verdict.entries.size(); ++i) {
        const verify::Evidence& evidence = report.verdict.entries[i].evidence;
        json["entries"][i]["points"] = {{"values", points(evidence.values)}, {"gradients", points(evidence.gradients)}};
    }
    json["listing"] = listing(report.listing);
    return json;
}

void put(std::string& page, std::string_view place, std::string_view text) {
    const std::size_t at = page.find(place);
    if (at != std::string::npos) page.replace(at, place.size(), text);
}

// As the content of a <script>: nothing in it can end the element or begin a comment.
std::string inside_script(const Json& json) {
    const std::string text = json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
    std::string safe;
    safe.reserve(text.size());
    for (const char letter : text) {
        if (letter == '<') safe += "\\u003c";
        else safe += letter;
    }
    return safe;
}

}  // namespace

std::string html_page(const std::vector<FileReport>& reports, std::string_view version) {
    Json data = {{"version", version}, {"files", Json::array()}};
    for (const FileReport& report : reports) data["files"].push_back(data_of(report));
    const PageParts& parts = page_parts();
    std::string page(parts.html);
    put(page, "/* page.css */", parts.css);
    put(page, "/* page.js */", parts.js);
    put(page, "/* data */", inside_script(data));  // last: whatever it holds, nothing more is put into it
    return page;
}

}  // namespace mlxify::report
