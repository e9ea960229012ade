#include "syntax/parse.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/check.h"
#include "syntax/tree_builder.h"

extern "C" const TSLanguage* tree_sitter_python();

namespace mlxify::syntax {
namespace {

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

    GrammarTable() {
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
};

const GrammarTable& grammar_table() {
    static const GrammarTable table;
    return table;
}

struct Piece {
    TSNode node;
    TSFieldId field;
    Grammar grammar;
    bool named;
};

Op binary_op(std::string_view text) {
    for (int op = static_cast<int>(Op::add); op <= static_cast<int>(Op::bit_and); ++op)
        if (spelling(static_cast<Op>(op)) == text) return static_cast<Op>(op);
    return Op::none;
}

Op compare_op(std::string_view text) {
    if (text == "<>") return Op::ne;
    if (text.starts_with("not")) return Op::not_in;
    if (text.starts_with("is") && text.size() > 2) return Op::is_not;
    for (int op = static_cast<int>(Op::eq); op <= static_cast<int>(Op::not_in); ++op)
        if (spelling(static_cast<Op>(op)) == text) return static_cast<Op>(op);
    return Op::none;
}

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

void Lowering::say_error(TSNode root) {
    TSTreeCursor cursor = ts_tree_cursor_new(root);
    for (bool more = true; more;) {
        const TSNode node = ts_tree_cursor_current_node(&cursor);
        if (ts_node_is_error(node) || ts_node_is_missing(node)) {
            const base::Span span = span_of(node);
            const std::string seen(source_.substr(span.begin, std::min<std::size_t>(40, span.size())));
            sink_.refuse(diagnostics::Code::syntax_error, {span.begin, std::max(span.end, span.begin)},
                         "the file does not parse here as Python 3" +
                             (seen.empty() ? std::string{} : ": `" + seen.substr(0, seen.find('\n')) + "`"),
                         "correct the syntax; Python 2 files need `2to3` first");
            break;
        }
        if (ts_node_has_error(node) && ts_tree_cursor_goto_first_child(&cursor)) continue;
        more = ts_tree_cursor_goto_next_sibling(&cursor);
        while (!more && ts_tree_cursor_goto_parent(&cursor)) more = ts_tree_cursor_goto_next_sibling(&cursor);
    }
    ts_tree_cursor_delete(&cursor);
}

NodeId Lowering::block(TSNode node) {
    std::vector<NodeId> statements;
    for (const Piece& piece : pieces(node))
        if (piece.named)
            if (const NodeId id = statement(piece.node); exists(id)) {
                if (!statements.empty()) check_separated(build_.edit(statements.back()).span, build_.edit(id).span);
                statements.push_back(id);
            }
    return build_.add(make(Kind::block, node), statements);
}

// tree-sitter's grammar lets two statements share a line with nothing between them (`import torch''`); Python does not, and an edit
// of one would reach into the other.
void Lowering::check_separated(base::Span before, base::Span after) {
    const std::string_view between = build_.text({before.end, after.begin});
    for (std::size_t at = 0; at < between.size(); ++at) {
        if (std::string_view(";\n\r#").find(between[at]) != std::string_view::npos) return;  // a comment ends its line
        if (between[at] == '\\') at += between.substr(at + 1).starts_with("\r\n") ? 2 : 1;  // the line goes on
    }
    sink_.refuse(diagnostics::Code::syntax_error, {after.begin, after.begin}, "two statements share a line with nothing between them",
                 "put a line break or `;` between them");
}

NodeId Lowering::simple(Kind kind, TSNode node) {
    std::vector<NodeId> children;
    for (const Piece& piece : pieces(node))
        if (piece.named) children.push_back(expression(piece.node));
    return build_.add(make(kind, node), children);
}

NodeId Lowering::statement(TSNode node) {
    switch (grammar(node)) {
    case Grammar::g_expression_statement: return expression_statement(node);
    case Grammar::g_return_statement: return simple(Kind::return_, node);
    case Grammar::g_delete_statement: return simple(Kind::delete_, node);
    case Grammar::g_raise_statement: return simple(Kind::raise_, node);
    case Grammar::g_assert_statement: return simple(Kind::assert_, node);
    case Grammar::g_global_statement: return simple(Kind::global_, node);
    case Grammar::g_nonlocal_statement: return simple(Kind::nonlocal_, node);
    case Grammar::g_pass_statement: return build_.add(make(Kind::pass_, node));
    case Grammar::g_break_statement: return build_.add(make(Kind::break_, node));
    case Grammar::g_continue_statement: return build_.add(make(Kind::continue_, node));
    case Grammar::g_import_statement: return import_statement(node);
    case Grammar::g_import_from_statement: return import_from(node, {});
    case Grammar::g_future_import_statement: return import_from(node, "__future__");
    case Grammar::g_if_statement: return if_statement(node);
    case Grammar::g_for_statement: return loop(node, Kind::for_);
    case Grammar::g_while_statement: return loop(node, Kind::while_);
    case Grammar::g_try_statement: return try_statement(node);
    case Grammar::g_with_statement: return with_statement(node);
    case Grammar::g_function_definition: return function(node, {}, span_of(node));
    case Grammar::g_class_definition: return class_definition(node, {}, span_of(node));
    case Grammar::g_decorated_definition: return decorated(node);
    case Grammar::g_match_statement: return match_statement(node);
    case Grammar::g_type_alias_statement: return build_.add(make(Kind::type_alias, node));
    default:
        if (!ts_node_is_error(node) && !ts_node_has_error(node))
            sink_.refuse(diagnostics::Code::syntax_error, span_of(node), "this statement is not Python 3",
                         "rewrite it in Python 3");
        return kNoNode;
    }
}

NodeId Lowering::expression_statement(TSNode node) {
    const Pieces all = pieces(node);
    if (all.size() == 1 && all[0].grammar == Grammar::g_assignment) return assignment(all[0].node);
    if (all.size() == 1 && all[0].grammar == Grammar::g_augmented_assignment) {
        const Pieces parts = pieces(all[0].node);
        Node made = make(Kind::aug_assign, node);
        const Piece* op = find(parts, table_.operator_);
        std::string_view spelled = op ? text(op->node) : std::string_view{};
        if (!spelled.empty()) spelled.remove_suffix(1);
        made.op = binary_op(spelled);
        const NodeId target = field_expression(parts, table_.left);
        const NodeId value = field_expression(parts, table_.right);
        return build_.add(made, {target, value});
    }
    if (all.size() == 1) {
        const NodeId value = expression(all[0].node);
        return build_.add(make(Kind::expression_statement, node), {value});
    }
    const NodeId value = sequence(Kind::tuple, node);  // `a, b` as a statement
    return build_.add(make(Kind::expression_statement, node), {value});
}

NodeId Lowering::assignment(TSNode node) {
    // a = b = v nests to the right: walk down, then add the value first and the targets after it.
    std::vector<NodeId> targets;
    TSNode at = node;
    while (true) {
        const Pieces parts = pieces(at);
        const NodeId target = field_expression(parts, table_.left);
        const Piece* type = find(parts, table_.type);
        const Piece* right = find(parts, table_.right);
        if (type) {
            const NodeId annotation = expression(type->node);
            const NodeId value = right ? expression(right->node) : kNoNode;
            return build_.add(make(Kind::ann_assign, node), {target, annotation, value});
        }
        targets.push_back(target);
        if (right && right->grammar == Grammar::g_assignment) {
            at = right->node;
            continue;
        }
        NodeId value = kNoNode;
        if (right && right->grammar == Grammar::g_augmented_assignment) return kNoNode;
        if (right) value = expression(right->node);
        targets.insert(targets.begin(), value);
        return build_.add(make(Kind::assign, node), targets);
    }
}

NodeId Lowering::if_statement(TSNode node) {
    const Pieces parts = pieces(node);
    const NodeId test = field_expression(parts, table_.condition);
    const NodeId body = field_block(parts, table_.consequence);
    std::vector<TSNode> alternatives;
    for (const Piece& piece : parts)
        if (piece.field == table_.alternative) alternatives.push_back(piece.node);
    // Each elif is an if_ alone in the else block of the one before: build their parts in order, link from the last.
    struct Arm {
        TSNode node;
        NodeId test, body;
    };
    std::vector<Arm> arms;
    NodeId orelse = kNoNode;
    for (const TSNode alternative : alternatives) {
        const Pieces inner = pieces(alternative);
        if (grammar(alternative) == Grammar::g_elif_clause) {
            const NodeId arm_test = field_expression(inner, table_.condition);
            const NodeId arm_body = field_block(inner, table_.consequence);
            arms.push_back({alternative, arm_test, arm_body});
        } else {
            orelse = field_block(inner, table_.body);
        }
    }
    const std::uint32_t end = ts_node_end_byte(node);
    for (auto arm = arms.rbegin(); arm != arms.rend(); ++arm) {
        Node made = make(Kind::if_, arm->node);
        made.span.end = end;
        set(made, Flag::is_elif);
        const NodeId id = build_.add(made, {arm->test, arm->body, orelse});
        Node wrap = make(Kind::block, arm->node);
        wrap.span.end = end;
        orelse = build_.add(wrap, {id});
    }
    return build_.add(make(Kind::if_, node), {test, body, orelse});
}

NodeId Lowering::loop(TSNode node, Kind kind) {
    const Pieces parts = pieces(node);
    Node made = make(kind, node);
    if (has_token(parts, *this, "async")) set(made, Flag::is_async);
    std::vector<NodeId> children;
    if (kind == Kind::for_) {
        children.push_back(field_expression(parts, table_.left));
        children.push_back(field_expression(parts, table_.right));
    } else {
        children.push_back(field_expression(parts, table_.condition));
    }
    children.push_back(field_block(parts, table_.body));
    NodeId orelse = kNoNode;
    if (const Piece* alternative = find(parts, table_.alternative)) orelse = field_block(pieces(alternative->node), table_.body);
    children.push_back(orelse);
    return build_.add(made, children);
}

NodeId Lowering::try_statement(TSNode node) {
    const Pieces parts = pieces(node);
    const NodeId body = field_block(parts, table_.body);
    NodeId orelse = kNoNode;
    NodeId finally = kNoNode;
    std::vector<NodeId> handlers;
    for (const Piece& piece : parts) {
        if (piece.grammar == Grammar::g_except_clause || piece.grammar == Grammar::g_except_group_clause) {
            handlers.push_back(except_clause(piece.node));
        } else if (piece.grammar == Grammar::g_else_clause) {
            orelse = field_block(pieces(piece.node), table_.body);
        } else if (piece.grammar == Grammar::g_finally_clause) {
            for (const Piece& inner : pieces(piece.node))
                if (inner.grammar == Grammar::g_block) finally = block(inner.node);
        }
    }
    std::vector<NodeId> children{body, orelse, finally};
    children.insert(children.end(), handlers.begin(), handlers.end());
    return build_.add(make(Kind::try_, node), children);
}

NodeId Lowering::except_clause(TSNode node) {
    Node made = make(Kind::except_handler, node);
    NodeId type = kNoNode;
    NodeId body = kNoNode;
    for (const Piece& piece : pieces(node)) {
        if (!piece.named) continue;
        if (piece.grammar == Grammar::g_block) {
            body = block(piece.node);
        } else if (piece.grammar == Grammar::g_as_pattern) {
            for (const Piece& inner : pieces(piece.node)) {
                if (!inner.named) continue;
                if (inner.grammar == Grammar::g_as_pattern_target) name(made, inner.node);
                else type = expression(inner.node);
            }
        } else {
            type = expression(piece.node);
        }
    }
    return build_.add(made, {type, body});
}

NodeId Lowering::with_statement(TSNode node) {
    const Pieces parts = pieces(node);
    Node made = make(Kind::with_, node);
    if (has_token(parts, *this, "async")) set(made, Flag::is_async);
    std::vector<TSNode> items;
    for (const Piece& piece : parts) {
        if (piece.grammar != Grammar::g_with_clause) continue;
        for (const Piece& inner : pieces(piece.node))
            if (inner.grammar == Grammar::g_with_item) items.push_back(inner.node);
    }
    std::vector<NodeId> children;
    for (const TSNode item : items) {
        const Pieces inner = pieces(item);
        const Piece* value = find(inner, table_.value);
        NodeId context = kNoNode;
        NodeId target = kNoNode;
        if (value && value->grammar == Grammar::g_as_pattern) {
            for (const Piece& part : pieces(value->node)) {
                if (!part.named) continue;
                if (part.grammar == Grammar::g_as_pattern_target) {
                    for (const Piece& inside : pieces(part.node))
                        if (inside.named) target = expression(inside.node);
                } else {
                    context = expression(part.node);
                }
            }
        } else if (value) {
            context = expression(value->node);
        }
        children.push_back(build_.add(make(Kind::with_item, item), {context, target}));
    }
    children.insert(children.begin(), field_block(parts, table_.body));
    return build_.add(made, children);
}

NodeId Lowering::alias(TSNode node) {
    Node made = make(Kind::alias, node);
    if (grammar(node) == Grammar::g_aliased_import) {
        const Pieces parts = pieces(node);
        if (const Piece* from = find(parts, table_.name)) name(made, from->node);
        if (const Piece* as = find(parts, table_.alias)) made.text2 = text(as->node);
    } else {
        name(made, node);
    }
    return build_.add(made);
}

NodeId Lowering::import_statement(TSNode node) {
    std::vector<NodeId> aliases;
    for (const Piece& piece : pieces(node))
        if (piece.named) aliases.push_back(alias(piece.node));
    return build_.add(make(Kind::import_, node), aliases);
}

NodeId Lowering::import_from(TSNode node, std::string_view module) {
    Node made = make(Kind::import_from, node);
    made.name = module;
    std::vector<NodeId> aliases;
    for (const Piece& piece : pieces(node)) {
        if (!piece.named) continue;
        if (piece.field == table_.module_name) name(made, piece.node);
        else if (piece.grammar == Grammar::g_wildcard_import) set(made, Flag::is_star);
        else aliases.push_back(alias(piece.node));
    }
    return build_.add(made, aliases);
}

NodeId Lowering::decorated(TSNode node) {
    std::vector<NodeId> decorators;
    NodeId made = kNoNode;
    for (const Piece& piece : pieces(node)) {
        if (piece.grammar == Grammar::g_decorator) {
            NodeId value = kNoNode;
            for (const Piece& inner : pieces(piece.node))
                if (inner.named) value = expression(inner.node);
            decorators.push_back(build_.add(make(Kind::decorator, piece.node), {value}));
        } else if (piece.grammar == Grammar::g_function_definition) {
            made = function(piece.node, decorators, span_of(node));
        } else if (piece.grammar == Grammar::g_class_definition) {
            made = class_definition(piece.node, decorators, span_of(node));
        }
    }
    return made;
}

NodeId Lowering::function(TSNode node, const std::vector<NodeId>& decorators, base::Span span) {
    const Pieces parts = pieces(node);
    Node made = make(Kind::function_def, node);
    made.span = span;
    if (has_token(parts, *this, "async")) set(made, Flag::is_async);
    if (const Piece* called = find(parts, table_.name)) name(made, called->node);
    const Piece* list = find(parts, table_.parameters);
    std::vector<NodeId> children;
    children.push_back(list ? parameters(list->node) : kNoNode);
    children.push_back(field_expression(parts, table_.return_type));
    children.push_back(field_block(parts, table_.body));
    children.insert(children.end(), decorators.begin(), decorators.end());
    return build_.add(made, children);
}

NodeId Lowering::class_definition(TSNode node, const std::vector<NodeId>& decorators, base::Span span) {
    const Pieces parts = pieces(node);
    Node made = make(Kind::class_def, node);
    made.span = span;
    if (const Piece* called = find(parts, table_.name)) name(made, called->node);
    std::vector<NodeId> arguments;
    if (const Piece* bases = find(parts, table_.superclasses))
        for (const Piece& piece : pieces(bases->node))
            if (piece.named) arguments.push_back(argument(piece.node));
    std::vector<NodeId> children{field_block(parts, table_.body)};
    children.insert(children.end(), arguments.begin(), arguments.end());
    children.insert(children.end(), decorators.begin(), decorators.end());
    return build_.add(made, children);
}

NodeId Lowering::parameters(TSNode node) {
    std::vector<NodeId> all;
    bool keyword_only = false;
    for (const Piece& piece : pieces(node)) {
        if (!piece.named) continue;
        if (piece.grammar == Grammar::g_keyword_separator) {
            keyword_only = true;
        } else if (piece.grammar == Grammar::g_positional_separator) {
            for (const NodeId earlier : all) set(build_.edit(earlier), Flag::positional_only);
        } else {
            const NodeId id = parameter(piece.node, keyword_only);
            if (build_.edit(id).has(Flag::star)) keyword_only = true;
            all.push_back(id);
        }
    }
    return build_.add(make(Kind::parameters, node), all);
}

NodeId Lowering::parameter(TSNode node, bool keyword_only) {
    Node made = make(Kind::parameter, node);
    NodeId annotation = kNoNode;
    NodeId value = kNoNode;
    const auto named = [&](TSNode inner) {
        const Grammar kind = grammar(inner);
        if (kind == Grammar::g_list_splat_pattern || kind == Grammar::g_dictionary_splat_pattern) {
            set(made, kind == Grammar::g_list_splat_pattern ? Flag::star : Flag::double_star);
            for (const Piece& piece : pieces(inner))
                if (piece.named) name(made, piece.node);
        } else {
            name(made, inner);
        }
    };
    switch (grammar(node)) {
    case Grammar::g_default_parameter:
    case Grammar::g_typed_default_parameter: {
        const Pieces parts = pieces(node);
        if (const Piece* called = find(parts, table_.name)) named(called->node);
        annotation = field_expression(parts, table_.type);
        value = field_expression(parts, table_.value);
        break;
    }
    case Grammar::g_typed_parameter:
        for (const Piece& piece : pieces(node)) {
            if (!piece.named) continue;
            if (piece.field == table_.type) annotation = expression(piece.node);
            else named(piece.node);
        }
        break;
    default: named(node);
    }
    if (keyword_only && !made.has(Flag::double_star)) set(made, Flag::keyword_only);
    return build_.add(made, {annotation, value});
}

NodeId Lowering::match_statement(TSNode node) {
    std::vector<NodeId> children;
    std::vector<TSNode> cases;
    const auto gather = [&](const Pieces& parts, const auto& self) -> void {
        for (const Piece& piece : parts) {
            if (piece.field == table_.subject) children.push_back(expression(piece.node));
            else if (piece.grammar == Grammar::g_case_clause) cases.push_back(piece.node);
            else if (piece.grammar == Grammar::g_block) self(pieces(piece.node), self);
        }
    };
    gather(pieces(node), gather);
    for (const TSNode one : cases) {
        const Pieces parts = pieces(one);
        Node made = make(Kind::case_, one);
        NodeId guard = kNoNode;
        if (const Piece* piece = find(parts, table_.guard))
            for (const Piece& inner : pieces(piece->node))
                if (inner.named) guard = expression(inner.node);
        const NodeId body = field_block(parts, table_.consequence);
        if (const Piece* consequence = find(parts, table_.consequence))
            made.text2 = source_.substr(made.span.begin, ts_node_start_byte(consequence->node) - made.span.begin);
        children.push_back(build_.add(made, {guard, body}));
    }
    return build_.add(make(Kind::match_, node), children);
}

NodeId Lowering::leaf(Kind kind, TSNode node) {
    Node made = make(kind, node);
    name(made, node);
    return build_.add(made);
}

NodeId Lowering::expression(TSNode node) {
    if (depth_ > kDepthLimit) {
        if (!too_deep_)
            sink_.refuse(diagnostics::Code::nested_too_deeply, span_of(node),
                         "this expression is nested more than 12,000 levels deep", "split it into several statements");
        too_deep_ = true;
        return leaf(Kind::name, node);
    }
    ++depth_;
    const NodeId id = lift_star(expression_inner(node));
    --depth_;
    return id;
}

// tree-sitter reads `a, *x.shape` as `(*x).shape`; Python as `*(x.shape)`.
NodeId Lowering::lift_star(NodeId id) {
    if (!exists(id)) return id;
    const Kind kind = build_.edit(id).kind;
    if (kind != Kind::attribute && kind != Kind::subscript && kind != Kind::call) return id;
    const NodeId first = build_.child(id, 0);
    if (!exists(first) || build_.edit(first).kind != Kind::starred || build_.edit(first).has(Flag::parenthesized)) return id;
    const NodeId inner = build_.child(first, 0);
    Node star = build_.edit(first);
    star.span = build_.edit(id).span;
    build_.edit(first) = Node{};  // nothing: its child is another's
    build_.edit(id).span.begin = build_.edit(inner).span.begin;
    build_.replace_child(id, 0, inner);
    return build_.add(star, {id});
}

NodeId Lowering::expression_inner(TSNode node) {
    switch (grammar(node)) {
    case Grammar::g_identifier:
    case Grammar::g_dotted_name: return leaf(Kind::name, node);
    case Grammar::g_integer: {
        const char last = text(node).back();
        return leaf(last == 'j' || last == 'J' ? Kind::imaginary : Kind::integer, node);
    }
    case Grammar::g_float: {
        const char last = text(node).back();
        return leaf(last == 'j' || last == 'J' ? Kind::imaginary : Kind::floating, node);
    }
    case Grammar::g_true: return leaf(Kind::true_, node);
    case Grammar::g_false: return leaf(Kind::false_, node);
    case Grammar::g_none: return leaf(Kind::none_, node);
    case Grammar::g_ellipsis: return leaf(Kind::ellipsis, node);
    case Grammar::g_string:
    case Grammar::g_concatenated_string: return string(node);
    case Grammar::g_parenthesized_expression: {
        NodeId inner = kNoNode;
        for (const Piece& piece : pieces(node))
            if (piece.named) inner = expression(piece.node);
        if (exists(inner)) set(build_.edit(inner), Flag::parenthesized);
        return inner;
    }
    case Grammar::g_type:
    case Grammar::g_as_pattern_target: {
        for (const Piece& piece : pieces(node))
            if (piece.named) return expression(piece.node);
        return kNoNode;
    }
    case Grammar::g_generic_type: return generic_type(node);
    case Grammar::g_union_type: {  // `list[int] | None`, where the left side is no expression of its own in the grammar
        Node made = make(Kind::binary, node);
        made.op = Op::bit_or;
        std::vector<NodeId> sides;
        for (const Piece& piece : pieces(node))
            if (piece.named) sides.push_back(expression(piece.node));
        return sides.size() == 2 ? build_.add(made, {sides[0], sides[1]}) : leaf(Kind::name, node);
    }
    case Grammar::g_member_type: return leaf(Kind::name, node);
    case Grammar::g_attribute: {
        const Pieces parts = pieces(node);
        const NodeId object = field_expression(parts, table_.object);
        Node made = make(Kind::attribute, node);
        if (const Piece* called = find(parts, table_.attribute)) name(made, called->node);
        return build_.add(made, {object});
    }
    case Grammar::g_call: return call(node);
    case Grammar::g_subscript: return subscript(node);
    case Grammar::g_slice: return slice(node);
    case Grammar::g_binary_operator:
    case Grammar::g_boolean_operator: {
        const Pieces parts = pieces(node);
        const bool boolean = grammar(node) == Grammar::g_boolean_operator;
        Node made = make(boolean ? Kind::bool_op : Kind::binary, node);
        const Piece* op = find(parts, table_.operator_);
        const std::string_view spelled = op ? text(op->node) : std::string_view{};
        made.op = boolean ? (spelled == "and" ? Op::and_ : Op::or_) : binary_op(spelled);
        const NodeId left = field_expression(parts, table_.left);
        const NodeId right = field_expression(parts, table_.right);
        return build_.add(made, {left, right});
    }
    case Grammar::g_unary_operator:
    case Grammar::g_not_operator: {
        const Pieces parts = pieces(node);
        Node made = make(Kind::unary, node);
        const Piece* op = find(parts, table_.operator_);
        const std::string_view spelled = op ? text(op->node) : "not";
        made.op = spelled == "-" ? Op::neg : spelled == "+" ? Op::pos : spelled == "~" ? Op::invert : Op::not_;
        const NodeId operand = field_expression(parts, table_.argument);
        return build_.add(made, {operand});
    }
    case Grammar::g_comparison_operator: return compare(node);
    case Grammar::g_conditional_expression: return simple(Kind::conditional, node);
    case Grammar::g_named_expression: {
        const Pieces parts = pieces(node);
        const NodeId target = field_expression(parts, table_.name);
        const NodeId value = field_expression(parts, table_.value);
        return build_.add(make(Kind::named_expr, node), {target, value});
    }
    case Grammar::g_lambda: {
        const Pieces parts = pieces(node);
        const Piece* list = find(parts, table_.parameters);
        NodeId names = kNoNode;
        if (list) {
            names = parameters(list->node);
        } else {
            Node none = make(Kind::parameters, node);
            none.span = {none.span.begin + 6, none.span.begin + 6};
            names = build_.add(none);
        }
        const NodeId body = field_expression(parts, table_.body);
        return build_.add(make(Kind::lambda, node), {names, body});
    }
    case Grammar::g_list:
    case Grammar::g_list_pattern: return sequence(Kind::list, node);
    case Grammar::g_set: return sequence(Kind::set, node);
    case Grammar::g_tuple:
    case Grammar::g_tuple_pattern: {
        const NodeId id = sequence(Kind::tuple, node);
        set(build_.edit(id), Flag::parenthesized);
        return id;
    }
    case Grammar::g_pattern_list:
    case Grammar::g_expression_list: return sequence(Kind::tuple, node);
    case Grammar::g_dictionary: return sequence(Kind::dict, node);
    case Grammar::g_pair: {
        const Pieces parts = pieces(node);
        const NodeId key = field_expression(parts, table_.key);
        const NodeId value = field_expression(parts, table_.value);
        return build_.add(make(Kind::dict_entry, node), {key, value});
    }
    case Grammar::g_list_comprehension: return comprehension(Kind::list_comp, node);
    case Grammar::g_set_comprehension: return comprehension(Kind::set_comp, node);
    case Grammar::g_dictionary_comprehension: return comprehension(Kind::dict_comp, node);
    case Grammar::g_generator_expression: return comprehension(Kind::generator, node);
    case Grammar::g_await: return simple(Kind::await_, node);
    case Grammar::g_yield: {
        const Pieces parts = pieces(node);
        return simple(has_token(parts, *this, "from") ? Kind::yield_from : Kind::yield_, node);
    }
    case Grammar::g_list_splat:
    case Grammar::g_list_splat_pattern: return simple(Kind::starred, node);
    case Grammar::g_dictionary_splat:
    case Grammar::g_dictionary_splat_pattern: {
        const NodeId id = simple(Kind::starred, node);
        set(build_.edit(id), Flag::double_star);
        return id;
    }
    case Grammar::g_parenthesized_list_splat: {
        for (const Piece& piece : pieces(node))
            if (piece.named) return expression(piece.node);
        return kNoNode;
    }
    case Grammar::g_keyword_argument: return argument(node);
    default: return leaf(Kind::name, node);
    }
}

NodeId Lowering::sequence(Kind kind, TSNode node) {
    std::vector<NodeId> elements;
    for (const Piece& piece : pieces(node))
        if (piece.named) elements.push_back(expression(piece.node));
    return build_.add(make(kind, node), elements);
}

NodeId Lowering::call(TSNode node) {
    const Pieces parts = pieces(node);
    std::vector<NodeId> children{field_expression(parts, table_.function)};
    if (const Piece* arguments = find(parts, table_.arguments)) {
        if (arguments->grammar == Grammar::g_generator_expression) {
            const NodeId generator = expression(arguments->node);
            Node& made = build_.edit(generator);  // f(x for x in y): the parentheses are the call's
            made.span = {made.span.begin + 1, made.span.end - 1};
            children.push_back(generator);
        } else {
            for (const Piece& piece : pieces(arguments->node))
                if (piece.named) children.push_back(argument(piece.node));
        }
    }
    return build_.add(make(Kind::call, node), children);
}

NodeId Lowering::argument(TSNode node) {
    switch (grammar(node)) {
    case Grammar::g_keyword_argument: {
        const Pieces parts = pieces(node);
        Node made = make(Kind::keyword, node);
        if (const Piece* called = find(parts, table_.name)) name(made, called->node);
        const NodeId value = field_expression(parts, table_.value);
        return build_.add(made, {value});
    }
    case Grammar::g_dictionary_splat: {
        NodeId value = kNoNode;
        for (const Piece& piece : pieces(node))
            if (piece.named) value = expression(piece.node);
        Node made = make(Kind::keyword, node);
        set(made, Flag::double_star);
        return build_.add(made, {value});
    }
    default: return expression(node);
    }
}

NodeId Lowering::subscript(TSNode node) {
    const Pieces parts = pieces(node);
    const NodeId object = field_expression(parts, table_.value);
    std::vector<NodeId> indices;
    bool comma = false;
    for (const Piece& piece : parts) {
        if (piece.field == table_.subscript && piece.named) indices.push_back(expression(piece.node));
        else if (!piece.named && text(piece.node) == ",") comma = true;
    }
    NodeId at = indices.empty() ? kNoNode : indices[0];
    if (comma) {
        Node made = make(Kind::tuple, node);
        const Node& last = build_.edit(indices.back());
        made.span = {build_.edit(indices[0]).span.begin, last.span.end};
        // Parentheses around the first or last index lie outside its span: take the span between the brackets instead.
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
        for (const Piece& piece : parts) {
            if (piece.field != table_.subscript || !piece.named) continue;
            if (begin == 0) begin = ts_node_start_byte(piece.node);
            end = ts_node_end_byte(piece.node);
        }
        made.span = {begin, end};
        at = build_.add(made, indices);
    }
    return build_.add(make(Kind::subscript, node), {object, at});
}

// Optional[torch.Tensor] in an annotation; the same shape as a subscript.
NodeId Lowering::generic_type(TSNode node) {
    NodeId object = kNoNode;
    std::vector<NodeId> indices;
    base::Span span;
    for (const Piece& piece : pieces(node)) {
        if (piece.grammar == Grammar::g_type_parameter) {
            for (const Piece& inner : pieces(piece.node)) {
                if (!inner.named) continue;
                if (indices.empty()) span.begin = ts_node_start_byte(inner.node);
                span.end = ts_node_end_byte(inner.node);
                indices.push_back(expression(inner.node));
            }
        } else if (piece.named) {
            object = expression(piece.node);
        }
    }
    NodeId at = indices.empty() ? kNoNode : indices[0];
    if (indices.size() > 1) {
        Node made = make(Kind::tuple, node);
        made.span = span;
        at = build_.add(made, indices);
    }
    return build_.add(make(Kind::subscript, node), {object, at});
}

NodeId Lowering::slice(TSNode node) {
    std::array<NodeId, 3> bounds{kNoNode, kNoNode, kNoNode};
    std::size_t at = 0;
    for (const Piece& piece : pieces(node)) {
        if (!piece.named && text(piece.node) == ":") ++at;
        else if (piece.named && at < 3) bounds[at] = expression(piece.node);
    }
    return build_.add(make(Kind::slice, node), {bounds[0], bounds[1], bounds[2]});
}

NodeId Lowering::compare(TSNode node) {
    std::vector<NodeId> operands;
    std::vector<Op> ops;
    for (const Piece& piece : pieces(node)) {
        if (piece.field == table_.operators) ops.push_back(compare_op(text(piece.node)));
        else if (piece.named) operands.push_back(expression(piece.node));
    }
    Node made = make(Kind::compare, node);
    made.op = ops.empty() ? Op::none : ops[0];
    const NodeId id = build_.add(made, operands);
    if (ops.size() > 1) build_.set_compare_ops(id, std::move(ops));
    return id;
}

NodeId Lowering::comprehension(Kind kind, TSNode node) {
    const Pieces parts = pieces(node);
    std::vector<NodeId> children{field_expression(parts, table_.body)};
    for (std::size_t at = 0; at < parts.size(); ++at) {
        if (parts[at].grammar != Grammar::g_for_in_clause) continue;
        Node made = make(Kind::comprehension, parts[at].node);
        const Pieces inner = pieces(parts[at].node);
        if (has_token(inner, *this, "async")) set(made, Flag::is_async);
        const NodeId target = field_expression(inner, table_.left);
        std::vector<TSNode> rights;
        for (const Piece& piece : inner)
            if (piece.field == table_.right && piece.named) rights.push_back(piece.node);
        std::vector<NodeId> parts_of{target, rights.empty() ? kNoNode : expression(rights[0])};
        while (at + 1 < parts.size() && parts[at + 1].grammar == Grammar::g_if_clause) {
            ++at;
            for (const Piece& piece : pieces(parts[at].node))
                if (piece.named) parts_of.push_back(expression(piece.node));
            made.span.end = ts_node_end_byte(parts[at].node);
        }
        children.push_back(build_.add(made, parts_of));
    }
    return build_.add(make(kind, node), children);
}

void Lowering::interpolations(TSNode node, std::vector<NodeId>& into) {
    for (const Piece& piece : pieces(node)) {
        if (piece.grammar == Grammar::g_string) interpolations(piece.node, into);
        else if (piece.grammar == Grammar::g_format_specifier) interpolations(piece.node, into);
        else if (piece.grammar == Grammar::g_interpolation) {
            for (const Piece& inner : pieces(piece.node)) {
                if (inner.field == table_.expression && inner.named) into.push_back(expression(inner.node));
                else if (inner.grammar == Grammar::g_format_specifier) interpolations(inner.node, into);
            }
        }
    }
}

NodeId Lowering::string(TSNode node) {
    Node made = make(Kind::string, node);
    name(made, node);
    for (const char letter : made.name) {
        if (letter == '"' || letter == '\'') break;
        if (letter == 'f' || letter == 'F') set(made, Flag::is_fstring);
        if (letter == 'b' || letter == 'B') set(made, Flag::is_bytes);
    }
    std::vector<NodeId> inner;
    interpolations(node, inner);
    if (!inner.empty()) set(made, Flag::is_fstring);
    return build_.add(made, inner);
}

}  // namespace

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
