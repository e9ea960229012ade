#include "verify/factories.h"

#include <algorithm>

#include "verify/touch.h"

namespace mlxify::verify {
namespace {

using syntax::Kind;
using syntax::NodeId;
using syntax::Tree;

constexpr int kMostCalls = 4;  // of factories by factories

class FactoryReader {
public:
    FactoryReader(const Tree& tree, const std::vector<DefinitionOf>& definitions) : tree_(tree), definitions_(definitions) {}

    [[nodiscard]] std::string built_by(std::string_view name, int calls) const {
        const NodeId function = top_level_definition(tree_, name);
        if (!exists(function) || tree_[function].kind != Kind::function_def || calls > kMostCalls) return {};
        std::string built;
        for (std::uint32_t i = 1; i <= syntax::index(function); ++i) {
            const NodeId node{i};
            if (tree_[node].kind != Kind::return_ || tree_.function_of(node) != function) continue;
            const std::string one = made(tree_.child(node, 0), function, calls);
            if (one.empty() || (!built.empty() && built != one)) return {};
            built = one;
        }
        return built;
    }

private:
    // The class whose instance `value` is: a call of it or of a factory, or a local name that is assigned nothing but such calls.
    [[nodiscard]] std::string made(NodeId value, NodeId function, int calls) const {
        if (!exists(value)) return {};
        if (tree_[value].kind == Kind::call) return called(value, calls);
        if (tree_[value].kind != Kind::name) return {};
        std::string built;
        for (std::uint32_t i = 1; i <= syntax::index(function); ++i) {
            const NodeId node{i};
            if (tree_[node].kind != Kind::assign || tree_.function_of(node) != function) continue;
            if (tree_[tree_.child(node, 1)].kind != Kind::name || tree_[tree_.child(node, 1)].name != tree_[value].name) continue;
            const std::string one = tree_[tree_.child(node, 0)].kind == Kind::call ? called(tree_.child(node, 0), calls) : std::string();
            if (one.empty() || (!built.empty() && built != one)) return {};
            built = one;
        }
        return built;
    }

    [[nodiscard]] std::string called(NodeId call, int calls) const {
        const std::string_view name = tree_[tree_.child(call, 0)].name;
        if (tree_[tree_.child(call, 0)].kind != Kind::name) return {};
        const auto found = std::find_if(definitions_.begin(), definitions_.end(), [&](const DefinitionOf& definition) { return definition.name == name; });
        if (found == definitions_.end()) return {};
        return found->kind == "module" ? found->name : built_by(name, calls + 1);
    }

    const Tree& tree_;
    const std::vector<DefinitionOf>& definitions_;
};

// `[1]` where `name` is the second of the values that are returned, nothing where it is the only one; nullopt: it is not returned.
std::optional<std::string> place_of(const Tree& tree, NodeId returned, std::string_view name) {
    if (!exists(returned)) return std::nullopt;
    const auto is_it = [&](NodeId node) { return tree[node].kind == Kind::name && tree[node].name == name; };
    if (is_it(returned)) return std::string();
    if (tree[returned].kind != Kind::tuple) return std::nullopt;
    std::size_t place = 0;
    for (const NodeId item : tree.children(returned)) {
        if (is_it(item)) return "[" + std::to_string(place) + "]";
        ++place;
    }
    return std::nullopt;
}

}  // namespace

std::string built_by(const Tree& tree, const std::vector<DefinitionOf>& definitions, std::string_view function) {
    return FactoryReader(tree, definitions).built_by(function, 0);
}

std::vector<DefinitionOf> factories_of(const Tree& tree, const std::vector<DefinitionOf>& definitions, const DefinitionOf& built) {
    std::vector<DefinitionOf> factories;
    for (const DefinitionOf& definition : definitions) {
        if (definition.kind != "function" || built_by(tree, definitions, definition.name) != built.name) continue;
        factories.push_back(definition);
        factories.back().kind = built.kind;
        factories.back().forward = built.forward;
    }
    return factories;
}

std::optional<std::string> call_that_returns(const Tree& tree, const DefinitionOf& function, std::string_view name) {
    const NodeId definition = top_level_definition(tree, function.name);
    if (function.kind != "function" || !exists(definition) || tree[definition].kind != Kind::function_def) return std::nullopt;
    if (std::any_of(function.parameters.begin(), function.parameters.end(), [](const ParameterOf& p) { return p.bindable() && !p.default_text; })) return std::nullopt;
    std::optional<std::string> found;
    for (std::uint32_t i = 1; i <= syntax::index(definition); ++i) {
        const NodeId node{i};
        if (tree[node].kind != Kind::return_ || tree.function_of(node) != definition) continue;
        const std::optional<std::string> one = place_of(tree, tree.child(node, 0), name);
        if (!one || (found && found != one)) return std::nullopt;
        found = one;
    }
    return found ? std::optional(function.name + "()" + *found) : std::nullopt;
}

}  // namespace mlxify::verify
