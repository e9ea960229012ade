// In-place operations: the new value goes where torch would have put it.
//
//   x.masked_fill_(m, 0)          x = mx.where(m, 0, x)                a local that is its own
//   def f(x): x.zero_()           x[...] = mx.zeros_like(x)            an object that the caller holds too
//   self.w.data.fill_(1)          self.w = mx.full(self.w.shape, 1)    an attribute
//   y = (q @ k).masked_fill_(..)  y = mx.where(.., q @ k)              a value that nobody else holds
#include <algorithm>
#include <optional>

#include "base/check.h"
#include "infer/fact_store.h"
#include "infer/module_results.h"
#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

NodeId Rewriter::strip_data(NodeId target) const {
    while (exists(target)) {
        const syntax::Node& node = tree_[target];
        if (node.kind == NodeKind::attribute && node.name == "data") {
            target = tree_.child(target, 0);
        } else if (node.kind == NodeKind::call && tree_.children(target).size() == 1 && tree_[tree_.child(target, 0)].kind == NodeKind::attribute &&
                   (tree_[tree_.child(target, 0)].name == "detach" || tree_[tree_.child(target, 0)].name == "requires_grad_")) {
            target = tree_.child(tree_.child(target, 0), 0);
        } else {
            return target;
        }
    }
    return target;
}

bool Rewriter::is_mutating_call(NodeId id) const {
    if (!exists(id) || tree_[id].kind != NodeKind::call) return false;
    const NodeId callee = tree_.child(id, 0);
    if (tree_[callee].kind != NodeKind::attribute) return false;
    const catalogue::Entry* entry = catalogue_.find("torch.Tensor." + std::string(tree_[callee].name));
    return entry && !entry->mutates.empty();
}

// x.mul_(a).add_(b) changes x.
NodeId Rewriter::mutated_root(NodeId call) const {
    NodeId target = strip_data(call);
    while (is_mutating_call(target)) target = strip_data(tree_.child(tree_.child(target, 0), 0));
    return target;
}

// The statement that stores to a name: `a, b = x.max(1)` of either.
static NodeId unpacking_statement(const syntax::Tree& tree, NodeId store) {
    NodeId statement = tree[store].parent;
    while (exists(statement) && tree[statement].kind == NodeKind::tuple) statement = tree[statement].parent;
    return statement;
}

// x.max(1), torch.topk(x, 2): every tensor of the tuple is new.
static bool makes_fresh_tensors(const syntax::Tree& tree, const infer::FactTable& facts, NodeId value) {
    const infer::Fact& several = facts[value];
    if (tree[value].kind != NodeKind::call || several.kind != infer::Kind::tuple || several.elements == 0) return false;
    const std::vector<infer::Fact>& parts = facts.sequences[several.elements];
    return std::all_of(parts.begin(), parts.end(), [](const infer::Fact& part) { return part.kind == infer::Kind::tensor && part.temporary && part.view_of == 0; });
}

// An assignment of a fresh value is all that a name ever got: no other holder can see the change.
static bool holds_fresh_values_only(const syntax::Tree& tree, const names::Names& names, const infer::FactTable& facts, NodeId name) {
    const names::Binding& binding = names[names.binding(name)];
    if (binding.kind != names::BindingKind::variable) return false;
    for (const NodeId store : binding.stores) {
        const NodeId statement = unpacking_statement(tree, store);
        const bool unpacked = statement != tree[store].parent;
        if (exists(statement) && tree[statement].kind == NodeKind::aug_assign) continue;  // the same array still
        if (!exists(statement) || tree[statement].kind != NodeKind::assign) return false;
        const NodeId value = tree.child(statement, 0);
        if (unpacked && !makes_fresh_tensors(tree, facts, value)) return false;
        if (unpacked) continue;
        const NodeKind kind = tree[value].kind;
        const bool computed = kind == NodeKind::binary || kind == NodeKind::unary || kind == NodeKind::compare;
        if (!facts[value].temporary && !computed) return false;
    }
    return !binding.stores.empty();
}

// What changes the shape of a tensor object, and neither its memory nor any other view of that.
constexpr std::string_view kShapeOnly[] = {"squeeze_", "unsqueeze_", "t_", "transpose_", "swapaxes_", "swapdims_"};

template <std::size_t N>
static bool is_one_of(const std::string_view (&names)[N], std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Of a chain of calls that change their tensor, x.add_(1).t_(): how many change its shape, and how many its values.
std::pair<int, int> Rewriter::changes_of_shape_and_values(NodeId call) const {
    std::pair<int, int> changes;
    for (; is_mutating_call(call); call = strip_data(tree_.child(tree_.child(call, 0), 0)))
        ++(is_one_of(kShapeOnly, tree_[tree_.child(call, 0)].name) ? changes.first : changes.second);
    return changes;
}

// Whether a name holds an object that a call or a subscript has just made for it, and that nothing else holds:
//   x = x.permute(0, 2, 1)            best, index = x.max(1, keepdim=True)
//   x.unsqueeze_(1)                   index.squeeze_(1)
bool Rewriter::is_object_of_its_own(NodeId target) const {
    if (tree_[target].kind != NodeKind::name) return false;
    const NodeId writing = tree_.statement_of(target);
    const names::Binding& binding = names_[names_.binding(target)];
    if (is_kept_elsewhere(binding)) return false;
    NodeId made = syntax::kNoNode;
    for (const NodeId store : binding.stores) {
        const NodeId statement = unpacking_statement(tree_, store);
        if (exists(statement) && tree_[statement].kind == NodeKind::assign && runs_before(statement, writing) &&
            (!exists(made) || tree_[made].span.begin < tree_[statement].span.begin))
            made = statement;
    }
    if (!exists(made) || tree_.children(made).size() != 2) return false;
    const NodeKind value = tree_[tree_.child(made, 0)].kind;
    if (value != NodeKind::call && value != NodeKind::subscript) return false;
    const base::Span between{tree_[made].span.end, tree_[writing].span.begin};
    return std::none_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) {  // y = x
        return between.contains(tree_[load].span) && tree_[tree_[load].parent].kind == NodeKind::assign;
    });
}

