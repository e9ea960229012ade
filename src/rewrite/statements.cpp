// Statements: blocks that dissolve, lines that go, assignments that become others.
#include <algorithm>
#include <cctype>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

using catalogue::Entry;
using catalogue::EntryKind;

namespace {

// Remarks to tools about a line that is gone say nothing any more.
bool is_pragma(std::string_view comment) {
    for (const std::string_view word : {"noqa", "type: ignore", "type:ignore", "pylint:", "pragma:", "fmt:", "isort:", "ruff:", "mypy:", "pyright:"})
        if (comment.find(word) != std::string_view::npos && comment.find(word) < 4) return true;
    return false;
}

}  // namespace

std::string_view Rewriter::indentation(NodeId statement) const {
    const std::uint32_t begin = source_.line_begin(tree_[statement].span.begin);
    const std::string_view line = source_.text().substr(begin, tree_[statement].span.begin - begin);
    return line.substr(0, line.find_first_not_of(" \t") == std::string_view::npos ? line.size() : line.find_first_not_of(" \t"));
}

std::uint32_t Rewriter::line_end(std::uint32_t offset) const {
    const std::size_t end = source_.text().find('\n', offset);
    if (end == std::string_view::npos) return static_cast<std::uint32_t>(source_.text().size());
    return static_cast<std::uint32_t>(end > offset && source_.text()[end - 1] == '\r' ? end - 1 : end);
}

base::Span Rewriter::lines_of(base::Span span) const {
    const std::size_t end = source_.text().find('\n', span.end);
    return {source_.line_begin(span.begin), static_cast<std::uint32_t>(end == std::string_view::npos ? source_.text().size() : end + 1)};
}

void Rewriter::before_statement(NodeId statement, std::string line) {
    const std::string indent(indentation(statement));
    edits_.insert(tree_[statement].span.begin, line + std::string(source_.newline()) + indent, "statement");
}

void Rewriter::after_statement(NodeId statement, std::string line) {
    edits_.insert(line_end(tree_[statement].span.end), std::string(source_.newline()) + std::string(indentation(statement)) + line, "statement");
}

// Comments inside a node that its new text does not hold are put on lines of their own before the statement.
void Rewriter::hoist_comments(NodeId from, const std::vector<base::Span>& kept) {
    const base::Span span = tree_[from].span;
    if (tree_.text(from).find('#') == std::string_view::npos) return;
    const auto comments = tree_.comments();
    auto comment = std::lower_bound(comments.begin(), comments.end(), base::Span{span.begin, span.begin});
    for (; comment != comments.end() && comment->begin < span.end; ++comment) {
        const bool survives = std::any_of(kept.begin(), kept.end(), [&](base::Span one) { return one.contains(*comment); });
        if (survives || hoisted_.contains(comment->begin)) continue;
        hoisted_.insert(comment->begin);
        before_statement(tree_.statement_of(from), std::string(source_.text(*comment)));
    }
}

