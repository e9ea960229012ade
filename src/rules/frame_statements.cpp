#include <algorithm>

#include "base/text.h"
#include "rules/frame.h"

namespace mlxify::rules {

using infer::Kind;
using syntax::exists;
using syntax::NodeId;
using NodeKind = syntax::Kind;

// The text of a string literal: implicitly joined parts, `{name}` of an f-string left as it is.
std::string Frame::message(NodeId id) {
    const std::string_view written = tree_.text(id);
    std::string out;
    std::size_t at = 0;
    while (at < written.size()) {
        const std::size_t open = written.find_first_of("\"'", at);
        if (open == std::string_view::npos) break;
        const bool triple = written.substr(open, 3) == std::string(3, written[open]);
        const std::string fence(triple ? 3 : 1, written[open]);
        std::size_t close = open + fence.size();
        while (close < written.size() && written.substr(close, fence.size()) != fence) close += written[close] == '\\' ? 2 : 1;
        out += unescape(written.substr(open, close + fence.size() - open));
        at = close + fence.size();
    }
    return out;
}

void Frame::emit(std::string_view line) {
    lines_.append(static_cast<std::size_t>(indent_) * 4, ' ');
    lines_ += line;
    lines_ += '\n';
}

std::string Frame::print(const Value& value) { return evaluator_.leaves_.expand_locals(value.text); }

std::optional<std::string> Frame::bind(std::vector<Actual> given, bool open) {
    const auto parameters = tree_.children(tree_.child(body_.node, 0));
    std::vector<bool> bound(parameters.size(), false);
    std::size_t position = 0;
    const auto positional_slot = [&]() -> std::optional<std::size_t> {
        while (position < parameters.size()) {
            const syntax::Node& node = tree_[parameters[position]];
            if (node.has(syntax::Flag::star)) return position;
            if (node.has(syntax::Flag::keyword_only) || node.has(syntax::Flag::double_star)) return std::nullopt;
            return position++;
        }
        return std::nullopt;
    };
    std::vector<Value> star_items;
    const Actual* last_positional = nullptr;
    for (const Actual& actual : given)
        if (!actual.double_star && actual.keyword.empty()) last_positional = &actual;
    for (Actual& actual : given) {
        open = open || actual.double_star;
        if (actual.double_star || !actual.keyword.empty()) continue;
        const auto slot = positional_slot();
        if (!slot) return "too many positional arguments";
        const syntax::Node& node = tree_[parameters[*slot]];
        if (node.has(syntax::Flag::star)) {
            actual.value.starred = actual.star;
            star_bound_ = star_bound_ || actual.star;
            star_items.push_back(std::move(actual.value));
        } else if (actual.star) {
            if (&actual != last_positional) return "arguments by `*` before others are not known here";
            open = true;
        } else {
            set(node.name, std::move(actual.value));
            bound[*slot] = true;
        }
    }
    for (Actual& actual : given) {
        if (actual.keyword.empty()) continue;
        std::size_t slot = parameters.size();
        const auto look = [&](std::string_view keyword) {
            for (std::size_t at = 0; at < parameters.size(); ++at) {
                const syntax::Node& node = tree_[parameters[at]];
                if (node.name == keyword && !node.has(syntax::Flag::star) && !node.has(syntax::Flag::double_star)) slot = at;
            }
        };
        look(actual.keyword);
        // torch takes numpy's names too
        if (slot == parameters.size() && actual.keyword == "axis") look("dim");
        if (slot == parameters.size() && actual.keyword == "keepdims") look("keepdim");
        if (slot == parameters.size() && (actual.keyword == "input" || actual.keyword == "x")) look("self");
        // torch.linalg says `A` and takes `input`; elsewhere it is the other way round
        if (slot == parameters.size() && actual.keyword == "input") look("A");
        if (slot == parameters.size() && actual.keyword == "A") look("input");
        if (slot == parameters.size()) {
            for (std::size_t at = 0; at < parameters.size(); ++at)
                if (tree_[parameters[at]].has(syntax::Flag::star) &&
                    (actual.keyword == "size" || actual.keyword == "shape" || actual.keyword == "dims" || actual.keyword == "tensors"))
                    slot = at;
            if (slot < parameters.size()) {
                star_items.push_back(std::move(actual.value));
                continue;
            }
            if (actual.keyword == "out" && actual.value.is_none()) continue;
            if (exists(double_star_parameter()) && mode_ != Mode::helper) {
                rest_.push_back(std::move(actual));
                continue;
            }
            return "an argument `" + std::string(actual.keyword) + "` that the signature does not have";
        }
        if (bound[slot]) return "two values for `" + std::string(actual.keyword) + "`";
        set(tree_[parameters[slot]].name, std::move(actual.value));
        bound[slot] = true;
    }
    for (std::size_t at = 0; at < parameters.size(); ++at) {
        const syntax::Node& node = tree_[parameters[at]];
        if (node.has(syntax::Flag::star)) {
            if (open && star_items.empty()) {
                if (!node.name.empty()) set(node.name, code_value(std::string(node.name), Precedence::atom, Kind::tuple));
                open_.emplace_back(node.name, "*" + std::string(node.name));
                continue;
            }
            Value all = sequence_value(std::move(star_items), false);
            set(node.name, std::move(all));
            continue;
        }
        if (node.has(syntax::Flag::double_star)) {
            if (open) open_.emplace_back(node.name, "**" + std::string(node.name));
            continue;
        }
        if (bound[at]) continue;
        const NodeId otherwise = tree_.child(parameters[at], 1);
        if (open) {
            const bool tensor = at == 0 && !exists(otherwise) && (node.name == "input" || node.name == "self");
            const Kind kind = tensor ? Kind::tensor : Kind::unknown;
            open_.emplace_back(node.name, std::string(node.name) + (exists(otherwise) ? "=" + print(evaluate(otherwise)) : std::string{}));
            set(node.name, code_value(std::string(node.name), Precedence::atom, kind));
            continue;
        }
        if (!exists(otherwise)) return "no value for `" + std::string(node.name) + "`";
        Value value = evaluate(otherwise);
        value.from_default = true;
        set(node.name, std::move(value));
    }
    return std::nullopt;
}

// `**rest` of the signature.
NodeId Frame::double_star_parameter() const {
    for (const NodeId parameter : tree_.children(tree_.child(body_.node, 0)))
        if (tree_[parameter].has(syntax::Flag::double_star)) return parameter;
    return syntax::kNoNode;
}

std::vector<Value> Frame::own_parameters(std::vector<std::string>& names) {
    std::vector<Value> arguments;
    for (auto& [name, value] : environment_) {
        if (std::any_of(open_.begin(), open_.end(), [&](const auto& one) { return one.first == name; })) continue;
        const bool flag = value.constant && (value.is_none() || std::holds_alternative<bool>(*value.constant) || value.string());
        // `mx.float32` is the same inside of the helper; `x.dtype` and what an outer call passed on are not.
        const bool named_dtype = value.fact.kind == Kind::dtype && value.text.starts_with(evaluator_.names_.mx + ".");
        const bool own_default = value.from_default && value.text.find('\x01') == std::string::npos;
        const bool fixed = flag || own_default || value.function || named_dtype || (value.has_items && value.items.empty());
        if (fixed) {
            if (value.has_items && value.items.empty()) {  // `()`, the shape of a scalar
                value = sequence_value({}, value.is_list);
            } else if (value.leaf >= 0) {  // a literal of the call site: its text must not refer there
                Value own = value;
                own.leaf = -1;
                if (value.is_none()) own = none_value();
                else if (value.string()) own = string_value(*value.string());
                else if (const auto* set_flag = value.constant ? std::get_if<bool>(&*value.constant) : nullptr) own = bool_value(*set_flag);
                value = own;
            }
            continue;
        }
        Value own = code_value(std::string(name), Precedence::atom, value.fact.kind);
        own.fact = value.fact;
        own.fact.value = infer::kNoValue;
        own.dim = {};
        if (value.has_items) {
            own.has_items = true;
            own.is_list = value.is_list;
            for (std::size_t at = 0; at < value.items.size(); ++at) {
                const Value& item = value.items[at];
                Value part = code_value(std::string(name) + "[" + std::to_string(at) + "]", Precedence::atom, item.fact.kind);
                part.fact = item.fact;
                part.dim = item.dim;
                own.items.push_back(std::move(part));
            }
        }
        names.emplace_back(name);
        arguments.push_back(value);
        value = std::move(own);
    }
    for (const auto& [name, spelled] : open_) names.push_back(spelled);
    return arguments;
}

Value Frame::run() {
    const NodeId body = tree_.child(body_.node, 2);
    if (mode_ == Mode::helper) {
        const auto statements = tree_.children(body);
        if (!statements.empty() && tree_[statements[0]].kind == NodeKind::expression_statement &&
            tree_[tree_.child(statements[0], 0)].kind == NodeKind::string)
            emit(tree_.text(statements[0]));
    }
    const Flow flow = block(body);
    if (mode_ == Mode::inline_ && flow != Flow::returned) return none_value();
    return returned_;
}

Frame::Flow Frame::block(NodeId block) {
    for (const NodeId child : tree_.children(block)) {
        const Flow flow = statement(child);
        if (flow != Flow::next) return flow;
    }
    return Flow::next;
}

Frame::Flow Frame::statement(NodeId id) {
    const syntax::Node& node = tree_[id];
    switch (node.kind) {
    case NodeKind::return_: return return_statement(id);
    case NodeKind::if_: return if_statement(id);
    case NodeKind::for_: return for_statement(id);
    case NodeKind::raise_: return raise_statement(id);
    case NodeKind::assign: {
        const auto children = tree_.children(id);
        for (std::size_t at = 1; at < children.size(); ++at) assign(children[at], evaluate(children[0]));
        return Flow::next;
    }
    case NodeKind::aug_assign: aug_assign(id); return Flow::next;
    case NodeKind::expression_statement: expression_statement(id); return Flow::next;
    case NodeKind::pass_: return Flow::next;
    default: break;
    }
    if (mode_ == Mode::inline_) throw NeedsHelper{};
    // while, with, nested functions, break: as they stand, with what they assign made run-time variables first
    materialise(id);
    const bool definition = node.kind == NodeKind::function_def;
    if (definition && !lines_.empty() && !lines_.ends_with("\n\n")) lines_ += '\n';
    std::string text(tree_.text(id));
    const std::size_t column = node.span.begin - (tree_.source().rfind('\n', node.span.begin) + 1);
    std::string moved;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        std::size_t end = text.find('\n', begin);
        if (end == std::string::npos) end = text.size();
        std::string_view line = std::string_view(text).substr(begin, end - begin);
        if (begin > 0) line.remove_prefix(std::min(column, line.size()));
        emit(line);
        begin = end + 1;
    }
    if (definition) lines_ += '\n';
    return node.kind == NodeKind::break_ || node.kind == NodeKind::continue_ ? Flow::stopped : Flow::next;
}

