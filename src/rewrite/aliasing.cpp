// Who else would see a write: a view shares memory with its owner in torch and does not in MLX, so a write to the view may be
// kept to the view only where nothing reads the owner, or another view of it, while it still holds that value.
//
//   q = rearrange(q, ...); q *= scale      the older q has no name any more: nothing is lost
//   y = x.view(-1); y += 1; return x       x is read: the write must get there, or is refused
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

namespace {

// What only describes a tensor sees nothing of its values.
constexpr std::string_view kDescriptions[] = {"shape", "dtype", "device", "ndim", "size", "dim", "numel", "is_cuda", "requires_grad", "new_zeros", "new_ones", "new_full"};

}  // namespace

// Whether `earlier` has run whenever `later` runs: it stands before it in a block around it.
bool Rewriter::runs_before(NodeId earlier, NodeId later) const {
    const NodeId block = tree_[earlier].parent;
    if (!exists(block) || tree_[earlier].span.end > tree_[later].span.begin) return false;
    return tree_[block].span.contains(tree_[later].span);
}

// The statement that gives a name another value; kNoNode for `x += 1` and for what is no plain assignment.
NodeId Rewriter::rebinding(NodeId store) const {
    NodeId at = tree_[store].parent;
    while (exists(at) && (tree_[at].kind == NodeKind::tuple || tree_[at].kind == NodeKind::list || tree_[at].kind == NodeKind::starred)) at = tree_[at].parent;
    if (!exists(at)) return syntax::kNoNode;
    return tree_[at].kind == NodeKind::assign || tree_[at].kind == NodeKind::ann_assign || tree_[at].kind == NodeKind::for_ ? at : syntax::kNoNode;
}

// The innermost loop around both nodes; kNoNode if there is none inside the function.
NodeId Rewriter::common_loop(NodeId first, NodeId second) const {
    for (NodeId at = tree_[first].parent; exists(at); at = tree_[at].parent) {
        const NodeKind kind = tree_[at].kind;
        if (kind == NodeKind::function_def || kind == NodeKind::lambda || kind == NodeKind::class_def) return syntax::kNoNode;
        if ((kind == NodeKind::for_ || kind == NodeKind::while_) && tree_[at].span.contains(tree_[second].span)) return at;
    }
    return syntax::kNoNode;
}

// Whether the value that the name has at `since` may still be the one that came from outside.
bool Rewriter::comes_from_outside(NodeId name, NodeId since) const {
    const names::Binding& binding = names_[names_.binding(name)];
    const bool local = binding.kind == names::BindingKind::variable && names_.scopes[static_cast<std::size_t>(binding.scope)].owner == tree_.function_of(name);
    if (local) return false;
    if (binding.kind == names::BindingKind::variable && !exists(tree_.function_of(name))) return false;  // a script's own
    return std::none_of(binding.stores.begin(), binding.stores.end(), [&](NodeId store) {
        const NodeId statement = rebinding(store);
        return exists(statement) && tree_[statement].kind != NodeKind::for_ && runs_before(statement, since);
    });
}

// Whether `binding` is read, after a write in `writing`, while it has the value that it got or had at `since`.
bool Rewriter::read_after(const names::Binding& binding, NodeId since, NodeId writing) const {
    const NodeId origin = tree_.statement_of(since);
    const auto rebound = [&](NodeId load) {
        return std::any_of(binding.stores.begin(), binding.stores.end(), [&](NodeId store) {
            const NodeId statement = rebinding(store);
            return exists(statement) && tree_[statement].span.begin >= tree_[origin].span.begin && store != since && runs_before(statement, load);
        });
    };
    if (rebound(writing)) return false;  // the name has moved on when it is written
    for (const NodeId load : binding.loads) {
        const NodeId around = tree_[load].parent;
        if (exists(around) && tree_[around].kind == NodeKind::attribute &&
            std::find(std::begin(kDescriptions), std::end(kDescriptions), tree_[around].name) != std::end(kDescriptions))
            continue;
        const bool elsewhere = tree_.function_of(load) != tree_.function_of(writing);  // a function that may be called later
        if (elsewhere) return true;
        if (rebound(load)) continue;
        if (tree_[load].span.begin > tree_[writing].span.end) return true;
        const NodeId loop = common_loop(load, writing);
        if (!exists(loop)) continue;
        // In the next round: unless that gives the name another value before.
        const bool renewed = std::any_of(binding.stores.begin(), binding.stores.end(), [&](NodeId store) {
            const NodeId statement = rebinding(store);
            if (!exists(statement) || !tree_[loop].span.contains(tree_[statement].span)) return false;
            return statement == loop || runs_before(statement, load);
        });
        if (!renewed) return true;
    }
    return false;
}

