// Modules as values. A module of MLX is a dictionary of its parts, one of torch is none: truth, equality, membership and type tests tell.
//
//   if self.act: x = self.act(x)         if self.act is not None: ...       nn.ReLU() is an empty dictionary
//   self.act or self.skip                self.act if self.act is not None else self.skip
//   a == b, a in parts                   a is b, any(a is one for one in parts)
//   isinstance(x, dict)                  isinstance(x, dict) and not isinstance(x, nn.Module)
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

using syntax::Op;

namespace {

constexpr std::string_view kDictionaryTypes[] = {
    "collections.abc.Mapping", "collections.abc.MutableMapping", "collections.abc.Iterable", "collections.abc.Sized",   "collections.abc.Container",
    "collections.abc.Collection", "typing.Mapping", "typing.MutableMapping", "typing.Iterable", "typing.Dict", "typing.Sized", "typing.Collection",
};

// Containers of modules that are lists and dictionaries in MLX: true of the same contents.
constexpr std::string_view kPlainContainers[] = {"torch.nn.ModuleList", "torch.nn.ModuleDict", "torch.nn.ParameterList", "torch.nn.ParameterDict"};

}  // namespace

static bool is_module_or_none(const infer::Fact& fact) {
    return fact.kind == infer::Kind::module || (fact.kind == infer::Kind::unknown && (fact.library_class != 0 || fact.class_index != 0));
}

// Only whether the value is true matters there.
bool Rewriter::is_test(NodeId id) const {
    const NodeId parent = tree_[id].parent;
    if (!exists(parent)) return false;
    switch (tree_[parent].kind) {
    case NodeKind::if_:
    case NodeKind::while_:
    case NodeKind::assert_: return tree_.child(parent, 0) == id;
    case NodeKind::conditional: return tree_.child(parent, 1) == id;
    case NodeKind::unary: return tree_[parent].op == Op::not_;
    case NodeKind::comprehension: return tree_.child(parent, 0) != id && tree_.child(parent, 1) != id;
    case NodeKind::bool_op: return is_test(parent);
    case NodeKind::call: {
        const NodeId callee = tree_.child(parent, 0);
        return callee != id && tree_.text(callee) == "bool" && names_.binding(callee) == names::kNoBinding;
    }
    default: return false;
    }
}

// Whether a class of the file, or a base of it there, says itself when it is true.
bool Rewriter::decides_its_truth(std::uint32_t class_index) const {
    return exists(names::find_method(tree_, names_, class_index - 1, "__bool__")) || exists(names::find_method(tree_, names_, class_index - 1, "__len__"));
}

// Where an attribute of `self`, or a name, is called in the class or function: what is called is no number and no text.
NodeId Rewriter::called_place(NodeId id) const {
    const auto is_callee = [&](NodeId place) { return tree_[tree_[place].parent].kind == NodeKind::call && tree_.child(tree_[place].parent, 0) == place; };
    if (tree_[id].kind == NodeKind::name) {
        if (is_setup_function(tree_.function_of(id))) return syntax::kNoNode;  // a class or factory is called there
        const auto& loads = names_[names_.binding(id)].loads;
        const auto found = std::find_if(loads.begin(), loads.end(), is_callee);
        return found == loads.end() ? syntax::kNoNode : *found;
    }
    const NodeId around = tree_.class_of(id);
    if (tree_[id].kind != NodeKind::attribute || tree_.text(tree_.child(id, 0)) != "self" || !exists(around)) return syntax::kNoNode;
    const base::Span span = tree_[around].span;
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId other{number};
        if (tree_[other].kind == NodeKind::attribute && span.contains(tree_[other].span) && tree_.text(other) == tree_.text(id) && is_callee(other)) return other;
    }
    return syntax::kNoNode;
}

// `self.drop = nn.Dropout(p) if p > 0 else False`: something beside modules and None is kept under that name.
bool Rewriter::may_be_literal(NodeId value) const {
    switch (tree_[value].kind) {
    case NodeKind::false_:
    case NodeKind::true_:
    case NodeKind::integer:
    case NodeKind::floating:
    case NodeKind::string: return true;
    case NodeKind::conditional: return may_be_literal(tree_.child(value, 0)) || may_be_literal(tree_.child(value, 2));
    case NodeKind::bool_op: return true;
    default: return false;
    }
}

