// Any bytes convert to a text that parses and a source map that fits it, or to a diagnostic; never to a crash.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "catalogue/catalogue.h"
#include "diagnostics/diagnostic.h"
#include "pipeline/convert.h"
#include "source/source_text.h"
#include "syntax/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mlxify;
    static const catalogue::Catalogue catalogue(catalogue::embedded_index());
    const source::SourceText source("fuzz.py", std::string(reinterpret_cast<const char*>(data), size));
    const pipeline::Conversion conversion = pipeline::convert(source, {}, catalogue, {});

    for (const diagnostics::Diagnostic& diagnostic : conversion.diagnostics) MLXIFY_CHECK(diagnostic.span.end <= size);
    for (const pipeline::MappedSpan& mapped : conversion.source_map) {
        MLXIFY_CHECK(mapped.original.begin <= mapped.original.end && mapped.original.end <= size);
        MLXIFY_CHECK(mapped.converted.begin <= mapped.converted.end && mapped.converted.end <= conversion.text.size());
    }
    if (conversion.convertible) {
        diagnostics::Sink sink;
        static_cast<void>(syntax::parse(std::string_view(conversion.text), sink));
        MLXIFY_CHECK(!sink.has_refusal());
    }
    return 0;
}
