// Module classes: buffers, parameters, names that MLX reserves, weights under other names.
#include <algorithm>

#include <fmt/format.h>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

namespace {

// mlx.nn.Module is a dict with methods of its own: an attribute of such a name breaks it (or raises).
constexpr std::string_view kReserved[] = {
    "keys",     "values",      "items",         "get",      "pop",       "popitem",        "update",        "copy",       "clear",
    "setdefault", "fromkeys",  "state",         "children", "modules",   "parameters",     "trainable_parameters",        "leaf_modules",
    "named_modules", "apply",  "apply_to_modules", "freeze", "unfreeze", "train",          "eval",          "set_dtype",  "load_weights",
    "save_weights", "update_modules", "filter_and_map",
};

// Of these, what torch.nn.Module has no method of: an author's method of that name replaces one that MLX itself calls, or the converted file.
constexpr std::string_view kMethodsOfMlx[] = {
    "keys",   "values",   "items",        "get",          "pop",            "popitem",    "update",     "copy",       "clear",
    "state",  "freeze",   "unfreeze",     "set_dtype",    "load_weights",   "save_weights", "update_modules", "filter_and_map", "setdefault",
    "fromkeys", "leaf_modules", "apply_to_modules", "trainable_parameters", "is_module",
};

bool is_reserved(std::string_view name) { return std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved); }

// The literal in `self.register_buffer("name", ...)`; empty if it is computed.
std::string_view literal_name(const syntax::Tree& tree, NodeId call) {
    if (tree.children(call).size() < 2) return {};
    NodeId first = tree.child(call, 1);
    if (tree[first].kind == NodeKind::keyword) first = tree.child(first, 0);
    if (tree[first].kind != NodeKind::string || tree[first].has(syntax::Flag::is_fstring)) return {};
    std::string_view text = tree.text(first);
    if (text.size() < 2 || (text[0] != '"' && text[0] != '\'')) return {};
    return text.substr(1, text.size() - 2);
}

NodeId argument(const syntax::Tree& tree, NodeId call, std::size_t position, std::string_view keyword) {
    std::size_t at = 0;
    for (const NodeId one : tree.children(call).subspan(1)) {
        if (tree[one].kind == NodeKind::keyword) {
            if (tree[one].name == keyword) return tree.child(one, 0);
        } else if (at++ == position) {
            return one;
        }
    }
    return syntax::kNoNode;
}

}  // namespace

const std::string* Rewriter::class_rename(std::uint32_t class_index, std::string_view name) const {
    if (const auto own = renames_[class_index].attributes.find(name); own != renames_[class_index].attributes.end()) return &own->second;
    for (const std::uint32_t base : names_.classes[class_index].file_bases)
        if (const std::string* inherited = class_rename(base, name)) return inherited;
    return nullptr;
}

// A buffer's name: MLX neither trains nor saves what begins with an underscore.
void Rewriter::plan_buffer(std::uint32_t class_index, std::string_view name, bool hidden) {
    std::string fresh(name);
    if (hidden && !name.starts_with('_')) fresh = "_" + fresh;
    if (!hidden && name.starts_with('_')) fresh = fresh.substr(1) + "_";
    if (!hidden && is_reserved(fresh)) fresh += "_";
    if (fresh == name) return;
    renames_[class_index].attributes.emplace(std::string(name), fresh);
    if (!hidden) renames_[class_index].weights.emplace(name);
}

// self.scale = nn.Buffer(x): a buffer by assignment.
bool Rewriter::is_buffer(NodeId value) const {
    return tree_[value].kind == NodeKind::call && names::qualified_name(tree_, names_, tree_.child(value, 0)) == "torch.nn.Buffer";
}

bool Rewriter::is_hidden_buffer(NodeId value) const {
    const NodeId persistent = argument(tree_, value, 1, "persistent");
    return exists(persistent) && tree_[persistent].kind == NodeKind::false_;
}

// Each target of an assignment with the expression of its value; what is unpacked of a call stands for itself.
std::vector<std::pair<NodeId, NodeId>> Rewriter::targets_and_values(NodeId assignment, NodeId value) const {
    std::vector<std::pair<NodeId, NodeId>> pairs;
    for (const NodeId target : tree_.children(assignment)) {
        if (target == value || !exists(target)) continue;
        if (tree_[target].kind != NodeKind::tuple) {
            pairs.emplace_back(target, value);
            continue;
        }
        const auto targets = tree_.children(target);
        const bool spelled = exists(value) && tree_[value].kind == NodeKind::tuple && tree_.children(value).size() == targets.size();
        for (std::size_t i = 0; i < targets.size(); ++i) pairs.emplace_back(targets[i], spelled ? tree_.children(value)[i] : targets[i]);
    }
    return pairs;
}

