// Names, attributes and subscripts that are not called.
#include <algorithm>

#include <fmt/format.h>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

using catalogue::Entry;
using catalogue::EntryKind;

namespace {

// Attributes that an mx.array has with torch's meaning.
constexpr std::string_view kSharedAttributes[] = {"shape", "dtype", "ndim", "T", "real", "imag", "itemsize", "nbytes"};

}  // namespace

// The MLX class that stands for a module class: of a definition its name, of a constructor rule the class that it constructs.
std::string Rewriter::class_text(const Entry& entry) {
    if (entry.kind == EntryKind::definition) return evaluator_.require_definition(entry);
    const catalogue::Body& body = catalogue_.body(entry);
    for (std::uint32_t number = 1; number < body.tree.size(); ++number) {
        const NodeId id{number};
        if (body.tree[id].kind != NodeKind::return_ || !exists(body.tree.child(id, 0))) continue;
        const NodeId value = body.tree.child(id, 0);
        if (body.tree[value].kind != NodeKind::call) continue;
        const NodeId callee = body.tree.child(value, 0);
        std::string text(body.tree.text(callee));
        if (body.tree[callee].kind == NodeKind::name) {
            for (const Entry& other : catalogue_.entries())
                if (other.kind == EntryKind::definition && other.file == entry.file && catalogue_.body(other).name == text)
                    return evaluator_.require_definition(other);
        }
        if (text.starts_with("nn.")) return output_.nn + text.substr(2);
        if (text.starts_with("mx.")) return output_.mx + text.substr(2);
        return text;
    }
    return {};
}

// Whether the class that a constructor rule names is used with nothing but what torch's takes, for some arguments at least:
//   return nn.MaxPool2d(kernel_size, stride=stride)        and not: return Pad(padding, 2, mode="reflect")
bool Rewriter::passes_arguments_on(const Entry& entry) {
    const catalogue::Body& body = catalogue_.body(entry);
    bool any = false;
    for (std::uint32_t number = 1; number < body.tree.size(); ++number) {
        const NodeId id{number};
        if (body.tree[id].kind != NodeKind::return_ || !exists(body.tree.child(id, 0)) || body.tree[body.tree.child(id, 0)].kind != NodeKind::call) continue;
        const auto arguments = body.tree.children(body.tree.child(id, 0)).subspan(1);
        const bool adds = std::any_of(arguments.begin(), arguments.end(), [&](NodeId argument) {
            const NodeKind kind = body.tree[body.tree[argument].kind == NodeKind::keyword ? body.tree.child(argument, 0) : argument].kind;
            return kind == NodeKind::integer || kind == NodeKind::string || kind == NodeKind::true_;
        });
        if (!adds) return true;
        any = true;
    }
    return !any;
}

// The argument of `x.type(...)`.
bool Rewriter::is_type_argument(NodeId id) const {
    const NodeId parent = tree_[id].parent;
    if (!exists(parent) || tree_[parent].kind != NodeKind::call || tree_.child(parent, 0) == id) return false;
    const NodeId callee = tree_.child(parent, 0);
    return tree_[callee].kind == NodeKind::attribute && tree_[callee].name == "type";
}

// A context that is entered elsewhere: self.context = partial(torch.autocast, "cuda")
bool Rewriter::is_context_kept(NodeId id) const {
    NodeId value = id, holder = tree_[id].parent;
    for (; exists(holder) && (tree_[holder].kind == NodeKind::call || tree_[holder].kind == NodeKind::conditional); value = holder, holder = tree_[holder].parent)
        if (tree_[holder].kind == NodeKind::call && tree_.child(holder, 0) == value) return false;
    if (!exists(holder)) return false;
    if (tree_[holder].kind == NodeKind::return_) return true;
    return tree_[holder].kind == NodeKind::assign && tree_.child(holder, 0) == value && tree_[tree_.child(holder, 1)].kind == NodeKind::attribute;
}