// Takes a statement out with its line; its comments stay.
void Rewriter::remove_statement(NodeId id) {
    const base::Span span = tree_[id].span;
    drop_region(span);
    base::Span lines = lines_of(span);
    const std::string_view before = source_.text().substr(lines.begin, span.begin - lines.begin);
    std::string_view after = source_.text().substr(span.end, lines.end - span.end);
    while (!after.empty() && (after.back() == '\n' || after.back() == '\r')) after.remove_suffix(1);
    const std::size_t first = after.find_first_not_of(" \t");
    const bool alone = before.find_first_not_of(" \t") == std::string_view::npos && (first == std::string_view::npos || after[first] == '#');
    const NodeId block = tree_[id].parent;
    const bool only = exists(block) && tree_[block].kind == NodeKind::block && tree_[tree_[block].parent].kind != NodeKind::module_ &&
                      std::all_of(tree_.children(block).begin(), tree_.children(block).end(),
                                  [&](NodeId other) { return other == id || removed_.contains(syntax::index(other)); });
    removed_.insert(syntax::index(id));
    std::string kept;
    const auto comments = tree_.comments();
    auto comment = std::lower_bound(comments.begin(), comments.end(), base::Span{span.begin, span.begin});
    for (; comment != comments.end() && comment->begin < lines.end; ++comment)
        if (!is_pragma(source_.text(*comment))) kept += std::string(before) + std::string(source_.text(*comment)) + std::string(source_.newline());
    if (!alone) {  // shares its line with another statement
        edits_.replace(span, "pass", "removed");
        return;
    }
    if (only) kept += std::string(before) + "pass" + std::string(source_.newline());
    // A definition goes with the blank lines before it.
    const bool definition = tree_[id].kind == NodeKind::function_def || (tree_[id].kind == NodeKind::if_ && tree_[tree_[block].parent].kind == NodeKind::module_);
    while (definition && kept.empty() && lines.begin > 1) {
        const std::uint32_t above = source_.line_begin(lines.begin - 1);
        if (source_.text().substr(above, lines.begin - above).find_first_not_of(" \t\r\n") != std::string_view::npos) break;
        lines.begin = above;
    }
    edits_.replace(lines, kept, "removed");
}

// Functions that run while a model is built: nothing is differentiated there.
bool Rewriter::is_setup_function(NodeId function) const {
    if (!exists(function)) return true;
    const std::string_view name = tree_[function].name;
    return name.find("init") != std::string_view::npos || name.starts_with("reset") || name.starts_with("_reset") || name.starts_with("load") || name.starts_with("main");
}

void Rewriter::statement_with(NodeId id) {
    if (gradient_by_flag(id) || context_by_choice(id)) return;
    const auto items = tree_.children(id).subspan(1);
    std::size_t dissolved = 0, last = 0;
    bool stop = false;
    for (std::size_t at = 0; at < items.size(); ++at) {
        const NodeId item = items[at];
        NodeId context = tree_.child(item, 0);
        if (tree_[context].kind == NodeKind::call) context = tree_.child(context, 0);
        const std::string qualified = names::qualified_name(tree_, names_, context);
        const Entry* entry = qualified.empty() ? nullptr : catalogue_.find(qualified);
        for (const Entry& alternative : catalogue_.alternatives(qualified))  // `torch.device` is also called
            if (alternative.kind == EntryKind::dissolve) entry = &alternative;
        if (!entry || entry->kind != EntryKind::dissolve) {
            if (!qualified.empty() && is_watched(qualified) && (!entry || entry->kind == EntryKind::never) && tree_[tree_.child(item, 0)].kind != NodeKind::call)
                refuse(Code::no_entry, context, "`" + qualified + "` as a context has no entry in the catalogue", "remove the context");
            continue;
        }
        drop_region(tree_[item].span);
        stop = stop || entry->stops_gradient;
        ++dissolved;
        last = at;
    }
    if (dissolved == 0) return;
    if (dissolved == 1 && items.size() > 1 && !stop) {  // with measured(), autocast():
        const bool first = last == 0;
        const base::Span gone = first ? base::Span{tree_[items[0]].span.begin, tree_[items[1]].span.begin} : base::Span{tree_[items[last - 1]].span.end, tree_[items[last]].span.end};
        edits_.replace(gone, "", "torch.autocast");
        return;
    }
    if (dissolved < items.size()) {
        refuse(Code::no_entry, id, "a `with` of several contexts of which only some have a meaning in MLX", "write one `with` for each context");
        return;
    }
    // What an autograd Function computes is outside of any gradient by itself.
    if (stop && !is_setup_function(tree_.function_of(id)) && !autograd_class(id) && !recomputes(tree_.class_of(id))) stop_gradients(tree_.child(id, 0));
    dissolve(id);
}

