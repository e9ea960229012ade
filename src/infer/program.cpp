#include "infer/program.h"

#include <algorithm>
#include <array>
#include <string>

namespace mlxify::infer {

using names::pair_key;
using syntax::index;
using syntax::NodeId;
using NodeKind = syntax::Kind;

namespace {

constexpr std::size_t kMaxBases = 32;

// Decorators that leave a function what it is, as far as facts go.
bool is_transparent(std::string_view decorator) {
    constexpr std::array<std::string_view, 9> kNames{"staticmethod", "classmethod", "property",        "abstractmethod", "cached_property",
                                                     "override",     "lru_cache",   "functools.cache", "overload"};
    if (decorator.starts_with("torch.") || decorator.starts_with("typing.") || decorator.starts_with("jaxtyping.")) return true;
    return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) { return decorator.ends_with(name); });
}

}  // namespace

Program::Program(const syntax::Tree& tree, const names::Names& names)
    : attributes(1), tree_(tree), names_(names), function_at_(tree.size(), 0), heirs_(names.classes.size()) {
    for (std::uint32_t at = 0; at < names.classes.size(); ++at)
        for (const std::uint32_t base : names.classes[at].file_bases) heirs_[base].push_back(at);
    collect_functions();
    collect_frames();
}

void Program::collect_functions() {
    // Scopes are in source order, and each function and lambda owns one.
    for (std::size_t at = 0; at < names_.scopes.size(); ++at) {
        const names::Scope& scope = names_.scopes[at];
        const NodeKind kind = tree_[scope.owner].kind;
        if (kind != NodeKind::function_def && kind != NodeKind::lambda) continue;
        Function function;
        function.node = scope.owner;
        function.scope = static_cast<std::uint32_t>(at);
        const NodeId parameters = tree_.child(scope.owner, 0);
        if (exists(parameters))
            for (const NodeId parameter : tree_.children(parameters)) function.parameters.push_back(parameter);
        function.now.resize(function.parameters.size());
        function.before.resize(function.parameters.size());
        function.tried.resize(function.parameters.size());
        function.learned_rank.assign(function.parameters.size(), -1);
        if (kind == NodeKind::function_def) describe_method(function);
        function.is_trial = names::is_trial(tree_, scope.owner);
        functions.push_back(std::move(function));
        function_at_[index(scope.owner)] = static_cast<std::uint32_t>(functions.size());
    }
}

void Program::describe_method(Function& function) const {
    const NodeId body = tree_[function.node].parent;
    NodeId owner = exists(body) ? tree_[body].parent : syntax::kNoNode;
    if (exists(owner) && tree_[owner].kind == NodeKind::if_) owner = tree_.class_of(function.node);
    if (exists(owner) && tree_[owner].kind == NodeKind::class_def) {
        function.class_index = names_.class_at[index(owner)];
        function.method_kind = MethodKind::instance;
        function.is_constructor = tree_[function.node].name == "__init__";
    }
    for (std::uint32_t slot = 3; slot < tree_[function.node].child_count; ++slot) {
        NodeId expression = tree_.child(tree_.child(function.node, slot), 0);
        if (tree_[expression].kind == NodeKind::call) expression = tree_.child(expression, 0);
        std::string name = names::qualified_name(tree_, names_, expression);
        if (name.empty()) name = tree_.text(expression);
        if (name == "staticmethod") function.method_kind = MethodKind::static_;
        if (name == "classmethod") function.method_kind = MethodKind::class_;
        if (name == "property" || name.ends_with("cached_property")) function.is_property = true;
        function.opaque |= !is_transparent(name);
    }
    if (function.class_index == 0 || !names_.classes[function.class_index - 1].is_autograd_function) return;
    if (function.method_kind == MethodKind::instance) return;
    const std::string_view name = tree_[function.node].name;
    const bool apart = exists(names::find_method(tree_, names_, function.class_index - 1, "setup_context"));
    function.takes_gradients = name == "backward";
    if (name == "backward" || name == "setup_context" || (name == "forward" && !apart))
        function.context_parameter = function.method_kind == MethodKind::class_ ? 1 : 0;
}