// The helper that writes a value into an array and gives the array.
std::string Rewriter::assign_helper() {
    const catalogue::Entry* assign = catalogue_.find("mlxify.assign");
    MLXIFY_CHECK(assign != nullptr);
    return evaluator_.require_definition(*assign);
}

// Whether an expression may be left out, or made again, when its statement runs: then it cannot go before the statement.
bool Rewriter::runs_conditionally(NodeId expression, NodeId statement) const {
    NodeId at = expression;
    for (NodeId parent = tree_[at].parent; at != statement && exists(parent); at = parent, parent = tree_[parent].parent) {
        switch (tree_[parent].kind) {
        case NodeKind::conditional:
            if (tree_.child(parent, 1) != at) return true;
            break;
        case NodeKind::bool_op:
            if (tree_.child(parent, 0) != at) return true;
            break;
        case NodeKind::lambda:
        case NodeKind::list_comp:
        case NodeKind::set_comp:
        case NodeKind::dict_comp:
        case NodeKind::generator: return true;
        default: break;
        }
    }
    return false;
}

// Whether an assignment of its class, or of a base in the file, makes that attribute a parameter.
bool Rewriter::is_parameter(NodeId attribute) const {
    if (tree_[attribute].kind != NodeKind::attribute || tree_.text(tree_.child(attribute, 0)) != "self" || !exists(tree_.class_of(attribute))) return false;
    const std::uint32_t class_number = names_.class_at[syntax::index(tree_.class_of(attribute))];
    if (class_number == 0) return false;
    std::vector<std::uint32_t> line{class_number - 1};
    std::set<NodeId> classes;
    for (std::size_t next = 0; next < line.size() && next < names_.classes.size(); ++next) {
        const names::ClassInfo& info = names_.classes[line[next]];
        classes.insert(info.node);
        const std::string_view name = tree_[attribute].name;
        const auto is_layer = [](const std::string& base) {  // its weights are parameters of torch's own
            for (const std::string_view layer : {"Conv", "Linear", "Bilinear", "Embedding", "BatchNorm", "LayerNorm", "GroupNorm"})
                if (base.starts_with("torch.nn." + std::string(layer))) return true;
            return false;
        };
        if ((name == "weight" || name == "bias") && std::any_of(info.bases.begin(), info.bases.end(), is_layer)) return true;
        line.insert(line.end(), info.file_bases.begin(), info.file_bases.end());
    }
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId statement{number};
        if (tree_[statement].kind != NodeKind::assign || !classes.contains(tree_.class_of(statement))) continue;
        const NodeId value = tree_.child(statement, 0);
        if (tree_[value].kind != NodeKind::call || names::qualified_name(tree_, names_, tree_.child(value, 0)) != "torch.nn.Parameter") continue;
        if (tree_.text(tree_.child(statement, 1)) == tree_.text(attribute)) return true;
    }
    return false;
}

// Whether what runs there may be part of a call that is differentiated: no function that only builds the model, or one that gets a tensor.
bool Rewriter::runs_in_calls(NodeId node) const {
    const NodeId function = tree_.function_of(node);
    if (!exists(function) || tree_[function].kind != NodeKind::function_def) return false;
    if (!is_setup_function(function)) return true;
    const auto parameters = tree_.children(tree_.child(function, 0));
    return std::any_of(parameters.begin(), parameters.end(), [&](NodeId one) { return fact(one).kind == infer::Kind::tensor; });
}

// self.loc.data.copy_(-mean) in a call: the parameter gets another value and stays what is trained.
//   ->  self.loc = mx.stop_gradient(-mean) + (self.loc - mx.stop_gradient(self.loc))
// A part of one, too: self.conv.weight.data[0].zero_()
std::string Rewriter::still_trained(NodeId target, const std::string& value) {
    const NodeId whole = tree_[target].kind == NodeKind::subscript ? strip_data(tree_.child(target, 0)) : target;
    const NodeId function = tree_.function_of(target);
    const bool kernel = exists(kernel_of(whole)) && exists(function) && tree_[function].name == "forward";
    if (!kernel && (!is_parameter(whole) || !runs_in_calls(target))) return value;
    uses_mx_ = true;
    const std::string own = rendered(target);
    return output_.mx + ".stop_gradient(" + value + ") + (" + own + " - " + output_.mx + ".stop_gradient(" + own + "))";
}

// Whether a function under @torch.no_grad() or a `with torch.no_grad()` is around, which may run as part of a call that is differentiated.
bool Rewriter::is_outside_gradient(NodeId node) const {
    const NodeId function = tree_.function_of(node);
    if (!exists(function) || is_setup_function(function)) return false;
    if (stops_.contains(syntax::index(function))) return true;
    for (NodeId at = tree_[node].parent; exists(at) && at != function; at = tree_[at].parent) {
        if (tree_[at].kind != NodeKind::with_) continue;
        for (const NodeId item : tree_.children(at).subspan(1)) {
            NodeId context = tree_.child(item, 0);
            if (tree_[context].kind == NodeKind::call) context = tree_.child(context, 0);
            const std::string qualified = names::qualified_name(tree_, names_, context);
            const catalogue::Entry* entry = qualified.empty() ? nullptr : catalogue_.find(qualified);
            if (entry && entry->kind == catalogue::EntryKind::dissolve && entry->stops_gradient) return true;
        }
    }
    return false;
}