// Whether the name's value is also held by an attribute or a container.
bool Rewriter::is_kept_elsewhere(const names::Binding& binding) const {
    return std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) {
        const NodeId around = tree_[load].parent;
        if (!exists(around) || tree_[around].kind != NodeKind::assign || tree_.child(around, 0) != load) return false;
        const NodeKind kind = tree_[tree_.child(around, 1)].kind;
        return kind == NodeKind::attribute || (kind == NodeKind::subscript && fact(tree_.child(tree_.child(around, 1), 0)).kind != infer::Kind::tensor);
    });
}

// Whether a write in the statement `writing`, through `target` (a view of what `owner` named), is seen by anything but `target`.
bool Rewriter::seen_elsewhere(NodeId owner, NodeId target, NodeId writing) const {
    if (tree_[owner].kind != NodeKind::name) return tree_[owner].kind == NodeKind::attribute || tree_[owner].kind == NodeKind::subscript;
    const names::BindingId owned = names_.binding(owner);
    const names::Binding& binding = names_[owned];
    if (comes_from_outside(owner, owner) || is_kept_elsewhere(binding)) return true;
    const bool same_name = tree_[target].kind == NodeKind::name && names_.binding(target) == owned;  // x = x.view(4, -1): it names what is written
    return (!same_name && read_after(binding, owner, writing)) || other_view_read(owner, target, writing);
}

// Whether another view of the same memory, made before the write, is read after it.
bool Rewriter::other_view_read(NodeId owner, NodeId target, NodeId writing) const {
    if (tree_[owner].kind != NodeKind::name) return false;
    const names::BindingId owned = names_.binding(owner);
    const names::BindingId written = tree_[target].kind == NodeKind::name ? names_.binding(target) : names::kNoBinding;
    for (const names::BindingId other : names_.scopes[static_cast<std::size_t>(names_[owned].scope)].bindings) {
        if (other == written || other == owned) continue;
        for (const NodeId store : names_[other].stores) {
            const NodeId memory{fact(store).view_of};
            if (!exists(memory) || tree_[memory].kind != NodeKind::name || names_.binding(memory) != owned) continue;
            const NodeId made = rebinding(store);
            if (!exists(made) || made == writing || apart(store, memory, target, owner)) continue;  // y = f(x[0]): what was written to
            if (tree_[made].span.begin > tree_[writing].span.end && !exists(common_loop(made, writing))) continue;
            if (read_after(names_[other], store, writing)) return true;
        }
    }
    return false;
}

// q, k, v = qkv.chunk(3): pieces of one memory that do not meet. y = x: the very same object, in MLX too.
bool Rewriter::apart(NodeId store, NodeId memory, NodeId target, NodeId owner) const {
    if (tree_[target].kind != NodeKind::name) return false;
    const NodeId statement = rebinding(store);
    if (!exists(statement)) return false;
    for (const NodeId other : names_[names_.binding(target)].stores) {
        const NodeId made = rebinding(other);
        if (!exists(made)) continue;
        if (made == statement && memory == owner && tree_[store].parent == tree_[other].parent && tree_[tree_.child(made, 0)].kind != NodeKind::tuple) return true;
        if (tree_[made].kind == NodeKind::assign && tree_[tree_.child(made, 0)].kind == NodeKind::name && names_.binding(tree_.child(made, 0)) == names_.binding(store)) return true;
    }
    if (tree_[statement].kind != NodeKind::assign) return false;
    const NodeId value = tree_.child(statement, 0);
    return tree_[value].kind == NodeKind::name && names_.binding(value) == names_.binding(target);
}

