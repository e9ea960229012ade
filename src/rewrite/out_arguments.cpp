// Calls that write to an argument: `out=`, and activations with `inplace=True` whose input is read afterwards.
//
//   torch.sin(x, out=table[:, 0::2])      table[:, 0::2] = mx.sin(x)
//   y = F.relu(x, inplace=True)           y = x = nn.relu(x)                 where x is read again
#include <algorithm>

#include "base/check.h"
#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

// The keyword argument `out` of a call; kNoNode if there is none.
NodeId Rewriter::out_argument(NodeId call) const {
    for (const NodeId argument : tree_.children(call).subspan(1))
        if (tree_[argument].kind == NodeKind::keyword && tree_[argument].name == "out") return tree_.child(argument, 0);
    return syntax::kNoNode;
}

// Puts a result where `out` says.
void Rewriter::write_out(NodeId call, NodeId out, const Value& value, std::string_view rule) {
    const NodeId target = strip_data(out);
    const NodeId statement = tree_.statement_of(call);
    const bool alone = tree_[statement].kind == NodeKind::expression_statement && tree_.child(statement, 0) == call;
    const NodeKind kind = tree_[target].kind;
    const bool element = kind == NodeKind::subscript && fact(tree_.child(target, 0)).kind == infer::Kind::tensor;
    if (!alone || (kind != NodeKind::name && kind != NodeKind::attribute && !element)) {
        refuse(Code::refused_arguments, out, "`" + std::string(rule) + "` with `out` in this form", "assign the result: `x[...] = value`");
        return;
    }
    if (kind == NodeKind::name && written_through_view(target)) return;
    if (element && !store(target, statement)) return;
    const std::string lvalue = rendered(target) + (element ? "" : "[...]");
    edits_.replace(tree_[call].span, lvalue + " = " + one_expression(expand(value.text)), rule);
    precedence_[syntax::index(call)] = Precedence::tuple;
}

// Whether a call surely writes its result over its first argument.
bool Rewriter::writes_first_argument(NodeId call) const {
    const NodeId callee = tree_.child(call, 0);
    const infer::Fact& known = fact(callee);
    if (known.kind == infer::Kind::module) return known.writes_input && known.class_index == 0;
    const NodeId flag = inplace_flag(call);
    return exists(flag) && tree_[flag].kind == NodeKind::true_;
}

// The value of `inplace=` that a function of torch.nn is called with, if any.
NodeId Rewriter::inplace_flag(NodeId call) const {
    if (!names::qualified_name(tree_, names_, tree_.child(call, 0)).starts_with("torch.nn.functional.")) return syntax::kNoNode;
    for (const NodeId argument : tree_.children(call).subspan(1))
        if (tree_[argument].kind == NodeKind::keyword && tree_[argument].name == "inplace") return tree_.child(argument, 0);
    return syntax::kNoNode;
}

// F.relu(x, inplace=self.inplace)
bool Rewriter::may_write_first_argument(NodeId call) const {
    if (fact(tree_.child(call, 0)).may_write_input) return true;
    const NodeId flag = inplace_flag(call);
    if (!exists(flag) || tree_[flag].kind == NodeKind::false_) return false;
    const infer::Value* value = facts_.value(fact(flag));
    const bool* constant = value ? std::get_if<bool>(value) : nullptr;
    return constant == nullptr || *constant;
}

// The activation that a Sequential begins with and that writes over what the Sequential is called with, as a function of MLX; "other" for
// one whose value changes when it is applied again. Empty where nothing is written over.
std::string_view Rewriter::overwriting_activation(NodeId call) const {
    infer::Fact first = fact(tree_.child(call, 0));
    while (first.kind == infer::Kind::module && first.class_index == 0 && first.library_class != 0 && first.elements != 0 &&
           facts_.library_names[first.library_class] == "torch.nn.Sequential")
        first = infer::Fact(facts_.sequences[first.elements].front());
    if (first.kind != infer::Kind::module || !first.writes_input || first.class_index != 0) return {};
    const std::string& library = facts_.library_names[first.library_class];
    return library == "torch.nn.ReLU" ? "relu" : library == "torch.nn.ReLU6" ? "relu6" : "other";
}

