// Arguments by `**` of a dict that is known while converting, keywords that MLX has no use for, and library members that are
// looked up by name.
#include <algorithm>
#include <cctype>
#include <span>

#include "rewrite/rewriter.h"
#include "rules/frame.h"

namespace mlxify::rewrite {

using catalogue::Entry;
using catalogue::EntryKind;

namespace {

// What only says where and how torch keeps a tensor.
constexpr std::string_view kNoMeaning[] = {"device", "dtype", "inplace", "memory_format", "requires_grad", "pin_memory", "layout", "non_blocking", "sparse"};

}  // namespace

bool Rewriter::has_no_meaning(std::string_view parameter) {
    return std::find(std::begin(kNoMeaning), std::end(kNoMeaning), parameter) != std::end(kNoMeaning);
}

// The items of `{"device": device}`, `dict(device=device)`, or of a name that always holds such a dict: key and value.
std::optional<std::vector<std::pair<std::string, NodeId>>> Rewriter::known_items(NodeId dict) const {
    if (tree_[dict].kind == NodeKind::name) {
        const names::Binding& binding = names_[names_.binding(dict)];
        if (binding.kind != names::BindingKind::variable || !exists(binding.only_value) || binding.written_in_place) return std::nullopt;
        for (const NodeId load : binding.loads) {  // nobody else may change it
            const syntax::Node& around = tree_[tree_[load].parent];
            const bool spread = around.kind == NodeKind::keyword && around.has(syntax::Flag::double_star);
            const bool read = around.kind == NodeKind::subscript && exists(around.parent) && tree_[around.parent].kind != NodeKind::delete_;
            if (!spread && !read) return std::nullopt;
        }
        if (tree_[binding.only_value].kind == NodeKind::name) return std::nullopt;
        return known_items(binding.only_value);
    }
    std::vector<std::pair<std::string, NodeId>> items;
    if (tree_[dict].kind == NodeKind::dict) {
        for (const NodeId entry : tree_.children(dict)) {
            if (tree_[entry].kind != NodeKind::dict_entry) return std::nullopt;
            const NodeId key = tree_.child(entry, 0);
            if (tree_[key].kind != NodeKind::string || tree_[key].has(syntax::Flag::is_fstring)) return std::nullopt;
            items.emplace_back(rules::unescape(tree_[key].name), tree_.child(entry, 1));
        }
        return items;
    }
    if (tree_[dict].kind != NodeKind::call) return std::nullopt;
    const NodeId callee = tree_.child(dict, 0);
    if (tree_.text(callee) != "dict" || names_.binding(callee) != names::kNoBinding) return std::nullopt;
    for (const NodeId argument : tree_.children(dict).subspan(1)) {
        if (tree_[argument].kind != NodeKind::keyword || tree_[argument].has(syntax::Flag::double_star)) return std::nullopt;
        items.emplace_back(tree_[argument].name, tree_.child(argument, 0));
    }
    return items;
}

// What `**name` passes for one key: the value itself where it reads the same at the call, `name["key"]` otherwise.
Value Rewriter::item_value(NodeId dict, const std::string& key, NodeId value) {
    const NodeKind kind = tree_[value].kind;
    if (tree_[dict].kind != NodeKind::name) return value_of(value);
    bool same = kind == NodeKind::none_ || kind == NodeKind::true_ || kind == NodeKind::false_ || kind == NodeKind::integer ||
                kind == NodeKind::floating || kind == NodeKind::string;
    if (kind == NodeKind::name) {
        const names::Binding& binding = names_[names_.binding(value)];
        same = binding.stores.size() <= 1 && binding.scope == names_[names_.binding(dict)].scope && names_.binding(value) != names::kNoBinding;
    }
    if (same) return value_of(value);
    dicts_read_.insert(static_cast<std::uint32_t>(names_.binding(dict)));
    Value read = rules::code_value(std::string(tree_.text(dict)) + "[" + rules::python_string(key) + "]", Precedence::atom, fact(value).kind);
    read.fact = fact(value);
    read.fact.value = infer::kNoValue;
    return read;
}

// `factory_kwargs = {"device": device, "dtype": dtype}` goes when every use of it was spread into the calls.
void Rewriter::drop_spread_dicts() {
    for (const names::Binding& binding : names_.bindings) {
        if (!exists(binding.only_value) || binding.loads.empty() || dicts_read_.contains(static_cast<std::uint32_t>(&binding - names_.bindings.data()))) continue;
        const bool all = std::all_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) { return spread_.contains(syntax::index(load)); });
        if (!all) continue;
        const auto items = known_items(binding.only_value);
        const NodeId statement = tree_[binding.only_value].parent;
        const bool plain = exists(statement) && tree_[statement].kind == NodeKind::assign && tree_.children(statement).size() == 2;
        if (!items || !plain || removed_.contains(syntax::index(statement))) continue;
        if (std::all_of(items->begin(), items->end(), [&](const auto& item) { return is_trivial(item.second); })) remove_statement(statement);
    }
}

