// Which parameters are trained: torch marks tensors, MLX asks modules.
//
//   self.weight.requires_grad = False                       self.freeze(keys=["weight"], recurse=False)
//   for p in self.encoder.parameters():                     self.encoder.freeze()
//       p.requires_grad = False
//   if p.requires_grad: ...  (p of module.parameters())     what MLX calls parameters there are those that are trained
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

using catalogue::Entry;

// The `requires_grad` of nn.Parameter(x, requires_grad=...), unless it is absent or True.
NodeId Rewriter::untrained_flag(NodeId value) const {
    if (!exists(value)) return syntax::kNoNode;
    if (tree_[value].kind == NodeKind::name && exists(names_[names_.binding(value)].only_value)) value = names_[names_.binding(value)].only_value;
    if (tree_[value].kind != NodeKind::call) return syntax::kNoNode;
    const NodeId callee = tree_.child(value, 0);
    if (tree_[callee].kind == NodeKind::attribute && tree_[callee].name == "requires_grad_" && tree_.children(value).size() == 2) {
        const NodeId made = tree_.child(callee, 0);  // nn.Parameter(x).requires_grad_(False)
        const bool parameter = tree_[made].kind == NodeKind::call && names::qualified_name(tree_, names_, tree_.child(made, 0)) == "torch.nn.Parameter";
        const NodeId flag = tree_[tree_.child(value, 1)].kind == NodeKind::keyword ? tree_.child(tree_.child(value, 1), 0) : tree_.child(value, 1);
        return parameter && tree_[flag].kind != NodeKind::true_ ? flag : syntax::kNoNode;
    }
    if (names::qualified_name(tree_, names_, tree_.child(value, 0)) != "torch.nn.Parameter") return syntax::kNoNode;
    const auto arguments = tree_.children(value).subspan(1);
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        const bool keyword = tree_[arguments[at]].kind == NodeKind::keyword;
        if (keyword ? tree_[arguments[at]].name != "requires_grad" : at != 1) continue;
        const NodeId flag = keyword ? tree_.child(arguments[at], 0) : arguments[at];
        return tree_[flag].kind == NodeKind::true_ ? syntax::kNoNode : flag;
    }
    return syntax::kNoNode;
}

// w = nn.Parameter(x, requires_grad=False), of which the same function makes an attribute: self.w = w, self.register_parameter("w", w)
bool Rewriter::is_registered(NodeId local) const {
    if (tree_[local].kind != NodeKind::name) return false;
    const names::Binding& binding = names_[names_.binding(local)];
    return exists(binding.only_value) && std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) {
        const NodeId around = tree_[load].parent;
        if (tree_.function_of(load) != tree_.function_of(local)) return false;
        if (tree_[around].kind == NodeKind::assign) return tree_.child(around, 0) == load && tree_[tree_.child(around, 1)].kind == NodeKind::attribute;
        if (tree_[around].kind != NodeKind::call || tree_[tree_.child(around, 0)].kind != NodeKind::attribute) return false;
        return tree_[tree_.child(around, 0)].name == "register_parameter";
    });
}

// A parameter without gradient is frozen by the module that owns it; `key` is its name as Python.
void Rewriter::freeze_untrained(NodeId value, NodeId statement, const std::string& owner, const std::string& key) {
    const NodeId flag = untrained_flag(value);
    if (!exists(flag)) return;
    const std::string freeze = owner + ".freeze(keys=[" + key + "], recurse=False)";
    if (tree_[flag].kind == NodeKind::false_) {
        after_statement(statement, freeze);
    } else {
        after_statement(statement, "if not " + rendered(flag) + ":");
        after_statement(statement, "    " + freeze);
    }
}

// What `freeze` or `unfreeze` stands for where the flag says whether to train; `arguments` go to either.
std::vector<std::string> Rewriter::trained_lines(const std::string& owner, NodeId flag, const std::string& arguments) const {
    const std::string freeze = owner + ".freeze(" + arguments + ")";
    const std::string unfreeze = owner + ".unfreeze(" + arguments + ")";
    if (!exists(flag) || tree_[flag].kind == NodeKind::true_) return {unfreeze};
    if (tree_[flag].kind == NodeKind::false_) return {freeze};
    return {"if " + rendered(flag) + ":", "    " + unfreeze, "else:", "    " + freeze};
}

