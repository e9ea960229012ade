// Lists and dicts of modules that torch does not register, and MLX would.
#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

// self.paths = nn.ModuleList(self.paths), self.path = nn.Sequential(*self.path): the same attribute of that class, registered after all.
bool Rewriter::is_registered_later(NodeId target) const {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId statement{number};
        if (tree_[statement].kind != NodeKind::assign || tree_.children(statement).size() != 2 || tree_.class_of(statement) != tree_.class_of(target)) continue;
        const NodeId call = tree_.child(statement, 0);
        if (tree_.text(tree_.child(statement, 1)) != tree_.text(target) || tree_[call].kind != NodeKind::call || tree_.children(call).size() != 2) continue;
        const std::string qualified = names::qualified_name(tree_, names_, tree_.child(call, 0));
        NodeId given = tree_.child(call, 1);
        if (tree_[given].kind == NodeKind::starred) given = tree_.child(given, 0);
        if ((qualified == "torch.nn.ModuleList" || qualified == "torch.nn.ModuleDict" || qualified == "torch.nn.Sequential") && tree_.text(given) == tree_.text(target)) return true;
    }
    return false;
}

// self.levels = {}, self.levels = OrderedDict(), which get modules: torch does not look into them either.
bool Rewriter::is_plain_dict_of_modules(NodeId target, NodeId value) const {
    const bool made = tree_[value].kind == NodeKind::call && tree_.children(value).size() == 1;
    const std::string qualified = made ? names::qualified_name(tree_, names_, tree_.child(value, 0)) : std::string{};
    const bool call = qualified == "collections.OrderedDict" || (made && tree_.text(tree_.child(value, 0)) == "dict");
    if (!call && tree_[value].kind != NodeKind::dict && tree_[value].kind != NodeKind::dict_comp) return false;
    if (!call && !tree_.children(value).empty()) {
        const NodeId entry = tree_.child(value, 0);
        return tree_[entry].kind == NodeKind::dict_entry && fact(tree_.child(entry, 1)).kind == infer::Kind::module;
    }
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {  // self.levels[0] = module
        const NodeId statement{number};
        if (tree_[statement].kind != NodeKind::assign || tree_.children(statement).size() != 2 || tree_.class_of(statement) != tree_.class_of(target)) continue;
        const NodeId place = tree_.child(statement, 1);
        if (tree_[place].kind == NodeKind::subscript && tree_.text(tree_.child(place, 0)) == tree_.text(target) &&
            fact(tree_.child(statement, 0)).kind == infer::Kind::module)
            return true;
    }
    return false;
}

// nn.ModuleDict({str(i): ... for i in ...}), self.paths[str(i)] = ...: whether a name may be a number, as far as the file shows.
bool Rewriter::may_have_numbers(NodeId call) const {
    const auto is_number = [&](NodeId key) {
        const std::string_view text = tree_.text(key);
        if (tree_[key].kind == NodeKind::string) return text.find_first_not_of("0123456789\"'") == std::string_view::npos || text.starts_with("f'{") || text.starts_with("f\"{");
        return tree_[key].kind == NodeKind::call && tree_.text(tree_.child(key, 0)) == "str";
    };
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId node{number};
        if (tree_[node].kind == NodeKind::dict_entry && tree_[call].span.contains(tree_[node].span) && is_number(tree_.child(node, 0))) return true;
        if (tree_[node].kind != NodeKind::assign || tree_.children(node).size() != 2 || tree_.class_of(node) != tree_.class_of(call)) continue;
        const NodeId place = tree_.child(node, 1);
        const bool stored = tree_[place].kind == NodeKind::subscript && fact(tree_.child(node, 0)).kind == infer::Kind::module;
        if (stored && is_number(tree_.child(place, 1))) return true;
    }
    return false;
}

// self.paths[0](x): what the list holds is called.
bool Rewriter::calls_items_of(NodeId target) const {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId call{number};
        if (tree_[call].kind != NodeKind::call || tree_.class_of(call) != tree_.class_of(target)) continue;
        const NodeId item = tree_.child(call, 0);
        if (tree_[item].kind == NodeKind::subscript && tree_.text(tree_.child(item, 0)) == tree_.text(target)) return true;
    }
    return false;
}

// Whether a call of the file passes `shared=[self.a, self.b]` for the parameter that the name is, which may be None.
bool Rewriter::is_passed_modules(NodeId name) const {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const syntax::Node& keyword = tree_[NodeId{number}];
        if (keyword.kind != NodeKind::keyword || keyword.name != tree_[name].name) continue;
        const NodeId list = tree_.child(NodeId{number}, 0);
        const bool written = tree_[list].kind == NodeKind::list || tree_[list].kind == NodeKind::list_comp;
        if (written && !tree_.children(list).empty() && fact(tree_.child(list, 0)).kind == infer::Kind::module) return true;
    }
    return false;
}

// self.paths = [], which gets modules: torch does not look into plain lists, MLX does unless their names are private.
bool Rewriter::holds_modules_unregistered(NodeId target, NodeId value) const {
    if (is_registered_later(target)) return false;
    if (is_plain_dict_of_modules(target, value)) return true;
    if (tree_[value].kind == NodeKind::name && (fact(value).kind == infer::Kind::list || is_passed_modules(value))) return calls_items_of(target);
    if (tree_[value].kind != NodeKind::list && tree_[value].kind != NodeKind::list_comp) return false;
    const auto is_module = [&](NodeId item) { return fact(item).kind == infer::Kind::module; };
    const auto children = tree_.children(value);
    if (tree_[value].kind == NodeKind::list_comp || !children.empty()) return !children.empty() && is_module(children[0]);
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {  // self.paths.append(module)
        const NodeId call{number};
        if (tree_[call].kind != NodeKind::call || tree_.children(call).size() != 2 || tree_.class_of(call) != tree_.class_of(target)) continue;
        const NodeId method = tree_.child(call, 0);
        if (tree_[method].kind == NodeKind::attribute && tree_[method].name == "append" && tree_.text(tree_.child(method, 0)) == tree_.text(target) &&
            is_module(tree_.child(call, 1)))
            return true;
    }
    return false;
}

}  // namespace mlxify::rewrite
