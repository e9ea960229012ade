// Classes of torch.nn, as bases and as values, whose MLX counterpart keeps or takes other things than the file expects.
//   class StdConv2d(nn.Conv2d): def forward(self, x): w = self.weight - self.weight.mean((1, 2, 3), keepdim=True); ...
//   ->   class StdConv2d(Conv2d)   of a Conv2d whose weight has torch's layout
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "names/layer_bases.h"
#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

namespace {

// Where a convolution keeps its kernel: as it is, and before weight norm or spectral norm.
bool is_kernel_name(std::string_view name) { return name == "weight" || name == "weight_v" || name == "weight_orig"; }


bool is_pool(std::string_view base) {
    return base.size() == std::string_view("torch.nn.MaxPool2d").size() && (base.starts_with("torch.nn.MaxPool") || base.starts_with("torch.nn.AvgPool"));
}

}  // namespace

// Classes that read of `self` what convolutions of torch keep, and those that derive from a pool.
void Rewriter::plan_bases() {
    for (const names::ClassInfo& info : names_.classes) {
        const bool pool = std::any_of(info.bases.begin(), info.bases.end(), is_pool);
        if (pool || names::computes_with_kernel(tree_, info) || names::reads_embedding(tree_, info)) own_weight_bases_.insert(syntax::index(info.node));
    }
}

// a, b of x[a, b]
std::vector<NodeId> Rewriter::index_parts(NodeId index) const {
    if (tree_[index].kind != NodeKind::tuple) return {index};
    return {tree_.children(index).begin(), tree_.children(index).end()};
}

// An index with one part for each of that many axes, or more if it has more: ":" where it names none.
std::vector<std::string> Rewriter::index_by_axis(NodeId index, std::size_t axes) const {
    const std::vector<NodeId> given = index_parts(index);
    std::vector<std::string> parts;
    for (const NodeId part : given) {
        if (tree_[part].kind != NodeKind::ellipsis) parts.push_back(rendered(part));
        else if (given.size() <= axes) parts.insert(parts.end(), axes + 1 - given.size(), ":");
    }
    if (parts.size() < axes) parts.resize(axes, ":");
    return parts;
}

// An index of the kernel of that class in MLX's order of axes: [:, 0, -1] -> [:, -1, 0]. Integers and slices alone have such.
std::optional<std::string> Rewriter::index_of_kernel(NodeId index, std::string_view library) const {
    const std::size_t rank = static_cast<std::size_t>(library[library.size() - 2] - '0') + 2;
    std::size_t elided = 0;
    for (const NodeId part : index_parts(index)) {
        const bool ellipsis = tree_[part].kind == NodeKind::ellipsis;
        elided += ellipsis;
        if (elided > 1 || (!ellipsis && tree_[part].kind != NodeKind::slice && fact(part).kind != infer::Kind::integer)) return std::nullopt;
    }
    std::vector<std::string> parts = index_by_axis(index, rank);
    if (parts.size() != rank) return std::nullopt;
    // (out, in, *kernel) -> (out, *kernel, in), and for the transposed ones (in, out, *kernel) -> (out, *kernel, in)
    if (library.starts_with("torch.nn.ConvTranspose")) std::swap(parts[0], parts[1]);
    std::rotate(parts.begin() + 1, parts.begin() + 2, parts.end());
    while (parts.size() > 1 && parts.back() == ":") parts.pop_back();
    return fmt::format("{}", fmt::join(parts, ", "));
}

// `conv.weight[:, 0, -1] = 1.0`, also of `conv.weight.data`: gives the index MLX's order. Whether it was such a write.
bool Rewriter::write_into_kernel(NodeId subscript) {
    NodeId kernel = tree_.child(subscript, 0);
    if (tree_[kernel].kind == NodeKind::attribute && tree_[kernel].name == "data") kernel = tree_.child(kernel, 0);
    if (tree_[kernel].kind != NodeKind::attribute || use_of_kernel(kernel) != Use::number_written) return false;
    const NodeId index = tree_.child(subscript, 1);
    put(index, *index_of_kernel(index, facts_.library_names[fact(tree_.child(kernel, 0)).library_class]), Precedence::atom, "conv kernel");
    return true;
}

