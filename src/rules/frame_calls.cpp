#include <algorithm>
#include <cmath>
#include <utility>

#include "rules/frame.h"

namespace mlxify::rules {

using infer::Kind;
using syntax::exists;
using syntax::NodeId;
using NodeKind = syntax::Kind;

std::vector<Actual> Frame::actuals(NodeId call) {
    std::vector<Actual> found;
    const auto children = tree_.children(call);
    for (std::size_t at = 1; at < children.size(); ++at) {
        const syntax::Node& node = tree_[children[at]];
        Actual actual;
        if (node.kind == NodeKind::keyword && node.has(syntax::Flag::double_star)) {
            const NodeId rest = double_star_parameter();
            if (exists(rest) && tree_[rest].name == tree_[tree_.child(children[at], 0)].name && !is_open()) {
                found.insert(found.end(), rest_.begin(), rest_.end());
                continue;
            }
        }
        if (node.kind == NodeKind::keyword) {
            actual.keyword = node.name;
            actual.double_star = node.has(syntax::Flag::double_star);
            actual.value = evaluate(tree_.child(children[at], 0));
        } else {
            actual.value = evaluate(children[at]);
            actual.star = actual.value.starred;
            actual.value.starred = false;
        }
        if (actual.star && (actual.value.has_items || actual.value.own_parentheses)) {
            for (Value item : actual.value.items) {  // f(*(a, *b)) is f(a, *b)
                const bool star = std::exchange(item.starred, false);
                found.push_back({{}, std::move(item), star, false});
            }
        } else {
            found.push_back(std::move(actual));
        }
    }
    return found;
}

Value Frame::call(NodeId id) {
    const NodeId callee = tree_.child(id, 0);
    if (tree_[callee].kind == NodeKind::name) {
        const Value target = evaluate(callee);
        if (!target.builtin.empty()) return call_builtin(target.builtin, id);
        if (target.function) return call_function(*target.function, actuals(id));
        return residual_call(target, id);
    }
    return residual_call(evaluate(callee), id);
}

Value Frame::call_function(const catalogue::Body& callee, std::vector<Actual> actuals) {
    const auto kind = callee.tree[callee.node].kind;
    if (evaluator_.asking_ && kind == NodeKind::class_def) throw NeedsHelper{};
    if (kind == NodeKind::class_def) {  // a definition of the catalogue, constructed in a body
        for (const catalogue::Entry& entry : evaluator_.catalogue_.entries()) {
            if (entry.kind != catalogue::EntryKind::definition || entry.span.empty()) continue;
            if (&evaluator_.catalogue_.body(entry) != &callee) continue;
            std::string text = evaluator_.require_definition(entry) + "(";
            bool first = true;
            for (const Actual& actual : actuals) {
                const bool assumed = actual.value.from_default && !actual.keyword.empty();
                if (assumed && actual.value.text == evaluator_.parameter_default(callee, actual.keyword)) continue;
                if (!first) text += ", ";
                first = false;
                if (!actual.keyword.empty()) text += std::string(actual.keyword) + "=";
                text += (actual.star ? "*" : actual.double_star ? "**" : "") + operand(actual.value, Precedence::lambda);
            }
            return code_value(text + ")", Precedence::atom, Kind::module);
        }
        throw NeedsHelper{};
    }
    if (++evaluator_.depth_ > 40) throw NeedsHelper{};
    // What is more than a name becomes a local, so that a second use of it is noticed.
    for (Actual& actual : actuals) {
        const bool simple = actual.value.constant || actual.value.leaf >= 0 || actual.value.function ||
                            actual.value.text.find_first_of("(+*/ ") == std::string::npos;
        if (simple || (actual.value.has_items && actual.value.fact.kind != Kind::size)) continue;
        actual.value = evaluator_.leaves_.add({actual.value.text, 0, actual.value.precedence, false}, actual.value);
    }
    std::optional<Value> result;
    try {
        Frame inner(evaluator_, callee, Mode::inline_);
        if (auto problem = inner.bind(actuals)) throw Refused{*problem, "this is a mistake in the catalogue"};
        Value value = inner.run();
        bool twice = false;
        const auto uses = evaluator_.leaves_.uses(value.text);
        for (std::size_t leaf = 0; leaf < uses.size(); ++leaf)
            twice |= uses[leaf] > 1 && !evaluator_.leaves_[leaf].trivial && !evaluator_.leaves_[leaf].text.empty();
        if (!twice) result = std::move(value);
    } catch (const NeedsHelper&) {
    }
    if (!result && evaluator_.asking_) throw NeedsHelper{};
    if (!result) {
        Frame outer(evaluator_, callee, Mode::helper);
        if (auto problem = outer.bind(std::move(actuals))) throw Refused{*problem, "this is a mistake in the catalogue"};
        std::vector<std::string> names;
        const std::vector<Value> arguments = outer.own_parameters(names);
        outer.run();
        std::string text = "def \x03(";
        for (std::size_t at = 0; at < names.size(); ++at) text += (at ? ", " : "") + names[at];
        text += "):\n" + outer.lines();
        std::string called = evaluator_.emissions_.helper(callee.name, text, std::string(callee.file) + ":" + std::string(callee.name)) + "(";
        for (std::size_t at = 0; at < arguments.size(); ++at) called += (at ? ", " : "") + operand(arguments[at], Precedence::lambda);
        result = code_value(called + ")");
    }
    --evaluator_.depth_;
    return *result;
}

// `places.insert(0, x)` of a local: it must be a variable, not the expression that makes it, or the change would be lost.
bool Frame::changes_folded_list(NodeId callee) {
    constexpr std::string_view kChanges[] = {"append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear"};
    if (tree_[callee].kind != NodeKind::attribute || tree_[tree_.child(callee, 0)].kind != NodeKind::name) return false;
    if (std::find(std::begin(kChanges), std::end(kChanges), tree_[callee].name) == std::end(kChanges)) return false;
    const std::string_view name = tree_[tree_.child(callee, 0)].name;
    const Value* list = find(name);
    return list && (mode_ == Mode::inline_ || (list->has_items && list->is_list));
}

// The call as it will stand in the output. Arguments that nobody wrote and that MLX assumes anyway are left out.
Value Frame::residual_call(Value callee, NodeId id) {
    const NodeId callee_node = tree_.child(id, 0);
    if (changes_folded_list(callee_node)) {
        if (mode_ == Mode::inline_) throw NeedsHelper{};
        materialise_base(callee_node);
        callee = evaluate(callee_node);
    }
    std::string known_as = callee.text;
    Value object;
    std::string_view method;
    if (tree_[callee_node].kind == NodeKind::attribute) {
        object = evaluate(tree_.child(callee_node, 0));
        method = tree_[callee_node].name;
        const bool library = object.text == evaluator_.names_.mx || object.text == evaluator_.names_.nn ||
                             object.text.starts_with(evaluator_.names_.mx + ".") || object.text.starts_with(evaluator_.names_.nn + ".");
        if (!library && object.text != evaluator_.names_.math && object.text != evaluator_.names_.np)
            known_as = "mx.array." + std::string(method);
        else if (object.text.starts_with(evaluator_.names_.mx)) known_as = "mx" + known_as.substr(evaluator_.names_.mx.size());
        else if (object.text.starts_with(evaluator_.names_.nn)) known_as = "nn" + known_as.substr(evaluator_.names_.nn.size());
    }
    std::string text = operand(callee, Precedence::atom) + "(";
    bool first = true;
    std::vector<Value> arguments;
    bool plain = true;
    const std::vector<Actual> given = actuals(id);
    std::vector<Value> in_order;
    for (const Actual& actual : given) in_order.push_back(actual.value);
    for (std::size_t at = 0; at < given.size(); ++at) {
        const Actual& actual = given[at];
        if (actual.keyword.empty() && !actual.star) {
            if (const auto splat = splat_at(in_order, at)) {  // f(*shape) rather than f(shape[0], shape[1])
                text += std::string(first ? "" : ", ") + "*" + splat->text;
                first = false;
                plain = false;
                at += splat->length - 1;
                continue;
            }
        }
        if (!actual.keyword.empty() && actual.value.from_default && (actual.value.constant || actual.value.fact.kind == Kind::dtype)) {
            const std::string_view otherwise = evaluator_.catalogue_.mlx_default(known_as, actual.keyword);
            if (!otherwise.empty() && otherwise == actual.value.text) continue;
            if (!otherwise.empty() && actual.value.constant && actual.value.fact.kind == Kind::floating &&
                std::strtod(std::string(otherwise).c_str(), nullptr) == std::get<double>(*actual.value.constant))
                continue;
        }
        if (!first) text += ", ";
        first = false;
        if (!actual.keyword.empty()) text += std::string(actual.keyword) + "=";
        text += (actual.star ? "*" : actual.double_star ? "**" : "") + operand(actual.value, Precedence::lambda);
        plain = plain && actual.keyword.empty() && !actual.star;
        arguments.push_back(actual.value);
    }
    if (plain && !method.empty() && object.constant) {
        bool known = false;
        Value folded = method_of_constant(object, method, arguments, known);
        if (known) return folded;
    }
    if (plain && object.text == evaluator_.names_.math && arguments.size() == 1 && arguments[0].integer()) {
        const auto number = static_cast<double>(*arguments[0].integer());
        if (method == "ceil" || method == "floor") return integer_value(static_cast<std::int64_t>(number));
    }
    Value value = code_value(text + ")");
    if (known_as.starts_with("mx.array.")) {
        value.fact.kind = object.fact.kind == Kind::tensor ? Kind::tensor : Kind::unknown;
        constexpr std::string_view kSameRank[] = {"astype", "swapaxes", "transpose", "moveaxis", "abs", "exp", "sqrt", "square", "cumsum"};
        if (std::find(std::begin(kSameRank), std::end(kSameRank), method) != std::end(kSameRank)) {
            value.fact.rank = object.fact.rank;
            value.fact.dtype = object.fact.dtype;
        }
        const bool by_numbers = std::all_of(arguments.begin(), arguments.end(), [](const Value& size) { return size.fact.kind == Kind::integer || size.integer(); });
        if (method == "reshape" && plain && by_numbers && !arguments.empty()) {
            value.fact.rank = static_cast<std::int8_t>(arguments.size());
            value.fact.dtype = object.fact.dtype;
        }
        if (method == "reshape" && plain && arguments.size() == 1 && arguments[0].has_items) {
            value.fact.rank = static_cast<std::int8_t>(arguments[0].items.size());
            value.fact.dtype = object.fact.dtype;
        }
        if (method == "astype" && arguments.size() == 1) value.fact.dtype = arguments[0].fact.dtype;
        if (method == "item" || method == "tolist") value.fact = {};
    } else if (known_as.starts_with("mx.") && known_as != "mx.finfo" && known_as != "mx.iinfo" && known_as != "mx.split" &&
               known_as != "mx.issubdtype" && known_as != "mx.unstack" && known_as != "mx.meshgrid" && known_as != "mx.eval") {
        value.fact.kind = Kind::tensor;
    } else if (known_as.starts_with("math.")) {
        value.fact.kind = method == "ceil" || method == "floor" || method == "prod" ? Kind::unknown : Kind::floating;
    } else if (known_as.starts_with("nn.") && known_as.size() > 3 && std::isupper(static_cast<unsigned char>(known_as[3]))) {
        value.fact.kind = Kind::module;
    }
    return value;
}

Value Frame::method_of_constant(const Value& object, std::string_view method, const std::vector<Value>& arguments, bool& known) {
    const std::string* text = object.string();
    if (!text) return {};
    const std::string* first = arguments.size() == 1 ? arguments[0].string() : nullptr;
    known = true;
    if (method == "startswith" && first) return bool_value(text->starts_with(*first));
    if (method == "endswith" && first) return bool_value(text->ends_with(*first));
    if (method == "lower" && arguments.empty()) {
        std::string lower = *text;
        for (char& letter : lower) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
        return string_value(lower);
    }
    if (method == "replace" && arguments.size() == 2 && arguments[0].string() && arguments[1].string()) {
        std::string out = *text;
        const std::string& from = *arguments[0].string();
        for (std::size_t at = 0; !from.empty() && (at = out.find(from, at)) != std::string::npos; at += arguments[1].string()->size())
            out.replace(at, from.size(), *arguments[1].string());
        return string_value(out);
    }
    known = false;
    return {};
}

std::optional<bool> Frame::is_instance(const Value& value, NodeId type) {
    if (tree_[type].kind == NodeKind::tuple) {
        bool settled = true;
        for (const NodeId one : tree_.children(type)) {
            const auto matches = is_instance(value, one);
            if (matches && *matches) return true;
            settled &= matches.has_value();
        }
        return settled ? std::optional(false) : std::nullopt;
    }
    const std::string_view wanted = tree_.text(type);
    Kind kind = value.fact.kind;
    if (value.constant) {
        if (value.is_none()) kind = Kind::none;
        else if (std::holds_alternative<bool>(*value.constant)) kind = Kind::boolean;
        else if (value.integer()) kind = Kind::integer;
        else if (value.string()) kind = Kind::string;
        else kind = Kind::floating;
    }
    if (kind == Kind::unknown || kind == Kind::object) return std::nullopt;
    if (kind == Kind::module && wanted == "list") return std::nullopt;  // what was a ModuleList is one
    if (wanted == "mx.array") return kind == Kind::tensor;
    if (wanted == "tuple") return kind == Kind::tuple || kind == Kind::size;
    if (wanted == "list") return kind == Kind::list;
    if (wanted == "int") return kind == Kind::integer || kind == Kind::boolean;
    if (wanted == "float") return kind == Kind::floating;
    if (wanted == "bool") return kind == Kind::boolean;
    if (wanted == "str") return kind == Kind::string;
    if (wanted == "dict") return kind == Kind::dict;
    if (wanted == "mx.Dtype") return kind == Kind::dtype;
    if (wanted == "nn.Module") return kind == Kind::module;
    if (wanted == "slice") return false;
    return std::nullopt;
}

// A question only: it leaves no helper behind.
bool Frame::is_known(NodeId expression) {
    const bool asking = std::exchange(evaluator_.asking_, true);
    const std::uint32_t depth = evaluator_.depth_;
    bool known = false;
    try {
        known = truth(evaluate(expression)).has_value();
    } catch (const NeedsHelper&) {
        evaluator_.depth_ = depth;
    }
    evaluator_.asking_ = asking;
    return known;
}

Value Frame::call_builtin(std::string_view word, NodeId id) {
    const auto children = tree_.children(id);
    if (word == "refuse") {
        Refused refused;
        for (std::size_t at = 1; at < children.size(); ++at) {
            const syntax::Node& node = tree_[children[at]];
            const bool suggest = (node.kind == NodeKind::keyword && node.name == "suggest") || (node.kind != NodeKind::keyword && at == 2);
            const NodeId text = node.kind == NodeKind::keyword ? tree_.child(children[at], 0) : children[at];
            (suggest ? refused.suggestion : refused.reason) = message(text);
        }
        throw refused;
    }
    if (word == "mutated") return bool_value(evaluator_.result_mutated_);
    if (word == "selects_gradient") {
        const Value value = evaluate(children[1]);
        return bool_value(value.is_nan() || (evaluator_.softmax_masked_ && value.is_minus_infinity()));
    }
    if (word == "isinstance" && children.size() == 3) {
        const Value value = evaluate(children[1]);
        if (const auto matches = is_instance(value, children[2])) return bool_value(*matches);
        const Value type = evaluate(children[2]);
        return code_value("isinstance(" + value.text + ", " + type.text + ")", Precedence::atom, Kind::boolean);
    }
    if (word == "limited") return bool_value(evaluate(children[1]).fact.limited);
    if (word == "maybe_void") return bool_value(evaluate(children[1]).fact.maybe_void);
    if (word == "maybe_tensor") {  // of no one kind, but a tensor in some run
        const infer::Fact fact = evaluate(children[1]).fact;
        return bool_value(fact.kind == Kind::unknown && fact.observed);
    }
    if (word == "is_size") return bool_value(evaluate(children[1]).fact.kind == Kind::size);
    if (word == "is_tensor") {
        const Value value = evaluate(children[1]);
        if (value.constant || value.has_items) return bool_value(false);
        const bool known = value.fact.kind != Kind::unknown && value.fact.kind != Kind::object;
        if (known && !value.fact.observed) return bool_value(value.fact.kind == Kind::tensor);
        Value asked = code_value("isinstance(" + value.text + ", " + evaluator_.names_.mx + ".array)", Precedence::atom, Kind::boolean);
        if (known) asked.constant = value.fact.kind == Kind::tensor;  // of what the samples passed: settles which form is taken, not the author's question
        return asked;
    }
    if (word == "negated") {
        const Value value = evaluate(children[1]);
        return bool_value(value.negated || (value.integer() && *value.integer() < 0));
    }
    if (word == "known") return bool_value(is_known(children[1]));
    std::vector<Actual> given = actuals(id);
    std::vector<Value> arguments;
    bool positional = true;
    for (Actual& actual : given) {
        positional = positional && actual.keyword.empty() && !actual.star && !actual.double_star;
        arguments.push_back(actual.value);
    }
    const auto made_by = [&](const Value& value) { return value.leaf < 0 ? Leaf::Made::elsewhere : evaluator_.leaves_[static_cast<std::size_t>(value.leaf)].made; };
    const auto residual = [&](Kind kind) {
        std::string text = std::string(word) + "(";
        for (std::size_t at = 0; at < given.size(); ++at) {
            if (at > 0) text += ", ";
            if (!given[at].keyword.empty()) text += std::string(given[at].keyword) + "=";
            Value value = given[at].value;
            if (given.size() == 1 && value.text.starts_with('(') && value.text.find(" for ") != std::string::npos && value.leaf < 0 && !value.has_items)
                value.text = value.text.substr(1, value.text.size() - 2);  // f(x for x in y)
            const bool bare = given.size() == 1 && made_by(value) == Leaf::Made::generator && given[at].keyword.empty() && !given[at].star;
            text += bare ? value.text : (given[at].star ? "*" : "") + operand(value, Precedence::lambda);
        }
        return code_value(text + ")", Precedence::atom, kind);
    };
    if (!positional) return residual(Kind::unknown);
    if ((word == "list" || word == "dict") && arguments.size() == 1) {
        const Leaf::Made made = made_by(arguments[0]);
        if (made == (word == "list" ? Leaf::Made::list : Leaf::Made::dict)) return arguments[0];
        if (word == "list" && made == Leaf::Made::generator) return code_value("[" + arguments[0].text + "]", Precedence::atom, Kind::list);
    }
    if (arguments.size() == 1 && arguments[0].has_items) {
        const Value& only = arguments[0];
        if (word == "len") return integer_value(static_cast<std::int64_t>(only.items.size()));
        if (word == "tuple" && (!only.is_list || only.leaf < 0)) {
            if (only.fact.kind == Kind::size) return only;
            return only.is_list || only.leaf < 0 ? sequence_value(only.items, false) : only;
        }
        if (word == "tuple") return sequence_value(only.items, false);
        if (word == "list") return only.is_list && only.leaf >= 0 ? only : sequence_value(only.items, true);
        if (word == "reversed") return sequence_value({only.items.rbegin(), only.items.rend()}, true);
        if (word == "enumerate") {
            std::vector<Value> pairs;
            for (std::size_t at = 0; at < only.items.size(); ++at)
                pairs.push_back(sequence_value({integer_value(static_cast<std::int64_t>(at)), only.items[at]}, false));
            return sequence_value(std::move(pairs), true);
        }
        if (word == "all" || word == "any") {
            bool settled = true;
            for (const Value& item : only.items) {
                const auto one = truth(item);
                if (one && *one == (word == "any")) return bool_value(word == "any");
                settled &= one.has_value();
            }
            if (settled) return bool_value(word == "all");
            std::string text;
            const std::string_view join = word == "all" ? " and " : " or ";
            for (const Value& item : only.items) {
                if (truth(item)) continue;
                if (!text.empty()) text += join;
                text += operand(item, word == "all" ? Precedence::not_ : Precedence::and_);
            }
            return code_value(text, word == "all" ? Precedence::and_ : Precedence::or_, Kind::boolean);
        }
        if (word == "sum" || word == "min" || word == "max" || word == "sorted") {
            std::vector<std::int64_t> numbers;
            for (const Value& item : only.items)
                if (item.integer()) numbers.push_back(*item.integer());
            if (numbers.size() == only.items.size() && !numbers.empty()) {
                if (word == "sorted") {
                    std::sort(numbers.begin(), numbers.end());
                    std::vector<Value> items;
                    for (const std::int64_t number : numbers) items.push_back(integer_value(number));
                    return sequence_value(std::move(items), true);
                }
                std::int64_t result = word == "sum" ? 0 : numbers[0];
                for (const std::int64_t number : numbers)
                    result = word == "sum" ? result + number : word == "min" ? std::min(result, number) : std::max(result, number);
                return integer_value(result);
            }
        }
    }
    if (word == "zip" && std::all_of(arguments.begin(), arguments.end(), [](const Value& value) { return value.has_items; }) && !arguments.empty()) {
        std::size_t length = arguments[0].items.size();
        for (const Value& value : arguments) length = std::min(length, value.items.size());
        std::vector<Value> rows;
        for (std::size_t at = 0; at < length; ++at) {
            std::vector<Value> row;
            for (const Value& value : arguments) row.push_back(value.items[at]);
            rows.push_back(sequence_value(std::move(row), false));
        }
        return sequence_value(std::move(rows), true);
    }
    const bool whole = !arguments.empty() && std::all_of(arguments.begin(), arguments.end(), [](const Value& value) { return value.integer(); });
    if (word == "range" && whole) {
        const std::int64_t begin = arguments.size() > 1 ? *arguments[0].integer() : 0;
        const std::int64_t end = *arguments[arguments.size() > 1 ? 1 : 0].integer();
        const std::int64_t step = arguments.size() > 2 ? *arguments[2].integer() : 1;
        std::vector<Value> items;
        for (std::int64_t at = begin; step != 0 && (step > 0 ? at < end : at > end) && items.size() <= 64; at += step) items.push_back(integer_value(at));
        if (items.size() <= 64 && step != 0) {
            Value value = sequence_value(std::move(items), true);
            value.text = residual(Kind::list).text;
            return value;
        }
    }
    if ((word == "min" || word == "max") && whole && arguments.size() > 1) {
        std::int64_t result = *arguments[0].integer();
        for (const Value& value : arguments) result = word == "min" ? std::min(result, *value.integer()) : std::max(result, *value.integer());
        return integer_value(result);
    }
    if (word == "int" && arguments.size() == 1 && (arguments[0].fact.kind == Kind::integer)) return arguments[0];
    if (word == "float" && arguments.size() == 1 && arguments[0].fact.kind == Kind::floating && arguments[0].constant) return arguments[0];
    if (word == "float" && arguments.size() == 1 && arguments[0].string()) return residual(Kind::floating);
    if (word == "bool" && arguments.size() == 1)
        if (const auto known = truth(arguments[0])) return bool_value(*known);
    if (word == "abs" && arguments.size() == 1 && arguments[0].integer()) return integer_value(std::abs(*arguments[0].integer()));
    if (word == "str" && arguments.size() == 1 && arguments[0].string()) return arguments[0];
    if (word == "tuple" && arguments.size() == 1 && (arguments[0].fact.kind == Kind::size || arguments[0].fact.kind == Kind::tuple)) return arguments[0];
    if (word == "list" && arguments.empty()) return sequence_value({}, true);
    if (word == "tuple" && arguments.empty()) return sequence_value({}, false);
    Kind kind = Kind::unknown;
    if (word == "len" || word == "int") kind = Kind::integer;
    if (word == "float") kind = Kind::floating;
    if (word == "tuple") kind = Kind::tuple;
    if (word == "list") kind = Kind::list;
    if (word == "str") kind = Kind::string;
    return residual(kind);
}

}  // namespace mlxify::rules
