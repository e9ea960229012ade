#include "pipeline/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "pipeline/certificate.h"
#include "pipeline/convert.h"
#include "pipeline/layout_adapters.h"
#include "pipeline/outcome.h"
#include "pipeline/sample_expressions.h"
#include "store/sha256.h"

namespace mlxify::pipeline {
namespace {

namespace fs = std::filesystem;
using diagnostics::Code;
using diagnostics::Diagnostic;
using diagnostics::Severity;
using report::FileReport;
using report::Outcome;

// One original, prepared once, and the converted files that are held against it.
class Comparison {
public:
    Comparison(const source::SourceText& original, verify::Request request, const catalogue::Catalogue& catalogue, verify::WorkerPool& workers)
        : original_(original), request_(std::move(request)), catalogue_(catalogue), workers_(workers), sha256_(store::sha256(original.text())) {
        diagnostics::Sink sink;
        prepared_ = verify::prepare(workers, request_, sink);
        of_original_ = sink.take();
    }

    // All samples of an entry but its first are judged as variations of that, as they were when the header was written.
    void vary_from_the_first() {
        for (verify::PreparedEntry& entry : prepared_.entries)
            for (verify::PreparedSample& sample : entry.samples) sample.variation = &sample != &entry.samples.front();
    }

    // What the author of the converted files says of their interfaces.
    void declare(const std::vector<std::string>& channels_last) {
        declared_ = channels_last;
        for (const std::string& name : declared_)
            if (std::ranges::none_of(prepared_.entries, [&](const verify::PreparedEntry& entry) { return entry.entry.name == name; }))
                of_original_.push_back({Code::no_sample, diagnostics::Severity::refusal, {}, fmt::format("`{}`, declared as having channels last, is no entry point", name),
                                        "name it with `--entry`, too", diagnostics::Trust::by_hand});
    }

    void prove(std::string_view converted, FileReport& report) const {
        std::vector<Diagnostic> diagnostics = of_original_;
        for (const std::string& name : declared_)
            report.assumptions.push_back(fmt::format("declared: `{}` takes and gives images with channels last", name));
        if (!has_refusal(diagnostics)) {
            report.verdict = verify::verify(workers_, request_, prepared_for(converted), converted, {});
            diagnostics.insert(diagnostics.end(), report.verdict.diagnostics.begin(), report.verdict.diagnostics.end());
            explain_refusal(report.verdict, diagnostics);
        }
        report.sha256 = sha256_;
        report.listing = {std::string(original_.text()), std::string(converted), {}};
        report.findings = report::locate_all(diagnostics, original_);
        report.outcome = report.verdict.saveable() && !report.has_refusal() ? Outcome::compared : Outcome::refused;
    }

private:
    // Inner modules of a file that holds images with channels last are called as a conversion of the original would have them.
    [[nodiscard]] verify::Prepared prepared_for(std::string_view converted) const {
        verify::Prepared prepared = prepared_;
        for (verify::PreparedEntry& entry : prepared.entries)
            for (verify::PreparedSample& sample : entry.samples)
                if (std::string& mlx = sample.invocation.mlx_expression; mlx.empty())
                    mlx = expression_in_mlx(sample.invocation.expression, original_, catalogue_, converted);
        if (!declared_.empty()) {
            declare_channels_last(prepared, declared_);
            return prepared;
        }
        const std::size_t stated = converted.find(kChannelsLastInside);
        if (stated == std::string_view::npos) return prepared;
        ConvertOptions options;
        options.layout = Layout::channels_last;
        for (const verify::PreparedEntry& entry : prepared_.entries)
            if (entry.entry.kind != verify::EntryPoint::Kind::module) options.exposed.push_back(entry.entry.name);
        const auto is_stated = [&](const layout::MovedInterface& moved) { return converted.find("`" + moved.name + "`", stated) != std::string_view::npos; };
        auto moved = convert(original_, prepared_.observed, catalogue_, options).moved_interfaces;
        if (!std::ranges::all_of(moved, is_stated)) {  // only private classes moved
            options.layout = Layout::automatic;
            moved = convert(original_, prepared_.observed, catalogue_, options).moved_interfaces;
        }
        adapt_layouts(prepared, moved);
        return prepared;
    }

