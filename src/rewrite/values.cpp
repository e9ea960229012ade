// The user's expressions as arguments of partial evaluation, and texts back into the user's expressions.
#include <algorithm>
#include <charconv>

#include "rewrite/rewriter.h"
#include "rules/frame.h"

namespace mlxify::rewrite {

namespace {

Precedence natural(const syntax::Node& node) {
    switch (node.kind) {
    case NodeKind::tuple: return node.has(syntax::Flag::parenthesized) ? Precedence::atom : Precedence::tuple;
    case NodeKind::named_expr:
    case NodeKind::yield_:
    case NodeKind::yield_from: return Precedence::named;
    case NodeKind::lambda: return Precedence::lambda;
    case NodeKind::conditional: return Precedence::conditional;
    case NodeKind::bool_op:
    case NodeKind::binary: return rules::precedence_of(node.op);
    case NodeKind::unary: return node.op == syntax::Op::not_ ? Precedence::not_ : Precedence::unary;
    case NodeKind::compare: return Precedence::compare;
    case NodeKind::await_: return Precedence::await_;
    case NodeKind::generator: return Precedence::named;
    case NodeKind::starred:
    case NodeKind::keyword: return Precedence::tuple;
    default: return Precedence::atom;
    }
}

Precedence above(Precedence precedence) { return static_cast<Precedence>(static_cast<int>(precedence) + 1); }

}  // namespace

Precedence Rewriter::precedence_of(NodeId id) const {
    const auto replaced = precedence_.find(syntax::index(id));
    return replaced != precedence_.end() ? replaced->second : natural(tree_[id]);
}

// A line break is allowed there: some bracket around the node is open.
bool Rewriter::inside_brackets(NodeId id) const {
    for (NodeId at = id; exists(at) && syntax::is_expression(tree_[at].kind) ; at = tree_[at].parent) {
        const syntax::Node& node = tree_[at];
        if (node.has(syntax::Flag::parenthesized)) return true;
        if (!exists(node.parent)) return false;
        const syntax::Node& around = tree_[node.parent];
        const bool first = tree_.child(node.parent, 0) == at;
        switch (around.kind) {
        case NodeKind::call:
        case NodeKind::subscript:
            if (!first) return true;
            break;
        case NodeKind::keyword:
        case NodeKind::list:
        case NodeKind::set:
        case NodeKind::dict:
        case NodeKind::dict_entry:
        case NodeKind::list_comp:
        case NodeKind::set_comp:
        case NodeKind::dict_comp:
        case NodeKind::generator:
        case NodeKind::comprehension:
        case NodeKind::string:
        case NodeKind::parameter: return true;
        case NodeKind::tuple:
            if (around.has(syntax::Flag::parenthesized)) return true;
            break;
        default: break;
        }
    }
    return false;
}

bool Rewriter::is_trivial(NodeId id) const {
    const syntax::Node& node = tree_[id];
    switch (node.kind) {
    case NodeKind::name:
    case NodeKind::integer:
    case NodeKind::floating:
    case NodeKind::string:
    case NodeKind::true_:
    case NodeKind::false_:
    case NodeKind::none_:
    case NodeKind::ellipsis: return true;
    case NodeKind::attribute: return is_trivial(tree_.child(id, 0));
    case NodeKind::unary: return node.op == syntax::Op::neg && is_trivial(tree_.child(id, 0));
    case NodeKind::subscript: {
        const NodeKind index = tree_[tree_.child(id, 1)].kind;
        return (index == NodeKind::integer || index == NodeKind::unary || index == NodeKind::name) && is_trivial(tree_.child(id, 0)) && is_trivial(tree_.child(id, 1));
    }
    default: return false;
    }
}

// Whether the samples saw a number below zero there.
bool Rewriter::was_negative(NodeId id) const {
    const base::Span span = tree_[id].span;
    return std::any_of(input_.observed.begin(), input_.observed.end(), [&](const infer::ObservedFact& seen) { return seen.negative && seen.span == span; });
}

// `-x`, or what is only ever set to that; a number that the samples saw below zero.
bool Rewriter::is_negated(NodeId id) const {
    const NodeId only = tree_[id].kind == NodeKind::name ? names_[names_.binding(id)].only_value : syntax::kNoNode;
    const auto is_negation = [&](NodeId node) {
        if (!exists(node) || tree_[node].kind != NodeKind::unary || tree_[node].op != syntax::Op::neg) return false;
        const NodeKind inner = tree_[tree_.child(node, 0)].kind;
        return node != id || (inner != NodeKind::integer && inner != NodeKind::floating);
    };
    return is_negation(id) || is_negation(only) || (fact(id).kind == infer::Kind::integer && was_negative(id));
}

// What stands in the one tuple that a name is set to: pad = (0, 0, 0, missing)
std::vector<NodeId> Rewriter::elements_of(NodeId name) const {
    const NodeId only = tree_[name].kind == NodeKind::name ? names_[names_.binding(name)].only_value : syntax::kNoNode;
    if (!exists(only) || tree_[only].kind != NodeKind::tuple) return {};
    const auto children = tree_.children(only);
    if (std::any_of(children.begin(), children.end(), [&](NodeId child) { return tree_[child].kind == NodeKind::starred; })) return {};
    return {children.begin(), children.end()};
}

// A tensor in some run, whatever it was in others.
bool Rewriter::was_tensor(NodeId id) const {
    const base::Span span = tree_[id].span;
    return std::any_of(input_.observed.begin(), input_.observed.end(), [&](const infer::ObservedFact& seen) { return seen.tensor && seen.span == span; });
}

Value Rewriter::value_of(NodeId id) {
    const syntax::Node& node = tree_[id];
    const infer::Fact& known = fact(id);
    Value value;
    value.fact = known;
    value.fact.value = infer::kNoValue;
    if (node.kind == NodeKind::attribute && (node.name == "weight" || node.name == "bias") && is_of_bare_norm(id) && is_optional_weight(id)) value.fact = {};
    switch (node.kind) {
    case NodeKind::none_: value.constant = rules::None{}; break;
    case NodeKind::true_: value.constant = true; break;
    case NodeKind::false_: value.constant = false; break;
    case NodeKind::integer: {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(node.name.data(), node.name.data() + node.name.size(), number);
        if (error == std::errc{} && end == node.name.data() + node.name.size()) value.constant = number;
        value.fact.kind = infer::Kind::integer;
        break;
    }
    case NodeKind::floating:
        value.constant = std::strtod(std::string(node.name).c_str(), nullptr);
        value.fact.kind = infer::Kind::floating;
        break;
    case NodeKind::string:
        if (!node.has(syntax::Flag::is_fstring) && !node.has(syntax::Flag::is_bytes)) value.constant = rules::unescape(node.name);
        value.fact.kind = infer::Kind::string;
        break;
    case NodeKind::unary:
        if (node.op == syntax::Op::neg) {
            const NodeId inner = tree_.child(id, 0);
            if (tree_[inner].kind == NodeKind::integer || tree_[inner].kind == NodeKind::floating) {
                const Value positive = value_of(inner);
                if (positive.integer()) value.constant = -*positive.integer();
                else if (positive.constant) value.constant = -std::get<double>(*positive.constant);
                value.fact.kind = positive.fact.kind;
            }
        }
        break;
    case NodeKind::tuple:
    case NodeKind::list: {
        value.has_items = true;
        value.is_list = node.kind == NodeKind::list;
        value.fact.kind = value.is_list ? infer::Kind::list : infer::Kind::tuple;
        for (const NodeId child : tree_.children(id)) {
            if (tree_[child].kind == NodeKind::starred) {
                Value inner = value_of(tree_.child(child, 0));
                if (inner.has_items && !is_seen_empty(inner) && !rules::is_size_of_samples(inner)) {
                    value.items.insert(value.items.end(), inner.items.begin(), inner.items.end());
                    continue;
                }
                inner.starred = true;
                value.items.push_back(std::move(inner));
                value.has_items = false;
            } else {
                value.items.push_back(value_of(child));
            }
        }
        break;
    }
    default: break;
    }
    value.negated = !value.constant && is_negated(id);
    if (!value.constant && known.value != infer::kNoValue && node.kind != NodeKind::unary) {
        if (const infer::Value* constant = facts_.value(known)) {
            if (std::holds_alternative<std::monostate>(*constant)) value.constant = rules::None{};
            else if (const bool* flag = std::get_if<bool>(constant)) value.constant = *flag;
            else if (const auto* number = std::get_if<std::int64_t>(constant)) value.constant = *number;
            else if (const auto* real = std::get_if<double>(constant)) value.constant = *real;
            else if (const auto* text = std::get_if<std::string>(constant)) value.constant = *text;
        }
    }
    if (known.kind == infer::Kind::none && !value.constant) value.constant = rules::None{};
    if (value.integer()) value.dim = {true, *value.integer(), {}};
    rules::Leaf leaf;
    leaf.node = syntax::index(id);
    const auto bare = bare_.find(syntax::index(id));
    leaf.precedence = bare == bare_.end() || owner_text_.contains(syntax::index(id)) ? precedence_of(id) : bare->second;
    leaf.trivial = is_trivial(id);
    if (node.kind == NodeKind::list || node.kind == NodeKind::list_comp) leaf.made = rules::Leaf::Made::list;
    if (node.kind == NodeKind::dict || node.kind == NodeKind::dict_comp) leaf.made = rules::Leaf::Made::dict;
    if (node.kind == NodeKind::generator && !tree_.text(id).starts_with('(')) leaf.made = rules::Leaf::Made::generator;
    leaf.written = tree_.text(id);
    const bool sequence_literal = node.kind == NodeKind::tuple || node.kind == NodeKind::list;
    value = leaves_.add(std::move(leaf), std::move(value));
    const bool sequence = known.kind == infer::Kind::tuple || known.kind == infer::Kind::list || known.kind == infer::Kind::size;
    if (!sequence_literal && sequence && known.length >= 0 && known.length <= 16) {
        value.has_items = true;
        value.is_list = known.kind == infer::Kind::list;
        const auto* elements = known.elements != 0 ? &facts_.sequences[known.elements] : nullptr;
        const std::vector<NodeId> written = elements_of(id);
        const bool all_written = written.size() == static_cast<std::size_t>(known.length);
        for (std::int32_t at = 0; at < known.length; ++at) {
            Value item = rules::code_value(rules::operand(value, Precedence::atom) + "[" + std::to_string(at) + "]");
            if (known.kind == infer::Kind::size) item.fact.kind = infer::Kind::integer;
            if (elements && static_cast<std::size_t>(at) < elements->size()) {
                item.fact = (*elements)[static_cast<std::size_t>(at)];
                if (const infer::Value* constant = facts_.value(item.fact)) {
                    if (const auto* number = std::get_if<std::int64_t>(constant)) item = rules::integer_value(*number);
                    else if (std::holds_alternative<std::monostate>(*constant)) item = rules::none_value();
                }
            }
            item.of_length = known.length;
            item.negated = !item.constant && (!all_written || is_negated(written[static_cast<std::size_t>(at)]));
            value.items.push_back(std::move(item));
        }
    }
    return value;
}

Precedence Rewriter::needed(NodeId id) const {
    const syntax::Node& node = tree_[id];
    if (node.has(syntax::Flag::parenthesized)) return Precedence::tuple;
    const NodeId parent = node.parent;
    if (!exists(parent)) return Precedence::tuple;
    const syntax::Node& around = tree_[parent];
    const bool first = tree_.child(parent, 0) == id;
    switch (around.kind) {
    case NodeKind::attribute:
    case NodeKind::await_: return Precedence::atom;
    case NodeKind::call:
    case NodeKind::subscript: return first ? Precedence::atom : Precedence::named;
    case NodeKind::binary:
        if (around.op == syntax::Op::pow) return first ? Precedence::await_ : Precedence::unary;
        return first ? rules::precedence_of(around.op) : above(rules::precedence_of(around.op));
    case NodeKind::bool_op: return first ? rules::precedence_of(around.op) : above(rules::precedence_of(around.op));
    case NodeKind::unary: return around.op == syntax::Op::not_ ? Precedence::not_ : Precedence::unary;
    case NodeKind::compare: return Precedence::bit_or;
    case NodeKind::conditional: return tree_.child(parent, 2) == id ? Precedence::conditional : Precedence::or_;
    case NodeKind::starred: return Precedence::bit_or;
    case NodeKind::lambda: return Precedence::lambda;
    case NodeKind::comprehension: return tree_.child(parent, 0) == id ? Precedence::tuple : Precedence::or_;
    case NodeKind::assign:
    case NodeKind::aug_assign:
    case NodeKind::return_:
    case NodeKind::expression_statement:
    case NodeKind::for_: return Precedence::tuple;
    default: return Precedence::named;
    }
}

namespace {

// The text breaks its line outside of brackets and strings.
bool breaks_line(std::string_view text) {
    int depth = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char letter = text[at];
        if (letter == '"' || letter == '\'') {
            const bool triple = text.substr(at, 3) == std::string(3, letter);
            const std::size_t width = triple ? 3 : 1;
            const std::string_view fence = text.substr(at, width);
            at += width;
            while (at < text.size() && text.substr(at, width) != fence) at += text[at] == '\\' ? 2 : 1;
            at += width - 1;
        } else if (letter == '#') {
            while (at + 1 < text.size() && text[at + 1] != '\n') ++at;
        } else if (letter == '(' || letter == '[' || letter == '{') {
            ++depth;
        } else if (letter == ')' || letter == ']' || letter == '}') {
            --depth;
        } else if (letter == '\n' && depth == 0) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::string Rewriter::one_expression(std::string text) {
    return text.find('\n') != std::string::npos && breaks_line(text) ? "(" + text + ")" : text;
}

void Rewriter::put(NodeId id, std::string text, Precedence precedence, std::string_view rule) {
    bare_.erase(syntax::index(id));
    if (precedence < needed(id) && text.find('\n') == std::string::npos) bare_[syntax::index(id)] = precedence;
    if (precedence < needed(id) || (text.find('\n') != std::string::npos && !inside_brackets(id) && breaks_line(text))) {
        text = "(" + text + ")";
        precedence = Precedence::atom;
    }
    precedence_[syntax::index(id)] = precedence;
    if (text == tree_.text(id)) return;
    keep_owner_text(id);
    edits_.replace(tree_[id].span, std::move(text), rule);
}

// `w.data` and `w.view(2, 3)` give way to a value, but an in-place write to them goes to `w`, which must still be known then.
void Rewriter::keep_owner_text(NodeId id) {
    NodeId attribute = id;
    if (tree_[id].kind == NodeKind::call) attribute = tree_.child(id, 0);
    if (tree_[attribute].kind != NodeKind::attribute) return;
    const NodeId owner = tree_.child(attribute, 0);
    if (tree_[owner].kind == NodeKind::name) return;
    constexpr std::string_view kViews[] = {"data",    "detach",  "view",      "reshape", "flatten", "unsqueeze", "squeeze",
                                           "view_as", "unflatten", "transpose", "swapaxes", "t",       "T"};
    if (std::find(std::begin(kViews), std::end(kViews), tree_[attribute].name) == std::end(kViews)) return;
    owner_text_[syntax::index(owner)] = rendered(owner);
}

// An argument of a text that sets parentheses by itself.
std::string Rewriter::rendered_bare(NodeId id) const {
    const std::string text = rendered(id);
    return bare_.contains(syntax::index(id)) && !owner_text_.contains(syntax::index(id)) ? text.substr(1, text.size() - 2) : text;
}

std::string Rewriter::rendered(NodeId id) const {
    const auto kept = owner_text_.find(syntax::index(id));
    if (kept != owner_text_.end()) return kept->second;
    return syntax::is_expression(tree_[id].kind) ? edits_.render_expression(tree_[id].span) : edits_.render(tree_[id].span);
}

}  // namespace mlxify::rewrite
