// What keeps a file in PyTorch's layout: classes, constructors and options that only that form has.
#include <algorithm>

#include "layout/planner.h"

namespace mlxify::layout {

namespace {

constexpr std::string_view kLibrary = "torch.nn.";

// Whether "a,b" has `name` among its parts.
bool lists(std::string_view words, std::string_view name) {
    while (!words.empty()) {
        const std::size_t comma = std::min(words.find(','), words.size());
        if (words.substr(0, comma) == name) return true;
        words.remove_prefix(std::min(comma + 1, words.size()));
    }
    return false;
}

}  // namespace

// A Sequential whose calls are the library's.
bool Planner::is_sequence(std::uint32_t class_index) const {
    const names::ClassInfo& info = names_.classes[class_index];
    if (exists(names::find_method(tree_, names_, class_index, "forward"))) return false;
    return std::any_of(info.bases.begin(), info.bases.end(), [](const std::string& base) { return base == "torch.nn.Sequential"; }) ||
           std::any_of(info.file_bases.begin(), info.file_bases.end(), [&](std::uint32_t base) { return is_sequence(base); });
}

// Whether a module of torch.nn is, or begins or ends with, a layer that takes and gives channels last.
bool Planner::holds_images(const infer::Fact& module) const {
    if (module.kind != infer::Kind::module || module.class_index != 0 || module.library_class == 0) return false;
    const std::string& library = facts_.library_names[module.library_class];
    if (catalogue_.find(channels_last_name(library))) return true;
    if (library != "torch.nn.Sequential" || module.elements == 0) return false;
    const auto& children = facts_.sequences[module.elements];
    return std::any_of(children.begin(), children.end(), [&](const infer::Fact& child) { return holds_images(child); });
}

// Layers whose heirs may have channels last: what they inherit does not depend on the order of axes, but for kernels, which
// `mlxify.channels_last.<layer>Base` keeps as torch does.
bool Planner::is_layer_base(std::string_view qualified) const {
    return catalogue_.find(channels_last_name(std::string(qualified) + "Base")) || qualified == "torch.nn.BatchNorm2d" || qualified == "torch.nn.GroupNorm";
}

// Whether what calls of a class do is what a layer does.
bool Planner::inherits_forward(std::uint32_t class_index) const {
    if (exists(names::find_method(tree_, names_, class_index, "forward"))) return false;
    const names::ClassInfo& info = names_.classes[class_index];
    return std::any_of(info.bases.begin(), info.bases.end(), [&](const std::string& base) { return is_layer_base(base); }) ||
           std::any_of(info.file_bases.begin(), info.file_bases.end(), [&](std::uint32_t base) { return inherits_forward(base); });
}

// A class that derives from a pool for its options alone: its forward is its own.
bool Planner::takes_only_options(const names::ClassInfo& info, std::string_view base) const {
    const bool own = std::any_of(info.methods.begin(), info.methods.end(), [&](NodeId method) { return tree_[method].name == "forward"; });
    const std::string_view text = tree_.text(info.node);
    return own && base.find("Pool") != std::string_view::npos && text.find(").forward(") == std::string_view::npos && text.find(").__call__(") == std::string_view::npos;
}

// Classes that derive from a layer, and options that only the form with channels first has.
void Planner::check_classes() {
    for (const names::ClassInfo& info : names_.classes)
        for (const std::string& base : info.bases)
            if ((catalogue_.find(channels_last_name(base)) && !is_layer_base(base) && !takes_only_options(info, base)) || base.starts_with("torch.nn.modules.")) obstruct(info.node, "a class that derives from `" + base + "`");
    for (std::uint32_t number = 0; number < names_.classes.size(); ++number) {
        if (!is_entry(names_.classes[number].node)) continue;
        if (is_sequence(number)) obstruct(names_.classes[number].node, "an entry point that is a Sequential");
        if (inherits_forward(number)) obstruct(names_.classes[number].node, "an entry point that is a layer");
    }
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        const NodeId function = tree_[id].kind == NodeKind::return_ && !tree_.children(id).empty() ? tree_.function_of(id) : kNoNode;
        if (exists(function) && std::find(names_.entry_points.begin(), names_.entry_points.end(), function) != names_.entry_points.end() && holds_images(fact(tree_.child(id, 0))))
            obstruct(function, "an entry point that gives a layer");
    }
}

