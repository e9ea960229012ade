// Expressions but for calls, attributes and subscripts.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "infer/evaluator.h"
#include "infer/tensor_results.h"

namespace mlxify::infer {

using syntax::index;
using NodeKind = syntax::Kind;
using syntax::Flag;
using syntax::Op;

namespace {

bool is_number(const Fact& fact) { return fact.kind == Kind::integer || fact.kind == Kind::floating || fact.kind == Kind::boolean; }

}  // namespace

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
    case NodeKind::set: evaluate_sequence(node, Kind::list); fact = make(Kind::object); break;
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
        const bool plain = text.size() >= 2 && (quote == '"' || quote == '\'') && text.back() == quote && text.find('\\') == std::string_view::npos &&
                           text.substr(1, text.size() - 2).find(quote) == std::string_view::npos;
        if (!plain || tree_[node].has(Flag::is_fstring)) return make(tree_[node].has(Flag::is_bytes) ? Kind::object : Kind::string);
        return store_.constant(Kind::string, std::string(text.substr(1, text.size() - 2)));
    }
    default: return {};
    }
}

Fact Evaluator::evaluate_name(NodeId node) {
    const names::BindingId id = names_.binding(node);
    if (id == names::kNoBinding) {
        const std::string_view name = tree_[node].name;
        if (name == "Ellipsis" || name == "NotImplemented") return {};
        if (name == "__name__" || name == "__file__") return make(Kind::string);
        return store_.library_fact(name == "int" || name == "float" || name == "bool" || name == "str" || name == "list" || name == "tuple" || name == "dict" ? Kind::class_ : Kind::function,
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

Fact Evaluator::evaluate_binary(NodeId node) {
    const NodeId left_node = tree_.child(node, 0);
    const NodeId right_node = tree_.child(node, 1);
    Fact left = evaluate(left_node);
    Fact right = evaluate(right_node);
    left = not_none(left_node, left);
    right = not_none(right_node, right);
    if (tree_[node].op == Op::matmul) {
        left = used_as_tensor(left_node, left);
        right = used_as_tensor(right_node, right);
    }
    return arithmetic(tree_[node].op, left, right, node);
}

Fact Evaluator::arithmetic(Op op, const Fact& left, const Fact& right, NodeId node) {
    if (left.kind == Kind::tensor || right.kind == Kind::tensor) {
        if (op == Op::matmul) return matrix_product(store_, left, right);
        DType dtype = arithmetic_dtype(left, right);
        if (op == Op::div && (is_integral(dtype) || dtype == DType::boolean)) dtype = DType::float32;
        return broadcast(store_, left, right, dtype);
    }
    const auto is_sequence = [](const Fact& fact) { return fact.kind == Kind::tuple || fact.kind == Kind::list || fact.kind == Kind::size; };
    if (op == Op::add && is_sequence(left) && is_sequence(right)) {
        // torch.Size + tuple is a torch.Size again
        const Kind kind = left.kind == Kind::list ? Kind::list : left.kind == Kind::size || right.kind == Kind::size ? Kind::size : Kind::tuple;
        if (left.length < 0 || right.length < 0) return store_.repeated(kind, left.elements != 0 && right.elements != 0 ? store_.join(store_.element(left), store_.element(right)) : Fact{});
        std::vector<Fact> parts(static_cast<std::size_t>(left.length));
        if (left.elements != 0) parts = store_.elements(left);
        std::vector<Fact> more(static_cast<std::size_t>(right.length));
        if (right.elements != 0) more = store_.elements(right);
        parts.insert(parts.end(), more.begin(), more.end());
        return store_.sequence_of(kind, parts);
    }
    if (op == Op::mul && (is_sequence(left) || is_sequence(right))) {
        const Fact& sequence = is_sequence(left) ? left : right;
        const auto count = store_.integer_value(is_sequence(left) ? right : left);
        if (count && *count >= 0 && sequence.length >= 0 && *count * sequence.length <= 64 && (sequence.elements != 0 || sequence.length == 0)) {
            std::vector<Fact> parts;
            if (sequence.elements != 0)
                for (std::int64_t times = 0; times < *count; ++times) {
                    const std::vector<Fact>& once = store_.elements(sequence);
                    parts.insert(parts.end(), once.begin(), once.end());
                }
            return store_.sequence_of(sequence.kind, parts);
        }
        return store_.repeated(sequence.kind == Kind::list ? Kind::list : Kind::tuple, store_.element(sequence));
    }
    if (left.kind == Kind::string && (op == Op::mod || op == Op::add || op == Op::mul)) return make(Kind::string);
    if (is_number(left) && is_number(right)) return number_arithmetic(op, left, right, node);
    return {};
}

Fact Evaluator::number_arithmetic(Op op, const Fact& left, const Fact& right, NodeId node) {
    if (left.kind == Kind::boolean && right.kind == Kind::boolean && (op == Op::bit_and || op == Op::bit_or || op == Op::bit_xor)) return make(Kind::boolean);
    const bool floats = left.kind == Kind::floating || right.kind == Kind::floating || op == Op::div;
    const auto a = store_.integer_value(left);
    const auto b = store_.integer_value(right);
    if (!floats) {
        const auto floor_div = [](std::int64_t x, std::int64_t y) { return x / y - ((x % y != 0) && ((x < 0) != (y < 0)) ? 1 : 0); };
        constexpr std::int64_t kLarge = std::int64_t{1} << 31;  // products below fit
        if (a && b && std::abs(*a) < kLarge && std::abs(*b) < kLarge) {
            switch (op) {
            case Op::add: return store_.integer(*a + *b);
            case Op::sub: return store_.integer(*a - *b);
            case Op::mul: return store_.integer(*a * *b);
            case Op::floor_div: if (*b != 0) return store_.integer(floor_div(*a, *b)); break;
            case Op::mod: if (*b != 0) return store_.integer(*a - floor_div(*a, *b) * *b); break;
            case Op::pow:
                if (*b >= 0 && *b < 31 && std::abs(*a) <= 2) {
                    std::int64_t power = 1;
                    for (std::int64_t times = 0; times < *b; ++times) power *= *a;
                    return store_.integer(power);
                }
                break;
            default: break;
            }
        }
        if (op == Op::pow && !(b && *b >= 0)) return {};  // 2 ** n is a float for n < 0
        const Dim x = store_.dim_of(left);
        const Dim y = store_.dim_of(right);
        if (op == Op::mul && x.known && y.known) return store_.integer(product(x, y));
        if (op == Op::floor_div) {
            const Dim exact = quotient(x, y);
            if (exact.known) return store_.integer(exact);
        }
        if (op == Op::add && b == std::optional<std::int64_t>(0)) return left;
        // Sums and remainders are sizes of their own; in a loop each round has another one.
        if (x.known && y.known && frame_->loops == 0) return store_.integer(own_symbol(node, 255, frame_->function != 0 && program_.functions[frame_->function - 1].is_constructor ? frame_->self.class_index : 0));
        return make(Kind::integer);
    }
    return make(op == Op::pow || left.kind != Kind::unknown ? Kind::floating : Kind::unknown);
}

Fact Evaluator::evaluate_unary(NodeId node) {
    const NodeId operand = tree_.child(node, 0);
    const Op op = tree_[node].op;
    Fact fact = evaluate(operand);
    if (op == Op::not_) {
        const Truth known = truth(fact);
        return known == Truth::unknown ? make(Kind::boolean) : store_.constant(Kind::boolean, known == Truth::no);
    }
    fact = not_none(operand, fact);
    if (fact.kind == Kind::tensor) {
        Fact out = tensor(fact.rank, fact.dtype);
        out.shape = fact.shape;
        out.same_rank_as = fact.same_rank_as;
        return out;
    }
    if (!is_number(fact)) return {};
    if (op == Op::neg)
        if (const auto number = store_.integer_value(fact)) return store_.integer(-*number);
    if (op == Op::neg && fact.kind == Kind::floating)
        if (const auto* number = fact.value != kNoValue ? std::get_if<double>(table_.value(fact)) : nullptr) return store_.constant(Kind::floating, -*number);
    return make(fact.kind == Kind::floating ? Kind::floating : Kind::integer);
}

// `a or b` is a where a is true, else b; the right side runs only where the left one allows.
Fact Evaluator::evaluate_bool_op(NodeId node) {
    const bool is_and = tree_[node].op == Op::and_;
    const NodeId left_node = tree_.child(node, 0);
    Fact left = evaluate(left_node);
    const Truth known = truth(left);
    const std::size_t mark = environment_.branch();
    ++frame_->conditional;
    assume(left_node, is_and);
    const Fact right = evaluate(tree_.child(node, 1));
    --frame_->conditional;
    const Environment::Changes after = environment_.roll_back(mark);
    environment_.merge(mark, after, true, true, store_);
    environment_.close(mark);
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

Fact Evaluator::evaluate_compare(NodeId node) {
    const std::span<const NodeId> parts = tree_.children(node);
    const std::span<const Op> ops = tree_.compare_ops(node);
    std::vector<Fact> facts;
    for (const NodeId part : parts) facts.push_back(evaluate(part));
    const Op op = ops[0];
    const Fact& left = facts[0];
    const Fact& right = facts[1];
    const bool identity = op == Op::is || op == Op::is_not;
    if (!identity && op != Op::in && op != Op::not_in && (left.kind == Kind::tensor || right.kind == Kind::tensor) && parts.size() == 2) {
        const bool with_none = left.kind == Kind::none || right.kind == Kind::none;
        if (!with_none) return broadcast(store_, left, right, DType::boolean);
    }
    const auto decided = [&](bool equal) { return store_.constant(Kind::boolean, (op == Op::eq || op == Op::is) == equal); };
    if (parts.size() == 2 && (identity || op == Op::eq || op == Op::ne)) {
        if (left.kind == Kind::none && right.kind == Kind::none) return decided(true);
        const auto never_none = [](const Fact& fact) { return fact.kind != Kind::unknown && fact.kind != Kind::none && !fact.maybe_none; };
        if ((left.kind == Kind::none && never_none(right)) || (right.kind == Kind::none && never_none(left))) return decided(false);
        if (!identity && left.value != kNoValue && right.value != kNoValue && left.kind == right.kind) return decided(left.value == right.value);
    }
    const auto a = store_.integer_value(left);
    const auto b = store_.integer_value(right);
    if (parts.size() == 2 && a && b) {
        if (op == Op::lt) return store_.constant(Kind::boolean, *a < *b);
        if (op == Op::le) return store_.constant(Kind::boolean, *a <= *b);
        if (op == Op::gt) return store_.constant(Kind::boolean, *a > *b);
        if (op == Op::ge) return store_.constant(Kind::boolean, *a >= *b);
    }
    return left.kind == Kind::unknown || right.kind == Kind::unknown ? make(identity || op == Op::in || op == Op::not_in ? Kind::boolean : Kind::unknown) : make(Kind::boolean);
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

// `*x.shape` spreads the whole of `x.shape`; the grammar may hang the star on the innermost name.
bool Evaluator::begins_with_star(NodeId node) const {
    for (;;) {
        const NodeKind kind = tree_[node].kind;
        if (kind == NodeKind::starred) return true;
        if (kind != NodeKind::call && kind != NodeKind::attribute && kind != NodeKind::subscript) return false;
        node = tree_.child(node, 0);
    }
}

Fact Evaluator::evaluate_sequence(NodeId node, Kind kind) {
    std::vector<Fact> facts;
    bool open = false;
    for (const NodeId child : tree_.children(node)) {
        if (!begins_with_star(child)) {
            Fact fact = evaluate(child);
            // The container is a second name for what it holds.
            if (fact.kind == Kind::tensor && fact.view_of == 0 && !fact.temporary) fact.view_of = memory_of(child, fact);
            fact.temporary = false;
            facts.push_back(fact);
            continue;
        }
        const Fact spread = evaluate(child);
        if (spread.length >= 0 && (spread.elements != 0 || spread.length == 0)) {
            if (spread.elements != 0) {
                const std::vector<Fact>& elements = store_.elements(spread);
                facts.insert(facts.end(), elements.begin(), elements.end());
            }
        } else if (spread.kind == Kind::size && spread.length >= 0) {
            facts.insert(facts.end(), static_cast<std::size_t>(spread.length), make(Kind::integer));
        } else {
            open = true;
            facts.push_back(iterated(spread));
        }
    }
    if (!open) return store_.sequence_of(kind, facts);
    Fact all = facts[0];
    for (const Fact& fact : facts) all = store_.join(all, fact);
    return store_.repeated(kind, all);
}

Fact Evaluator::evaluate_dict(NodeId node) {
    Fact all;
    bool first = true;
    for (const NodeId entry : tree_.children(node)) {
        Fact value;
        if (tree_[entry].kind == NodeKind::dict_entry) {
            evaluate(tree_.child(entry, 0));
            value = evaluate(tree_.child(entry, 1));
        } else {
            value = store_.element(evaluate(entry));
        }
        value.temporary = false;
        all = first ? value : store_.join(all, value);
        first = false;
    }
    Fact fact = store_.repeated(Kind::dict, all);
    if (first) fact.length = 0;
    return fact;
}

Fact Evaluator::evaluate_comprehension(NodeId node) {
    const std::size_t mark = environment_.branch();
    ++frame_->loops;
    ++frame_->conditional;
    std::vector<Fact> each;
    bool exact = tree_[node].child_count == 2 && frame_->loops == 1;  // inside another one it would multiply
    for (std::uint32_t slot = 1; slot < tree_[node].child_count; ++slot) {
        const NodeId clause = tree_.child(node, slot);
        const NodeId iterable_node = tree_.child(clause, 1);
        const Fact iterable = not_none(iterable_node, evaluate(iterable_node));
        exact &= tree_[clause].child_count == 2 && iterable.length > 0 && iterable.length <= 16 && iterable.elements != 0;
        if (exact) each = store_.elements(iterable);
        assign(tree_.child(clause, 0), iterated(iterable), syntax::kNoNode);
        for (std::uint32_t condition = 2; condition < tree_[clause].child_count; ++condition) {
            evaluate_condition(tree_.child(clause, condition));
            assume(tree_.child(clause, condition), true);
        }
    }
    const NodeId element_node = tree_.child(node, 0);
    const bool is_dict = tree_[element_node].kind == NodeKind::dict_entry;
    if (is_dict) evaluate(tree_.child(element_node, 0));
    Fact element = evaluate(is_dict ? tree_.child(element_node, 1) : element_node);
    element.temporary = false;
    // Over a tuple of known elements each one has its own result: (F.pad(t, c) for t in (q, k, v)).
    std::vector<Fact> results;
    if (exact && !is_dict) {
        const bool recorded = recording_;
        recording_ = false;
        for (const Fact& one : each) {
            assign(tree_.child(tree_.child(node, 1), 0), one, syntax::kNoNode);
            results.push_back(evaluate(element_node));
            results.back().temporary = false;
        }
        recording_ = recorded;
    }
    environment_.roll_back(mark);
    environment_.close(mark);
    --frame_->loops;
    --frame_->conditional;
    if (is_dict) return store_.repeated(Kind::dict, element);
    if (!results.empty()) return store_.sequence_of(Kind::list, results);
    element.shape = element.kind == Kind::module ? element.shape : 0;
    return store_.repeated(Kind::list, element);
}

// What a for loop over the fact binds.
Fact Evaluator::iterated(const Fact& iterable) {
    switch (iterable.kind) {
    case Kind::tensor: return tensor(iterable.rank > 0 ? iterable.rank - 1 : -1, iterable.dtype);
    case Kind::size: return make(Kind::integer);
    case Kind::string:
    case Kind::dict: return make(Kind::string);
    case Kind::tuple:
    case Kind::list:
    case Kind::module: return store_.element(iterable);
    default: return {};
    }
}

}  // namespace mlxify::infer
