// Methods: of tensors, of instances, of module containers, lists, dicts and strings.
#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "infer/evaluator.h"
#include "infer/module_results.h"
#include "infer/tensor_results.h"

namespace mlxify::infer {

using base::contains;
using syntax::index;
using NodeKind = syntax::Kind;
using syntax::kNoNode;

namespace {

std::string_view without_underscore(std::string_view name) {
    if (name.size() > 1 && name.back() == '_' && name[name.size() - 2] != '_') name.remove_suffix(1);
    return name;
}

// On an object of which nothing is known: whether the call can only be a tensor's. An activation with a tensor as argument
// (`layer.relu(x)`) is a child of a module.
bool tells_tensor(const Operator& op, std::string_view written, const Operands& operands) {
    if (written.ends_with('_') && !written.ends_with("__") && written != "fill_") return op.rule != Rule::same_view || op.telling;
    const std::size_t count = operands.positional.size();
    if (op.name == "size") return count <= 1;
    if (op.name == "view" || op.name == "reshape" || op.name == "expand")
        return count >= 2 ||
               (count == 1 && operands.positional[0].fact.kind != Kind::unknown && operands.positional[0].fact.kind != Kind::tensor);
    if (op.name == "transpose" || op.name == "flatten") return count == 2;
    if (!op.telling) return false;
    const bool activation = op.rule == Rule::same || op.rule == Rule::floating || op.rule == Rule::softmax;
    if (!activation || count == 0) return true;
    const Kind first = operands.positional[0].fact.kind;
    return count > 1 || first == Kind::integer || first == Kind::floating;
}

}  // namespace

Fact Evaluator::call_method(NodeId node, NodeId object, const Fact& fact, std::string_view name) {
    switch (fact.kind) {
    case Kind::tensor: return call_tensor_method(node, object, fact, name);
    case Kind::module:
    case Kind::object: return call_instance_method(node, object, fact, name);
    case Kind::list: return call_list_method(node, object, fact, name);
    case Kind::dict: return call_dict_method(fact, name, evaluate_arguments(node));
    case Kind::string: evaluate_arguments(node); return call_string_method(name);
    case Kind::size:
        evaluate_arguments(node);
        return make(name == "numel" || name == "index" || name == "count" ? Kind::integer : Kind::unknown);
    case Kind::class_: {
        const Operands operands = evaluate_arguments(node);
        if (fact.class_index == 0) return {};
        if (const std::uint32_t forward = autograd_forward(fact, name); forward != 0) return apply_autograd(forward, fact, operands);
        const NodeId method = program_.method(fact.class_index, name);
        const std::uint32_t function = exists(method) ? program_.function_at(method) : 0;
        if (function == 0) return {};
        // Base.__init__(self, ...) passes the object itself.
        const bool bound = program_.functions[function - 1].method_kind == MethodKind::class_;
        return call_function(function, bound ? fact : Fact{}, operands);
    }
    case Kind::function:
        if (name == "apply") evaluate_arguments(node);
        return {};
    default: break;
    }
    const Operands operands = evaluate_arguments(node);
    if (fact.kind == Kind::integer || fact.kind == Kind::floating)
        return name == "bit_length" ? make(Kind::integer) : name == "is_integer" ? make(Kind::boolean) : Fact{};
    const Operator* op = find_operator(without_underscore(name));
    if (fact.kind == Kind::unknown && op && tells_tensor(*op, name, operands)) {
        return call_tensor_method(node, object, used_as_tensor(object, fact), name);
    }
    if (fact.kind == Kind::unknown &&
        (name == "startswith" || name == "endswith" || name == "format" || name == "lower" || name == "upper" || name == "join"))
        return call_string_method(name);
    return {};
}

// The `forward` that `apply` of an autograd Function calls; 0 if this is something else.
std::uint32_t Evaluator::autograd_forward(const Fact& class_fact, std::string_view name) const {
    if (name != "apply" || class_fact.class_index == 0 || !names_.classes[class_fact.class_index - 1].is_autograd_function) return 0;
    const NodeId forward = program_.method(class_fact.class_index, "forward");
    return exists(forward) ? program_.function_at(forward) : 0;
}

Fact Evaluator::call_tensor_method(NodeId node, NodeId object, const Fact& fact, std::string_view name) {
    Operands operands = evaluate_arguments(node);
    const std::string_view plain = without_underscore(name);
    const Operator* op = find_operator(plain);
    if (!op) return {};
    operands.positional.insert(operands.positional.begin(), {{}, object, fact});
    const bool in_place = plain != name;
    Fact result = apply_operator(*op, operands, node);
    if (!in_place) return result;
    // The object itself comes back; axes may have changed (unsqueeze_), its dtype not.
    const bool moves_axes =
        op->rule == Rule::unsqueeze || op->rule == Rule::squeeze || op->rule == Rule::transpose || op->rule == Rule::transpose_2d;
    Fact same = fact;
    if (moves_axes) {
        same.rank = result.rank;
        same.shape = result.shape;
        same.same_rank_as = 0;
        update_variable(object, same);
    }
    return sharing_memory(same, object, fact);
}

Fact Evaluator::call_instance_method(NodeId node, NodeId object, const Fact& fact, std::string_view name) {
    if (fact.class_index != 0) {
        const bool of_self = is_self(object);
        const NodeId method = program_.method(fact.class_index, name);
        const std::uint32_t function = exists(method) ? program_.function_at(method) : 0;
        if (function != 0 && !program_.functions[function - 1].is_property) {
            record(tree_.child(node, 0), method_value(fact, method));
            const Operands operands = evaluate_arguments(node);
            const Fact self = program_.functions[function - 1].method_kind == MethodKind::static_ ? Fact{} : fact;
            Fact result = call_function(function, self, operands);
            if (of_self)
                for (const NodeId other : program_.overrides(fact.class_index, name))
                    if (other != method) result = store_.join(result, call_function(program_.function_at(other), self, operands));
            return result;
        }
        Fact value = instance_attribute(fact, name, of_self);
        if (value.maybe_none) {
            value.maybe_none = false;
            update_variable(tree_.child(node, 0), value);
        }
        const bool inherited = value.kind == Kind::unknown;  // a method of the library's: that it was seen to be a function tells nothing
        apply_observed(tree_.child(node, 0), value);
        record(tree_.child(node, 0), value);
        const Operands operands = evaluate_arguments(node);
        if (value.kind != Kind::unknown && !(inherited && value.kind == Kind::function)) return call_value(value, operands, node);
        // self.register_buffer("mask", tensor) makes an attribute
        if (name == "register_buffer" || name == "register_parameter" || name == "add_module" || name == "__setattr__") {
            const auto attribute = store_.string_value(operands.fact(0, {"name"}));
            if (attribute && operands.positional.size() + operands.keywords.size() > 1)
                store_attribute(fact.class_index, names_of_attributes_.emplace_back(*attribute),
                                operands.fact(1, {"tensor", "param", "module", "buffer"}), of_self);
            return make(Kind::none);
        }
        if (name == "save_for_backward" && names_.classes[fact.class_index - 1].is_autograd_function) {
            std::vector<Fact> saved;
            for (const Operand& operand : operands.positional) saved.push_back(operand.fact);
            for (Fact& one : saved) one.temporary = false, one.view_of = 0, one.shape = 0;
            const Fact whole = operands.star ? make(Kind::tuple) : store_.sequence_of(Kind::tuple, saved);
            for (const std::string_view attribute : {"saved_tensors", "saved_variables"}) store_attribute(fact.class_index, attribute, whole, false);
            return make(Kind::none);
        }
        return fact.kind == Kind::module ? call_module_method(fact, name, operands, node) : Fact{};
    }
    if (fact.kind != Kind::module) {
        evaluate_arguments(node);
        return {};
    }
    const std::string_view container = store_.library_name(fact);
    if ((container == "torch.nn.ModuleList" || container == "torch.nn.Sequential" || container == "torch.nn.ParameterList") &&
        (name == "append" || name == "extend" || name == "insert" || name == "add_module"))
        return call_list_method(node, object, fact, name);
    const Operands operands = evaluate_arguments(node);
    return call_module_method(fact, name, operands, node);
}

Fact Evaluator::call_module_method(const Fact& fact, std::string_view name, const Operands& operands, NodeId node) {
    constexpr std::array<std::string_view, 14> kGiveItself{"to",       "cuda",   "cpu",   "eval", "train",          "float",    "half",
                                                           "bfloat16", "double", "apply", "type", "requires_grad_", "to_empty", "compile"};
    if (contains(kGiveItself, name)) return fact;
    if (name == "forward") return call_instance(fact, operands, node);
    if (name == "children" || name == "modules")
        return store_.repeated(Kind::list, fact.elements != 0 ? store_.element(fact) : make(Kind::module));
    if (name == "parameters" || name == "buffers") {
        Fact parameter = tensor();
        parameter.temporary = false;
        return store_.repeated(Kind::list, parameter);
    }
    if (name == "named_parameters" || name == "named_buffers") {
        Fact parameter = tensor();
        parameter.temporary = false;
        return store_.repeated(Kind::list, store_.sequence_of(Kind::tuple, {make(Kind::string), parameter}));
    }
    if (name == "named_modules" || name == "named_children")
        return store_.repeated(Kind::list, store_.sequence_of(Kind::tuple, {make(Kind::string), make(Kind::module)}));
    if (name == "state_dict") return make(Kind::dict);
    if (name == "values") return store_.repeated(Kind::list, store_.element(fact));
    if (name == "keys") return store_.repeated(Kind::list, make(Kind::string));
    if (name == "items") return store_.repeated(Kind::list, store_.sequence_of(Kind::tuple, {make(Kind::string), store_.element(fact)}));
    return {};
}

Fact Evaluator::call_list_method(NodeId node, NodeId object, const Fact& fact, std::string_view name) {
    const Operands operands = evaluate_arguments(node);
    constexpr std::int32_t kMaxTracked = 64;
    const auto grow = [&](const std::vector<Fact>& more, bool exact) {
        Fact grown = fact;
        grown.may_write_input = FactStore::first_may_write(fact, !more.empty() && more.front().may_write_input);
        const bool tracked = exact && fact.length >= 0 && (fact.elements != 0 || fact.length == 0) &&
                             fact.length + static_cast<std::int32_t>(more.size()) <= kMaxTracked;
        if (tracked) {
            std::vector<Fact> parts;
            if (fact.elements != 0) parts = store_.elements(fact);
            for (Fact part : more) {
                part.temporary = false;
                parts.push_back(part);
            }
            grown.length = static_cast<std::int32_t>(parts.size());
            grown.elements = store_.sequence(parts);
        } else {
            std::vector<Fact> choices;
            if (fact.elements != 0) choices = store_.elements(fact);
            for (Fact part : more) {
                part.temporary = false;
                choices.push_back(part);
            }
            const bool any_known = fact.elements != 0 || fact.length == 0;
            grown.length = -1;
            grown.elements = any_known ? store_.repeated(Kind::list, choices).elements : 0;
        }
        update_variable(object, grown);
        // A list that an attribute of the object holds is what later methods find there.
        if (tree_[object].kind == NodeKind::attribute) {
            const Fact owner = evaluate_unrecorded(tree_.child(object, 0));
            if (owner.class_index != 0) store_attribute(owner.class_index, tree_[object].name, grown, is_self(tree_.child(object, 0)));
        }
        return fact.kind == Kind::module && (name == "append" || name == "extend") ? fact
                                                                                   : make(Kind::none);  // a ModuleList gives itself back
    };
    if (name == "append") return grow({operands.fact(0)}, true);
    if (name == "insert") return grow({operands.fact(1)}, false);
    if (name == "add_module" || name == "register_module") return grow({operands.fact(1, {"module"})}, true);
    if (name == "extend") {
        const Fact more = operands.fact(0);
        if (more.length >= 0 && (more.elements != 0 || more.length == 0))
            return grow(more.elements != 0 ? std::vector<Fact>(store_.elements(more)) : std::vector<Fact>{}, true);
        return grow(
            more.elements != 0 && more.kind != Kind::tensor ? std::vector<Fact>(store_.elements(more)) : std::vector<Fact>{iterated(more)},
            false);
    }
    if (name == "pop") {
        Fact left = fact;
        Fact taken = store_.element(fact);
        const bool last = operands.positional.empty() && fact.length > 0 && fact.elements != 0;
        if (last) {
            std::vector<Fact> parts = store_.elements(fact);
            taken = parts.back();
            parts.pop_back();
            left.length = static_cast<std::int32_t>(parts.size());
            left.elements = store_.sequence(parts);
        } else {
            left.length = -1;
            left.elements = fact.elements != 0 ? store_.sequence({taken}) : 0;
        }
        update_variable(object, left);
        return taken;
    }
    if (name == "reverse" || name == "sort" || name == "clear" || name == "remove") {
        Fact left = fact;
        left.length = name == "reverse" || name == "sort" ? fact.length : -1;
        const Fact any = store_.element(fact);
        left.elements = fact.elements == 0 ? 0
                        : left.length > 0  ? store_.sequence(std::vector<Fact>(static_cast<std::size_t>(left.length), any))
                                           : store_.sequence({any});
        update_variable(object, left);
        return make(Kind::none);
    }
    if (name == "copy") return fact;
    if (name == "index" || name == "count") return make(Kind::integer);
    return {};
}

Fact Evaluator::call_dict_method(const Fact& fact, std::string_view name, const Operands& operands) {
    const Fact value = store_.element(fact);
    if (name == "get" || name == "pop" || name == "setdefault") {
        if (fact.elements == 0) return {};
        const Operand* otherwise = operands.find(1, {"default"});
        return store_.join(value, otherwise ? otherwise->fact : make(Kind::none));
    }
    if (name == "keys") return store_.repeated(Kind::list, make(Kind::string));
    if (name == "values") return store_.repeated(Kind::list, value);
    if (name == "items") return store_.repeated(Kind::list, store_.sequence_of(Kind::tuple, {Fact{}, value}));
    if (name == "copy") return fact;
    if (name == "update" || name == "clear") return make(Kind::none);
    return {};
}

Fact Evaluator::call_string_method(std::string_view name) const {
    constexpr std::array<std::string_view, 6> kTests{"startswith", "endswith", "isdigit", "isalpha", "isnumeric", "isidentifier"};
    if (contains(kTests, name)) return make(Kind::boolean);
    if (name == "split" || name == "rsplit" || name == "splitlines") return make(Kind::list);
    if (name == "find" || name == "index" || name == "count" || name == "rfind") return make(Kind::integer);
    return make(Kind::string);
}

}  // namespace mlxify::infer