void Rewriter::stop_gradients(NodeId block) {
    const base::Span span = tree_[block].span;
    for (std::uint32_t number = syntax::index(block); number > 0; --number) {
        const NodeId id{number};
        const syntax::Node& node = tree_[id];
        if (!span.contains(node.span)) {
            if (node.span.end <= span.begin) break;
            continue;
        }
        if (skipped_[number]) continue;  // gone, with what cannot be converted
        NodeId value = syntax::kNoNode;
        if (node.kind == NodeKind::assign || node.kind == NodeKind::return_) value = tree_.child(id, 0);
        if (node.kind == NodeKind::aug_assign) value = tree_.child(id, 1);
        if (!exists(value)) continue;
        std::vector<NodeId> values{value};
        if (tree_[value].kind == NodeKind::tuple) values.assign(tree_.children(value).begin(), tree_.children(value).end());
        for (const NodeId one : values) {
            const infer::Kind kind = fact(one).kind;
            if (kind != infer::Kind::tensor) continue;
            put(one, output_.mx + ".stop_gradient(" + rendered(one) + ")", Precedence::atom, "torch.no_grad");
            uses_mx_ = true;
        }
    }
}

// with torch.no_grad():      the body alone,
//     body                   one level further left
void Rewriter::dissolve(NodeId id) {
    const NodeId body = tree_.child(id, 0);
    const NodeId first = tree_.children(body)[0];
    const base::Span with_line = lines_of({tree_[id].span.begin, tree_[id].span.begin});
    const std::string outer(indentation(id));
    const std::string inner(indentation(first));
    const std::uint32_t end = line_end(tree_[body].span.end);
    const bool one_line = source_.line_begin(tree_[first].span.begin) == with_line.begin;
    if (one_line) {
        edits_.replace({tree_[id].span.begin, tree_[first].span.begin}, "", "with");
        return;
    }
    // The header's own comment and those between header and body stay.
    std::string text;
    const auto comments = tree_.comments();
    auto comment = std::lower_bound(comments.begin(), comments.end(), base::Span{tree_[id].span.begin, tree_[id].span.begin});
    for (; comment != comments.end() && comment->begin < tree_[first].span.begin; ++comment)
        if (!is_pragma(source_.text(*comment))) text += outer + std::string(source_.text(*comment)) + std::string(source_.newline());
    const std::uint32_t begin = source_.line_begin(tree_[first].span.begin);
    edits_.keep_line_break(end);
    const std::string moved = edits_.render({begin, end});
    text += shift_left(moved, inner.size() - outer.size());
    edits_.replace({source_.line_begin(tree_[id].span.begin), end}, text, "with", true);
}

// Every line with `width` columns less in front, except inside triple-quoted strings.
std::string Rewriter::shift_left(std::string_view text, std::size_t width) {
    std::string out;
    std::string_view fence;
    bool line_start = true;
    for (std::size_t at = 0; at < text.size();) {
        if (line_start && fence.empty()) {
            std::size_t blank = 0;
            while (blank < width && at + blank < text.size() && (text[at + blank] == ' ' || text[at + blank] == '\t')) ++blank;
            at += blank;
            line_start = false;
            continue;
        }
        line_start = false;
        const char letter = text[at];
        if (!fence.empty()) {
            if (text.substr(at, fence.size()) == fence) {
                out += fence;
                at += fence.size();
                fence = {};
                continue;
            }
            if (letter == '\\' && at + 1 < text.size()) {
                out += letter;
                ++at;
            }
        } else if (letter == '#') {
            while (at < text.size() && text[at] != '\n') out += text[at++];
            continue;
        } else if (letter == '"' || letter == '\'') {
            const bool triple = text.substr(at, 3) == std::string(3, letter);
            if (triple) {
                fence = text.substr(at, 3);
                out += fence;
                at += 3;
                continue;
            }
            const std::size_t begin = at++;
            while (at < text.size() && text[at] != letter && text[at] != '\n') at += text[at] == '\\' ? 2 : 1;
            at = std::min(at + 1, text.size());
            out += text.substr(begin, at - begin);
            continue;
        }
        out += text[at];
        if (text[at] == '\n') line_start = true;
        ++at;
    }
    return out;
}

