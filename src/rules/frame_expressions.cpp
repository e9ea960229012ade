#include <algorithm>
#include <charconv>

#include "rules/frame.h"

namespace mlxify::rules {

using infer::Kind;
using syntax::exists;
using syntax::NodeId;
using syntax::Op;
using NodeKind = syntax::Kind;

namespace {

constexpr std::string_view kBuiltins[] = {
    "refuse", "known",  "is_tensor", "is_size", "maybe_void", "maybe_tensor", "limited", "mutated", "selects_gradient", "isinstance", "len", "range", "reversed", "zip",  "enumerate", "min",    "max",
    "sum",    "tuple",  "list",      "int",       "float",      "bool", "all",   "any",      "sorted", "str",     "abs",    "round",
    "slice",  "dict",   "type",      "negated",   "callable",  "getattr",    "hasattr", "map", "set",     "print", "super",
};

infer::DType dtype_named(std::string_view name) {
    using infer::DType;
    constexpr std::pair<std::string_view, DType> kTypes[] = {
        {"float32", DType::float32}, {"float16", DType::float16}, {"bfloat16", DType::bfloat16}, {"float64", DType::float64},
        {"int64", DType::int64},     {"int32", DType::int32},     {"int16", DType::int16},       {"int8", DType::int8},
        {"uint8", DType::uint8},     {"bool_", DType::boolean},   {"complex64", DType::complex64},
    };
    for (const auto& [text, type] : kTypes)
        if (text == name) return type;
    return DType::unknown;
}

}  // namespace

Value* Frame::find(std::string_view name) {
    for (auto entry = environment_.rbegin(); entry != environment_.rend(); ++entry)
        if (entry->first == name) return &entry->second;
    return nullptr;
}

void Frame::set(std::string_view name, Value value) {
    if (Value* old = find(name)) *old = std::move(value);
    else environment_.emplace_back(name, std::move(value));
}

Value Frame::evaluate(NodeId id) {
    const syntax::Node& node = tree_[id];
    switch (node.kind) {
    case NodeKind::name: return name(id);
    case NodeKind::integer: {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(node.name.data(), node.name.data() + node.name.size(), number);
        if (error == std::errc{} && end == node.name.data() + node.name.size()) return integer_value(number);
        return code_value(std::string(node.name), Precedence::atom, Kind::integer);
    }
    case NodeKind::floating: {
        Value value = code_value(std::string(node.name), Precedence::atom, Kind::floating);
        value.constant = std::strtod(std::string(node.name).c_str(), nullptr);
        return value;
    }
    case NodeKind::true_: return bool_value(true);
    case NodeKind::false_: return bool_value(false);
    case NodeKind::none_: return none_value();
    case NodeKind::ellipsis: return code_value("...");
    case NodeKind::string: return string(id);
    case NodeKind::attribute: return attribute(id);
    case NodeKind::subscript: return subscript(id);
    case NodeKind::call: return call(id);
    case NodeKind::binary: {
        const Value left = evaluate(tree_.child(id, 0));
        return fold_binary(node.op, left, evaluate(tree_.child(id, 1)));
    }
    case NodeKind::unary: return unary(id);
    case NodeKind::bool_op: return bool_op(id);
    case NodeKind::compare: return compare(id);
    case NodeKind::conditional: return conditional(id);
    case NodeKind::tuple:
    case NodeKind::list: return sequence(id);
    case NodeKind::list_comp:
    case NodeKind::generator: return comprehension(id);
    case NodeKind::lambda: return lambda(id);
    case NodeKind::dict: return dict(id);
    case NodeKind::starred: {
        Value value = evaluate(tree_.child(id, 0));
        value.starred = true;
        return value;
    }
    default: break;
    }
    if (mode_ == Mode::inline_) throw NeedsHelper{};
    return code_value(std::string(tree_.text(id)));
}

Value Frame::name(NodeId id) {
    const std::string_view wanted = tree_[id].name;
    if (Value* bound = find(wanted)) return *bound;
    if (wanted == "mx") return code_value(evaluator_.names_.mx);
    if (wanted == "nn") {
        evaluator_.emissions_.uses_nn = true;
        return code_value(evaluator_.names_.nn);
    }
    if (wanted == "math") {
        evaluator_.emissions_.uses_math = true;
        return code_value(evaluator_.names_.math);
    }
    if (wanted == "np") {
        evaluator_.emissions_.uses_np = true;
        return code_value(evaluator_.names_.np);
    }
    if (const catalogue::Body* local = evaluator_.catalogue_.local(body_.file_index, wanted)) {
        const syntax::Kind kind = local->tree[local->node].kind;
        if (kind == NodeKind::assign) {
            Frame constant(evaluator_, *local, Mode::inline_);
            return constant.evaluate(local->tree.child(local->node, 0));
        }
        Value value = code_value(std::string(wanted), Precedence::atom, Kind::function);
        value.function = local;
        return value;
    }
    if (const std::string_view line = evaluator_.catalogue_.import_line(body_.file_index, wanted); !line.empty() && !evaluator_.asking_)
        evaluator_.emissions_.add_import(line);
    for (const std::string_view word : kBuiltins) {
        if (word != wanted) continue;
        Value value = code_value(std::string(wanted), Precedence::atom, Kind::function);
        value.builtin = word;
        return value;
    }
    return code_value(std::string(wanted));
}

Value Frame::shape_of(const Value& object) {
    Value shape = code_value(operand(object, Precedence::atom) + ".shape", Precedence::atom, Kind::size);
    const infer::Fact& fact = object.fact;
    if (fact.rank < 0) return shape;
    shape.has_items = true;
    shape.fact.length = fact.rank;
    const auto* dims = fact.shape != 0 ? &evaluator_.facts_.shapes[fact.shape] : nullptr;
    for (int axis = 0; axis < fact.rank; ++axis) {
        Value item = code_value(shape.text + "[" + std::to_string(axis) + "]", Precedence::atom, Kind::integer);
        if (dims && static_cast<std::size_t>(axis) < dims->size()) item.dim = (*dims)[static_cast<std::size_t>(axis)];
        if (item.dim.known && item.dim.symbols.empty()) item.constant = item.dim.coefficient;
        item.of_length = fact.rank;
        shape.items.push_back(std::move(item));
    }
    return shape;
}

Value Frame::attribute(NodeId id) {
    const std::string_view field = tree_[id].name;
    Value object = evaluate(tree_.child(id, 0));
    if (field == "ndim") {  // known to what follows from it; as an author's own result it is asked for, as the author did
        Value value = code_value(operand(object, Precedence::atom) + ".ndim", Precedence::atom, Kind::integer);
        value.positive = object.fact.by_samples;
        if (object.fact.rank >= 0) value.constant = std::int64_t{object.fact.rank};
        return value;
    }
    if (field == "shape") return shape_of(object);
    if (field == "dtype") {
        Value value = code_value(operand(object, Precedence::atom) + ".dtype", Precedence::atom, Kind::dtype);
        value.fact.dtype = object.fact.dtype;
        return value;
    }
    Value value = code_value(operand(object, Precedence::atom) + "." + std::string(field));
    if (object.text == evaluator_.names_.mx) {
        if (const infer::DType type = dtype_named(field); type != infer::DType::unknown) {
            value.fact.kind = Kind::dtype;
            value.fact.dtype = type;
        }
    } else if (object.text == evaluator_.names_.math && (field == "pi" || field == "inf" || field == "e" || field == "nan")) {
        value.fact.kind = Kind::floating;
    } else if (object.fact.kind == Kind::tensor) {
        if (field == "T" || field == "real" || field == "imag") {
            value.fact.kind = Kind::tensor;
            value.fact.rank = object.fact.rank;
        } else if (field == "size") {
            value.fact.kind = Kind::integer;
        }
    }
    return value;
}

Value Frame::subscript(NodeId id) {
    const Value object = evaluate(tree_.child(id, 0));
    const NodeId at = tree_.child(id, 1);
    const syntax::Node& index = tree_[at];
    if (object.has_items && index.kind == NodeKind::slice) {
        const auto bound = [&](std::uint32_t slot, std::int64_t otherwise) -> std::optional<std::int64_t> {
            if (!exists(tree_.child(at, slot))) return otherwise;
            const Value value = evaluate(tree_.child(at, slot));
            return value.integer() ? std::optional(*value.integer()) : std::nullopt;
        };
        const auto length = static_cast<std::int64_t>(object.items.size());
        const auto step = bound(2, 1);
        if (step && *step == -1 && !exists(tree_.child(at, 0)) && !exists(tree_.child(at, 1))) {
            std::vector<Value> items(object.items.rbegin(), object.items.rend());
            return sequence_value(std::move(items), object.is_list);
        }
        auto begin = bound(0, 0);
        auto end = bound(1, length);
        if (begin && end && step && *step == 1) {
            if (*begin < 0) *begin += length;
            if (*end < 0) *end += length;
            *begin = std::clamp<std::int64_t>(*begin, 0, length);
            *end = std::clamp<std::int64_t>(*end, *begin, length);
            Value part = sequence_value({object.items.begin() + *begin, object.items.begin() + *end}, object.is_list);
            if (object.fact.kind == Kind::size) part.text = operand(object, Precedence::atom) + "[" + std::string(tree_.text(at)) + "]";
            const bool plain_bounds = tree_.text(at).find_first_not_of("0123456789-: ") == std::string_view::npos;
            if (object.fact.kind == Kind::size && !plain_bounds) part = sequence_value(std::move(part.items), object.is_list);
            return part;
        }
    }
    if (object.has_items && index.kind != NodeKind::slice && index.kind != NodeKind::tuple) {
        const Value position = evaluate(at);
        if (const auto* number = position.integer()) {
            const auto length = static_cast<std::int64_t>(object.items.size());
            const std::int64_t wanted = *number < 0 ? *number + length : *number;
            if (wanted >= 0 && wanted < length) {
                Value item = object.items[static_cast<std::size_t>(wanted)];
                if (object.fact.kind == Kind::size && !item.constant)
                    item.text = operand(object, Precedence::atom) + "[" + std::to_string(*number) + "]";  // keep x.shape[-1] as written
                return item;
            }
        }
    }
    return index_text(object, at);
}

// What is between the brackets, printed; the object before them.
Value Frame::index_text(const Value& object, NodeId index) {
    const auto part = [&](NodeId id, const auto& self) -> std::string {
        if (tree_[id].kind == NodeKind::slice) {
            std::string text;
            for (std::uint32_t slot = 0; slot < 3; ++slot) {
                const NodeId bound = tree_.child(id, slot);
                if (slot == 1 || (slot == 2 && exists(bound))) text += ':';
                if (exists(bound)) text += operand(evaluate(bound), Precedence::conditional);
            }
            return text;
        }
        if (tree_[id].kind == NodeKind::tuple && !tree_[id].has(syntax::Flag::parenthesized)) {
            std::string text;
            for (const NodeId child : tree_.children(id)) {
                if (!text.empty()) text += ", ";
                text += self(child, self);
            }
            if (tree_.children(id).size() == 1) text += ',';
            return text;
        }
        const Value value = evaluate(id);
        return (value.starred ? "*" : "") + operand(value, Precedence::conditional);
    };
    Value value = code_value(operand(object, Precedence::atom) + "[" + part(index, part) + "]");
    if (object.fact.kind == Kind::tensor) value.fact.kind = Kind::tensor;
    if (object.fact.kind == Kind::size) value.fact.kind = Kind::integer;
    return value;
}

Value Frame::unary(NodeId id) {
    const Op op = tree_[id].op;
    const Value value = evaluate(tree_.child(id, 0));
    if (op == Op::not_) {
        if (const auto known = truth(value)) return bool_value(!*known);
        return code_value("not " + operand(value, Precedence::not_), Precedence::not_, Kind::boolean);
    }
    if (op == Op::neg && value.constant) {
        if (const auto* number = value.integer()) return integer_value(-*number);
        if (const auto* number = std::get_if<double>(&*value.constant)) {
            Value negated = float_value(-*number);
            if (value.leaf < 0) negated.text = "-" + value.text;
            return negated;
        }
    }
    Value result = code_value(std::string(syntax::spelling(op)) + operand(value, Precedence::unary), Precedence::unary, value.fact.kind);
    result.fact.rank = value.fact.rank;
    result.fact.dtype = value.fact.dtype;
    return result;
}

Value Frame::bool_op(NodeId id) {
    const Op op = tree_[id].op;
    const Value left = evaluate(tree_.child(id, 0));
    if (const auto known = truth(left)) {
        const bool short_circuit = *known == (op == Op::or_);
        return short_circuit ? left : evaluate(tree_.child(id, 1));
    }
    const Value right = evaluate(tree_.child(id, 1));
    // `unknown and False` is falsy whatever the left is, and `unknown and True` as true as the left: enough for a test, and bodies use it for tests.
    if (const auto known = truth(right); known && right.constant) return *known == (op == Op::or_) ? right : left;
    const Precedence at = precedence_of(op);
    const auto above = static_cast<Precedence>(static_cast<int>(at) + 1);
    return code_value(operand(left, at) + " " + std::string(syntax::spelling(op)) + " " + operand(right, above), at);
}

Value Frame::compare(NodeId id) {
    const auto operands = tree_.children(id);
    const auto ops = tree_.compare_ops(id);
    if (operands.size() == 2) {
        const Value left = evaluate(operands[0]);
        return fold_compare(ops[0], left, evaluate(operands[1]));
    }
    std::string text = operand(evaluate(operands[0]), Precedence::bit_or);
    std::optional<bool> all = true;
    Value left = evaluate(operands[0]);
    for (std::size_t at = 1; at < operands.size(); ++at) {
        Value right = evaluate(operands[at]);
        const auto one = truth(fold_compare(ops[at - 1], left, right));
        if (one && !*one) return bool_value(false);
        if (!one) all.reset();
        text += " " + std::string(syntax::spelling(ops[at - 1])) + " " + operand(right, Precedence::bit_or);
        left = std::move(right);
    }
    if (all) return bool_value(true);
    return code_value(std::move(text), Precedence::compare, Kind::boolean);
}

Value Frame::conditional(NodeId id) {
    const Value test = evaluate(tree_.child(id, 1));
    if (const auto known = truth(test)) return evaluate(tree_.child(id, *known ? 0 : 2));
    const Value body = evaluate(tree_.child(id, 0));
    const Value orelse = evaluate(tree_.child(id, 2));
    Value value = code_value(operand(body, Precedence::or_) + " if " + operand(test, Precedence::or_) + " else " +
                                 operand(orelse, Precedence::conditional),
                             Precedence::conditional);
    if (body.fact.kind == orelse.fact.kind) value.fact.kind = body.fact.kind;
    return value;
}

Value Frame::sequence(NodeId id) {
    std::vector<Value> items;
    for (const NodeId child : tree_.children(id)) {
        Value value = evaluate(child);
        if (value.starred && value.has_items) {
            items.insert(items.end(), value.items.begin(), value.items.end());
        } else {
            items.push_back(std::move(value));
        }
    }
    return sequence_value(std::move(items), tree_[id].kind == NodeKind::list);
}

Value Frame::comprehension(NodeId id) {
    const auto children = tree_.children(id);
    const NodeId clause = children[1];
    const NodeId target = tree_.child(clause, 0);
    const bool list = tree_[id].kind == NodeKind::list_comp;
    const Value iterable = evaluate(tree_.child(clause, 1));
    const std::size_t mark = environment_.size();
    const auto leave = [&] { environment_.resize(mark); };
    const auto bind_target = [&](NodeId at, const Value& value, const auto& self) -> void {
        if (tree_[at].kind == NodeKind::tuple) {
            for (std::size_t slot = 0; slot < tree_.children(at).size(); ++slot) {
                const bool known = value.has_items && slot < value.items.size();
                self(tree_.children(at)[slot], known ? value.items[slot] : code_value(std::string(tree_[tree_.children(at)[slot]].name)), self);
            }
        } else {
            environment_.emplace_back(tree_[at].name, value);
        }
    };
    if (iterable.has_items && children.size() == 2) {
        std::vector<Value> items;
        bool settled = true;
        for (const Value& item : iterable.items) {
            bind_target(target, item, bind_target);
            bool keep = true;
            for (std::size_t at = 2; at < tree_.children(clause).size() && settled; ++at) {
                const auto test = truth(evaluate(tree_.children(clause)[at]));
                settled = test.has_value();
                keep = keep && test.value_or(true);
            }
            if (settled && keep) items.push_back(evaluate(children[0]));
            leave();
            if (!settled) break;
        }
        if (settled) return sequence_value(std::move(items), list);
    }
    // Left for run time: the targets are names of the comprehension, other ones than those that the values in it read.
    std::string text;
    const auto free_name = [&](std::string_view wanted) {
        std::string name(wanted);
        const auto is_read = [&](const auto& bound) { return bound.first != wanted && reads(bound.second, name); };
        for (int number = 2; std::any_of(environment_.begin(), environment_.begin() + static_cast<std::ptrdiff_t>(mark), is_read); ++number)
            name = std::string(wanted) + "_" + std::to_string(number);
        return name;
    };
    const auto own = [&](NodeId at, const auto& self) -> std::string {
        if (tree_[at].kind == NodeKind::name) {
            environment_.emplace_back(tree_[at].name, code_value(free_name(tree_[at].name)));
            return environment_.back().second.text;
        }
        if (tree_[at].kind != NodeKind::tuple) return std::string(tree_.text(at));
        std::string names;
        for (const NodeId child : tree_.children(at)) names += (names.empty() ? "" : ", ") + self(child, self);
        return tree_[at].has(syntax::Flag::parenthesized) ? "(" + names + ")" : names;
    };
    for (std::size_t at = 1; at < children.size(); ++at) {
        const NodeId one = children[at];
        const Value over = at == 1 ? iterable : evaluate(tree_.child(one, 1));
        text += " for " + own(tree_.child(one, 0), own);
        text += " in " + operand(over, Precedence::or_);
        for (std::size_t condition = 2; condition < tree_.children(one).size(); ++condition)
            text += " if " + operand(evaluate(tree_.children(one)[condition]), Precedence::or_);
    }
    text = operand(evaluate(children[0]), Precedence::named) + text;
    leave();
    return code_value(list ? "[" + text + "]" : "(" + text + ")", Precedence::atom, list ? Kind::list : Kind::unknown);
}

Value Frame::lambda(NodeId id) {
    const std::size_t mark = environment_.size();
    for (const NodeId parameter : tree_.children(tree_.child(id, 0)))
        environment_.emplace_back(tree_[parameter].name, code_value(std::string(tree_[parameter].name)));
    const std::string body = operand(evaluate(tree_.child(id, 1)), Precedence::lambda);
    environment_.resize(mark);
    const std::string parameters(tree_.text(tree_.child(id, 0)));
    return code_value("lambda" + (parameters.empty() ? "" : " " + parameters) + ": " + body, Precedence::lambda, Kind::function);
}

Value Frame::dict(NodeId id) {
    std::string text = "{";
    for (const NodeId entry : tree_.children(id)) {
        if (text.size() > 1) text += ", ";
        if (tree_[entry].kind == NodeKind::dict_entry) {
            text += operand(evaluate(tree_.child(entry, 0)), Precedence::conditional) + ": ";
            text += operand(evaluate(tree_.child(entry, 1)), Precedence::conditional);
        } else {
            text += "**" + operand(evaluate(tree_.child(entry, 0)), Precedence::bit_or);
        }
    }
    return code_value(text + "}", Precedence::atom, Kind::dict);
}

Value Frame::string(NodeId id) {
    const syntax::Node& node = tree_[id];
    if (node.has(syntax::Flag::is_fstring)) return string_value(message(id));
    if (node.has(syntax::Flag::is_bytes)) return code_value(std::string(node.name));
    return string_value(message(id));
}

}  // namespace mlxify::rules