// What is a layer of one rank or of another, or a layer of images or another one, as an option of the class says: the text moves the axes
// of what one of them takes.
//   if dims == 2: self.conv = nn.Conv2d(...)  else: self.conv = nn.Conv3d(...)
//   conv = nn.Conv3d if volumetric else nn.Conv2d
//   self.norm = nn.BatchNorm2d(dim) if batch else nn.LayerNorm(dim)
void Planner::check_alternatives() {
    std::vector<std::pair<NodeId, int>> layers = layers_named();
    std::erase_if(layers, [&](const auto& named) { return names::qualified_name(tree_, names_, named.first) == "torch.nn.BatchNorm1d"; });  // behind Linear, too
    std::map<std::pair<std::uint32_t, std::string_view>, std::set<int>> ranks_of;  // by function and target
    std::map<std::pair<std::uint32_t, std::string_view>, Kinds> kinds_of;          // by class and target
    const auto ranks_named = [&](NodeId expression) {
        std::set<int> ranks;
        for (const auto& [layer, rank] : layers)
            if (tree_[expression].span.contains(tree_[layer].span)) ranks.insert(rank);
        return ranks;
    };
    const auto differ = [&](NodeId at) { obstruct(at, "layers of images with different numbers of axes, of which an option chooses"); };
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        const auto children = tree_.children(id);
        if (tree_[id].kind == NodeKind::conditional) {
            const std::set<int> one = ranks_named(children[0]), other = ranks_named(children[2]);
            if (!one.empty() && !other.empty() && one != other) differ(id);
        }
        const bool assigned = tree_[id].kind == NodeKind::assign && children.size() == 2;
        const bool given_back = tree_[id].kind == NodeKind::return_ && !children.empty() && exists(children[0]);
        if (!assigned && !given_back) continue;
        const std::string_view target = assigned ? tree_.text(children[1]) : std::string_view{};
        if (assigned) {
            const NodeId owner = tree_.class_of(id);
            const Kinds made = kinds_made(children[0]);
            Kinds& known = kinds_of[{exists(owner) ? syntax::index(owner) : 0, target}];
            known = {known.image || made.image, known.other || made.other};
            if (known.image && known.other && (made.image || made.other)) obstruct(id, "what is a layer of images or another layer, as an option chooses");
        }
        const std::set<int> ranks = exists(tree_.function_of(id)) ? ranks_named(children[0]) : std::set<int>{};
        if (ranks.empty()) continue;
        const auto [known, is_new] = ranks_of.emplace(std::pair{syntax::index(tree_.function_of(id)), target}, ranks);
        if (!is_new && known->second != ranks) differ(id);
    }
}

// The layers of images that the file names, and how many axes they want.
std::vector<std::pair<NodeId, int>> Planner::layers_named() const {
    std::vector<std::pair<NodeId, int>> layers;
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::attribute && tree_[id].kind != NodeKind::name) continue;
        const std::string qualified = names::qualified_name(tree_, names_, id);
        if (!qualified.starts_with(kLibrary)) continue;
        if (const int wanted = catalogue_.find(channels_last_name(qualified)) ? wanted_axes(qualified) : 0; wanted > 0) layers.emplace_back(id, wanted);
    }
    return layers;
}

// Norms of one-dimensional images, which take rows of features as well, are no reason to move axes: the samples may have been of one kind.
bool Planner::holds_norms_alone() const {
    const std::vector<std::pair<NodeId, int>> layers = layers_named();
    return !has_planes_ && !layers.empty() && std::all_of(layers.begin(), layers.end(), [&](const auto& named) {
        return names::qualified_name(tree_, names_, named.first).find("Norm1d") != std::string::npos;
    });
}

// Whether an expression is, perhaps, a layer of images, and one of something else: the class, or what it makes.
Planner::Kinds Planner::kinds_made(NodeId expression) const {
    if (tree_[expression].kind == NodeKind::conditional) {
        const Kinds one = kinds_made(tree_.child(expression, 0)), other = kinds_made(tree_.child(expression, 2));
        return {one.image || other.image, one.other || other.other};
    }
    const std::string qualified = names::qualified_name(tree_, names_, tree_[expression].kind == NodeKind::call ? tree_.child(expression, 0) : expression);
    if (!qualified.starts_with(kLibrary) || is_pointwise_module(qualified)) return {};
    const std::string_view name = std::string_view(qualified).substr(kLibrary.size());
    const bool layer = name[0] >= 'A' && name[0] <= 'Z' && name.find('.') == std::string_view::npos;
    if (!layer || name == "Sequential" || name == "ModuleList" || name == "ModuleDict" || name == "Parameter") return {};
    const bool image = catalogue_.find(channels_last_name(qualified)) != nullptr;
    return {image, !image};
}