bool Rewriter::gets_literal(NodeId id) const {
    if (tree_[id].kind == NodeKind::name) {
        const auto& stores = names_[names_.binding(id)].stores;
        return std::any_of(stores.begin(), stores.end(), [&](NodeId store) {
            const NodeId statement = rebinding(store);
            return exists(statement) && tree_[statement].kind == NodeKind::assign && may_be_literal(tree_.child(statement, 0));
        });
    }
    if (tree_[id].kind != NodeKind::attribute) return false;
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId target{number};
        if (tree_[target].kind != NodeKind::attribute || tree_[target].name != tree_[id].name || tree_[tree_[target].parent].kind != NodeKind::assign) continue;
        const NodeId statement = tree_[target].parent;
        if (tree_.child(statement, 0) != target && may_be_literal(tree_.child(statement, 0))) return true;
    }
    return false;
}

// How the truth of an expression is asked where it may be a module.
Rewriter::ModuleTruth Rewriter::module_truth(NodeId id) const {
    const NodeKind kind = tree_[id].kind;
    if (kind != NodeKind::name && kind != NodeKind::attribute && kind != NodeKind::subscript) return ModuleTruth::same;
    if (tree_.text(id) == "self") return ModuleTruth::same;
    const infer::Fact& known = fact(id);
    if (!is_module_or_none(known)) {
        const infer::Kind seen = known.kind;
        const bool open = seen == infer::Kind::unknown || (known.observed && (seen == infer::Kind::boolean || seen == infer::Kind::none));
        const NodeId called = open ? called_place(id) : syntax::kNoNode;
        if (!exists(called)) return ModuleTruth::same;
        if (fact(called).kind == infer::Kind::module && !gets_literal(id)) return ModuleTruth::not_none;
        const bool other = fact(called).kind == infer::Kind::function || fact(called).kind == infer::Kind::class_;
        return other ? ModuleTruth::same : ModuleTruth::module_or_true;
    }
    if (known.class_index != 0 && (!names_.classes[known.class_index - 1].is_module || decides_its_truth(known.class_index))) return ModuleTruth::same;
    if (known.library_class != 0 && known.class_index == 0) {
        const std::string& library = facts_.library_names[known.library_class];
        if (std::find(std::begin(kPlainContainers), std::end(kPlainContainers), library) != std::end(kPlainContainers)) return ModuleTruth::same;
        if (library == "torch.nn.Sequential") return known.length > 0 ? ModuleTruth::same : known.kind == infer::Kind::module ? ModuleTruth::has_layers : ModuleTruth::layers_if_any;
    }
    return gets_literal(id) ? ModuleTruth::module_or_true : ModuleTruth::not_none;
}

// Asks for the truth of the expression in `place`, which is itself or, for `not module`, the negation.
void Rewriter::put_module_truth(NodeId place, NodeId id, ModuleTruth truth) {
    const std::string text = rendered(id);
    const bool negated = place != id;
    constexpr std::string_view kRule = "truth of a module";
    switch (truth) {
    case ModuleTruth::same: return;
    case ModuleTruth::not_none: return put(place, text + (negated ? " is None" : " is not None"), Precedence::compare, kRule);
    case ModuleTruth::has_layers: return put(id, text + ".layers", Precedence::atom, kRule);
    case ModuleTruth::layers_if_any: return put(id, text + " and " + text + ".layers", Precedence::and_, kRule);
    case ModuleTruth::module_or_true:
        emissions_.uses_nn = true;
        return put(id, "isinstance(" + text + ", " + output_.nn + ".Module) or " + text, Precedence::or_, kRule);
    }
}

void Rewriter::test_module(NodeId id) {
    const syntax::Node& node = tree_[id];
    if (node.kind == NodeKind::unary) {
        const NodeId operand = tree_.child(id, 0);
        if (node.op == Op::not_) put_module_truth(id, operand, module_truth(operand));
        return;
    }
    if (node.kind == NodeKind::bool_op) return choose_module(id);
    const NodeId parent = node.parent;
    if (exists(parent) && tree_[parent].kind != NodeKind::unary && is_test(id)) put_module_truth(id, id, module_truth(id));
}

// `self.act or self.skip` as a value: the truth of the first operand decides.
void Rewriter::choose_module(NodeId id) {
    const NodeId first = tree_.child(id, 0);
    if (is_test(id) || module_truth(first) != ModuleTruth::not_none) return;
    const std::string text = rendered(first);
    const std::string other = rendered(tree_.child(id, 1));
    const std::string test = " if " + text + (tree_[id].op == Op::or_ ? " is not None else " : " is None else ");
    put(id, text + test + other, Precedence::conditional, "truth of a module");
}

