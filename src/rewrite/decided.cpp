// Conditions that the conversion decides, such as those that ask for another device: what hangs on them is folded.
//   if x.is_cuda:                                   (nothing is left)
//       torch.cuda.synchronize()
//   if mask is None and x.requires_grad:            if mask is None:
//   if not torch.cuda.is_available() or flash:      return
//       return                                      (and nothing after it in that block)
//   ...
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

using syntax::Op;

namespace {

constexpr std::string_view kRule = "decided condition";

}  // namespace

// The truth of a test that a rule has decided; what the author wrote as True or False stays as it is.
std::optional<bool> Rewriter::decided(NodeId test) const {
    const std::string_view own = tree_.text(test);
    if (own == "True" || own == "False" || tree_[test].kind == NodeKind::named_expr) return std::nullopt;
    const std::string text = rendered(test);
    if (text == "True" || text == "(True)") return true;
    if (text == "False" || text == "(False)") return false;
    return std::nullopt;
}

// Evaluating it has no effect but its value.
bool Rewriter::is_pure(NodeId expression) const {
    for (std::uint32_t number = syntax::index(expression); number > 0 && tree_[expression].span.contains(tree_[NodeId{number}].span); --number) {
        const NodeKind kind = tree_[NodeId{number}].kind;  // what is inside a node stands right before it
        if (kind == NodeKind::call || kind == NodeKind::named_expr || kind == NodeKind::await_ || kind == NodeKind::yield_ || kind == NodeKind::yield_from) return false;
    }
    return true;
}

void Rewriter::fold_decided() {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (skipped_[number] || removed_.contains(syntax::index(tree_.statement_of(id)))) continue;
        switch (tree_[id].kind) {
        case NodeKind::unary:
            if (tree_[id].op == Op::not_)
                if (const auto truth = decided(tree_.child(id, 0))) put(id, *truth ? "False" : "True", Precedence::atom, kRule);
            break;
        case NodeKind::bool_op: fold_bool_op(id); break;
        case NodeKind::conditional:
            if (const auto truth = decided(tree_.child(id, 1))) {
                const NodeId kept = tree_.child(id, *truth ? 0 : 2);
                drop_region(tree_[tree_.child(id, *truth ? 2 : 0)].span);
                put(id, rendered(kept), precedence_of(kept), kRule);
            }
            break;
        case NodeKind::comprehension: fold_filters(id); break;
        case NodeKind::assert_:
            if (decided(tree_.child(id, 0)).value_or(false)) remove_statement(id);
            break;
        case NodeKind::if_: fold_if(id); break;
        default: break;
        }
    }
}

void Rewriter::fold_bool_op(NodeId id) {
    const NodeId left = tree_.child(id, 0), right = tree_.child(id, 1);
    const bool ends = tree_[id].op == Op::or_;  // the truth of an operand that settles the whole
    if (const auto truth = decided(left)) {
        if (*truth == ends) drop_region(tree_[right].span);
        if (*truth == ends) put(id, ends ? "True" : "False", Precedence::atom, kRule);
        else put(id, rendered(right), precedence_of(right), kRule);
        return;
    }
    const auto truth = decided(right);
    if (!truth || !is_test(id)) return;
    if (*truth != ends) put(id, rendered(left), precedence_of(left), kRule);
    else if (is_pure(left)) put(id, ends ? "True" : "False", Precedence::atom, kRule);
}

// [p for p in parameters if True]
void Rewriter::fold_filters(NodeId comprehension) {
    const auto parts = tree_.children(comprehension);
    for (std::size_t at = 2; at < parts.size(); ++at)
        if (decided(parts[at]).value_or(false)) edits_.replace({tree_[parts[at - 1]].span.end, tree_[parts[at]].span.end}, "", kRule);
}

// Statements of a span that is left out: none of them is converted, imported for or complained of.
void Rewriter::leave_out(base::Span span) {
    drop_region(span);
    for (std::uint32_t number = 1; number < tree_.size(); ++number)
        if (syntax::is_statement(tree_[NodeId{number}].kind) && span.contains(tree_[NodeId{number}].span)) removed_.insert(number), left_out_.insert(number);
}