// A qualified name that is used as a value. False if nothing is known of it.
bool Rewriter::constant(NodeId id, std::string_view qualified) {
    const Entry* entry = entry_of(qualified);
    const bool usual = entry == catalogue_.find(qualified);
    for (const Entry& alternative : catalogue_.alternatives(usual ? qualified : std::string_view{}))  // `torch.Tensor` is a type here, though it can be called too
        if ((alternative.kind == EntryKind::constant || alternative.kind == EntryKind::definition) && alternative.argument.empty()) entry = &alternative;
    if (const Entry* other = other_definition(id, qualified, usual ? std::string(qualified) : layout::channels_last_name(qualified))) entry = other;
    if (!entry) return false;
    std::string text;
    switch (entry->kind) {
    case EntryKind::constant: {
        text = std::string(entry->target);
        if (text.starts_with('(') && is_annotation(id)) text = "nn.Module";  // one of several classes
        if (is_type_argument(id))  // x.type(torch.LongTensor)
            if (const Entry* dtype = catalogue_.find(std::string(qualified) + ".dtype")) text = std::string(dtype->target);
        if (text.starts_with("mx.")) text = output_.mx + text.substr(2), uses_mx_ = true;
        else if (text.starts_with("nn.")) text = output_.nn + text.substr(2), emissions_.uses_nn = true;
        else if (text.starts_with("math.")) emissions_.uses_math = true;
        if (qualified == "torch.float64" || qualified == "torch.double")
            assumptions_.push_back("float64 is computed in float32 (line " + std::to_string(source_.position(tree_[id].span.begin).line) + ")");
        break;
    }
    case EntryKind::definition:
    case EntryKind::module_:
        text = tested_class(id, *entry);
        if (text.empty()) text = base_text(id, *entry);
        if (text.empty() && entry->kind == EntryKind::module_ && tree_[tree_[id].parent].kind != NodeKind::class_def && !passes_arguments_on(*entry))
            if (const rules::Outcome maker = evaluator_.function(*entry); maker.status == rules::Outcome::Status::expression) text = maker.value.text;
        if (text.empty()) text = class_text(*entry);
        if (!entry->weights.empty()) mark_layout(id);
        break;
    case EntryKind::rule:  // `act = F.relu`
        if (function_value(id, *entry, text)) put(id, text, text.starts_with("lambda") ? Precedence::lambda : Precedence::atom, qualified);
        return true;
    case EntryKind::never:
        if (untyped(id)) return true;
        if (qualified.starts_with("torch.distributed.") && tree_[tree_[id].parent].kind == NodeKind::conditional && tree_.child(tree_[id].parent, 1) != id) {
            remark(Code::not_converted, id, "`" + std::string(qualified) + "` has no form in MLX: where it is called, an error says so");
            text = evaluator_.require_definition(*catalogue_.find("mlxify.unavailable")) + "(" + rules::python_string(qualified) + ")";
            break;
        }
        refuse(Code::considered_no, id, "`" + std::string(qualified) + "` cannot be converted: " + std::string(entry->target), std::string(entry->suggest));
        return true;
    case EntryKind::keep: return true;
    case EntryKind::dissolve:
        if (entry->stops_gradient || !is_context_kept(id)) return true;
        text = evaluator_.require_definition(*catalogue_.find("mlxify.no_context"));
        break;
    default: return true;
    }
    if (text.starts_with(output_.nn + ".")) emissions_.uses_nn = true;
    if (text.starts_with(output_.mx + ".")) uses_mx_ = true;
    if (!text.empty()) put(id, text, Precedence::atom, qualified);
    return true;
}

void Rewriter::name(NodeId id) {
    const NodeId parent = tree_[id].parent;
    if (exists(parent)) {
        const syntax::Node& around = tree_[parent];
        if (around.kind == NodeKind::attribute) return;  // judged with the chain
        if (around.kind == NodeKind::call && tree_.child(parent, 0) == id) return;
        if (around.kind == NodeKind::alias || around.kind == NodeKind::global_ || around.kind == NodeKind::nonlocal_) return;
        const bool stored = (around.kind == NodeKind::assign && tree_.child(parent, 0) != id);
        if (stored) return;
    }
    const names::BindingId binding = names_.binding(id);
    if (binding == names::kNoBinding && fact(id).kind == infer::Kind::dtype) {  // torch.ones(3, dtype=bool)
        constant(id, "torch." + std::string(infer::dtype_name(fact(id).dtype)));
        return;
    }
    if (binding == names::kNoBinding || names_[binding].kind != names::BindingKind::import_) return;
    const std::string qualified = names::qualified_name(tree_, names_, id);
    if (qualified.empty()) return;
    if (exists(parent) && tree_[parent].kind == NodeKind::decorator) return;
    if (constant(id, qualified)) return;
    if (is_watched(qualified) && qualified.find('.') != std::string::npos && !qualified.starts_with("typing")) {
        // A bare module (`torch`) as a value is caught where it is used.
        if (untyped(id)) return;
        refuse(Code::no_entry, id, "`" + qualified + "` has no entry in the catalogue", "write it with operations that have one, or add an entry");
    }
}