// A tensor, or a list or tuple of such.
bool Rewriter::holds_tensors(NodeId value) const {
    const infer::Fact& known = fact(value);
    if (known.kind == infer::Kind::tensor) return true;
    if ((known.kind != infer::Kind::list && known.kind != infer::Kind::tuple) || known.elements == 0) return false;
    const std::vector<infer::Fact>& elements = facts_.sequences[known.elements];
    return !elements.empty() && std::all_of(elements.begin(), elements.end(), [](const infer::Fact& one) { return one.kind == infer::Kind::tensor; });
}

// A call of torch's, of a tensor's method, or of a function of the file that makes no parameter: `x.chunk(2)`, `masks(n)`.
bool Rewriter::calls_computed(NodeId value) const {
    if (!exists(value) || tree_[value].kind != NodeKind::call) return false;
    const NodeId callee = tree_.child(value, 0);
    const std::string qualified = names::qualified_name(tree_, names_, callee);
    if (!qualified.empty()) return qualified.starts_with("torch.") && !qualified.starts_with("torch.nn.");
    if (tree_[callee].kind == NodeKind::name) return computes_tensor(value, names_[names_.binding(callee)]);
    return tree_[callee].kind == NodeKind::attribute && fact(tree_.child(callee, 0)).kind == infer::Kind::tensor;
}

// The arm of `torch.ones(n) if fixed else nn.Parameter(torch.ones(n))` that is the parameter, where one of them is.
NodeId Rewriter::arm_with_parameter(NodeId value) const {
    if (tree_[value].kind != NodeKind::conditional) return syntax::kNoNode;
    const auto is_made = [&](NodeId arm) { return tree_[arm].kind == NodeKind::call && names::qualified_name(tree_, names_, tree_.child(arm, 0)) == "torch.nn.Parameter"; };
    const NodeId one = tree_.child(value, 0), other = tree_.child(value, 2);
    return is_made(one) == is_made(other) ? syntax::kNoNode : is_made(one) ? one : other;
}

// What must be known before the walk: attributes that get another name, class by class.
void Rewriter::plan_renames() {
    renames_.resize(names_.classes.size());
    std::vector<std::set<std::string_view>> weights_of(names_.classes.size());       // parameters, modules and buffers by class
    std::vector<std::set<std::string_view>> parameters_of(names_.classes.size());    // of these, what `nn.Parameter` makes
    struct Left {
        std::size_t class_number;
        std::string_view name;
        NodeId value;
    };
    std::vector<Left> left_behind;  // attributes
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        const syntax::Node& node = tree_[id];
        if (node.kind == NodeKind::call) {
            const NodeId callee = tree_.child(id, 0);
            if (tree_[callee].kind != NodeKind::attribute || tree_.text(tree_.child(callee, 0)) != "self") continue;
            if (tree_[callee].name != "register_buffer" && tree_[callee].name != "register_parameter") continue;
            const auto owner = module_around(id);
            const std::string_view name = literal_name(tree_, id);
            if (!owner || name.empty()) continue;
            const NodeId persistent = argument(tree_, id, 2, "persistent");
            weights_of[*owner].insert(name);
            plan_buffer(*owner, name, exists(persistent) && tree_[persistent].kind == NodeKind::false_);
        } else if (node.kind == NodeKind::assign || node.kind == NodeKind::ann_assign) {
            const NodeId whole = node.kind == NodeKind::assign ? tree_.child(id, 0) : tree_.child(id, 2);
            for (const auto& [target, value] : targets_and_values(id, whole)) {
                if (tree_[target].kind != NodeKind::attribute || tree_.text(tree_.child(target, 0)) != "self") continue;
                const auto owner = module_around(id);
                const std::string_view name = tree_[target].name;
                if (!owner || !exists(value)) continue;
                const infer::Fact& known = fact(value);
                std::string made = tree_[value].kind == NodeKind::call ? names::qualified_name(tree_, names_, tree_.child(value, 0)) : std::string{};
                if (is_buffer(value)) {
                    weights_of[*owner].insert(name);
                    plan_buffer(*owner, name, is_hidden_buffer(value));
                    continue;
                }
                const bool parameter = made == "torch.nn.Parameter" || exists(arm_with_parameter(value));
                const bool weight = known.kind == infer::Kind::module || parameter || made == "torch.nn.ModuleList" ||
                                    made == "torch.nn.ModuleDict" || made == "torch.nn.ParameterList" || made == "torch.nn.ParameterDict";
                const std::size_t class_number = *owner;
                if (weight) weights_of[class_number].insert(name);
                if (parameter) parameters_of[class_number].insert(name);
                // A tensor that a call leaves behind, or that is computed, is no parameter: MLX takes public arrays for such.
                const bool left = known.kind == infer::Kind::tensor && !is_setup_function(tree_.function_of(id));
                const bool unpacked = value == target && holds_tensors(target) && calls_computed(whole);
                if (!weight && !name.starts_with('_') && (left || unpacked || is_computed_tensor(value) || holds_modules_unregistered(target, value))) left_behind.push_back({class_number, name, value});
                std::string fresh(name);
                if (weight && name.starts_with('_') && !name.starts_with("__")) fresh = fresh.substr(1) + "_";
                if (is_reserved(fresh)) fresh += "_";
                if (fresh == name) continue;
                renames_[*owner].attributes.emplace(std::string(name), fresh);
                if (weight) renames_[*owner].weights.emplace(name);
            }
        }
    }
    for (const auto& [class_number, name, value] : left_behind) {
        // `self.codes = nn.ParameterList(codes) if trained else codes`: MLX does not look for weights in a tuple, nor in what `object` holds.
        const bool list = fact(value).kind == infer::Kind::list && weights_of[class_number].contains(name);
        if (list || (parameters_of[class_number].contains(name) && is_setup_function(tree_.function_of(value)))) beside_weights_.insert(syntax::index(value));
        if (weights_of[class_number].contains(name)) continue;
        std::string& fresh = renames_[class_number].attributes[std::string(name)];
        if (fresh == "_" + std::string(name)) continue;
        fresh = "_" + std::string(name);  // also where it is a word of MLX's modules: `self.state`
        const std::string member = fmt::format("{}.{}", names_.classes[class_number].name, name);
        if (is_computed_tensor(value) || holds_tensors(value))
            assumptions_.push_back(fmt::format("`{}`, which is no parameter, is `_{}`: MLX takes public arrays for parameters", member, name));
        else
            assumptions_.push_back(fmt::format("`{}` is `_{}`: it is no nn.ModuleList, so PyTorch does not save or train the layers in it either", member, name));
    }
}

