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

// What a port declares of itself: every image or volume, four or five axes, has its channels last, in whatever it is held.
constexpr std::string_view kDeclared = R"(

def _with_channels_first(built):
    import mlx.core
    import mlx.nn

    def turned(value, source, destination):
        if isinstance(value, mlx.core.array):
            return mlx.core.moveaxis(value, source, destination) if value.ndim in (4, 5) else value
        if isinstance(value, dict):
            return {name: turned(item, source, destination) for name, item in value.items()}
        if type(value) in (list, tuple):
            return type(value)(turned(item, source, destination) for item in value)
        return value

    def adapted(call):
        def called(*values, **options):
            return turned(call(*turned(values, 1, -1), **turned(options, 1, -1)), -1, 1)

        return called

    if not isinstance(built, mlx.nn.Module):
        return adapted(built)
    kind = type(built)

    class Adapted(kind):
        def __call__(self, *values, **options):
            return adapted(super().__call__)(*values, **options)

    Adapted.__name__ = Adapted.__qualname__ = kind.__name__
    built.__class__ = Adapted
    return built
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

void declare_channels_last(verify::Prepared& prepared, const std::vector<std::string>& names) {
    std::string text;
    for (verify::PreparedEntry& entry : prepared.entries) {
        const std::string& name = entry.entry.name;
        if (std::ranges::find(names, name) == names.end()) continue;
        if (entry.entry.kind == verify::EntryPoint::Kind::function)
            text += fmt::format("\n\n{0}{1} = _with_channels_first({1})\n", kPrefix, name);
        else
            text += fmt::format("\n\ndef {0}{1}(*values, **options):\n    return _with_channels_first({1}(*values, **options))\n", kPrefix, name);
        for (verify::PreparedSample& sample : entry.samples) {
            std::string& mlx = sample.invocation.mlx_expression;
            if (mlx.empty()) mlx = sample.invocation.expression;
            if (mlx == name || mlx.starts_with(name + "(")) mlx.insert(0, kPrefix);
        }
    }
    if (!text.empty()) prepared.adapters = std::string(kDeclared) + text;
}

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