void Rewriter::statement_if(NodeId id) {
    // An `if TYPE_CHECKING:` whose imports are gone, an `if __name__ == "__main__":` that is no model definition.
    const NodeId test = tree_.child(id, 0);
    const NodeId body = tree_.child(id, 1);
    const std::string_view text = tree_.text(test);
    const bool checking = text == "TYPE_CHECKING" || text == "typing.TYPE_CHECKING";
    const bool empty = std::all_of(tree_.children(body).begin(), tree_.children(body).end(), [&](NodeId one) {
        return removed_.contains(syntax::index(one)) || tree_[one].kind == NodeKind::pass_;
    });
    if (checking && empty && !exists(tree_.child(id, 2)) && exists(tree_[id].parent)) remove_statement(id);
}

void Rewriter::function(NodeId id) {
    const syntax::Node& node = tree_[id];
    if (exporters_method(id) || recomputing_.contains(syntax::index(id))) {
        remove_statement(id);
        return;
    }
    keep_parts_readable(id);
    if (node.name != "forward") return;
    if (!module_around(id) || tree_[tree_[id].parent].parent != tree_.class_of(id)) return;
    edits_.replace(node.name_span, "__call__", "forward");
}

void Rewriter::decorator(NodeId id) {
    NodeId value = tree_.child(id, 0);
    if (tree_[value].kind == NodeKind::call) {
        const NodeId callee = tree_.child(value, 0);
        const std::string outer = names::qualified_name(tree_, names_, callee);
        if (outer == "functools.partial" && tree_.children(value).size() > 1) value = tree_.child(value, 1);
        else value = callee;
    }
    const std::string qualified = names::qualified_name(tree_, names_, value);
    if (qualified.empty()) return;
    const Entry* entry = catalogue_.find(qualified);
    if (!entry) {
        if (is_watched(qualified)) refuse(Code::no_entry, id, "the decorator `" + qualified + "` has no entry in the catalogue", "remove the decorator");
        return;
    }
    if (entry->kind == EntryKind::never) {
        refuse(Code::considered_no, id, "the decorator `" + qualified + "` cannot be converted: " + std::string(entry->target), std::string(entry->suggest));
        return;
    }
    if (entry->kind != EntryKind::drop_decorator && entry->kind != EntryKind::dissolve) return;
    const NodeId function = tree_[id].parent;
    if (entry->kind == EntryKind::dissolve && entry->stops_gradient && tree_[function].kind == NodeKind::function_def && !is_setup_function(function))
        stops_.insert(syntax::index(function));
    drop_region(tree_[id].span);
    // `@custom_fwd(cast_inputs=torch.float32)`: nothing of it is printed. What is inside a node stands right before it.
    for (std::uint32_t number = syntax::index(id); number > 0 && tree_[id].span.contains(tree_[NodeId{number}].span); --number) skipped_[number] = true;
    const base::Span lines = lines_of(tree_[id].span);
    std::string kept;
    const std::string indent(indentation(id));
    const auto comments = tree_.comments();
    auto comment = std::lower_bound(comments.begin(), comments.end(), base::Span{tree_[id].span.begin, tree_[id].span.begin});
    for (; comment != comments.end() && comment->begin < lines.end; ++comment)
        if (!is_pragma(source_.text(*comment))) kept += indent + std::string(source_.text(*comment)) + std::string(source_.newline());
    edits_.replace(lines, kept, qualified);
}

void Rewriter::expression_statement(NodeId id) {
    const NodeId value = tree_.child(id, 0);
    if (tree_[value].kind != NodeKind::call) return;
    if (drop_set_attribute(value, id)) return;
    const std::string qualified = names::qualified_name(tree_, names_, tree_.child(value, 0));
    if (qualified.empty()) {  // `layer.reset_parameters()` of which only `layer` is left
        const std::string text = rendered(value);
        const bool name = std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.'; });
        if (name) remove_statement(id);
        return;
    }
    const Entry* entry = catalogue_.find(qualified);
    if (entry && (entry->kind == EntryKind::dissolve || entry->kind == EntryKind::drop_decorator)) remove_statement(id);  // torch.set_grad_enabled(False)
}