// getattr(self.rnn, f"weight_hh_l{i}"): a weight whose name and axes MLX's module has too.
bool Rewriter::is_weight_by_name(NodeId target) const {
    if (tree_[target].kind != NodeKind::call || tree_.children(target).size() != 3) return false;
    const NodeId callee = tree_.child(target, 0);
    if (tree_.text(callee) != "getattr" || names_.binding(callee) != names::kNoBinding) return false;
    const infer::Fact& owner = fact(tree_.child(target, 1));
    if (owner.kind != infer::Kind::module) return false;
    return owner.library_class != 0 ? infer::is_recurrent(facts_.library_names[owner.library_class]) : owner.class_index != 0;
}

// w.chunk(4) of which nothing is known: not whether it looks at a tensor that others hold.
bool Rewriter::is_view_of_unknown(NodeId value) const {
    if (tree_[value].kind != NodeKind::call || tree_[tree_.child(value, 0)].kind != NodeKind::attribute) return false;
    const NodeId callee = tree_.child(value, 0);
    if (fact(tree_.child(callee, 0)).kind != infer::Kind::unknown) return false;
    const catalogue::Entry* entry = catalogue_.find("torch.Tensor." + std::string(tree_[callee].name));
    return entry != nullptr && !entry->view_of.empty();
}

// y.data.masked_fill_(mask, 3.0) of what is computed: the values change, and the gradient passes as if they had not.
bool Rewriter::writes_values_alone(NodeId call, NodeId receiver, NodeId target) const {
    while (is_mutating_call(receiver)) receiver = tree_.child(tree_.child(receiver, 0), 0);
    const NodeId function = tree_.function_of(call);
    const infer::DType dtype = fact(target).dtype;
    if (receiver == target || strip_data(receiver) != target || !exists(function) || is_setup_function(function) || is_outside_gradient(call)) return false;
    const NodeId only = names_[names_.binding(target)].only_value;
    const bool parameter = exists(only) && (is_parameter(strip_data(only)) || tree_[strip_data(only)].kind == NodeKind::attribute);  // w = self.weight
    return !parameter && (dtype == infer::DType::unknown || infer::is_floating(dtype));
}