// Whether a function writes in place to what is passed for this parameter.
bool Rewriter::mutates_parameter(NodeId parameter) const {
    const names::BindingId id = names_.binding(parameter);
    if (id == names::kNoBinding || !names_[id].written_in_place) return false;
    const names::Binding& binding = names_[id];
    const auto writes = [&](NodeId use) {
        const NodeId around = tree_[use].parent;
        if (!exists(around)) return false;
        bool in_place = tree_[around].kind == NodeKind::aug_assign && tree_.child(around, 0) == use;
        if (tree_[around].kind == NodeKind::subscript && tree_.child(around, 0) == use) {
            const NodeId statement = tree_[around].parent;
            in_place = exists(statement) && ((tree_[statement].kind == NodeKind::assign && tree_.child(statement, 0) != around) ||
                                             (tree_[statement].kind == NodeKind::aug_assign && tree_.child(statement, 0) == around));
        }
        if (tree_[around].kind == NodeKind::attribute && exists(tree_[around].parent)) in_place = in_place || is_mutating_call(tree_[around].parent);
        if (!in_place) return false;
        return std::none_of(binding.stores.begin(), binding.stores.end(), [&](NodeId store) {
            const NodeId statement = rebinding(store);
            const NodeId memory{fact(store).view_of};
            const bool same_memory = exists(memory) && tree_[memory].kind == NodeKind::name && names_.binding(memory) == id;  // x = x.view(4, -1)
            return exists(statement) && runs_before(statement, use) && !same_memory;
        });
    };
    return std::any_of(binding.loads.begin(), binding.loads.end(), writes) || std::any_of(binding.stores.begin(), binding.stores.end(), writes);
}

// The function of the file that a call runs, as far as that is plain; kNoNode otherwise.
NodeId Rewriter::called_function(NodeId call) const {
    const NodeId callee = tree_.child(call, 0);
    if (tree_[callee].kind == NodeKind::name) {
        const names::Binding& binding = names_[names_.binding(callee)];
        return binding.kind == names::BindingKind::function && binding.stores.size() == 1 ? binding.definition : syntax::kNoNode;
    }
    const infer::Fact& known = fact(callee);
    return known.kind == infer::Kind::function && known.definition != 0 ? NodeId{known.definition} : syntax::kNoNode;
}

// The parameter of a function of the file that an argument of a call becomes; kNoNode where that is not plain.
NodeId Rewriter::parameter_of(NodeId call, NodeId argument) const {
    const NodeId function = called_function(call);
    if (!exists(function) || tree_[function].kind != NodeKind::function_def) return syntax::kNoNode;
    const auto parameters = tree_.children(tree_.child(function, 0));
    if (tree_[argument].kind == NodeKind::keyword) {
        for (const NodeId one : parameters)
            if (tree_[one].name == tree_[argument].name) return one;
        return syntax::kNoNode;
    }
    std::size_t at = tree_[tree_.child(call, 0)].kind == NodeKind::attribute && !parameters.empty() && tree_[parameters[0]].name == "self" ? 1 : 0;
    for (const NodeId one : tree_.children(call).subspan(1)) {
        if (tree_[one].kind == NodeKind::starred) return syntax::kNoNode;
        if (one == argument) return at < parameters.size() ? parameters[at] : syntax::kNoNode;
        if (tree_[one].kind != NodeKind::keyword) ++at;
    }
    return syntax::kNoNode;
}

// init_(self.weight.data): the function writes to the weight, so it gets the weight. Of a function that is not plain, an
// initialisation alone, where no gradient is missed, may expect that.
bool Rewriter::is_passed_to_be_written(NodeId value) const {
    const NodeId argument = tree_[tree_[value].parent].kind == NodeKind::keyword ? tree_[value].parent : value;
    const NodeId call = tree_[argument].parent;
    if (!exists(call) || tree_[call].kind != NodeKind::call || tree_.child(call, 0) == argument) return false;
    if (!names::qualified_name(tree_, names_, tree_.child(call, 0)).empty()) return false;
    if (const NodeId parameter = parameter_of(call, argument); exists(parameter)) return mutates_parameter(parameter);
    const NodeId around = tree_.function_of(value);
    return exists(around) && is_setup_function(around);
}

