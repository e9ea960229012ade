#include "verify/verify.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "syntax/parse.h"
#include "verify/observation.h"
#include "verify/proof.h"
#include "verify/remnant.h"

namespace mlxify::verify {
namespace {

using diagnostics::Code;
using diagnostics::Severity;
using diagnostics::Trust;

class Verifier {
public:
    Verifier(WorkerPool& workers, const Request& request, const Prepared& prepared, std::string_view converted,
             const std::vector<SpanPair>& source_map)
        : workers_(workers), request_(request), prepared_(prepared), converted_(converted), source_map_(source_map),
          tree_(syntax::parse(converted, parse_sink_)) {}

    Verdict run() {
        const auto begin = std::chrono::steady_clock::now();
        const std::string file_trouble = static_trouble();
        for (const PreparedEntry& entry : prepared_.entries) {
            if (!file_trouble.empty()) verdict_.entries.push_back(with_static_stages(empty_proof(entry)));
            else prove(entry);
        }
        finish();
        verdict_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        return std::move(verdict_);
    }

private:
    // Parsing and remnants need no worker. What fails, or empty.
    std::string static_trouble() {
        if (request_.progress) request_.progress(stage::kParses);
        if (parse_sink_.has_refusal()) {
            const diagnostics::Diagnostic& first = parse_sink_.all().front();
            parses_ = {stage::kParses, StageResult::failed, first.message};
            say(Code::converted_fails, original_span(first.span), "the converted file does not parse: " + first.message);
            return parses_.figure;
        }
        parses_ = {stage::kParses, StageResult::passed, {}};
        const std::vector<Remnant> remnants = torch_remnants(request_.original, converted_);
        if (!remnants.empty()) {
            remnant_ = {stage::kNoRemnant, StageResult::failed, remnants.front().message};
            for (const Remnant& remnant : remnants) say(Code::torch_remnant, original_span(remnant.span), remnant.message);
            return remnant_.figure;
        }
        remnant_ = {stage::kNoRemnant, StageResult::passed, {}};
        return {};
    }

    EntryProof with_static_stages(EntryProof proof) const {
        for (const Stage* stage : {&parses_, &remnant_})
            if (!stage->name.empty()) set_stage(proof, stage->name, stage->result, stage->figure);
        return proof;
    }

    // One original and one converted program for each reading of bfloat16, made at the first use.
    struct Programs {
        std::unique_ptr<Program> original, converted;
    };
    Programs& programs(bool bf16_as_f32) {
        Programs& both = programs_[bf16_as_f32 ? 1 : 0];
        if (!both.original) {
            both.original = std::make_unique<Program>(workers_.torch, request_.original, "model", bf16_as_f32);
            both.converted = std::make_unique<Program>(workers_.mlx, std::string(converted_) + prepared_.adapters, "model", bf16_as_f32);
        }
        return both;
    }

    void prove(const PreparedEntry& entry) {
        if (entry.samples.empty()) {
            EntryProof proof = with_static_stages(empty_proof(entry));
            set_stage(proof, stage::kForward, StageResult::skipped, "no sample was found: " + entry.reason);
            verdict_.entries.push_back(std::move(proof));
            return;
        }
        Programs& both = programs(entry.bf16_as_f32);
        if (request_.progress) request_.progress(stage::kImports);
        const Reply<Session*> imported = both.converted->session();
        if (!imported) {
            EntryProof proof = with_static_stages(empty_proof(entry));
            set_stage(proof, stage::kImports, StageResult::failed, imported.failure().text());
            if (!import_said_) say(Code::converted_fails, original_span(span_of_line(converted_, imported.failure().line)),
                                   "the converted file does not import: " + imported.failure().text());
            import_said_ = true;
            verdict_.entries.push_back(std::move(proof));
            return;
        }
        ProofFindings findings = prove_entry(*both.original, *both.converted, entry, request_, depth_of(prepared_.observed));
        verdict_.limitations.insert(verdict_.limitations.end(), findings.limitations.begin(), findings.limitations.end());
        executable_.insert(findings.executable.begin(), findings.executable.end());
        executable_.erase(executable_.upper_bound(line_of(converted_, static_cast<std::uint32_t>(converted_.size()))), executable_.end());
        if (entry.inner && findings.proof.level == Level::inconclusive) return;  // named as not proved, if no other proof reaches it
        if (gives_unnamed_layers(entry, findings)) return;
        findings.proof = with_static_stages(std::move(findings.proof));
        set_stage(findings.proof, stage::kImports, StageResult::passed, {});
        report(findings);
        reached_.insert(findings.reached.begin(), findings.reached.end());
        verdict_.entries.push_back(std::move(findings.proof));
    }

    // A function that gives a bare `nn.Sequential` has no `sanitize` that would map its weights: beside modules, it is named as not proved.
    [[nodiscard]] bool gives_unnamed_layers(const PreparedEntry& entry, const ProofFindings& findings) const {
        const auto is_tried_module = [](const PreparedEntry& other) { return other.entry.kind == EntryPoint::Kind::module && !other.samples.empty(); };
        return !request_.entries_named && entry.entry.kind == EntryPoint::Kind::function && findings.code == Code::weights_differ &&
               std::any_of(prepared_.entries.begin(), prepared_.entries.end(), is_tried_module);
    }

