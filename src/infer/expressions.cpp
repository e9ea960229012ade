// Expressions: dispatch, literals, names, and what chooses between its parts.
#include <charconv>
#include <string>
#include <vector>

#include "infer/annotations.h"
#include "infer/evaluator.h"
#include "infer/tensor_results.h"

namespace mlxify::infer {

using syntax::index;
using NodeKind = syntax::Kind;
using syntax::Flag;
using syntax::Op;

void Evaluator::record(NodeId node, const Fact& fact) {
    if (!recording_) return;
    Fact& kept = table_.by_node[index(node)];
    kept = fact;
    kept.same_rank_as = 0;
    if (fact.maybe_none) kept.kind = Kind::unknown;  // no reader may take it for certain
    if (fact.elements != 0) kept.elements = certain_elements(fact.elements);
}

// The elements with those that may be None made unknown.
std::uint32_t Evaluator::certain_elements(std::uint32_t elements) {
    if (certain_.size() <= elements) certain_.resize(table_.sequences.size(), 0);
    if (certain_[elements] != 0) return certain_[elements] - 1;
    std::vector<Fact> facts = table_.sequences[elements];
    bool changed = false;
    for (Fact& fact : facts) {
        const std::uint32_t inner = fact.elements != 0 ? certain_elements(fact.elements) : 0;
        changed |= inner != fact.elements || (fact.maybe_none && fact.kind != Kind::unknown);
        fact.elements = inner;
        if (fact.maybe_none) fact.kind = Kind::unknown;
    }
    const std::uint32_t certain = changed ? store_.sequence(facts) : elements;
    certain_[elements] = certain + 1;
    return certain;
}

Fact Evaluator::evaluate_unrecorded(NodeId node) {
    const bool recorded = recording_;
    recording_ = false;
    const Fact fact = evaluate(node);
    recording_ = recorded;
    return fact;
}

Fact Evaluator::evaluate(NodeId node) {
    if (!exists(node)) return {};
    Fact fact;
    switch (tree_[node].kind) {
    case NodeKind::name: fact = evaluate_name(node); break;
    case NodeKind::attribute: fact = evaluate_attribute(node); break;
    case NodeKind::call: fact = evaluate_call(node); break;
    case NodeKind::subscript: fact = evaluate_subscript(node); break;
    case NodeKind::binary: fact = evaluate_binary(node); break;
    case NodeKind::unary: fact = evaluate_unary(node); break;
    case NodeKind::bool_op: fact = evaluate_bool_op(node); break;
    case NodeKind::compare: fact = evaluate_compare(node); break;
    case NodeKind::conditional: fact = evaluate_conditional(node); break;
    case NodeKind::tuple: fact = evaluate_sequence(node, Kind::tuple); break;
    case NodeKind::list: fact = evaluate_sequence(node, Kind::list); break;
    case NodeKind::set:
        evaluate_sequence(node, Kind::list);
        fact = make(Kind::object);
        break;
    case NodeKind::dict: fact = evaluate_dict(node); break;
    case NodeKind::list_comp:
    case NodeKind::set_comp:
    case NodeKind::dict_comp:
    case NodeKind::generator: fact = evaluate_comprehension(node); break;
    case NodeKind::lambda:
        for (const NodeId parameter : tree_.children(tree_.child(node, 0)))
            if (exists(tree_.child(parameter, 1))) evaluate(tree_.child(parameter, 1));
        fact = make(Kind::function);
        fact.definition = index(node);
        break;
    case NodeKind::named_expr:
        fact = evaluate(tree_.child(node, 1));
        assign(tree_.child(node, 0), fact, tree_.child(node, 1));
        break;
    case NodeKind::starred: fact = evaluate(tree_.child(node, 0)); break;
    case NodeKind::await_: evaluate(tree_.child(node, 0)); break;
    case NodeKind::yield_:
    case NodeKind::yield_from: {
        const Fact value = evaluate(tree_.child(node, 0));
        const Fact element = tree_[node].kind == NodeKind::yield_ ? value : iterated(value);
        frame_->yielded = frame_->yields ? store_.join(frame_->yielded, element) : element;
        frame_->yields = true;
        break;
    }
    case NodeKind::slice:
        for (const NodeId bound : tree_.children(node))
            if (exists(bound)) evaluate(bound);
        break;
    default: fact = evaluate_literal(node); break;
    }
    apply_observed(node, fact);
    if (fact.value != kNoValue && counts_observed_axes(node)) fact = make(Kind::integer);
    record(node, fact);
    return fact;
}

Fact Evaluator::evaluate_literal(NodeId node) {
    const std::string_view text = tree_[node].name.empty() ? tree_.text(node) : tree_[node].name;
    switch (tree_[node].kind) {
    case NodeKind::integer: {
        std::string digits;
        for (const char c : text)
            if (c != '_') digits += c;
        std::int64_t number = 0;
        int base = 10;
        const char* begin = digits.data();
        if (digits.size() > 2 && digits[0] == '0' && !(digits[1] >= '0' && digits[1] <= '9')) {
            base = digits[1] == 'x' || digits[1] == 'X' ? 16 : digits[1] == 'b' || digits[1] == 'B' ? 2 : 8;
            begin += 2;
        }
        const auto read = std::from_chars(begin, digits.data() + digits.size(), number, base);
        return read.ec == std::errc{} ? store_.integer(number) : make(Kind::integer);
    }
    case NodeKind::floating: {
        std::string digits;
        for (const char c : text)
            if (c != '_') digits += c;
        double number = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        return read.ec == std::errc{} ? store_.constant(Kind::floating, number) : make(Kind::floating);
    }
    case NodeKind::true_: return store_.constant(Kind::boolean, true);
    case NodeKind::false_: return store_.constant(Kind::boolean, false);
    case NodeKind::none_: return make(Kind::none);
    case NodeKind::string: {
        for (const NodeId part : tree_.children(node))
            if (exists(part)) evaluate(part);
        // Only a plain literal of one piece is kept as a value: that is what patterns and modes are.
        const char quote = text.empty() ? ' ' : text.front();
        const bool plain = text.size() >= 2 && (quote == '"' || quote == '\'') && text.back() == quote &&
                           text.find('\\') == std::string_view::npos &&
                           text.substr(1, text.size() - 2).find(quote) == std::string_view::npos;
        if (!plain || tree_[node].has(Flag::is_fstring)) return make(tree_[node].has(Flag::is_bytes) ? Kind::object : Kind::string);
        return store_.constant(Kind::string, std::string(text.substr(1, text.size() - 2)));
    }
    default: return {};
    }
}

// torch.ones(3, dtype=bool), x.to(int): a type of Python stands for a dtype.
bool Evaluator::is_dtype_argument(NodeId node) const {
    const NodeId around = tree_[node].parent;
    const bool keyword = exists(around) && tree_[around].kind == NodeKind::keyword;
    const NodeId call = keyword ? tree_[around].parent : around;
    if (!exists(call) || tree_[call].kind != NodeKind::call || tree_.child(call, 0) == node) return false;
    const NodeId callee = tree_.child(call, 0);
    const std::string qualified = names::qualified_name(tree_, names_, callee);
    if (!qualified.empty()) return keyword && tree_[around].name == "dtype" && qualified.starts_with("torch.");
    if (tree_[callee].kind != NodeKind::attribute) return false;
    const Kind object = table_.by_node[index(tree_.child(callee, 0))].kind;
    if (object != Kind::tensor && object != Kind::unknown) return false;
    return keyword ? tree_[around].name == "dtype" : tree_[callee].name == "to" || tree_[callee].name == "type";
}

Fact Evaluator::evaluate_name(NodeId node) {
    const names::BindingId id = names_.binding(node);
    if (id == names::kNoBinding) {
        const std::string_view name = tree_[node].name;
        if (name == "Ellipsis" || name == "NotImplemented") return {};
        if (name == "__name__" || name == "__file__") return make(Kind::string);
        if (const DType dtype = dtype_of_builtin(name); dtype != DType::unknown && is_dtype_argument(node)) {
            Fact fact = make(Kind::dtype);
            fact.dtype = dtype;
            return fact;
        }
        return store_.library_fact(
            name == "int" || name == "float" || name == "bool" || name == "str" || name == "list" || name == "tuple" || name == "dict"
                ? Kind::class_
                : Kind::function,
            "builtins." + std::string(name));
    }
    const names::Binding& binding = names_[id];
    switch (binding.kind) {
    case names::BindingKind::import_: return library_constant(library_name_of(node));
    case names::BindingKind::class_: {
        Fact fact = make(Kind::class_);
        fact.class_index = names_.class_at[index(binding.definition)];
        return fact;
    }
    case names::BindingKind::function: {
        Fact fact = make(Kind::function);
        if (binding.stores.size() == 1) fact.definition = index(binding.definition);
        return fact;
    }
    default: break;
    }
    const auto slot = static_cast<std::uint32_t>(id);
    if (program_.frame_of(id) == frame_->node) {
        const Fact* fact = environment_.find(slot);
        return fact ? *fact : Fact{};
    }
    const Collected& summary = round_ == 1 || !summary_before_[slot].present ? summary_now_[slot] : summary_before_[slot];
    if (!summary.present) return {};
    Fact fact = summary.fact;
    fact.same_rank_as = 0;
    return fact;
}

// `a or b` is a where a is true, else b; the right side runs only where the left one allows. A chain of one operator is
// walked from its innermost left end, so that a long one costs no more than its length.
Fact Evaluator::evaluate_bool_op(NodeId node) {
    const Op op = tree_[node].op;
    std::vector<NodeId> chain{node};
    for (NodeId left = tree_.child(node, 0); tree_[left].kind == NodeKind::bool_op && tree_[left].op == op; left = tree_.child(left, 0))
        chain.push_back(left);
    NodeId operand = tree_.child(chain.back(), 0);
    Fact value = evaluate(operand);
    const std::size_t mark = environment_.branch();
    ++frame_->conditional;
    for (std::size_t at = chain.size(); at-- > 0;) {
        assume(operand, op == Op::and_);
        operand = tree_.child(chain[at], 1);
        value = either(op, value, evaluate(operand));
        if (at > 0) record(chain[at], value);
    }
    --frame_->conditional;
    const Environment::Changes after = environment_.roll_back(mark);
    environment_.merge(mark, after, true, true, store_);
    environment_.close(mark);
    return value;
}

// The value of `left and right` or `left or right`.
Fact Evaluator::either(Op op, Fact left, const Fact& right) {
    const bool is_and = op == Op::and_;
    const Truth known = truth(left);
    if (known == Truth::yes) return is_and ? right : left;
    if (known == Truth::no) return is_and ? left : right;
    if (!is_and) left.maybe_none = false;  // what is left of `a or b` is no None of a
    if (left.kind == Kind::boolean && right.kind == Kind::boolean) {
        const auto value = store_.boolean_value(right);
        if (value && *value == !is_and) return store_.constant(Kind::boolean, *value);
        return make(Kind::boolean);
    }
    Fact out = store_.join(left, right);
    out.value = kNoValue;
    return out;
}

Fact Evaluator::evaluate_conditional(NodeId node) {
    const NodeId test = tree_.child(node, 1);
    const Truth known = evaluate_condition(test);
    const std::size_t mark = environment_.branch();
    ++frame_->conditional;
    Fact body;
    Fact otherwise;
    if (known != Truth::no || recording_) {
        assume(test, true);
        body = evaluate(tree_.child(node, 0));
    }
    const Environment::Changes after = environment_.roll_back(mark);
    if (known != Truth::yes || recording_) {
        assume(test, false);
        otherwise = evaluate(tree_.child(node, 2));
    }
    environment_.merge(mark, after, true, true, store_);
    --frame_->conditional;
    environment_.close(mark);
    if (known != Truth::unknown) return known == Truth::yes ? body : otherwise;
    return store_.join(body, otherwise);
}

}  // namespace mlxify::infer
