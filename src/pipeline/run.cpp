#include "pipeline/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "pipeline/docstring.h"
#include "pipeline/earlier_proof.h"
#include "pipeline/header.h"
#include "pipeline/layout_adapters.h"
#include "pipeline/outcome.h"
#include "pipeline/sample_expressions.h"
#include "store/saved_file.h"
#include "store/sha256.h"

namespace mlxify::pipeline {
namespace {

namespace fs = std::filesystem;
using diagnostics::Code;
using diagnostics::Diagnostic;
using diagnostics::Severity;
using report::FileReport;
using report::Outcome;

verify::EntryPoint::Kind entry_kind(Definition::Kind kind) {
    switch (kind) {
        case Definition::Kind::module: return verify::EntryPoint::Kind::module;
        case Definition::Kind::class_: return verify::EntryPoint::Kind::class_;
        case Definition::Kind::function: return verify::EntryPoint::Kind::function;
    }
    return verify::EntryPoint::Kind::module;
}

// `--entry` names, or the definitions that no other uses. A name that the file does not define is refused.
std::vector<verify::EntryPoint> chosen_entries(const Conversion& conversion, const std::vector<std::string>& wanted,
                                               std::vector<Diagnostic>& diagnostics) {
    std::vector<verify::EntryPoint> entries;
    for (const Definition& definition : conversion.definitions) {
        const bool chosen = wanted.empty() ? definition.entry_point : std::ranges::find(wanted, definition.name) != wanted.end();
        if (chosen) entries.push_back({definition.name, entry_kind(definition.kind)});
    }
    for (const std::string& name : wanted)
        if (std::ranges::none_of(entries, [&](const auto& entry) { return entry.name == name; }))
            diagnostics.push_back({Code::no_sample, Severity::refusal, {}, fmt::format("the file defines no class or function `{}`", name),
                                   "name a definition of the file with `--entry`", diagnostics::Trust::by_hand});
    if (entries.empty() && wanted.empty())
        diagnostics.push_back({Code::no_sample, Severity::refusal, {}, "the file defines no module class or public function to prove",
                               "name what shall be proved with `--entry NAME`", diagnostics::Trust::by_hand});
    return entries;
}

std::vector<verify::SpanPair> span_pairs(const Conversion& conversion) {
    std::vector<verify::SpanPair> pairs;
    for (const MappedSpan& mapped : conversion.source_map) pairs.push_back({mapped.converted, mapped.original});
    return pairs;
}

// What the stages know of one file, while it is being proved.
struct Work {
    Conversion conversion;
    verify::Verdict verdict;
    std::vector<Diagnostic> diagnostics;
};

void drop_what_only_raises(verify::Prepared& prepared, const Conversion& conversion) {  // nothing of it can be proved
    std::erase_if(prepared.entries, [&](const verify::PreparedEntry& entry) {
        return entry.entry.kind != verify::EntryPoint::Kind::module && entry.samples.empty() &&
               std::ranges::find(conversion.left_out, entry.entry.name) != conversion.left_out.end();
    });
}

// Proves one conversion of the file; without a verdict where it is refused.
Work verify_conversion(Conversion conversion, const source::SourceText& source, const verify::Request& request, const verify::Prepared& given,
                       std::vector<Diagnostic> said, const catalogue::Catalogue& catalogue, verify::WorkerPool& workers) {
    Work work;
    work.conversion = std::move(conversion);
    work.diagnostics = work.conversion.diagnostics;
    for (Diagnostic& diagnostic : said) work.diagnostics.push_back(std::move(diagnostic));
    if (has_refusal(work.diagnostics)) return work;
    verify::Prepared prepared = given;
    drop_what_only_raises(prepared, work.conversion);
    for (verify::PreparedEntry& entry : prepared.entries)
        for (verify::PreparedSample& sample : entry.samples)
            if (std::string& mlx = sample.invocation.mlx_expression; mlx.empty())
                mlx = expression_in_mlx(sample.invocation.expression, source, catalogue, work.conversion.text);
    adapt_layouts(prepared, work.conversion.moved_interfaces);
    work.verdict = verify::verify(workers, request, prepared, work.conversion.text, span_pairs(work.conversion));
    work.diagnostics.insert(work.diagnostics.end(), work.verdict.diagnostics.begin(), work.verdict.diagnostics.end());
    explain_refusal(work.verdict, work.diagnostics);
    return work;
}

Diagnostic literal_layout(const std::string& why) {
    return {Code::literal_layout, Severity::remark, {}, "images are held channels-first, as in PyTorch: " + why, {}, diagnostics::Trust::review};
}

Diagnostic literal_style(const std::string& why) {
    return {Code::literal_style, Severity::remark, {}, "formulas stay written out: with MLX's own functions the file was not verified" + why, {}, diagnostics::Trust::review};
}

bool is_saveable(const Work& work) { return work.verdict.saveable() && !has_refusal(work.diagnostics); }

// What made a form fail: ": " and the first refusal.
std::string why_rejected(const Work& rejected) {
    for (const Diagnostic& one : rejected.diagnostics)
        if (one.severity == Severity::refusal) return ": " + one.message;
    return {};
}

// Indices that were computed from what has a gradient: PyTorch gives them none, MLX must be told.
bool differentiates_indices(const Work& work) {
    return std::ranges::any_of(work.diagnostics, [](const Diagnostic& one) { return one.message.find("VJP with respect to indices") != std::string::npos; });
}

Work convert_and_verify(const source::SourceText& source, const RunOptions& options, const catalogue::Catalogue& catalogue,
                        verify::WorkerPool& workers) {
    ConvertOptions plain = options.convert;
    plain.layout = Layout::literal;
    plain.style = Style::literal;
    Work work;
    // From the text alone: a file that cannot be converted whatever its shapes are never runs.
    work.conversion = convert(source, {}, catalogue, plain);
    if (work.conversion.final_refusal) {
        work.diagnostics = work.conversion.diagnostics;
        return work;
    }
    auto entries = chosen_entries(work.conversion, options.convert.entries, work.diagnostics);
    if (has_refusal(work.diagnostics)) return work;
    const verify::Request request = request_for(source.name(), source.text(), std::move(entries), options);

    diagnostics::Sink sink;
    const verify::Prepared prepared = verify::prepare(workers, request, sink);
    const std::vector<Diagnostic> said = sink.take();
    ConvertOptions wanted = options.convert;
    for (const verify::PreparedEntry& entry : prepared.entries)
        if (entry.entry.kind != verify::EntryPoint::Kind::module) wanted.exposed.push_back(entry.entry.name);
    const auto verified_with = [&](const ConvertOptions& how) {
        return verify_conversion(convert(source, prepared.observed, catalogue, how), source, request, prepared, said, catalogue, workers);
    };
    work = verified_with(wanted);
    const bool channels_last = work.conversion.channels_last;
    const std::string obstacle = work.conversion.layout_obstacle;
    if (differentiates_indices(work)) {
        wanted.stop_indices = true;
        work = verified_with(wanted);
    }
    std::string literal_because;
    if (work.conversion.idioms > 0 && !is_saveable(work)) {
        wanted.style = Style::literal;
        Work literal = verified_with(wanted);
        if (is_saveable(literal)) literal_because = why_rejected(work);
        if (is_saveable(literal) || !channels_last) work = std::move(literal);
    }
    if (!literal_because.empty()) work.diagnostics.push_back(literal_style(literal_because));
    if (!obstacle.empty()) work.diagnostics.push_back(literal_layout(obstacle));
    const bool unproved = std::ranges::any_of(prepared.entries, [](const verify::PreparedEntry& entry) {  // whatever the layout
        return entry.entry.kind == verify::EntryPoint::Kind::module && entry.samples.empty();
    });
    if (!channels_last || unproved || is_saveable(work)) return work;
    wanted.layout = Layout::literal;
    Work other = verified_with(wanted);
    other.diagnostics.push_back(literal_layout("the form with channels last was not verified" + why_rejected(work)));
    return other;
}

void refuse_to_write(FileReport& report, std::string message, std::string suggestion) {
    report.outcome = Outcome::refused;
    report.findings.push_back(report::without_place(Code::cannot_write, std::move(message), std::move(suggestion)));
}

void write_draft(const Proof& proof, FileReport& report, const RunOptions& options) {
    if (options.draft.empty() || proof.text.empty() || !options.write) return;
    const std::string draft = fs::is_directory(options.draft) ? output_path(report.input, options.draft) : options.draft;
    if (const auto fit = store::check_target(draft, report.input); !fit) return refuse_to_write(report, fit.error().message, "name another place with `--draft`");
    const auto existing = store::read_existing(draft);
    if (existing && existing->exists && !existing->text.starts_with("# DRAFT by mlxify "))
        return refuse_to_write(report, fmt::format("`{}` is there already and is no draft", draft), "name another place with `--draft`");
    if (const auto written = store::write_atomically(draft, proof.text); !written) return refuse_to_write(report, written.error().message, "");
    report.draft = draft;
}

// The texts for the report. What is put before the code moves the places in it.
report::Listing listing_of(const source::SourceText& source, const Conversion& conversion, const std::string& written) {
    report::Listing listing{std::string(source.text()), written, {}};
    const auto added = static_cast<std::uint32_t>(written.size() - conversion.text.size());
    for (const MappedSpan& mapped : conversion.source_map) {
        const base::Span moved{mapped.converted.begin + added, mapped.converted.end + added};
        const std::string_view piece = std::string_view(conversion.text).substr(mapped.converted.begin, mapped.converted.size());
        const bool stands_there = moved.end <= written.size() && written.compare(moved.begin, moved.size(), piece) == 0;  // not so in the docstring
        if (stands_there && !mapped.rule.empty() && !piece.empty() && !mapped.original.empty() && piece != source.text(mapped.original))
            listing.rules.push_back({moved, mapped.original, mapped.rule});
    }
    return listing;
}

std::vector<report::Trap> traps_of(const source::SourceText& source, const Conversion& conversion) {
    std::vector<report::Trap> traps;
    for (const MetTrap& met : conversion.traps) {
        report::Trap trap{met.name, met.differs, met.handled, {}};
        for (const MetTrap::Place& place : met.places) {
            const source::Position at = source.position(place.original.begin);
            trap.places.push_back({at.line, at.column, place.rule});
        }
        traps.push_back(std::move(trap));
    }
    return traps;
}

// What is put before the code moves its lines down: what is said of them is about the text that is written.
void move_lines(verify::Verdict& verdict, std::string_view before, std::string_view after) {
    const auto added = static_cast<std::uint32_t>(std::ranges::count(after, '\n') - std::ranges::count(before, '\n'));
    for (std::uint32_t& line : verdict.unreached_lines) line += added;
}

std::optional<Proof> found_earlier(const std::string& key, const RunOptions& options) {
    if (key.empty()) return std::nullopt;
    const auto bytes = options.cache->find(key);
    return bytes ? decode(*bytes) : std::nullopt;
}

}  // namespace

std::string output_path(const std::string& path, const std::string& output_folder) {
    return (fs::path(output_folder) / fs::path(path).filename()).string();
}

Proof prove(const std::string& path, const RunOptions& options, const catalogue::Catalogue& catalogue,
            verify::WorkerPool& workers) {
    const Clock clock;
    Proof proof;
    FileReport& report = proof.report;
    report.input = path;
    report.output = output_path(path, options.output_folder);
    auto bytes = source::read_file(path);
    if (!bytes) {
        mark_unreadable(report, bytes.error());
        return proof;
    }
    const source::SourceText source(path, std::move(bytes).value());
    const std::string key = options.cache == nullptr ? "" : proof_key(source, options);
    if (auto earlier = found_earlier(key, options)) {
        earlier->report.input = path;
        earlier->report.output = report.output;
        earlier->report.seconds = clock.seconds();
        return *std::move(earlier);
    }
    const Provenance provenance{fs::path(path).filename().string(), store::sha256(source.text()), options.version};
    const Work work = convert_and_verify(source, options, catalogue, workers);

    report.sha256 = provenance.sha256;
    report.findings = report::locate_all(work.diagnostics, source);
    report.verdict = work.verdict;
    report.assumptions = work.conversion.assumptions;
    report.helpers = work.conversion.helpers;
    report.traps = traps_of(source, work.conversion);
    if (work.verdict.saveable() && !report.has_refusal()) {
        report.outcome = Outcome::would_change;
        proof.text = with_header(work.conversion.text, verification_header(provenance, work.verdict, work.conversion.assumptions,
                                                                          work.diagnostics, source));
    } else if (!work.conversion.text.empty()) {
        proof.text = draft_banner(provenance) + work.conversion.text;
    }
    if (!proof.text.empty()) move_lines(report.verdict, work.conversion.text, proof.text);
    report.listing = listing_of(source, work.conversion, proof.text);
    report.seconds = clock.seconds();
    if (!key.empty() && report.proved()) options.cache->keep(key, encode(proof));
    return proof;
}

FileReport save(Proof proof, const RunOptions& options) {
    FileReport report = std::move(proof.report);
    if (!report.proved()) {
        if (report.outcome == Outcome::refused) write_draft(proof, report, options);
        return report;
    }
    const auto original = source::read_file(report.input);
    if (!original || store::sha256(*original) != report.sha256) {
        refuse_to_write(report, "the original changed while it was being verified", "run the same command again");
        return report;
    }
    if (const auto fit = store::check_target(report.output, report.input); !fit) {
        refuse_to_write(report, fit.error().message, "choose another folder with `-o DIR`, or remove what is in the way");
        return report;
    }
    const auto change = options.write ? store::write_atomically(report.output, proof.text) : store::compare_with(report.output, proof.text);
    if (!change)
        refuse_to_write(report, change.error().message, "choose another folder with `-o DIR`");
    else if (*change == store::Change::unchanged)
        report.outcome = Outcome::unchanged;
    else
        report.outcome = options.write ? Outcome::saved : Outcome::would_change;
    return report;
}

}  // namespace mlxify::pipeline
