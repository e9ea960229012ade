// Expressions of tree-sitter's tree.
#include <algorithm>
#include <array>

#include "syntax/lowering.h"

namespace mlxify::syntax {

Op binary_op(std::string_view text) {
    for (int op = static_cast<int>(Op::add); op <= static_cast<int>(Op::bit_and); ++op)
        if (spelling(static_cast<Op>(op)) == text) return static_cast<Op>(op);
    return Op::none;
}

namespace {

Op compare_op(std::string_view text) {
    if (text == "<>") return Op::ne;
    if (text.starts_with("not")) return Op::not_in;
    if (text.starts_with("is") && text.size() > 2) return Op::is_not;
    for (int op = static_cast<int>(Op::eq); op <= static_cast<int>(Op::not_in); ++op)
        if (spelling(static_cast<Op>(op)) == text) return static_cast<Op>(op);
    return Op::none;
}

}  // namespace

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

}  // namespace mlxify::syntax
