// `doctor`: what is installed, what is missing, how to get it. Exit code 1 when nothing could be verified here.
#include <fmt/format.h>

#include <array>

#include "cli/commands.h"
#include "cli/environment.h"
#include "report/text_width.h"
#include "store/process.h"

namespace mlxify::cli {
namespace {

struct Check {
    std::string_view name;
    bool needed;             // verification cannot run without it
    std::string_view help;   // how to get it
};

// Each in a process of its own: torch and MLX never share one.
struct Package {
    Check check;
    std::string_view module;
    std::string_view distribution;
};

constexpr std::array<Package, 6> kPackages = {{
    {{"torch", true, "python -m pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu"}, "torch", "torch"},
    {{"mlx", true, "python -m pip install 'mlx[cpu]==0.32.4' (on a Mac: mlx==0.32.4)"}, "mlx.nn", "mlx"},
    {{"numpy", true, "python -m pip install numpy"}, "numpy", "numpy"},
    {{"safetensors", true, "python -m pip install safetensors"}, "safetensors", "safetensors"},
    {{"mlxify workers", true, "install mlxify into this environment, or set MLXIFY_PACKAGE to the folder that holds the package"},
     "mlxify.workers", ""},
    {{"einops", false, "python -m pip install einops (for models that use it)"}, "einops", "einops"},
}};

std::string last_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.substr(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
}

// Prints one line and says whether it was there.
bool tell(const Check& check, const std::string& version, const std::string& trouble, const report::TerminalStyle& style) {
    const bool there = trouble.empty();
    const std::string_view colour = there ? "32" : check.needed ? "31" : "33";
    const std::string mark = there ? "✓" : check.needed ? "✗" : "–";
    put(fmt::format("{} {:<15} {}\n", style.colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour, mark) : mark, check.name,
                    report::printable(there ? version : trouble)));
    if (!there) put(fmt::format("  help: {}\n", check.help));
    return there;
}

bool tell_program(const Check& check, const std::vector<std::string>& arguments, const report::TerminalStyle& style) {
    const auto ran = store::run_process(arguments);
    if (!ran) return tell(check, "", ran.error().message, style);
    if (ran->status != 0) return tell(check, "", last_line(ran->error), style);
    return tell(check, last_line(ran->output), "", style);
}

std::vector<std::string> import_command(const std::string& python, const Package& package, const std::string& package_path) {
    const std::string path = package_path.empty() ? "" : "import sys; sys.path.insert(0, sys.argv[3]); ";
    const std::string program = path + "import importlib, importlib.metadata, sys; module = importlib.import_module(sys.argv[1]); "
                                       "print(importlib.metadata.version(sys.argv[2]) if sys.argv[2] else 'importable')";
    return {python, "-c", program, std::string(package.module), std::string(package.distribution), package_path};
}

// Runs a module of the workers' package as a program.
std::vector<std::string> module_command(const std::string& python, const std::string& module, const std::string& package_path) {
    const std::string path = package_path.empty() ? "" : "import sys; sys.path.insert(0, sys.argv.pop()); ";
    std::vector<std::string> command = {python, "-c", path + "import runpy; runpy.run_module('" + module + "', run_name='__main__')"};
    if (!package_path.empty()) command.push_back(package_path);
    return command;
}

}  // namespace

int doctor(const Options& options) {
    const report::TerminalStyle style = terminal_style();
    const verify::ServerOptions workers = worker_options(options, "");
    const std::string& python = workers.python.front();
    put(fmt::format("mlxify {}, Python {}\n", MLXIFY_VERSION, report::printable(python)));
    const Check interpreter{"python", true, "install Python 3.11 and name it with --python or MLXIFY_PYTHON"};
    bool able = tell_program(interpreter, {python, "-c", "import platform; print(platform.python_version(), platform.platform())"}, style);
    if (able)
        for (const Package& package : kPackages)
            if (!tell_program(package.check, import_command(python, package, workers.package_path), style) && package.check.needed)
                able = false;
#ifdef __linux__
    const Check blas{"fast BLAS", false, "apt-get install libopenblas0-serial: MLX's wheel brings the reference BLAS, and proofs of large networks are slow"};
    tell_program(blas, module_command(python, "mlxify.workers.blas", workers.package_path), style);
#endif
    const Check git{"git", false, "install git, for `mlxify ship`"};
    const Check ruff{"ruff", false, "python -m pip install ruff, to format the output"};
    tell_program(git, {"git", "--version"}, style);
    tell_program(ruff, {python, "-m", "ruff", "--version"}, style);
    put(able ? "verification can run\n" : "verification cannot run: see the lines marked ✗\n");
    return able ? kAllVerified : kNotVerified;
}

}  // namespace mlxify::cli