void Rewriter::mutate(NodeId call, NodeId argument, const Value& value, const catalogue::Entry& entry) {
    const NodeId parent = tree_[call].parent;
    const bool statement = exists(parent) && tree_[parent].kind == NodeKind::expression_statement;
    const bool chained = exists(parent) && tree_[parent].kind == NodeKind::attribute && exists(tree_[parent].parent) &&
                         tree_[tree_[parent].parent].kind == NodeKind::call && is_mutating_call(tree_[parent].parent);
    if (chained) {  // the outer call names the target
        finish(call, value, entry.qualified);
        return;
    }
    const NodeId target = exists(argument) ? mutated_root(argument) : syntax::kNoNode;
    if (!exists(target)) {
        refuse(Code::refused_arguments, call, "`" + std::string(entry.qualified) + "`: what it changes is not to be seen", "assign the result");
        return;
    }
    const NodeKind kind = tree_[target].kind;
    const infer::Fact& known = fact(target);
    // x[index] of an index tensor is a copy, whose change nobody sees.
    const bool copy = kind == NodeKind::subscript && fact(tree_.child(target, 0)).kind == infer::Kind::tensor && known.view_of == 0 && known.temporary &&
                      !fact(tree_.child(target, 0)).temporary;
    const bool by_name = is_weight_by_name(target);
    const bool named = (kind == NodeKind::name || kind == NodeKind::attribute || kind == NodeKind::subscript || by_name) && !copy;
    if (kind == NodeKind::subscript && known.view_of == 0 && is_view_of_unknown(tree_.child(target, 0))) {
        refuse(Code::view_written, call, "this in-place write goes through a view into another tensor, which MLX does not share",
               "write to the tensor itself: `x[...] = value`");
        return;
    }
    const std::string_view method = std::string_view(entry.qualified).substr(entry.qualified.rfind('.') + 1);
    const auto [shapes, values] = changes_of_shape_and_values(call);
    const bool shape_alone = shapes > 0 && values == 0;
    const bool element = kind == NodeKind::subscript && fact(tree_.child(target, 0)).kind == infer::Kind::tensor;
    if ((!named || element) && shape_alone) {  // x.mT.unsqueeze_(0), x[0].t_(): of an object that only this expression has
        finish(call, value, entry.qualified);
        return;
    }
    if (shapes > 0 && values > 0 && (!named || element || known.view_of != 0)) {
        refuse(Code::view_written, call, "this chain of in-place calls changes the shape of a view as well as the memory that it looks at",
               "put the calls on lines of their own");
        return;
    }
    if (!named) {
        if (known.view_of != 0) {
            const NodeId owner{known.view_of};
            if (!statement && tree_[owner].kind == NodeKind::name && !seen_elsewhere(owner, target, tree_.statement_of(call))) {
                finish(call, value, entry.qualified);  // nobody looks at the rest of it any more
                return;
            }
            if (write_through(call, target, value, entry)) return;
            refuse(Code::view_written, call, "this in-place write goes through a view into another tensor, which MLX does not share",
                   "write to the tensor itself: `x[...] = value`");
            return;
        }
        if (statement && !known.temporary) {
            refuse(Code::view_written, call, "the target of this in-place write is not a name, an attribute or an element", "assign it to a name first");
            return;
        }
        finish(call, value, entry.qualified);  // a fresh value: the result is all that there is
        return;
    }
    const bool own_shape = shape_alone && is_object_of_its_own(target);
    if (kind == NodeKind::name && !own_shape && written_through_view(target)) return;
    if (element && !store(target, tree_.statement_of(call))) return;
    std::string lvalue = rendered(target);
    if (kind == NodeKind::name) {
        const names::Binding& binding = names_[names_.binding(target)];
        const bool own = own_shape || holds_fresh_values_only(tree_, names_, facts_, target);
        if (!own && binding.kind != names::BindingKind::none) lvalue += "[...]";
    } else if (by_name) {
        lvalue += "[...]";
    } else if (kind == NodeKind::attribute && ties_weights()) {
        lvalue += "[...]";  // another module may hold the same array
    }
    // An element of a list may have other names too: the object itself changes.
    const infer::Kind container = kind == NodeKind::subscript ? fact(tree_.child(target, 0)).kind : infer::Kind::unknown;
    if (container == infer::Kind::list || container == infer::Kind::tuple || container == infer::Kind::dict) {
        const NodeId owner{known.view_of};
        const bool kept = known.view_of != 0 && tree_[owner].kind == NodeKind::attribute && tree_[tree_.child(target, 0)].kind == NodeKind::call;  // self.weight.chunk(4)[1]
        const bool seen = known.view_of != 0 && tree_[owner].kind == NodeKind::name && seen_elsewhere(owner, target, tree_.statement_of(call));
        if (kept || seen) {
            refuse(Code::view_written, target, "this in-place write goes to an element that may be a view of `" + std::string(tree_.text(owner)) + "`",
                   "write to `" + std::string(tree_.text(owner)) + "` itself");
            return;
        }
        lvalue += "[...]";
    }
    if (lvalue.ends_with("[...]") && (is_one_of(kShapeOnly, method) || method == "resize_" || method == "as_strided_")) {
        refuse(Code::refused_arguments, call, "`" + std::string(entry.qualified) + "` changes the shape of a tensor that the caller holds too",
               "assign the result to a name of its own");
        return;
    }
    const std::vector<base::Span> kept = spans_kept(leaves_.expand_locals(value.text));
    if (statement) {
        hoist_comments(call, kept);
        std::string text = one_expression(expand(value.text));
        const std::string trained = still_trained(target, text);
        if (trained == text && kind == NodeKind::attribute && !is_parameter(target) && is_outside_gradient(call)) {
            text = output_.mx + ".stop_gradient(" + text + ")";
            uses_mx_ = true;
        } else if (kind == NodeKind::name && writes_values_alone(call, argument, target)) {
            const catalogue::Entry* with_value = catalogue_.find("mlxify.with_value");
            MLXIFY_CHECK(with_value != nullptr);
            text = evaluator_.require_definition(*with_value) + "(" + rendered(target) + ", " + text + ")";
        } else {
            text = trained;
        }
        edits_.replace(tree_[call].span, lvalue + " = " + text, entry.qualified);
        precedence_[syntax::index(call)] = Precedence::tuple;
        return;
    }
    // Its value is used too. `x = x.add_(1)`, `return x.add_(1)`: the value alone will do when nothing looks at x afterwards.
    const NodeId around = tree_.statement_of(call);
    if (tree_[around].kind == NodeKind::assign && tree_.child(around, 0) == call && tree_.children(around).size() == 2 &&
        tree_.text(tree_.child(around, 1)) == tree_.text(target)) {
        finish(call, value, entry.qualified);
        const bool held = kind == NodeKind::name && (comes_from_outside(target, target) || is_kept_elsewhere(names_[names_.binding(target)]));
        if (held && lvalue.ends_with("[...]")) put(tree_.child(around, 1), lvalue, Precedence::atom, entry.qualified);  // the caller's array changes too
        return;
    }
    if (tree_[around].kind == NodeKind::return_ && kind == NodeKind::name && names_[names_.binding(target)].kind == names::BindingKind::variable &&
        holds_fresh_values_only(tree_, names_, facts_, target)) {
        finish(call, value, entry.qualified);
        return;
    }
    const bool simple = tree_[around].kind == NodeKind::assign || tree_[around].kind == NodeKind::return_ || tree_[around].kind == NodeKind::expression_statement;
    if (!simple || runs_conditionally(call, around)) {  // return x.sigmoid_() if inplace else x.sigmoid()
        if (element) {
            refuse(Code::refused_arguments, call, "an in-place operation on an element of a tensor inside `" + std::string(syntax::kind_name(tree_[around].kind)) + "`",
                   "put the in-place operation on a line of its own before");
            return;
        }
        hoist_comments(call, kept);
        put(call, assign_helper() + "(" + rendered(target) + ", " + one_expression(expand(value.text)) + ")", Precedence::atom, entry.qualified);
        return;
    }
    hoist_comments(call, kept);
    before_statement(around, lvalue + " = " + one_expression(expand(value.text)));
    put(call, rendered(target), Precedence::atom, entry.qualified);
}

// y of `x[mask] = y[mask]` and `x[mask] += y[mask]`, kNoNode for any other store.
NodeId Rewriter::chosen_alike(NodeId target, NodeId value) const {
    if (tree_[value].kind != NodeKind::subscript) return syntax::kNoNode;
    const NodeId mask = tree_.child(target, 1);
    const std::string_view text = tree_.text(mask);
    if (text != tree_.text(tree_.child(value, 1)) || text.find('(') != std::string_view::npos) return syntax::kNoNode;
    const infer::Fact& from = fact(tree_.child(value, 0));
    const int rank = fact(tree_.child(target, 0)).rank;
    const bool fits = from.kind == infer::Kind::tensor && from.rank == rank && fact(mask).rank >= 1 && fact(mask).rank <= rank;
    return fits ? tree_.child(value, 0) : syntax::kNoNode;
}