// act_layer(inplace=True): which class that is shows at run time only, and none of MLX's takes the flag. A class of the file that
// has such a parameter may be meant too; it is called by its default then, which is only about memory.
void Rewriter::drop_inplace(NodeId id) {
    const NodeId callee = tree_.child(id, 0);
    if (exists(tree_[id].parent) && tree_[tree_[id].parent].kind == NodeKind::expression_statement) return;  // it writes to its argument
    if (tree_[callee].kind == NodeKind::name) {
        if (names_.binding(callee) == names::kNoBinding) return;  // of a sample: a class of the file that it is for
        const names::BindingKind kind = names_[names_.binding(callee)].kind;
        if (kind == names::BindingKind::class_ || kind == names::BindingKind::function) return;
    }
    if (tree_[callee].kind == NodeKind::attribute && fact(callee).kind != infer::Kind::class_) {
        const NodeId around = tree_.class_of(id);
        const std::uint32_t index = exists(around) ? names_.class_at[syntax::index(around)] : 0;
        const bool own = index != 0 && tree_.text(tree_.child(callee, 0)) == "self";
        if (!own || exists(names::find_method(tree_, names_, index - 1, tree_[callee].name))) return;
    }
    if (fact(callee).kind == infer::Kind::module) return;  // it is called, not built
    drop_keywords(id, {"inplace"});
    if (is_construction_of_layer(id)) drop_keywords(id, {"device", "dtype"});
}

void Rewriter::drop_keywords(NodeId call, std::initializer_list<std::string_view> names) {
    const auto arguments = tree_.children(call).subspan(1);
    for (std::size_t at = 0; at < arguments.size(); ++at)
        if (tree_[arguments[at]].kind == NodeKind::keyword && std::find(names.begin(), names.end(), tree_[arguments[at]].name) != names.end()) drop_argument(call, at);
}

// `layer(dim, bias=False, device=device, dtype=dtype)`, whatever layer that is: no layer of MLX takes these two.
bool Rewriter::is_construction_of_layer(NodeId call) const {
    constexpr std::string_view kOfLayers[] = {"bias", "eps", "affine", "elementwise_affine", "kernel_size", "in_channels", "in_features", "num_features", "normalized_shape"};
    bool device = false, dtype = false, layer = fact(tree_.child(call, 0)).kind == infer::Kind::class_;
    for (const NodeId argument : tree_.children(call).subspan(1)) {
        if (tree_[argument].kind != NodeKind::keyword) continue;
        const std::string_view name = tree_[argument].name;
        device |= name == "device";
        dtype |= name == "dtype";
        layer |= std::find(std::begin(kOfLayers), std::end(kOfLayers), name) != std::end(kOfLayers);
    }
    return device && dtype && layer;
}