bool is_dict_method(std::string_view name) {
    constexpr std::string_view kMethods[] = {"clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values", "add_module"};
    return std::find(std::begin(kMethods), std::end(kMethods), name) != std::end(kMethods);
}

std::string Rewriter::renamed(NodeId attribute) const { return renamed(tree_.child(attribute, 0), tree_[attribute].name); }

// The name in the converted file of what `object`, a module of the file, calls `name`; empty: the same.
std::string Rewriter::renamed(NodeId object, std::string_view name) const {
    std::uint32_t wanted = fact(object).class_index;
    const bool super = tree_[object].kind == NodeKind::call && tree_.text(tree_.child(object, 0)) == "super";
    if (wanted == 0 && (super || (tree_[object].kind == NodeKind::name && tree_[object].name == "self"))) {
        const NodeId around = tree_.class_of(object);
        if (exists(around)) wanted = names_.class_at[syntax::index(around)];
    }
    const bool nothing_known = fact(object).kind == infer::Kind::unknown || (fact(object).kind == infer::Kind::module && fact(object).library_class == 0);
    if (wanted == 0) return tree_[object].kind == NodeKind::subscript && nothing_known ? renamed_everywhere(name) : std::string{};
    const std::string* renamed = class_rename(wanted - 1, name);
    return renamed ? *renamed : std::string{};
}

// `layers[-1].degrees` of an item that nothing is known of: the name that every module of the file with such an attribute gives it.
std::string Rewriter::renamed_everywhere(std::string_view name) const {
    std::string fresh;
    for (std::size_t index = 0; index < renames_.size(); ++index) {
        const auto own = renames_[index].attributes.find(name);
        if (own == renames_[index].attributes.end()) continue;
        if (!fresh.empty() && fresh != own->second) return {};
        fresh = own->second;
    }
    if (fresh.empty()) return {};
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {  // a class that keeps the name
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::attribute || tree_[id].name != name || tree_.text(tree_.child(id, 0)) != "self") continue;
        const NodeId around = tree_.class_of(id);
        const std::uint32_t index = exists(around) ? names_.class_at[syntax::index(around)] : 0;
        if (index != 0 && class_rename(index - 1, name) == nullptr) return {};
    }
    return fresh;
}

bool Rewriter::is_sequential(NodeId id) const {
    const infer::Fact& known = fact(id);
    return known.kind == infer::Kind::module && known.library_class != 0 && facts_.library_names[known.library_class] == "torch.nn.Sequential";
}

// `self.parts.wte` of a ModuleDict, which is a dictionary in MLX.
bool Rewriter::is_member_of_dict(NodeId object, std::string_view name) const {
    const infer::Fact& known = fact(object);
    if (known.kind != infer::Kind::module || known.library_class == 0 || known.class_index != 0) return false;
    const std::string& library = facts_.library_names[known.library_class];
    if (library != "torch.nn.ModuleDict" && library != "torch.nn.ParameterDict") return false;
    return !catalogue_.find("torch.nn.Module." + std::string(name)) && !catalogue_.find(library + "." + std::string(name)) && !is_dict_method(name);
}

// checkpoint(self.block.forward, x)  ->  self.block(x);  signature(net.forward)  ->  signature(net.__call__)
bool Rewriter::forward_as_value(NodeId id) {
    const NodeId object = tree_.child(id, 0);
    const NodeId parent = tree_[id].parent;
    if (tree_[id].name != "forward" || !exists(parent)) return false;
    const bool passed = tree_[parent].kind == NodeKind::call;
    const bool stored = (tree_[parent].kind == NodeKind::assign && tree_.child(parent, 0) != id) || tree_[parent].kind == NodeKind::delete_;
    if (stored) return false;
    const bool described = passed && tree_.text(tree_.child(parent, 0)).ends_with("signature");
    const infer::Fact& known = fact(object);
    const bool own = known.class_index != 0;
    if (own && (names_.classes[known.class_index - 1].is_autograd_function || !names_.classes[known.class_index - 1].is_module)) return false;
    const bool module = known.kind == infer::Kind::module || (known.kind == infer::Kind::class_ && own) || (known.kind == infer::Kind::unknown && described);
    if (!module) return false;
    if (passed && !described && known.kind == infer::Kind::module) edits_.replace({tree_[object].span.end, tree_[id].span.end}, "", "forward");
    else edits_.replace(tree_[id].name_span, "__call__", "forward");
    return true;
}