// `conv.weight.data = torch.eye(3).view(3, 3, 1, 1)`: a whole kernel in torch's order of axes gets MLX's. Another layer's kernel has it.
void Rewriter::write_kernel(NodeId target, NodeId value) {
    const NodeId kernel = strip_data(target);
    if (tree_[kernel].kind != NodeKind::attribute || !is_kernel_name(tree_[kernel].name)) return;
    NodeId given = value;
    while (tree_[given].kind == NodeKind::call && tree_.children(given).size() > 1 && names::qualified_name(tree_, names_, tree_.child(given, 0)) == "torch.nn.Parameter")
        given = tree_.child(given, 1);
    while (tree_[given].kind == NodeKind::call && tree_[tree_.child(given, 0)].kind == NodeKind::attribute && tree_[tree_.child(given, 0)].name == "clone")
        given = tree_.child(tree_.child(given, 0), 0);
    const NodeId other = strip_data(given);
    const infer::Fact& known = fact(value);
    const bool turned = tree_[other].kind == NodeKind::attribute && is_kernel_name(tree_[other].name) && use_of_kernel(other) == Use::none;
    if (tree_.text(tree_.child(kernel, 0)) == "self") {  // of a class that derives from a convolution and computes nothing with its kernel
        const auto own = module_around(kernel);
        if (!own || own_weight_bases_.contains(syntax::index(names_.classes[*own].node)) || std::ranges::none_of(names_.classes[*own].bases, names::is_convolution)) return;
        if (!turned && !(known.kind == infer::Kind::tensor && known.rank >= 0 && known.rank < 3)) turn_for_kernel(value, false);
        return;
    }
    const infer::Fact& owner = fact(tree_.child(kernel, 0));
    if (owner.kind != infer::Kind::module || owner.library_class == 0 || owner.class_index != 0) return;
    const std::string& library = facts_.library_names[owner.library_class];
    if (!library.starts_with("torch.nn.Conv") || turned || known.kind != infer::Kind::tensor || (known.rank >= 0 && known.rank < 3)) return;
    turn_for_kernel(value, library.starts_with("torch.nn.ConvTranspose"));
}

// A value in torch's order of the axes of a kernel, in MLX's.
void Rewriter::turn_for_kernel(NodeId value, bool transposed) {
    put(value, fmt::format("{}.moveaxis({}, {}, -1)", output_.mx, one_expression(rendered(value)), transposed ? 0 : 1), Precedence::atom, "conv kernel");
    uses_mx_ = true;
}

// `conv.weight.data.masked_fill_(mask, 1.0)`: what goes into a kernel in torch's order of axes gets MLX's.
void Rewriter::turn_arguments_for_kernel(NodeId call, NodeId target) {
    const NodeId kernel = kernel_of(target);
    if (!exists(kernel)) return;
    const std::string& library = facts_.library_names[fact(tree_.child(kernel, 0)).library_class];
    for (const NodeId argument : tree_.children(call).subspan(1)) {
        const NodeId value = tree_[argument].kind == NodeKind::keyword ? tree_.child(argument, 0) : argument;
        const infer::Fact& known = fact(value);
        if (known.kind != infer::Kind::tensor || (known.rank >= 0 && known.rank < 3) || exists(kernel_of(value))) continue;
        turn_for_kernel(value, library.starts_with("torch.nn.ConvTranspose"));
    }
}

// `conv.weight`, where `tensor` is that, its data, or a name of it; kNoNode otherwise.
NodeId Rewriter::kernel_of(NodeId tensor) const {
    NodeId weight = strip_data(tensor);
    if (tree_[weight].kind == NodeKind::name && exists(names_[names_.binding(weight)].only_value)) weight = strip_data(names_[names_.binding(weight)].only_value);
    if (tree_[weight].kind != NodeKind::attribute || !is_kernel_name(tree_[weight].name) || is_vector(weight) || tree_.text(tree_.child(weight, 0)) == "self") return syntax::kNoNode;
    const infer::Fact& owner = fact(tree_.child(weight, 0));
    const bool layer = owner.kind == infer::Kind::module && owner.library_class != 0 && owner.class_index == 0;
    return layer && facts_.library_names[owner.library_class].starts_with("torch.nn.Conv") ? weight : syntax::kNoNode;
}

