// Puts the plan of the layout stage into the text: channels last inside, moves where the layouts meet.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

using layout::Move;

namespace {

bool is_docstring(const syntax::Tree& tree, NodeId statement) {
    return tree[statement].kind == NodeKind::expression_statement && tree[tree.child(statement, 0)].kind == NodeKind::string;
}

}  // namespace

// The entry of a name: of layers, and of calls that the plan names, the one for channels last.
const catalogue::Entry* Rewriter::entry_of(std::string_view qualified, NodeId call) const {
    if (layout_.active) {
        const catalogue::Entry* last = catalogue_.find(layout::channels_last_name(qualified));
        const bool chosen = exists(call) && layout_.channels_last[syntax::index(call)];
        if (last && (last->kind != catalogue::EntryKind::rule || chosen)) return last;
    }
    return catalogue_.find(qualified);
}

// x.mean(1) -> x.mean(axis=-1); y.view(b, c, 1, 1) -> y.reshape(b, 1, 1, c)
void Rewriter::pass_axes(NodeId call, std::vector<rules::Actual>& given) const {
    if (const auto sizes = layout_.sizes.find(syntax::index(call)); sizes != layout_.sizes.end() && given.size() == sizes->second + 1)
        std::rotate(given.begin() + 2, given.begin() + 3, given.end());
    if (const auto flat = layout_.flattenings.find(syntax::index(call)); flat != layout_.flattenings.end()) {
        given = {given[0], {{}, rules::integer_value(1), false, false}, {{}, rules::integer_value(flat->second - 2), false, false}};
        return;
    }
    const auto found = layout_.axes.find(syntax::index(call));
    if (found == layout_.axes.end()) return;
    const layout::AxisArgument& moved = found->second;
    Value value = rules::integer_value(moved.axes.front());
    if (moved.sequence) {
        std::vector<Value> axes;
        for (const std::int64_t axis : moved.axes) axes.push_back(rules::integer_value(axis));
        value = rules::sequence_value(std::move(axes), false);
    }
    std::size_t position = 0;
    for (rules::Actual& actual : given) {
        if (!actual.keyword.empty() ? actual.keyword != moved.keyword : position++ != moved.position) continue;
        actual.value = std::move(value);
        return;
    }
    given.push_back({moved.keyword, std::move(value), false, false});
}

// x.permute(0, 2, 3, 1) of what is held so already.
bool Rewriter::drop_permute(NodeId call) {
    if (!layout_.active || !layout_.dropped[syntax::index(call)]) return false;
    const NodeId callee = tree_.child(call, 0);
    const NodeId input = names::qualified_name(tree_, names_, callee).empty() ? tree_.child(callee, 0) : tree_.child(call, 1);
    const NodeId parent = tree_[call].parent;
    const bool named = tree_[parent].kind == NodeKind::assign && tree_.children(parent).size() == 2 && tree_[input].kind == NodeKind::name;
    if (named && tree_.text(tree_.child(parent, 1)) == tree_.text(input) && layout_.moves[syntax::index(input)] == Move::none &&
        layout_.moves[syntax::index(call)] == Move::none && tree_.children(tree_[parent].parent).size() > 1) {
        remove_statement(parent);  // x = x.permute(0, 2, 3, 1)
        return true;
    }
    put(call, rendered(input), precedence_of(input), "layout");
    return true;
}

// x[:, :n, 1:] -> x[:, 1:, :n]. Whether it was such an index.
bool Rewriter::turn_slices(NodeId subscript) {
    const NodeId index = tree_.child(subscript, 1);
    const auto found = layout_.slices.find(syntax::index(index));
    if (found == layout_.slices.end()) return false;
    std::vector<std::string> parts = index_by_axis(index, static_cast<std::size_t>(found->second));
    std::rotate(parts.begin() + 1, parts.begin() + 2, parts.end());
    const auto whole = [](const std::string& part) { return part == ":"; };
    if (parts.size() > 2 && !whole(parts.back()) && std::all_of(parts.begin(), parts.end() - 1, whole)) parts = {"...", parts.back()};
    while (parts.size() > 1 && whole(parts.back())) parts.pop_back();
    put(index, fmt::format("{}", fmt::join(parts, ", ")), Precedence::atom, "layout");
    return true;
}

// The pattern of einops for what is held with channels last.
bool Rewriter::turn_pattern(NodeId literal) {
    const auto found = layout_.patterns.find(syntax::index(literal));
    if (found == layout_.patterns.end()) return false;
    const std::string_view written = tree_.text(literal);
    const char quote = written.empty() ? '"' : written.back();
    put(literal, quote + found->second + quote, Precedence::atom, "layout");
    return true;
}

void Rewriter::index_shape(NodeId subscript) {
    const NodeId index = tree_.child(subscript, 1);
    if (const auto found = layout_.indices.find(syntax::index(index)); found != layout_.indices.end()) put(index, found->second, Precedence::atom, "layout");
}

// b, c, h, w = x.shape  ->  b, h, w, c = x.shape
void Rewriter::unpack_shapes() {
    for (const NodeId tuple : layout_.unpacked) {
        const auto names = tree_.children(tuple);
        for (std::size_t at = 1; at < names.size(); ++at) {
            const NodeId moved = names[at + 1 < names.size() ? at + 1 : 1];
            edits_.replace(tree_[names[at]].span, std::string(tree_.text(moved)), "layout");
        }
    }
}

// What a dot may follow.
std::string Rewriter::rendered_atom(NodeId id) const {
    return precedence_of(id) < Precedence::atom ? "(" + rendered(id) + ")" : rendered(id);
}

void Rewriter::move_value(NodeId id) {
    if (layout_.columns.contains(syntax::index(id))) column(id);
    if (!layout_.active || layout_.moves[syntax::index(id)] == Move::none) return;
    const int rank = layout_.ranks.at(syntax::index(id));
    const std::string axes = layout_.moves[syntax::index(id)] == Move::to_last ? layout::to_last_axes(rank) : layout::to_first_axes(rank);
    const std::string text = rendered_atom(id);
    if (layout_.pixels.contains(syntax::index(id))) {
        std::string ones = "1";
        for (int size = 2; size < rank; ++size) ones += ", 1";
        put(id, text + ".reshape(" + ones + ", -1)", Precedence::atom, "layout");
        return;
    }
    put(id, text + ".transpose" + axes, Precedence::atom, "layout");
}

// weight[:, None, None] -> weight, beside what is held with channels last
void Rewriter::column(NodeId id) {
    if (tree_[id].kind == NodeKind::subscript && fact(tree_.child(id, 0)).rank == 1) {
        put(id, rendered(tree_.child(id, 0)), precedence_of(tree_.child(id, 0)), "layout");
        return;
    }
    const std::string text = rendered_atom(id);
    put(id, text + ".reshape(-1)", Precedence::atom, "layout");
}

// An entry point takes channels first; inside, its images are held with channels last.
void Rewriter::move_parameters(NodeId function) {
    const auto found = layout_.parameters.find(syntax::index(function));
    if (found == layout_.parameters.end()) return;
    const auto statements = tree_.children(tree_.child(function, 2));
    const std::size_t first = is_docstring(tree_, statements[0]) && statements.size() > 1 ? 1 : 0;
    for (const NodeId parameter : found->second) {
        const std::string name(tree_[parameter].name);
        before_statement(statements[first], name + " = " + name + ".transpose" + layout::to_last_axes(layout_.ranks.at(syntax::index(parameter))));
    }
}

}  // namespace mlxify::rewrite
