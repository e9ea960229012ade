// Formulas that the idiom stage has found: what computes them in parts goes, and one call stands where they ended.
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

namespace {

constexpr std::size_t kUsualWidth = 88, kWidest = 120;

}  // namespace

// Those that are converted at all, and of which no part is held with channels last.
void Rewriter::plan_idioms() {
    const auto is_moved = [&](NodeId node) {
        const std::uint32_t number = syntax::index(node);
        return layout_.moves[number] != layout::Move::none || layout_.channels_last[number] || layout_.dropped[number] || layout_.axes.contains(number);
    };
    for (const idiom::Rewriting& one : input_.idioms) {
        if (skipped_[syntax::index(one.root)]) continue;
        if (layout_.active && std::ranges::any_of(one.inner, [&](NodeId node) { return node != one.root && is_moved(node); })) continue;
        if (layout_.active && layout_.axes.contains(syntax::index(one.root))) continue;
        idioms_.emplace(syntax::index(one.root), &one);
    }
}

bool Rewriter::idiom(NodeId root) {
    const auto found = idioms_.find(syntax::index(root));
    if (found == idioms_.end()) return false;
    const idiom::Rewriting& one = *found->second;
    const catalogue::Entry* entry = catalogue_.find(one.entry);
    if (entry == nullptr) return false;
    std::vector<rules::Actual> given;
    for (const idiom::Argument& argument : one.arguments) given.push_back({argument.keyword, value_of(argument.node), false, false});
    const rules::Outcome outcome = evaluator_.apply(*entry, given);
    if (outcome.status != rules::Outcome::Status::expression || outcome.helper) return false;
    const auto inside_operand = [&](base::Span span) {
        return std::ranges::any_of(one.arguments, [&](const idiom::Argument& argument) { return tree_[argument.node].span.contains(span); });
    };
    std::erase_if(said_, [&](const diagnostics::Diagnostic& said) { return tree_[root].span.contains(said.span) && !inside_operand(said.span); });
    uses_mx_ = true;
    applied_idioms_.push_back(&one);
    edits_.note(tree_[root].span, one.entry);
    const std::string text = leaves_.expand_locals(outcome.value.text);
    hoist_comments(root, spans_kept(text));
    drop_parentheses(root);
    put(root, wrapped(root, expand(text)), outcome.value.precedence, one.entry);  // its lines were those of the parts
    return true;
}

// A call that makes its line longer than the author's are, with its arguments on a line of their own.
std::string Rewriter::wrapped(NodeId root, std::string call) const {
    const NodeId statement = tree_.statement_of(root);
    const base::Span span = tree_[root].span;
    const std::uint32_t begin = source_.line_begin(span.begin);
    const std::size_t open = call.find('(');
    const bool alone = source_.line_begin(tree_[statement].span.begin) == begin && call.find('\n') == std::string::npos && open != std::string::npos && call.back() == ')';
    if (!alone || call.size() + (span.begin - begin) + (line_end(span.end) - span.end) <= widest_line()) return call;
    const std::string newline(source_.newline()), indent(indentation(statement));
    return call.substr(0, open + 1) + newline + indent + "    " + call.substr(open + 1, call.size() - open - 2) + newline + indent + ")";
}

// Of the author's lines, within what is usual.
std::size_t Rewriter::widest_line() const {
    std::size_t widest = kUsualWidth;
    const std::string_view text = source_.text();
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        widest = std::max(widest, end - begin);
        begin = end + 1;
    }
    return std::min(widest, kWidest);
}

// A call needs none; those around an argument of a call, or of several, are its own.
void Rewriter::drop_parentheses(NodeId node) {
    if (!tree_[node].has(syntax::Flag::parenthesized) || tree_[tree_[node].parent].kind != NodeKind::binary) return;
    const base::Span span = tree_[node].span;
    const std::string_view text = source_.text();
    if (span.begin == 0 || text[span.begin - 1] != '(' || span.end >= text.size() || text[span.end] != ')') return;
    edits_.replace({span.begin - 1, span.begin}, "", "parentheses");
    edits_.replace({span.end, span.end + 1}, "", "parentheses");
}

// It stood in a formula, and is none of its operands.
bool Rewriter::is_gone_with_idiom(NodeId node) const {
    const base::Span span = tree_[node].span;
    return std::ranges::any_of(applied_idioms_, [&](const idiom::Rewriting* one) {
        const auto holds = [&](NodeId part) { return tree_[part].span.contains(span); };
        return (holds(one->root) || std::ranges::any_of(one->removed, holds)) && std::ranges::none_of(one->arguments, holds, &idiom::Argument::node);
    });
}

// What was said of their operands stays true.
void Rewriter::remove_parts_of_idioms() {
    for (const idiom::Rewriting* one : applied_idioms_) {
        std::vector<diagnostics::Diagnostic> kept;
        for (const diagnostics::Diagnostic& said : said_)
            for (const idiom::Argument& argument : one->arguments)
                if (tree_[argument.node].span.contains(said.span)) kept.push_back(said);
        for (const NodeId statement : one->removed) {
            std::erase_if(kept, [&](const diagnostics::Diagnostic& said) { return !tree_[statement].span.contains(said.span); });
            remove_statement(statement);
        }
        said_.insert(said_.end(), kept.begin(), kept.end());
    }
}

}  // namespace mlxify::rewrite