// x[mask] = 0 and x[mask] *= 2: a number goes where a mask of x's own shape says so. MLX has no gradient with respect to the mask
// of a store, and no augmented store through one; `mx.where` has both. So for x[mask] = y[mask].
bool Rewriter::masked_store_is_where(NodeId statement) const {
    const bool augmented = tree_[statement].kind == NodeKind::aug_assign;
    if (tree_[statement].kind != NodeKind::assign && !augmented) return false;
    if (tree_.children(statement).size() != 2) return false;
    const NodeId target = tree_.child(statement, augmented ? 0 : 1);
    const NodeId value = tree_.child(statement, augmented ? 1 : 0);
    if (tree_[target].kind != NodeKind::subscript) return false;
    const NodeId object = tree_.child(target, 0);
    const NodeKind kind = tree_[object].kind;
    const infer::Fact& array = fact(object);
    const infer::Fact& mask = fact(tree_.child(target, 1));
    const infer::Fact& stored = fact(value);
    const bool number = stored.kind == infer::Kind::integer || stored.kind == infer::Kind::floating;
    const bool named = kind == NodeKind::name || kind == NodeKind::attribute;
    const bool masked = mask.kind == infer::Kind::tensor && mask.dtype == infer::DType::boolean;
    if (named && masked && array.kind == infer::Kind::tensor && exists(chosen_alike(target, value))) return true;
    if (!number || !named || !masked || array.kind != infer::Kind::tensor) return false;
    const NodeId chosen = tree_.child(target, 1);  // x[x < 0]: of x's shape, whatever that is
    const auto is_number = [&](NodeId one) {
        const std::string text(tree_.text(one));
        return fact(one).kind == infer::Kind::integer || fact(one).kind == infer::Kind::floating || text.ends_with("np.inf") || text.ends_with("math.inf");
    };
    const bool of_itself = tree_[chosen].kind == NodeKind::compare && tree_.children(chosen).size() == 2 && tree_.text(tree_.child(chosen, 0)) == tree_.text(object) &&
                           (is_number(tree_.child(chosen, 1)) || tree_.text(tree_.child(chosen, 1)) == tree_.text(object));  // x[x != x]: not a number
    // A store keeps the dtype; `mx.where` does if the number is of a weaker kind.
    const bool keeps_dtype = infer::is_floating(array.dtype) || (stored.kind == infer::Kind::integer && array.dtype != infer::DType::boolean &&
                                                          (array.dtype != infer::DType::unknown || of_itself));
    return keeps_dtype && (of_itself || (mask.rank >= 1 && mask.rank <= array.rank));
}

void Rewriter::masked_store(NodeId statement) {
    const bool augmented = tree_[statement].kind == NodeKind::aug_assign;
    const NodeId target = tree_.child(statement, augmented ? 0 : 1);
    const NodeId value = tree_.child(statement, augmented ? 1 : 0);
    const NodeId object = tree_.child(target, 0);
    const NodeId mask = tree_.child(target, 1);
    const std::string array = rendered(object);
    std::string lvalue = array;
    if (tree_[object].kind == NodeKind::name && !holds_fresh_values_only(tree_, names_, facts_, object)) lvalue += "[...]";
    const NodeId alike = chosen_alike(target, value);
    std::string stored = rendered(exists(alike) ? alike : value);
    std::string chosen = rendered(mask);
    if (fact(mask).rank >= 1 && fact(mask).rank < fact(object).rank) {
        if (precedence_of(mask) < Precedence::atom) chosen = "(" + chosen + ")";
        chosen += "[...";
        for (int axis = fact(mask).rank; axis < fact(object).rank; ++axis) chosen += ", None";
        chosen += "]";
    }
    if (augmented) {
        std::string_view op = source_.text({tree_[target].span.end, tree_[value].span.begin});
        op = op.substr(op.find_first_not_of(" \t"));
        stored = array + " " + std::string(op.substr(0, op.find('='))) + " " + (precedence_of(value) < Precedence::pow ? "(" + stored + ")" : stored);
    }
    uses_mx_ = true;
    hoist_comments(statement, {tree_[mask].span, tree_[value].span});
    edits_.replace(tree_[statement].span, lvalue + " = " + output_.mx + ".where(" + chosen + ", " + stored + ", " + array + ")", "torch.Tensor.__setitem__");
}

namespace {

// How the owner is made again from one view of it. `view` is the text of the view, `owner` that of what it looks at.
//   owner.view(h, 4)       view.reshape(owner.shape)
//   owner.transpose(0, 1)  view.swapaxes(0, 1)
//   owner[i]               owner[i] = view
std::optional<std::string> undone(const syntax::Tree& tree, NodeId step, std::span<const NodeId> arguments, const std::string& view, const std::string& owner) {
    const syntax::Node& node = tree[step];
    if (node.kind == NodeKind::subscript) return view;
    if (node.kind == NodeKind::attribute) return node.name == "T" ? std::optional(view + ".T") : std::nullopt;
    if (node.kind != NodeKind::call || tree[tree.child(step, 0)].kind != NodeKind::attribute) return std::nullopt;
    const std::string_view method = tree[tree.child(step, 0)].name;
    for (const std::string_view reshaping : {"view", "reshape", "flatten", "unsqueeze", "squeeze", "view_as", "unflatten"})
        if (method == reshaping) return view + ".reshape(" + owner + ".shape)";
    if (method == "t") return view + ".T";
    if (method == "detach" || method == "select" || method == "narrow") return view;
    const auto literal = [&](NodeId id) { return tree[id].kind == NodeKind::integer || tree[id].kind == NodeKind::unary; };
    if ((method == "transpose" || method == "swapaxes") && arguments.size() == 2 && literal(arguments[0]) && literal(arguments[1]))
        return view + ".swapaxes(" + std::string(tree.text(arguments[0])) + ", " + std::string(tree.text(arguments[1])) + ")";
    return std::nullopt;
}

}  // namespace

