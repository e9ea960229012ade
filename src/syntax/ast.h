// The typed tree of one Python file over its bytes: nodes in one flat arena, typed ids, byte spans.
// takes: SourceText; gives: Tree; says: MX1002, MX1003; tests: parse_test.cpp
//
// Whatever is no node (white space, parentheses, comments, commas) is found in the bytes between the children's spans, so
// nothing of the source is lost. Children of a node lie in source order unless the table below says otherwise.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/span.h"

namespace mlxify::syntax {

// What each kind keeps. `name` is Node::name; slots are child(0), child(1), ...; "?" may be absent (kNoNode);
// "..." is the rest.
enum class Kind : std::uint8_t {
    none,
    // statements
    module_,         // body: child(0) is a block
    block,           // statements...
    function_def,    // name; parameters, returns?, body, decorators...           flag is_async
    class_def,       // name; body, arguments... (bases and keywords), decorators follow: see decorator_begin
    decorator,       // expression
    return_,         // value?
    delete_,         // targets...
    assign,          // value, targets... (a = b = v has two targets; value is child 0 although it stands last)
    aug_assign,      // target, value                                             op
    ann_assign,      // target, annotation, value?
    for_,            // target, iterable, body, orelse?                           flag is_async
    while_,          // test, body, orelse?
    if_,             // test, body, orelse? (an elif is a block with the single statement if_, flag is_elif on that if_)
    with_,           // body, items...                                            flag is_async
    with_item,       // context, target?
    raise_,          // exception?, cause?
    try_,            // body, orelse?, finally?, handlers...
    except_handler,  // name (may be empty); type?, body
    assert_,         // test, message?
    import_,         // aliases...
    import_from,     // name = module as written, dots included; aliases...       flag is_star
    alias,           // name = dotted name; asname in Node::text2
    global_,         // names... (name nodes)
    nonlocal_,       // names...
    expression_statement,  // expression
    pass_,
    break_,
    continue_,
    match_,          // subject, cases...
    case_,           // guard?, body; the pattern is text only (Node::text2)
    type_alias,      // opaque
    // expressions
    bool_op,         // left, right                                               op and_/or_
    named_expr,      // target, value
    binary,          // left, right                                               op
    unary,           // operand                                                   op
    lambda,          // parameters, body
    conditional,     // body, test, orelse   (body if test else orelse)
    dict,            // entries...  (dict_entry or starred with flag double_star)
    dict_entry,      // key, value
    set,             // elements...
    list,            // elements...
    tuple,           // elements...  flag parenthesized if it has its own parentheses (then the span includes them)
    list_comp,       // element, comprehensions...
    set_comp,        // element, comprehensions...
    dict_comp,       // dict_entry, comprehensions...
    generator,       // element, comprehensions...  span includes its parentheses, except as sole argument of a call
    comprehension,   // target, iterable, conditions...                           flag is_async
    await_,          // value
    yield_,          // value?
    yield_from,      // value
    compare,         // first, rest...; operators in Tree::compare_ops(id), one per rest
    call,            // callee, arguments... (expressions, starred, keyword)
    keyword,         // name (empty for **value); value
    starred,         // value                                                     flag double_star for ** in a dict
    attribute,       // name; object
    subscript,       // object, index (a tuple node, without parentheses, for several; may hold slice nodes)
    slice,           // begin?, end?, step?
    name,            // name
    integer,         // text = name
    floating,        // text = name
    imaginary,       // text = name
    string,          // text = name: the whole literal as written, all implicitly joined parts; flag is_fstring, is_bytes
                     // children of an f-string: the expressions inside its braces, in order
    true_,
    false_,
    none_,
    ellipsis,
    // pieces
    parameters,      // parameter...
    parameter,       // name; annotation?, default?                               flags star, double_star, keyword_only, positional_only
                     // a bare `*` or `/` is no node
};

enum class Op : std::uint8_t {
    none,
    add, sub, mul, matmul, div, floor_div, mod, pow, lshift, rshift, bit_or, bit_xor, bit_and,
    and_, or_, not_, invert, pos, neg,
    eq, ne, lt, le, gt, ge, is, is_not, in, not_in,
};

enum class Flag : std::uint16_t {
    is_async = 1,
    is_elif = 2,
    is_star = 4,
    is_fstring = 8,
    is_bytes = 16,
    star = 32,           // *args parameter
    double_star = 64,    // **kwargs parameter, ** in a dict or call
    keyword_only = 128,
    positional_only = 256,
    parenthesized = 512, // an expression wrapped in at least one pair of parentheses that are not part of its span
};

// Index into the arena. 0 is no node.
enum class NodeId : std::uint32_t {};
inline constexpr NodeId kNoNode{0};
constexpr std::uint32_t index(NodeId id) { return static_cast<std::uint32_t>(id); }
constexpr bool exists(NodeId id) { return id != kNoNode; }

struct Node {
    Kind kind = Kind::none;
    Op op = Op::none;
    std::uint16_t flags = 0;
    NodeId parent = kNoNode;
    base::Span span;                 // without enclosing parentheses (flag parenthesized tells of them), decorators included for definitions
    std::uint32_t first_child = 0;   // into Tree's child list
    std::uint32_t child_count = 0;
    std::string_view name;           // into the source text
    std::string_view text2;          // asname of an alias, pattern of a case
    base::Span name_span;            // of `name`, where it has one of its own (definitions, attributes, keywords, parameters)

