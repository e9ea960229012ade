// Before conversion: samples for every entry point, found with the original alone, and what its expressions were.
#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>

#include <fmt/format.h>

#include "names/names.h"
#include "syntax/parse.h"
#include "verify/arguments.h"
#include "verify/factories.h"
#include "verify/observation.h"
#include "verify/repair.h"
#include "verify/sample_sources.h"
#include "verify/search.h"
#include "verify/touch.h"
#include "verify/verify.h"

namespace mlxify::verify {
namespace {

using diagnostics::Code;

constexpr double kSearchSeconds = 30;
constexpr double kInnerSearchSeconds = 8;
constexpr std::string_view kNoForward = "is missing the required \"forward\" function";  // torch's words: a base of other files' modules
constexpr std::string_view kNoSuchName = "the original defines no such name";  // defined where a main block runs, or on another platform
constexpr std::int64_t kLargeModel = 20'000'000;  // weights
constexpr double kLargeCall = 2e9;                // operations

EntryPoint::Kind kind_of(const syntax::Tree& tree, const names::Names& names, syntax::NodeId node) {
    if (tree[node].kind == syntax::Kind::function_def) return EntryPoint::Kind::function;
    const auto found = names.class_by_name.find(tree[node].name);
    const bool module = found != names.class_by_name.end() && names.classes[found->second].is_module;
    return module ? EntryPoint::Kind::module : EntryPoint::Kind::class_;
}

class Preparer {
public:
    Preparer(WorkerPool& workers, const Request& request, diagnostics::Sink& sink)
        : workers_(workers), request_(request), sink_(sink), tree_(syntax::parse(request.original, ignored_)),
          plain_(workers.torch, request.original, "model", false) {}

    Prepared run() {
        workers_.torch.start();
        workers_.mlx.start();  // needed after the conversion: its import runs beside PyTorch's
        const Reply<Session*> session = plain_.session();
        if (!session) {
            sink_.refuse(Code::original_fails, line_span(session.failure().line), "the original does not import: " + session.failure().text(),
                         "make `import` of the file succeed without a GPU, or install what it needs");
            return std::move(prepared_);
        }
        collect_written_samples();
        for (const EntryPoint& entry : wanted()) prepare_entry(entry, false);
        for (const EntryPoint& entry : unreached())
            if (inner_seconds_ > 0) prepare_entry(entry, true);
        leave_out_functions();
        return std::move(prepared_);
    }

private:
    [[nodiscard]] base::Span line_span(std::uint32_t line) const { return span_of_line(request_.original, line); }

    void collect_written_samples() {
        for (const std::string& call : request_.calls) {
            base::Result<Invocation> invocation = parse_invocation(call);
            if (invocation) written_.push_back({std::move(invocation).value(), "--call"});
            else sink_.refuse(Code::no_sample, {}, invocation.error().message, "write it like `Net(8)(f32[2, 8])`");
        }
        if (!request_.case_file.empty()) {
            base::Result<std::vector<Invocation>> cases = read_cases(request_.case_file);
            if (!cases) sink_.refuse(Code::no_sample, {}, cases.error().message, "see the samples page for the format of a case file");
            else for (const Invocation& invocation : *cases) written_.push_back({invocation, "--case"});
        }
        const auto append = [&](std::vector<WrittenSample> samples) { written_.insert(written_.end(), samples.begin(), samples.end()); };
        append(project_samples(request_.path));
        append(comment_samples(tree_));
        append(main_block_samples(tree_));
        append(docstring_samples(tree_));
    }

    [[nodiscard]] static bool is_asked_for(const WrittenSample& sample) { return sample.origin == "--call" || sample.origin == "--case"; }

    // By somebody who means each of them to be proved; a main block only shows how the model is used.
    [[nodiscard]] static bool is_written_for_us(const WrittenSample& sample) {
        return is_asked_for(sample) || sample.origin == kFromComment || sample.origin == kFromProject;
    }

    // What must be proved: where samples were asked for, what they name; the rest is proved as far as it can be.
    [[nodiscard]] std::vector<EntryPoint> wanted() const {
        const auto asked = [](const WrittenSample& sample) { return is_asked_for(sample); };
        if (std::none_of(written_.begin(), written_.end(), asked)) return request_.entries;
        std::vector<EntryPoint> entries;
        for (const EntryPoint& point : all_definitions())
            if (is_asked_for(point)) entries.push_back(point);
        return entries;
    }

    [[nodiscard]] bool is_asked_for(const EntryPoint& point) const {
        return std::any_of(written_.begin(), written_.end(),
                           [&](const WrittenSample& sample) { return is_asked_for(sample) && entry_name(sample.invocation) == point.name; });
    }

