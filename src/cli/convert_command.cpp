// `convert` and `ship`: prove in several threads, save in order in one.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/input_files.h"
#include "cli/progress.h"
#include "cli/scratch_folder.h"
#include "pipeline/compare.h"
#include "pipeline/run.h"
#include "pipeline/ship.h"
#include "report/html.h"
#include "report/json.h"
#include "report/sarif.h"
#include "store/cache.h"
#include "store/git.h"
#include "store/saved_file.h"

namespace mlxify::cli {
namespace {

namespace fs = std::filesystem;
using report::FileReport;
using report::Outcome;

constexpr std::size_t kBeginning = 200;  // bytes in which a log names its schema, and a page its generator
constexpr int kDaysKept = 30;  // of a proof that nobody asks for again

pipeline::RunOptions run_options(const Options& options) {
    pipeline::RunOptions run;
    run.convert.entries = options.entries;
    run.convert.layout = options.layout;
    run.convert.style = options.style;
    run.call = options.call;
    run.case_file = options.case_file;
    run.channels_last = options.channels_last;
    run.output_folder = options.output_folder;
    run.draft = options.draft;
    run.write = !options.check;
    run.version = MLXIFY_VERSION;
    return run;
}

bool lies_in(const fs::path& path, const fs::path& folder) {
    std::error_code failure;
    const fs::path inner = fs::weakly_canonical(path, failure);
    const fs::path outer = fs::weakly_canonical(folder, failure);
    return std::ranges::mismatch(outer, inner).in1 == outer.end();
}

// What is wrong with the options as a whole; empty: nothing.
std::string wrong_usage(const Options& options, const std::vector<std::string>& files) {
    if (std::string twice = name_given_twice(files); !twice.empty()) return twice;
    if (!options.draft.empty() && lies_in(fs::absolute(options.draft), fs::absolute(options.output_folder)))
        return "a draft is not verified: `--draft` must name a place outside of the output folder";
    if (!options.draft.empty() && files.size() > 1 && !fs::is_directory(options.draft))
        return "`--draft` must name an existing folder when there are several files";
    if ((!options.call.empty() || !options.case_file.empty()) && files.size() > 1)
        return "`--call` and `--case` are about one file";
    return {};
}

// Proofs in the order of the files, made by threads that each have their workers.
class Proofs {
public:
    Proofs(const std::vector<std::string>& files, const pipeline::RunOptions& run, const catalogue::Catalogue& catalogue,
           const verify::ServerOptions& workers, unsigned threads, bool cases_beside, Progress& progress)
        : files_(files), run_(run), catalogue_(catalogue), cases_beside_(cases_beside), progress_(progress), proofs_(files.size()) {
        for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this, workers] { work(workers); });
    }
    Proofs(const Proofs&) = delete;
    Proofs& operator=(const Proofs&) = delete;
    ~Proofs() {
        for (std::thread& thread : threads_) thread.join();
    }
    pipeline::Proof take(std::size_t index) {
        std::unique_lock lock(mutex_);
        made_.wait(lock, [&] { return proofs_[index].has_value(); });
        return *std::exchange(proofs_[index], std::nullopt);
    }

private:
    void work(const verify::ServerOptions& options) {
        verify::WorkerPool workers(options);
        for (std::size_t i = next_++; i < files_.size(); i = next_++) {
            pipeline::Proof proof = pipeline::prove(files_[i], options_for(files_[i]), catalogue_, workers);
            progress_.done(fs::path(files_[i]).filename());
            const std::lock_guard lock(mutex_);
            proofs_[i] = std::move(proof);
            made_.notify_all();
        }
    }

    pipeline::RunOptions options_for(const std::string& file) const {
        pipeline::RunOptions options = run_;
        options.progress = [this, &file](std::string_view stage) { progress_.stage(fs::path(file).filename(), stage); };
        const fs::path cases = fs::path(file).replace_extension(".json");
        if (std::error_code ignored; cases_beside_ && fs::is_regular_file(cases, ignored)) options.case_file = cases.string();
        return options;
    }

    const std::vector<std::string>& files_;
    const pipeline::RunOptions& run_;
    const catalogue::Catalogue& catalogue_;
    bool cases_beside_;
    Progress& progress_;
    std::vector<std::optional<pipeline::Proof>> proofs_;
    std::atomic<std::size_t> next_ = 0;
    std::mutex mutex_;
    std::condition_variable made_;
    std::vector<std::thread> threads_;
};

std::vector<Outcome> outcomes_of(const std::vector<FileReport>& reports) {
    std::vector<Outcome> outcomes;
    for (const FileReport& report : reports) outcomes.push_back(report.outcome);
    return outcomes;
}

int exit_code(const std::vector<FileReport>& reports) {
    int code = kAllVerified;
    for (const FileReport& report : reports) {
        if (report.outcome == Outcome::unreadable) return kWrongUsage;
        const bool good = report.proved() && report.outcome != Outcome::would_change && !report.has_refusal();
        if (!good) code = kNotVerified;
    }
    return code;
}

unsigned thread_count(const Options& options, std::size_t files) {
    const unsigned wanted = options.jobs > 0 ? static_cast<unsigned>(options.jobs) : std::max(1U, std::thread::hardware_concurrency());
    return static_cast<unsigned>(std::min<std::size_t>(wanted, files));
}