// Whether a tensor, as it is or reshaped, is what a call of torch.nn.init fills.
bool Rewriter::is_initialised(NodeId tensor) const {
    NodeId at = tensor;
    while (tree_[tree_[at].parent].kind == NodeKind::attribute) {
        const NodeId attribute = tree_[at].parent;
        const std::string_view name = tree_[attribute].name;
        if (name == "data") {
            at = attribute;
        } else if ((name == "view" || name == "reshape" || name == "flatten") && tree_[tree_[attribute].parent].kind == NodeKind::call) {
            at = tree_[attribute].parent;
        } else {
            return false;
        }
    }
    const NodeId call = tree_[at].parent;
    return tree_[call].kind == NodeKind::call && tree_.children(call).size() > 1 && tree_.child(call, 1) == at &&
           names::qualified_name(tree_, names_, tree_.child(call, 0)).starts_with("torch.nn.init.");
}

// `xavier_uniform_(w.view(w.shape[0], -1))` of a convolution's kernel: independent numbers have no order of axes, and the outputs
// come first in MLX too.
bool Rewriter::fills_in_any_layout(NodeId view, std::string_view initialiser) const {
    constexpr std::string_view kOrdered[] = {"orthogonal_", "sparse_", "eye_", "dirac_"};
    for (const std::string_view ordered : kOrdered)
        if (initialiser.ends_with(ordered)) return false;
    const NodeId kernel = kernel_of(looked_at(view));
    if (!exists(kernel)) return true;
    if (facts_.library_names[fact(tree_.child(kernel, 0)).library_class].starts_with("torch.nn.ConvTranspose")) return false;
    for (const NodeId argument : tree_.children(view).subspan(1)) {
        const base::Span span = tree_[argument].span;
        for (std::uint32_t number = 1; number < tree_.size(); ++number) {
            const NodeId part{number};
            if (!span.contains(tree_[part].span) || tree_[part].kind != NodeKind::attribute || (tree_[part].name != "shape" && tree_[part].name != "size")) continue;
            const NodeId place = tree_[part].parent;  // shape[0], size(0)
            if (tree_.children(place).size() != 2 || tree_.child(place, 0) != part || tree_.text(tree_.child(place, 1)) != "0") return false;
        }
    }
    return true;
}

// The `weight_v` of spectral norm.
bool Rewriter::is_vector(NodeId tensor) const { return fact(tensor).kind == infer::Kind::tensor && fact(tensor).rank >= 0 && fact(tensor).rank < 3; }

// `kernel[:, :, -1].zero_()`, `.mul_(0.5)`: means the same in any order of axes.
bool Rewriter::fills_with_numbers(NodeId method) const {
    const NodeId call = tree_[method].parent;
    if (tree_[call].kind != NodeKind::call || tree_.child(call, 0) != method) return false;
    const auto arguments = tree_.children(call).subspan(1);
    return std::all_of(arguments.begin(), arguments.end(), [&](NodeId argument) {
        const infer::Kind kind = fact(tree_[argument].kind == NodeKind::keyword ? tree_.child(argument, 0) : argument).kind;
        return kind == infer::Kind::integer || kind == infer::Kind::floating;
    });
}

// conv = nn.Conv2d(n, n, 3); self.kernel = conv.weight: a layer that is made for its weights, which are parameters of their own then.
bool Rewriter::gives_weights_alone(NodeId layer) const {
    if (tree_[layer].kind != NodeKind::name) return false;
    const std::vector<NodeId>& loads = names_[names_.binding(layer)].loads;
    return std::ranges::all_of(loads, [&](NodeId load) {
        const syntax::Node& around = tree_[tree_[load].parent];
        return around.kind == NodeKind::attribute && (around.name == "weight" || around.name == "bias");
    });
}