Frame::Flow Frame::return_statement(NodeId id) {
    returned_ = exists(tree_.child(id, 0)) ? evaluate(tree_.child(id, 0)) : none_value();
    if (mode_ == Mode::helper) {
        std::string text = print(returned_);
        if (returned_.own_parentheses && !returned_.is_list && returned_.leaf < 0 && returned_.items.size() > 1 && text.front() == '(')
            text = text.substr(1, text.size() - 2);
        emit("return " + text);
    }
    return Flow::returned;
}

Frame::Flow Frame::raise_statement(NodeId id) {
    const NodeId exception = tree_.child(id, 0);
    if (undecided_ == 0 && mode_ == Mode::inline_) {
        std::string reason = "torch raises here";
        if (exists(exception) && tree_[exception].kind == NodeKind::call && tree_.children(exception).size() > 1 &&
            tree_[tree_.child(exception, 1)].kind == NodeKind::string)
            reason = message(tree_.child(exception, 1));
        throw Refused{reason, {}};
    }
    if (mode_ == Mode::inline_) throw NeedsHelper{};
    emit("raise " + (exists(exception) ? print(evaluate(exception)) : std::string{}));
    return Flow::stopped;
}

Frame::Flow Frame::if_statement(NodeId id) {
    const Value test = evaluate(tree_.child(id, 0));
    if (const auto known = truth(test)) {
        const NodeId taken = tree_.child(id, *known ? 1 : 2);
        return exists(taken) ? block(taken) : Flow::next;
    }
    if (mode_ == Mode::inline_) throw NeedsHelper{};
    materialise(id);
    ++undecided_;
    const auto branch = [&](NodeId body, const std::string& head) {
        emit(head);
        ++indent_;
        const std::size_t before = lines_.size();
        const Environment saved = environment_;
        Flow flow = Flow::next;
        try {
            flow = block(body);
        } catch (const Refused& refused) {
            emit("raise NotImplementedError(" + python_string(refused.reason) + ")");
            flow = Flow::stopped;
        }
        environment_ = saved;
        if (lines_.size() == before) emit("pass");
        --indent_;
        return flow;
    };
    const Flow first = branch(tree_.child(id, 1), "if " + print(test) + ":");
    Flow second = Flow::next;
    if (exists(tree_.child(id, 2))) {
        if (first == Flow::next) {
            second = branch(tree_.child(id, 2), "else:");
        } else {  // no else after a return
            --undecided_;
            try {
                return block(tree_.child(id, 2));
            } catch (const Refused& refused) {
                emit("raise NotImplementedError(" + python_string(refused.reason) + ")");
                return Flow::stopped;
            }
        }
    }
    --undecided_;
    return first != Flow::next && second != Flow::next ? Flow::returned : Flow::next;
}

