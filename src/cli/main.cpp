// mlxify: the program. Commands stand in commands.h; everything else is a library that never prints and never exits.
#include <exception>
#include <string>

#include "cli/commands.h"
#include "cli/scratch_folder.h"

namespace {

int run(const mlxify::cli::Options& options) {
    using mlxify::cli::Command;
    switch (options.command) {
        case Command::convert: return options.preview() ? mlxify::cli::preview(options) : mlxify::cli::convert_or_ship(options);
        case Command::ship: return mlxify::cli::convert_or_ship(options);
        case Command::verify: return mlxify::cli::verify_pair(options);
        case Command::explain: return mlxify::cli::explain(options);
        case Command::doctor: return mlxify::cli::doctor(options);
    }
    return mlxify::cli::kOurBug;
}

}  // namespace

int main(int argc, char** argv) {
    mlxify::cli::end_orderly_on_crashes();
    try {
        const auto options = mlxify::cli::parse_options(argc, argv);
        if (const int* code = std::get_if<int>(&options)) return *code;
        return run(std::get<mlxify::cli::Options>(options));
    } catch (const std::exception& error) {
        mlxify::cli::complain(std::string("internal error: ") + error.what());
        return mlxify::cli::kOurBug;
    }
}