// What is done with `conv.weight`, whose axes have another order in MLX: whole writes and initialisation do not mind.
Rewriter::Use Rewriter::use_of_kernel(NodeId id) const {
    const infer::Fact& known = fact(tree_.child(id, 0));
    if (!is_kernel_name(tree_[id].name) || is_vector(id) || known.kind != infer::Kind::module || known.library_class == 0 || known.class_index != 0) return Use::none;
    const std::string& library = facts_.library_names[known.library_class];
    if (!library.starts_with("torch.nn.Conv") || tree_.text(tree_.child(id, 0)) == "self") return Use::none;
    NodeId at = id;
    if (tree_[tree_[at].parent].kind == NodeKind::attribute && tree_[tree_[at].parent].name == "data") at = tree_[at].parent;
    const NodeId around = tree_[at].parent;
    const syntax::Node& node = tree_[around];
    switch (node.kind) {
    case NodeKind::binary:
    case NodeKind::unary: return Use::read;
    case NodeKind::aug_assign: {
        if (tree_.child(around, 0) != at) return Use::read;
        const infer::Fact& value = fact(tree_.child(around, 1));
        const bool number = value.kind == infer::Kind::integer || value.kind == infer::Kind::floating || (value.kind == infer::Kind::tensor && value.rank == 0);
        return number ? Use::none : Use::written;  // `weight *= scale` means the same in any order of axes
    }
    case NodeKind::assign: {
        const NodeId target = tree_.child(around, 1);
        if (tree_.child(around, 0) == at && tree_[target].kind == NodeKind::attribute && tree_.text(tree_.child(target, 0)) == "self" && gives_weights_alone(tree_.child(id, 0))) return Use::read;
        if (tree_.child(around, 0) != at || tree_[target].kind != NodeKind::name) return Use::none;
        const names::Binding& binding = names_[names_.binding(target)];
        const bool filled = std::any_of(binding.loads.begin(), binding.loads.end(), [&](NodeId load) { return is_initialised(load); });
        return binding.written_in_place || filled ? Use::none : Use::read;
    }
    case NodeKind::subscript: {
        if (tree_.child(around, 0) != at) return Use::read;
        const NodeId statement = tree_[around].parent;
        if (tree_[statement].kind == NodeKind::attribute && tree_[statement].name.ends_with('_') && !tree_[statement].name.starts_with('_'))
            return fills_with_numbers(statement) && index_of_kernel(tree_.child(around, 1), library) ? Use::number_written : Use::written;
        const bool stored = (tree_[statement].kind == NodeKind::assign && tree_.child(statement, 0) != around) ||
                            (tree_[statement].kind == NodeKind::aug_assign && tree_.child(statement, 0) == around);
        if (!stored) return Use::read;
        const infer::Fact& value = fact(tree_.child(statement, tree_[statement].kind == NodeKind::assign ? 0 : 1));
        const bool number = value.kind == infer::Kind::integer || value.kind == infer::Kind::floating;
        return number && index_of_kernel(tree_.child(around, 1), library) ? Use::number_written : Use::written;
    }
    case NodeKind::attribute: {
        const bool called = tree_[node.parent].kind == NodeKind::call && tree_.child(node.parent, 0) == around;
        if (is_initialised(at)) return Use::none;
        const NodeId place = node.parent;  // weight.shape[0], weight.size(0): the outputs come first in MLX too
        const bool first = (node.name == "shape" || node.name == "size") && tree_.children(place).size() == 2 && tree_.child(place, 0) == around && tree_.text(tree_.child(place, 1)) == "0";
        if (first && !library.starts_with("torch.nn.ConvTranspose")) return Use::none;
        if (!called) return node.name == "shape" || node.name == "T" ? Use::read : Use::none;
        const bool kind_only = node.name == "numel" || node.name == "dim" || node.name == "type" || node.name == "get_device";
        return node.name.ends_with('_') || kind_only ? Use::none : Use::read;
    }
    case NodeKind::keyword:
    case NodeKind::call: {
        const NodeId call = node.kind == NodeKind::keyword ? node.parent : around;
        const std::string qualified = names::qualified_name(tree_, names_, tree_.child(call, 0));
        const bool function = qualified.starts_with("torch.") && !qualified.starts_with("torch.nn.init") && !qualified.starts_with("torch.nn.Parameter");
        return function && !qualified.ends_with('_') ? Use::read : Use::none;
    }
    default: return Use::none;
    }
}

// How the axes of the weight stand that a call of torch.nn.init gets: "conv" and "transposed" for a kernel in MLX's order, "any" for
// a parameter of the class's own, in torch's order, whose number of axes is not known, else empty.
std::string_view Rewriter::kernel_initialised(NodeId call) const {
    if (tree_.children(call).size() < 2) return {};
    NodeId weight = tree_.child(call, 1);
    if (tree_[weight].kind == NodeKind::keyword) weight = tree_.child(weight, 0);
    weight = strip_data(weight);
    if (const NodeId kernel = kernel_of(weight); exists(kernel)) weight = kernel;
    const bool own = tree_[weight].kind == NodeKind::attribute && tree_.text(tree_.child(weight, 0)) == "self";
    if (own && tree_[weight].name != "weight" && fact(weight).rank < 0) return "any";
    if (tree_[weight].kind != NodeKind::attribute || tree_[weight].name != "weight") return {};
    const infer::Fact& owner = fact(tree_.child(weight, 0));
    if (owner.class_index != 0 && own_weight_bases_.contains(syntax::index(names_.classes[owner.class_index - 1].node))) return {};
    if (owner.library_class == 0) return owner.class_index == 0 ? "conv" : "";  // `m.weight` of whatever `hasattr(m, "weight")`
    const std::string& library = facts_.library_names[owner.library_class];
    if (library.starts_with("torch.nn.ConvTranspose")) return "transposed";
    return library.starts_with("torch.nn.Conv") ? "conv" : "";
}