// Methods of the author's that would replace methods of MLX's modules, of which `load_weights` and the converted file make use.
void Rewriter::plan_method_renames() {
    for (std::uint32_t index = 0; index < names_.classes.size(); ++index) {
        const names::ClassInfo& info = names_.classes[index];
        const auto holds_children = [](const std::string& base) { return base.starts_with("torch.nn.") && base != "torch.nn.Module"; };
        if (!info.is_module || std::any_of(info.bases.begin(), info.bases.end(), holds_children)) continue;  // a ModuleDict may well have `keys`
        for (const NodeId method : info.methods) {
            const std::string_view name = tree_[method].name;
            if (std::find(std::begin(kMethodsOfMlx), std::end(kMethodsOfMlx), name) == std::end(kMethodsOfMlx)) continue;
            std::string fresh = std::string(name) + "_";
            while (exists(names::find_method(tree_, names_, index, fresh))) fresh += "_";
            std::vector<std::uint32_t> line{index};  // a base may call what only its heirs have
            while (!line.empty()) {
                const std::uint32_t at = line.back();
                line.pop_back();
                if (!names_.classes[at].is_module) continue;
                renames_[at].attributes.emplace(std::string(name), fresh);
                line.insert(line.end(), names_.classes[at].file_bases.begin(), names_.classes[at].file_bases.end());
            }
            edits_.replace(tree_[method].name_span, fresh, "method");
            for (const NodeId load : names_[names_.binding(method)].loads)  // the decorator of a property's setter
                edits_.replace(tree_[load].span, fresh, "method");
            renamed_methods_.emplace(name, info.name);
            assumptions_.push_back(fmt::format("`{}.{}` is `{}`: MLX's modules have a method `{}` of their own", info.name, name, fresh, name));
        }
    }
}

// Whether the samples saw a tensor there, and never a parameter.
bool Rewriter::was_plain_tensor(NodeId value) const {
    const base::Span span = tree_[value].span;
    const auto seen = std::lower_bound(input_.observed.begin(), input_.observed.end(), span, [](const infer::ObservedFact& fact, base::Span wanted) { return fact.span < wanted; });
    return seen != input_.observed.end() && seen->span == span && (seen->kind == infer::Kind::tensor || seen->tensor) && !seen->parameter;
}