// Whether a view is made by a function, `torch.diagonal(x)`, and not by a method.
bool Rewriter::is_view_function(NodeId step) const {
    return tree_[step].kind == NodeKind::call && tree_.children(step).size() > 1 && names::qualified_name(tree_, names_, tree_.child(step, 0)).starts_with("torch.");
}

// The expression that a view looks at directly.
NodeId Rewriter::looked_at(NodeId step) const {
    if (is_view_function(step)) return strip_data(tree_.child(step, 1));
    if (tree_[step].kind == NodeKind::call) return strip_data(tree_.child(tree_.child(step, 0), 0));
    return strip_data(tree_.child(step, 0));
}

// The last name of what a call that makes a view calls; empty for any other view.
std::string_view Rewriter::view_method(NodeId step) const {
    const bool named = tree_[step].kind == NodeKind::call && tree_[tree_.child(step, 0)].kind == NodeKind::attribute;
    return named ? tree_[tree_.child(step, 0)].name : std::string_view{};
}

// What a call that makes a view is told beside the tensor.
std::span<const NodeId> Rewriter::view_arguments(NodeId step) const {
    if (tree_[step].kind != NodeKind::call) return {};
    return tree_.children(step).subspan(is_view_function(step) ? 2 : 1);
}

// The index that stands for a view which is a part along one axis; empty for any other view.
//   x.select(1, i)         [:, i]
//   x.narrow(-1, 0, n)     [..., :n]
std::string Rewriter::index_of_view(NodeId step) const {
    const std::string_view method = view_method(step);
    const auto arguments = view_arguments(step);
    const std::size_t wanted = method == "select" ? 2 : method == "narrow" ? 3 : 0;
    if (wanted == 0 || arguments.size() != wanted) return {};
    std::string axis(tree_.text(arguments[0]));
    std::string before;
    if (axis == "-1") {
        before = "..., ";
    } else {
        if (axis.size() != 1 || axis[0] < '0' || axis[0] > '9') return {};
        for (int left = axis[0] - '0'; left > 0; --left) before += ":, ";
    }
    for (const NodeId one : arguments)
        if (tree_[one].kind == NodeKind::keyword || tree_[one].kind == NodeKind::starred) return {};
    const std::string first = rendered(arguments[1]);
    if (method == "select") return "[" + before + first + "]";
    const auto operand = [&](NodeId id) { return precedence_of(id) < Precedence::add ? "(" + rendered(id) + ")" : rendered(id); };
    const bool negative = tree_[arguments[1]].kind == NodeKind::unary;  // -2 and 2 more: there is no end to name
    if (negative) return {};
    return "[" + before + (first == "0" ? ":" + rendered(arguments[2]) : first + ":" + operand(arguments[1]) + " + " + operand(arguments[2])) + "]";
}

// A view that is undone: the value for its owner, or for the part of it that the view is.
//   view.diagonal()        _with_diagonal(owner, view)
//   view.as_strided(a, b)  _with_strided(owner, view, a, b)
std::optional<std::string> Rewriter::undone_view(NodeId step, const std::string& view, const std::string& owner) {
    const std::string_view method = view_method(step);
    if (method == "diagonal" || method == "as_strided") {
        const catalogue::Entry* entry = catalogue_.find(method == "diagonal" ? "mlxify.with_diagonal" : "mlxify.with_strided");
        MLXIFY_CHECK(entry != nullptr);
        std::string text = evaluator_.require_definition(*entry) + "(" + owner + ", " + view;
        for (const NodeId one : view_arguments(step)) text += ", " + rendered(one);
        return text + ")";
    }
    if ((method == "select" || method == "narrow") && index_of_view(step).empty()) return std::nullopt;
    return undone(tree_, step, view_arguments(step), view, owner);
}