// x.dtype.itemsize, torch.finfo(x.dtype).tiny and the same of a name: what tells of the numbers of a dtype.
const Entry* Rewriter::attribute_of_numbers(NodeId object, std::string_view name) const {
    std::string owner = fact(object).kind == infer::Kind::dtype ? "torch.dtype" : "";
    NodeId made = object;
    if (tree_[object].kind == NodeKind::name && names_.binding(object) != names::kNoBinding) made = names_[names_.binding(object)].only_value;
    if (exists(made) && tree_[made].kind == NodeKind::call) {
        const std::string callee = names::qualified_name(tree_, names_, tree_.child(made, 0));
        if (callee == "torch.finfo" || callee == "torch.iinfo") owner = callee;
    }
    const Entry* entry = owner.empty() ? nullptr : catalogue_.find(owner + "." + std::string(name));
    return entry && entry->kind == EntryKind::attribute ? entry : nullptr;
}

void Rewriter::attribute(NodeId id) {
    const syntax::Node& node = tree_[id];
    const NodeId parent = node.parent;
    const bool callee = exists(parent) && tree_[parent].kind == NodeKind::call && tree_.child(parent, 0) == id;
    const NodeId object = tree_.child(id, 0);
    if (const std::string fresh = renamed(id); !fresh.empty()) edits_.replace(node.name_span, fresh, "attribute");
    else if (const auto method = renamed_methods_.find(node.name); callee && method != renamed_methods_.end() && fact(object).kind == infer::Kind::unknown &&
             names::qualified_name(tree_, names_, object).empty())
        refuse(Code::renamed_attribute, id,
               fmt::format("`{0}` may be the method of `{1}`, which gets another name: MLX's modules have a method `{0}` of their own", node.name, method->second),
               "give the method another name in the original");
    if (is_member_of_dict(object, node.name)) {
        edits_.replace({tree_[object].span.end, node.span.end}, "[" + rules::python_string(node.name) + "]", "torch.nn.ModuleDict");
        return;
    }
    if (callee || forward_as_value(id)) return;
    if (node.name == "saved_variables" && is_autograd_context(object)) {
        edits_.replace(node.name_span, "saved_tensors", "torch.autograd.Function");
        return;
    }
    if (exists(parent) && tree_[parent].kind == NodeKind::decorator) return;
    if (absorbed_.contains(syntax::index(id))) {  // x.max(-1).values
        put(id, rendered(object), precedence_of(object), "field");
        return;
    }
    if (tree_[object].kind == NodeKind::name) {  // r = x.max(-1); r.values
        const auto result = named_results_.find(static_cast<std::uint32_t>(names_.binding(object)));
        const auto place = result == named_results_.end() ? std::nullopt : field_place(result->second, node.name);
        if (place) {
            edits_.replace({tree_[object].span.end, node.span.end}, "[" + std::to_string(*place) + "]", "field");
            return;
        }
    }
    std::string qualified = names::qualified_name(tree_, names_, id);
    if (!qualified.empty()) {
        const bool part_of_chain = exists(parent) && tree_[parent].kind == NodeKind::attribute;
        if (part_of_chain && !catalogue_.find(qualified)) return;
        if (part_of_chain && !names::qualified_name(tree_, names_, parent).empty() && catalogue_.find(names::qualified_name(tree_, names_, parent))) return;
        if (constant(id, qualified)) return;
        if (is_watched(qualified) && !untyped(id))
            refuse(Code::no_entry, id, "`" + qualified + "` has no entry in the catalogue", "write it with operations that have one, or add an entry (docs/extending/add-an-api.md)");
        return;
    }
    const bool stored = exists(parent) && ((tree_[parent].kind == NodeKind::assign && tree_.child(parent, 0) != id) ||
                                           ((tree_[parent].kind == NodeKind::aug_assign || tree_[parent].kind == NodeKind::ann_assign) && tree_.child(parent, 0) == id) ||
                                           tree_[parent].kind == NodeKind::delete_);
    const infer::Fact& known = fact(object);
    if (stored && node.name != "data" && node.name != "requires_grad") return;
    if (const Use use = use_of_kernel(id); use != Use::none) {
        const bool turned = facts_.library_names[known.library_class].starts_with("torch.nn.ConvTranspose");
        const Entry* kernel = catalogue_.find(turned ? "mlxify.torch.nn.ConvTranspose.weight" : "mlxify.torch.nn.Conv.weight");
        if (use == Use::number_written) return;  // the subscript around it gives the index MLX's order
        if (use == Use::written) {
            refuse(Code::indexing_refused, id, "a write to a part of a convolution's kernel, whose axes have another order in MLX",
                   "write a number at integers and slices, or assign a whole kernel");
        } else {
            finish(id, evaluator_.apply(*kernel, {{{}, value_of(object), false, false}}, {}).value, kernel->qualified);
            uses_mx_ = true;
        }
        return;
    }
    const auto by_entry = [&](const Entry& entry) {
        const rules::Outcome outcome = evaluator_.apply(entry, {{{}, value_of(object), false, false}}, {});
        if (outcome.status == rules::Outcome::Status::expression) finish(id, outcome.value, entry.qualified);
    };
    // A layer without bias has none in MLX, and None in torch.
    if (!stored && known.kind == infer::Kind::module && is_optional_weight(id)) return by_entry(*catalogue_.find("torch.nn.Module." + std::string(node.name)));
    if (!stored && node.name == "_modules" && (known.kind == infer::Kind::module || tree_.text(object) == "self"))
        return by_entry(*catalogue_.find("torch.nn.Module._modules"));
    if (known.kind == infer::Kind::module && known.library_class != 0) {
        if (tree_.text(object) == "self" && own_weight_bases_.contains(syntax::index(tree_.class_of(id)))) return;
        const Entry* own = catalogue_.find(facts_.library_names[known.library_class] + "." + std::string(node.name));
        if (own && own->kind == EntryKind::attribute && !stored) by_entry(*own);
        return;
    }
    if (!stored && is_size_of_any_layer(id)) return by_entry(*catalogue_.find("torch.nn.Module." + std::string(node.name)));
    const bool named = node.name == "data" && exists(parent) && tree_[parent].kind == NodeKind::assign && tree_[tree_.child(parent, 1)].kind == NodeKind::name;
    if (node.name == "data" && !stored && (is_passed_to_be_written(id) || (named && is_written_to(tree_.child(parent, 1))))) {
        put(id, rendered(object), precedence_of(object), "torch.Tensor.data");
        return;
    }
    if (const Entry* entry = stored ? nullptr : attribute_of_numbers(object, node.name)) return by_entry(*entry);
    const bool tensor = known.kind == infer::Kind::tensor;
    const bool maybe = known.kind == infer::Kind::unknown && (node.name == "device" || node.name == "is_cuda" || node.name == "requires_grad" || node.name == "mT");
    if (!tensor && !maybe) return;
    if (stored) return;  // `w.data = ...`: the assignment looks at it
    if (node.name == "requires_grad" && loops_over_parameters(object)) {  // MLX's loop goes over those that are trained
        put(id, "True", Precedence::atom, "requires_grad");
        return;
    }
    if (node.name == "requires_grad" && tree_[object].kind == NodeKind::attribute) {  // a weight is trained if its module says so
        const std::string fresh = renamed(object);
        const std::string key = rules::python_string(fresh.empty() ? tree_[object].name : std::string_view(fresh));
        put(id, key + " in " + rendered(tree_.child(object, 0)) + ".trainable_parameters()", Precedence::compare, "requires_grad");
        return;
    }
    if (node.name == "requires_grad") {
        if (!tensor) {  // a weight, perhaps
            refuse(Code::considered_no, id, "`Tensor.requires_grad` cannot be converted: an array does not know whether it is trained",
                   "ask the module: `trainable_parameters()`, `freeze()`, `unfreeze()`");
            return;
        }
        assumptions_.push_back("arrays are differentiated where that is asked (line " + std::to_string(source_.position(tree_[id].span.begin).line) + ")");
    }
    if (std::find(std::begin(kSharedAttributes), std::end(kSharedAttributes), node.name) != std::end(kSharedAttributes) && node.name != "T") return;
    const Entry* entry = catalogue_.find("torch.Tensor." + std::string(node.name));
    if (entry && entry->kind == EntryKind::attribute) {
        const rules::Outcome outcome = evaluator_.apply(*entry, {{{}, value_of(object), false, false}}, {});
        if (outcome.status != rules::Outcome::Status::expression) {
            refuse(Code::refused_arguments, id, "`Tensor." + std::string(node.name) + "`: " + outcome.reason, outcome.suggestion);
            return;
        }
        finish(id, outcome.value, entry->qualified);
        return;
    }
    if (entry && entry->kind == EntryKind::never) {
        refuse(Code::considered_no, id, "`Tensor." + std::string(node.name) + "` cannot be converted: " + std::string(entry->target), std::string(entry->suggest));
        return;
    }
    const bool shared = std::find(std::begin(kSharedAttributes), std::end(kSharedAttributes), node.name) != std::end(kSharedAttributes);
    if (tensor && !shared && !entry)
        refuse(Code::no_entry, id, "`Tensor." + std::string(node.name) + "` has no entry in the catalogue", "write it with operations that have one, or add an entry");
}

