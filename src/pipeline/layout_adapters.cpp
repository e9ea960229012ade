#include "pipeline/layout_adapters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>

namespace mlxify::pipeline {

namespace {

constexpr std::string_view kPrefix = "_with_channels_first_";

// A module keeps its class's names of weights, and is called with channels first.
constexpr std::string_view kAdapter = R"(

def _with_channels_first(module, places, names, results):
    import mlx.core

    def turned(value, chosen, source, destination):
        return mlx.core.moveaxis(value, source, destination) if chosen and isinstance(value, mlx.core.array) and value.ndim > 2 else value

    class Adapted(type(module)):
        def __call__(self, *values, **options):
            values = [turned(value, place in places, 1, -1) for place, value in enumerate(values)]
            options = {name: turned(value, name in names, 1, -1) for name, value in options.items()}
            result = super().__call__(*values, **options)
            if isinstance(result, tuple):
                return tuple(turned(value, place in results, -1, 1) for place, value in enumerate(result))
            return turned(result, -1 in results, -1, 1)

    Adapted.__name__ = Adapted.__qualname__ = type(module).__name__
    module.__class__ = Adapted
    return module
)";

std::string adapter_of(const layout::MovedInterface& moved) {
    std::vector<int> places;
    std::vector<std::string> names;
    for (const auto& [place, name] : moved.takes) {
        places.push_back(place);
        names.push_back("\"" + name + "\"");
    }
    return fmt::format("\n\ndef {0}{1}(*values, **options):\n    return _with_channels_first({1}(*values, **options), [{2}], [{3}], [{4}])\n", kPrefix, moved.name,
                       fmt::join(places, ", "), fmt::join(names, ", "), fmt::join(moved.gives, ", "));
}

}  // namespace

void adapt_layouts(verify::Prepared& prepared, const std::vector<layout::MovedInterface>& interfaces) {
    std::string text;
    for (verify::PreparedEntry& entry : prepared.entries) {
        const auto moved = std::ranges::find(interfaces, entry.entry.name, &layout::MovedInterface::name);
        if (moved == interfaces.end()) continue;
        text += adapter_of(*moved);
        for (verify::PreparedSample& sample : entry.samples) {
            std::string& mlx = sample.invocation.mlx_expression;
            if (mlx.empty()) mlx = sample.invocation.expression;
            if (mlx.starts_with(moved->name + "(")) mlx.insert(0, kPrefix);
        }
    }
    if (!text.empty()) prepared.adapters = std::string(kAdapter) + text;
}

}  // namespace mlxify::pipeline