    const source::SourceText& original_;
    verify::Request request_;
    const catalogue::Catalogue& catalogue_;
    verify::WorkerPool& workers_;
    std::string sha256_;
    verify::Prepared prepared_;
    std::vector<std::string> declared_;
    std::vector<Diagnostic> of_original_;
};

FileReport report_on(const std::string& torch_path, const std::string& mlx_path) {
    FileReport report;
    report.input = torch_path;
    report.output = mlx_path;
    return report;
}

// The definitions that no other uses, or those that `--entry` names.
std::vector<verify::EntryPoint> entries_of(std::string_view original, const std::vector<std::string>& wanted) {
    std::vector<verify::EntryPoint> entries = verify::entry_points(original);
    std::erase_if(entries, [&](const auto& entry) { return !wanted.empty() && std::ranges::find(wanted, entry.name) == wanted.end(); });
    for (const std::string& name : wanted)
        if (std::ranges::none_of(entries, [&](const auto& entry) { return entry.name == name; }))
            entries.push_back({name, verify::EntryPoint::Kind::module});
    return entries;
}

// The file of that name in `folder` or in a folder beside the saved one's; of several the one with that content.
std::string find_original(const Certificate& certificate, const std::string& mlx_path) {
    const fs::path folder = fs::absolute(mlx_path).parent_path().parent_path();
    std::vector<fs::path> candidates = {folder / certificate.file_name};
    std::error_code failure;
    for (fs::directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure))
        candidates.push_back(at->path() / certificate.file_name);
    std::erase_if(candidates, [&](const fs::path& path) {
        std::error_code ignored;
        return !fs::is_regular_file(path, ignored) || fs::equivalent(path, mlx_path, ignored);
    });
    std::ranges::sort(candidates);
    for (const fs::path& candidate : candidates)
        if (const auto text = source::read_file(candidate.string()); text && store::sha256(*text) == certificate.sha256) return candidate.string();
    return candidates.empty() ? "" : candidates.front().string();
}

FileReport unreadable(FileReport report, const base::Error& error) {
    mark_unreadable(report, error);
    return report;
}

void does_not_hold(FileReport& report, std::string message, std::string suggestion) {
    report.outcome = Outcome::refused;
    report.findings.push_back(report::without_place(Code::header_does_not_hold, std::move(message), std::move(suggestion)));
}

// The samples that the header names. Where one was too long for it, the search finds it again, as it did then.
verify::Request request_of(const Certificate& certificate, const source::SourceText& original, const RunOptions& options) {
    RunOptions stated = options;
    stated.convert.entries.clear();
    for (const CertifiedEntry& entry : certificate.entries) stated.convert.entries.push_back(entry.name);
    verify::Request request = request_for(original.name(), original.text(), entries_of(original.text(), stated.convert.entries), stated);
    if (std::ranges::any_of(certificate.entries, &CertifiedEntry::abbreviated)) return request;
    request.variations = 0;
    for (const CertifiedEntry& entry : certificate.entries) request.calls.insert(request.calls.end(), entry.calls.begin(), entry.calls.end());
    return request;
}

}  // namespace

void compare(const std::string& torch_path, const std::vector<std::string>& mlx_paths, const RunOptions& options,
             const catalogue::Catalogue& catalogue, verify::WorkerPool& workers, const std::function<void(const FileReport&)>& take) {
    Clock clock;
    auto text = source::read_file(torch_path);
    if (!text) {
        for (const std::string& mlx_path : mlx_paths) {
            FileReport report = report_on(torch_path, mlx_path);
            mark_unreadable(report, text.error());
            take(report);
        }
        return;
    }
    const source::SourceText original(torch_path, std::move(text).value());
    Comparison comparison(original, request_for(torch_path, original.text(), entries_of(original.text(), options.convert.entries), options), catalogue,
                          workers);
    comparison.declare(options.channels_last);
    for (const std::string& mlx_path : mlx_paths) {
        FileReport report = report_on(torch_path, mlx_path);
        if (const auto converted = source::read_file(mlx_path); converted) comparison.prove(*converted, report);
        else mark_unreadable(report, converted.error());
        report.seconds = std::exchange(clock, Clock{}).seconds();
        take(report);
    }
}

FileReport verify_again(const std::string& mlx_path, const std::string& torch_path, const RunOptions& options,
                        const catalogue::Catalogue& catalogue, verify::WorkerPool& workers) {
    const Clock clock;
    const auto converted = source::read_file(mlx_path);
    if (!converted) return unreadable(report_on(mlx_path, ""), converted.error());
    const auto certificate = read_certificate(*converted);
    if (!certificate) return unreadable(report_on(mlx_path, ""), certificate.error());
    const std::string path = torch_path.empty() ? find_original(*certificate, mlx_path) : torch_path;
    FileReport report = report_on(path.empty() ? mlx_path : path, mlx_path);
    if (path.empty()) return unreadable(std::move(report), {fmt::format("its original `{}` is not near it: name it with `--original`", certificate->file_name)});
    auto text = source::read_file(path);
    if (!text) return unreadable(std::move(report), text.error());
    const source::SourceText original(path, std::move(text).value());
    if (store::sha256(original.text()) != certificate->sha256) {
        does_not_hold(report, fmt::format("`{}` is not the original that the header names: its sha256 is another", path),
                      "convert it again, or name the original with `--original`");
        return report;
    }
    Comparison comparison(original, request_of(*certificate, original, options), catalogue, workers);
    comparison.vary_from_the_first();
    comparison.prove(*converted, report);
    for (const std::string& sentence : not_borne_out(*certificate, report.verdict))
        does_not_hold(report, sentence, "convert the original again");
    report.seconds = clock.seconds();
    return report;
}

}  // namespace mlxify::pipeline
