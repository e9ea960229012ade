#include "cli/options.h"

#include <map>
#include <string>

#include <CLI/CLI.hpp>

namespace mlxify::cli {
namespace {

void add_proof_options(CLI::App& command, Options& options) {
    command.add_option("--call", options.call, "the sample: 'Net(8)(f32[2, 8])'")->option_text("SAMPLE");
    command.add_option("--case", options.case_file, "samples from a file of cases, FILE.json or FILE.json#2")
        ->option_text("FILE")->excludes("--call");
    command.add_option("--entry", options.entries, "prove this class or function (may be repeated)")
        ->option_text("NAME")->allow_extra_args(false);
    command.add_option("--python", options.python, "interpreter that has torch and mlx (default: the one beside this program)")
        ->option_text("PATH");
    command.add_option("--seconds", options.seconds, "limit on each step of a proof (default: 120)")
        ->option_text("S")->check(CLI::PositiveNumber);
    command.add_option("--memory", options.memory_mb, "limit on a model's memory in megabytes (default: 8192)")
        ->option_text("MB")->check(CLI::PositiveNumber);
    command.add_flag("--json", options.json, "one JSON object a line (docs/reference/json.md)");
    command.add_option("--sarif", options.sarif, "write the findings here as a SARIF log, for code scanning")->option_text("FILE");
    command.add_option("--html", options.html, "write a page here that shows all of it in a browser: both files, stages, errors")->option_text("FILE");
}

void add_conversion_options(CLI::App& command, Options& options) {
    command.add_option("FILE", options.paths, "PyTorch files, or folders of them")->required()->option_text(" ");
    command.add_option("-o,--output", options.output_folder, "folder for converted files (default: mlx_architectures)")
        ->option_text("DIR")
        ->each([&options](const std::string&) { options.output_folder_given = true; });
    command.add_option("--catalogue", options.catalogues, "a folder of further rules (may be repeated)")
        ->option_text("DIR")->allow_extra_args(false);
    const std::map<std::string, pipeline::Layout> layouts{
        {"auto", pipeline::Layout::automatic}, {"channels-last", pipeline::Layout::channels_last}, {"literal", pipeline::Layout::literal}};
    command.add_option("--layout", options.layout,
                       "how images are held inside: auto (default: with channels last inside each class, where that saves moves of axes), "
                       "channels-last (also between classes) or literal (as in PyTorch)")
        ->option_text("LAYOUT")->transform(CLI::CheckedTransformer(layouts))->type_name("");
    const std::map<std::string, pipeline::Style> styles{{"idiomatic", pipeline::Style::idiomatic}, {"literal", pipeline::Style::literal}};
    command.add_option("--style", options.style,
                       "formulas that MLX has as one function, such as norms and attention: idiomatic (default: as that function) or literal (as they are written)")
        ->option_text("STYLE")->transform(CLI::CheckedTransformer(styles))->type_name("");
    command.add_option("--draft", options.draft, "write here what could not be verified")->option_text("PATH");
    command.add_option("-j,--jobs", options.jobs, "files at once")->option_text("N")->check(CLI::Range(1, 256));
    command.add_flag_callback("--no-cache", [&options] { options.cache = false; }, "prove again what an earlier run proved on the same file, program and packages");
    add_proof_options(command, options);
    command.add_flag("--cases-beside", options.cases_beside, "samples of net.py from net.json beside it, where there is one")
        ->excludes("--call")->excludes("--case");
}

void add_preview_options(CLI::App& command, Options& options) {
    CLI::Option* diff = command.add_flag("--diff", options.diff, "show the difference; verify and write nothing");
    CLI::Option* print = command.add_option("--print", options.stage, "show a stage; verify and write nothing")
                             ->option_text("STAGE")
                             ->check(CLI::IsMember({"syntax", "names", "facts", "rules", "layout", "text"}));
    CLI::Option* check = command.add_flag("--check", options.check, "verify, write nothing; exit code 1 if anything would change");
    diff->excludes(print);
    check->excludes(diff)->excludes(print);
    for (const char* proof : {"--json", "--sarif", "--html", "--draft", "--call", "--case"}) {
        diff->excludes(command.get_option(proof));
        print->excludes(command.get_option(proof));
    }
}

int complain(const CLI::App& app, const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
    app.exit(error);
    return asked ? kAllVerified : kWrongUsage;
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
    Options options;
    CLI::App app("Converts PyTorch model source to Apple MLX and proves on real numbers that both compute the same.", "mlxify");
    app.set_version_flag("--version", "mlxify " MLXIFY_VERSION);
    app.require_subcommand(1);
    app.footer("exit code: 0 all verified, 1 something was not, 2 wrong usage or unreadable input, 3 a bug of mlxify");

    CLI::App* convert = app.add_subcommand("convert", "convert, verify and save to mlx_architectures/");
    add_conversion_options(*convert, options);
    add_preview_options(*convert, options);

    CLI::App* ship = app.add_subcommand("ship", "convert, verify, save, commit that one file, push");
    add_conversion_options(*ship, options);
    ship->add_option("--push", options.remote, "push to this remote (default: to the branch's upstream, if any)")->option_text("REMOTE");

    CLI::App* verify = app.add_subcommand("verify", "prove that a PyTorch file and an MLX file compute the same");
    verify->add_option("FILES", options.paths, "the PyTorch file, and one MLX file or several candidates")->required()->expected(1, -1)->option_text("TORCH MLX…");
    CLI::Option* again = verify->add_flag("--again", options.again, "FILES are saved files: check again what their headers state");
    verify->add_option("--original", options.original, "the PyTorch file, where --again does not find it beside the saved file's folder")
        ->option_text("FILE")->needs(again);
    verify->add_option("--channels-last", options.channels_last, "the MLX file's NAME takes and gives images with channels last (may be repeated)")
        ->option_text("NAME")->allow_extra_args(false)->excludes(again);
    add_proof_options(*verify, options);
    for (const char* stated : {"--call", "--case", "--entry"}) again->excludes(verify->get_option(stated));

    CLI::App* explain = app.add_subcommand("explain", "what a code (MX4102) means, or what the catalogue says of an API (torch.pad)");
    explain->add_option("TOPIC", options.topic, "a code or an API")->required()->option_text("CODE|API");
    explain->add_option("--catalogue", options.catalogues, "a folder of further rules")->option_text("DIR")->allow_extra_args(false);

    CLI::App* doctor = app.add_subcommand("doctor", "what is installed, what is missing, how to get it");
    doctor->add_option("--python", options.python, "interpreter to look at")->option_text("PATH");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return complain(app, error);
    }
    options.command = convert->parsed() ? Command::convert : ship->parsed() ? Command::ship : verify->parsed() ? Command::verify
                      : explain->parsed() ? Command::explain : Command::doctor;
    return options;
}

}  // namespace mlxify::cli