// init_fn(w[:n], gain=g) of a function that is passed or chosen, whose result nobody wants: it writes to that part of `w`, which is a
// copy in MLX. Such functions give what they wrote to.
//   ->  w[:n] = init_fn(w[:n], gain=g)
bool Rewriter::written_part(NodeId call) {
    if (tree_[tree_[call].parent].kind != NodeKind::expression_statement || tree_.children(call).size() < 2) return false;
    const NodeId callee = tree_.child(call, 0), part = tree_.child(call, 1);
    if (tree_[callee].kind != NodeKind::name || tree_[part].kind != NodeKind::subscript || fact(tree_.child(part, 0)).kind != infer::Kind::tensor) return false;
    const names::BindingId binding = names_.binding(callee);
    if (binding == names::kNoBinding) return false;
    const names::BindingKind kind = names_[binding].kind;
    if (kind != names::BindingKind::parameter && kind != names::BindingKind::variable) return false;
    const infer::Fact& known = fact(callee);
    if (known.definition != 0 || known.class_index != 0 || known.kind == infer::Kind::module) return false;
    if (!store(part, tree_[call].parent)) return true;
    edits_.insert(tree_[call].span.begin, rendered(part) + " = ", "in place");
    return true;
}

// x + self.block(x), torch.cat([x, self.block(x)]): the name stands before the call, but its numbers are read with the call's result.
bool Rewriter::is_read_with(NodeId load, NodeId call) const {
    for (NodeId at = load, around = tree_[load].parent; exists(around); at = around, around = tree_[around].parent) {
        const NodeKind kind = tree_[around].kind;
        if (tree_[around].span.contains(tree_[call].span))
            return kind == NodeKind::binary || kind == NodeKind::tuple || kind == NodeKind::list || (kind == NodeKind::call && tree_.child(around, 0) != at);
        if (kind != NodeKind::tuple && kind != NodeKind::list && kind != NodeKind::keyword) return false;
    }
    return false;
}

// What is to be done where a call writes over its first argument.
//   y = F.relu(x, inplace=True)                     statement: y = x = nn.relu(x)
//   torch.cat([x, self.block(x)]), whose block      layer: the layer itself writes over what it is given
//   begins with nn.LeakyReLU(0.2, inplace=True)
Rewriter::Overwriting Rewriter::overwriting(NodeId call) const {
    Overwriting found;
    if (tree_.children(call).size() < 2) return found;
    const NodeId argument = tree_.child(call, 1);
    if (tree_[argument].kind != NodeKind::name || fact(argument).kind != infer::Kind::tensor) return found;
    const bool surely = writes_first_argument(call);
    found.activation = surely ? std::string_view{} : overwriting_activation(call);
    const bool module = names::qualified_name(tree_, names_, tree_.child(call, 0)).empty();
    const bool perhaps = may_write_first_argument(call);
    if (!surely && found.activation.empty() && !perhaps) return found;
    const names::Binding& binding = names_[names_.binding(argument)];
    const NodeId statement = tree_.statement_of(call);
    bool earlier = false, later = false;
    for (const NodeId load : binding.loads) {
        if (load == argument || !tree_[statement].span.contains(tree_[load].span)) continue;
        (tree_[load].span.begin < tree_[argument].span.begin && !is_read_with(load, call) ? earlier : later) = true;
    }
    // y = x: a second name of the same object.
    found.alias = binding.kind == names::BindingKind::parameter && comes_from_outside(argument, argument);
    for (const names::BindingId other : names_.scopes[static_cast<std::size_t>(binding.scope)].bindings)
        for (const NodeId store : names_[other].stores) {
            const NodeId made = rebinding(store);
            if (other == names_.binding(argument) || !exists(made) || tree_[made].kind != NodeKind::assign || tree_[made].span.begin > tree_[statement].span.begin) continue;
            const NodeId value = tree_.child(made, 0);
            const bool same = tree_[value].kind == NodeKind::name && names_.binding(value) == names_.binding(argument);
            if (same && read_after(names_[other], store, statement)) found.alias = later = true;
        }
    const bool read_here = later || earlier || read_after(binding, argument, statement);
    const bool certain = surely || !found.activation.empty();
    if (!read_here && !(certain && found.alias)) return found;  // of a parameter whoever called may read it
    const bool simple = tree_[statement].kind == NodeKind::assign || tree_[statement].kind == NodeKind::return_ || tree_[statement].kind == NodeKind::expression_statement ||
                        tree_[statement].kind == NodeKind::aug_assign;
    const NodeId memory{fact(argument).view_of};
    const bool unclear = !certain || found.activation == "other" || (!found.activation.empty() && runs_conditionally(call, statement));
    if (exists(memory) && !found.alias && seen_elsewhere(memory, argument, statement)) found.how = Overwriting::How::refused;
    else if (earlier || !simple || unclear) found.how = module ? Overwriting::How::layer : Overwriting::How::refused;
    else found.how = Overwriting::How::statement;
    return found;
}