    [[nodiscard]] bool has(Flag flag) const { return (flags & static_cast<std::uint16_t>(flag)) != 0; }
};

class Tree {
public:
    [[nodiscard]] const Node& operator[](NodeId id) const { return nodes_[index(id)]; }
    [[nodiscard]] std::span<const NodeId> children(NodeId id) const {
        const Node& node = nodes_[index(id)];
        return {children_.data() + node.first_child, node.child_count};
    }
    [[nodiscard]] NodeId child(NodeId id, std::uint32_t slot) const {
        const Node& node = nodes_[index(id)];
        return slot < node.child_count ? children_[node.first_child + slot] : kNoNode;
    }
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }  // node 0 is no node
    [[nodiscard]] NodeId root() const { return root_; }
    [[nodiscard]] std::span<const base::Span> comments() const { return comments_; }  // in order, without line break
    [[nodiscard]] std::span<const Op> compare_ops(NodeId id) const;
    [[nodiscard]] std::string_view source() const { return source_; }
    [[nodiscard]] std::string_view text(NodeId id) const { return source_.substr((*this)[id].span.begin, (*this)[id].span.size()); }
    // Of a class_def: child slots [1, decorator_begin) are bases and keywords, the rest decorators. Of a function_def: 3.
    [[nodiscard]] std::uint32_t decorator_begin(NodeId id) const;
    // The innermost statement / function / class around a node (the node itself if it is one); kNoNode at module level.
    [[nodiscard]] NodeId statement_of(NodeId id) const;
    [[nodiscard]] NodeId function_of(NodeId id) const;  // strictly around
    [[nodiscard]] NodeId class_of(NodeId id) const;     // strictly around; the class whose body holds it directly or through functions
    // Nodes are stored so that every child has a smaller id than its parent (post-order).

private:
    friend class TreeBuilder;
    std::string_view source_;
    std::vector<Node> nodes_;
    std::vector<NodeId> children_;
    std::vector<base::Span> comments_;
    std::vector<std::pair<NodeId, std::vector<Op>>> compare_ops_;  // by id, ascending; only chains that differ from Node::op
    NodeId root_ = kNoNode;
};

[[nodiscard]] bool is_expression(Kind kind);
[[nodiscard]] bool is_statement(Kind kind);
[[nodiscard]] std::string_view spelling(Op op);   // "+", "is not", ...
[[nodiscard]] std::string_view kind_name(Kind kind);

}  // namespace mlxify::syntax