    void report(const ProofFindings& findings) {
        const std::string where = "`" + findings.proof.name + "`: ";
        if (findings.code) {
            base::Span span = span_of_line(request_.original, findings.original_line);
            if (findings.converted_line != 0) span = original_span(span_of_line(converted_, findings.converted_line));
            std::string message = where + findings.failed_stage + ": " + findings.reason;
            if (findings.difference) {
                const Difference& difference = *findings.difference;
                span = difference.original;
                message += fmt::format("; the first value that differs is `{}` in line {} of the original, line {} of the converted file: {}",
                                       difference.name, line_of(request_.original, difference.original.begin),
                                       line_of(converted_, difference.converted.begin), difference.reason);
            }
            say(*findings.code, span, std::move(message));
        } else if (findings.proof.level == Level::inconclusive) {
            say(Code::inconclusive, {}, where + findings.reason);
        }
        if (findings.other_defaults.empty()) return;
        const std::set<std::string>& names = findings.other_defaults;
        const std::string more = names.size() > 1 ? fmt::format(" and {} more arrays", names.size() - 1) : "";
        verdict_.diagnostics.push_back({Code::initial_differs, Severity::remark, {},
                                        fmt::format("{}a new model begins with MLX's own random weights, not PyTorch's, in `{}`{}: load weights, or initialise "
                                                    "them, to train from the same distribution", where, *names.begin(), more),
                                        {}, Trust::review});
    }

    void say(Code code, base::Span span, std::string message) {
        verdict_.diagnostics.push_back({code, Severity::refusal, span, std::move(message), {}, Trust::by_hand});
    }

    // The narrowest piece of the original that a piece of the converted text stands for; empty if nobody knows.
    [[nodiscard]] base::Span original_span(base::Span converted) const {
        const SpanPair* best = nullptr;
        for (const SpanPair& pair : source_map_) {
            const bool overlaps = pair.converted.begin < converted.end && converted.begin < pair.converted.end;
            if (overlaps && (best == nullptr || pair.converted.size() < best->converted.size())) best = &pair;
        }
        return best == nullptr ? base::Span{} : best->original;
    }

    void finish() {
        verdict_.level = verdict_.entries.empty() ? Level::refused : Level::verified;
        for (const EntryProof& proof : verdict_.entries) verdict_.level = std::min(verdict_.level, proof.level);
        if (executable_.empty()) return;
        for (const std::uint32_t line : weight_mapping_lines()) executable_.erase(line);
        verdict_.executable_lines = static_cast<std::uint32_t>(executable_.size());
        std::set_difference(executable_.begin(), executable_.end(), reached_.begin(), reached_.end(),
                            std::back_inserter(verdict_.unreached_lines));
        for (const syntax::NodeId node : tree_.children(tree_.child(tree_.root(), 0))) {
            const syntax::Kind kind = tree_[node].kind;
            if (kind != syntax::Kind::class_def && kind != syntax::Kind::function_def) continue;
            if (has_code(node) && !was_reached(node)) verdict_.not_proved.emplace_back(tree_[node].name);
        }
        for (const std::string& name : verdict_.not_proved)
            verdict_.diagnostics.push_back({Code::not_proved, Severity::remark, {}, "`" + name + "` was not reached by any proof", {}, Trust::review});
    }

    // Calls `take(first line, last line)` for the body of every function inside a definition, until it says true.
    template <typename Take>
    bool any_body(syntax::NodeId definition, Take take) const {
        for (std::uint32_t i = 1; i < tree_.size(); ++i) {
            const syntax::NodeId function{i};
            if (tree_[function].kind != syntax::Kind::function_def || !tree_[definition].span.contains(tree_[function].span)) continue;
            const syntax::NodeId block = tree_.child(function, 2);
            if (!exists(block)) continue;
            const base::Span body = tree_[block].span;
            if (take(line_of(converted_, body.begin), line_of(converted_, body.end))) return true;
        }
        return false;
    }

    // What maps weights ran when they were loaded, and was proved by it; no call reaches it.
    [[nodiscard]] std::set<std::uint32_t> weight_mapping_lines() const {
        std::set<std::uint32_t> lines;
        for (std::uint32_t i = 1; i < tree_.size(); ++i) {
            const syntax::Node& node = tree_[syntax::NodeId{i}];
            if (node.kind != syntax::Kind::function_def || node.name.find("sanitize") == std::string_view::npos) continue;
            for (std::uint32_t line = line_of(converted_, node.span.begin); line <= line_of(converted_, node.span.end); ++line) lines.insert(line);
        }
        return lines;
    }

    [[nodiscard]] bool has_code(syntax::NodeId definition) const {
        return any_body(definition, [&](std::uint32_t first, std::uint32_t last) {
            const auto line = executable_.lower_bound(first);
            return line != executable_.end() && *line <= last;
        });
    }

    [[nodiscard]] bool was_reached(syntax::NodeId definition) const {
        return any_body(definition, [&](std::uint32_t first, std::uint32_t last) {
            const auto line = reached_.lower_bound(first);
            return line != reached_.end() && *line <= last;
        });
    }

    WorkerPool& workers_;
    const Request& request_;
    const Prepared& prepared_;
    std::string_view converted_;
    const std::vector<SpanPair>& source_map_;
    diagnostics::Sink parse_sink_;
    syntax::Tree tree_;
    Stage parses_, remnant_;
    Programs programs_[2];
    bool import_said_ = false;
    std::set<std::uint32_t> reached_, executable_;
    Verdict verdict_;
};

}  // namespace

Verdict verify(WorkerPool& workers, const Request& request, const Prepared& prepared, std::string_view converted,
               const std::vector<SpanPair>& source_map) {
    return Verifier(workers, request, prepared, converted, source_map).run();
}

}  // namespace mlxify::verify