// A tensor that an expression makes, which in torch is no parameter: `torch.arange(n).float()`, `a + b`. A name, an attribute or
// the result of a function of the file may hold a parameter.
bool Rewriter::is_computed_tensor(NodeId value) const {
    const syntax::Node& node = tree_[value];
    if (was_plain_tensor(value)) return true;
    if (node.kind == NodeKind::list || node.kind == NodeKind::list_comp)
        return !tree_.children(value).empty() && is_computed_tensor(tree_.child(value, 0));
    if (node.kind == NodeKind::conditional) return is_computed_tensor(tree_.child(value, 0)) && is_computed_tensor(tree_.child(value, 2));
    if (node.kind == NodeKind::name && fact(value).kind == infer::Kind::list) {
        const NodeId only = names_[names_.binding(value)].only_value;
        return exists(only) && tree_[only].kind != NodeKind::name && is_computed_tensor(only);
    }
    if (fact(value).kind != infer::Kind::tensor) return false;
    switch (node.kind) {
    case NodeKind::binary:
    case NodeKind::unary:
    case NodeKind::compare:
    case NodeKind::subscript: return true;
    case NodeKind::name: {
        const NodeId only = names_[names_.binding(value)].only_value;
        return exists(only) && tree_[only].kind != NodeKind::name && is_computed_tensor(only);
    }
    case NodeKind::call: break;
    default: return false;
    }
    if (!calls_computed(value)) return false;
    const NodeId callee = tree_.child(value, 0);
    if (tree_[callee].kind != NodeKind::attribute || !names::qualified_name(tree_, names_, callee).empty()) return true;
    const std::string_view method = tree_[callee].name;
    const bool same = method.ends_with('_') || method == "to" || method == "cuda" || method == "cpu" || method == "float" || method == "contiguous" ||
                      method == "type" || method == "half" || method == "double";
    return !same || is_computed_tensor(tree_.child(callee, 0));
}

// `sinusoids(n, dim)`: a function of the file that makes no parameter, of arguments that are none.
bool Rewriter::computes_tensor(NodeId call, const names::Binding& function) const {
    if (function.kind != names::BindingKind::function || tree_[function.definition].kind != NodeKind::function_def) return false;
    if (tree_.text(function.definition).find("Parameter") != std::string_view::npos) return false;
    const auto arguments = tree_.children(call).subspan(1);
    return std::all_of(arguments.begin(), arguments.end(), [&](NodeId argument) {
        const NodeId value = tree_[argument].kind == NodeKind::keyword ? tree_.child(argument, 0) : argument;
        const infer::Kind kind = fact(value).kind;
        if (kind == infer::Kind::tensor) return is_computed_tensor(value);
        return kind != infer::Kind::unknown || tree_.text(value).find("self.") == std::string_view::npos;
    });
}

void Rewriter::register_buffer(NodeId id) {
    const NodeId statement = tree_[id].parent;
    const NodeId callee = tree_.child(id, 0);
    const std::string object = rendered(tree_.child(callee, 0));
    const bool parameter = tree_[callee].name == "register_parameter";
    const NodeId value = argument(tree_, id, 1, parameter ? "param" : "tensor");
    if (!exists(value) || !exists(statement) || tree_[statement].kind != NodeKind::expression_statement) {
        refuse(Code::module_hook, id, "`" + std::string(tree_[callee].name) + "` in this form", "assign the attribute directly");
        return;
    }
    const NodeId persistent = argument(tree_, id, 2, "persistent");
    const bool hidden = exists(persistent) && tree_[persistent].kind == NodeKind::false_;
    const std::string_view name = literal_name(tree_, id);
    const std::string text = rendered(value);
    hoist_comments(id, {tree_[value].span});
    const std::string made = one_expression(text);
    std::string key;
    if (name.empty()) {
        const NodeId first = argument(tree_, id, 0, "name");
        if (hidden) {
            refuse(Code::module_hook, id, "a buffer that is not saved needs a name that is known while converting", "write the name as a literal");
            return;
        }
        key = rendered(first);
        edits_.replace(tree_[id].span, "setattr(" + object + ", " + key + ", " + made + ")", "torch.nn.Module.register_buffer");
    } else {
        std::string fresh(name);
        const NodeId around = tree_.class_of(id);
        if (exists(around) && names_.class_at[syntax::index(around)] != 0)
            if (const std::string* renamed = class_rename(names_.class_at[syntax::index(around)] - 1, name)) fresh = *renamed;
        if (fresh != name) remark(Code::renamed_attribute, id, "`" + std::string(name) + "` became `" + fresh + "`");
        key = rules::python_string(fresh);
        edits_.replace(tree_[id].span, object + "." + fresh + " = " + made, "torch.nn.Module.register_buffer");
    }
    precedence_[syntax::index(id)] = Precedence::tuple;
    const bool none = tree_[value].kind == NodeKind::none_;
    if (parameter) freeze_untrained(value, statement, object, key);
    if (!hidden && !parameter && !none) after_statement(statement, object + ".freeze(keys=[" + key + "], recurse=False)");
}