// `pe.require_grad = False`: an array takes no attributes. What nobody reads goes. True if the target is no such attribute.
bool Rewriter::drop_attribute(NodeId target, NodeId statement) {
    const std::string_view name = tree_[target].name;
    if (name == "grad" || name == "real" || name == "imag") return true;
    bool read = tree_.children(statement).size() != 2;
    for (std::uint32_t number = 1; number < tree_.size() && !read; ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::attribute || tree_[id].name != name || !exists(tree_[id].parent)) continue;
        const bool stored = tree_[tree_[id].parent].kind == NodeKind::assign && tree_.child(tree_[id].parent, 0) != id;
        read = !stored;
    }
    if (read) {
        refuse(Code::module_hook, target, "`" + std::string(name) + "` cannot be set on an array", "keep it in a variable of its own");
    } else {
        remark(Code::dropped, target, "`" + std::string(name) + "`, which nothing reads, cannot be set on an array and was dropped");
        remove_statement(statement);
    }
    return false;
}

// `setattr(self.weight, "_optim", {...})`, where nothing in the file speaks of the name again: notes for the optimiser.
bool Rewriter::drop_set_attribute(NodeId call, NodeId statement) {
    const auto parts = tree_.children(call);
    if (parts.size() != 4 || tree_.text(parts[0]) != "setattr" || tree_[parts[2]].kind != NodeKind::string) return false;
    if (fact(parts[1]).kind != infer::Kind::tensor) return false;
    const std::string_view literal = tree_.text(parts[2]);
    const std::string_view name = literal.substr(1, literal.size() - 2);
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        const bool spoken_of = tree_[id].kind == NodeKind::attribute ? tree_[id].name == name : tree_[id].kind == NodeKind::string && tree_.text(id) == literal;
        const NodeId around = tree_[id].parent;
        const bool set = exists(around) && tree_[around].kind == NodeKind::call && tree_.text(tree_.child(around, 0)) == "setattr";
        if (spoken_of && !set) return false;
    }
    remark(Code::dropped, parts[2], "`" + std::string(name) + "`, which nothing reads, cannot be set on an array and was dropped");
    remove_statement(statement);
    return true;
}

// `torch.backends.cudnn.benchmark = True`
bool Rewriter::is_switch(NodeId target) const {
    if (tree_[target].kind != NodeKind::attribute) return false;
    const std::string qualified = names::qualified_name(tree_, names_, target);
    const Entry* entry = qualified.empty() ? nullptr : catalogue_.find(qualified);
    return entry != nullptr && entry->kind == EntryKind::dissolve;
}

// self.bias = torch.zeros(n), where another branch makes `self.bias` a parameter:
//   ->  object.__setattr__(self, "bias", mx.zeros(n)); a list of tensors becomes a tuple. False if the assignment goes on as usual.
bool Rewriter::keep_beside_weights(NodeId assignment, NodeId value) {
    if (fact(value).kind == infer::Kind::list) {
        put(value, "tuple(" + rendered(value) + ")", Precedence::atom, "attribute");
        return false;
    }
    const NodeId target = tree_.child(assignment, 1);
    if (tree_.children(assignment).size() != 2 || tree_[target].kind != NodeKind::attribute) return false;
    const std::string fresh = renamed(target);
    const std::string name = rules::python_string(fresh.empty() ? tree_[target].name : std::string_view(fresh));
    edits_.replace({tree_[assignment].span.begin, tree_[value].span.begin}, "object.__setattr__(" + rendered(tree_.child(target, 0)) + ", " + name + ", ", "attribute");
    edits_.insert(tree_[value].span.end, ")", "attribute");
    return true;
}

