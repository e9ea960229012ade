// Libraries that a file tries to import and does without: they are taken as not installed.
//   try: from inplace_abn import InPlaceABN
//   except ImportError: InPlaceABN = None           ->   InPlaceABN = None
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

namespace {

constexpr std::size_t kFirstHandler = 3;

std::string imported_name(const syntax::Tree& tree, NodeId statement, NodeId alias) {
    if (tree[statement].kind == NodeKind::import_) return std::string(tree[alias].name);
    std::string name(tree[statement].name);
    if (!name.ends_with('.')) name += '.';
    return name + std::string(tree[alias].name);
}

bool catches_import_error(const syntax::Tree& tree, NodeId handler) {
    const NodeId type = tree.child(handler, 0);
    if (!exists(type)) return true;
    const std::string_view text = tree.text(type);
    return text.find("ImportError") != std::string_view::npos || text.find("ModuleNotFoundError") != std::string_view::npos ||
           text.find("Exception") != std::string_view::npos;
}

}  // namespace

// Nothing in the catalogue stands for that name or for what is below it.
bool Rewriter::is_unknown_library(std::string_view qualified) const {
    const std::string_view root = qualified.substr(0, qualified.find('.'));
    if (root.empty() || root == "torch" || !is_watched(qualified)) return false;
    const std::string below = std::string(qualified) + ".";
    return !catalogue_.find(qualified) && std::none_of(catalogue_.entries().begin(), catalogue_.entries().end(),
                                                       [&](const catalogue::Entry& entry) { return entry.qualified.starts_with(below); });
}

// The handler that runs when the first import of a `try` fails, if the library is unknown here; kNoNode otherwise.
NodeId Rewriter::absent_handler(NodeId attempt) const {
    const auto statements = tree_.children(tree_.child(attempt, 0));
    if (statements.empty() || exists(tree_.child(attempt, 2))) return syntax::kNoNode;
    const NodeId import = statements[0];
    if (tree_[import].kind != NodeKind::import_ && tree_[import].kind != NodeKind::import_from) return syntax::kNoNode;
    const auto aliases = tree_.children(import);
    const bool unknown =
        std::any_of(aliases.begin(), aliases.end(), [&](NodeId alias) { return is_unknown_library(imported_name(tree_, import, alias)); });
    if (!unknown) return syntax::kNoNode;
    for (const NodeId handler : tree_.children(attempt).subspan(kFirstHandler)) {
        if (!catches_import_error(tree_, handler)) continue;
        const auto body = tree_.children(tree_.child(handler, 1));
        const bool raises = std::any_of(body.begin(), body.end(), [&](NodeId one) { return tree_[one].kind == NodeKind::raise_; });
        return raises ? syntax::kNoNode : handler;
    }
    return syntax::kNoNode;
}

// What the failed imports would have bound is bound by the handler alone.
void Rewriter::plan_absent() {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId attempt{number};
        if (tree_[attempt].kind != NodeKind::try_) continue;
        const NodeId handler = absent_handler(attempt);
        if (!exists(handler)) continue;
        absent_.emplace_back(attempt, handler);
        const base::Span body = tree_[tree_.child(attempt, 0)].span;
        for (names::Binding& binding : own_names_.bindings) {
            if (binding.stores.empty() ||
                std::none_of(binding.stores.begin(), binding.stores.end(), [&](NodeId store) { return body.contains(tree_[store].span); }))
                continue;
            if (binding.kind != names::BindingKind::import_) continue;
            binding.kind = names::BindingKind::variable;
            binding.qualified.clear();
            for (const NodeId store : binding.stores) {
                if (body.contains(tree_[store].span)) continue;
                binding.definition = store;
                if (tree_[store].kind == NodeKind::alias) {
                    binding.kind = names::BindingKind::import_;
                    binding.qualified = names::canonical_name(imported_name(tree_, tree_[store].parent, store));
                }
                if (tree_[store].kind == NodeKind::class_def) binding.kind = names::BindingKind::class_;
                if (tree_[store].kind == NodeKind::function_def) binding.kind = names::BindingKind::function;
            }
        }
    }
}

// `library = None` for what only the failed import would have bound, and the file mentions elsewhere.
std::string Rewriter::names_left_behind(NodeId attempt) const {
    const base::Span span = tree_[attempt].span;
    std::string text;
    for (const names::Binding& binding : names_.bindings) {
        const bool here = !binding.stores.empty() && std::all_of(binding.stores.begin(), binding.stores.end(), [&](NodeId store) {
            return tree_[store].kind == NodeKind::alias && tree_[tree_.child(attempt, 0)].span.contains(tree_[store].span);
        });
        const bool used =
            std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) { return !span.contains(tree_[load].span); });
        if (here && used)
            text += std::string(indentation(attempt)) + std::string(binding.name) + " = None" + std::string(source_.newline());
    }
    return text;
}

// The handler's body, one level further left, in the place of the whole statement.
void Rewriter::take_handlers() {
    for (const auto& [attempt, handler] : absent_) {
        if (skipped_[syntax::index(attempt)]) continue;
        const NodeId first = tree_.children(tree_.child(handler, 1))[0];
        drop_region(tree_[tree_.child(attempt, 0)].span);
        const base::Span span = tree_[attempt].span;
        for (std::uint32_t number = 1; number < tree_.size(); ++number)
            if (syntax::is_statement(tree_[NodeId{number}].kind) &&
                tree_[tree_.child(attempt, 0)].span.contains(tree_[NodeId{number}].span))
                removed_.insert(number);
        const std::string outer(indentation(attempt));
        const bool one_line = source_.line_begin(tree_[first].span.begin) == source_.line_begin(tree_[handler].span.begin);
        base::Span lines = lines_of(span);
        std::string text = one_line ? outer + edits_.render({tree_[first].span.begin, lines.end})
                                    : shift_left(edits_.render({source_.line_begin(tree_[first].span.begin), lines.end}),
                                                 indentation(first).size() - outer.size());
        const std::size_t from = std::min(text.find_first_not_of(" \t\r\n"), text.size());
        const std::string_view bare = std::string_view(text).substr(from, text.find_last_not_of(" \t\r\n") + 1 - from);
        const std::string left = names_left_behind(attempt);
        const bool nothing =
            left.empty() && (bare.empty() || (bare == "pass" && tree_[tree_[tree_[attempt].parent].parent].kind == NodeKind::module_));
        if (nothing)
            while (lines.begin > 0 &&
                   source_.text()
                           .substr(source_.line_begin(lines.begin - 1), lines.begin - source_.line_begin(lines.begin - 1))
                           .find_first_not_of(" \t\r\n") == std::string_view::npos)
                lines.begin = source_.line_begin(lines.begin - 1);
        edits_.replace(lines, nothing ? std::string{} : left + text, "absent", true);
        const NodeId import = tree_.children(tree_.child(attempt, 0))[0];
        const std::string library = imported_name(tree_, import, tree_.child(import, 0));
        remark(Code::left_out, import,
               "`" + library + "` is taken as not installed: the catalogue does not know it, and the file does without");
        assumptions_.push_back("`" + library + "` is taken as not installed");
    }
}

}  // namespace mlxify::rewrite
