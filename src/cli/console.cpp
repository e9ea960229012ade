#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cli/commands.h"

namespace mlxify::cli {

base::Result<catalogue::Catalogue> open_catalogue(const Options& options) {
    return catalogue::Catalogue::with_folders(catalogue::embedded_index(), options.catalogues);
}

void complain(std::string_view message) {
    std::fprintf(stderr, "mlxify: %.*s\n", static_cast<int>(message.size()), message.data());
}

void put(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

report::TerminalStyle terminal_style() {
    const char* no_colour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    const bool wanted = no_colour == nullptr || *no_colour == '\0';
    const bool able = terminal != nullptr && std::string_view(terminal) != "dumb";
    report::TerminalStyle style;
    style.colour = wanted && able && ::isatty(STDOUT_FILENO) == 1;
    return style;
}

}  // namespace mlxify::cli