    // A function of a file of modules for which no sample is found (a factory with its own arguments, a helper of a training script)
    // is named as not proved, and so is what importing the file does not define, and a module that has no forward and so cannot be called;
    // the other modules are what the file is for. A file of functions alone has nothing else to prove.
    void leave_out_functions() {
        const bool asked = request_.entries_named ||
                           std::any_of(written_.begin(), written_.end(), [](const WrittenSample& sample) { return is_asked_for(sample); });
        const bool modules = std::any_of(prepared_.entries.begin(), prepared_.entries.end(), [](const PreparedEntry& entry) {
            return entry.entry.kind == EntryPoint::Kind::module && !entry.samples.empty();
        });
        if (asked || !modules) return;
        std::erase_if(prepared_.entries, [](const PreparedEntry& entry) {
            const bool uncallable = entry.reason == kNoSuchName || entry.reason.find(kNoForward) != std::string::npos;
            return entry.samples.empty() && (entry.entry.kind == EntryPoint::Kind::function || uncallable);
        });
    }

    // In plain float32 first; where the original mixes bfloat16 in by itself, with bfloat16 read as float32.
    void prepare_entry(const EntryPoint& point, bool inner) {
        if (point.kind == EntryPoint::Kind::class_) return;
        if (request_.progress) request_.progress("samples");
        PreparedEntry entry;
        entry.entry = point;
        entry.inner = inner;
        Program* program = &plain_;
        bool low_precision = find_samples(*program, entry);
        if (entry.samples.empty() && low_precision) {
            if (!sharp_) sharp_ = std::make_unique<Program>(workers_.torch, request_.original, "model", true);
            program = &*sharp_;
            find_samples(*program, entry);
            entry.bf16_as_f32 = !entry.samples.empty();
        }
        if (!entry.samples.empty()) vary(*program, entry);
        const bool no_model = point.kind == EntryPoint::Kind::function && entry.reason == kGivesNoArray;  // a factory, a registry
        if (entry.samples.empty() && (inner || no_model)) return;  // named as not proved
        if (entry.samples.empty())
            sink_.remark(Code::no_sample, definition_span(point.name), fmt::format("no sample for `{}` was found: {}", point.name, entry.reason),
                         fmt::format("add a comment such as `# mlxify: {}(...)(f32[2, 16])`, or pass --call", point.name));
        prepared_.entries.push_back(std::move(entry));
    }

    // Fills `entry.samples` with what was written down and runs, or with what the search finds, or with a docstring's example (which
    // shows how, but at the size of a paper). A main block that builds a large model serves where the search finds no smaller one; nothing
    // serves in place of a sample that was asked for. Whether mixed dtypes were met.
    bool find_samples(Program& program, PreparedEntry& entry) {
        bool low_precision = take_written(program, entry, false);
        std::vector<PreparedSample> large;
        if (!entry.samples.empty() && is_large(program, entry.samples.front())) large.swap(entry.samples);
        if (!entry.samples.empty()) return false;
        if (is_asked_for(entry.entry)) return low_precision;
        low_precision = search(program, entry) || low_precision;
        if (entry.samples.empty()) entry.samples.swap(large);
        if (entry.samples.empty()) low_precision = take_written(program, entry, true) || low_precision;
        return low_precision;
    }

    // Whether a main block's sample builds so many weights, or computes so much, that proving it takes minutes.
    [[nodiscard]] static bool is_large(Program& program, const PreparedSample& sample) {
        if (sample.origin != kFromMainBlock) return false;
        if (operations_of(program, sample.invocation).value_or(0) > kLargeCall) return true;
        const Reply<Construction> built = program.construct(sample.invocation.expression);
        if (!built) return false;
        std::int64_t weights = 0;
        for (const ArrayOf& array : built->parameters)
            weights += std::accumulate(array.shape.begin(), array.shape.end(), std::int64_t{1}, std::multiplies<>());
        return weights > kLargeModel;
    }

    bool take_written(Program& program, PreparedEntry& entry, bool docstrings) {
        bool low_precision = false;
        for (const WrittenSample& sample : written_) {
            if (entry_name(sample.invocation) != entry.entry.name || (sample.origin == kFromDocstring) != docstrings) continue;
            if (!is_written_for_us(sample) && !entry.samples.empty()) continue;
            if (const auto smaller = is_asked_for(sample) ? std::nullopt : with_small_batch(sample.invocation);
                smaller && try_invocation(program, *smaller)) {
                entry.samples.push_back({*smaller, sample.origin, false});
                observe(program, *smaller, false);
                continue;
            }
            const Reply<CallResult> called = try_invocation(program, sample.invocation);
            if (called) {
                entry.samples.push_back({sample.invocation, sample.origin, false});
                observe(program, sample.invocation, false);
                continue;
            }
            if (!docstrings) entry.reason = sample.origin + ": " + called.failure().text();
            for (const Repair& repair : repairs_for(called.failure())) low_precision = low_precision || repair.kind == Repair::Kind::low_precision;
        }
        return low_precision;
    }