// target.load_state_dict(source.state_dict())  ->  target.update(source.filter_and_map(nn.Module.valid_parameter_filter, mx.array))
bool Rewriter::copies_state(NodeId call) {
    const NodeId callee = tree_.child(call, 0);
    if (tree_[callee].name != "load_state_dict" || tree_[tree_[call].parent].kind != NodeKind::expression_statement || tree_.children(call).size() < 2) return false;
    const NodeId given = tree_.child(call, 1);
    if (tree_[given].kind != NodeKind::call || tree_.children(given).size() != 1 || tree_[tree_.child(given, 0)].kind != NodeKind::attribute) return false;
    const NodeId method = tree_.child(given, 0), source = tree_.child(method, 0);
    const auto may_be_module = [&](NodeId one) { return fact(one).kind == infer::Kind::module || fact(one).kind == infer::Kind::unknown; };
    if (tree_[method].name != "state_dict" || !may_be_module(source) || !may_be_module(tree_.child(callee, 0))) return false;
    drop_region(tree_[given].span);
    uses_mx_ = true;
    emissions_.uses_nn = true;
    const std::string copied = rendered(source) + ".filter_and_map(" + output_.nn + ".Module.valid_parameter_filter, " + output_.mx + ".array)";
    const std::string target = rendered(tree_.child(callee, 0));
    put(call, target + ".update(" + copied + ")", Precedence::atom, "torch.nn.Module.load_state_dict");
    return true;
}

// Calls of methods that every module has.
bool Rewriter::module_method(NodeId id) {
    if (resets_layer(id)) return true;
    const NodeId callee = tree_.child(id, 0);
    const NodeId object = tree_.child(callee, 0);
    const std::string_view method = tree_[callee].name;
    const infer::Fact& known = fact(object);
    const bool self = tree_.text(object) == "self" || (tree_[object].kind == NodeKind::call && tree_.text(tree_.child(object, 0)) == "super");
    std::uint32_t class_index = known.class_index;
    if (self) {
        const auto around = module_around(id);
        if (!around) return false;
        class_index = *around + 1;
    }
    const bool always = method == "register_buffer" || method == "register_parameter" || method == "named_parameters" || method == "named_modules" ||
                        method == "named_buffers" || method == "register_forward_hook" || method == "register_forward_pre_hook" ||
                        method == "register_full_backward_hook" || method == "load_state_dict" || method == "add_module" || method == "register_module" ||
                        method == "children" || method == "named_children" || method == "reset_parameters";
    // No class of another kind in the file has a method of that name.
    const bool own_word = std::any_of(names_.classes.begin(), names_.classes.end(), [&](const names::ClassInfo& info) {
        return !info.is_module && exists(names::find_method(tree_, names_, names_.class_at[syntax::index(info.node)] - 1, method));
    });
    if (!self && known.kind != infer::Kind::module && !(always && !own_word && known.kind == infer::Kind::unknown)) return false;
    if (class_index != 0 && exists(names::find_method(tree_, names_, class_index - 1, method))) return true;  // the user's own
    if (copies_state(id)) return true;
    if (method == "buffers" && asks_for_device(id)) return true;
    if (method == "add_module" && adds_to_named(object)) return true;
    if (changes_sequential(id)) return true;
    if (method == "register_buffer" || method == "register_parameter") {
        register_buffer(id);
        return true;
    }
    if (method == "modules" && tree_.children(id).size() == 1 && order_matters(id)) {
        apply(id, *catalogue_.find("mlxify.modules_in_order"), object);
        return true;
    }
    const catalogue::Entry* entry = nullptr;
    if (known.library_class != 0) entry = catalogue_.find(facts_.library_names[known.library_class] + "." + std::string(method));
    if (!entry) entry = catalogue_.find("torch.nn.Module." + std::string(method));
    if (!entry) {
        // torch.nn.Module has it, we do not know it; an attribute that is called is something else
        constexpr std::string_view kOfModules[] = {"register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook", "register_backward_hook",
                                                   "named_buffers", "buffers", "get_submodule", "get_parameter", "load_state_dict", "share_memory",
                                                   "to_empty", "register_module", "named_parameters", "named_modules", "add_module", "state_dict"};
        if (std::find(std::begin(kOfModules), std::end(kOfModules), method) != std::end(kOfModules)) {
            refuse(Code::module_hook, callee, "`nn.Module." + std::string(method) + "` has no counterpart that the catalogue knows",
                   "remove it, or do its work in the forward method");
            return true;
        }
        return self ? tree_[object].kind != NodeKind::name || class_index == 0 : true;
    }
    if (entry->kind == catalogue::EntryKind::never) {
        refuse(Code::module_hook, callee, "`nn.Module." + std::string(method) + "` cannot be converted: " + std::string(entry->target), std::string(entry->suggest));
        return true;
    }
    if (entry->kind == catalogue::EntryKind::rule) apply(id, *entry, object);
    return true;
}