Frame::Flow Frame::for_statement(NodeId id) {
    const Value iterable = evaluate(tree_.child(id, 1));
    const NodeId target = tree_.child(id, 0);
    std::vector<std::string_view> names;
    assigned_names(id, names);
    const auto own = [&](NodeId at, const auto& self) -> void {
        if (tree_[at].kind == NodeKind::tuple)
            for (const NodeId child : tree_.children(at)) self(child, self);
        else if (tree_[at].kind == NodeKind::name) names.push_back(tree_[at].name);
    };
    own(target, own);
    const bool disturbed = std::any_of(names.begin(), names.end(), [&](std::string_view name) { return reads(iterable, name); });
    if (iterable.has_items && undecided_ == 0 && (mode_ == Mode::inline_ || !disturbed)) {
        for (const Value& item : iterable.items) {
            assign(target, item);
            const Flow flow = block(tree_.child(id, 2));
            if (flow == Flow::returned) return flow;
            if (flow == Flow::stopped) throw NeedsHelper{};
        }
        return Flow::next;
    }
    if (mode_ == Mode::inline_) throw NeedsHelper{};
    materialise(id);
    for (const std::string_view name : names) settle(name);
    ++undecided_;
    emit("for " + std::string(tree_.text(target)) + " in " + print(iterable) + ":");
    ++indent_;
    for (const std::string_view name : names) set(name, code_value(std::string(name)));
    const std::size_t before = lines_.size();
    block(tree_.child(id, 2));
    if (lines_.size() == before) emit("pass");
    --indent_;
    --undecided_;
    return Flow::next;
}