// nn.init.eye_(w.view(2, 2))  ->  w[...] = mx.eye(2, 2).reshape(w.shape)
bool Rewriter::write_through(NodeId call, NodeId step, const Value& value, const catalogue::Entry& entry) {
    if (tree_[step].kind == NodeKind::subscript) return false;
    const NodeId owner = looked_at(step);
    if (!exists(owner)) return false;
    const NodeKind kind = tree_[owner].kind;
    if (kind != NodeKind::name && kind != NodeKind::attribute && kind != NodeKind::subscript) return false;
    if (kind == NodeKind::name && fact(owner).view_of != 0) {  // `w = self.weight.data` is the weight itself
        const NodeId only = names_[names_.binding(owner)].only_value;
        if (!exists(only) || tree_[strip_data(only)].kind != NodeKind::attribute) return false;
    }
    if (other_view_read(owner, step, tree_.statement_of(call))) return false;
    if (exists(kernel_of(owner)) && !fills_in_any_layout(step, entry.qualified)) return false;
    const std::string owner_text = rendered(owner);
    const std::string text = expand(value.text);
    const std::string part = index_of_view(step);
    const bool whole = part.empty();
    const std::string place = owner_text + (whole && kind == NodeKind::name ? "[...]" : part);
    const NodeId statement = tree_.statement_of(call);
    if (tree_[call].parent != statement || tree_[statement].kind != NodeKind::expression_statement) {  // its value is used too
        const bool simple = tree_[statement].kind == NodeKind::assign || tree_[statement].kind == NodeKind::return_ || tree_[statement].kind == NodeKind::expression_statement;
        if (!simple || kind != NodeKind::name || runs_conditionally(call, statement)) return false;
        const names::Binding& binding = names_[names_.binding(owner)];
        const base::Span before{tree_[statement].span.begin, tree_[call].span.begin};  // what is read there is the old value
        if (std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) { return before.contains(tree_[load].span); })) return false;
        std::string name = owner_text + "_view";
        while (emissions_.is_taken(name)) name += "_";
        const auto back = undone_view(step, name, owner_text);
        if (!back) return false;
        edits_.note(tree_[call].span, kWriteThroughView);
        before_statement(statement, name + " = " + one_expression(text));
        before_statement(statement, place + " = " + *back);
        put(call, name, Precedence::atom, entry.qualified);
        return true;
    }
    const auto undo = undone_view(step, whole && value.precedence != Precedence::atom ? "(" + text + ")" : text, owner_text);
    if (!undo) return false;
    const std::string line = place + " = " + one_expression(*undo);
    edits_.note(tree_[call].span, kWriteThroughView);
    edits_.replace(tree_[call].span, line, entry.qualified);
    precedence_[syntax::index(call)] = Precedence::tuple;
    return true;
}

// `self.head.weight = self.embedding.weight` anywhere in the file.
bool Rewriter::ties_weights() {
    if (ties_weights_) return *ties_weights_;
    ties_weights_ = false;
    for (std::uint32_t number = 1; number < tree_.size() && !*ties_weights_; ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::assign) continue;
        const syntax::Node& value = tree_[tree_.child(id, 0)];
        const syntax::Node& target = tree_[tree_.child(id, 1)];
        *ties_weights_ = value.kind == NodeKind::attribute && target.kind == NodeKind::attribute && value.name == target.name && value.name == "weight";
    }
    return *ties_weights_;
}

// After a write to a view, its owner gets the change: MLX does not share memory.
//   b = self.fc.bias.view(h, 4)
//   b[:, 3] = 1.0
//   self.fc.bias = b.reshape(self.fc.bias.shape)
// `owner_text`: what its owner is called there, where the view has taken its name.
bool Rewriter::write_back(NodeId step, const std::string& view, NodeId statement, std::string owner_text) {
    const NodeId owner = looked_at(step);
    if (!exists(owner) || !exists(statement)) return false;
    const NodeKind kind = tree_[owner].kind;
    if (kind != NodeKind::name && kind != NodeKind::attribute) return false;
    const bool renamed = !owner_text.empty();
    if (!renamed) owner_text = rendered(owner);
    const auto value = undone_view(step, view, owner_text);
    if (!value) return false;
    // Whether `reshape` copies is decided by the layout in memory, which is known of parameters only.
    const bool may_copy = tree_[step].kind == NodeKind::call && (tree_[tree_.child(step, 0)].name == "reshape" || tree_[tree_.child(step, 0)].name == "flatten");
    if (may_copy && kind == NodeKind::name) return false;
    const std::string part = index_of_view(step);
    std::string target = owner_text + (part.empty() && kind == NodeKind::name ? "[...]" : part);
    if (tree_[step].kind == NodeKind::subscript) target = renamed ? owner_text + rendered(step).substr(rendered(owner).size()) : rendered(step);
    if (writes_back_itself(step, view, statement)) return true;
    uses_mx_ = true;
    edits_.note(tree_[statement].span, kWriteThroughView);
    after_statement(statement, target + " = " + *value);
    return true;
}

// view += 1; owner[i] = view: the author does it in the next line.
bool Rewriter::writes_back_itself(NodeId step, std::string_view view, NodeId statement) const {
    const NodeId block = tree_[statement].parent;
    if (!exists(block) || tree_[step].kind != NodeKind::subscript) return false;
    const auto siblings = tree_.children(block);
    const auto at = std::find(siblings.begin(), siblings.end(), statement);
    if (at == siblings.end() || at + 1 == siblings.end() || tree_[*(at + 1)].kind != NodeKind::assign) return false;
    const NodeId next = *(at + 1);
    return tree_.children(next).size() == 2 && tree_.text(tree_.child(next, 0)) == view && tree_.text(tree_.child(next, 1)) == tree_.text(step);
}

// x += 1 and x = x.add_(1): the name stands for the same array as before.
bool Rewriter::changes_itself(NodeId store) const {
    const NodeId statement = tree_[store].parent;
    if (tree_[statement].kind == NodeKind::aug_assign) return true;
    if (tree_[statement].kind != NodeKind::assign || tree_.children(statement).size() != 2 || !is_mutating_call(tree_.child(statement, 0))) return false;
    const NodeId callee = tree_.child(tree_.child(statement, 0), 0);
    if (tree_[callee].kind != NodeKind::attribute) return false;
    const NodeId target = mutated_root(tree_.child(callee, 0));
    return exists(target) && tree_.text(target) == tree_.text(store);
}

