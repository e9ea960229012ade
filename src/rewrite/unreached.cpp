#include "rewrite/unreached.h"

#include <algorithm>
#include <optional>

namespace mlxify::rewrite {
namespace {

using infer::ObservedFact;
using syntax::exists;
using syntax::Kind;
using syntax::NodeId;

// Statements that evaluate nothing: whether they ran shows only in those around them.
bool leaves_no_trace(Kind kind) {
    return kind == Kind::import_ || kind == Kind::import_from || kind == Kind::pass_ || kind == Kind::break_ || kind == Kind::continue_ ||
           kind == Kind::global_ || kind == Kind::nonlocal_;
}

class Search {
public:
    Search(const syntax::Tree& tree, const names::Names& names, const infer::ObservedFacts& observed)
        : tree_(tree), names_(names), observed_(observed) {}

    std::optional<UnreachedPart> part(const diagnostics::Diagnostic& refusal) const {
        const NodeId statement = smallest_statement(refusal.span);
        if (!exists(statement)) return std::nullopt;
        if (tree_[statement].kind == Kind::class_def) return whole_class(statement, refusal);
        return rest_of_block(statement, refusal);
    }

private:
    [[nodiscard]] bool ran(base::Span span) const {
        auto fact = std::lower_bound(observed_.begin(), observed_.end(), span.begin,
                                     [](const ObservedFact& one, std::uint32_t begin) { return one.span.begin < begin; });
        for (; fact != observed_.end() && fact->span.begin < span.end; ++fact)
            if (span.contains(fact->span) && !fact->by_variation) return true;
        return false;
    }

    [[nodiscard]] NodeId smallest_statement(base::Span span) const {
        for (std::uint32_t number = 1; number < tree_.size(); ++number) {  // children come before their parents
            const NodeId id{number};
            if (syntax::is_statement(tree_[id].kind) && tree_[id].span.contains(span)) return id;
        }
        return syntax::kNoNode;
    }

    // What raises inside `try` may be caught, and another path taken in silence: the whole statement goes then.
    [[nodiscard]] bool is_guarded(NodeId block) const {
        const NodeId around = tree_[block].parent;
        return tree_[around].kind == Kind::try_ && tree_.child(around, 0) == block && tree_.children(around).size() > 3;
    }

    // `statement` and what follows it in its block, if nothing of it ran.
    [[nodiscard]] std::optional<UnreachedPart> rest_of_block(NodeId statement, const diagnostics::Diagnostic& refusal) const {
        while (exists(tree_.function_of(statement))) {
            const NodeId block = tree_[statement].parent;
            if (tree_[block].kind != Kind::block || tree_[statement].has(syntax::Flag::is_elif)) {
                statement = block;
                continue;
            }
            if (tree_[tree_[block].parent].kind == Kind::class_def) return std::nullopt;  // a class inside a function
            const auto statements = tree_.children(block);
            const auto place = std::find(statements.begin(), statements.end(), statement);
            const base::Span rest{tree_[statement].span.begin, tree_[statements.back()].span.end};
            if (ran(rest)) return std::nullopt;
            const bool untold = leaves_no_trace(tree_[statement].kind);
            const bool first = place == statements.begin();
            if (is_guarded(block) || (untold && first && tree_[tree_[block].parent].kind != Kind::function_def)) {
                statement = tree_[block].parent;
                continue;
            }
            if (untold && !first && ran({tree_[statements.front()].span.begin, tree_[statement].span.begin})) return std::nullopt;
            return UnreachedPart{statement, statements.back(), refusal};
        }
        return std::nullopt;
    }

    // A class that nothing that ran has named: its methods did not run, and no module-level code holds it.
    [[nodiscard]] std::optional<UnreachedPart> whole_class(NodeId definition, const diagnostics::Diagnostic& refusal) const {
        const NodeId block = tree_[definition].parent;
        if (tree_[tree_[block].parent].kind != Kind::module_) return std::nullopt;
        if (tree_[tree_.child(definition, 0)].span.contains(refusal.span)) return std::nullopt;
        const base::Span span = tree_[definition].span;
        for (const NodeId load : names_[names_.binding(definition)].loads)
            if (!span.contains(tree_[load].span) && ran(tree_[load].span)) return std::nullopt;
        for (std::uint32_t number = 1; number < tree_.size(); ++number) {
            const NodeId function{number};
            if (tree_[function].kind != Kind::function_def || !span.contains(tree_[function].span)) continue;
            if (ran(tree_[tree_.child(function, 2)].span)) return std::nullopt;
        }
        return UnreachedPart{definition, definition, refusal};
    }

    const syntax::Tree& tree_;
    const names::Names& names_;
    const infer::ObservedFacts& observed_;
};

}  // namespace

std::vector<UnreachedPart> unreached_parts(const syntax::Tree& tree, const names::Names& names, const infer::ObservedFacts& observed,
                                           const std::vector<diagnostics::Diagnostic>& refusals) {
    std::vector<UnreachedPart> parts;
    if (observed.empty()) return parts;
    const Search search(tree, names, observed);
    for (const diagnostics::Diagnostic& refusal : refusals) {
        if (refusal.severity != diagnostics::Severity::refusal) continue;
        std::optional<UnreachedPart> part = search.part(refusal);
        if (!part) continue;
        const base::Span span = part->span(tree);
        const bool covered = std::any_of(parts.begin(), parts.end(), [&](const UnreachedPart& one) { return one.span(tree).contains(span); });
        if (covered) continue;
        std::erase_if(parts, [&](const UnreachedPart& one) { return span.contains(one.span(tree)); });
        parts.push_back(std::move(*part));
    }
    return parts;
}

bool may_be_unreached(const syntax::Tree& tree, base::Span span) {
    if (span.empty()) return false;
    for (std::uint32_t number = 1; number < tree.size(); ++number) {
        const NodeId id{number};
        if (!tree[id].span.contains(span)) continue;
        if (tree[id].kind == Kind::function_def) return tree[tree.child(id, 2)].span.contains(span);
        if (tree[id].kind == Kind::class_def) return !tree[tree.child(id, 0)].span.contains(span);
    }
    return false;
}

}  // namespace mlxify::rewrite