void Frame::assigned_names(NodeId region, std::vector<std::string_view>& into) const {
    const base::Span span = tree_[region].span;
    for (std::uint32_t at = syntax::index(region); at > 0; --at) {
        const NodeId id{at};
        const syntax::Node& node = tree_[id];
        if (!span.contains(node.span)) continue;
        const auto note = [&](NodeId target, const auto& self) -> void {
            if (!exists(target)) return;
            if (tree_[target].kind == NodeKind::name) {
                if (std::find(into.begin(), into.end(), tree_[target].name) == into.end()) into.push_back(tree_[target].name);
            } else if (tree_[target].kind == NodeKind::tuple || tree_[target].kind == NodeKind::list) {
                for (const NodeId child : tree_.children(target)) self(child, self);
            } else if (tree_[target].kind == NodeKind::subscript) {
                self(tree_.child(target, 0), self);
            }
        };
        if (node.kind == NodeKind::assign)
            for (std::size_t slot = 1; slot < tree_.children(id).size(); ++slot) note(tree_.children(id)[slot], note);
        if (node.kind == NodeKind::aug_assign) note(tree_.child(id, 0), note);
        if (node.kind == NodeKind::expression_statement && tree_[tree_.child(id, 0)].kind == NodeKind::call) {
            const NodeId callee = tree_.child(tree_.child(id, 0), 0);  // xs.append(...)
            if (tree_[callee].kind == NodeKind::attribute) note(tree_.child(callee, 0), note);
        }
    }
}

