// Imports: torch's become MLX's, libraries' become definitions, the rest stays.
#include <algorithm>
#include <cctype>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

namespace {

bool is_plain_root(std::string_view root) {
    constexpr std::string_view kRoots[] = {
#define MLXIFY_PLAIN_ROOT(name) #name,
#include "rewrite/stdlib.def"
#undef MLXIFY_PLAIN_ROOT
    };
    return std::binary_search(std::begin(kRoots), std::end(kRoots), root);
}

bool is_import(std::string_view line) { return line.starts_with("import ") || line.starts_with("from "); }

// `name.` stands somewhere but in an import.
bool mentions(std::string_view text, const std::string& name) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (is_import(line)) continue;
        for (std::size_t at = line.find(name + "."); at != std::string_view::npos; at = line.find(name + ".", at + 1)) {
            const char before = at == 0 ? ' ' : line[at - 1];
            if (!std::isalnum(static_cast<unsigned char>(before)) && before != '_' && before != '.') return true;
        }
    }
    return false;
}

}  // namespace

// Anything else that is imported may hold tensors or depend on torch: each use of it needs a catalogue entry.
bool Rewriter::is_watched(std::string_view qualified) const {
    if (qualified.empty()) return false;
    return !is_plain_root(qualified.substr(0, qualified.find('.')));
}

// `import einops` and `from packaging import version`, whose functions stay as they are: einops.rearrange(x, "b c -> c b")
bool Rewriter::keeps_names_of(std::string_view module) const {
    const auto entries = catalogue_.entries();
    return std::any_of(entries.begin(), entries.end(), [&](const catalogue::Entry& entry) {
        return entry.kind == catalogue::EntryKind::keep && entry.qualified.starts_with(module) && entry.qualified.substr(module.size()).starts_with('.');
    });
}

void Rewriter::import(NodeId id) { imports_.push_back(id); }

// Runs after everything else is rewritten, when it is known what the output uses.
void Rewriter::finish_imports() {
    std::string body = edits_.render({0, static_cast<std::uint32_t>(source_.text().size())});
    for (const rules::Emitted& emitted : emissions_.all()) body += emitted.text;
    uses_mx_ = mentions(body, output_.mx);
    emissions_.uses_nn = mentions(body, output_.nn);
    const std::string newline(source_.newline());
    bool placed_mx = false;
    bool placed_nn = false;
    NodeId first_gone = syntax::kNoNode;
    const auto at_module_level = [&](NodeId id) {
        const NodeId block = tree_[id].parent;
        return exists(block) && tree_[tree_[block].parent].kind == NodeKind::module_;
    };
    const auto is_gone = [&](NodeId id) {  // with the function around it
        return std::any_of(removed_.begin(), removed_.end(), [&](std::uint32_t other) { return tree_[NodeId{other}].span.contains(tree_[id].span); });
    };
    for (const NodeId id : imports_) {
        if (is_gone(id)) continue;
        const syntax::Node& node = tree_[id];
        std::vector<NodeId> kept;
        bool watched = false;
        bool torch = false;
        bool torch_nn = false;
        for (const NodeId alias : tree_.children(id)) {
            // By itself: the name may be imported again from elsewhere.
            const std::string qualified =
                node.kind == NodeKind::import_ ? std::string(tree_[alias].name) : names::imported_name(node.name, tree_[alias].name);
            const catalogue::Entry* entry = catalogue_.find(qualified);
            const bool holds_kept = !entry && keeps_names_of(qualified) && mentions(body, std::string(names_[names_.binding(alias)].name));
            if (!is_watched(qualified) || holds_kept || (entry && entry->kind == catalogue::EntryKind::keep)) {
                if (is_used_in_left_out_alone(alias)) watched = true;
                else kept.push_back(alias);
                continue;
            }
            watched = true;
            torch = torch || qualified == "torch";
            torch_nn = torch_nn || qualified == "torch.nn";
            check_import(alias, qualified, entry);
        }
        if (node.has(syntax::Flag::is_star) && is_watched(node.name)) {
            refuse(Code::star_import, id, "`from " + std::string(node.name) + " import *` hides which names come from there", "import the names one by one");
            continue;
        }
        if (!watched) continue;
        std::string text;
        const bool top = at_module_level(id);
        if (torch && top && !placed_mx && uses_mx_) {
            text = "import mlx.core as " + output_.mx;
            placed_mx = true;
        }
        if (torch_nn && top && !placed_nn && emissions_.uses_nn) {
            text += (text.empty() ? "" : newline + std::string(indentation(id))) + "import mlx.nn as " + output_.nn;
            placed_nn = true;
        }
        if (!kept.empty()) {
            std::string left = node.kind == NodeKind::import_ ? "import " : "from " + std::string(node.name) + " import ";
            for (std::size_t at = 0; at < kept.size(); ++at) left += (at ? ", " : "") + std::string(tree_.text(kept[at]));
            text += (text.empty() ? "" : newline + std::string(indentation(id))) + left;
        }
        if (!exists(first_gone) && top) first_gone = id;
        if (text.empty()) {
            remove_statement(id);
        } else {
            edits_.replace(node.span, text, "import");
        }
    }
    add_missing_imports(placed_mx, placed_nn, first_gone);
}