// f(x[:, 0]) where f writes to its argument: in torch that changes x.
void Rewriter::check_mutated_arguments(NodeId call) {
    const NodeId function = called_function(call);
    for (const NodeId argument : tree_.children(call).subspan(1)) {
        const NodeId parameter = parameter_of(call, argument);
        if (!exists(parameter)) continue;
        const NodeId value = tree_[argument].kind == NodeKind::keyword ? tree_.child(argument, 0) : argument;
        if (fact(value).kind != infer::Kind::tensor || fact(value).view_of == 0 || !mutates_parameter(parameter)) continue;
        const syntax::Node& object = tree_[strip_data(value)];
        if (object.kind == NodeKind::attribute && object.name != "T" && object.name != "mT") continue;  // the object itself
        const NodeId owner{fact(value).view_of};
        if (owner == value || !seen_elsewhere(owner, value, tree_.statement_of(call)) || writes_part_back(call, value)) continue;
        refuse(Code::view_written, value, "`" + std::string(tree_[function].name) + "` writes to `" + std::string(tree_[parameter].name) + "` in place, and this is a view of `" + std::string(tree_.text(owner)) + "`: the write would be lost there",
               "let `" + std::string(tree_[function].name) + "` return the new value, and assign it");
    }
}

// y = f(x[:, 0]), where f writes to its argument: the part gets a name, and goes back to its place after the call.
//   view = x[:, 0]
//   y = f(view)
//   x[:, 0] = view
bool Rewriter::writes_part_back(NodeId call, NodeId value) {
    const NodeId statement = tree_.statement_of(call);
    const NodeKind kind = tree_[statement].kind;
    if ((kind != NodeKind::assign && kind != NodeKind::expression_statement) || tree_.child(statement, 0) != call) return false;
    if (tree_[value].kind != NodeKind::subscript || tree_[tree_.child(value, 0)].kind != NodeKind::name) return false;
    const NodeId owner = tree_.child(value, 0);
    if (fact(owner).kind != infer::Kind::tensor || fact(owner).view_of != 0 || other_view_read(owner, value, statement)) return false;
    for (const names::Binding& binding : names_.bindings) {  // the same place before and after
        const bool used = std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) { return tree_[value].span.contains(tree_[load].span); });
        if (used && std::any_of(binding.stores.begin(), binding.stores.end(), [&](NodeId store) { return tree_[statement].span.contains(tree_[store].span); })) return false;
    }
    const names::Binding& owned = names_[names_.binding(owner)];
    const auto beside = [&](NodeId load) { return tree_[call].span.contains(tree_[load].span) && !tree_[value].span.contains(tree_[load].span); };
    if (std::any_of(owned.loads.begin(), owned.loads.end(), beside)) return false;  // f(x[:, 0], x): it looks at what it changes
    std::string name = "view";
    while (emissions_.is_taken(name)) name += "_";
    const std::string place = rendered(value);
    edits_.note(tree_[call].span, kWriteThroughView);
    before_statement(statement, name + " = " + place);
    put(value, name, Precedence::atom, "store");
    after_statement(statement, place + " = " + name);
    return true;
}

// Whether `name`, the target of an assignment, is written to in place: itself, through a view of it, or by a function it is passed to.
bool Rewriter::is_written_to(NodeId name) const {
    const names::BindingId id = names_.binding(name);
    const names::Binding& binding = names_[id];
    if (binding.written_in_place) return true;
    if (std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) { return is_initialised(load); })) return true;
    for (const names::BindingId other : names_.scopes[static_cast<std::size_t>(binding.scope)].bindings) {
        if (!names_[other].written_in_place) continue;
        for (const NodeId store : names_[other].stores) {
            const NodeId memory{fact(store).view_of};
            if (exists(memory) && tree_[memory].kind == NodeKind::name && names_.binding(memory) == id) return true;
        }
    }
    return std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) {
        const NodeId around = tree_[load].parent;
        if (!exists(around) || tree_[around].kind != NodeKind::call || tree_.child(around, 0) == load) return false;
        const NodeId function = called_function(around);
        if (!exists(function) || tree_[function].kind != NodeKind::function_def) return false;
        const auto parameters = tree_.children(tree_.child(function, 0));
        return std::any_of(parameters.begin(), parameters.end(), [&](NodeId parameter) { return mutates_parameter(parameter); });
    });
}

}  // namespace mlxify::rewrite