void print_report(const FileReport& report, const Options& options) {
    put(options.json ? report::to_json_line(report) : print(report, terminal_style()));
}

// What is wrong with a path that a log or page is to be written to: an older one may be there, no other file.
std::string in_the_way(const std::string& path, std::string_view mark, std::string_view kind) {
    if (path.empty()) return {};
    const auto existing = store::read_existing(path);
    if (!existing) return existing.error().message;
    const bool older = std::string_view(existing->text).substr(0, kBeginning).find(mark) != std::string_view::npos;
    return existing->exists && !older ? fmt::format("`{}` is there already and is no {}", path, kind) : "";
}

std::string something_in_the_way(const Options& options) {
    const std::string wrong = in_the_way(options.sarif, "sarif-schema", "SARIF log");
    return wrong.empty() ? in_the_way(options.html, report::kPageMark, "report of mlxify") : wrong;
}

// Whether the text, if one was asked for, could be written.
bool write_report(const std::string& path, const std::string& text) {
    const auto written = store::write_atomically(path, text);
    if (!written) complain(written.error().message);
    return static_cast<bool>(written);
}

bool write_reports(const std::vector<FileReport>& reports, const Options& options) {
    const bool log = options.sarif.empty() || write_report(options.sarif, report::sarif_log(reports, MLXIFY_VERSION));
    const bool page = options.html.empty() || write_report(options.html, report::html_page(reports, MLXIFY_VERSION));
    return log && page;
}

// The summary, the log, and the exit code.
int finish(const std::vector<FileReport>& reports, const Options& options, bool counts) {
    if (options.json)
        put(report::summary_json_line(outcomes_of(reports), MLXIFY_VERSION));
    else if (counts)
        put(report::print_summary(outcomes_of(reports), terminal_style()));
    return write_reports(reports, options) ? exit_code(reports) : kWrongUsage;
}

}  // namespace

int convert_or_ship(const Options& given) {
    Options options = given;
    std::error_code ignored;
    // A folder that was named may be a link; the default one may not.
    if (options.output_folder_given && fs::is_symlink(options.output_folder, ignored)) options.output_folder = fs::weakly_canonical(options.output_folder, ignored).string();
    const auto catalogue = open_catalogue(options);
    if (!catalogue) return complain(catalogue.error().message), kWrongUsage;
    const auto files = expand(options.paths, options.output_folder);
    if (!files) return complain(files.error().message), kWrongUsage;
    if (const std::string wrong = wrong_usage(options, *files); !wrong.empty()) return complain(wrong), kWrongUsage;
    if (const std::string wrong = something_in_the_way(options); !wrong.empty()) return complain(wrong), kWrongUsage;
    if (options.command == Command::ship)
        if (const auto tree = store::work_tree_of(options.output_folder); !tree)
            return complain("nothing can be committed: " + tree.error().message), kWrongUsage;

    pipeline::RunOptions run = run_options(options);
    const ScratchFolder scratch;
    const verify::ServerOptions workers = worker_options(options, scratch.path());
    const store::Cache cache(options.cache ? cache_folder() : "");
    if (options.cache) {
        run.cache = &cache;
        run.installation = installation(options, workers);
    }
    Progress progress(files->size());
    Proofs proofs(*files, run, *catalogue, workers, thread_count(options, files->size()), options.cases_beside, progress);
    std::vector<FileReport> reports;
    for (std::size_t i = 0; i < files->size(); ++i) {
        FileReport report = pipeline::save(proofs.take(i), run);
        if (options.command == Command::ship) pipeline::ship(report, options.remote, MLXIFY_VERSION);
        progress.clear();
        print_report(report, options);
        reports.push_back(std::move(report));
    }
    cache.forget_unused(kDaysKept);
    return finish(reports, options, reports.size() > 1);
}

int verify_pair(const Options& options) {
    for (const std::string& path : options.paths)
        if (std::error_code ignored; !fs::exists(path, ignored)) return complain(fmt::format("no such file: `{}`", path)), kWrongUsage;
    if (!options.again && options.paths.size() < 2) return complain("name the PyTorch file and an MLX file, or a saved file with `--again`"), kWrongUsage;
    if (const std::string wrong = something_in_the_way(options); !wrong.empty()) return complain(wrong), kWrongUsage;
    if (!options.original.empty() && options.paths.size() > 1) return complain("`--original` is about one file"), kWrongUsage;
    const auto catalogue = open_catalogue(options);
    if (!catalogue) return complain(catalogue.error().message), kWrongUsage;
    const ScratchFolder scratch;
    verify::WorkerPool workers(worker_options(options, scratch.path()));
    std::vector<FileReport> reports;
    const auto take = [&](const FileReport& report) {
        print_report(report, options);
        reports.push_back(report);
    };
    const pipeline::RunOptions run = run_options(options);
    if (options.again)
        for (const std::string& path : options.paths) take(pipeline::verify_again(path, options.original, run, *catalogue, workers));
    else
        pipeline::compare(options.paths[0], {options.paths.begin() + 1, options.paths.end()}, run, *catalogue, workers, take);
    return finish(reports, options, false);
}

}  // namespace mlxify::cli
