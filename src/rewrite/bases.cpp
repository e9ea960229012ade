// Classes of torch.nn, as bases and as values, whose MLX counterpart keeps or takes other things than the file expects.
//   class StdConv2d(nn.Conv2d): def forward(self, x): w = self.weight - self.weight.mean((1, 2, 3), keepdim=True); ...
//   ->   class StdConv2d(Conv2d)   of a Conv2d whose weight has torch's layout
#include <algorithm>

#include "rewrite/rewriter.h"

namespace mlxify::rewrite {

namespace {

constexpr std::string_view kOfConvolutions[] = {"weight",   "bias",        "stride",       "padding", "dilation",    "kernel_size",
                                                "groups",   "in_channels", "out_channels", "_conv_forward", "padding_mode"};

}  // namespace

// Classes that read of `self` what convolutions of torch keep.
void Rewriter::plan_bases() {
    for (const names::ClassInfo& info : names_.classes) {
        const bool convolution = std::any_of(info.bases.begin(), info.bases.end(), [](const std::string& base) {
            return base == "torch.nn.Conv1d" || base == "torch.nn.Conv2d" || base == "torch.nn.Conv3d";
        });
        if (convolution && reads_convolution(info.node)) own_weight_bases_.insert(syntax::index(info.node));
    }
}

bool Rewriter::reads_convolution(NodeId definition) const {
    const base::Span span = tree_[definition].span;
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::attribute || !span.contains(tree_[id].span) || tree_.text(tree_.child(id, 0)) != "self") continue;
        if (std::find(std::begin(kOfConvolutions), std::end(kOfConvolutions), tree_[id].name) != std::end(kOfConvolutions)) return true;
    }
    return false;
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
    return tree_[id].name == "bias" && tree_[around].kind == NodeKind::call && tree_.child(around, 0) != argument &&
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

// The definition that a name of torch.nn needs where it stands as a base class or as a value; null where the usual one does.
const catalogue::Entry* Rewriter::other_definition(NodeId id, std::string_view qualified) const {
    const NodeId definition = tree_[id].parent;
    if (!exists(definition)) return nullptr;
    if (tree_[definition].kind != NodeKind::class_def)
        for (const catalogue::Entry& alternative : catalogue_.alternatives(qualified))
            if (alternative.kind == catalogue::EntryKind::definition && !alternative.argument.empty() && passes_to_value(alternative.argument)) return &alternative;
    if (qualified == "torch.nn.LayerNorm" && tree_[definition].kind != NodeKind::class_def)
        return norms_over_axes() ? catalogue_.find("mlxify.torch.nn.LayerNormOverAxes") : nullptr;
    if (tree_[definition].kind != NodeKind::class_def) return nullptr;
    if (qualified == "torch.autograd.Function" && recomputes(definition)) return catalogue_.find("mlxify.recomputed_function");
    if (qualified == "torch.nn.Sequential") return sequential_definition(id);
    return own_weight_bases_.contains(syntax::index(definition)) ? catalogue_.find("mlxify." + std::string(qualified) + "Base") : nullptr;
}

}  // namespace mlxify::rewrite
