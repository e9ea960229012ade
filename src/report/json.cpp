#include "report/json.h"

#include <nlohmann/json.hpp>

#include <array>

namespace mlxify::report {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json sample(const verify::Sample& sample) { return {{"call", sample.text}, {"origin", sample.origin}}; }

Json stage(const verify::Stage& stage) {
    return {{"name", stage.name}, {"result", stage_result_name(stage.result)}, {"figure", stage.figure}};
}

Json entry(const verify::EntryProof& proof) {
    Json json = {{"name", proof.name},
                 {"level", level_name(proof.level)},
                 {"dtype", or_null(proof.original_dtype)},
                 {"max_error", proof.max_error},
                 {"tolerance", proof.tolerance},
                 {"gradient_error", proof.gradient_error}};
    json["samples"] = Json::array();
    for (const verify::Sample& one : proof.samples) json["samples"].push_back(sample(one));
    json["stages"] = Json::array();
    for (const verify::Stage& one : proof.stages) json["stages"].push_back(stage(one));
    const verify::Evidence& evidence = proof.evidence;
    json["arrays"] = Json::array();
    for (const verify::ArrayError& one : evidence.arrays)
        json["arrays"].push_back({{"name", one.name}, {"quantity", one.quantity}, {"error", one.error}, {"tolerance", one.tolerance}});
    json["weights"] = Json::array();
    for (const verify::MappedWeight& one : evidence.weights)
        json["weights"].push_back({{"converted", one.converted}, {"shape", one.shape}, {"originals", one.originals}});
    const verify::Cost &theirs = evidence.original, &ours = evidence.converted;
    const auto both = [](bool measured, auto original, auto converted) {
        return measured ? Json{{"original", original}, {"converted", converted}} : Json(nullptr);
    };
    const bool timed = theirs.seconds > 0 && ours.seconds > 0, stepped = theirs.step_seconds > 0 && ours.step_seconds > 0;
    json["seconds_per_call"] = both(timed, theirs.seconds, ours.seconds);
    json["seconds_per_step"] = both(stepped, theirs.step_seconds, ours.step_seconds);
    json["peak_bytes_per_call"] = both(timed, theirs.peak_bytes, ours.peak_bytes);
    json["peak_bytes_per_step"] = both(stepped, theirs.step_peak_bytes, ours.step_peak_bytes);
    json["moves_of_axes"] = both(timed, theirs.moves, ours.moves);
    json["images_in_and_out"] = timed ? Json(theirs.images) : Json(nullptr);
    return json;
}

Json diagnostic(const Finding& finding) {
    const diagnostics::Diagnostic& said = finding.diagnostic;
    Json json = {{"code", code_name(said.code)},
                 {"title", code_title(said.code)},
                 {"severity", severity_name(said.severity)},
                 {"message", said.message},
                 {"suggestion", or_null(said.suggestion)},
                 {"trust", trust_name(said.trust)}};
    if (!finding.located) {
        json["place"] = nullptr;
        return json;
    }
    json["place"] = {{"begin", said.span.begin},       {"end", said.span.end},
                     {"line", finding.begin.line},     {"column", finding.begin.column},
                     {"end_line", finding.end.line},   {"end_column", finding.end.column},
                     {"source_line", finding.source_line}};
    return json;
}

Json trap(const Trap& trap) {
    Json json = {{"name", trap.name}, {"differs", trap.differs}, {"handled", trap.handled}, {"places", Json::array()}};
    for (const TrapPlace& place : trap.places) json["places"].push_back({{"line", place.line}, {"column", place.column}, {"rule", place.rule}});
    return json;
}

Json shipment(const Shipment& shipment) {
    if (!shipment.asked) return nullptr;
    return {{"committed", shipment.committed},
            {"commit", or_null(shipment.commit)},
            {"branch", or_null(shipment.branch)},
            {"pushed_to", or_null(shipment.pushed_to)},
            {"note", or_null(shipment.note)}};
}

// Names of files and messages of models may be no UTF-8: replaced, never thrown.
std::string line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

std::string to_json_line(const FileReport& report) {
    Json json = {{"type", "file"},
                 {"input", report.input},
                 {"sha256", or_null(report.sha256)},
                 {"output", or_null(report.output)},
                 {"outcome", outcome_name(report.outcome)},
                 {"level", level_name(report.verdict.level)},
                 {"stage", stage_reached(report)},
                 {"seconds", report.seconds},
                 {"proved_earlier", report.proved_earlier},
                 {"trouble", or_null(report.trouble)}};
    json["entries"] = Json::array();
    for (const verify::EntryProof& proof : report.verdict.entries) json["entries"].push_back(entry(proof));
    json["diagnostics"] = Json::array();
    for (const Finding& finding : report.findings) json["diagnostics"].push_back(diagnostic(finding));
    json["assumptions"] = report.assumptions;
    json["helpers"] = report.helpers;
    json["traps"] = Json::array();
    for (const Trap& one : report.traps) json["traps"].push_back(trap(one));
    json["not_proved"] = report.verdict.not_proved;
    json["limitations"] = report.verdict.limitations;
    json["unreached_lines"] = report.verdict.unreached_lines;
    json["executable_lines"] = report.verdict.executable_lines;
    json["draft"] = or_null(report.draft);
    json["git"] = shipment(report.shipment);
    return line(json);
}

std::string summary_json_line(const std::vector<Outcome>& outcomes, std::string_view version) {
    Json json = {{"type", "summary"}, {"schema", kJsonSchema}, {"version", version}, {"files", outcomes.size()}};
    constexpr std::array kAll = {Outcome::saved,    Outcome::unchanged, Outcome::would_change,
                                 Outcome::compared, Outcome::refused,   Outcome::unreadable};
    Json counts = Json::object();
    for (const Outcome outcome : kAll) {
        std::size_t count = 0;
        for (const Outcome one : outcomes) count += one == outcome ? 1 : 0;
        counts[std::string(outcome_name(outcome))] = count;
    }
    json["outcomes"] = counts;
    return line(json);
}

}  // namespace mlxify::report
