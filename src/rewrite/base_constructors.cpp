// Calls of the constructor of a layer of torch by a class that derives from it.
//   super().__init__(dim, elementwise_affine=False)   ->   super().__init__(dim, affine=False)
//   nn.Linear.__init__(self, n, m, bias=False)        ->   nn.Linear.__init__(self, n, m, bias=False)
//   class Table(nn.Embedding): super().__init__(n, dim, padding_idx=0)   ->   class Table(PaddedEmbedding)
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

using catalogue::Entry;
using catalogue::EntryKind;

namespace {

constexpr std::string_view kConstructor = ".__init__";

// Where the parenthesis closes that opens at `open`; npos if none does.
std::size_t closing(std::string_view text, std::size_t open) {
    int depth = 0;
    char quote = 0;
    for (std::size_t at = open; at < text.size(); ++at) {
        const char letter = text[at];
        if (quote != 0) {
            if (letter == quote) quote = 0;
        } else if (letter == '"' || letter == '\'') {
            quote = letter;
        } else if (letter == '(' || letter == '[' || letter == '{') {
            ++depth;
        } else if ((letter == ')' || letter == ']' || letter == '}') && --depth == 0) {
            return at;
        }
    }
    return std::string_view::npos;
}

}  // namespace

// The layer of torch.nn whose constructor this call is: by `super()` in a class that derives from one, or by its class. Empty for others.
std::string Rewriter::constructed_base(NodeId call) const {
    const NodeId callee = tree_.child(call, 0);
    if (tree_[callee].kind != NodeKind::attribute || tree_[callee].name != "__init__") return {};
    const NodeId object = tree_.child(callee, 0);
    const NodeId around = tree_.class_of(call);
    if (!exists(around) || names_.class_at[syntax::index(around)] == 0) return {};
    const std::vector<std::string>& bases = names_.classes[names_.class_at[syntax::index(around)] - 1].bases;
    const bool super = tree_[object].kind == NodeKind::call && tree_.text(tree_.child(object, 0)) == "super";
    const std::string named = super ? std::string{} : names::qualified_name(tree_, names_, object);
    for (const std::string& base : bases) {
        const Entry* entry = catalogue_.find(base);
        const bool layer = entry != nullptr && !own_weight_bases_.contains(syntax::index(around)) && (entry->kind == EntryKind::module_ || entry->kind == EntryKind::definition);
        if (layer && (super || base == named)) return base;
    }
    return {};
}

// The call that makes such a layer here: its class and its arguments. Nothing where the entry is a definition, which takes torch's
// arguments, or where the arguments are not all known.
std::optional<std::pair<std::string, std::string>> Rewriter::base_construction(NodeId call, const Entry& entry) {
    if (entry.kind != EntryKind::module_) return std::nullopt;
    std::vector<rules::Actual> given = actuals(call, syntax::kNoNode);
    const bool by_class = tree_[tree_.child(tree_.child(call, 0), 0)].kind != NodeKind::call;
    if (by_class && !given.empty()) given.erase(given.begin());
    std::string rest;
    for (const rules::Actual& one : given)
        if (one.double_star) rest += (rest.empty() ? "**" : ", **") + std::string(one.value.text);
    std::erase_if(given, [](const rules::Actual& one) { return one.double_star; });
    const rules::Outcome outcome = evaluator_.apply(entry, given, {});
    if (outcome.status != rules::Outcome::Status::expression || outcome.helper) return std::nullopt;
    const std::string text = leaves_.expand_locals(outcome.value.text);
    const std::size_t open = text.find('(');
    if (open == std::string::npos || open == 0 || closing(text, open) != text.size() - 1) return std::nullopt;
    std::string arguments = text.substr(open + 1, text.size() - open - 2);
    if (!rest.empty()) arguments += (arguments.empty() ? "" : ", ") + rest;
    return std::pair{text.substr(0, open), std::move(arguments)};
}

// The class that a layer of torch is here as a base: of other arguments it may be another.
std::string Rewriter::base_text(NodeId base, const Entry& entry) {
    const NodeId definition = tree_[base].parent;
    if (!exists(definition) || tree_[definition].kind != NodeKind::class_def || names_.class_at[syntax::index(definition)] == 0) return {};
    for (const NodeId method : names_.classes[names_.class_at[syntax::index(definition)] - 1].methods) {
        if (tree_[method].name != "__init__") continue;
        const NodeId statement = base_constructed(method);
        if (!exists(statement) || constructed_base(tree_.child(statement, 0)) != layout::plain_name(entry.qualified)) continue;
        if (entry.kind == EntryKind::definition) {
            const Entry& other = definition_for(tree_.child(statement, 0), entry);
            return &other == &entry ? std::string{} : evaluator_.require_definition(other);
        }
        if (const auto made = base_construction(tree_.child(statement, 0), entry)) return made->first;
        if (const Entry* general = own_weight_base(layout::plain_name(entry.qualified))) return evaluator_.require_definition(*general);
    }
    return {};
}

// Whether this was the call of such a constructor.
bool Rewriter::base_constructor(NodeId call) {
    const std::string base = constructed_base(call);
    if (base.empty()) return false;
    const NodeId object = tree_.child(tree_.child(call, 0), 0);
    const bool by_class = tree_[object].kind != NodeKind::call;
    const Entry* usual = entry_of(base);
    const Entry* other = !by_class && usual->kind == EntryKind::definition ? constructor_for(call, *usual) : nullptr;
    const Entry& entry = other != nullptr ? *other : *usual;
    if (by_class && tree_.children(call).size() < 2) return false;
    if (by_class) constant(object, base);
    const auto made = base_construction(call, entry);
    if (!made) {  // a definition of ours, or what is decided at run time: neither takes a device or a dtype
        drop_keywords(call, {"device", "dtype"});
    } else {
        const std::string owner = by_class ? rendered(tree_.child(call, 1)) + (made->second.empty() ? "" : ", ") : "";
        const std::string callee = (by_class ? made->first : std::string(tree_.text(object))) + std::string(kConstructor) + "(" + owner;
        finish(call, rules::code_value(callee + made->second + ")"), entry.qualified);
    }
    return by_class || entry.kind == EntryKind::module_;
}

}  // namespace mlxify::rewrite
