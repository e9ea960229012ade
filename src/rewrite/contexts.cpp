// Contexts under which torch computes with or without gradients, as a flag says.
//   with torch.set_grad_enabled(flag):                        y = f(x)
//       y = f(x)                                              if not flag:
//                                                                 y = mx.stop_gradient(y)
//   context = torch.no_grad if frozen else nullcontext        y = f(x)
//   with context():                                           if frozen:
//       y = f(x)                                                  y = mx.stop_gradient(y)
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

// The tensors that a block assigns to names and that something after it reads; nothing where it also gives or keeps them otherwise.
std::optional<std::set<std::string_view>> Rewriter::results_of_block(NodeId body) const {
    const base::Span span = tree_[body].span;
    std::set<std::string_view> kept;
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId node{number};
        const NodeKind kind = tree_[node].kind;
        if (!span.contains(tree_[node].span)) continue;
        if (kind == NodeKind::return_ || kind == NodeKind::yield_) return std::nullopt;
        if (kind != NodeKind::assign && kind != NodeKind::aug_assign) continue;
        const auto children = tree_.children(node);
        std::vector<NodeId> targets;
        for (const NodeId target : kind == NodeKind::assign ? children.subspan(1) : children.first(1)) {
            if (tree_[target].kind == NodeKind::tuple) targets.insert(targets.end(), tree_.children(target).begin(), tree_.children(target).end());
            else targets.push_back(target);
        }
        for (const NodeId target : targets) {
            if (tree_[target].kind != NodeKind::name) return std::nullopt;
            const names::Binding& binding = names_[names_.binding(target)];
            const bool read = std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) { return !span.contains(tree_[load].span); });
            if (read && fact(target).kind == infer::Kind::tensor) kept.insert(tree_[target].name);
            if (read && fact(target).kind == infer::Kind::unknown && targets.size() > 1) return std::nullopt;
        }
    }
    return kept;
}

// `condition` empty: always.
void Rewriter::stop_results(NodeId with, const std::set<std::string_view>& kept, const std::string& condition) {
    if (kept.empty()) return;
    uses_mx_ = true;
    if (!condition.empty()) after_statement(with, "if " + condition + ":");
    for (const std::string_view name : kept)
        after_statement(with, std::string(condition.empty() ? "" : "    ") + std::string(name) + " = " + output_.mx + ".stop_gradient(" + std::string(name) + ")");
}

bool Rewriter::gradient_by_flag(NodeId id) {
    const NodeId call = tree_.child(tree_.children(id)[1], 0);
    if (tree_.children(id).size() != 2 || tree_[call].kind != NodeKind::call || tree_.children(call).size() != 2) return false;
    if (names::qualified_name(tree_, names_, tree_.child(call, 0)) != "torch.set_grad_enabled") return false;
    const NodeId argument = tree_.child(call, 1);
    const NodeId flag = tree_[argument].kind == NodeKind::keyword ? tree_.child(argument, 0) : argument;
    const auto kept = results_of_block(tree_.child(id, 0));
    if (!kept) return false;
    std::string text = rendered(call);  // which stands for its argument by now
    if (text.starts_with("True and ")) text = text.substr(9);
    const bool negated = text.starts_with("not ") && text.find(" and ") == std::string::npos && text.find(" or ") == std::string::npos;
    const bool simple = text.find(' ') == std::string::npos;
    text = negated ? text.substr(4) : simple ? "not " + text : "not (" + text + ")";
    drop_region(tree_[tree_.children(id)[1]].span);
    dissolve(id);
    if (tree_[flag].kind != NodeKind::true_) stop_results(id, *kept, tree_[flag].kind == NodeKind::false_ ? std::string{} : text);
    return true;
}