// next(self.buffers()).device, which the entry of `device` replaces: MLX has one device for all arrays.
bool Rewriter::asks_for_device(NodeId arrays) const {
    const NodeId first = tree_[arrays].parent;
    if (tree_[first].kind != NodeKind::call || tree_.text(tree_.child(first, 0)) != "next") return false;
    const NodeId asked = tree_[first].parent;
    return tree_[asked].kind == NodeKind::attribute && tree_[asked].name == "device";
}

// Whether it can be told in which order `self.modules()` gives them: PyTorch names each before its parts, MLX the last parts first.
// A loop that does the same to each, whatever came before, cannot tell.
bool Rewriter::order_matters(NodeId call) const {
    const NodeId around = tree_[call].parent;
    if (!exists(around)) return true;
    if (tree_[around].kind == NodeKind::comprehension) {
        const NodeId whole = tree_[around].parent;
        const NodeId reduced = exists(whole) ? tree_[whole].parent : syntax::kNoNode;
        if (!exists(reduced) || tree_[reduced].kind != NodeKind::call) return true;
        const std::string_view word = tree_.text(tree_.child(reduced, 0));
        return word != "any" && word != "all" && word != "sum" && word != "len" && word != "set" && word != "max" && word != "min";
    }
    if (tree_[around].kind != NodeKind::for_ || tree_.child(around, 1) != call) return true;
    const base::Span loop = tree_[around].span;
    const auto of_loop = [&](NodeId object) {  // the module itself, or a part of it
        while (tree_[object].kind == NodeKind::attribute || tree_[object].kind == NodeKind::subscript || tree_[object].kind == NodeKind::call) object = tree_.child(object, 0);
        if (tree_[object].kind != NodeKind::name) return false;
        const auto inside = [&](NodeId store) { return loop.contains(tree_[store].span); };
        const auto& stores = names_[names_.binding(object)].stores;
        return !stores.empty() && std::all_of(stores.begin(), stores.end(), inside);
    };
    const base::Span body = tree_[tree_.child(around, 2)].span;
    for (std::uint32_t number = 1; number < syntax::index(around); ++number) {
        const NodeId id{number};
        if (!body.contains(tree_[id].span)) continue;
        const NodeKind kind = tree_[id].kind;
        if (kind == NodeKind::return_ || kind == NodeKind::break_ || kind == NodeKind::yield_ || kind == NodeKind::yield_from) return true;
        if (kind == NodeKind::assign || kind == NodeKind::aug_assign) {
            const auto targets = kind == NodeKind::assign ? tree_.children(id).subspan(1) : tree_.children(id).first(1);
            for (const NodeId target : targets) {
                if (tree_[target].kind == NodeKind::name || tree_[target].kind == NodeKind::attribute) {
                    if (!of_loop(target)) return true;
                } else if (tree_[target].kind != NodeKind::subscript) {
                    return true;
                }
            }
        }
        if (kind == NodeKind::call && tree_[tree_.child(id, 0)].kind == NodeKind::attribute) {
            const std::string_view method = tree_[tree_.child(id, 0)].name;
            if ((method == "append" || method == "extend" || method == "insert" || method == "pop") && !of_loop(tree_.child(tree_.child(id, 0), 0))) return true;
        }
    }
    return false;
}

// A class needs `sanitize` when it, or what it builds, keeps weights under other names or layouts than torch.
bool Rewriter::needs_sanitize(std::uint32_t class_index) const {
    std::set<std::uint32_t> seen;
    std::vector<NodeId> pending{names_.classes[class_index].node};
    if (is_given_modules(class_index))  // those of the file, most likely
        for (const names::ClassInfo& info : names_.classes)
            if (info.is_module && info.top_level()) pending.push_back(info.node);
    while (!pending.empty()) {
        const NodeId at = pending.back();
        pending.pop_back();
        if (!seen.insert(syntax::index(at)).second) continue;
        if (classes_with_layout_.contains(syntax::index(at))) return true;
        const base::Span span = tree_[at].span;
        for (const NodeId use : top_level_uses(span)) pending.push_back(use);
    }
    return false;
}

// Whether the class builds others, at any depth, that have a `train` of their own: MLX does not call that of a part.
bool Rewriter::has_parts_with_train(std::uint32_t class_index) const {
    const auto trains = [&](const names::ClassInfo& info) {
        return info.is_module && std::any_of(info.methods.begin(), info.methods.end(), [&](NodeId method) { return tree_[method].name == "train"; });
    };
    if (std::none_of(names_.classes.begin(), names_.classes.end(), trains)) return false;  // as in most files: nothing to follow
    std::set<std::uint32_t> seen;
    std::vector<NodeId> pending = top_level_uses(tree_[names_.classes[class_index].node].span);
    while (!pending.empty()) {
        const NodeId at = pending.back();
        pending.pop_back();
        if (!seen.insert(syntax::index(at)).second || at == names_.classes[class_index].node) continue;
        const std::uint32_t used = names_.class_at[syntax::index(at)];
        if (used != 0 && names_.classes[used - 1].is_module && exists(names::find_method(tree_, names_, used - 1, "train"))) return true;
        for (const NodeId use : top_level_uses(tree_[at].span)) pending.push_back(use);
    }
    return false;
}

