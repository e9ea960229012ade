// Walks the tree once: scopes, bindings, stores; then settles what each read name means.
// takes: Tree; gives: the scopes, bindings and class list of a Names; tests: names_test.cpp
#pragma once

#include <vector>

#include "names/names.h"
#include "names/symbol_table.h"

namespace mlxify::names {

class ScopeBuilder {
public:
    ScopeBuilder(const syntax::Tree& tree, Names& names, diagnostics::Sink& sink);
    void build();

private:
    struct Load {
        NodeId node;
        std::uint32_t symbol;
        ScopeId scope;
    };

    ScopeId open_scope(NodeId owner, ScopeId parent);
    // The scope in which `symbol`, bound inside `scope`, lives: another one after `global` and `nonlocal`.
    ScopeId scope_of_store(ScopeId scope, std::uint32_t symbol) const;
    BindingId bind(ScopeId scope, std::string_view name, NodeId node, BindingKind kind);
    [[nodiscard]] BindingId find(ScopeId scope, std::uint32_t symbol) const;
    [[nodiscard]] bool is_class_scope(ScopeId scope) const;
    void settle_loads();
    void settle_imports();

    void visit(NodeId node, ScopeId scope);
    void visit_children(NodeId node, ScopeId scope);
    void visit_function(NodeId node, ScopeId scope);
    void visit_lambda(NodeId node, ScopeId scope);
    void visit_parameters(NodeId parameters, ScopeId inside, ScopeId outside);
    void visit_class(NodeId node, ScopeId scope);
    void visit_comprehension(NodeId node, ScopeId scope);
    void visit_import(NodeId node, ScopeId scope);
    void visit_assignment(NodeId node, ScopeId scope);
    void visit_redirect(NodeId node, ScopeId scope);
    void visit_call(NodeId node, ScopeId scope);
    void store(NodeId target, ScopeId scope);
    void mark_written(NodeId target);

    const syntax::Tree& tree_;
    Names& names_;
    diagnostics::Sink& sink_;
    SymbolTable symbols_;
    FlatMap binding_by_name_;  // (scope, symbol) -> binding
    FlatMap redirected_;       // (scope, symbol) -> 1 + scope of a global or nonlocal name
    std::vector<Load> loads_;
    std::vector<std::uint32_t> symbol_of_;  // by binding
    std::vector<NodeId> written_;           // names that are written to in place
};

}  // namespace mlxify::names
