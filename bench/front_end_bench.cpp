// Lines a second through the first stages: source, then source and syntax. `items_per_second` counts lines.
#include <benchmark/benchmark.h>

#include "bench/model_files.h"
#include "diagnostics/diagnostic.h"
#include "source/source_text.h"
#include "syntax/parse.h"

namespace mlxify {
namespace {

void source_text(benchmark::State& state) {
    const std::vector<std::string> texts = bench::model_files();
    for (auto _ : state) {
        for (const std::string& text : texts) {
            const source::SourceText source("model.py", text);
            benchmark::DoNotOptimize(source.position(static_cast<std::uint32_t>(text.size())));
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(bench::line_count(texts)));
}
BENCHMARK(source_text);

void parse(benchmark::State& state) {
    const std::vector<std::string> texts = bench::model_files();
    for (auto _ : state) {
        for (const std::string& text : texts) {
            const source::SourceText source("model.py", text);
            diagnostics::Sink sink;
            benchmark::DoNotOptimize(syntax::parse(source, sink).size());
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(bench::line_count(texts)));
}
BENCHMARK(parse);

}  // namespace
}  // namespace mlxify
