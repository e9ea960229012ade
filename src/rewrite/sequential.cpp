// nn.Sequential in its other forms: with named children, which MLX's lacks, and as the result of a function, which needs `sanitize`.
//   class Block(nn.Sequential): super().__init__(OrderedDict(...))   ->   class Block(NamedSequential): ...
//   net = nn.Sequential(); net.add_module("norm", ...)               ->   net = NamedSequential(); ...
//   def Mixer(dim): return nn.Sequential(...)                        ->   def Mixer(dim): return Sequential(...)
//   path = nn.ModuleList(); path.add_module("pad", ...); path.pad    ->   path = NamedModules(); ...
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

namespace {

constexpr std::string_view kSequential = "torch.nn.Sequential";

NodeId last_attribute(const syntax::Tree& tree, NodeId call, std::string_view name) {
    const NodeId callee = tree.child(call, 0);
    return tree[callee].kind == NodeKind::attribute && tree[callee].name == name ? tree.child(callee, 0) : syntax::kNoNode;
}

}  // namespace

// A dict of modules, as far as that can be seen.
bool Rewriter::is_dict(NodeId id) const {
    if (fact(id).kind == infer::Kind::dict || tree_[id].kind == NodeKind::dict || tree_[id].kind == NodeKind::dict_comp) return true;
    if (tree_[id].kind == NodeKind::call) return names::qualified_name(tree_, names_, tree_.child(id, 0)) == "collections.OrderedDict";
    if (tree_[id].kind != NodeKind::name) return false;
    const NodeId only = names_[names_.binding(id)].only_value;
    return exists(only) && tree_[only].kind == NodeKind::call && is_dict(only);
}

// Classes whose children have names: given as a dict, by `add_module`, or as attributes of a Sequential that was made empty.
void Rewriter::plan_sequentials() {
    for (const names::ClassInfo& info : names_.classes) {
        if (std::find(info.bases.begin(), info.bases.end(), kSequential) == info.bases.end()) continue;
        const base::Span span = tree_[info.node].span;
        bool named = false, empty = false, attributes = false;
        for (std::uint32_t number = 1; number < tree_.size(); ++number) {
            const NodeId id{number};
            if (!span.contains(tree_[id].span)) continue;
            if (tree_[id].kind == NodeKind::assign) {
                const NodeId target = tree_.child(id, 1);
                attributes = attributes || (tree_[target].kind == NodeKind::attribute && tree_.text(tree_.child(target, 0)) == "self" &&
                                            fact(tree_.child(id, 0)).kind == infer::Kind::module);
            }
            if (tree_[id].kind != NodeKind::call) continue;
            if (const NodeId owner = last_attribute(tree_, id, "add_module"); exists(owner) && tree_.text(owner) == "self") named = true;
            const NodeId stored = last_attribute(tree_, id, "__setattr__");
            const bool by_name = tree_.text(tree_.child(id, 0)) == "setattr" && tree_.children(id).size() > 1 && tree_.text(tree_.child(id, 1)) == "self";
            attributes = attributes || by_name || (exists(stored) && tree_.text(stored) == "self");
            const NodeId super = last_attribute(tree_, id, "__init__");
            if (!exists(super) || tree_[super].kind != NodeKind::call || tree_.text(tree_.child(super, 0)) != "super") continue;
            empty = empty || tree_.children(id).size() == 1;
            named = named || (tree_.children(id).size() == 2 && is_dict(tree_.child(id, 1)));
        }
        if (named || (empty && attributes)) named_sequentials_.insert(syntax::index(info.node));
    }
}

// `self.features` and `net` to which `add_module` gives children.
bool Rewriter::gets_named_children(NodeId target) const {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        if (tree_[NodeId{number}].kind != NodeKind::call) continue;
        const NodeId owner = last_attribute(tree_, NodeId{number}, "add_module");
        if (!exists(owner) || tree_.text(owner) != tree_.text(target)) continue;
        const bool same = tree_[target].kind == NodeKind::name ? names_.binding(owner) == names_.binding(target)
                                                               : tree_.class_of(owner) == tree_.class_of(target);
        if (same) return true;
    }
    return false;
}