void Frame::materialise(NodeId region) {
    std::vector<std::string_view> names;
    assigned_names(region, names);
    for (const std::string_view name : names) materialise_name(name);
}

// What is folded so far gets a place at run time: `sizes[dim] = 1` needs a list to write to.
void Frame::materialise_base(NodeId target) {
    while (tree_[target].kind == NodeKind::subscript || tree_[target].kind == NodeKind::attribute) target = tree_.child(target, 0);
    if (tree_[target].kind == NodeKind::name) materialise_name(tree_[target].name);
}

void Frame::materialise_name(std::string_view name) {
    settle(name);
    Value* value = find(name);
    if (!value) return;
    Value own = code_value(std::string(name), Precedence::atom, value->fact.kind == Kind::tensor ? Kind::tensor : Kind::unknown);
    if (value->text != name || value->constant) emit(std::string(name) + " = " + print(*value));
    *find(name) = std::move(own);
}

bool Frame::reads(const Value& value, std::string_view name) const {
    if (value.constant) return false;
    bool found = false;
    for_each_piece(
        evaluator_.leaves_.expand_locals(value.text), [&](std::string_view piece) { found |= base::mentions(piece, name); },
        [&](std::uint32_t leaf) { found |= base::mentions(evaluator_.leaves_[leaf].written, name); });
    return found || std::any_of(value.items.begin(), value.items.end(), [&](const Value& item) { return reads(item, name); });
}

// `rows = [f(at)]` that is folded so far must be computed before `at` gets another value.
void Frame::settle(std::string_view name) {
    for (std::size_t slot = 0; slot < environment_.size(); ++slot) {
        const std::string_view other = environment_[slot].first;
        const Value& value = environment_[slot].second;
        if (other == name || value.text == other || !reads(value, name)) continue;
        if (++settling_ > 8) throw NeedsHelper{};  // two folded values that need each other's old one
        materialise_name(other);
        --settling_;
    }
}

