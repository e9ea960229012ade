#include "pipeline/convert.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/big_stack.h"
#include "idiom/idiom.h"
#include "infer/infer.h"
#include "layout/layout.h"
#include "names/names.h"
#include "rewrite/rewrite.h"
#include "rewrite/unreached.h"
#include "syntax/parse.h"

namespace mlxify::pipeline {

namespace {

std::vector<Definition> definitions_of(const syntax::Tree& tree, const names::Names& names, const source::SourceText& source,
                                       const ConvertOptions& options) {
    std::vector<Definition> found;
    const auto add = [&](syntax::NodeId node, Definition::Kind kind) {
        Definition definition{std::string(tree[node].name), kind, false, source.position(tree[node].name_span.begin).line};
        const bool named = std::find(options.entries.begin(), options.entries.end(), definition.name) != options.entries.end();
        const bool unused = std::find(names.entry_points.begin(), names.entry_points.end(), node) != names.entry_points.end();
        definition.entry_point = options.entries.empty() ? unused : named;
        found.push_back(std::move(definition));
    };
    for (const names::ClassInfo& info : names.classes)
        if (info.top_level()) add(info.node, info.is_module ? Definition::Kind::module : Definition::Kind::class_);
    for (const auto& [name, node] : names.function_by_name) add(node, Definition::Kind::function);
    std::sort(found.begin(), found.end(), [](const Definition& a, const Definition& b) { return a.line < b.line; });
    return found;
}

// A refusal that no shapes that a run of the original shows can lift: what is unknown to the catalogue stays so.
bool no_run_lifts(const diagnostics::Diagnostic& diagnostic) {
    using diagnostics::Code;
    if (diagnostic.severity != diagnostics::Severity::refusal) return false;
    const int number = static_cast<int>(diagnostic.code);
    return number < 3000 || diagnostic.code == Code::no_entry || diagnostic.code == Code::considered_no || diagnostic.code == Code::module_hook;
}

layout::Plan plan_layout(const syntax::Tree& tree, const names::Names& names, const infer::FactTable& facts, const catalogue::Catalogue& catalogue,
                         const ConvertOptions& options) {
    if (options.layout == Layout::literal) return {};
    std::vector<std::string> exposed = options.entries;
    if (options.layout == Layout::automatic)  // who imports a block of a network expects PyTorch's interface
        for (const syntax::NodeId node : tree.children(tree.child(tree.root(), 0)))
            if (!tree[node].name.empty() && !tree[node].name.starts_with('_')) exposed.emplace_back(tree[node].name);
    exposed.insert(exposed.end(), options.exposed.begin(), options.exposed.end());
    return layout::plan(tree, names, facts, catalogue, exposed);
}

std::string joined(const std::vector<layout::MovedInterface>& interfaces) {
    std::string text;
    for (const layout::MovedInterface& moved : interfaces) text += (text.empty() ? "`" : ", `") + moved.name + "`";
    return text;
}

// Which traps the rules guard that were applied.
std::vector<MetTrap> traps_met(const std::vector<rewrite::Made>& made, const catalogue::Catalogue& catalogue) {
    std::vector<MetTrap> met;
    std::map<std::string, std::vector<const catalogue::Trap*>, std::less<>> known;
    for (const rewrite::Made& one : made) {
        auto found = known.find(one.rule);
        if (found == known.end()) found = known.emplace(one.rule, catalogue.traps_of(one.rule)).first;
        for (const catalogue::Trap* trap : found->second) {
            auto entry = std::ranges::find(met, trap->name, &MetTrap::name);
            if (entry == met.end()) entry = met.insert(met.end(), {std::string(trap->name), std::string(trap->differs), std::string(trap->handled), {}});
            entry->places.push_back({one.span, one.rule});
        }
    }
    return met;
}

// source -> syntax -> names -> infer -> idiom, layout, rules, rewrite
Conversion convert_here(const source::SourceText& source, const infer::ObservedFacts& observed, const catalogue::Catalogue& catalogue,
                        const ConvertOptions& options) {
    diagnostics::Sink sink;
    Conversion conversion;
    const syntax::Tree tree = syntax::parse(source, sink);
    if (sink.has_refusal()) {
        conversion.diagnostics = sink.take();
        conversion.final_refusal = true;
        return conversion;
    }
    const names::Names names = names::resolve(tree, sink);
    const infer::FactTable facts = infer::infer(tree, names, observed);
    layout::Plan layout = plan_layout(tree, names, facts, catalogue, options);
    const idiom::Plan idioms = options.style == Style::literal ? idiom::Plan{} : idiom::plan(tree, names, facts);
    if (layout.active && rewrite::needs_layers_in_place({source, tree, names, facts, observed, catalogue, {}, idioms})) {
        layout = {};
        layout.obstacle = "a layer that writes over what it is given, which is read afterwards";
    }
    rewrite::Result result = rewrite::rewrite({source, tree, names, facts, observed, catalogue, layout, idioms}, {options.stop_indices}, sink);
    conversion.channels_last = layout.active;
    conversion.layout_obstacle = layout.obstacle;
    conversion.moved_interfaces = layout.moved_interfaces;
    conversion.convertible = !sink.has_refusal();
    conversion.text = std::move(result.text);
    conversion.traps = traps_met(result.made, catalogue);
    conversion.helpers = std::move(result.helpers);
    conversion.idioms = result.idioms;
    conversion.assumptions = std::move(result.assumptions);
    if (!layout.moved_interfaces.empty())
        conversion.assumptions.push_back(std::string(kChannelsLastInside) + "; so do these take and give them: " + joined(layout.moved_interfaces));
    conversion.definitions = definitions_of(tree, names, source, options);
    for (rewrite::Mapped& mapped : result.source_map)
        conversion.source_map.push_back({mapped.converted, mapped.original, std::move(mapped.rule)});
    conversion.left_out = std::move(result.left_out);
    conversion.diagnostics = sink.take();
    conversion.final_refusal = std::ranges::any_of(conversion.diagnostics, [&](const diagnostics::Diagnostic& one) {
        return no_run_lifts(one) && !rewrite::may_be_unreached(tree, one.span);
    });
    return conversion;
}

std::string print_rules(const Conversion& conversion, const source::SourceText& source) {
    std::string out;
    for (const MappedSpan& mapped : conversion.source_map) {
        if (mapped.original.empty() || mapped.rule.find('.') == std::string::npos) continue;
        const source::Position at = source.position(mapped.original.begin);
        out += std::to_string(at.line) + ":" + std::to_string(at.column) + " " + mapped.rule + "\n    " + std::string(source.text(mapped.original)) +
               "\n    " + conversion.text.substr(mapped.converted.begin, mapped.converted.size()) + "\n";
    }
    return out;
}

}  // namespace

Conversion convert(const source::SourceText& source, const infer::ObservedFacts& observed, const catalogue::Catalogue& catalogue,
                   const ConvertOptions& options) {
    Conversion conversion;
    base::run_on_big_stack([&] {
        conversion = convert_here(source, observed, catalogue, options);
        if (conversion.convertible || !conversion.channels_last) return;
        ConvertOptions literal = options;  // what this layout does not allow
        literal.layout = Layout::literal;
        conversion = convert_here(source, observed, catalogue, literal);
    });
    return conversion;
}

std::string print_stage(const source::SourceText& source, const infer::ObservedFacts& observed, const catalogue::Catalogue& catalogue,
                        const ConvertOptions& options, std::string_view stage) {
    std::string out;
    base::run_on_big_stack([&] {
        if (stage == "text" || stage == "rules" || stage == "rewrite") {
            const Conversion conversion = convert_here(source, observed, catalogue, options);
            out = stage == "text" || stage == "rewrite" ? conversion.text : print_rules(conversion, source);
            return;
        }
        diagnostics::Sink sink;
        const syntax::Tree tree = syntax::parse(source, sink);
        if (stage == "syntax") {
            out = syntax::print(tree);
            return;
        }
        const names::Names names = names::resolve(tree, sink);
        if (stage == "names") out = names::print(tree, names);
        const infer::FactTable facts = stage == "names" ? infer::FactTable{} : infer::infer(tree, names, observed);
        if (stage == "facts" || stage == "infer") out = infer::print(tree, facts);
        if (stage == "layout") out = layout::print(tree, plan_layout(tree, names, facts, catalogue, options));
    });
    return out;
}

}  // namespace mlxify::pipeline