// super().train(mode), nn.Linear.train(self, mode)  ->  _train(self, mode), where a part has a `train` of its own, or the class is a part;
// elsewhere the call of a library's class becomes super().train(mode).
bool Rewriter::trains_parts(NodeId call) {
    const NodeId callee = tree_.child(call, 0);
    if (tree_[callee].kind != NodeKind::attribute || tree_[callee].name != "train") return false;
    if (!exists(tree_.function_of(call)) || tree_[tree_.function_of(call)].name != "train") return false;
    auto given = tree_.children(call).subspan(1);
    const bool unbound = names::qualified_name(tree_, names_, callee).starts_with("torch.nn.") && !given.empty() && tree_.text(given[0]) == "self";
    if (!unbound && !tree_.text(callee).starts_with("super(")) return false;
    if (unbound) given = given.subspan(1);
    std::string arguments;
    for (const NodeId argument : given) arguments += (arguments.empty() ? "" : ", ") + rendered(argument);
    if (trains_by_hand(tree_.class_of(call))) {
        const catalogue::Entry* entry = catalogue_.find("mlxify.train");
        put(call, evaluator_.require_definition(*entry) + "(self" + (arguments.empty() ? "" : ", ") + arguments + ")", Precedence::atom, "torch.nn.Module.train");
        return true;
    }
    if (unbound) put(call, "super().train(" + arguments + ")", Precedence::atom, "torch.nn.Module.train");
    return unbound;
}

// Whether `train` of a class has to call that of the parts, since MLX would not.
bool Rewriter::trains_by_hand(NodeId class_node) const {
    const auto wraps = [&](const names::ClassInfo& info) { return info.is_module && has_parts_with_train(names_.class_at[syntax::index(info.node)] - 1); };
    if (std::none_of(names_.classes.begin(), names_.classes.end(), wraps)) return false;
    const std::uint32_t own = exists(class_node) ? names_.class_at[syntax::index(class_node)] : 0;
    if (own == 0) return false;
    const auto& bases = names_.classes[own - 1].file_bases;  // of the file, which are converted too
    return std::none_of(bases.begin(), bases.end(), [&](std::uint32_t base) { return exists(names::find_method(tree_, names_, base, "train")); });
}

// A class that is given modules: `Encoder(layers)` with `nn.ModuleList(layers)`, `Head(backbone)`, which nothing else in the file uses; or
// the class of its blocks, `ResNet(Bottleneck)`, which a function or a derived class passes.
bool Rewriter::is_given_modules(std::uint32_t class_index) const {
    const auto& entries = names_.entry_points;
    const NodeId init = names::find_method(tree_, names_, class_index, "__init__");
    if (!exists(init)) return false;
    const bool is_entry = std::find(entries.begin(), entries.end(), names_.classes[class_index].node) != entries.end();
    const auto is_of_file = [&](NodeId value) { return fact(value).kind == infer::Kind::module && fact(value).library_class == 0; };
    const auto is_module = [&](NodeId load) {
        const NodeId parent = tree_[load].parent;
        if (tree_[parent].kind == NodeKind::call && tree_.child(parent, 0) == load) return is_of_file(parent);
        if (!is_entry) return false;
        return is_of_file(load) || (tree_[parent].kind == NodeKind::call && names::qualified_name(tree_, names_, tree_.child(parent, 0)) == "torch.nn.ModuleList");
    };
    const auto parameters = tree_.children(tree_.child(init, 0));
    for (std::size_t at = 1; at < parameters.size(); ++at) {
        const std::vector<NodeId>& loads = names_[names_.binding(parameters[at])].loads;
        if (std::any_of(loads.begin(), loads.end(), is_module)) return true;
    }
    return false;
}

// The top-level definitions of the file that are named between these bytes.
std::vector<NodeId> Rewriter::top_level_uses(base::Span span) const {
    std::vector<NodeId> found;
    const auto look = [&](NodeId definition) {
        for (const NodeId load : names_[names_.binding(definition)].loads)
            if (span.contains(tree_[load].span)) {
                found.push_back(definition);
                return;
            }
    };
    for (const auto& [name, index] : names_.class_by_name) look(names_.classes[index].node);
    for (const auto& [name, function] : names_.function_by_name) look(function);
    return found;
}

