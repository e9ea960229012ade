// Any bytes convert to a text or to a refusal, the same one each time; what was converted parses.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "catalogue/catalogue.h"
#include "diagnostics/diagnostic.h"
#include "infer/facts.h"
#include "pipeline/convert.h"
#include "source/source_text.h"
#include "syntax/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mlxify;
    static const catalogue::Catalogue catalogue(catalogue::embedded_index());
    const source::SourceText source("fuzz.py", std::string(reinterpret_cast<const char*>(data), size));

    const pipeline::Conversion first = pipeline::convert(source, {}, catalogue, {});
    const pipeline::Conversion second = pipeline::convert(source, {}, catalogue, {});
    MLXIFY_CHECK(first.text == second.text);
    MLXIFY_CHECK(first.diagnostics == second.diagnostics);
    for (const diagnostics::Diagnostic& diagnostic : first.diagnostics) MLXIFY_CHECK(diagnostic.span.end <= size);
    if (first.convertible) {
        diagnostics::Sink sink;
        static_cast<void>(syntax::parse(first.text, sink));
        MLXIFY_CHECK(!sink.has_refusal());
    }
    return 0;
}