void Frame::assign(NodeId target, Value value) {
    const syntax::Node& node = tree_[target];
    if (node.kind == NodeKind::tuple || node.kind == NodeKind::list) {
        const auto targets = tree_.children(target);
        const bool starred = std::any_of(targets.begin(), targets.end(), [&](NodeId one) { return tree_[one].kind == NodeKind::starred; });
        const auto disturbed = [&] {  // a, b = b, a
            for (std::size_t at = 0; at + 1 < targets.size(); ++at)
                for (std::size_t later = at + 1; later < value.items.size(); ++later)
                    if (tree_[targets[at]].kind == NodeKind::name && reads(value.items[later], tree_[targets[at]].name)) return true;
            return false;
        };
        if (value.has_items && value.items.size() == targets.size() && !starred && (mode_ == Mode::inline_ || !disturbed())) {
            const std::vector<Value> items = value.items;  // all evaluated before any is bound
            for (std::size_t at = 0; at < targets.size(); ++at) assign(targets[at], items[at]);
            return;
        }
        if (mode_ == Mode::inline_) throw NeedsHelper{};
        const auto name_of = [&](NodeId one) { return tree_[one].kind == NodeKind::starred ? tree_.child(one, 0) : one; };
        for (const NodeId one : targets) settle(tree_[name_of(one)].name);
        emit(std::string(tree_.text(target)) + " = " + print(value));
        for (const NodeId one : targets) {
            const NodeId named = name_of(one);
            set(tree_[named].name, code_value(std::string(tree_[named].name)));
        }
        return;
    }
    if (node.kind != NodeKind::name) {
        if (mode_ == Mode::inline_) throw NeedsHelper{};
        materialise_base(target);
        emit(print(evaluate(target)) + " = " + print(value));
        return;
    }
    const std::string_view name = node.name;
    const bool simple = value.constant || value.leaf >= 0 || value.function || value.text == name;
    if (mode_ == Mode::inline_) {
        if (!simple && !(value.has_items && value.fact.kind != Kind::size))
            value = evaluator_.leaves_.add({value.text, 0, value.precedence, false}, value);
        set(name, std::move(value));
        return;
    }
    const bool folds = undecided_ == 0 && (value.constant || value.function || (value.has_items && value.fact.kind != Kind::size && value.leaf < 0));
    if (folds) {
        set(name, std::move(value));
        return;
    }
    if (value.text != name) {
        settle(name);
        emit(std::string(name) + " = " + print(value));
    }
    Value own = value;
    own.text = std::string(name);
    own.precedence = Precedence::atom;
    own.leaf = -1;
    own.from_default = false;
    own.own_parentheses = false;
    if (undecided_ > 0) {
        own.constant.reset();
        own.has_items = false;
        own.items.clear();
        own.fact = {};
        own.fact.kind = value.fact.kind == Kind::tensor ? Kind::tensor : Kind::unknown;
    } else if (own.has_items) {
        for (std::size_t at = 0; at < own.items.size(); ++at)
            if (!own.items[at].constant) own.items[at].text = std::string(name) + "[" + std::to_string(at) + "]";
    }
    set(name, std::move(own));
}

void Frame::aug_assign(NodeId id) {
    const NodeId target = tree_.child(id, 0);
    if (tree_[target].kind == NodeKind::name && (mode_ == Mode::inline_ || undecided_ == 0)) {
        const Value left = evaluate(target);
        assign(target, fold_binary(tree_[id].op, left, evaluate(tree_.child(id, 1))));
        return;
    }
    if (mode_ == Mode::inline_) throw NeedsHelper{};
    materialise_base(target);
    emit(print(evaluate(target)) + " " + std::string(syntax::spelling(tree_[id].op)) + "= " + print(evaluate(tree_.child(id, 1))));
}

void Frame::expression_statement(NodeId id) {
    const NodeId expression = tree_.child(id, 0);
    if (tree_[expression].kind == NodeKind::string) return;  // a docstring
    if (tree_[expression].kind == NodeKind::call) {
        const NodeId callee = tree_.child(expression, 0);
        if (tree_[callee].kind == NodeKind::attribute && tree_[tree_.child(callee, 0)].kind == NodeKind::name && undecided_ == 0) {
            Value* list = find(tree_[tree_.child(callee, 0)].name);
            const bool append = tree_[callee].name == "append" && tree_.children(expression).size() == 2;
            if (list && list->has_items && list->is_list && append) {
                std::vector<Value> items = list->items;
                items.push_back(evaluate(tree_.child(expression, 1)));
                *find(tree_[tree_.child(callee, 0)].name) = sequence_value(std::move(items), true);
                return;
            }
        }
        if (tree_[callee].kind == NodeKind::name && tree_[callee].name == "refuse" && undecided_ > 0) {
            try {
                evaluate(expression);
            } catch (const Refused& refused) {
                emit("raise NotImplementedError(" + python_string(refused.reason) + ")");
            }
            return;
        }
    }
    const Value value = evaluate(expression);
    if (mode_ == Mode::inline_) {
        if (value.is_none()) return;
        throw NeedsHelper{};
    }
    if (!value.is_none()) emit(print(value));
}

}  // namespace mlxify::rules