// head.in_features, self.pool.proj.out_features of what is a layer, perhaps: which one shows at run time.
bool Rewriter::is_size_of_any_layer(NodeId id) const {
    constexpr std::string_view kSizes[] = {"out_channels", "in_channels", "in_features", "out_features"};
    if (std::find(std::begin(kSizes), std::end(kSizes), tree_[id].name) == std::end(kSizes)) return false;
    const NodeId object = tree_.child(id, 0);
    const infer::Fact& known = fact(object);
    if (known.kind == infer::Kind::module) return known.class_index == 0 && known.library_class == 0;
    if (known.kind != infer::Kind::unknown) return false;
    // self.pool.proj: an attribute of an attribute, neither of them a configuration
    constexpr std::string_view kConfigurations[] = {"cfg", "conf", "args", "opt", "param", "hp", "info", "spec"};
    const std::string text(tree_.text(object));
    const bool chain = tree_[object].kind == NodeKind::attribute && tree_[tree_.child(object, 0)].kind == NodeKind::attribute && text.starts_with("self.");
    return chain && std::none_of(std::begin(kConfigurations), std::end(kConfigurations), [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

// `x[places, :] = y` is `x[places] = y`: MLX gives no gradient of a store by an array before a slice.
void Rewriter::drop_whole_axes(std::vector<NodeId>& parts) {
    const auto is_whole = [&](NodeId part) { return tree_[part].kind == NodeKind::ellipsis || (tree_[part].kind == NodeKind::slice && tree_.text(part) == ":"); };
    std::size_t kept = parts.size();
    while (kept > 1 && is_whole(parts[kept - 1])) --kept;
    const std::span<const NodeId> front(parts.data(), kept);
    const auto may_be_array = [&](NodeId part) {
        const infer::Kind kind = fact(part).kind;
        return tree_[part].kind != NodeKind::slice && (kind == infer::Kind::tensor || kind == infer::Kind::unknown || kind == infer::Kind::list);
    };
    const auto is_ellipsis = [&](NodeId part) { return tree_[part].kind == NodeKind::ellipsis; };
    if (kept == parts.size() || std::any_of(front.begin(), front.end(), is_ellipsis) || std::none_of(front.begin(), front.end(), may_be_array)) return;
    edits_.replace({tree_[parts[kept - 1]].span.end, tree_[parts.back()].span.end}, "", "index");
    parts.resize(kept);
}

void Rewriter::subscript(NodeId id) {
    if (turn_slices(id)) return;
    index_shape(id);
    const NodeId object = tree_.child(id, 0);
    const NodeId index = tree_.child(id, 1);
    if (names::qualified_name(tree_, names_, object).starts_with("jaxtyping.")) {  // Float[torch.Tensor, "b n d"]
        const NodeId annotated = tree_[index].kind == NodeKind::tuple ? tree_.child(index, 0) : index;
        drop_region(tree_[object].span);
        put(id, rendered(annotated), precedence_of(annotated), "jaxtyping");
        return;
    }
    if (absorbed_.contains(syntax::index(id))) {  // x.max(-1)[0]
        put(id, rendered(object), precedence_of(object), "field");
        return;
    }
    if (names::qualified_name(tree_, names_, object) == "torch.jit.Final") {  // heads: torch.jit.Final[int]
        put(id, rendered(index), precedence_of(index), "torch.jit.Final");
        return;
    }
    if (is_sequential(object)) {
        edits_.insert(tree_[object].span.end, ".layers", "torch.nn.Sequential");
        if (tree_[index].kind == NodeKind::slice)  // a slice of a Sequential is a Sequential
            put(id, output_.nn + ".Sequential(*" + rendered(id) + ")", Precedence::atom, "torch.nn.Sequential"), emissions_.uses_nn = true;
        return;
    }
    if (!exists(index)) return;
    numbers_in_slices(index);
    if (write_into_kernel(id)) return;
    const infer::Fact& place = fact(index);
    if ((fact(object).kind == infer::Kind::list || fact(object).kind == infer::Kind::tuple) && place.kind == infer::Kind::tensor && place.rank > 0) {
        put(index, rendered(index) + ".item()", Precedence::atom, "index");  // of one element: torch takes it for a number
        return;
    }
    if (fact(object).kind != infer::Kind::tensor) return;
    const NodeId parent = tree_[id].parent;
    const bool stored = exists(parent) && (tree_[parent].kind == NodeKind::assign || tree_[parent].kind == NodeKind::aug_assign) &&
                        tree_.child(parent, tree_[parent].kind == NodeKind::assign ? 1 : 0) == id;
    std::vector<NodeId> parts{index};
    if (tree_[index].kind == NodeKind::tuple) parts.assign(tree_.children(index).begin(), tree_.children(index).end());
    if (stored) drop_whole_axes(parts);
    const bool several = tree_[index].kind == NodeKind::tuple && parts.size() > 1;
    for (const NodeId part : parts) {
        const infer::Fact& known = fact(part);
        const bool mask = (known.kind == infer::Kind::tensor || known.maybe_none) && known.dtype == infer::DType::boolean;
        // `x[mask] = number` is MLX's own where the mask is the whole index; an array stored where a mask holds nowhere ends the process.
        const infer::Kind given = stored ? fact(tree_.child(parent, 0)).kind : infer::Kind::unknown;
        const bool number = given == infer::Kind::integer || given == infer::Kind::floating || given == infer::Kind::boolean;
        if (mask && !masked_store_is_where(parent) && (several || !stored || tree_[parent].kind == NodeKind::aug_assign || !number)) places_of_mask(part, several);
        if (options_.stop_indices && known.kind == infer::Kind::tensor && !mask) stop_index(part);
        if (const NodeId range = range_of(part); exists(range)) {  // x[range(n), range(n)]
            put(part, output_.mx + (range == part ? ".arange" + rendered(part).substr(5) : ".array(list(" + rendered(part) + "))"), Precedence::atom, "index");
            uses_mx_ = true;
            continue;
        }
        const bool places = known.kind == infer::Kind::tuple && several && known.length != 0;  // x[0, pair]
        if (((known.kind == infer::Kind::list && known.observed) || places) && tree_[part].kind == NodeKind::name) {  // may be empty: still no floats
            put(part, output_.mx + ".array(" + rendered(part) + ", dtype=" + output_.mx + ".int32)", Precedence::atom, "index");
            uses_mx_ = true;
            continue;
        }
        if ((tree_[part].kind == NodeKind::list && !tree_.children(part).empty()) || is_numpy_result(part)) {
            put(part, output_.mx + ".array(" + rendered(part) + ")", Precedence::atom, "index");
            uses_mx_ = true;
        }
    }
}

// The call of `range` that a node is, or that its name is set to.
NodeId Rewriter::range_of(NodeId node) const {
    if (tree_[node].kind == NodeKind::name && names_.binding(node) != names::kNoBinding) node = names_[names_.binding(node)].only_value;
    if (!exists(node) || tree_[node].kind != NodeKind::call) return syntax::kNoNode;
    const NodeId callee = tree_.child(node, 0);
    return tree_.text(callee) == "range" && names_.binding(callee) == names::kNoBinding ? node : syntax::kNoNode;
}

// x[i]  ->  x[mx.stop_gradient(i)]
void Rewriter::stop_index(NodeId index) {
    put(index, output_.mx + ".stop_gradient(" + rendered(index) + ")", Precedence::atom, "index");
    uses_mx_ = true;
}

// x[:, :n] where n is a tensor: torch takes it for a number there, MLX does not.
void Rewriter::numbers_in_slices(NodeId index) {
    std::vector<NodeId> parts{index};
    if (tree_[index].kind == NodeKind::tuple) parts.assign(tree_.children(index).begin(), tree_.children(index).end());
    for (const NodeId part : parts) {
        if (tree_[part].kind != NodeKind::slice) continue;
        for (const NodeId bound : tree_.children(part))
            if (exists(bound) && (fact(bound).kind == infer::Kind::tensor || was_tensor(bound))) put(bound, "int(" + rendered(bound) + ")", Precedence::atom, "index");
    }
}

// x[mask]     ->  x[mx.array(np.flatnonzero(np.array(mask)))]: how many elements there are only the data decides.
// x[:, mask]  ->  x[:, *_places_of_mask(mask)], where it may have several axes
void Rewriter::places_of_mask(NodeId mask, bool among_others) {
    const bool optional = fact(mask).maybe_none;
    const Entry* entry = catalogue_.find(optional ? "mlxify.places_or_none" : "mlxify.places_of_mask");
    rules::Outcome outcome = evaluator_.apply(*entry, {{{}, value_of(mask), false, false}}, {});
    if (outcome.status != rules::Outcome::Status::expression) {
        refuse(Code::indexing_refused, mask, "a boolean mask: " + outcome.reason, "index with integers");
        return;
    }
    const bool one_axis = fact(mask).rank == 1 && !fact(mask).by_samples;  // as the rule sees it
    if (optional || (among_others && !one_axis)) outcome.value.text = "*" + rules::operand(outcome.value, Precedence::atom);
    finish(mask, outcome.value, entry->qualified);
    uses_mx_ = true;
    std::string assumption = "a boolean mask selects on the host, so not inside `mx.compile` (line " + std::to_string(source_.position(tree_[mask].span.begin).line) + ")";
    if (std::find(assumptions_.begin(), assumptions_.end(), assumption) == assumptions_.end()) assumptions_.push_back(std::move(assumption));
}

// Whether the expression is an annotation or a part of one.
bool Rewriter::is_annotation(NodeId id) const {
    NodeId at = id;
    while (exists(tree_[at].parent) && syntax::is_expression(tree_[tree_[at].parent].kind)) at = tree_[at].parent;
    const NodeId around = tree_[at].parent;
    if (!exists(around)) return false;
    const NodeKind kind = tree_[around].kind;
    return (kind == NodeKind::parameter && tree_.child(around, 0) == at) || (kind == NodeKind::function_def && tree_.child(around, 1) == at) ||
           (kind == NodeKind::ann_assign && tree_.child(around, 1) == at);
}

// A type that MLX does not have says nothing of the value there: `optimizer: torch.optim.Optimizer` takes any object.
bool Rewriter::untyped(NodeId id) {
    if (!is_annotation(id)) return false;
    if (names::qualified_name(tree_, names_, id).starts_with("jaxtyping.")) return true;  // the subscript gives way
    NodeId whole = id;
    while (tree_[tree_[whole].parent].kind == NodeKind::subscript && tree_.child(tree_[whole].parent, 0) == whole) whole = tree_[whole].parent;
    for (std::uint32_t number = syntax::index(id); number <= syntax::index(whole); ++number) skipped_[number] = true;
    put(whole, "object", Precedence::atom, "annotation");
    return true;
}

// "torch.Tensor" inside quotes, where an annotation stands.
void Rewriter::annotation_string(NodeId id) {
    const std::string_view written = tree_.text(id);
    if (written.find("torch.Tensor") == std::string_view::npos) return;
    if (!is_annotation(id)) return;
    std::string text(written);
    for (std::size_t found = 0; (found = text.find("torch.Tensor", found)) != std::string::npos;) text.replace(found, 12, output_.mx + ".array");
    put(id, text, Precedence::atom, "torch.Tensor");
    uses_mx_ = true;
}

}  // namespace mlxify::rewrite