// self.shift = torch.ones(n) if fixed else nn.Parameter(torch.ones(n)): a statement for each of them, for only one is a weight.
bool Rewriter::parameter_by_choice(NodeId assignment, NodeId value) {
    const NodeId parameter = arm_with_parameter(value);
    if (!exists(parameter)) return false;
    const bool first = parameter == tree_.child(value, 0);
    const NodeId other = tree_.child(value, first ? 2 : 0), condition = tree_.child(value, 1), target = tree_.child(assignment, 1);
    if (!is_computed_tensor(other) || tree_.children(assignment).size() != 2 || tree_[target].kind != NodeKind::attribute || !module_around(target)) return false;
    const base::Span span = tree_[assignment].span;
    const std::string_view line = source_.text().substr(source_.line_begin(span.begin), line_end(span.end) - source_.line_begin(span.begin));
    const bool alone = line.substr(line.find_first_not_of(" \t")).starts_with(source_.text(span)) && tree_.text(value).find('\n') == std::string_view::npos;
    if (!alone || line.find(';') != std::string_view::npos) {
        refuse(Code::module_hook, assignment, "a parameter or a plain tensor, as an option says, in one statement", "write `if` and `else` on lines of their own");
        return true;
    }
    const std::string fresh = renamed(target);
    const std::string name(fresh.empty() ? tree_[target].name : std::string_view(fresh));
    const std::string owner = rendered(tree_.child(target, 0));
    const std::string trained = owner + "." + name + " = " + rendered(parameter);
    const std::string plain = "object.__setattr__(" + owner + ", " + rules::python_string(name) + ", " + rendered(other) + ")";
    const std::string newline(source_.newline()), indent(indentation(assignment));
    edits_.replace(span, "if " + rendered(condition) + ":" + newline + indent + "    " + (first ? trained : plain) + newline + indent + "else:" + newline + indent + "    " + (first ? plain : trained), "attribute");
    return true;
}

// `self.x = nn.Embedding(n, dim)` before `self.x.weight.data /= scale` or `self.x.weight.data.mul_(scale)`: what is scaled must begin as
// PyTorch's, whose numbers have another variance than MLX's.
bool Rewriter::scales_embedding(NodeId assignment) const {
    const NodeId value = tree_.child(assignment, 0);
    const NodeId target = tree_.child(assignment, 1);
    const NodeId function = tree_.function_of(assignment);
    if (tree_[value].kind != NodeKind::call || names::qualified_name(tree_, names_, tree_.child(value, 0)) != "torch.nn.Embedding" || !exists(function)) return false;
    const auto is_weight = [&](NodeId node) {
        node = strip_data(node);
        return exists(node) && tree_[node].kind == NodeKind::attribute && tree_[node].name == "weight" && tree_.text(tree_.child(node, 0)) == tree_.text(target);
    };
    const base::Span span = tree_[function].span;
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (!span.contains(tree_[id].span)) continue;
        if (tree_[id].kind == NodeKind::aug_assign && is_weight(tree_.child(id, 0))) return true;
        if (tree_[id].kind != NodeKind::call || tree_[tree_.child(id, 0)].kind != NodeKind::attribute) continue;
        const std::string_view method = tree_[tree_.child(id, 0)].name;
        const bool scaled = method == "mul_" || method == "div_" || method == "add_" || method == "sub_" || method == "clamp_";
        if (scaled && is_weight(tree_.child(tree_.child(id, 0), 0))) return true;
    }
    return false;
}

// The module class whose body holds the node, as an index into Names::classes.
std::optional<std::uint32_t> Rewriter::module_around(NodeId node) const {
    const NodeId around = tree_.class_of(node);
    const std::uint32_t number = exists(around) ? names_.class_at[syntax::index(around)] : 0;
    return number != 0 && names_.classes[number - 1].is_module ? std::optional(number - 1) : std::nullopt;
}

// `self` in a module class, or what is known to be a module.
bool Rewriter::is_module_object(NodeId object) const {
    return tree_.text(object) == "self" ? module_around(object).has_value() : fact(object).kind == infer::Kind::module;
}