void Rewriter::replace_statement(NodeId statement, const std::vector<std::string>& lines, std::string_view rule) {
    std::string text;
    const std::string indent(indentation(statement));
    for (const std::string& line : lines) text += text.empty() ? line : std::string(source_.newline()) + indent + line;
    drop_region(tree_[statement].span);
    hoist_comments(statement, {});
    edits_.replace(tree_[statement].span, text, rule);
}

// `statement` sets whether the tensor `object` is trained, to `flag` (absent: it is).
void Rewriter::set_trained(NodeId object, NodeId flag, NodeId statement) {
    const NodeId tensor = object;
    if (fact(tensor).kind == infer::Kind::module) return;  // torch takes it for an attribute like any other
    NodeId weight = tensor;
    if (tree_[weight].kind == NodeKind::name && fact(weight).view_of != 0) weight = NodeId{fact(weight).view_of};  // w = self.weight
    if (tree_[weight].kind == NodeKind::attribute) {
        const std::string fresh = renamed(weight);
        const std::string key = rules::python_string(fresh.empty() ? tree_[weight].name : std::string_view(fresh));
        const std::string owner = rendered(tree_.child(weight, 0));
        const std::string arguments = "keys=[" + key + "], recurse=False";
        const bool plain = exists(flag) && (tree_[flag].kind == NodeKind::false_ || tree_[flag].kind == NodeKind::true_);
        const NodeId function = tree_.function_of(statement);
        if (exists(flag) && !plain && exists(function) && tree_[function].name == "__init__") {  // it was trained till now
            const std::string text = precedence_of(flag) < Precedence::not_ ? "(" + rendered(flag) + ")" : rendered(flag);
            replace_statement(statement, {"if not " + text + ":", "    " + owner + ".freeze(" + arguments + ")"}, "requires_grad");
            return;
        }
        replace_statement(statement, trained_lines(owner, flag, arguments), "requires_grad");
        return;
    }
    const bool marked = !exists(flag) || tree_[flag].kind == NodeKind::true_;  // inputs are differentiated where that is asked
    if (is_untracked(weight) || (is_input(weight) && marked)) {
        remove_statement(statement);
        return;
    }
    if (is_input(weight) && exists(flag) && tree_[flag].kind == NodeKind::false_) {  // torch lets only leaves be marked: no other reader has a gradient to lose
        replace_statement(statement, {rendered(weight) + " = " + output_.mx + ".stop_gradient(" + rendered(weight) + ")"}, "requires_grad");
        uses_mx_ = true;
        return;
    }
    if (const NodeId module = zipped_parameters_of(weight, statement); exists(module)) {  // for p, q in zip(a.parameters(), b.parameters())
        replace_statement(statement, trained_lines(holder_of(module), flag, ""), "requires_grad");
        return;
    }
    if (loops_over_parameters(weight)) {  // the loop is judged as a whole
        open_training_.push_back(statement);
        return;
    }
    refuse(Code::module_hook, object, "`requires_grad` cannot be set on an array", "call `module.freeze(keys=[...], recurse=False)` on the module that owns it");
}

// What a module's forward is called with, or takes out of that: no weight, as far as one can see.
bool Rewriter::is_input(NodeId tensor) const {
    if (tree_[tensor].kind != NodeKind::name || loops_over_parameters(tensor)) return false;
    const names::Binding& binding = names_[names_.binding(tensor)];
    const NodeId function = tree_.function_of(tensor);
    if (!exists(function) || tree_[function].name != "forward" || names_.scopes[static_cast<std::uint32_t>(binding.scope)].owner != function) return false;
    const auto takes_attribute = [&](NodeId store) {
        const NodeId statement = tree_.statement_of(store);
        const NodeId value = exists(statement) && tree_[statement].kind == NodeKind::assign ? tree_.child(statement, 0) : syntax::kNoNode;
        NodeId root = value;
        while (exists(root) && tree_[root].kind == NodeKind::subscript) root = tree_.child(root, 0);
        return exists(root) && tree_[root].kind == NodeKind::attribute;
    };
    if (std::any_of(binding.stores.begin(), binding.stores.end(), takes_attribute)) return false;
    return module_around(function).has_value();
}

