#include "pipeline/earlier_proof.h"

#include <fmt/format.h>

#include <filesystem>

#include <nlohmann/json.hpp>

#include "pipeline/header.h"
#include "store/sha256.h"
#include "syntax/parse.h"
#include "verify/sample_sources.h"

// Every field by its name; a field that is added to one of these structures is added here, or decode loses it.
namespace mlxify::base {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Span, begin, end)
}
namespace mlxify::source {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Position, line, column)
}
namespace mlxify::diagnostics {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Diagnostic, code, severity, span, message, suggestion, trust)
}
namespace mlxify::verify {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Stage, name, result, figure)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Sample, text, origin)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ArrayError, name, quantity, error, tolerance)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Point, original, converted)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MappedWeight, converted, shape, originals)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Cost, seconds, step_seconds, peak_bytes, step_peak_bytes, moves, images)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Evidence, arrays, values, gradients, weights, original, converted)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EntryProof, name, level, samples, stages, max_error, tolerance, gradient_error, original_dtype, evidence)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Verdict, level, entries, not_proved, limitations, unreached_lines, executable_lines, diagnostics, seconds)
}  // namespace mlxify::verify
namespace mlxify::report {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Finding, diagnostic, located, begin, end, source_line)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RulePlace, converted, original, rule)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TrapPlace, line, column, rule)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Trap, name, differs, handled, places)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Listing, original, converted, rules)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FileReport, sha256, findings, verdict, assumptions, helpers, traps, listing)
}  // namespace mlxify::report

namespace mlxify::pipeline {
namespace {

namespace fs = std::filesystem;
using syntax::Kind;

// "models" of `import models.layers` and `from models.layers import X`; empty: no import, or a relative one.
std::string_view imported_module(const syntax::Tree& tree, const syntax::Node& node) {
    const bool plain = node.kind == Kind::alias && tree[node.parent].kind == Kind::import_;
    if (!plain && node.kind != Kind::import_from) return {};
    const std::string_view name = node.name;
    return name.substr(0, name.find('.'));
}

bool imports_a_neighbour(const source::SourceText& original) {
    diagnostics::Sink ignored;
    const syntax::Tree tree = syntax::parse(original.text(), ignored);
    std::error_code failure;
    for (std::uint32_t i = 1; i < tree.size(); ++i) {
        const std::string module(imported_module(tree, tree[syntax::NodeId{i}]));
        if (!module.empty() && (fs::exists(module, failure) || fs::exists(module + ".py", failure))) return true;
    }
    return false;
}

}  // namespace

std::string proof_key(const source::SourceText& original, const RunOptions& options) {
    if (options.installation.empty() || imports_a_neighbour(original)) return {};
    std::string parts;
    const auto add = [&](std::string_view part) { parts += fmt::format("{}:{}\n", part.size(), part); };
    add(options.installation);
    add(fs::path(original.name()).filename().string());
    add(original.text());
    add(options.call);
    for (const std::string& entry : options.convert.entries) add(entry);
    add(std::to_string(static_cast<int>(options.convert.layout)));
    add(std::to_string(static_cast<int>(options.convert.style)));
    add("cases");
    if (!options.case_file.empty()) {
        const auto cases = source::read_file(options.case_file.substr(0, options.case_file.rfind('#')));
        if (!cases) return {};
        add(options.case_file);
        add(*cases);
    }
    add("project");
    for (const verify::WrittenSample& sample : verify::project_samples(original.name())) add(verify::print_invocation(sample.invocation));
    return store::sha256(parts);
}

std::string encode(const Proof& proof) {
    const std::vector<std::uint8_t> bytes = nlohmann::json::to_cbor({{"report", proof.report}, {"text", proof.text}});
    return {bytes.begin(), bytes.end()};
}

std::optional<Proof> decode(std::string_view bytes) {
    try {
        const nlohmann::json json = nlohmann::json::from_cbor(bytes);
        Proof proof;
        json.at("report").get_to(proof.report);
        json.at("text").get_to(proof.text);
        proof.report.outcome = report::Outcome::would_change;
        proof.report.proved_earlier = true;
        if (!proof.report.verdict.saveable() || proof.report.has_refusal()) return std::nullopt;
        return proof;
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
}

}  // namespace mlxify::pipeline