// What a fold must not touch: a function with `yield` is a generator, reached or not, and imports are rewritten later.
bool Rewriter::must_stay(base::Span span) const {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeKind kind = tree_[NodeId{number}].kind;
        const bool stays = kind == NodeKind::yield_ || kind == NodeKind::yield_from || kind == NodeKind::import_ || kind == NodeKind::import_from;
        if (stays && span.contains(tree_[NodeId{number}].span)) return true;
    }
    return false;
}

void Rewriter::fold_if(NodeId id) {
    const auto truth = decided(tree_.child(id, 0));
    if (!truth || tree_[id].has(syntax::Flag::is_elif) || must_stay(tree_[id].span)) return;
    const base::Span lines = lines_of(tree_[id].span);
    const std::string_view before = source_.text().substr(lines.begin, tree_[id].span.begin - lines.begin);
    if (before.find_first_not_of(" \t") != std::string_view::npos) return;
    const NodeId body = tree_.child(id, 1), otherwise = tree_.child(id, 2);
    const NodeId taken = *truth ? body : otherwise;
    const NodeId dropped = *truth ? otherwise : body;
    if (exists(dropped)) leave_out(tree_[dropped].span);
    if (!exists(taken)) return take_place(id, lines, "");
    const NodeId first = tree_.child(taken, 0), last = tree_.children(taken).back();
    if (tree_[first].has(syntax::Flag::is_elif)) {  // the next test comes first
        edits_.replace({tree_[id].span.begin, tree_[first].span.begin + 2}, "", kRule);  // `el` of `elif` goes, too
        return;
    }
    base::Span kept{source_.line_begin(tree_[first].span.begin), lines_of(tree_[last].span).end};
    if (kept.begin == lines.begin) return;  // `if test: statement`
    while (is_comment_line(kept.begin - 1)) kept.begin = source_.line_begin(kept.begin - 1);
    const bool ends = ends_block(last);
    const NodeId block = tree_[id].parent;
    const bool falls = ends && first == last && tree_[last].kind == NodeKind::return_ && !exists(tree_.child(last, 0)) &&
                       tree_[tree_[block].parent].kind == NodeKind::function_def && !must_stay({tree_[id].span.end, tree_[block].span.end});
    take_place(id, {lines.begin, std::max(lines.end, kept.end)},
               falls ? std::string{} : shift_left(edits_.render(kept), indentation(first).size() - before.size()));
    if (ends) leave_out_after(id);
}

// Puts lines in the place of a statement, and `pass` where its block would be empty.
void Rewriter::take_place(NodeId statement, base::Span lines, std::string text) {
    const auto block = tree_.children(tree_[statement].parent);
    const bool only = std::all_of(block.begin(), block.end(), [&](NodeId other) { return other == statement || removed_.contains(syntax::index(other)); });
    if (text.empty()) removed_.insert(syntax::index(statement));
    if (text.empty() && only) text = std::string(indentation(statement)) + "pass" + std::string(source_.newline());
    edits_.replace(lines, std::move(text), kRule, true);
}

// Whether the line that holds this byte is a comment and nothing else.
bool Rewriter::is_comment_line(std::uint32_t at) const {
    const std::uint32_t begin = source_.line_begin(at);
    const std::string_view line = source_.text().substr(begin, line_end(begin) - begin);
    const std::size_t first = line.find_first_not_of(" \t");
    return first != std::string_view::npos && line[first] == '#';
}

bool Rewriter::ends_block(NodeId statement) const {
    const NodeKind kind = tree_[statement].kind;
    return kind == NodeKind::return_ || kind == NodeKind::raise_ || kind == NodeKind::continue_ || kind == NodeKind::break_;
}

void Rewriter::leave_out_after(NodeId statement) {
    const auto block = tree_.children(tree_[statement].parent);
    const base::Span rest{tree_[statement].span.end, tree_[block.back()].span.end};
    if (block.back() == statement || must_stay(rest)) return;
    leave_out(rest);
    edits_.replace({lines_of(tree_[statement].span).end, lines_of(tree_[block.back()].span).end}, "", kRule, true);
}

}  // namespace mlxify::rewrite