// The layer whose weight a call of torch.nn.init gets, where it may be a transposed convolution or another; kNoNode elsewhere.
NodeId Rewriter::owner_of_any_kind(NodeId call) const {
    NodeId weight = tree_.child(call, 1);
    if (tree_[weight].kind == NodeKind::keyword) weight = tree_.child(weight, 0);
    weight = strip_data(weight);
    if (tree_[weight].kind != NodeKind::attribute || fact(tree_.child(weight, 0)).library_class != 0) return syntax::kNoNode;
    for (std::uint32_t number = 1; number < tree_.size(); ++number)
        if (names::qualified_name(tree_, names_, NodeId{number}).starts_with("torch.nn.ConvTranspose")) return tree_.child(weight, 0);
    return syntax::kNoNode;
}

std::string Rewriter::kind_of_kernel(NodeId owner) {
    emissions_.uses_nn = true;
    const std::string& nn = output_.nn;
    return fmt::format("\"transposed\" if isinstance({}, ({}.ConvTranspose1d, {}.ConvTranspose2d, {}.ConvTranspose3d)) else \"conv\"", rendered(owner), nn, nn, nn);
}

// nn.LayerNorm(n, elementwise_affine=False), super().__init__(n, affine=affine): norms of the file may have no weight.
bool Rewriter::makes_bare_norms() const {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const syntax::Node& node = tree_[NodeId{number}];
        if (node.kind == NodeKind::keyword && (node.name == "elementwise_affine" || node.name == "affine") && tree_[tree_.child(NodeId{number}, 0)].kind != NodeKind::true_) return true;
    }
    return false;
}

bool Rewriter::is_of_bare_norm(NodeId attribute) const {
    const std::uint32_t library = fact(tree_.child(attribute, 0)).library_class;
    return library != 0 && facts_.library_names[library].find("Norm") != std::string::npos && makes_bare_norms();
}

// `m.bias is not None`, `F.linear(x, w, self.bias)`: what a missing one is there matters.
bool Rewriter::is_optional_weight(NodeId id) const {
    const NodeId object = tree_.child(id, 0);
    const infer::Fact& known = fact(object);
    const bool self = tree_.text(object) == "self";
    if (self ? known.library_class == 0 || own_weight_bases_.contains(syntax::index(tree_.class_of(id))) : known.class_index != 0) return false;
    const NodeId argument = tree_[tree_[id].parent].kind == NodeKind::keyword ? tree_[id].parent : id;
    const NodeId around = tree_[argument].parent;
    if (tree_[id].name != "bias" && tree_[id].name != "weight") return false;
    if (tree_[around].kind == NodeKind::compare) return tree_[tree_.children(around).back()].kind == NodeKind::none_;
    const bool may_lack = tree_[id].name == "bias" || is_of_bare_norm(id);
    return may_lack && tree_[around].kind == NodeKind::call && tree_.child(around, 0) != argument &&
           !names::qualified_name(tree_, names_, tree_.child(around, 0)).starts_with("torch.nn.init");
}

// `norm_type((length, dim))`, where the class is a parameter or attribute: a norm of several axes may be wanted of it.
bool Rewriter::norms_over_axes() const {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::call || tree_.children(id).size() < 2) continue;
        const NodeId callee = tree_.child(id, 0);
        const NodeKind first = tree_[tree_.child(id, 1)].kind;
        const bool several = first == NodeKind::tuple || first == NodeKind::list;
        const bool named = tree_.text(callee).find("norm") != std::string_view::npos;
        if (several && named && names::qualified_name(tree_, names_, callee).empty()) return true;
    }
    return false;
}