void Rewriter::assign(NodeId id) {
    const NodeId value = tree_.child(id, 0);
    const auto targets = tree_.children(id).subspan(1);
    if (std::all_of(targets.begin(), targets.end(), [&](NodeId target) { return is_switch(target); })) return remove_statement(id);
    for (const NodeId target : tree_.children(id).subspan(1)) {
        const syntax::Node& node = tree_[target];
        if (node.kind == NodeKind::attribute) write_kernel(target, value);
        if (node.kind == NodeKind::attribute && (node.name == "data" || node.name == "requires_grad")) {
            const NodeId object = tree_.child(target, 0);
            if (node.name != "data") {
                set_trained(object, value, id);
                continue;
            }
            edits_.replace({tree_[object].span.end, node.span.end}, is_one_of_parameters(object) ? "[...]" : "", "data");
            if (is_parameter(object) && runs_in_calls(object)) put(value, still_trained(object, one_expression(rendered(value))), Precedence::atom, "data");
            continue;
        }
        if (node.kind == NodeKind::attribute && node.name == "training" && is_module_object(tree_.child(target, 0)))  // MLX's property only gives it
            edits_.replace(node.name_span, "_training", "torch.nn.Module.training");
        if (node.kind == NodeKind::subscript && store(target, id)) drop_leading_axes(target, value);
        if (node.kind == NodeKind::attribute && fact(tree_.child(target, 0)).kind == infer::Kind::tensor && !drop_attribute(target, id)) return;
    }
    if (beside_weights_.contains(syntax::index(value)) && keep_beside_weights(id, value)) return;
    if (parameter_by_choice(id, value)) return;
    if (masked_store_is_where(id)) return masked_store(id);
    const NodeId target = tree_.child(id, 1);
    if (means_nothing(id)) return remove_statement(id);
    if (tree_[target].kind != NodeKind::attribute) {
        if (exists(untrained_flag(value)) && !is_registered(target))
            refuse(Code::module_hook, id, "a parameter without gradient that is not an attribute", "assign it to `self.name` directly");
        return;
    }
    if (scales_embedding(id)) {
        const std::string weight = rendered(target) + ".weight";
        after_statement(id, weight + " *= " + weight + ".shape[1] ** 0.5  # variance 1, as in PyTorch");
    }
    const std::string fresh = renamed(target);
    const std::string key = rules::python_string(fresh.empty() ? tree_[target].name : std::string_view(fresh));
    const std::string owner = rendered(tree_.child(target, 0));
    freeze_untrained(value, id, owner, key);
    if (is_buffer(value) && !is_hidden_buffer(value)) after_statement(id, owner + ".freeze(keys=[" + key + "], recurse=False)");
}

// x = x.contiguous() of which `x = x` is left. (Below `with torch.no_grad():` it stops the gradient.)
bool Rewriter::means_nothing(NodeId assignment) const {
    const auto children = tree_.children(assignment);
    if (children.size() != 2 || tree_[children[1]].kind != NodeKind::name || tree_[children[0]].kind != NodeKind::call) return false;
    for (NodeId at = tree_[assignment].parent; exists(at) && tree_[at].kind != NodeKind::function_def; at = tree_[at].parent)
        if (tree_[at].kind == NodeKind::with_) return false;
    return exists(tree_.function_of(assignment)) && rendered(children[0]) == tree_.text(children[1]);
}

// x[i, :, :] = v, where v has more axes than the place: torch drops the leading ones, which have length 1.
void Rewriter::drop_leading_axes(NodeId target, NodeId value) {
    const infer::Fact& owner = fact(tree_.child(target, 0));
    const infer::Fact& stored = fact(value);
    if (owner.kind != infer::Kind::tensor || owner.rank < 0 || stored.kind != infer::Kind::tensor || stored.rank < 0) return;
    const NodeId index = tree_.child(target, 1);
    std::vector<NodeId> parts{index};
    if (tree_[index].kind == NodeKind::tuple) parts.assign(tree_.children(index).begin(), tree_.children(index).end());
    int rank = owner.rank;
    for (const NodeId part : parts) {
        if (fact(part).kind == infer::Kind::integer) --rank;
        else if (tree_[part].kind != NodeKind::slice && tree_[part].kind != NodeKind::ellipsis) return;
    }
    if (stored.rank != rank + 1) return;
    const std::string text = rendered(value);
    put(value, (precedence_of(value) < Precedence::atom ? "(" + text + ")" : text) + "[0]", Precedence::atom, "store");
}

