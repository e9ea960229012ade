// Lines a second through a whole conversion, without verification, and the cost of a start. `items_per_second` counts lines.
#include <benchmark/benchmark.h>

#include "bench/model_files.h"
#include "catalogue/catalogue.h"
#include "infer/facts.h"
#include "pipeline/convert.h"
#include "source/source_text.h"

namespace mlxify {
namespace {

void convert(benchmark::State& state) {
    const std::vector<std::string> texts = bench::model_files();
    const catalogue::Catalogue catalogue(catalogue::embedded_index());
    const infer::ObservedFacts observed;
    const pipeline::ConvertOptions options;
    for (auto _ : state) {
        for (const std::string& text : texts) {
            const source::SourceText source("model.py", text);
            benchmark::DoNotOptimize(pipeline::convert(source, observed, catalogue, options).text.size());
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(bench::line_count(texts)));
}
// A conversion runs on a thread with a stack of its own, whose time counts too.
BENCHMARK(convert)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

// Opening the catalogue that is built into the program: every run of mlxify pays it once.
void open_catalogue(benchmark::State& state) {
    for (auto _ : state) {
        const catalogue::Catalogue catalogue(catalogue::embedded_index());
        benchmark::DoNotOptimize(catalogue.entries().size());
    }
}
BENCHMARK(open_catalogue);

}  // namespace
}  // namespace mlxify
