// Calls: arguments, the file's functions and classes, libraries.
#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "infer/annotations.h"
#include "infer/evaluator.h"
#include "infer/module_results.h"
#include "infer/tensor_results.h"

namespace mlxify::infer {

using base::last_part;
using syntax::index;
using NodeKind = syntax::Kind;
using syntax::kNoNode;

namespace {

constexpr std::string_view kBuiltins = "builtins.";

bool starts_upper(std::string_view name) { return !name.empty() && name[0] >= 'A' && name[0] <= 'Z'; }

}  // namespace

Operands Evaluator::evaluate_arguments(NodeId node) {
    Operands operands;
    const std::span<const NodeId> children = tree_.children(node);
    operands.positional.reserve(children.size());
    for (std::size_t slot = 1; slot < children.size(); ++slot) {
        const NodeId argument = children[slot];
        const syntax::Node& written = tree_[argument];
        if (written.kind == NodeKind::keyword) {
            const NodeId value = tree_.child(argument, 0);
            const Fact fact = evaluate(value);
            if (written.name.empty())
                operands.double_star = true;
            else
                operands.keywords.push_back({written.name, value, fact});
            continue;
        }
        const Fact fact = evaluate(argument);
        if (written.kind != NodeKind::starred) {
            if (operands.star)
                operands.spread.push_back(fact);
            else
                operands.positional.push_back({{}, argument, fact});
            continue;
        }
        if (fact.kind == Kind::dict || written.has(syntax::Flag::double_star)) {
            operands.double_star = true;
        } else if (fact.length >= 0 && (fact.elements != 0 || fact.length == 0)) {
            if (fact.elements != 0 && !operands.star)
                for (const Fact& element : store_.elements(fact)) operands.positional.push_back({{}, kNoNode, element});
        } else if (fact.kind == Kind::size && fact.length >= 0) {
            for (int at = 0; at < fact.length; ++at) operands.positional.push_back({{}, kNoNode, make(Kind::integer)});
        } else {
            if (!operands.star) operands.spread_may_write = fact.may_write_input;
            operands.star = true;
            if (fact.elements != 0)
                operands.spread.insert(operands.spread.end(), store_.elements(fact).begin(), store_.elements(fact).end());
            else
                operands.spread.emplace_back();
        }
    }
    return operands;
}

Fact Evaluator::evaluate_call(NodeId node) {
    const NodeId callee = tree_.child(node, 0);
    const syntax::Node& written = tree_[callee];
    if (written.kind == NodeKind::name || written.kind == NodeKind::attribute) {
        const std::string& qualified = library_name_of(callee);
        if (!qualified.empty()) {
            const Fact constant = library_constant(qualified);
            record(callee, constant);
            return call_library(qualified, evaluate_arguments(node), node);
        }
    }
    if (written.kind == NodeKind::name && names_.binding(callee) == names::kNoBinding) {
        record(callee, store_.library_fact(Kind::function, std::string(kBuiltins) + std::string(written.name)));
        return call_builtin(written.name, evaluate_arguments(node), node);
    }
    if (written.kind == NodeKind::attribute) {
        const NodeId object = tree_.child(callee, 0);
        const bool is_super = tree_[object].kind == NodeKind::call && tree_[tree_.child(object, 0)].kind == NodeKind::name &&
                              tree_[tree_.child(object, 0)].name == "super";
        if (is_super) return call_super(node, written.name);
        Fact fact = evaluate(object);
        fact = not_none(object, fact);
        return call_method(node, object, fact, written.name);
    }
    const Fact fact = not_none(callee, evaluate(callee));
    return call_value(fact, evaluate_arguments(node), node);
}

Fact Evaluator::call_value(const Fact& callee, const Operands& operands, NodeId node) {
    switch (callee.kind) {
    case Kind::function: {
        if (callee.definition != 0) {
            const std::uint32_t function = program_.function_at(NodeId{callee.definition});
            if (function == 0) return {};
            if (program_.functions[function - 1].context_parameter >= 0) {  // apply = Whatever.apply
                Fact owner = make(Kind::class_);
                owner.class_index = callee.class_index;
                return apply_autograd(function, owner, operands);
            }
            Fact self;
            if (callee.class_index != 0 && program_.functions[function - 1].method_kind != MethodKind::static_) {
                self = make(names_.classes[callee.class_index - 1].is_module ? Kind::module : Kind::object);
                self.class_index = callee.class_index;
                self.library_class = callee.library_class;
            }
            return call_function(function, self, operands);
        }
        if (callee.library_class == 0) return {};
        const std::string name(store_.library_name(callee));
        if (name.starts_with(kBuiltins)) return call_builtin(std::string_view(name).substr(kBuiltins.size()), operands, node);
        return call_library(name, operands, node);
    }
    case Kind::class_: {
        if (callee.class_index != 0) return construct_class(callee.class_index, operands);
        if (callee.library_class == 0) return {};
        const std::string name(store_.library_name(callee));
        if (name.starts_with(kBuiltins)) return call_builtin(std::string_view(name).substr(kBuiltins.size()), operands, node);
        return call_library(name, operands, node);
    }
    case Kind::module:
    case Kind::object: return call_instance(callee, operands, node);
    case Kind::unknown:
        if (callee.library_class != 0) return call_library(std::string(store_.library_name(callee)), operands, node);
        return {};
    default: return {};
    }
}

// A tuple or list of Python's numbers, or a shape.
bool Evaluator::is_sequence_of_numbers(const Fact& fact) {
    if (fact.kind == Kind::size) return true;
    if (fact.kind != Kind::tuple && fact.kind != Kind::list) return false;
    const Kind element = store_.element(fact).kind;
    return element == Kind::integer || element == Kind::floating;
}

Fact Evaluator::call_library(std::string_view qualified, const Operands& operands, NodeId node) {
    if (qualified == "numpy.prod" && operands.positional.size() == 1 && is_sequence_of_numbers(operands.fact(0))) return call_library("math.prod", operands, node);
    if (qualified.starts_with("math.")) {
        constexpr std::array<std::string_view, 8> kIntegers{"ceil", "floor", "gcd", "comb", "factorial", "isqrt", "lcm", "trunc"};
        const std::string_view last = last_part(qualified);
        if (last == "prod")
            return operands.fact(0).kind == Kind::size                      ? make(Kind::integer)
                   : store_.element(operands.fact(0)).kind == Kind::integer ? make(Kind::integer)
                                                                            : Fact{};
        if (last.starts_with("is")) return make(last == "isqrt" ? Kind::integer : Kind::boolean);
        return make(std::find(kIntegers.begin(), kIntegers.end(), last) != kIntegers.end() ? Kind::integer : Kind::floating);
    }
    if (is_library_module(qualified)) return construct_module(store_, qualified, operands);
    if (qualified == "torch.nn.Embedding.from_pretrained") return construct_module(store_, "torch.nn.Embedding", {});
    if (const Operator* op = find_library_operator(qualified)) {
        const Fact result = apply_operator(*op, operands, node);
        const bool in_place = qualified.ends_with('_') && !operands.positional.empty();  // torch.relu_(x) gives x back
        return in_place ? sharing_memory(result, operands.positional[0].node, operands.positional[0].fact) : result;
    }
    if (qualified == "functools.partial") return call_partial(operands);
    if (qualified == "copy.deepcopy" || qualified == "copy.copy") {
        Fact copied = operands.fact(0);
        copied.view_of = 0;
        return copied;
    }
    if (qualified == "collections.OrderedDict") {
        const Fact items = operands.fact(0);
        Fact pair = store_.element(items);
        return store_.repeated(Kind::dict, pair.length == 2 && pair.elements != 0 ? Fact(store_.elements(pair)[1]) : Fact{});
    }
    if (qualified.starts_with("torch.nn.utils.") && operands.fact(0).kind == Kind::module) return operands.fact(0);  // weight_norm(conv)
    if (qualified == "typing.cast") return operands.fact(1);
    if (qualified == "itertools.combinations" || qualified == "itertools.permutations" || qualified == "itertools.product" ||
        qualified == "itertools.combinations_with_replacement") {
        const bool alike = qualified != "itertools.product" || operands.positional.size() == 1;
        return store_.repeated(Kind::list, alike && !operands.positional.empty() ? store_.repeated(Kind::tuple, iterated(operands.fact(0))) : make(Kind::tuple));
    }
    if (qualified.starts_with("torch.compile") || qualified.starts_with("torch.jit.")) return operands.fact(0);
    // A capitalised export of a known module package is a module whose calls are not known.
    if (starts_upper(last_part(qualified)) &&
        (qualified.starts_with("fla.") || qualified.starts_with("timm.") || qualified.starts_with("rotary_embedding_torch."))) {
        const std::size_t dot = qualified.find('.', 4);
        const std::string shorter = "fla.modules." + std::string(last_part(qualified));
        if (qualified.starts_with("fla.modules.") && dot != std::string_view::npos && is_library_module(shorter))
            return construct_module(store_, shorter, operands);
        return store_.library_fact(Kind::module, qualified);
    }
    return {};
}

Fact Evaluator::apply_operator(const Operator& op, const Operands& given, NodeId node) {
    Operands operands = given;
    learn_from_operator(op, operands);
    if (!operands.positional.empty() && takes_tensor_first(op.rule)) {
        Operand& first = operands.positional[0];
        if (exists(first.node) && (first.fact.kind == Kind::unknown || first.fact.maybe_none))
            first.fact = used_as_tensor(first.node, first.fact);
    }
    Fact result = TensorResult(store_, op, operands, node).fact();
    if (const Operand* out = operands.keyword("out")) return sharing_memory(out->fact, out->node, out->fact);
    if (operands.positional.empty()) return result;
    const Operand& first = operands.positional[0];
    if (gives_view(op)) return sharing_memory(result, first.node, first.fact);
    const bool other_dtype = first.fact.dtype != DType::unknown && result.dtype != DType::unknown && first.fact.dtype != result.dtype;
    const Operand* inplace = operands.keyword("inplace");
    const bool in_place = inplace && store_.boolean_value(inplace->fact) != std::optional(false);
    if ((may_give_operand(op) && !other_dtype) || in_place) result = not_fresh(result);
    return result;
}

Fact Evaluator::construct_class(std::uint32_t class_index, const Operands& operands) {
    const names::ClassInfo& info = names_.classes[class_index - 1];
    Fact instance = make(info.is_module ? Kind::module : Kind::object);
    instance.class_index = class_index;
    const std::string_view base = program_.library_base(class_index);
    if (!base.empty()) instance.library_class = store_.library(base);
    const NodeId constructor = program_.method(class_index, "__init__");
    if (exists(constructor)) {
        call_function(program_.function_at(constructor), instance, operands);
    } else if (!base.empty()) {  // the library's own constructor: class Norm(nn.LayerNorm)
        const Fact built = construct_module(store_, base, operands);
        instance.shape = built.shape;
        instance.length = built.length;
        instance.elements = built.elements;
    }
    return instance;
}

Fact Evaluator::call_instance(const Fact& module, const Operands& operands, NodeId node) {
    if (module.class_index != 0) {
        NodeId method = program_.method(module.class_index, module.kind == Kind::module ? "forward" : "__call__");
        if (!exists(method) && module.kind == Kind::module) method = program_.method(module.class_index, "__call__");
        if (exists(method)) {
            const std::uint32_t function = program_.function_at(method);
            if (function == 0) return {};
            Fact result = call_function(function, module, operands);
            // An heir's own version may run instead.
            for (const NodeId other : program_.overrides(module.class_index, "forward"))
                if (other != method && module == frame_->self)
                    result = store_.join(result, call_function(program_.function_at(other), module, operands));
            return result;
        }
        if (module.library_class == 0) return {};
    }
    if (module.kind != Kind::module) return {};
    if (!operands.positional.empty()) {
        const Operand& input = operands.positional[0];
        const int rank = input_rank(store_, module);
        if (rank > 0 && exists(input.node) &&
            (input.fact.kind == Kind::unknown || (input.fact.kind == Kind::tensor && input.fact.rank < 0)))
            learn_rank(input.node, input.fact, rank);
    }
    const auto call_child = [&](const Fact& child, const Fact& argument) {
        Operands one;
        one.positional.push_back({{}, kNoNode, argument});
        return call_value(child, one, node);
    };
    Fact result = call_module(store_, module, operands, node, call_child);
    if (operands.positional.empty()) return result;
    const Operand& input = operands.positional[0];
    if (module_gives_view(store_, module)) return sharing_memory(result, input.node, input.fact);
    return module.passes_input ? not_fresh(result) : result;
}

// super().__init__(...), super().forward(x)
Fact Evaluator::call_super(NodeId node, std::string_view name) {
    const Operands operands = evaluate_arguments(node);
    const Fact& self = frame_->self;
    if (self.class_index == 0) return {};
    for (const std::uint32_t base : names_.classes[self.class_index - 1].file_bases) {
        const NodeId method = program_.method(base + 1, name);
        if (!exists(method)) continue;
        const std::uint32_t function = program_.function_at(method);
        if (function == 0 || function == frame_->function) return {};
        return call_function(function, self, operands);
    }
    const std::string base(program_.library_base(self.class_index));
    if (base.empty()) return {};
    if (name == "__init__") {
        // What the library's constructor is given is remembered: instances are called as that module.
        store_attribute(self.class_index, "<library>", construct_module(store_, base, operands), false);
        return make(Kind::none);
    }
    if (name != "forward" && name != "__call__") return {};
    Fact module = make(Kind::module);
    module.library_class = store_.library(base);
    if (const auto built = program_.find_attribute(store_, self.class_index, "<library>", round_)) module = *built;
    return call_instance(module, operands, node);
}

}  // namespace mlxify::infer
