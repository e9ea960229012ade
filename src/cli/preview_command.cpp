// `convert --diff` and `convert --print STAGE`: conversion alone, for many files at once.
#include <fmt/format.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/input_files.h"
#include "pipeline/convert.h"
#include "pipeline/run.h"
#include "report/diff.h"
#include "report/text_width.h"
#include "source/source_text.h"

namespace mlxify::cli {
namespace {

void print_refusals(const std::vector<diagnostics::Diagnostic>& diagnostics, const source::SourceText& source) {
    for (const report::Finding& finding : report::locate_all(diagnostics, source))
        if (finding.diagnostic.severity == diagnostics::Severity::refusal)
            std::fputs(print(finding, source.name(), {}).c_str(), stderr);
}

// `--print text` and `--diff` need a whole conversion; the other stages print what there is of a file that cannot be converted.
bool show(const source::SourceText& source, const Options& options, const catalogue::Catalogue& catalogue) {
    pipeline::ConvertOptions conversion_options{options.entries};
    conversion_options.layout = options.layout;
    conversion_options.style = options.style;
    if (options.diff) {
        const pipeline::Conversion conversion = pipeline::convert(source, {}, catalogue, conversion_options);
        print_refusals(conversion.diagnostics, source);
        if (conversion.convertible)
            put(report::unified_diff(source.text(), conversion.text, source.name(),
                                     pipeline::output_path(source.name(), options.output_folder)));
        return conversion.convertible;
    }
    if (options.stage == "text") {
        const pipeline::Conversion conversion = pipeline::convert(source, {}, catalogue, conversion_options);
        print_refusals(conversion.diagnostics, source);
        if (conversion.convertible) put(conversion.text);
        return conversion.convertible;
    }
    put(pipeline::print_stage(source, {}, catalogue, conversion_options, options.stage));
    return true;
}

}  // namespace

int preview(const Options& options) {
    const auto catalogue = open_catalogue(options);
    if (!catalogue) return complain(catalogue.error().message), kWrongUsage;
    const auto files = expand(options.paths, options.output_folder);
    if (!files) return complain(files.error().message), kWrongUsage;
    int code = kAllVerified;
    for (const std::string& file : *files) {
        auto text = source::read_file(file);
        if (!text) {
            complain(text.error().message);
            code = kWrongUsage;
            continue;
        }
        if (files->size() > 1 && !options.diff) put(fmt::format("==> {} <==\n", report::printable(file)));
        const source::SourceText source(file, std::move(text).value());
        if (!show(source, options, *catalogue) && code == kAllVerified) code = kNotVerified;
    }
    return code;
}

}  // namespace mlxify::cli