// import math, which only a branch that was never taken used, or a formula that is one function now
bool Rewriter::is_used_in_left_out_alone(NodeId alias) const {
    const names::Binding& binding = names_[names_.binding(alias)];
    if ((binding.name == "math" && emissions_.uses_math) || (binding.name == "np" && emissions_.uses_np)) return false;
    return !binding.loads.empty() && binding.stores.size() == 1 && std::all_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) {
        return left_out_.contains(syntax::index(tree_.statement_of(load))) || is_gone_with_idiom(load);
    });
}

// An import that nothing of the catalogue answers for: refused where it is used; here only if it is used at all.
void Rewriter::check_import(NodeId alias, std::string_view qualified, const catalogue::Entry* entry) {
    if (entry && entry->kind == catalogue::EntryKind::never && !qualified.starts_with("torch")) {
        const names::Binding& binding = names_[names_.binding(alias)];
        if (!binding.loads.empty())
            refuse(Code::considered_no, alias, "`" + std::string(qualified) + "` cannot be converted: " + std::string(entry->target), std::string(entry->suggest));
    }
}

void Rewriter::add_missing_imports(bool placed_mx, bool placed_nn, NodeId first_gone) {
    const std::string newline(source_.newline());
    std::string lines;   // where torch was imported
    std::string above;   // before that: the standard library and numpy
    const auto imported = [&](std::string_view name) {
        for (const names::Binding& binding : names_.bindings)
            if (binding.kind == names::BindingKind::import_ && binding.name == name && binding.qualified == (name == "np" ? "numpy" : name)) return true;
        return false;
    };
    if (emissions_.uses_math && !imported("math")) above += "import math" + newline;
    const bool numpy = emissions_.uses_np && !imported("np");
    if (numpy) above += "import numpy as " + output_.np + newline;
    if (!placed_mx && uses_mx_) (placed_nn ? above : lines) += "import mlx.core as " + output_.mx + newline;
    if (!placed_nn && emissions_.uses_nn) lines += "import mlx.nn as " + output_.nn + newline;
    for (const std::string& line : emissions_.imports())
        if (source_.text().find(line) == std::string_view::npos) lines += line + newline;
    if (lines.empty() && above.empty()) return;
    if (exists(first_gone)) {
        if (!above.empty()) edits_.insert(lines_of(tree_[first_gone].span).begin, above, "import");
    } else {
        lines = above + lines;
    }
    if (lines.empty()) return;
    std::uint32_t at = 0;
    NodeId anchor = first_gone;
    if (!exists(anchor)) {
        for (const NodeId statement : tree_.children(tree_.child(tree_.root(), 0)))
            if (tree_[statement].kind == NodeKind::import_ || tree_[statement].kind == NodeKind::import_from) anchor = statement;
    }
    if (exists(anchor)) {
        at = lines_of(tree_[anchor].span).end;
    } else {
        const auto statements = tree_.children(tree_.child(tree_.root(), 0));
        for (const NodeId statement : statements)
            if (tree_[statement].kind == NodeKind::expression_statement && tree_[tree_.child(statement, 0)].kind == NodeKind::string && statement == statements[0])
                at = lines_of(tree_[statement].span).end;
    }
    edits_.insert(at, lines, "import");
}