// x[...] = v. The owner must be what is written to: `x.data[0]`, `x[0][1]`, views. False (and said) if the write would be lost.
bool Rewriter::store(NodeId target, NodeId statement) {
    const NodeId object = tree_.child(target, 0);
    const NodeId owner = strip_data(object);
    if (owner != object) put(object, rendered(owner), precedence_of(owner), "data");
    const syntax::Node& node = tree_[owner];
    if (node.kind == NodeKind::name) {
        const infer::Kind container = fact(owner).kind;
        const NodeId memory{fact(target).view_of};
        if (tree_[statement].kind == NodeKind::aug_assign && (container == infer::Kind::list || container == infer::Kind::dict) && exists(memory) &&
            fact(target).kind == infer::Kind::tensor && tree_[memory].kind == NodeKind::name && tree_[tree_[memory].parent].kind != NodeKind::list &&
            seen_elsewhere(memory, target, statement)) {
            refuse(Code::view_written, target, "this in-place write goes to an element that may be a view of `" + std::string(tree_.text(memory)) + "`",
                   "write to `" + std::string(tree_.text(memory)) + "` itself");
            return false;
        }
        return !written_through_view(owner);
    }
    if (node.kind == NodeKind::attribute || fact(owner).kind != infer::Kind::tensor) return true;
    if (node.kind == NodeKind::subscript && fact(tree_.child(owner, 0)).kind == infer::Kind::tensor) {
        const NodeId first = tree_.child(owner, 1);
        const bool plain = tree_[first].kind == NodeKind::integer || tree_[first].kind == NodeKind::name || tree_[first].kind == NodeKind::unary;
        const infer::Kind kind = fact(first).kind;
        if (plain && (kind == infer::Kind::integer || tree_[first].kind == NodeKind::integer)) {  // x[i][j] = v  ->  x[i, j] = v
            edits_.note(tree_[target].span, kWriteThroughView);
            edits_.replace({tree_[first].span.end, tree_[tree_.child(target, 1)].span.begin}, ", ", "store");
            return true;
        }
    }
    if (node.kind == NodeKind::subscript && fact(tree_.child(owner, 0)).kind != infer::Kind::tensor) return true;  // an element of a list
    if (fact(owner).view_of == 0 && fact(owner).temporary) return true;
    // owner.view(h, 4)[:, 3] = v: the view gets a name, is written, and is written back
    const NodeId base = looked_at(owner);
    if (exists(base) && (tree_[base].kind == NodeKind::attribute || tree_[base].kind == NodeKind::name)) {
        std::string name = "view";
        while (emissions_.is_taken(name)) name += "_";
        if (write_back(owner, name, statement)) {
            before_statement(statement, name + " = " + rendered(owner));
            put(owner, name, Precedence::atom, "store");
            return true;
        }
    }
    refuse(Code::view_written, statement, "this store goes through a view, which is a copy in MLX: it would be lost", "index the tensor itself: `x[i, j] = value`");
    return false;
}

void Rewriter::aug_assign(NodeId id) {
    const NodeId target = tree_.child(id, 0);
    const syntax::Node& node = tree_[target];
    if (node.kind == NodeKind::attribute && node.name == "data") {
        edits_.replace({tree_[tree_.child(target, 0)].span.end, node.span.end}, "", "data");
    } else if (node.kind == NodeKind::subscript) {
        store(target, id);
        if (masked_store_is_where(id)) masked_store(id);
    } else if (node.kind == NodeKind::name && fact(target).kind == infer::Kind::tensor) {
        written_through_view(target);
    }
}

}  // namespace mlxify::rewrite