// self.norm(input=x): the layers of torch call their argument so, those of MLX otherwise.
void Rewriter::drop_input_keyword(NodeId call) {
    if (tree_.children(call).size() < 2) return;
    const infer::Fact& callee = fact(tree_.child(call, 0));
    const NodeId argument = tree_.child(call, 1);
    if (callee.kind != infer::Kind::module || callee.library_class == 0 || callee.class_index != 0) return;
    if (tree_[argument].kind != NodeKind::keyword || tree_[argument].name != "input") return;
    edits_.replace({tree_[argument].span.begin, tree_[tree_.child(argument, 0)].span.begin}, "", "input");
}

// Takes an argument and the comma beside it away.
void Rewriter::drop_argument(NodeId id, std::size_t at) {
    const auto arguments = tree_.children(id).subspan(1);
    const std::uint32_t begin = at == 0 ? tree_[tree_.child(id, 0)].span.end + 1 : tree_[arguments[at - 1]].span.end;
    base::Span gone{begin, tree_[arguments[at]].span.end};
    if (at == 0 && arguments.size() > 1) gone.end = tree_[arguments[1]].span.begin;
    drop_region(gone);
    edits_.replace(gone, "", "argument");
}

// init=nn.init.xavier_uniform_ writes to what it gets, and takes the options that the file passes to such values.
bool Rewriter::writing_value(NodeId at, const Entry& entry, std::string& text) {
    const catalogue::Body& body = catalogue_.body(entry);
    std::vector<rules::Actual> given{{{}, rules::code_value("x", Precedence::atom, infer::Kind::tensor), false, false}};
    std::string signature = "x";
    const auto parameters = body.tree.children(body.tree.child(body.node, 0));
    for (const NodeId parameter : parameters.subspan(std::min<std::size_t>(1, parameters.size()))) {
        const std::string_view name = body.tree[parameter].name;
        const NodeId otherwise = body.tree.child(parameter, 1);
        if (name.starts_with('_') || has_no_meaning(name) || !exists(otherwise) || !passes_to_value(name)) continue;
        given.push_back({name, rules::code_value(std::string(name)), false, false});
        signature += ", " + std::string(name) + "=" + std::string(body.tree.text(otherwise));
    }
    const rules::Outcome written = evaluator_.apply(entry, given, {});
    if (written.status != rules::Outcome::Status::expression) {
        refuse(Code::refused_arguments, at, "`" + std::string(entry.qualified) + "`, which writes to its argument, as a value: " + written.reason,
               "call it directly");
        return false;
    }
    text = "lambda " + signature + ": " + assign_helper() + "(x, " + leaves_.expand_locals(written.value.text) + ")";
    return true;
}

// A function of the library as a value: MLX's own where it is the same, else a lambda of one argument, else torch's signature.
bool Rewriter::function_value(NodeId at, const Entry& entry, std::string& text) {
    const catalogue::Body& body = catalogue_.body(entry);
    const std::vector<std::string> parameters = evaluator_.parameter_names(body);
    const bool single = std::all_of(parameters.begin() + std::min<std::ptrdiff_t>(1, std::ssize(parameters)), parameters.end(),
                                    [](const std::string& name) { return has_no_meaning(name) || name == "_stacklevel" || name == "out"; });
    const rules::Outcome one = evaluator_.apply(entry, {{{}, rules::code_value("x", Precedence::atom, infer::Kind::tensor), false, false}}, {});
    uses_mx_ = true;
    if (!entry.mutates.empty()) return writing_value(at, entry, text);
    if (one.status == rules::Outcome::Status::expression) {
        const std::string whole = leaves_.expand_locals(one.value.text);
        // partial(torch.cat, dim=-1): torch's keywords are bound, which MLX's own function does not know.
        const NodeId around = tree_[at].parent;
        const bool bound = tree_[around].kind == NodeKind::call && tree_.child(around, 0) != at &&
                           std::any_of(tree_.children(around).begin(), tree_.children(around).end(), [&](NodeId one) { return tree_[one].kind == NodeKind::keyword; }) &&
                           names::qualified_name(tree_, names_, tree_.child(around, 0)) == "functools.partial";
        const bool same = !bound && whole.ends_with("(x)") && whole.find_first_of("( ") == whole.size() - 3;
        if (same || single) {
            text = same ? whole.substr(0, whole.size() - 3) : "lambda x: " + whole;
            return true;
        }
    }
    const rules::Outcome function = evaluator_.function(entry);
    if (function.status != rules::Outcome::Status::expression) {
        refuse(Code::refused_arguments, at, "`" + std::string(entry.qualified) + "` as a value: " + function.reason, "call it directly");
        return false;
    }
    text = function.value.text;
    return true;
}