// Where the first import went and nothing took its place, the blank lines after it go, too.
void Rewriter::close_top() {
    std::uint32_t end = 0;
    const std::string_view text = source_.text();
    if (text.empty() || !is_import(text.substr(0, line_end(0)))) return;
    do end = lines_of({end, end}).end;
    while (end < text.size() && text.substr(end, line_end(end) - end).find_first_not_of(" \t") == std::string_view::npos);
    if (edits_.render({0, end}).find_first_not_of(" \t\r\n") == std::string::npos) edits_.replace({0, end}, "", "import");
}

// Helpers and definitions stand between the imports and the author's first definition.
// Where the file gives a builtin's name to something else, what it takes along says which one it means.
void Rewriter::spell_builtins() {
    constexpr std::string_view kUsed[] = {"abs", "all", "any", "bool", "callable", "dict", "enumerate", "float", "getattr", "hasattr", "int", "isinstance", "iter",
                                          "len", "list", "map", "max", "min", "next", "pow", "range", "reversed", "round", "set", "setattr", "slice", "sorted", "str",
                                          "sum", "tuple", "type", "zip"};
    for (const names::Binding& binding : names_.bindings) {
        if (binding.kind == names::BindingKind::none || binding.kind == names::BindingKind::parameter) continue;
        if (tree_[names_.scopes[static_cast<std::size_t>(binding.scope)].owner].kind != NodeKind::module_) continue;
        if (binding.kind == names::BindingKind::import_ && is_watched(binding.qualified)) continue;
        if (std::find(std::begin(kUsed), std::end(kUsed), binding.name) == std::end(kUsed)) continue;
        if (emissions_.respell_calls(binding.name, "builtins." + std::string(binding.name))) emissions_.add_import("import builtins");
    }
}

// logger = logging.getLogger(__name__), and then `import torch`: definitions need MLX, which takes torch's place.
bool Rewriter::imports_torch_after(NodeId statement) const {
    for (const NodeId other : tree_.children(tree_[statement].parent)) {
        if (tree_[other].kind == NodeKind::function_def || tree_[other].kind == NodeKind::class_def) return false;
        if (tree_[other].span.begin < tree_[statement].span.begin) continue;
        if (tree_[other].kind == NodeKind::import_from && tree_[other].name.starts_with("torch")) return true;
        if (tree_[other].kind != NodeKind::import_) continue;
        for (const NodeId alias : tree_.children(other))
            if (tree_[alias].name.starts_with("torch")) return true;
    }
    return false;
}

void Rewriter::insert_definitions() {
    if (emissions_.all().empty()) return;
    const auto statements = tree_.children(tree_.child(tree_.root(), 0));
    NodeId last_import = syntax::kNoNode;
    for (const NodeId statement : statements) {
        const NodeKind kind = tree_[statement].kind;
        if (kind == NodeKind::import_ || kind == NodeKind::import_from) last_import = statement;
        else if (kind == NodeKind::function_def || kind == NodeKind::class_def) break;
        else if (exists(last_import) && kind == NodeKind::assign && !imports_torch_after(statement)) break;
    }
    std::string text;
    for (const rules::Emitted& emitted : emissions_.all()) text += "\n\n" + emitted.text;
    if (source_.newline() == "\r\n") {
        std::string crlf;
        for (const char letter : text) {
            if (letter == '\n') crlf += '\r';
            crlf += letter;
        }
        text = std::move(crlf);
    }
    std::uint32_t at = 0;
    if (exists(last_import)) at = lines_of(tree_[last_import].span).end;
    else if (!statements.empty() && tree_[statements[0]].kind == NodeKind::expression_statement) at = lines_of(tree_[statements[0]].span).end;
    edits_.insert(at, text, "definitions");
}

}  // namespace mlxify::rewrite