// `conv(dim, dim, 3, groups=dim)`, where the class is a parameter, a variable or an attribute. `arguments`: "groups,padding_mode".
bool Rewriter::passes_to_value(std::string_view arguments) const {
    const std::string list = "," + std::string(arguments) + ",";
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::keyword || list.find("," + std::string(tree_[id].name) + ",") == std::string::npos) continue;
        const NodeId call = tree_[id].parent;
        if (tree_[call].kind != NodeKind::call || !names::qualified_name(tree_, names_, tree_.child(call, 0)).empty()) continue;
        const infer::Fact& callee = fact(tree_.child(call, 0));
        if (callee.class_index == 0 && callee.definition == 0) return true;
    }
    return false;
}

// The definition for such arguments, where a class stands as a value; null where the usual one does.
const catalogue::Entry* Rewriter::definition_for_value(std::string_view qualified) const {
    for (const catalogue::Entry& alternative : catalogue_.alternatives(qualified))
        if (alternative.kind == catalogue::EntryKind::definition && !alternative.argument.empty() && passes_to_value(alternative.argument)) return &alternative;
    return nullptr;
}

// isinstance(m, nn.Conv2d)  ->  nn.Conv2d: MLX's class is a base of every definition that stands in for torch's, whatever its options,
// but of those that keep torch's layout. Empty where the definition is no class of that name.
std::string Rewriter::tested_class(NodeId id, const catalogue::Entry& entry) {
    NodeId argument = id;
    if (tree_[tree_[argument].parent].kind == NodeKind::tuple) argument = tree_[argument].parent;
    const NodeId call = tree_[argument].parent;
    if (!exists(call) || tree_[call].kind != NodeKind::call || tree_.children(call).size() != 3 || tree_.child(call, 2) != argument) return {};
    const std::string_view test = tree_.text(tree_.child(call, 0));
    if (test != "isinstance" && test != "issubclass") return {};
    std::string own;
    if (entry.kind == catalogue::EntryKind::module_) {
        own = class_text(entry);
    } else {
        const catalogue::Body& body = catalogue_.body(entry);
        if (body.tree[body.node].kind != NodeKind::class_def || body.tree.decorator_begin(body.node) < 2) return {};
        const std::string_view base = body.tree.text(body.tree.child(body.node, 1));
        if (base != "nn." + std::string(body.name) || !entry.qualified.ends_with("." + std::string(body.name))) return {};
        own = output_.nn + std::string(base.substr(2));
    }
    const std::string_view layer = layout::plain_name(entry.qualified);
    for (const std::uint32_t definition : own_weight_bases_) {
        const auto& bases = names_.classes[names_.class_at[definition] - 1].bases;
        if (std::find(bases.begin(), bases.end(), layer) == bases.end()) continue;
        return "(" + own + ", " + evaluator_.require_definition(*own_weight_base(layer)) + ")";
    }
    return own;
}

// The definition that a name of torch.nn needs where it stands as a base class or as a value; null where the usual one, of `entry_name`,
// does.
const catalogue::Entry* Rewriter::other_definition(NodeId id, std::string_view qualified, std::string_view entry_name) const {
    const NodeId definition = tree_[id].parent;
    if (!exists(definition)) return nullptr;
    if (tree_[definition].kind != NodeKind::class_def)
        if (const catalogue::Entry* alternative = definition_for_value(entry_name)) return alternative;
    if (qualified == "torch.nn.LayerNorm" && tree_[definition].kind != NodeKind::class_def)
        return norms_over_axes() ? catalogue_.find("mlxify.torch.nn.LayerNormOverAxes") : nullptr;
    if (tree_[definition].kind != NodeKind::class_def) return nullptr;
    if (qualified == "torch.autograd.Function" && recomputes(definition)) return catalogue_.find("mlxify.recomputed_function");
    if (qualified == "torch.nn.Sequential") return sequential_definition(id);
    return own_weight_bases_.contains(syntax::index(definition)) ? own_weight_base(qualified) : nullptr;
}

// The definition of a layer that keeps its weight as torch does.
const catalogue::Entry* Rewriter::own_weight_base(std::string_view qualified) const {
    const std::string name = std::string(qualified) + "Base";
    const catalogue::Entry* last = layout_.active ? catalogue_.find(layout::channels_last_name(name)) : nullptr;
    return last ? last : catalogue_.find("mlxify." + name);
}

}  // namespace mlxify::rewrite
