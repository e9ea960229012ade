// One function per command; each prints and gives the exit code.
#pragma once

#include "base/result.h"
#include "catalogue/catalogue.h"
#include "cli/options.h"
#include "report/terminal.h"

namespace mlxify::cli {

int convert_or_ship(const Options& options);  // `convert` and `ship`
int preview(const Options& options);          // `convert --diff`, `convert --print STAGE`
int verify_pair(const Options& options);
int explain(const Options& options);
int doctor(const Options& options);

// The embedded catalogue with the folders of `--catalogue` before it.
base::Result<catalogue::Catalogue> open_catalogue(const Options& options);

// Says what is wrong on standard error: "mlxify: message".
void complain(std::string_view message);

// Writes to standard output. A reader that has gone (`| head`) ends the program quietly.
void put(std::string_view text);

// Colour where standard output is a terminal and NO_COLOR is not set (https://no-color.org).
report::TerminalStyle terminal_style();

}  // namespace mlxify::cli
