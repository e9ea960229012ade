// Rounds over the file, generic runs of functions, and calls in context.
#include <algorithm>
#include <string>

#include "infer/annotations.h"
#include "infer/evaluator.h"
#include "infer/parameter_evidence.h"

namespace mlxify::infer {

using syntax::index;
using NodeKind = syntax::Kind;
using syntax::Flag;
using syntax::kNoNode;

namespace {

constexpr int kMaxRounds = 3;
constexpr int kMaxCallDepth = 24;
constexpr std::size_t kMaxContexts = 6;  // of one function in one round
constexpr std::uint32_t kIntegerAxis = 255;

}  // namespace

Evaluator::Evaluator(const syntax::Tree& tree, const names::Names& names, const ObservedFacts& observed, const FactTable* stated,
                     FactTable& table)
    : tree_(tree),
      names_(names),
      observed_(observed),
      stated_(stated),
      table_(table),
      store_(table),
      program_(tree, names),
      environment_(static_cast<std::uint32_t>(names.bindings.size())),
      summary_now_(names.bindings.size()),
      summary_before_(names.bindings.size()),
      qualified_at_(tree.size(), 0),
      observed_at_(observed.empty() ? 0 : tree.size(), 0) {
    table_.by_node.assign(tree.size(), Fact{});
    index_observed(observed);
}

void Evaluator::run() {
    for (round_ = 1; round_ <= kMaxRounds; ++round_) {
        run_round();
        if (round_ > 1 && !anything_changed()) break;
        program_.next_round();
        summary_before_ = summary_now_;
        std::fill(summary_now_.begin(), summary_now_.end(), Collected{});
    }
}

void Evaluator::run_round() {
    module_frame_ = {};
    module_frame_.node = tree_.root();
    frame_ = &module_frame_;
    for (const names::BindingId binding : names_.scopes[0].bindings) environment_.unbind(static_cast<std::uint32_t>(binding));
    recording_ = true;
    run_block(tree_.child(tree_.root(), 0));
    for (std::uint32_t at = 1; at <= program_.functions.size(); ++at)
        if (program_.functions[at - 1].is_constructor) run_generic(at);
    for (std::uint32_t at = 1; at <= program_.functions.size(); ++at)
        if (!program_.functions[at - 1].is_constructor) run_generic(at);
}

bool Evaluator::anything_changed() const {
    const auto differ = [](const Collected& now, const Collected& before) {
        return now.present != before.present || !(now.fact == before.fact);
    };
    for (const Attribute& attribute : program_.attributes)
        if (differ(attribute.now, attribute.before)) return true;
    for (const Function& function : program_.functions)
        for (std::size_t at = 0; at < function.now.size(); ++at)
            if (differ(function.now[at], function.before[at])) return true;
    return false;
}

Fact Evaluator::self_of(const Function& function) {
    if (function.class_index == 0 || function.method_kind == MethodKind::static_) return {};
    Fact self = make(names_.classes[function.class_index - 1].is_module ? Kind::module : Kind::object);
    if (function.method_kind == MethodKind::class_) self.kind = Kind::class_;
    self.class_index = function.class_index;
    self.library_class = store_.library(program_.library_base(function.class_index));
    return self;
}

// What the declaration alone tells: annotation, default, use.
Fact Evaluator::declared_parameter(const Function& function, std::size_t at) {
    const NodeId parameter = function.parameters[at];
    const syntax::Node& node = tree_[parameter];
    const NodeId annotation = tree_.child(parameter, 0);
    const NodeId initial = tree_.child(parameter, 1);
    Fact fact = exists(annotation) ? fact_of_annotation(tree_, names_, store_, annotation) : Fact{};
    if (node.has(Flag::star)) return store_.repeated(Kind::tuple, fact);
    if (node.has(Flag::double_star)) return make(Kind::dict);
    const bool none_by_default = exists(initial) && tree_[initial].kind == NodeKind::none_;
    if (exists(initial) && !none_by_default) {
        const Fact usual = store_.without_values(default_of(parameter));
        const bool is_place = node.name == "device" || node.name == "dtype";  // strings stand for objects there
        // A list may be passed for a tuple and the other way round: of defaults only numbers and words tell.
        if (!exists(annotation) && usual.kind != Kind::tuple && usual.kind != Kind::list && !is_place) fact = usual;
        // `flag: float = True`, `layer: nn.Module = nn.ReLU`: the annotation is not to be believed.
        if (exists(annotation) && usual.kind != Kind::unknown && usual.kind != fact.kind) fact = store_.join(fact, usual);
    }
    const bool is_lambda = tree_[function.node].kind == NodeKind::lambda;
    if (fact.kind == Kind::unknown && !exists(annotation) && (none_by_default || !exists(initial)) && !is_lambda) {
        const TensorEvidence evidence = tensor_evidence(tree_, names_, parameter);
        const bool module_input = function.class_index != 0 && names_.classes[function.class_index - 1].is_module &&
                                  tree_[function.node].name == "forward" && !none_by_default && at == 1;
        if (evidence == TensorEvidence::strong || (module_input && evidence == TensorEvidence::weak)) fact = tensor();
    }
    fact.temporary = false;
    fact.maybe_none |= none_by_default || compared_with_none(tree_, names_, parameter);
    return fact;
}

Fact Evaluator::generic_parameter(const Function& function, std::size_t at) {
    const Collected& called = round_ == 1 ? function.now[at] : function.before[at];
    const Collected& calls = called.present ? called : function.tried[at];
    const Fact declared = declared_parameter(function, at);
    Fact fact = declared;
    if (calls.present && calls.fact.kind != Kind::unknown) {
        const bool fits = declared.kind == Kind::unknown || declared.kind == calls.fact.kind;
        if (fits) {
            fact = calls.fact;
            fact.maybe_none |= declared.maybe_none;
            // `dims=()`, which some calls leave as it is and others give more: no length is everyone's.
            const Fact usual = store_.without_values(default_of(function.parameters[at]));
            if (usual.kind == Kind::tuple || usual.kind == Kind::list) fact = store_.join(fact, usual);
            if (fact.dtype == DType::unknown) fact.dtype = declared.dtype;
            if (fact.rank < 0) fact.rank = declared.rank;
        } else {
            const bool annotated = exists(tree_.child(function.parameters[at], 0));
            if (!annotated) fact = store_.join(declared, calls.fact);
        }
    } else if (calls.present) {
        // Calls pass different things: a default's kind is then only one of them.
        const bool by_default = !exists(tree_.child(function.parameters[at], 0)) && exists(tree_.child(function.parameters[at], 1));
        if (by_default && declared.kind != Kind::tensor) fact.kind = Kind::unknown;
        fact.maybe_none |= calls.fact.maybe_none;
    }
    fact.shape = 0;  // sizes that calls of the file pass are their sizes, not everyone's
    if (fact.kind == Kind::tensor && fact.rank < 0) {
        if (function.learned_rank[at] >= 0)
            fact.rank = function.learned_rank[at];
        else
            fact.same_rank_as = index(function.parameters[at]);
    }
    return fact;
}

// The context of an autograd Function stands for an object of that class, whose attributes forward and backward share; what
// backward is given are gradients of what forward gave.
Fact Evaluator::autograd_parameter(const Function& function, std::size_t at, Fact fact) {
    const int place = static_cast<int>(at) - function.context_parameter;
    if (place == 0) return context_of(function.class_index);
    if (!function.takes_gradients || place < 0) return fact;
    Fact gradient = tensor();
    gradient.temporary = false;
    const NodeId forward = program_.method(function.class_index, "forward");
    const std::uint32_t number = exists(forward) ? program_.function_at(forward) : 0;
    if (number != 0 && program_.functions[number - 1].result.present) {
        Fact given = program_.functions[number - 1].result.fact;
        if (given.kind == Kind::tuple && given.length >= place && given.elements != 0) given = store_.elements(given)[static_cast<std::size_t>(place - 1)];
        if (given.kind == Kind::tensor) gradient.rank = given.rank, gradient.dtype = given.dtype;
    }
    return tree_[function.parameters[at]].has(Flag::star) ? store_.repeated(Kind::tuple, tensor()) : gradient;
}

Fact Evaluator::context_of(std::uint32_t class_index) {
    Fact context = make(Kind::object);
    context.class_index = class_index;
    return context;
}

// Whatever.apply(x, ...) calls forward(context, x, ...).
Fact Evaluator::apply_autograd(std::uint32_t function, const Fact& self, Operands operands) {
    const Function& forward = program_.functions[function - 1];
    if (forward.context_parameter >= 0) operands.positional.insert(operands.positional.begin(), {{}, kNoNode, context_of(self.class_index)});
    return call_function(function, forward.method_kind == MethodKind::class_ ? self : Fact{}, operands);
}

void Evaluator::run_generic(std::uint32_t at) {
    Function& function = program_.functions[at - 1];
    const Fact self = self_of(function);
    std::vector<Fact> arguments(function.parameters.size());
    for (std::size_t parameter = 0; parameter < arguments.size(); ++parameter) {
        const bool is_self = parameter == 0 && self.kind != Kind::unknown;
        Fact fact = is_self ? self : generic_parameter(function, parameter);
        if (function.context_parameter >= 0 && !is_self) fact = autograd_parameter(function, parameter, fact);
        if (!is_self) fact = with_own_sizes(fact, function.parameters[parameter], function.is_constructor ? function.class_index : 0);
        apply_observed(function.parameters[parameter], fact);
        arguments[parameter] = fact;
    }
    recording_ = true;
    for (std::size_t parameter = 0; parameter < arguments.size(); ++parameter) record(function.parameters[parameter], arguments[parameter]);
    function.result = {run_body(at, arguments, self), true};
}

Fact Evaluator::run_body(std::uint32_t at, const std::vector<Fact>& arguments, const Fact& self) {
    Function& function = program_.functions[at - 1];
    Frame frame;
    frame.node = function.node;
    frame.function = at;
    frame.self = self;
    if (self.kind != Kind::unknown && !function.parameters.empty()) frame.self_parameter = function.parameters[0];
    Frame* const caller = frame_;
    std::vector<std::pair<std::uint32_t, Fact>> kept;
    for (const std::uint32_t slot : caller->attribute_slots)
        if (const Fact* fact = environment_.find(slot)) kept.emplace_back(slot, *fact);
    for (const auto& [slot, fact] : kept) environment_.unbind(slot);
    frame_ = &frame;
    function.running = true;
    ++depth_;
    for (const names::BindingId binding : names_.scopes[function.scope].bindings) environment_.unbind(static_cast<std::uint32_t>(binding));
    for (std::size_t parameter = 0; parameter < arguments.size(); ++parameter) {
        const auto binding = static_cast<std::uint32_t>(names_.binding(function.parameters[parameter]));
        environment_.set(binding, arguments[parameter]);
        if (recording_) summary_now_[binding].add(store_, arguments[parameter]);
    }
    const bool is_lambda = tree_[function.node].kind == NodeKind::lambda;
    Fact result = make(Kind::none);
    if (is_lambda) {
        result = evaluate(tree_.child(function.node, 1));
    } else {
        run_block(tree_.child(function.node, 2));
        if (frame.returned.present) result = frame.terminated ? frame.returned.fact : store_.join(frame.returned.fact, make(Kind::none));
        if (frame.yields) result = store_.repeated(Kind::list, frame.yielded);
    }
    for (const std::uint32_t slot : frame.attribute_slots) environment_.unbind(slot);
    function.running = false;
    --depth_;
    frame_ = caller;
    for (const auto& [slot, fact] : kept) environment_.set(slot, fact);
    return result;
}

Fact Evaluator::default_of(NodeId parameter) const {
    const NodeId initial = tree_.child(parameter, 1);
    return exists(initial) ? table_[initial] : Fact{};
}

Evaluator::Arguments Evaluator::bind_arguments(const Function& function, const Fact& self, const Operands& operands) {
    const std::size_t count = function.parameters.size();
    Arguments bound{std::vector<Fact>(count), std::vector<NodeId>(count, kNoNode), std::vector<bool>(count, false)};
    std::size_t next = 0;
    if (self.kind != Kind::unknown && count > 0) bound.facts[next++] = self;
    const std::size_t first = next;
    for (const Operand& operand : operands.positional) {
        if (next >= count || tree_[function.parameters[next]].has(Flag::star)) break;
        bound.facts[next] = operand.fact;
        bound.nodes[next] = operand.node;
        bound.passed[next++] = true;
    }
    for (std::size_t at = first; at < count; ++at) {
        const syntax::Node& parameter = tree_[function.parameters[at]];
        if (bound.passed[at]) continue;
        if (parameter.has(Flag::star)) {
            const std::size_t taken = at - first;
            std::vector<Fact> rest;
            for (std::size_t extra = taken; extra < operands.positional.size(); ++extra) rest.push_back(operands.positional[extra].fact);
            bound.facts[at] = operands.star ? make(Kind::tuple) : store_.sequence_of(Kind::tuple, rest);
            continue;
        }
        if (parameter.has(Flag::double_star)) {
            bound.facts[at] = make(Kind::dict);
            continue;
        }
        if (const Operand* keyword = operands.keyword(parameter.name)) {
            bound.facts[at] = keyword->fact;
            bound.nodes[at] = keyword->node;
            bound.passed[at] = true;
        } else if (!operands.hidden()) {
            bound.facts[at] = default_of(function.parameters[at]);
        }
    }
    return bound;
}

Fact Evaluator::call_function(std::uint32_t at, const Fact& self, const Operands& operands) {
    Function& function = program_.functions[at - 1];
    const Arguments arguments = bind_arguments(function, self, operands);
    if (recording_) {
        function.called = true;
        const bool trial = frame_->function == 0 || program_.functions[frame_->function - 1].is_trial;
        for (std::size_t parameter = 0; parameter < arguments.facts.size(); ++parameter) {
            if (!arguments.passed[parameter]) continue;
            Fact fact = store_.without_values(arguments.facts[parameter]);
            if (trial) {
                fact.rank = -1;
                fact.dtype = DType::unknown;
            }
            (trial ? function.tried : function.now)[parameter].add(store_, fact);
        }
    }
    if (function.opaque) return {};
    if (function.is_constructor) return make(Kind::none);
    const bool same_self = self.kind != Kind::unknown && self == frame_->self;
    const Fact result = in_context(at, arguments.facts, self);
    if (same_self) forget_attributes();
    // What the callee tells of its parameter holds for what was passed.
    for (std::size_t parameter = 0; parameter < arguments.nodes.size(); ++parameter) {
        const Fact& argument = arguments.facts[parameter];
        const bool open = argument.kind == Kind::tensor && argument.rank < 0 && !argument.maybe_none;
        if (open && exists(arguments.nodes[parameter]) && function.learned_rank[parameter] > 0)
            learn_rank(arguments.nodes[parameter], argument, function.learned_rank[parameter]);
    }
    return seen_from_outside(function, result, arguments, same_self);
}

Fact Evaluator::in_context(std::uint32_t at, const std::vector<Fact>& arguments, const Fact& self) {
    Function& function = program_.functions[at - 1];
    std::size_t seen = 0;
    for (const Context& context : function.contexts) {
        if (context.round != round_) continue;
        if (context.arguments == arguments) return context.result;
        ++seen;
    }
    if (function.running || depth_ >= kMaxCallDepth || seen >= kMaxContexts) return function.result.present ? function.result.fact : Fact{};
    const bool recorded = recording_;
    recording_ = false;
    const Fact result = run_body(at, arguments, self);
    recording_ = recorded;
    const auto stale =
        std::find_if(function.contexts.begin(), function.contexts.end(), [&](const Context& context) { return context.round != round_; });
    if (stale != function.contexts.end())
        *stale = {arguments, result, round_};
    else
        function.contexts.push_back({arguments, result, round_});
    return result;
}

void Evaluator::collect_symbols(const Fact& fact, std::vector<std::uint32_t>& symbols) const {
    if (fact.shape != 0)
        for (const Dim& dim : table_.shapes[fact.shape]) symbols.insert(symbols.end(), dim.symbols.begin(), dim.symbols.end());
    if (fact.elements != 0)
        for (const Fact& element : table_.sequences[fact.elements]) collect_symbols(element, symbols);
}

// Sizes that only the callee knows mean something else at each call: they become unknown.
std::uint32_t Evaluator::shape_outside(std::uint32_t shape, const std::vector<std::uint32_t>& allowed, std::uint32_t owner) {
    if (shape == 0) return 0;
    std::vector<Dim> dims = table_.shapes[shape];
    bool changed = false;
    for (Dim& dim : dims) {
        for (const std::uint32_t symbol : dim.symbols) {
            const bool of_self = owner != 0 && symbol < symbol_owner_.size() && symbol_owner_[symbol] == owner;
            if (of_self || std::find(allowed.begin(), allowed.end(), symbol) != allowed.end()) continue;
            dim = {};
            changed = true;
            break;
        }
    }
    return changed ? store_.shape(dims) : shape;
}

// Whether an assignment that surely ran before `use` gave the parameter another value.
bool Evaluator::is_rebound(names::BindingId binding, NodeId parameter, NodeId use) const {
    const auto& stores = names_[binding].stores;
    return std::any_of(stores.begin(), stores.end(), [&](NodeId store) {
        const NodeId statement = tree_.statement_of(store);
        if (store == parameter || tree_[statement].kind != NodeKind::assign || tree_[statement].span.end > tree_[use].span.begin) return false;
        return tree_[tree_[statement].parent].span.contains(tree_[use].span);
    });
}

std::uint32_t Evaluator::memory_outside(const Function& function, std::uint32_t memory, const Arguments& arguments) const {
    if (memory == 0) return 0;
    const NodeId node{memory};
    if (!tree_[function.node].span.contains(tree_[node].span)) return memory;
    const names::BindingId binding = names_.binding(node);
    for (std::size_t at = 0; at < arguments.nodes.size(); ++at)
        if (exists(arguments.nodes[at]) && names_.binding(function.parameters[at]) == binding && !is_rebound(binding, function.parameters[at], node))
            return memory_of(arguments.nodes[at], arguments.facts[at]);
    return tree_[node].kind == NodeKind::attribute ? memory : 0;
}

Fact Evaluator::seen_from_outside(const Function& function, Fact result, const Arguments& arguments, bool same_self) {
    std::vector<std::uint32_t> allowed;
    for (const Fact& argument : arguments.facts) collect_symbols(argument, allowed);
    const auto convert = [&](const auto& self, Fact fact) -> Fact {
        fact.shape = shape_outside(fact.shape, allowed, same_self ? function.class_index : 0);
        if (fact.view_of != 0) {
            fact.view_of = memory_outside(function, fact.view_of, arguments);
            fact.temporary = false;
        }
        if (fact.elements != 0) {
            std::vector<Fact> elements = store_.elements(fact);
            for (Fact& element : elements) element = self(self, element);
            fact.elements = store_.sequence(elements);
        }
        return fact;
    };
    return convert(convert, result);
}

Dim Evaluator::own_symbol(NodeId node, std::uint32_t axis, std::uint32_t owner) {
    const std::uint64_t key = (static_cast<std::uint64_t>(index(node)) << 8) | axis;
    std::uint32_t symbol = store_.find_symbol(key);
    if (symbol == 0) {
        std::string name(tree_[node].name.empty() ? tree_.text(node) : tree_[node].name);
        if (axis != kIntegerAxis) name += ".shape[" + std::to_string(axis) + "]";
        symbol = store_.symbol(key, name);
    }
    if (symbol_owner_.size() <= symbol) symbol_owner_.resize(symbol + 1, 0);
    symbol_owner_[symbol] = owner;
    return {true, 1, {symbol}};
}

Dim Evaluator::own_integer(NodeId node) {
    const bool constructing = frame_->function != 0 && program_.functions[frame_->function - 1].is_constructor;
    return own_symbol(node, kIntegerAxis, constructing ? frame_->self.class_index : 0);
}

// A parameter's sizes are symbols of their own: whatever a caller passes, they are these.
Fact Evaluator::with_own_sizes(Fact fact, NodeId node, std::uint32_t owner) {
    if (fact.kind == Kind::integer && fact.value == kNoValue) fact.shape = store_.shape({own_symbol(node, kIntegerAxis, owner)});
    if (fact.kind == Kind::tensor && fact.rank > 0) {
        std::vector<Dim> dims;
        for (int axis = 0; axis < fact.rank; ++axis) dims.push_back(own_symbol(node, static_cast<std::uint32_t>(axis), owner));
        fact.shape = store_.shape(dims);
    }
    return fact;
}

}  // namespace mlxify::infer