// A local tensor that was computed here: nothing is trained but parameters, whatever it is marked as.
bool Rewriter::is_untracked(NodeId tensor) const {
    const auto computed = [&](NodeId value) {
        const NodeKind kind = tree_[value].kind;
        if (kind == NodeKind::binary || kind == NodeKind::unary) return true;
        return kind == NodeKind::call && fact(value).kind == infer::Kind::tensor && names::qualified_name(tree_, names_, tree_.child(value, 0)) != "torch.nn.Parameter";
    };
    if (tree_[tensor].kind != NodeKind::name) return computed(tensor);
    const names::Binding& binding = names_[names_.binding(tensor)];
    if (binding.kind != names::BindingKind::variable || binding.stores.empty()) return false;
    return std::all_of(binding.stores.begin(), binding.stores.end(), [&](NodeId store) {
        const NodeId statement = tree_[store].parent;
        if (!exists(statement) || (tree_[statement].kind != NodeKind::assign && tree_[statement].kind != NodeKind::aug_assign)) return false;
        if (tree_[statement].kind == NodeKind::aug_assign) return true;
        return tree_.child(statement, 1) == store && computed(tree_.child(statement, 0));
    });
}

// Whether a name is only ever what a loop takes from `module.parameters()` or `module.named_parameters()`.
bool Rewriter::loops_over_parameters(NodeId name) const {
    if (tree_[name].kind != NodeKind::name) return false;
    const names::Binding& binding = names_[names_.binding(name)];
    return !binding.stores.empty() && std::all_of(binding.stores.begin(), binding.stores.end(), [&](NodeId store) {
        NodeId loop = tree_[store].parent;
        if (exists(loop) && tree_[loop].kind == NodeKind::tuple) loop = tree_[loop].parent;
        if (!exists(loop) || (tree_[loop].kind != NodeKind::for_ && tree_[loop].kind != NodeKind::comprehension)) return false;
        return exists(parameters_of(tree_.child(loop, 1)));
    });
}

// The module whose parameters a name is, one after another, in a loop over those of several, if `statement` stands right in that loop
// and not alone, with a flag that does not depend on it.
NodeId Rewriter::zipped_parameters_of(NodeId name, NodeId statement) const {
    const NodeId block = tree_[statement].parent;
    const NodeId loop = tree_[block].parent;
    if (tree_[loop].kind != NodeKind::for_ || tree_.child(loop, 2) != block || tree_.children(block).size() < 2) return syntax::kNoNode;
    NodeId flag = syntax::kNoNode;
    if (!sets_trained(statement, flag) || (exists(flag) && mentions_target(flag, tree_.child(loop, 0)))) return syntax::kNoNode;
    return zipped_in(loop, name);
}

// Of `for p, q in zip(a.parameters(), b.parameters())`: `a` for p, `b` for q.
NodeId Rewriter::zipped_in(NodeId loop, NodeId name) const {
    const NodeId target = tree_.child(loop, 0), iterable = tree_.child(loop, 1);
    if (tree_[name].kind != NodeKind::name || tree_[target].kind != NodeKind::tuple || !zips_parameters(iterable)) return syntax::kNoNode;
    const auto targets = tree_.children(target), iterated = tree_.children(iterable).subspan(1);
    for (std::size_t at = 0; at < std::min(targets.size(), iterated.size()); ++at)
        if (tree_[targets[at]].kind == NodeKind::name && names_.binding(targets[at]) == names_.binding(name)) return parameters_of(iterated[at]);
    return syntax::kNoNode;
}

