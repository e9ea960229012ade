// What each name means: imports, scopes, qualified names, classes and calls of the file.
// takes: Tree; gives: Names; says: MX2001; tests: names_test.cpp
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "syntax/ast.h"

namespace mlxify::names {

using syntax::NodeId;

enum class ScopeId : std::uint32_t {};
enum class BindingId : std::uint32_t {};  // 0: not bound in this file (builtin or unknown)
inline constexpr BindingId kNoBinding{0};

enum class BindingKind : std::uint8_t { none, variable, parameter, import_, function, class_ };

struct Binding {
    BindingKind kind = BindingKind::none;
    std::string_view name;
    ScopeId scope{};
    NodeId definition = syntax::kNoNode;  // the alias, function_def, class_def, parameter, or first target
    std::vector<NodeId> stores;           // every name node (or definition) that binds it, in source order
    std::vector<NodeId> loads;            // every name node that reads it
    std::string qualified;                // imports: "torch.nn.functional", "einops.rearrange"; empty otherwise
    bool written_in_place = false;        // target of aug-assign or subscript store, or of a method ending in `_`
    // The value of a variable that is assigned exactly once, by `name = value` (also annotated); kNoNode otherwise.
    NodeId only_value = syntax::kNoNode;
};

struct Scope {
    NodeId owner = syntax::kNoNode;  // module_, class_def, function_def, lambda or comprehension
    ScopeId parent{};
    std::vector<BindingId> bindings;
};

struct ClassInfo {
    NodeId node = syntax::kNoNode;
    std::string_view name;
    std::vector<std::string> bases;         // qualified: "torch.nn.Module", or the name of a class of the file
    std::vector<std::uint32_t> file_bases;  // those bases that are classes of the file, as indices into Names::classes
    bool is_module = false;                 // nn.Module through any chain inside the file or known module base
    bool is_dataclass = false;
    bool is_named_tuple = false;
    bool is_enum = false;
    bool is_autograd_function = false;  // torch.autograd.Function, through any chain inside the file
    std::vector<NodeId> methods;  // function_def nodes
    bool is_top_level = false;    // stands at module level, perhaps under `if` or `try`
    [[nodiscard]] bool top_level() const { return is_top_level; }
};

struct Names {
    std::vector<Scope> scopes;
    std::vector<Binding> bindings;        // [0] is kNoBinding
    std::vector<BindingId> binding_of;    // by node index: name nodes, parameters, definitions, aliases
    std::vector<ClassInfo> classes;       // in source order
    std::vector<std::uint32_t> class_at;  // by node index: 1 + index into `classes` of a class_def, else 0
    std::unordered_map<std::string_view, std::uint32_t> class_by_name;  // top-level classes
    std::unordered_map<std::string_view, NodeId> function_by_name;      // top-level functions
    std::vector<NodeId>
        entry_points;  // top-level module classes and public functions that no other definition of the file uses, but for factories

    [[nodiscard]] BindingId binding(NodeId node) const { return binding_of[syntax::index(node)]; }
    [[nodiscard]] const Binding& operator[](BindingId id) const { return bindings[static_cast<std::uint32_t>(id)]; }
};

Names resolve(const syntax::Tree& tree, diagnostics::Sink& sink);

// The qualified name of a name or attribute chain that starts at an import: `F.relu` -> "torch.nn.functional.relu",
// `nn.init.zeros_` -> "torch.nn.init.zeros_". Empty if it does not start at an import (or the import is shadowed there).
std::string qualified_name(const syntax::Tree& tree, const Names& names, NodeId expression);

// The canonical spelling of a name that a library exports in several places:
// "torch.nn.modules.linear.Linear" -> "torch.nn.Linear".
std::string canonical_name(std::string name);
// What `from module import name` brings.
std::string imported_name(std::string_view module, std::string_view name);

// Whether a function only tries the file's models out (`main`, `test_...`): what it uses is no less an entry point, and what
// it passes is a sample, no more.
bool is_trial(const syntax::Tree& tree, NodeId definition);

// The method `name` of a class or of its bases in the file; kNoNode if there is none.
NodeId find_method(const syntax::Tree& tree, const Names& names, std::uint32_t class_index, std::string_view name);

std::string print(const syntax::Tree& tree, const Names& names);

}  // namespace mlxify::names