// `@contextmanager` above a function that does nothing but yield.
bool Rewriter::is_own_null_context(NodeId value) const {
    if (tree_[value].kind != NodeKind::name || names_.binding(value) == names::kNoBinding) return false;
    const names::Binding& binding = names_[names_.binding(value)];
    if (binding.kind != names::BindingKind::function || binding.stores.size() != 1) return false;
    const auto parts = tree_.children(binding.definition);
    if (tree_[binding.definition].kind != NodeKind::function_def || parts.size() != 4 || tree_[parts[3]].kind != NodeKind::decorator) return false;
    if (names::qualified_name(tree_, names_, tree_.child(parts[3], 0)) != "contextlib.contextmanager") return false;
    const auto statements = tree_.children(parts[2]);
    if (statements.empty() || tree_[statements.back()].kind != NodeKind::expression_statement) return false;
    const NodeId yielded = tree_.child(statements.back(), 0);
    const bool documented = statements.size() == 2 && tree_[statements[0]].kind == NodeKind::expression_statement && tree_[tree_.child(statements[0], 0)].kind == NodeKind::string;
    return tree_[yielded].kind == NodeKind::yield_ && tree_.children(yielded).empty() && (statements.size() == 1 || documented);
}

// What a context that is chosen by name means: its entry, also through `partial(autocast, "cuda")`; `plain` for `nullcontext`.
const catalogue::Entry* Rewriter::chosen_context(NodeId value, bool& plain) const {
    std::string qualified = names::qualified_name(tree_, names_, value);
    if (tree_[value].kind == NodeKind::call && tree_.children(value).size() > 1 && names::qualified_name(tree_, names_, tree_.child(value, 0)) == "functools.partial")
        qualified = names::qualified_name(tree_, names_, tree_.child(value, 1));
    plain = qualified == "contextlib.nullcontext" || is_own_null_context(value);
    const catalogue::Entry* entry = qualified.empty() ? nullptr : catalogue_.find(qualified);
    return entry != nullptr && entry->kind == catalogue::EntryKind::dissolve ? entry : nullptr;
}

// A condition that reads the same after the block: names that are assigned once, and attributes of `self`.
bool Rewriter::is_settled(NodeId test) const {
    const base::Span span = tree_[test].span;
    for (std::uint32_t number = 1; number <= syntax::index(test); ++number) {
        const NodeId id{number};
        if (!span.contains(tree_[id].span)) continue;
        if (tree_[id].kind == NodeKind::call) return false;
        if (tree_[id].kind == NodeKind::name && names_.binding(id) != names::kNoBinding && names_[names_.binding(id)].stores.size() > 1) return false;
    }
    return true;
}

bool Rewriter::context_by_choice(NodeId id) {
    const NodeId call = tree_.child(tree_.children(id)[1], 0);
    if (tree_.children(id).size() != 2 || tree_[call].kind != NodeKind::call || tree_.children(call).size() != 1) return false;
    const NodeId callee = tree_.child(call, 0);
    if (tree_[callee].kind != NodeKind::name || names_.binding(callee) == names::kNoBinding) return false;
    const names::Binding& binding = names_[names_.binding(callee)];
    if (!exists(binding.only_value) || tree_[binding.only_value].kind != NodeKind::conditional || binding.loads.size() != 1) return false;
    const NodeId test = tree_.child(binding.only_value, 1);
    bool plain_then = false, plain_else = false;
    const catalogue::Entry* then = chosen_context(tree_.child(binding.only_value, 0), plain_then);
    const catalogue::Entry* otherwise = chosen_context(tree_.child(binding.only_value, 2), plain_else);
    if ((then == nullptr && !plain_then) || (otherwise == nullptr && !plain_else) || !is_settled(test)) return false;
    const bool stops_then = then != nullptr && then->stops_gradient, stops_else = otherwise != nullptr && otherwise->stops_gradient;
    const auto kept = results_of_block(tree_.child(id, 0));
    if (!kept && (stops_then || stops_else)) return false;
    drop_region(tree_[tree_.children(id)[1]].span);
    remove_statement(tree_[binding.only_value].parent);
    dissolve(id);
    if (stops_then || stops_else) {
        std::string condition = rendered(test);
        if (!stops_then) condition = "not " + (precedence_of(test) < Precedence::not_ ? "(" + condition + ")" : condition);
        stop_results(id, *kept, stops_then && stops_else ? std::string{} : condition);
    }
    return true;
}

}  // namespace mlxify::rewrite