// How many layers for images the file makes.
int Planner::layers_made() const {
    const std::vector<std::pair<NodeId, int>> layers = layers_named();
    return static_cast<int>(std::count_if(layers.begin(), layers.end(), [&](const auto& named) {
        const NodeId parent = tree_[named.first].parent;
        return tree_[parent].kind == NodeKind::call && tree_.child(parent, 0) == named.first;
    }));
}

// Whether a method gives back what pointwise operations make of its one argument: return x * torch.sigmoid(x)
bool Planner::is_pointwise_function(NodeId function) const {
    const auto parameters = tree_.children(tree_.child(function, 0));
    const auto statements = tree_.children(tree_.child(function, 2));
    if (parameters.size() != 2 || statements.empty() || tree_[statements.back()].kind != NodeKind::return_ || tree_.children(statements.back()).empty()) return false;
    const NodeId first = statements[0];
    const bool documented = statements.size() == 2 && tree_[first].kind == NodeKind::expression_statement && tree_[tree_.child(first, 0)].kind == NodeKind::string;
    return (statements.size() == 1 || documented) && is_pointwise_expression(tree_.child(statements.back(), 0), parameters[1]);
}

bool Planner::is_pointwise_expression(NodeId id, NodeId parameter) const {
    switch (tree_[id].kind) {
    case NodeKind::integer:
    case NodeKind::floating: return true;
    case NodeKind::name: return names_.binding(id) == names_.binding(parameter);
    case NodeKind::unary: return is_pointwise_expression(tree_.child(id, 0), parameter);
    case NodeKind::binary: return tree_[id].op != syntax::Op::matmul && is_pointwise_expression(tree_.child(id, 0), parameter) && is_pointwise_expression(tree_.child(id, 1), parameter);
    case NodeKind::call: {
        const NodeId callee = tree_.child(id, 0);
        const infer::Fact& known = fact(callee);
        const std::string qualified = names::qualified_name(tree_, names_, callee);
        const bool layer = known.kind == infer::Kind::module && known.class_index == 0 && known.library_class != 0 && is_pointwise_module(facts_.library_names[known.library_class]);
        const Operator* op = qualified.starts_with("torch.") || tree_[callee].kind == NodeKind::attribute ? find_operator(tree_[callee].name) : nullptr;
        if (!layer && (op == nullptr || op->passing != Passing::pointwise)) return false;
        const auto arguments = tree_.children(id).subspan(1);
        const bool method = !layer && qualified.empty();
        if (method && !is_pointwise_expression(tree_.child(callee, 0), parameter)) return false;
        return std::all_of(arguments.begin(), arguments.end(), [&](NodeId one) { return tree_[one].kind != NodeKind::keyword && is_pointwise_expression(one, parameter); });
    }
    default: return false;
    }
}

void Planner::check_constructors() {
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::call) continue;
        const std::string qualified = names::qualified_name(tree_, names_, tree_.child(id, 0));
        if (qualified.empty() || !catalogue_.find(channels_last_name(qualified))) continue;
        for (const NodeId argument : tree_.children(id).subspan(1)) {
            if (tree_[argument].kind != NodeKind::keyword) continue;
            const std::string_view name = tree_[argument].name;
            const auto stated = [&](const catalogue::Entry& alternative) { return alternative.kind == catalogue::EntryKind::definition && lists(alternative.argument, name); };
            const auto first = catalogue_.alternatives(qualified), last = catalogue_.alternatives(channels_last_name(qualified));
            const bool special = std::any_of(first.begin(), first.end(), stated) && std::none_of(last.begin(), last.end(), stated);
            if (special || name == "return_indices") obstruct(argument, "`" + qualified + "` with `" + std::string(name) + "`");
        }
    }
}

}  // namespace mlxify::layout