// MLX compares modules by their contents, torch by identity.
void Rewriter::compare_modules(NodeId id) {
    if (tree_.children(id).size() != 2) return;
    const NodeId left = tree_.child(id, 0);
    const NodeId right = tree_.child(id, 1);
    const Op op = tree_.compare_ops(id)[0];
    const auto module = [&](NodeId one) { return fact(one).kind == infer::Kind::module; };
    if (tree_[left].kind == NodeKind::none_ || tree_[right].kind == NodeKind::none_) return;
    const std::string first = rendered(left);
    if ((op == Op::eq || op == Op::ne) && (module(left) || module(right))) {
        put(id, first + (op == Op::eq ? " is " : " is not ") + rendered(right), Precedence::compare, "equality of modules");
    } else if ((op == Op::in || op == Op::not_in) && module(left) && !module(right)) {
        std::string one = "one";
        while (emissions_.is_taken(one)) one += "_";
        const std::string found = "any(" + first + " is " + one + " for " + one + " in " + rendered(right) + ")";
        put(id, op == Op::in ? found : "not " + found, op == Op::in ? Precedence::atom : Precedence::not_, "equality of modules");
    }
}

// isinstance(x, dict) of what may be a module.
bool Rewriter::asks_for_dictionary(NodeId call) {
    const NodeId callee = tree_.child(call, 0);
    if (tree_.text(callee) != "isinstance" || names_.binding(callee) != names::kNoBinding || tree_.children(call).size() != 3) return false;
    const NodeId object = tree_.child(call, 1);
    const infer::Fact& known = fact(object);
    if (known.kind != infer::Kind::unknown && known.kind != infer::Kind::module) return false;
    const NodeId types = tree_.child(call, 2);
    std::vector<NodeId> wanted{types};
    if (tree_[types].kind == NodeKind::tuple) wanted.assign(tree_.children(types).begin(), tree_.children(types).end());
    bool dictionary = false;
    for (const NodeId type : wanted) {
        const std::string qualified = names::qualified_name(tree_, names_, type);
        if (fact(type).class_index != 0 && names_.classes[fact(type).class_index - 1].is_module) return false;
        if (qualified.starts_with("torch.nn.")) return false;
        dictionary = dictionary || (tree_.text(type) == "dict" && names_.binding(type) == names::kNoBinding) ||
                     std::find(std::begin(kDictionaryTypes), std::end(kDictionaryTypes), qualified) != std::end(kDictionaryTypes);
    }
    if (!dictionary) return false;
    const catalogue::Entry* entry = catalogue_.find("mlxify.is_dictionary");
    Value value = value_of(object);
    value.fact = {};  // what the samples passed decides nothing
    const rules::Outcome outcome = evaluator_.apply(*entry, {{{}, std::move(value), false, false}, {{}, value_of(types), false, false}}, {});
    if (outcome.status != rules::Outcome::Status::expression) return false;
    finish(call, outcome.value, "isinstance");
    return true;
}

// def __getitem__(self, i): ... of a module: MLX reads its parts, whose keys are strings, by the same method.
void Rewriter::keep_parts_readable(NodeId function) {
    const syntax::Node& node = tree_[function];
    if (node.name != "__getitem__" && node.name != "__setitem__") return;
    if (!module_around(function) || tree_[node.parent].parent != tree_.class_of(function)) return;
    const auto parameters = tree_.children(tree_.child(function, 0));
    if (parameters.size() != (node.name == "__getitem__" ? 2U : 3U)) return;
    const auto statements = tree_.children(tree_.child(function, 2));
    NodeId first = statements[0];
    const bool docstring = tree_[first].kind == NodeKind::expression_statement && tree_[tree_.child(first, 0)].kind == NodeKind::string;
    if (docstring && statements.size() == 1) return;
    if (docstring) first = statements[1];
    const std::string key(tree_[parameters[1]].name);
    before_statement(first, "if isinstance(" + key + ", str):  # MLX keeps a module's parts by name");
    const std::string value = parameters.size() == 3 ? ", " + std::string(tree_[parameters[2]].name) : "";
    before_statement(first, "    return super()." + std::string(node.name) + "(" + key + value + ")");
}

// Modules of MLX are dictionaries, which cannot be hashed.
void Rewriter::refuse_hashed_module(NodeId id) {
    const syntax::Node& node = tree_[id];
    std::vector<NodeId> keys;
    if (node.kind == NodeKind::dict_entry) keys = {tree_.child(id, 0)};
    if (node.kind == NodeKind::set) keys.assign(tree_.children(id).begin(), tree_.children(id).end());
    if (node.kind == NodeKind::call && tree_[tree_.child(id, 0)].kind == NodeKind::attribute && tree_[tree_.child(id, 0)].name == "add" &&
        tree_.children(id).size() == 2 && fact(tree_.child(tree_.child(id, 0), 0)).kind == infer::Kind::unknown)
        keys = {tree_.child(id, 1)};
    for (const NodeId key : keys)
        if (fact(key).kind == infer::Kind::module)
            refuse(Code::module_hook, key, "a module as a key of a dictionary or in a set: MLX's modules cannot be hashed", "use `id(module)` there");
}

}  // namespace mlxify::rewrite
