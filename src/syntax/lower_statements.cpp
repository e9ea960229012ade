// Statements and definitions of tree-sitter's tree.
#include <algorithm>
#include <string>

#include "syntax/lowering.h"

namespace mlxify::syntax {

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

}  // namespace mlxify::syntax
