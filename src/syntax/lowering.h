// From tree-sitter's tree to ours: one class, whose statements and expressions stand in files of their own. Private to this folder.
#pragma once

#include <tree_sitter/api.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "syntax/ast.h"
#include "syntax/tree_builder.h"

namespace mlxify::syntax {

enum class Grammar : std::uint16_t {
    other,
#define MLXIFY_GRAMMAR(name) g_##name,
#include "syntax/grammar.def"
#undef MLXIFY_GRAMMAR
};

// Deeper nesting than this is refused: later stages walk expressions by plain recursion on a stack sized for it.
constexpr std::uint32_t kDepthLimit = 12'000;

// TSSymbol and TSFieldId by index; filled once, as the grammar is a constant of the program.
struct GrammarTable {
    std::vector<Grammar> symbols;
    TSFieldId left, right, operator_, operators, name, alias, body, condition, consequence, alternative, type, value,
        return_type, parameters, superclasses, definition, function, arguments, object, attribute, subscript, argument, key,
        module_name, cause, guard, subject, expression;

    GrammarTable();
};

const GrammarTable& grammar_table();
Op binary_op(std::string_view text);  // none for any other text

struct Piece {
    TSNode node;
    TSFieldId field;
    Grammar grammar;
    bool named;
};

class Lowering {
public:
    Lowering(std::string_view source, diagnostics::Sink& sink)
        : source_(source), sink_(sink), table_(grammar_table()), build_(source) {}

    Tree run(TSNode root) {
        cursor_ = ts_tree_cursor_new(root);
        if (ts_node_has_error(root)) say_error(root);
        const NodeId body = block(root);
        Node node = make(Kind::module_, root);
        node.span = {0, static_cast<std::uint32_t>(source_.size())};
        const NodeId module = build_.add(node, {body});
        ts_tree_cursor_delete(&cursor_);
        return build_.finish(module);
    }

private:
    using Pieces = std::vector<Piece>;

    static base::Span span_of(TSNode node) { return {ts_node_start_byte(node), ts_node_end_byte(node)}; }
    std::string_view text(TSNode node) const { return source_.substr(ts_node_start_byte(node), span_of(node).size()); }
    Grammar grammar(TSNode node) const {
        const TSSymbol symbol = ts_node_symbol(node);
        return symbol < table_.symbols.size() ? table_.symbols[symbol] : Grammar::other;
    }
    static Node make(Kind kind, TSNode node) {
        Node made;
        made.kind = kind;
        made.span = span_of(node);
        return made;
    }
    static void set(Node& node, Flag flag) { node.flags |= static_cast<std::uint16_t>(flag); }
    void name(Node& node, TSNode from) const {
        node.name = text(from);
        node.name_span = span_of(from);
    }

    // The children of a node without comments and line continuations; comments are noted on the way.
    Pieces pieces(TSNode node) {
        Pieces found;
        ts_tree_cursor_reset(&cursor_, node);
        if (!ts_tree_cursor_goto_first_child(&cursor_)) return found;
        do {
            const TSNode child = ts_tree_cursor_current_node(&cursor_);
            const Grammar kind = grammar(child);
            if (kind == Grammar::g_comment) {
                build_.add_comment(span_of(child));
                continue;
            }
            if (kind == Grammar::g_line_continuation) continue;
            found.push_back({child, ts_tree_cursor_current_field_id(&cursor_), kind, ts_node_is_named(child)});
        } while (ts_tree_cursor_goto_next_sibling(&cursor_));
        return found;
    }
    static const Piece* find(const Pieces& pieces, TSFieldId field) {
        for (const Piece& piece : pieces)
            if (piece.field == field) return &piece;
        return nullptr;
    }
    static bool has_token(const Pieces& pieces, const Lowering& self, std::string_view token) {
        for (const Piece& piece : pieces)
            if (!piece.named && self.text(piece.node) == token) return true;
        return false;
    }
    NodeId field_expression(const Pieces& pieces, TSFieldId field) {
        const Piece* piece = find(pieces, field);
        return piece ? expression(piece->node) : kNoNode;
    }
    NodeId field_block(const Pieces& pieces, TSFieldId field) {
        const Piece* piece = find(pieces, field);
        return piece ? block(piece->node) : kNoNode;
    }

    void say_error(TSNode node);
    void check_separated(base::Span before, base::Span after);
    NodeId block(TSNode node);
    NodeId statement(TSNode node);
    NodeId simple(Kind kind, TSNode node);
    NodeId expression_statement(TSNode node);
    NodeId assignment(TSNode node);
    NodeId if_statement(TSNode node);
    NodeId loop(TSNode node, Kind kind);
    NodeId try_statement(TSNode node);
    NodeId except_clause(TSNode node);
    NodeId with_statement(TSNode node);
    NodeId import_statement(TSNode node);
    NodeId import_from(TSNode node, std::string_view module);
    NodeId alias(TSNode node);
    NodeId function(TSNode node, const std::vector<NodeId>& decorators, base::Span span);
    NodeId class_definition(TSNode node, const std::vector<NodeId>& decorators, base::Span span);
    NodeId decorated(TSNode node);
    NodeId parameters(TSNode node);
    NodeId parameter(TSNode node, bool keyword_only);
    NodeId match_statement(TSNode node);

    NodeId expression(TSNode node);
    NodeId expression_inner(TSNode node);
    NodeId lift_star(NodeId id);
    NodeId sequence(Kind kind, TSNode node);
    NodeId call(TSNode node);
    NodeId argument(TSNode node);
    NodeId subscript(TSNode node);
    NodeId generic_type(TSNode node);
    NodeId slice(TSNode node);
    NodeId compare(TSNode node);
    NodeId comprehension(Kind kind, TSNode node);
    NodeId string(TSNode node);
    void interpolations(TSNode node, std::vector<NodeId>& into);
    NodeId leaf(Kind kind, TSNode node);

    std::string_view source_;
    diagnostics::Sink& sink_;
    const GrammarTable& table_;
    TreeBuilder build_;
    TSTreeCursor cursor_{};
    std::uint32_t depth_ = 0;
    bool too_deep_ = false;
};

}  // namespace mlxify::syntax