bool Rewriter::zips_parameters(NodeId call) const {
    if (tree_[call].kind != NodeKind::call || tree_.children(call).size() != 3) return false;
    const NodeId callee = tree_.child(call, 0);
    if (tree_[callee].kind != NodeKind::name || tree_[callee].name != "zip" || names_.binding(callee) != names::kNoBinding) return false;
    const auto iterated = tree_.children(call).subspan(1);
    return std::all_of(iterated.begin(), iterated.end(), [&](NodeId one) { return exists(parameters_of(one)) && tree_[tree_.child(one, 0)].name == "parameters" && tree_.children(one).size() == 1; });
}

// Whether a name is what a loop takes from the parameters of a module, or of several side by side.
bool Rewriter::is_one_of_parameters(NodeId name) const {
    if (loops_over_parameters(name)) return true;
    if (tree_[name].kind != NodeKind::name) return false;
    const names::Binding& binding = names_[names_.binding(name)];
    return !binding.stores.empty() && std::all_of(binding.stores.begin(), binding.stores.end(), [&](NodeId store) {
        const NodeId loop = tree_[tree_[store].parent].parent;
        return tree_[tree_[store].parent].kind == NodeKind::tuple && tree_[loop].kind == NodeKind::for_ && exists(zipped_in(loop, store));
    });
}

// zip(a.parameters(), b.parameters()): of a frozen module nothing is trained, and torch goes over its parameters all the same.
bool Rewriter::paired_parameters(NodeId call) {
    if (!zips_parameters(call)) return false;
    std::vector<rules::Actual> modules;
    for (const NodeId one : tree_.children(call).subspan(1)) modules.push_back({{}, value_of(parameters_of(one)), false, false});
    const Entry* entry = catalogue_.find("mlxify.paired_parameters");
    const std::string text = expand(leaves_.expand_locals(evaluator_.apply(*entry, modules, {}).value.text));
    hoist_comments(call, {});
    drop_region(tree_[call].span);  // what its arguments would have become
    put(call, text, Precedence::atom, entry->qualified);
    return true;
}

// The module of `module.parameters()` or `module.named_parameters()`; kNoNode for anything else.
NodeId Rewriter::parameters_of(NodeId iterable) const {
    if (!exists(iterable) || tree_[iterable].kind != NodeKind::call) return syntax::kNoNode;
    const NodeId callee = tree_.child(iterable, 0);
    if (tree_[callee].kind != NodeKind::attribute) return syntax::kNoNode;
    const std::string_view method = tree_[callee].name;
    return method == "parameters" || method == "named_parameters" ? tree_.child(callee, 0) : syntax::kNoNode;
}

// for p in module.parameters(): p.requires_grad = flag. Gives the flag, kNoNode where it is not written.
bool Rewriter::is_training_loop(NodeId loop, NodeId& flag) const {
    if (tree_[loop].kind != NodeKind::for_ || !exists(parameters_of(tree_.child(loop, 1))) || exists(tree_.child(loop, 3))) return false;
    const auto body = tree_.children(tree_.child(loop, 2));
    return body.size() == 1 && sets_trained(body[0], flag) && (!exists(flag) || !mentions_target(flag, tree_.child(loop, 0)));
}

bool Rewriter::training_loop(NodeId loop) {
    const auto inside = [&](NodeId statement) { return tree_[loop].span.contains(tree_[statement].span); };
    if (std::none_of(open_training_.begin(), open_training_.end(), inside)) return false;
    NodeId flag = syntax::kNoNode;
    const NodeId module = parameters_of(tree_.child(loop, 1));
    if (!exists(module)) return false;
    const bool whole = is_training_loop(loop, flag) && open_training_.back() == tree_.children(tree_.child(loop, 2))[0];
    std::erase_if(open_training_, inside);
    if (!whole) {
        refuse(Code::module_hook, tree_.child(loop, 2), "`requires_grad` is set for some of the parameters of a loop only", "call `module.freeze(...)` on the modules that own them");
        return true;
    }
    std::string arguments;
    for (const NodeId argument : tree_.children(tree_.child(loop, 1)).subspan(1)) {
        const bool recurse = tree_[argument].kind == NodeKind::keyword && tree_[argument].name == "recurse";
        if (recurse) arguments = rendered(argument);
    }
    replace_statement(loop, trained_lines(holder_of(module), flag, arguments), "requires_grad");
    return true;
}

