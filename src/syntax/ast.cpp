#include "syntax/ast.h"

#include <algorithm>

#include "base/check.h"

namespace mlxify::syntax {

std::span<const Op> Tree::compare_ops(NodeId id) const {
    const auto found = std::lower_bound(compare_ops_.begin(), compare_ops_.end(), id,
                                        [](const auto& entry, NodeId wanted) { return index(entry.first) < index(wanted); });
    if (found != compare_ops_.end() && found->first == id) return found->second;
    return {&nodes_[index(id)].op, 1};
}

std::uint32_t Tree::decorator_begin(NodeId id) const {
    const Node& node = (*this)[id];
    MLXIFY_CHECK(node.kind == Kind::class_def || node.kind == Kind::function_def);
    if (node.kind == Kind::function_def) return 3;
    std::uint32_t slot = node.child_count;
    while (slot > 1 && (*this)[child(id, slot - 1)].kind == Kind::decorator) --slot;
    return slot;
}

NodeId Tree::statement_of(NodeId id) const {
    while (exists(id) && !is_statement((*this)[id].kind)) id = (*this)[id].parent;
    return id;
}

NodeId Tree::function_of(NodeId id) const {
    do id = (*this)[id].parent;
    while (exists(id) && (*this)[id].kind != Kind::function_def);
    return id;
}

NodeId Tree::class_of(NodeId id) const {
    do id = (*this)[id].parent;
    while (exists(id) && (*this)[id].kind != Kind::class_def);
    return id;
}

bool is_expression(Kind kind) { return kind >= Kind::bool_op && kind <= Kind::ellipsis; }

bool is_statement(Kind kind) {
    switch (kind) {
    case Kind::block:
    case Kind::decorator:
    case Kind::with_item:
    case Kind::except_handler:
    case Kind::alias:
    case Kind::case_:
    case Kind::module_:
    case Kind::none:
        return false;
    default:
        return kind < Kind::bool_op;
    }
}

std::string_view spelling(Op op) {
    switch (op) {
    case Op::none: return "";
    case Op::add: return "+";
    case Op::sub: return "-";
    case Op::mul: return "*";
    case Op::matmul: return "@";
    case Op::div: return "/";
    case Op::floor_div: return "//";
    case Op::mod: return "%";
    case Op::pow: return "**";
    case Op::lshift: return "<<";
    case Op::rshift: return ">>";
    case Op::bit_or: return "|";
    case Op::bit_xor: return "^";
    case Op::bit_and: return "&";
    case Op::and_: return "and";
    case Op::or_: return "or";
    case Op::not_: return "not";
    case Op::invert: return "~";
    case Op::pos: return "+";
    case Op::neg: return "-";
    case Op::eq: return "==";
    case Op::ne: return "!=";
    case Op::lt: return "<";
    case Op::le: return "<=";
    case Op::gt: return ">";
    case Op::ge: return ">=";
    case Op::is: return "is";
    case Op::is_not: return "is not";
    case Op::in: return "in";
    case Op::not_in: return "not in";
    }
    return "";
}

std::string_view kind_name(Kind kind) {
    switch (kind) {
#define MLXIFY_KIND(name) \
    case Kind::name: return #name;
        MLXIFY_KIND(none) MLXIFY_KIND(module_) MLXIFY_KIND(block) MLXIFY_KIND(function_def) MLXIFY_KIND(class_def)
        MLXIFY_KIND(decorator) MLXIFY_KIND(return_) MLXIFY_KIND(delete_) MLXIFY_KIND(assign) MLXIFY_KIND(aug_assign)
        MLXIFY_KIND(ann_assign) MLXIFY_KIND(for_) MLXIFY_KIND(while_) MLXIFY_KIND(if_) MLXIFY_KIND(with_)
        MLXIFY_KIND(with_item) MLXIFY_KIND(raise_) MLXIFY_KIND(try_) MLXIFY_KIND(except_handler) MLXIFY_KIND(assert_)
        MLXIFY_KIND(import_) MLXIFY_KIND(import_from) MLXIFY_KIND(alias) MLXIFY_KIND(global_) MLXIFY_KIND(nonlocal_)
        MLXIFY_KIND(expression_statement) MLXIFY_KIND(pass_) MLXIFY_KIND(break_) MLXIFY_KIND(continue_)
        MLXIFY_KIND(match_) MLXIFY_KIND(case_) MLXIFY_KIND(type_alias) MLXIFY_KIND(bool_op) MLXIFY_KIND(named_expr)
        MLXIFY_KIND(binary) MLXIFY_KIND(unary) MLXIFY_KIND(lambda) MLXIFY_KIND(conditional) MLXIFY_KIND(dict)
        MLXIFY_KIND(dict_entry) MLXIFY_KIND(set) MLXIFY_KIND(list) MLXIFY_KIND(tuple) MLXIFY_KIND(list_comp)
        MLXIFY_KIND(set_comp) MLXIFY_KIND(dict_comp) MLXIFY_KIND(generator) MLXIFY_KIND(comprehension)
        MLXIFY_KIND(await_) MLXIFY_KIND(yield_) MLXIFY_KIND(yield_from) MLXIFY_KIND(compare) MLXIFY_KIND(call)
        MLXIFY_KIND(keyword) MLXIFY_KIND(starred) MLXIFY_KIND(attribute) MLXIFY_KIND(subscript) MLXIFY_KIND(slice)
        MLXIFY_KIND(name) MLXIFY_KIND(integer) MLXIFY_KIND(floating) MLXIFY_KIND(imaginary) MLXIFY_KIND(string)
        MLXIFY_KIND(true_) MLXIFY_KIND(false_) MLXIFY_KIND(none_) MLXIFY_KIND(ellipsis) MLXIFY_KIND(parameters)
        MLXIFY_KIND(parameter)
#undef MLXIFY_KIND
    }
    return "";
}

}  // namespace mlxify::syntax