// True (and said) if the name stands for a view whose owner would have to change too, and cannot.
bool Rewriter::written_through_view(NodeId target) {
    const infer::Fact& known = fact(target);
    if (known.view_of == 0) return false;
    const NodeId owner{known.view_of};
    const NodeId writing = tree_.statement_of(target);
    if (!seen_elsewhere(owner, target, writing)) return false;
    const names::Binding& view = names_[names_.binding(target)];
    if (is_loop_over_objects(view)) return false;
    std::vector<NodeId> made;  // before the write; x += 1 makes no other object
    for (const NodeId store : view.stores) {
        const bool later = tree_[store].span.begin > tree_[writing].span.end && !exists(common_loop(store, writing));
        if (!later && !changes_itself(store) && tree_[store].kind != NodeKind::parameter) made.push_back(store);
    }
    if (made.size() == 1) {
        const NodeId statement = tree_[made[0]].parent;
        if (exists(statement) && tree_[statement].kind == NodeKind::assign && tree_.children(statement).size() == 2) {
            const NodeId step = strip_data(tree_.child(statement, 0));
            const NodeKind step_kind = tree_[step].kind;
            if (step_kind == NodeKind::attribute || step_kind == NodeKind::name) return false;  // `w = self.weight.data`: the same array
            if (next_writes_too(writing, target)) return false;
            const NodeId memory = looked_at(step);
            const bool renames = exists(memory) && tree_[memory].kind == NodeKind::name && names_.binding(memory) == names_.binding(target);
            if (renames && write_back_to_caller(step, statement, target)) return false;
            if (!renames && runs_before(statement, writing) && is_same_place(step, statement, writing) && !other_view_read(owner, target, writing) &&
                write_back(step, std::string(tree_.text(target)), writing))
                return false;
        }
    }
    refuse(Code::view_written, target, "`" + std::string(tree_.text(target)) + "` is a view of `" + std::string(tree_.text(owner)) + "`; MLX does not share memory, so this write would be lost there",
           "write to `" + std::string(tree_.text(owner)) + "` itself, or make the copy plain with `.clone()`");
    return true;
}

// A view that has taken the name of the caller's array, which gets the change under another one:
//   x_given = x
//   x = x.transpose(0, 1)
//   x += 1
//   x_given[...] = x.swapaxes(0, 1)
// A view of another shape may also be made under a condition: the shape of the caller's array undoes it either way.
bool Rewriter::write_back_to_caller(NodeId step, NodeId made, NodeId target) {
    const NodeId writing = tree_.statement_of(target);
    const NodeId owner = looked_at(step);
    const NodeId function = tree_.function_of(made);
    if (names_[names_.binding(target)].kind != names::BindingKind::parameter || !exists(function)) return false;
    const std::string_view method = view_method(step);
    const bool reshapes = method == "view" || method == "unsqueeze" || method == "squeeze" || method == "view_as" || method == "unflatten";
    while (tree_[tree_[made].parent].parent != function) {
        made = tree_[tree_[made].parent].parent;
        if (!reshapes || tree_[made].kind != NodeKind::if_) return false;
    }
    if (!runs_before(made, writing) || !is_same_place(step, made, writing) || other_view_read(owner, target, writing)) return false;
    std::string& name = names_of_callers_[names_.binding(target)];
    const bool first = name.empty();
    if (first) {
        name = rendered(target) + "_given";
        while (emissions_.is_taken(name)) name += "_";
    }
    if (!write_back(step, std::string(tree_.text(target)), writing, name)) return false;
    if (first) before_statement(made, name + " = " + rendered(target));
    return true;
}

// `for w in [self.query, self.key]`: the very arrays, one after the other.
bool Rewriter::is_loop_over_objects(const names::Binding& binding) const {
    return !binding.stores.empty() && std::all_of(binding.stores.begin(), binding.stores.end(), [&](NodeId store) {
        const NodeId loop = tree_[store].parent;
        if (!exists(loop) || tree_[loop].kind != NodeKind::for_ || tree_.child(loop, 0) != store) return false;
        const NodeId sequence = tree_.child(loop, 1);
        if (tree_[sequence].kind != NodeKind::list && tree_[sequence].kind != NodeKind::tuple) return false;
        const auto items = tree_.children(sequence);
        return std::all_of(items.begin(), items.end(), [&](NodeId item) { return tree_[item].kind == NodeKind::name || tree_[item].kind == NodeKind::attribute; });
    });
}

// Whether what a view was made of (the owner, the places in it) is the same when it is written back.
bool Rewriter::is_same_place(NodeId step, NodeId made, NodeId writing) const {
    const base::Span span = tree_[step].span;
    const base::Span between{tree_[made].span.end, tree_[writing].span.begin};
    for (const names::Binding& binding : names_.bindings) {
        const bool used = std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) { return span.contains(tree_[load].span); });
        if (!used) continue;
        for (const NodeId store : binding.stores)
            if (between.contains(tree_[store].span) && !changes_itself(store)) return false;
        for (const NodeId store : binding.stores)
            if (between.contains(tree_[store].span) && fact(store).kind != infer::Kind::tensor) return false;
    }
    return true;
}

// The next statement writes to the same name: what is written back after that one will do.
bool Rewriter::next_writes_too(NodeId statement, NodeId target) const {
    const NodeId block = tree_[statement].parent;
    if (!exists(block) || tree_[block].kind != NodeKind::block) return false;
    const auto siblings = tree_.children(block);
    const auto at = std::find(siblings.begin(), siblings.end(), statement);
    if (at == siblings.end() || at + 1 == siblings.end()) return false;
    const NodeId next = *(at + 1);
    if (tree_[next].kind != NodeKind::assign && tree_[next].kind != NodeKind::aug_assign) return false;
    const NodeId written = tree_.child(next, tree_[next].kind == NodeKind::assign ? 1 : 0);
    return tree_[written].kind == NodeKind::subscript && tree_.text(tree_.child(written, 0)) == tree_.text(target);
}

}  // namespace mlxify::rewrite