// The module itself; one that holds the modules of a ModuleList or ModuleDict, which is a list or a dict here.
std::string Rewriter::holder_of(NodeId module) {
    const infer::Fact& known = fact(module);
    const std::string_view library = known.kind == infer::Kind::module && known.class_index == 0 ? facts_.library_names[known.library_class] : std::string_view{};
    if (library != "torch.nn.ModuleList" && library != "torch.nn.ModuleDict") return rendered(module);
    const rules::Outcome outcome = evaluator_.apply(*catalogue_.find("mlxify.torch.nn.whole"), {{{}, value_of(module), false, false}}, {});
    return expand(leaves_.expand_locals(outcome.value.text));
}

// `p.requires_grad = flag`, `p.requires_grad_(flag)`: gives the flag, kNoNode where it is not written.
bool Rewriter::sets_trained(NodeId statement, NodeId& flag) const {
    if (tree_[statement].kind == NodeKind::assign) {
        const NodeId target = tree_.child(statement, 1);
        flag = tree_.child(statement, 0);
        return tree_.children(statement).size() == 2 && tree_[target].kind == NodeKind::attribute && tree_[target].name == "requires_grad";
    }
    if (tree_[statement].kind != NodeKind::expression_statement) return false;
    const NodeId call = tree_.child(statement, 0);
    if (tree_[call].kind != NodeKind::call || tree_.children(call).size() > 2) return false;
    const NodeId callee = tree_.child(call, 0);
    if (tree_[callee].kind != NodeKind::attribute || tree_[callee].name != "requires_grad_") return false;
    if (tree_.children(call).size() == 2) {
        flag = tree_.child(call, 1);
        if (tree_[flag].kind == NodeKind::keyword) flag = tree_.child(flag, 0);
    }
    return true;
}

bool Rewriter::mentions_target(NodeId expression, NodeId target) const {
    const base::Span span = tree_[expression].span;
    const auto parts = tree_[target].kind == NodeKind::tuple ? tree_.children(target) : std::span<const NodeId>(&target, 1);
    return std::any_of(parts.begin(), parts.end(), [&](NodeId part) {
        const auto& loads = names_[names_.binding(part)].loads;
        return std::any_of(loads.begin(), loads.end(), [&](NodeId load) { return span.contains(tree_[load].span); });
    });
}

// x.requires_grad_(flag). Its value is the tensor itself.
bool Rewriter::requires_grad_call(NodeId id) {
    const NodeId callee = tree_.child(id, 0);
    if (tree_[callee].kind != NodeKind::attribute || tree_[callee].name != "requires_grad_") return false;
    const NodeId object = tree_.child(callee, 0);
    if (fact(object).kind == infer::Kind::module || tree_.text(object) == "self") return false;  // of a module: the catalogue's
    const NodeId statement = tree_[id].parent;
    NodeId flag = syntax::kNoNode;
    if (tree_[statement].kind == NodeKind::expression_statement && sets_trained(statement, flag)) {
        set_trained(object, flag, statement);
        return true;
    }
    const bool trained = tree_.children(id).size() == 1 || tree_[tree_.child(id, 1)].kind == NodeKind::true_;
    const bool parameter = exists(untrained_flag(id));  // self.w = nn.Parameter(x).requires_grad_(False): the assignment looks at it
    if (!trained && !parameter && !is_untracked(object)) return false;
    const bool to_itself = tree_[statement].kind == NodeKind::assign && tree_.children(statement).size() == 2 && tree_[object].kind == NodeKind::name &&
                           tree_.text(tree_.child(statement, 1)) == tree_[object].name;
    if (to_itself) {  // x = x.requires_grad_()
        remove_statement(statement);
        return true;
    }
    put(id, rendered(object), precedence_of(object), "requires_grad");
    return true;
}

}  // namespace mlxify::rewrite
