#include "names/scope_builder.h"

#include <string>

namespace mlxify::names {

using syntax::Flag;
using syntax::index;
using syntax::Kind;
using syntax::kNoNode;
using syntax::Node;

namespace {

constexpr std::uint32_t number(ScopeId id) { return static_cast<std::uint32_t>(id); }
constexpr std::uint32_t number(BindingId id) { return static_cast<std::uint32_t>(id); }
constexpr ScopeId kModuleScope{0};

bool ends_in_single_underscore(std::string_view name) {
    return name.size() > 1 && name.back() == '_' && name[name.size() - 2] != '_';
}

// The first name of `a.b.c`.
std::string_view first_part(std::string_view dotted) { return dotted.substr(0, dotted.find('.')); }

}  // namespace

ScopeBuilder::ScopeBuilder(const syntax::Tree& tree, Names& names, diagnostics::Sink& sink)
    : tree_(tree), names_(names), sink_(sink), symbol_of_(1) {
    names_.bindings.resize(1);
    names_.binding_of.assign(tree.size(), kNoBinding);
    names_.class_at.assign(tree.size(), 0);
}

void ScopeBuilder::build() {
    open_scope(tree_.root(), kModuleScope);
    visit_children(tree_.root(), kModuleScope);
    settle_imports();
    settle_loads();
    for (const NodeId node : written_) names_.bindings[number(names_.binding(node))].written_in_place = true;
    names_.bindings[0].written_in_place = false;
}

ScopeId ScopeBuilder::open_scope(NodeId owner, ScopeId parent) {
    names_.scopes.push_back({owner, parent, {}});
    return ScopeId{static_cast<std::uint32_t>(names_.scopes.size() - 1)};
}

bool ScopeBuilder::is_class_scope(ScopeId scope) const {
    return tree_[names_.scopes[number(scope)].owner].kind == Kind::class_def;
}

BindingId ScopeBuilder::find(ScopeId scope, std::uint32_t symbol) const {
    return BindingId{binding_by_name_.find(pair_key(number(scope), symbol))};
}

ScopeId ScopeBuilder::scope_of_store(ScopeId scope, std::uint32_t symbol) const {
    const std::uint32_t redirected = redirected_.find(pair_key(number(scope), symbol));
    return redirected == 0 ? scope : ScopeId{redirected - 1};
}

BindingId ScopeBuilder::bind(ScopeId scope, std::string_view name, NodeId node, BindingKind kind) {
    const std::uint32_t symbol = symbols_.intern(name);
    scope = scope_of_store(scope, symbol);
    BindingId id = find(scope, symbol);
    if (id == kNoBinding) {
        id = BindingId{static_cast<std::uint32_t>(names_.bindings.size())};
        Binding binding;
        binding.kind = kind;
        binding.name = name;
        binding.scope = scope;
        binding.definition = node;
        names_.bindings.push_back(std::move(binding));
        symbol_of_.push_back(symbol);
        names_.scopes[number(scope)].bindings.push_back(id);
        binding_by_name_.set(pair_key(number(scope), symbol), number(id));
    }
    names_.bindings[number(id)].stores.push_back(node);
    names_.binding_of[index(node)] = id;
    return id;
}

// Functions see their own scope, then the enclosing functions and the module; a class body is seen only from itself.
void ScopeBuilder::settle_loads() {
    for (const Load& load : loads_) {
        ScopeId scope = scope_of_store(load.scope, load.symbol);
        BindingId id = find(scope, load.symbol);
        while (id == kNoBinding && scope != kModuleScope) {
            scope = names_.scopes[number(scope)].parent;
            if (!is_class_scope(scope)) id = find(scope, load.symbol);
        }
        if (id == kNoBinding) continue;
        names_.binding_of[index(load.node)] = id;
        names_.bindings[number(id)].loads.push_back(load.node);
    }
}

// The `try` or `if` around a node, if there is one.
static NodeId guard_of(const syntax::Tree& tree, NodeId node) {
    while (exists(node) && tree[node].kind != Kind::try_ && tree[node].kind != Kind::if_) node = tree[node].parent;
    return node;
}

// `try: from a import f` with a fallback in the same statement keeps the import's meaning; a name that is imported and
// assigned elsewhere is a variable.
void ScopeBuilder::settle_imports() {
    for (Binding& binding : names_.bindings) {
        if (binding.stores.size() == 1) {
            const NodeId parent = tree_[binding.stores[0]].parent;
            const Node& statement = tree_[parent];
            const bool single_target = statement.kind == Kind::assign && statement.child_count >= 2;
            const bool annotated = statement.kind == Kind::ann_assign && statement.child_count == 3 &&
                                   exists(tree_.child(parent, 2)) && tree_.child(parent, 0) == binding.stores[0];
            if (binding.kind == BindingKind::variable && single_target) binding.only_value = tree_.child(parent, 0);
            if (binding.kind == BindingKind::variable && annotated) binding.only_value = tree_.child(parent, 2);
            continue;
        }
        NodeId import = kNoNode;
        for (const NodeId store : binding.stores)
            if (tree_[store].kind == Kind::alias && (!exists(import) || !exists(guard_of(tree_, store)))) import = store;
        if (!exists(import)) continue;
        const NodeId guard = guard_of(tree_, import);
        bool same_meaning = true;
        for (const NodeId store : binding.stores)
            same_meaning &=
                tree_[store].kind == Kind::alias || (exists(guard) && tree_[guard].span.contains(tree_[store].span));
        binding.kind = same_meaning ? BindingKind::import_ : BindingKind::variable;
        if (same_meaning) binding.definition = import;
        if (!same_meaning) binding.qualified.clear();
    }
}

void ScopeBuilder::visit_children(NodeId node, ScopeId scope) {
    for (const NodeId child : tree_.children(node)) visit(child, scope);
}

void ScopeBuilder::visit(NodeId node, ScopeId scope) {
    if (!exists(node)) return;
    switch (tree_[node].kind) {
        case Kind::name: loads_.push_back({node, symbols_.intern(tree_[node].name), scope}); return;
        case Kind::function_def: return visit_function(node, scope);
        case Kind::lambda: return visit_lambda(node, scope);
        case Kind::class_def: return visit_class(node, scope);
        case Kind::list_comp:
        case Kind::set_comp:
        case Kind::dict_comp:
        case Kind::generator: return visit_comprehension(node, scope);
        case Kind::import_:
        case Kind::import_from: return visit_import(node, scope);
        case Kind::global_:
        case Kind::nonlocal_: return visit_redirect(node, scope);
        case Kind::assign:
        case Kind::ann_assign:
        case Kind::aug_assign: return visit_assignment(node, scope);
        case Kind::call: return visit_call(node, scope);
        case Kind::for_:
            visit(tree_.child(node, 1), scope);
            store(tree_.child(node, 0), scope);
            visit(tree_.child(node, 2), scope);
            visit(tree_.child(node, 3), scope);
            return;
        case Kind::with_:  // the items come before the body at run time
            for (std::uint32_t slot = 1; slot < tree_[node].child_count; ++slot) visit(tree_.child(node, slot), scope);
            visit(tree_.child(node, 0), scope);
            return;
        case Kind::with_item:
            visit(tree_.child(node, 0), scope);
            store(tree_.child(node, 1), scope);
            return;
        case Kind::except_handler:
            visit(tree_.child(node, 0), scope);
            if (!tree_[node].name.empty()) bind(scope, tree_[node].name, node, BindingKind::variable);
            visit(tree_.child(node, 1), scope);
            return;
        case Kind::delete_:
            for (const NodeId target : tree_.children(node)) store(target, scope);
            return;
        case Kind::named_expr: {  // binds in the function around all comprehensions
            visit(tree_.child(node, 1), scope);
            ScopeId target = scope;
            while (target != kModuleScope && (syntax::is_expression(tree_[names_.scopes[number(target)].owner].kind)) &&
                   tree_[names_.scopes[number(target)].owner].kind != Kind::lambda)
                target = names_.scopes[number(target)].parent;
            store(tree_.child(node, 0), target);
            return;
        }
        default: return visit_children(node, scope);
    }
}

void ScopeBuilder::visit_function(NodeId node, ScopeId scope) {
    for (std::uint32_t slot = 3; slot < tree_[node].child_count; ++slot) visit(tree_.child(node, slot), scope);
    bind(scope, tree_[node].name, node, BindingKind::function);
    const ScopeId inside = open_scope(node, scope);
    visit_parameters(tree_.child(node, 0), inside, scope);
    visit(tree_.child(node, 1), scope);
    visit(tree_.child(node, 2), inside);
}

void ScopeBuilder::visit_lambda(NodeId node, ScopeId scope) {
    const ScopeId inside = open_scope(node, scope);
    visit_parameters(tree_.child(node, 0), inside, scope);
    visit(tree_.child(node, 1), inside);
}

// Annotations and defaults are read outside the function.
void ScopeBuilder::visit_parameters(NodeId parameters, ScopeId inside, ScopeId outside) {
    if (!exists(parameters)) return;
    for (const NodeId parameter : tree_.children(parameters)) {
        visit_children(parameter, outside);
        bind(inside, tree_[parameter].name, parameter, BindingKind::parameter);
    }
}

void ScopeBuilder::visit_class(NodeId node, ScopeId scope) {
    for (std::uint32_t slot = 1; slot < tree_[node].child_count; ++slot) visit(tree_.child(node, slot), scope);
    bind(scope, tree_[node].name, node, BindingKind::class_);
    ClassInfo info;
    info.node = node;
    info.name = tree_[node].name;
    for (const NodeId statement : tree_.children(tree_.child(node, 0)))
        if (tree_[statement].kind == Kind::function_def) info.methods.push_back(statement);
    names_.classes.push_back(std::move(info));
    names_.class_at[index(node)] = static_cast<std::uint32_t>(names_.classes.size());
    visit(tree_.child(node, 0), open_scope(node, scope));
}

// The first iterable is evaluated outside, everything else inside.
void ScopeBuilder::visit_comprehension(NodeId node, ScopeId scope) {
    const ScopeId inside = open_scope(node, scope);
    for (std::uint32_t slot = 1; slot < tree_[node].child_count; ++slot) {
        const NodeId clause = tree_.child(node, slot);
        visit(tree_.child(clause, 1), slot == 1 ? scope : inside);
        store(tree_.child(clause, 0), inside);
        for (std::uint32_t condition = 2; condition < tree_[clause].child_count; ++condition)
            visit(tree_.child(clause, condition), inside);
    }
    visit(tree_.child(node, 0), inside);
}

void ScopeBuilder::visit_import(NodeId node, ScopeId scope) {
    const Node& statement = tree_[node];
    if (statement.has(Flag::is_star)) {
        sink_.remark(diagnostics::Code::star_import, statement.span,
                     "`from " + std::string(statement.name) + " import *` hides which names it brings");
        return;
    }
    for (const NodeId alias : tree_.children(node)) {
        const Node& piece = tree_[alias];
        const bool from = statement.kind == Kind::import_from;
        const std::string_view bound = !piece.text2.empty() ? piece.text2 : from ? piece.name : first_part(piece.name);
        const BindingId id = bind(scope, bound, alias, BindingKind::import_);
        Binding& binding = names_.bindings[number(id)];
        // The first of several imports in `try` and `except` decides; a later one that always runs takes its place.
        if (!binding.qualified.empty() && exists(guard_of(tree_, node))) continue;
        binding.qualified = from ? imported_name(statement.name, piece.name)
                                 : canonical_name(std::string(piece.text2.empty() ? first_part(piece.name) : piece.name));
    }
}

void ScopeBuilder::visit_assignment(NodeId node, ScopeId scope) {
    const Node& statement = tree_[node];
    if (statement.kind == Kind::assign) {
        visit(tree_.child(node, 0), scope);
        for (std::uint32_t slot = 1; slot < statement.child_count; ++slot) store(tree_.child(node, slot), scope);
        return;
    }
    const NodeId target = tree_.child(node, 0);
    visit(tree_.child(node, 1), scope);
    if (statement.kind == Kind::ann_assign) visit(tree_.child(node, 2), scope);
    store(target, scope);
    if (statement.kind != Kind::aug_assign) return;
    if (tree_[target].kind == Kind::name) loads_.push_back({target, symbols_.intern(tree_[target].name), scope});
    mark_written(target);
}

void ScopeBuilder::visit_redirect(NodeId node, ScopeId scope) {
    for (const NodeId child : tree_.children(node)) {
        const std::uint32_t symbol = symbols_.intern(tree_[child].name);
        ScopeId target = kModuleScope;
        if (tree_[node].kind == Kind::nonlocal_) {
            target = names_.scopes[number(scope)].parent;
            while (target != kModuleScope && (is_class_scope(target) || find(target, symbol) == kNoBinding))
                target = names_.scopes[number(target)].parent;
        }
        redirected_.set(pair_key(number(scope), symbol), number(target) + 1);
    }
}

void ScopeBuilder::visit_call(NodeId node, ScopeId scope) {
    const NodeId callee = tree_.child(node, 0);
    if (tree_[callee].kind == Kind::attribute && ends_in_single_underscore(tree_[callee].name))
        mark_written(tree_.child(callee, 0));
    visit_children(node, scope);
}

void ScopeBuilder::store(NodeId target, ScopeId scope) {
    if (!exists(target)) return;
    switch (tree_[target].kind) {
        case Kind::name: bind(scope, tree_[target].name, target, BindingKind::variable); return;
        case Kind::tuple:
        case Kind::list:
        case Kind::starred:
            for (const NodeId element : tree_.children(target)) store(element, scope);
            return;
        case Kind::subscript: mark_written(target); return visit_children(target, scope);
        default: return visit_children(target, scope);
    }
}

// `x[i][j] = v` and `x[i].add_(v)` write to x.
void ScopeBuilder::mark_written(NodeId target) {
    while (tree_[target].kind == Kind::subscript ||
           (tree_[target].kind == Kind::attribute && tree_[target].name == "data"))
        target = tree_.child(target, 0);
    if (tree_[target].kind == Kind::name) written_.push_back(target);
}

}  // namespace mlxify::names