void Rewriter::class_definition(NodeId id) {
    const std::uint32_t index = names_.class_at[syntax::index(id)];
    if (index == 0 || !names_.classes[index - 1].is_module) return;
    const ClassRenames& renames = renames_[index - 1];
    const std::vector<std::string>& bases = names_.classes[index - 1].bases;
    const bool numbered = std::find(bases.begin(), bases.end(), "torch.nn.Sequential") != bases.end() && !named_sequentials_.contains(syntax::index(id));
    if (!renames.weights.empty() || numbered || is_given_layout(id, index - 1)) mark_layout(id);
    module_classes_.push_back(id);
    call_reset(index - 1);
}

// A class that nothing in the file uses, and that is given a layer whose weights have other names or layouts: `Residual(nn.Conv2d(...))`.
bool Rewriter::is_given_layout(NodeId definition, std::uint32_t class_index) const {
    const auto& entries = names_.entry_points;
    const NodeId init = names::find_method(tree_, names_, class_index, "__init__");
    if (!exists(init) || std::find(entries.begin(), entries.end(), definition) == entries.end()) return false;
    const auto needs_layout = [&](NodeId load) {
        const NodeId parent = tree_[load].parent;  // conv_op(dim, dim, 3): the class of a layer
        const bool made = tree_[parent].kind == NodeKind::call && tree_.child(parent, 0) == load;
        if (made && fact(parent).kind == infer::Kind::unknown && tree_[load].name.starts_with("conv")) return true;
        const infer::Fact& known = fact(made ? parent : load);
        if (known.kind != infer::Kind::module || known.library_class == 0 || known.class_index != 0) return false;
        const std::string& library = facts_.library_names[known.library_class];
        const catalogue::Entry* entry = catalogue_.find(library);
        return library == "torch.nn.Sequential" || (entry != nullptr && !entry->weights.empty());
    };
    for (const NodeId parameter : tree_.children(tree_.child(init, 0))) {
        const std::vector<NodeId>& loads = names_[names_.binding(parameter)].loads;
        if (std::any_of(loads.begin(), loads.end(), needs_layout)) return true;
    }
    return false;
}

// After the walk, when it is known what has other names: the class attributes and methods for it.
void Rewriter::finish_classes() {
    for (const NodeId id : module_classes_) {
        const std::uint32_t index = names_.class_at[syntax::index(id)] - 1;
        const names::ClassInfo& info = names_.classes[index];
        if (!info.top_level()) continue;
        const NodeId body = tree_.child(id, 0);
        const NodeId last = tree_.children(body).back();
        const std::string indent(indentation(tree_.children(body)[0]));
        const std::string_view newline = source_.newline();
        std::string text;
        const auto line = [&](const std::string& content) { text += std::string(newline) + (content.empty() ? "" : indent + content); };
        bool inherited = false;
        for (const std::uint32_t base : info.file_bases) inherited = inherited || needs_sanitize(base);
        const bool own = exists(names::find_method(tree_, names_, index, "sanitize"));
        if (!renames_[index].weights.empty()) {
            std::string table = "_renamed = {";
            for (const std::string& name : renames_[index].weights)
                table += (table.back() == '{' ? "" : ", ") + rules::python_string(name) + ": " + rules::python_string(renames_[index].attributes.at(name));
            line("");
            line(table + "}  # PyTorch's names of weights");
        }
        if (needs_sanitize(index) && !inherited && !own) {
            const catalogue::Entry* entry = catalogue_.find("mlxify.sanitize");
            if (!entry) continue;
            const std::string helper = evaluator_.require_definition(*entry);
            line("");
            line("def sanitize(self, weights):");
            line("    \"\"\"PyTorch's weights under this model's names and layouts.\"\"\"");
            line("    return " + helper + "(self, weights)");
        }
        const auto has_train = [&](std::uint32_t base) { return has_parts_with_train(base); };
        const bool from_base = std::any_of(info.file_bases.begin(), info.file_bases.end(), has_train);
        if (!from_base && has_parts_with_train(index) && !exists(names::find_method(tree_, names_, index, "train"))) {
            line("");
            line("def train(self, mode=True):");
            line("    return " + evaluator_.require_definition(*catalogue_.find("mlxify.train")) + "(self, mode)");
        }
        if (!text.empty()) edits_.insert(line_end(tree_[last].span.end), text, "weights");
    }
}

void Rewriter::mark_layout(NodeId id) {
    NodeId at = id;
    while (exists(tree_[at].parent) && tree_[tree_[at].parent].kind != NodeKind::module_) {
        if (tree_[at].kind == NodeKind::class_def || tree_[at].kind == NodeKind::function_def) classes_with_layout_.insert(syntax::index(at));
        at = tree_[at].parent;
    }
    classes_with_layout_.insert(syntax::index(at));
}

}  // namespace mlxify::rewrite