void Program::collect_frames() {
    std::vector<NodeId> frame_of_scope(names_.scopes.size(), tree_.root());
    for (std::size_t scope = 0; scope < names_.scopes.size(); ++scope) {
        const NodeId owner = names_.scopes[scope].owner;
        const NodeKind kind = tree_[owner].kind;
        const bool own = kind == NodeKind::function_def || kind == NodeKind::lambda || kind == NodeKind::module_;
        frame_of_scope[scope] = own ? owner : frame_of_scope[static_cast<std::uint32_t>(names_.scopes[scope].parent)];
    }
    frame_of_.resize(names_.bindings.size(), tree_.root());
    for (std::size_t at = 1; at < names_.bindings.size(); ++at)
        frame_of_[at] = frame_of_scope[static_cast<std::uint32_t>(names_.bindings[at].scope)];
}

std::uint32_t Program::attribute(std::uint32_t class_index, std::string_view name, bool create) {
    const std::uint32_t symbol = create ? symbols_.intern(name) : symbols_.find(name);
    const std::uint32_t found = attribute_by_name_.find(pair_key(class_index, symbol));
    if (found != 0 || !create) return found;
    Attribute attribute;
    attribute.name = name;
    attribute.class_index = class_index;
    attributes.push_back(attribute);
    const auto id = static_cast<std::uint32_t>(attributes.size() - 1);
    attribute_by_name_.set(pair_key(class_index, symbol), id);
    return id;
}

std::optional<Fact> Program::own_attribute(std::uint32_t class_index, std::uint32_t symbol, int round) const {
    const std::uint32_t id = attribute_by_name_.find(pair_key(class_index, symbol));
    if (id == 0) return std::nullopt;
    const Collected& collected = round == 1 ? attributes[id].now : attributes[id].before;
    if (!collected.present) return std::nullopt;
    return collected.fact;
}

std::optional<Fact> Program::find_attribute(FactStore& store, std::uint32_t class_index, std::string_view name, int round) const {
    const std::uint32_t symbol = symbols_.find(name);
    if (symbol == 0) return std::nullopt;
    std::vector<std::uint32_t> line{class_index};
    for (std::size_t next = 0; next < line.size() && next < kMaxBases; ++next) {
        if (auto own = own_attribute(line[next], symbol, round)) return own;
        for (const std::uint32_t base : names_.classes[line[next] - 1].file_bases) line.push_back(base + 1);
    }
    std::optional<Fact> joined;
    for (const std::uint32_t heir : heirs_[class_index - 1])
        if (const auto own = own_attribute(heir + 1, symbol, round)) joined = joined ? store.join(*joined, *own) : *own;
    return joined;
}

NodeId Program::method(std::uint32_t class_index, std::string_view name) const {
    const NodeId found = names::find_method(tree_, names_, class_index - 1, name);
    if (exists(found)) return found;
    for (const std::uint32_t heir : heirs_[class_index - 1])
        if (const NodeId own = names::find_method(tree_, names_, heir, name); exists(own)) return own;
    return syntax::kNoNode;
}

std::vector<NodeId> Program::overrides(std::uint32_t class_index, std::string_view name) const {
    std::vector<NodeId> found;
    std::vector<std::uint32_t> line = heirs_[class_index - 1];
    for (std::size_t next = 0; next < line.size() && next < kMaxBases; ++next) {
        for (const NodeId method : names_.classes[line[next]].methods)
            if (tree_[method].name == name) found.push_back(method);
        line.insert(line.end(), heirs_[line[next]].begin(), heirs_[line[next]].end());
    }
    return found;
}

std::string_view Program::library_base(std::uint32_t class_index) const {
    std::vector<std::uint32_t> line{class_index};
    for (std::size_t next = 0; next < line.size() && next < kMaxBases; ++next) {
        const names::ClassInfo& info = names_.classes[line[next] - 1];
        for (const std::string& base : info.bases)
            if (base.starts_with("torch.nn.") && base != "torch.nn.Module") return base;
        for (const std::uint32_t base : info.file_bases) line.push_back(base + 1);
    }
    return {};
}

void Program::next_round() {
    for (Function& function : functions) {
        function.before = function.now;
        std::fill(function.now.begin(), function.now.end(), Collected{});
        function.called = false;
    }
    for (Attribute& attribute : attributes) {
        attribute.before = attribute.now;
        attribute.now = {};
    }
}

}  // namespace mlxify::infer