// Whether some call of the file needs layers that write over what they are given: then all that are made with `inplace=True` do.
bool Rewriter::needs_layers_in_place() const {
    if (std::ranges::none_of(facts_.by_node, [](const infer::Fact& fact) { return fact.may_write_input; })) return false;
    for (std::uint32_t number = 1; number < tree_.size(); ++number)
        if (tree_[NodeId{number}].kind == NodeKind::call && overwriting(NodeId{number}).how == Overwriting::How::layer) return true;
    return false;
}

// nn.LeakyReLU(0.2, inplace=True)  ->  _in_place(nn.LeakyReLU(0.2))
void Rewriter::make_layer_in_place(NodeId call) {
    const infer::Fact& made = fact(call);
    if (!layers_in_place_ || made.kind != infer::Kind::module || made.class_index != 0 || !made.may_write_input || made.library_class == 0) return;
    const std::string& library = facts_.library_names[made.library_class];
    if (library == "torch.nn.Sequential" || names::qualified_name(tree_, names_, tree_.child(call, 0)) != library) return;
    const catalogue::Entry* entry = catalogue_.find("mlxify.layer_in_place");
    MLXIFY_CHECK(entry != nullptr);
    std::string flag;
    for (const NodeId argument : tree_.children(call).subspan(1)) {
        const NodeId value = tree_[argument].kind == NodeKind::keyword ? tree_.child(argument, 0) : argument;
        const bool asked = tree_[argument].kind == NodeKind::keyword ? tree_[argument].name == "inplace" : fact(value).kind == infer::Kind::boolean;
        if (asked && tree_[value].kind != NodeKind::true_) flag = ", " + rendered(value);
    }
    put(call, evaluator_.require_definition(*entry) + "(" + rendered(call) + flag + ")", Precedence::atom, "inplace");
}

void Rewriter::written_argument(NodeId call) {
    if (written_part(call)) return;
    const Overwriting found = overwriting(call);
    const bool by_layer = layers_in_place_ && names::qualified_name(tree_, names_, tree_.child(call, 0)).empty();
    if (found.how == Overwriting::How::nothing || (by_layer && found.how != Overwriting::How::refused)) return;
    const NodeId argument = tree_.child(call, 1), statement = tree_.statement_of(call);
    if (found.how == Overwriting::How::refused) {
        refuse(Code::view_written, argument, "this call writes over `" + std::string(tree_.text(argument)) + "`, which is read with its new value elsewhere",
               "leave `inplace=True` out, or assign the result to `" + std::string(tree_.text(argument)) + "` on a line of its own");
        return;
    }
    const bool alias = found.alias;
    const std::string name(tree_.text(argument));
    if (!found.activation.empty()) {  // what the Sequential does once more changes nothing
        before_statement(statement, name + (alias ? "[...] = " : " = ") + output_.nn + "." + std::string(found.activation) + "(" + name + ")");
        return;
    }
    if (tree_[statement].kind == NodeKind::assign && tree_.child(statement, 0) == call) {
        const NodeId target = tree_.child(statement, 1);
        const bool itself = tree_.children(statement).size() == 2 && tree_[target].kind == NodeKind::name && tree_.text(target) == name;
        if (itself && alias) edits_.insert(tree_[target].span.end, "[...]", "inplace");
        else if (!itself && !alias) edits_.insert(tree_[call].span.begin, name + " = ", "inplace");
        if (itself || !alias) return;
    }
    before_statement(statement, name + (alias ? "[...] = " : " = ") + one_expression(rendered(call)));
    put(call, name, Precedence::atom, "inplace");
}

}  // namespace mlxify::rewrite