namespace {

bool is_member_module(std::string_view qualified) {
    constexpr std::string_view kModules[] = {"torch", "torch.fft", "torch.linalg", "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.special"};
    return std::find(std::begin(kModules), std::end(kModules), qualified) != std::end(kModules);
}

// f"Conv{n}d" fits "Conv2d": a hole stands for one digit, or for letters that begin no further word.
bool fits(std::string_view name, const std::vector<std::string>& pieces) {
    if (!name.starts_with(pieces[0]) || name.starts_with("Lazy")) return false;
    std::size_t at = pieces[0].size();
    for (std::size_t piece = 1; piece < pieces.size(); ++piece) {
        const bool last = piece + 1 == pieces.size();
        if (last && name.size() < at + pieces[piece].size()) return false;
        const std::size_t end = last ? name.size() - pieces[piece].size() : name.find(pieces[piece], at + 1);
        if (end == std::string_view::npos || !name.substr(end).starts_with(pieces[piece])) return false;
        const std::string_view hole = name.substr(at, end - at);
        if (hole.empty()) return false;
        const bool digit = std::isdigit(static_cast<unsigned char>(hole.back())) != 0;
        if (digit ? hole.size() != 1 : at > 0 && std::any_of(hole.begin(), hole.end(), [](unsigned char letter) { return std::isupper(letter); })) return false;
        at = end + pieces[piece].size();
    }
    return true;
}

// Members that stand for each other where a name chooses.
constexpr std::string_view kActivationLayers[] = {"CELU", "ELU",  "GELU",  "Hardswish", "Hardtanh", "Identity", "LeakyReLU", "Mish", "PReLU",
                                                  "ReLU", "ReLU6", "SELU", "SiLU",      "Sigmoid",  "Softplus", "Softsign",  "Tanh"};
constexpr std::string_view kActivations[] = {"elu", "gelu", "hardswish", "hardtanh", "leaky_relu", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softplus", "softsign", "tanh"};
constexpr std::string_view kWindows[] = {"bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"};
struct Family {
    std::string_view module;
    std::span<const std::string_view> members;
};
constexpr Family kFamilies[] = {{"torch.nn", kActivationLayers}, {"torch.nn.functional", kActivations}, {"torch", kWindows}};

std::vector<std::string> literal_pieces(std::string_view text) {
    const std::size_t open = text.find_first_of("\"'");
    if (open == std::string_view::npos || text.size() < open + 2) return {};
    text = text.substr(open + 1, text.size() - open - 2);
    std::vector<std::string> pieces{{}};
    int depth = 0;
    for (const char letter : text) {
        if (letter == '{') {
            if (depth++ == 0) pieces.emplace_back();
        } else if (letter == '}') {
            --depth;
        } else if (depth == 0) {
            pieces.back() += letter;
        }
    }
    return pieces;
}

}  // namespace

// The patterns that a name may have been made by: f"Conv{n}d" and "Conv{}d".format(n), also where it is a variable.
std::vector<std::vector<std::string>> Rewriter::name_patterns(NodeId name) const {
    std::vector<NodeId> made{name};
    if (tree_[name].kind == NodeKind::name) {
        made.clear();
        for (const NodeId store : names_[names_.binding(name)].stores)
            if (tree_[tree_[store].parent].kind == NodeKind::assign) made.push_back(tree_.child(tree_[store].parent, 0));
    }
    std::vector<std::vector<std::string>> patterns;
    for (NodeId text : made) {
        bool holes = tree_[text].has(syntax::Flag::is_fstring);
        if (tree_[text].kind == NodeKind::call && tree_[tree_.child(text, 0)].kind == NodeKind::attribute && tree_[tree_.child(text, 0)].name == "format") {
            text = tree_.child(tree_.child(text, 0), 0);
            holes = true;
        }
        if (tree_[text].kind != NodeKind::string || !holes) continue;
        std::vector<std::string> pieces = literal_pieces(tree_.text(text));
        if (pieces.size() > 1) patterns.push_back(std::move(pieces));
    }
    return patterns;
}

// The members that `getattr(nn, name)` can mean: by the patterns of the name, or by the literals of the file.
std::vector<const Entry*> Rewriter::members(std::string_view module, NodeId name) const {
    const std::string prefix = std::string(module) + ".";
    const auto patterns = name_patterns(name);
    std::set<std::string> wanted;
    if (patterns.empty()) {
        for (std::uint32_t number = 1; number < tree_.size(); ++number)
            if (tree_[NodeId{number}].kind == NodeKind::string && !tree_[NodeId{number}].has(syntax::Flag::is_fstring))
                wanted.insert(rules::unescape(tree_[NodeId{number}].name));
    }
    const auto meant = [&](std::string_view member) {
        if (patterns.empty()) return wanted.contains(std::string(member));
        return std::any_of(patterns.begin(), patterns.end(), [&](const auto& pieces) { return fits(member, pieces); });
    };
    std::vector<const Entry*> found;
    for (const Entry& entry : catalogue_.entries()) {
        if (!entry.qualified.starts_with(prefix)) continue;
        const std::string_view member = entry.qualified.substr(prefix.size());
        if (member.find_first_of(".*") != std::string_view::npos) continue;
        const bool callable = entry.kind == EntryKind::rule || entry.kind == EntryKind::module_ || entry.kind == EntryKind::definition;
        if (!callable || !meant(member)) continue;
        if (found.empty() || found.back()->qualified != entry.qualified) found.push_back(&entry);
    }
    return found;
}

// `getattr(torch.nn, nonlinear_activation)` of which nothing tells the name, or the file names one only, a default: any of its family.
std::vector<const Entry*> Rewriter::family(std::string_view module, NodeId name, const Entry* one) const {
    const std::string_view text = tree_.text(name);
    for (const Family& of : kFamilies) {
        if (of.module != module) continue;
        const bool member = one != nullptr && std::find(of.members.begin(), of.members.end(), one->qualified.substr(module.size() + 1)) != of.members.end();
        const bool said = one == nullptr && module == "torch.nn" && (text.find("act") != std::string_view::npos || text.find("nonlinear") != std::string_view::npos);
        if (!member && !said) continue;
        std::vector<const Entry*> found;
        for (const std::string_view word : of.members)
            if (const Entry* entry = catalogue_.find(std::string(module) + "." + std::string(word))) found.push_back(entry);
        return found;
    }
    return {};
}

// hasattr(self, "cache") of an attribute that has another name here
void Rewriter::attribute_by_name(NodeId call) {
    const auto children = tree_.children(call);
    if (children.size() < 3 || names_.binding(children[0]) != names::kNoBinding || tree_[children[2]].kind != NodeKind::string) return;
    const std::string_view builtin = tree_.text(children[0]);
    if (builtin != "hasattr" && builtin != "getattr" && builtin != "setattr" && builtin != "delattr") return;
    const std::string fresh = renamed(children[1], rules::unescape(tree_[children[2]].name));
    if (!fresh.empty()) edits_.replace(tree_[children[2]].span, rules::python_string(fresh), "attribute");
}

// hasattr(F, "scaled_dot_product_attention"), "sinc" in dir(torch): true of what the catalogue converts.
bool Rewriter::asks_for_member(NodeId call) {
    const auto children = tree_.children(call);
    if (children.size() < 2 || names_.binding(children[0]) != names::kNoBinding || !is_member_module(names::qualified_name(tree_, names_, children[1]))) return false;
    NodeId asked = call, name = syntax::kNoNode;
    if (tree_.text(children[0]) == "hasattr" && children.size() == 3) {
        name = children[2];
    } else if (tree_.text(children[0]) == "dir" && children.size() == 2 && tree_[tree_[call].parent].kind == NodeKind::compare) {
        asked = tree_[call].parent;
        if (tree_[asked].op == syntax::Op::in && tree_.children(asked).size() == 2) name = tree_.child(asked, 0);
    }
    if (!exists(name) || tree_[name].kind != NodeKind::string) return false;
    const std::string member = names::canonical_name(names::qualified_name(tree_, names_, children[1]) + "." + rules::unescape(tree_[name].name));
    const Entry* entry = catalogue_.find(member);
    if (entry == nullptr || entry->kind == EntryKind::never) return false;
    drop_region(tree_[asked].span);
    put(asked, "True", Precedence::atom, "hasattr");
    return true;
}

// getattr(nn, name)  ->  {"ReLU": nn.ReLU, "Tanh": nn.Tanh}[name]
bool Rewriter::member_by_name(NodeId call) {
    const auto children = tree_.children(call);
    if (children.size() < 3 || children.size() > 4 || tree_.text(children[0]) != "getattr" || names_.binding(children[0]) != names::kNoBinding) return false;
    const std::string module = names::qualified_name(tree_, names_, children[1]);
    if (!is_member_module(module)) return false;
    const Value name = value_of(children[2]);
    drop_region(tree_[children[1]].span);
    if (const std::string* literal = name.string()) {
        const std::string qualified = names::canonical_name(module + "." + *literal);
        if (!constant(call, qualified))
            refuse(Code::no_entry, call, "`" + qualified + "` has no entry in the catalogue", "write it with operations that have one, or add an entry (docs/extending/add-an-api.md)");
        return true;
    }
    std::vector<const Entry*> found = members(module, children[2]);
    if (found.empty() || (found.size() == 1 && name_patterns(children[2]).empty())) {
        const std::vector<const Entry*> all = family(module, children[2], found.empty() ? nullptr : found[0]);
        if (!all.empty()) found = all;
    }
    if (found.empty() || found.size() > 40) {
        refuse(Code::no_entry, call, "which member of `" + module + "` is meant is only known at run time",
               "choose among the members by name: `{\"relu\": F.relu}[name]`");
        return true;
    }
    std::vector<std::pair<std::string, std::string>> items;
    bool layout = false;
    for (const Entry* entry : found) {
        std::string text;
        if (entry->kind == EntryKind::rule) {
            if (!function_value(call, *entry, text)) return true;
        } else {
            const Entry* other = definition_for_value(entry->qualified);
            text = class_text(other != nullptr ? *other : *entry);
            // A class of the catalogue may take other arguments than torch's: `Pad` for `ReflectionPad3d`.
            const bool own = other == nullptr && entry->kind == EntryKind::module_ && !text.starts_with(output_.nn + ".");
            const rules::Outcome made = own ? evaluator_.function(*entry) : rules::Outcome{};
            if (own && made.status == rules::Outcome::Status::expression) text = made.value.text;
        }
        if (text.starts_with(output_.nn + ".")) emissions_.uses_nn = true;
        layout = layout || !entry->weights.empty();
        items.emplace_back(std::string(entry->qualified.substr(module.size() + 1)), std::move(text));
    }
    if (layout) mark_layout(call);
    std::string table;
    if (items.size() <= 4) {
        for (const auto& [key, text] : items) table += (table.empty() ? "{" : ", ") + rules::python_string(key) + ": " + text;
        table += "}";
    } else {
        std::string lines = "\x03 = {\n";
        for (const auto& [key, text] : items) lines += "    " + rules::python_string(key) + ": " + text + ",\n";
        table = emissions_.helper(module == "torch.nn" ? "layers" : "functions", lines + "}\n", "names");
    }
    const std::string key = rendered(children[2]);
    const std::string otherwise = children.size() == 4 ? ".get(" + key + ", " + rendered(children[3]) + ")" : "[" + key + "]";
    put(call, table + otherwise, Precedence::atom, module);
    return true;
}

}  // namespace mlxify::rewrite