    bool search(Program& program, PreparedEntry& entry) {
        if (const Reply<Session*> session = program.session(); !session) {
            entry.reason = session.failure().text();
            return false;
        }
        if (program.definition(entry.entry.name) == nullptr) {
            entry.reason = kNoSuchName;
            return false;
        }
        const std::vector<DefinitionOf> definitions = program.definitions();  // the program's own list moves when its session is opened again
        const DefinitionOf definition = *program.definition(entry.entry.name);
        if (!built_by(tree_, definitions, definition.name).empty()) {
            entry.reason = kGivesNoArray;
            return false;
        }
        SearchResult result = search(program, definition, entry);
        // What is lacking may be put in by those that build it: `model.last_linear = model.fc`.
        if (const bool incomplete = result.reason.find("object has no attribute") != std::string::npos; !result.invocation && incomplete)
            for (const DefinitionOf& factory : factories_of(tree_, definitions, definition))
                if (!result.invocation) result.invocation = search(program, factory, entry).invocation;
        if (result.invocation) {
            entry.samples.push_back({*result.invocation, "search", false});
            observe(program, *result.invocation, false);
        } else {
            entry.reason = result.reason;
        }
        return result.low_precision;
    }

    SearchResult search(Program& program, const DefinitionOf& definition, const PreparedEntry& entry) {
        SearchLimits limits;
        limits.seconds = entry.inner ? std::min(kInnerSearchSeconds, inner_seconds_) : kSearchSeconds;
        const auto begin = std::chrono::steady_clock::now();
        SearchResult result = search_sample(program, tree_, definition, limits);
        if (entry.inner) inner_seconds_ -= std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        return result;
    }

    void vary(Program& program, PreparedEntry& entry) {
        const DefinitionOf* found = program.definition(entry.entry.name);
        if (found == nullptr || request_.variations <= 0) return;
        const DefinitionOf definition = as_built(*found, tree_);
        const PreparedSample first = entry.samples.front();
        const auto new_ground = [&](const Invocation& invocation) { return observe(program, invocation, true); };
        for (Variation& variation : variations(program, tree_, definition, first.invocation, new_ground, request_.variations)) {
            if (variation.of_size_alone) observe(program, variation.invocation, false);
            entry.samples.push_back({std::move(variation.invocation), first.origin + ": " + variation.what, true, variation.of_size_alone});
        }
    }

    // Probes the original; whether any expression ran that had not run before. `more`: a sample that only serves to prove more.
    bool observe(Program& program, const Invocation& invocation, bool more) {
        const Reply<Construction> built = program.construct(invocation.expression);
        const Reply<Session*> session = program.session();
        if (!built || !session) return false;
        const std::string arrays = (*session)->scratch("probed.safetensors");
        if (!(*session)->inputs(invocation.spec, 1, arrays)) return false;
        CallOptions options;
        options.method = invocation.method;
        options.both_modes = true;
        Reply<infer::ObservedFacts> answer = (*session)->probe(invocation.spec, arrays, options);
        if (!answer) return false;
        infer::ObservedFacts facts = std::move(answer).take();
        for (infer::ObservedFact& fact : facts) fact.by_variation = more;
        return join_facts(prepared_.observed, facts);
    }

    // Top-level classes and functions, in the file's order.
    [[nodiscard]] std::vector<EntryPoint> all_definitions() const {
        std::vector<EntryPoint> result;
        diagnostics::Sink ignored;
        const names::Names names = names::resolve(tree_, ignored);
        for (const syntax::NodeId node : tree_.children(tree_.child(tree_.root(), 0))) {
            const syntax::Kind kind = tree_[node].kind;
            if (kind == syntax::Kind::class_def || kind == syntax::Kind::function_def)
                result.push_back({std::string(tree_[node].name), kind_of(tree_, names, node)});
        }
        return result;
    }

    // Those of which no expression inside a body ran, and that nobody has looked at yet.
    [[nodiscard]] std::vector<EntryPoint> unreached() const {
        std::vector<EntryPoint> result = all_definitions();
        std::erase_if(result, [&](const EntryPoint& point) {
            const auto same = [&](const PreparedEntry& entry) { return entry.entry.name == point.name; };
            return std::any_of(prepared_.entries.begin(), prepared_.entries.end(), same) ||
                   ran(prepared_.observed, tree_, top_level_definition(tree_, point.name));
        });
        return result;
    }

    [[nodiscard]] base::Span definition_span(const std::string& name) const {
        for (const syntax::NodeId node : tree_.children(tree_.child(tree_.root(), 0)))
            if (tree_[node].name == name && !tree_[node].name_span.empty()) return tree_[node].name_span;
        return {};
    }

    WorkerPool& workers_;
    const Request& request_;
    diagnostics::Sink& sink_;
    diagnostics::Sink ignored_;
    syntax::Tree tree_;
    Program plain_;
    std::unique_ptr<Program> sharp_;  // with bfloat16 read as float32
    std::vector<WrittenSample> written_;
    double inner_seconds_ = 3 * kInnerSearchSeconds;  // left for searches that only serve to prove more
    Prepared prepared_;
};

}  // namespace

std::vector<EntryPoint> entry_points(std::string_view text) {
    diagnostics::Sink ignored;
    const syntax::Tree tree = syntax::parse(text, ignored);
    const names::Names names = names::resolve(tree, ignored);
    std::vector<EntryPoint> points;
    for (const syntax::NodeId node : names.entry_points) points.push_back({std::string(tree[node].name), kind_of(tree, names, node)});
    return points;
}

Prepared prepare(WorkerPool& workers, const Request& request, diagnostics::Sink& sink) { return Preparer(workers, request, sink).run(); }

}  // namespace mlxify::verify
