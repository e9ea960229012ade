#include "rules/evaluator.h"

#include <algorithm>

#include "base/text.h"
#include "rules/frame.h"

namespace mlxify::rules {

using base::mentions;
using catalogue::Body;
using catalogue::Entry;
using infer::Kind;
using syntax::NodeId;
using NodeKind = syntax::Kind;

std::string Emissions::helper(std::string_view wanted, std::string_view text, std::string_view origin) {
    const auto known = by_text_.find(text);
    if (known != by_text_.end()) return known->second;
    const std::string base = wanted.starts_with('_') ? std::string(wanted) : "_" + std::string(wanted);
    std::string name = base;
    for (int number = 2; is_taken(name); ++number) name = base + "_" + std::to_string(number);
    std::string named;
    for (const char letter : text) {
        if (letter == kNameMarker) named += name;
        else named += letter;
    }
    taken_.emplace(name, "specialised " + std::string(origin));  // no stand-in for the whole definition of that origin
    by_text_.emplace(std::string(text), name);
    all_.push_back({name, std::move(named), std::string(origin)});
    return name;
}

bool Emissions::definition(std::string_view name, std::string_view origin) {
    const auto [at, fresh] = taken_.emplace(std::string(name), std::string(origin));
    return fresh || at->second == origin;
}

void Emissions::set_definition_text(std::string_view name, std::string text) {
    const auto at = taken_.find(name);
    all_.push_back({std::string(name), std::move(text), at == taken_.end() ? std::string{} : at->second});
}

bool Emissions::respell_calls(std::string_view name, std::string_view other) {
    const std::string call = std::string(name) + "(";
    bool any = false;
    for (Emitted& emitted : all_) {
        for (std::size_t at = emitted.text.find(call); at != std::string::npos; at = emitted.text.find(call, at + other.size())) {
            const char before = at == 0 ? ' ' : emitted.text[at - 1];
            if (base::is_name_letter(before) || before == '.') continue;
            emitted.text.replace(at, name.size(), other);
            any = true;
        }
    }
    return any;
}

void Emissions::keep_used(std::string_view text) {
    std::vector<bool> used(all_.size(), false);
    for (bool changed = true; changed;) {
        changed = false;
        for (std::size_t at = 0; at < all_.size(); ++at) {
            if (used[at]) continue;
            bool named = mentions(text, all_[at].name);
            for (std::size_t other = 0; other < all_.size() && !named; ++other) named = used[other] && mentions(all_[other].text, all_[at].name);
            used[at] = named;
            changed = changed || named;
        }
    }
    std::vector<Emitted> kept;
    for (std::size_t at = 0; at < all_.size(); ++at)
        if (used[at]) kept.push_back(std::move(all_[at]));
    all_ = std::move(kept);
}

namespace {

// Picks one element of a returned tuple, when only that one is wanted.
Value pick(Value value, const ApplyOptions& options) {
    if (!options.component) return value;
    if (value.has_items) return *options.component < value.items.size() ? value.items[*options.component] : value;
    return code_value(operand(value, Precedence::atom) + "[" + std::to_string(*options.component) + "]");  // MLX's own pair
}

bool is_tensor_of_samples(const Value& value) { return value.fact.by_samples && value.fact.kind == Kind::tensor; }

// Whether only the samples tell the rank of a tensor in it, or how many items of a shape are known.
bool is_of_samples(const Value& value) {
    if (is_size_of_samples(value)) return value.has_items;
    return is_tensor_of_samples(value) || std::any_of(value.items.begin(), value.items.end(), is_of_samples);
}

// The value for tensors of any rank, where only the samples tell it.
void widen(Value& value) {
    if (is_size_of_samples(value)) {
        value.has_items = false;
        value.items.clear();
        value.fact.length = -1;
    }
    for (Value& item : value.items) widen(item);
    if (!is_tensor_of_samples(value)) return;
    value.fact.by_samples = value.fact.rank > 0;  // a tensor that has axes is no single number elsewhere
    value.fact.rank = -1;
    value.fact.shape = 0;
}

bool is_spread_of_samples(const Value& value) { return is_size_of_samples(value) && value.has_items; }

// `(*sizes, 1)` of as many items as the samples had: each of them for itself.
void spread(Value& sequence) {
    if (std::none_of(sequence.items.begin(), sequence.items.end(), [](const Value& item) { return item.starred && is_spread_of_samples(item); })) return;
    std::vector<Value> items;
    for (Value& item : sequence.items)
        if (item.starred && is_spread_of_samples(item)) items.insert(items.end(), item.items.begin(), item.items.end());
        else items.push_back(std::move(item));
    sequence.has_items = std::none_of(items.begin(), items.end(), [](const Value& item) { return item.starred; });
    sequence.items = std::move(items);
}

std::vector<Actual> spread(std::vector<Actual> actuals) {
    std::vector<Actual> found;
    for (Actual& actual : actuals) {
        if (actual.star && is_spread_of_samples(actual.value)) {
            for (Value& item : actual.value.items) found.push_back({{}, std::move(item), false, false});
            continue;
        }
        spread(actual.value);
        found.push_back(std::move(actual));
    }
    return found;
}

}  // namespace

// Where the rank of an argument is that of the samples alone, what holds for every rank is taken, if there is such a form.
Outcome Evaluator::apply(const Entry& entry, std::vector<Actual> actuals, const ApplyOptions& options) {
    result_mutated_ = options.result_mutated;
    softmax_masked_ = options.softmax_masked;
    const Body& body = catalogue_.body(entry);
    const bool of_samples = std::any_of(actuals.begin(), actuals.end(), [](const Actual& actual) { return is_of_samples(actual.value); });
    if (of_samples && !entry.qualified.starts_with("mlxify.channels_last.")) {
        std::vector<Actual> wide = actuals;
        for (Actual& actual : wide) widen(actual.value);
        Outcome outcome;
        if (!inlined(body, wide, options, outcome)) call_helper(body, std::move(wide), options, outcome);
        if (outcome.status == Outcome::Status::expression) return outcome;
    }
    actuals = spread(std::move(actuals));
    Outcome outcome;
    if (!inlined(body, actuals, options, outcome)) call_helper(body, std::move(actuals), options, outcome);
    return outcome;
}

// The specialised body as one expression, or why there cannot be one; false if it takes a helper.
bool Evaluator::inlined(const Body& body, const std::vector<Actual>& actuals, const ApplyOptions& options, Outcome& outcome) {
    depth_ = 0;
    try {
        Frame frame(*this, body, Mode::inline_);
        if (auto problem = frame.bind(actuals, options.open)) {
            outcome.status = Outcome::Status::no_binding;
            outcome.reason = std::move(*problem);
            return true;
        }
        if (frame.is_open()) return false;
        Value value = pick(frame.run(), options);
        const auto uses = leaves_.uses(value.text);
        for (std::size_t leaf = 0; leaf < uses.size(); ++leaf)
            if (uses[leaf] > 1 && !leaves_[leaf].trivial) return false;
        outcome.value = std::move(value);
        return true;
    } catch (const NeedsHelper&) {
        return false;
    } catch (const Refused& refused) {
        outcome.status = Outcome::Status::refused;
        outcome.reason = refused.reason;
        outcome.suggestion = refused.suggestion;
        return true;
    }
}

Outcome Evaluator::function(const Entry& entry) {
    result_mutated_ = false;
    softmax_masked_ = false;
    Outcome outcome;
    ApplyOptions options;
    options.open = true;
    call_helper(catalogue_.body(entry), {}, options, outcome);
    if (outcome.status == Outcome::Status::expression) outcome.value.text = outcome.value.text.substr(0, outcome.value.text.find('('));
    return outcome;
}

// The specialised body as a helper, and the call to it; `f(x, *some, **rest)` when these are only known at run time.
void Evaluator::call_helper(const Body& body, std::vector<Actual> actuals, const ApplyOptions& options, Outcome& outcome) {
    depth_ = 0;
    try {
        Frame frame(*this, body, Mode::helper);
        std::vector<std::string> stars, double_stars;
        for (const Actual& actual : actuals)
            if (actual.star || actual.double_star)
                (actual.star ? stars : double_stars).push_back((actual.star ? "*" : "**") + operand(actual.value, Precedence::bit_or));
        if (auto problem = frame.bind(std::move(actuals), options.open)) throw Refused{*problem, "name the arguments one by one"};
        std::vector<std::string> names;
        const std::vector<Value> arguments = frame.own_parameters(names);
        frame.run();
        std::string text = std::string("def ") + Emissions::kNameMarker + "(";
        for (std::size_t at = 0; at < names.size(); ++at) text += (at ? ", " : "") + names[at];
        text += "):\n" + frame.lines();
        std::string called = emissions_.helper(body.name, text, std::string(body.file) + ":" + std::string(body.name)) + "(";
        for (std::size_t at = 0; at < arguments.size(); ++at) called += (at ? ", " : "") + operand(arguments[at], Precedence::conditional);
        if (frame.is_star_bound()) stars.clear();
        if (frame.is_open())
            for (const auto* rest : {&stars, &double_stars})
                for (const std::string& one : *rest) called += (called.back() == '(' ? "" : ", ") + one;
        outcome.value = code_value(called + ")");
        if (options.component) outcome.value.text += "[" + std::to_string(*options.component) + "]";
        outcome.helper = true;
    } catch (const NeedsHelper&) {
        outcome.status = Outcome::Status::refused;
        outcome.reason = "the catalogue entry cannot be specialised here";
    } catch (const Refused& refused) {
        outcome.status = Outcome::Status::refused;
        outcome.reason = refused.reason;
        outcome.suggestion = refused.suggestion;
    }
}

namespace {

// The function of a body: itself, or the constructor that a class states.
NodeId function_of(const Body& body) {
    const syntax::Tree& tree = body.tree;
    if (tree[body.node].kind != NodeKind::class_def) return body.node;
    NodeId constructor = syntax::kNoNode;
    for (const NodeId statement : tree.children(tree.child(body.node, 0)))
        if (tree[statement].kind == NodeKind::function_def && tree[statement].name == "__init__") constructor = statement;
    return constructor;
}

}  // namespace

// A class without a constructor has that of its first base, if the base is the catalogue's.
const Body& Evaluator::constructor_of(const Body& body) const {
    const Body* at = &body;
    for (int bases = 0; bases < 8 && !syntax::exists(function_of(*at)) && at->tree.decorator_begin(at->node) > 1; ++bases) {
        const Body* base = catalogue_.local(at->file_index, at->tree.text(at->tree.child(at->node, 1)));
        if (base == nullptr) break;
        at = base;
    }
    return *at;
}

std::string_view Evaluator::parameter_default(const Body& given, std::string_view name) const {
    const Body& body = constructor_of(given);
    const NodeId function = function_of(body);
    if (!syntax::exists(function)) return {};
    for (const NodeId parameter : body.tree.children(body.tree.child(function, 0))) {
        const auto parts = body.tree.children(parameter);  // annotation, default
        if (body.tree[parameter].name == name && parts.size() == 2 && syntax::exists(parts[1])) return body.tree.text(parts[1]);
    }
    return {};
}

std::vector<std::string> Evaluator::parameter_names(const Body& given) const {
    const Body& body = constructor_of(given);
    const syntax::Tree& tree = body.tree;
    const NodeId function = function_of(body);
    if (!syntax::exists(function)) {  // a constructor of a base: nn.Module's takes nothing
        const bool bare = syntax::exists(body.node) && tree[body.node].kind == NodeKind::class_def && tree.children(body.node).size() > 1 &&
                          tree.text(tree.child(body.node, 1)) == "nn.Module";
        return bare ? std::vector<std::string>{} : std::vector<std::string>{"*", "**"};
    }
    std::vector<std::string> names;
    for (const NodeId parameter : tree.children(tree.child(function, 0))) {
        const syntax::Node& node = tree[parameter];
        if (node.name == "self" && names.empty()) continue;
        if (node.has(syntax::Flag::star)) names.emplace_back("*");
        else if (node.has(syntax::Flag::double_star)) names.emplace_back("**");
        else names.emplace_back(node.name);
    }
    return names;
}

namespace {

// Names that the definition itself binds: they are never the catalogue's.
std::vector<std::string_view> bound_names(const syntax::Tree& tree) {
    std::vector<std::string_view> names;
    const auto target = [&](NodeId id, const auto& self) -> void {
        if (!syntax::exists(id)) return;
        const syntax::Node& node = tree[id];
        if (node.kind == NodeKind::name) names.push_back(node.name);
        else if (node.kind == NodeKind::tuple || node.kind == NodeKind::list || node.kind == NodeKind::starred)
            for (const NodeId child : tree.children(id)) self(child, self);
    };
    for (std::uint32_t number = 1; number < tree.size(); ++number) {
        const NodeId id{number};
        const syntax::Node& node = tree[id];
        if (node.kind == NodeKind::parameter) names.push_back(node.name);
        else if (node.kind == NodeKind::assign)
            for (std::size_t slot = 1; slot < tree.children(id).size(); ++slot) target(tree.children(id)[slot], target);
        else if (node.kind == NodeKind::aug_assign || node.kind == NodeKind::ann_assign || node.kind == NodeKind::for_ ||
                 node.kind == NodeKind::comprehension || node.kind == NodeKind::named_expr)
            target(tree.child(id, 0), target);
        else if (node.kind == NodeKind::with_item) target(tree.child(id, 1), target);
    }
    return names;
}

}  // namespace

std::string Evaluator::require_definition(const Entry& entry) { return require(catalogue_.body(entry)); }

std::string Evaluator::require(const Body& body) {
    const std::string origin = std::string(body.file) + ":" + std::string(body.name);
    if (const auto known = required_.find(origin); known != required_.end()) return known->second;
    std::string name(body.name);
    const bool is_private = name.starts_with('_');  // two underscores would be mangled inside a class
    for (int number = is_private ? 2 : 1; !emissions_.definition(name, origin); ++number)
        name = (is_private ? "" : "_") + std::string(body.name) + (number > 1 ? "_" + std::to_string(number) : "");
    required_.emplace(origin, name);

    // Names of the catalogue that it uses stand before it; `mx`, `nn` and its own name may have to be spelled differently.
    const syntax::Tree& tree = body.tree;
    const std::vector<std::string_view> own = bound_names(tree);
    std::vector<std::pair<base::Span, std::string>> edits;
    if (name != body.name) {
        const bool constant = tree[body.node].kind == NodeKind::assign;
        edits.emplace_back(constant ? tree[tree.child(body.node, 1)].span : tree[body.node].name_span, name);
    }
    for (std::uint32_t number = 1; number < tree.size(); ++number) {
        const NodeId id{number};
        const syntax::Node& node = tree[id];
        if (node.kind != NodeKind::name || std::find(own.begin(), own.end(), node.name) != own.end()) continue;
        std::string replacement;
        if (node.name == "mx") replacement = names_.mx;
        else if (node.name == "nn") replacement = names_.nn, emissions_.uses_nn = true;
        else if (node.name == "math") replacement = names_.math, emissions_.uses_math = true;
        else if (node.name == "np") replacement = names_.np, emissions_.uses_np = true;
        else if (node.name == body.name) replacement = name;
        else if (const Body* local = catalogue_.local(body.file_index, node.name)) replacement = require(*local);
        else if (const std::string_view line = catalogue_.import_line(body.file_index, node.name); !line.empty()) emissions_.add_import(line);
        if (!replacement.empty() && replacement != node.name) edits.emplace_back(node.span, replacement);
    }
    std::sort(edits.begin(), edits.end());
    std::string text;
    std::uint32_t at = tree[body.node].span.begin;
    for (const auto& [span, replacement] : edits) {
        text += body.text.substr(at, span.begin - at);
        text += replacement;
        at = span.end;
    }
    text += body.text.substr(at, tree[body.node].span.end - at);
    if (text.back() != '\n') text += '\n';
    emissions_.set_definition_text(name, std::move(text));
    return name;
}

}  // namespace mlxify::rules