// `self.net.append(layer)` and its like change the list that MLX's Sequential keeps its layers in. PyTorch's give back the Sequential.
bool Rewriter::changes_sequential(NodeId call) {
    const NodeId callee = tree_.child(call, 0), object = tree_.child(callee, 0);
    const std::string_view method = tree_[callee].name;
    if ((method != "append" && method != "extend" && method != "insert" && method != "pop") || !is_sequential(object)) return false;
    const bool unused = tree_[tree_[call].parent].kind == NodeKind::expression_statement;
    if (adds_to_named(object) || (!unused && method != "pop")) {
        refuse(Code::module_hook, callee, "`nn.Sequential." + std::string(method) + "` in this form has no counterpart in MLX", "collect the layers in a list and pass them to `nn.Sequential(*layers)`");
        return true;
    }
    edits_.insert(tree_[object].span.end, ".layers", "torch.nn.Sequential");
    return true;
}

// What a function that nothing in the file uses gives back: its user loads the weights into it.
bool Rewriter::is_result_of_entry(NodeId call) const {
    const NodeId function = tree_.function_of(call);
    const auto& entries = names_.entry_points;
    if (!exists(function) || std::find(entries.begin(), entries.end(), function) == entries.end()) return false;
    const NodeId parent = tree_[call].parent;
    if (tree_[parent].kind == NodeKind::return_) return true;
    if (tree_[parent].kind != NodeKind::assign || tree_[tree_.child(parent, 1)].kind != NodeKind::name) return false;
    const names::Binding& binding = names_[names_.binding(tree_.child(parent, 1))];
    return binding.only_value == call && std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) {
               return exists(tree_[load].parent) && tree_[tree_[load].parent].kind == NodeKind::return_;
           });
}

// The definition that a construction or a base `nn.Sequential` needs; null where MLX's own does.
const catalogue::Entry* Rewriter::sequential_definition(NodeId id) const {
    const NodeId parent = tree_[id].parent;
    if (tree_[id].kind != NodeKind::call)  // a base class
        return exists(parent) && named_sequentials_.contains(syntax::index(parent)) ? catalogue_.find("mlxify.torch.nn.NamedSequential") : nullptr;
    const auto arguments = tree_.children(id).subspan(1);
    if (arguments.empty() && exists(parent) && tree_[parent].kind == NodeKind::assign && gets_named_children(tree_.child(parent, 1)))
        return catalogue_.find("mlxify.torch.nn.NamedSequential");
    if (arguments.empty() || (arguments.size() == 1 && is_dict(arguments[0]))) return nullptr;
    return is_result_of_entry(id) ? catalogue_.find("mlxify.torch.nn.Sequential") : nullptr;
}

// The definition for an empty ModuleList that `add_module` gives children, which are read by their names alone; null for others, which are lists.
const catalogue::Entry* Rewriter::named_modules_definition(NodeId call) const {
    const NodeId parent = tree_[call].parent;
    if (tree_.children(call).size() != 1 || !exists(parent) || tree_[parent].kind != NodeKind::assign) return nullptr;
    const NodeId target = tree_.child(parent, 1);
    if (!gets_named_children(target)) return nullptr;
    constexpr std::string_view kOfLists[] = {"append", "extend", "insert", "pop"};
    bool read = false;
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId use{number};
        if (tree_[use].kind != tree_[target].kind || tree_.text(use) != tree_.text(target) || tree_.class_of(use) != tree_.class_of(target)) continue;
        const NodeId around = tree_[use].parent;
        if (tree_[around].kind == NodeKind::assign && tree_.child(around, 1) == use) continue;
        const bool by_name = tree_[around].kind == NodeKind::attribute && std::find(std::begin(kOfLists), std::end(kOfLists), tree_[around].name) == std::end(kOfLists);
        if (!by_name) return nullptr;
        read = read || tree_[around].name != "add_module";
    }
    return read ? catalogue_.find("mlxify.torch.nn.NamedModules") : nullptr;
}

// `owner.add_module(...)` where the owner is such a definition, which has that method.
bool Rewriter::adds_to_named(NodeId owner) const {
    if (tree_.text(owner) == "self") {
        const NodeId around = tree_.class_of(owner);
        return exists(around) && named_sequentials_.contains(syntax::index(around));
    }
    return std::any_of(named_targets_.begin(), named_targets_.end(), [&](NodeId target) {
        return tree_.text(target) == tree_.text(owner) && tree_.class_of(target) == tree_.class_of(owner);
    });
}

}  // namespace mlxify::rewrite
