#include "syntax/parse.h"

#include <memory>
#include <utility>

#include "base/check.h"
#include "syntax/lowering.h"

extern "C" const TSLanguage* tree_sitter_python();

namespace mlxify::syntax {

GrammarTable::GrammarTable() {
    const TSLanguage* language = tree_sitter_python();
    constexpr std::pair<std::string_view, Grammar> kNames[] = {
#define MLXIFY_GRAMMAR(name) {#name, Grammar::g_##name},
#include "syntax/grammar.def"
#undef MLXIFY_GRAMMAR
    };
    const std::uint32_t count = ts_language_symbol_count(language);
    symbols.assign(count, Grammar::other);
    for (std::uint32_t symbol = 0; symbol < count; ++symbol) {
        if (ts_language_symbol_type(language, static_cast<TSSymbol>(symbol)) != TSSymbolTypeRegular) continue;
        const std::string_view spelled = ts_language_symbol_name(language, static_cast<TSSymbol>(symbol));
        for (const auto& [text, grammar] : kNames)
            if (text == spelled) symbols[symbol] = grammar;
    }
    const auto field = [&](std::string_view text) {
        return ts_language_field_id_for_name(language, text.data(), static_cast<std::uint32_t>(text.size()));
    };
    left = field("left"), right = field("right"), operator_ = field("operator"), operators = field("operators");
    name = field("name"), alias = field("alias"), body = field("body"), condition = field("condition");
    consequence = field("consequence"), alternative = field("alternative"), type = field("type"), value = field("value");
    return_type = field("return_type"), parameters = field("parameters"), superclasses = field("superclasses");
    definition = field("definition"), function = field("function"), arguments = field("arguments");
    object = field("object"), attribute = field("attribute"), subscript = field("subscript"), argument = field("argument");
    key = field("key"), module_name = field("module_name"), cause = field("cause"), guard = field("guard");
    subject = field("subject"), expression = field("expression");
}

const GrammarTable& grammar_table() {
    static const GrammarTable table;
    return table;
}

Tree parse(std::string_view text, diagnostics::Sink& sink) {
    const std::unique_ptr<TSParser, decltype(&ts_parser_delete)> parser(ts_parser_new(), &ts_parser_delete);
    MLXIFY_CHECK(ts_parser_set_language(parser.get(), tree_sitter_python()));
    const std::unique_ptr<TSTree, decltype(&ts_tree_delete)> tree(
        ts_parser_parse_string(parser.get(), nullptr, text.data(), static_cast<std::uint32_t>(text.size())), &ts_tree_delete);
    return Lowering(text, sink).run(ts_tree_root_node(tree.get()));
}

Tree parse(const source::SourceText& source, diagnostics::Sink& sink) { return parse(source.text(), sink); }

std::string print(const Tree& tree) {
    std::string out;
    std::vector<std::pair<NodeId, int>> pending{{tree.root(), 0}};
    while (!pending.empty()) {
        const auto [id, depth] = pending.back();
        pending.pop_back();
        if (!exists(id)) continue;
        const Node& node = tree[id];
        out.append(static_cast<std::size_t>(depth) * 2, ' ');
        out += kind_name(node.kind);
        if (!node.name.empty() && node.name.find('\n') == std::string_view::npos) out.append(" `").append(node.name).append("`");
        if (node.op != Op::none) out.append(" ").append(spelling(node.op));
        out += " [" + std::to_string(node.span.begin) + ", " + std::to_string(node.span.end) + ")\n";
        const auto children = tree.children(id);
        for (auto child = children.rbegin(); child != children.rend(); ++child) pending.emplace_back(*child, depth + 1);
    }
    return out;
}

}  // namespace mlxify::syntax
