#include "layout/planner.h"

#include <algorithm>

#include "infer/einops_pattern.h"

namespace mlxify::layout {

namespace {

constexpr std::string_view kPrefix = "mlxify.channels_last.";
constexpr int kMostWalks = 4;

// One side of a pattern of einops, perhaps for what is held with channels last.
std::string side_text(const infer::EinopsSide& side, bool last) {
    std::vector<infer::EinopsAxis> axes = side;
    if (last) std::rotate(axes.begin() + 1, axes.begin() + 2, axes.end());
    std::string text;
    for (const infer::EinopsAxis& axis : axes) {
        std::string words;
        for (const std::string_view factor : axis.factors) words += (words.empty() ? "" : " ") + std::string(factor);
        text += (text.empty() ? "" : " ") + (axis.factors.empty() ? "1" : axis.factors.size() > 1 ? "(" + words + ")" : words);
    }
    return text;
}

// "b c h w -> b c (h w)", of what is held so and gives what is held so, as "b h w c -> b (h w) c".
std::string turned_pattern(std::string_view pattern, bool takes_last, bool gives_last) {
    const auto parsed = infer::parse_einops(pattern);
    return side_text(parsed->left, takes_last) + " -> " + side_text(parsed->right, gives_last);
}

bool mentions(const std::vector<std::string>& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

}  // namespace

std::string channels_last_name(std::string_view qualified) { return std::string(kPrefix) + std::string(qualified); }

std::string_view plain_name(std::string_view entry) {
    if (entry.starts_with(kPrefix)) entry.remove_prefix(kPrefix.size());
    return entry;
}

std::string to_last_axes(int rank) {
    std::string text = "(0";
    for (int axis = 2; axis < rank; ++axis) text += ", " + std::to_string(axis);
    return text + ", 1)";
}

std::string to_first_axes(int rank) {
    std::string text = "(0, " + std::to_string(rank - 1);
    for (int axis = 1; axis < rank - 1; ++axis) text += ", " + std::to_string(axis);
    return text + ")";
}

Planner::Planner(const syntax::Tree& tree, const names::Names& names, const infer::FactTable& facts, const catalogue::Catalogue& catalogue,
                 const std::vector<std::string>& exposed, Learned& learned)
    : tree_(tree), names_(names), facts_(facts), catalogue_(catalogue), exposed_(exposed), learned_(learned) {}

int Planner::rank(NodeId id) const {
    const infer::Fact& known = fact(id);
    if (const auto learned = learned_.ranks.find(syntax::index(id)); learned != learned_.ranks.end()) return learned->second;
    return known.kind == infer::Kind::tensor && known.rank >= 3 && known.rank <= 5 ? known.rank : -1;
}

bool Planner::is_open(NodeId id) const {
    const infer::Fact& known = fact(id);
    return known.kind == infer::Kind::unknown || (known.kind == infer::Kind::tensor && known.rank < 0);
}

void Planner::learn_rank(NodeId id, int rank) {
    if (is_open(id) && rank >= 3 && rank <= 5) learned_.ranks.emplace(syntax::index(id), rank);
}

// A layer takes arrays of that rank: what is passed to it has it, and so has the parameter that it is.
void Planner::learn_argument(NodeId argument, int rank) {
    if (tree_[argument].kind != NodeKind::name || !is_open(argument) || fact(argument).maybe_none) return;
    learn_rank(argument, rank);
    const auto reaching = environment_.stores.find(static_cast<std::uint32_t>(names_.binding(argument)));
    if (reaching == environment_.stores.end() || reaching->second.size() != 1) return;
    const NodeId store{*reaching->second.begin()};
    if (tree_[store].kind == NodeKind::parameter && !fact(store).maybe_none) learn_rank(store, rank);
}

// Which calls that swap two of three axes are the step from one layout to the other.
void Planner::learn_swaps() {
    for (const auto& [call, input] : swaps_) {
        if (learned_.swaps.contains(syntax::index(call))) continue;
        const bool gives = std::any_of(sites_.begin(), sites_.end(), [&](const Site& site) { return site.node == call && slots_.is_last(site.held); });
        learned_.swaps[syntax::index(call)] = slots_.is_last(input) ? Learned::Swap::takes_last : gives ? Learned::Swap::gives_last : Learned::Swap::stays;
    }
}

// What a run showed of a parameter it showed where the parameter is read first.
void Planner::learn_parameter_ranks() {
    for (const auto& [number, function] : functions_) {
        for (const NodeId parameter : tree_.children(tree_.child(NodeId{number}, 0))) {
            if (!is_open(parameter) || fact(parameter).maybe_none) continue;
            const names::Binding& binding = names_[names_.binding(parameter)];
            const auto first = std::min_element(binding.loads.begin(), binding.loads.end(), [&](NodeId a, NodeId b) { return tree_[a].span.begin < tree_[b].span.begin; });
            if (first != binding.loads.end()) learn_rank(parameter, rank(*first));
            if (binding.stores.size() > 1) continue;
            for (const NodeId load : binding.loads) learn_rank(parameter, rank(load));
        }
    }
}

std::optional<std::int64_t> Planner::integer(NodeId id) const {
    if (const infer::Value* value = facts_.value(fact(id)))
        if (const auto* number = std::get_if<std::int64_t>(value)) return *number;
    return std::nullopt;
}

Slot Planner::place(NodeId function, int number) {
    const auto [found, is_new] = places_.emplace(std::pair{syntax::index(function), number}, kFirst);
    if (is_new) found->second = slots_.fresh();
    return found->second;
}

// The place that made two layouts of one, to be told.
void Planner::note_contradiction(NodeId at) {
    if (!exists(contradiction_) && exists(at) && slots_.contradicts()) contradiction_ = at;
}

void Planner::obstruct(NodeId at, std::string why) {
    if (!obstacle_.empty()) return;
    if (at == tree_.root()) {
        obstacle_ = std::move(why);
        return;
    }
    const std::string_view before = tree_.source().substr(0, tree_[at].span.begin);
    obstacle_ = why + " (line " + std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ")";
}

// Whether that axis of a tensor is known to have one entry.
bool Planner::is_one(NodeId id, std::size_t axis) const {
    const infer::Fact& known = fact(id);
    if (known.kind != infer::Kind::tensor || known.shape == 0 || facts_.shapes[known.shape].size() <= axis) return false;
    return is_one_entry(facts_.shapes[known.shape][axis]);
}

void Planner::use(NodeId id, const Value& value, Slot wanted) {
    switch (value.kind) {
    case Value::Kind::tensor:
        slots_.pair(value.slot, wanted, loops_ > 0 ? 2 : 1);
        sites_.push_back({id, value.slot, wanted, value.rank});
        break;
    case Value::Kind::display: {
        const auto children = tree_.children(id);
        for (std::size_t at = 0; at < children.size(); ++at) use(children[at], value.parts[at], wanted);
        break;
    }
    case Value::Kind::tuple:
    case Value::Kind::list:
    case Value::Kind::other: hold(value, wanted); break;
    }
}

void Planner::hold(const Value& value, Slot wanted) {
    if (value.kind == Value::Kind::tensor || value.kind == Value::Kind::list) slots_.tie(value.slot, wanted);
    for (const Value& part : value.parts) hold(part, wanted);
}

Value Planner::tensor(NodeId id, Slot slot) {
    held_.emplace_back(id, slot);
    return {Value::Kind::tensor, slot, rank(id), {}};
}

// A display as a list whose elements are held alike.
Value Planner::list_of(NodeId id, const Value& display) {
    Value list{Value::Kind::list, slots_.fresh(), -1, {}};
    for (const Value& part : display.parts) {
        if (part.kind != Value::Kind::tensor || (list.rank > 0 && part.rank != list.rank)) {
            force(id, display);
            return {};
        }
        list.rank = part.rank;
    }
    const auto children = tree_.children(id);
    for (std::size_t at = 0; at < children.size(); ++at) use(children[at], display.parts[at], list.slot);
    return list;
}

bool Planner::is_exposed(NodeId function) const {
    if (exists(tree_.function_of(function)) || names::is_trial(tree_, function)) return true;
    const std::string_view name = tree_[function].name;
    const NodeId owner = tree_.class_of(function);
    for (const NodeId decorator : tree_.children(function).subspan(3))
        if (tree_.text(decorator).find("staticmethod") == std::string_view::npos) return true;
    if (!exists(owner)) return is_entry(function);
    const std::uint32_t number = names_.class_at[syntax::index(owner)];
    if (number == 0 || !names_.classes[number - 1].is_module || !names_.classes[number - 1].top_level()) return true;
    if (name.starts_with("__")) return true;
    if (name.starts_with("_")) return false;
    return is_entry(owner);
}

// What the user of the file calls: entry points, what is named so, and what the file itself tries out.
bool Planner::is_entry(NodeId definition) const {
    if (std::find(names_.entry_points.begin(), names_.entry_points.end(), definition) != names_.entry_points.end()) return true;
    if (mentions(exposed_, tree_[definition].name)) return true;
    const std::vector<NodeId>& loads = names_[names_.binding(definition)].loads;
    return std::any_of(loads.begin(), loads.end(), [&](NodeId load) { return is_tried(load); });
}

bool Planner::is_tried(NodeId id) const {
    for (NodeId at = id; exists(at); at = tree_[at].parent) {
        if (names::is_trial(tree_, at)) return true;
        if (tree_[at].kind == NodeKind::if_ && tree_.text(tree_.child(at, 0)).find("__name__") != std::string_view::npos) return true;
    }
    return false;
}

void Planner::find_functions() {
    std::set<std::string_view> values;  // methods that are read and not called
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (tree_[id].kind == NodeKind::assign && tree_.children(id).size() == 2 && exists(tree_.class_of(id)))
            assigned_[{syntax::index(tree_.class_of(id)), tree_.text(tree_.child(id, 1))}].push_back(tree_.child(id, 0));
        if (tree_[id].kind == NodeKind::function_def) functions_[number] = {id, is_exposed(id), false, false, false};
        if (tree_[id].kind != NodeKind::attribute) continue;
        const NodeId parent = tree_[id].parent;
        if (tree_[parent].kind != NodeKind::call || tree_.child(parent, 0) != id) values.insert(tree_[id].name);
    }
    for (auto& [number, function] : functions_) {
        const NodeId id{number};
        if (exists(tree_.class_of(id)) && !exists(tree_.function_of(id))) {
            if (values.contains(tree_[id].name)) function.exposed = function.is_value = true;
            continue;
        }
        for (const NodeId load : names_[names_.binding(id)].loads) {
            const NodeId parent = tree_[load].parent;
            if (tree_[parent].kind != NodeKind::call || tree_.child(parent, 0) != load) function.exposed = function.is_value = true;
        }
    }
    for (const names::Binding& binding : names_.bindings) {
        if (binding.stores.empty()) continue;
        const NodeId home = scope_function(binding.stores[0]);
        for (const NodeId load : binding.loads)
            if (scope_function(load) != home) captured_.insert(static_cast<std::uint32_t>(&binding - names_.bindings.data()));
    }
}

// Methods of one name in related classes stand for each other.
void Planner::tie_families() {
    for (std::uint32_t heir = 0; heir < names_.classes.size(); ++heir) {
        std::vector<std::uint32_t> bases{heir};
        for (std::size_t at = 0; at < bases.size(); ++at) {
            const names::ClassInfo& info = names_.classes[bases[at]];
            bases.insert(bases.end(), info.file_bases.begin(), info.file_bases.end());
            if (bases.size() > names_.classes.size() * 4) break;
        }
        const bool entry = is_entry(names_.classes[heir].node);
        std::map<std::string_view, NodeId> methods;
        for (const std::uint32_t base : bases) {
            for (const NodeId method : names_.classes[base].methods) {
                Function& one = functions_[syntax::index(method)];
                if (entry && !tree_[method].name.starts_with("_")) one.exposed = true;
                const auto [other, is_new] = methods.emplace(tree_[method].name, method);
                if (is_new || other->second == method) continue;
                Function& relative = functions_[syntax::index(other->second)];
                one.exposed = relative.exposed = one.exposed || relative.exposed;
                const std::size_t count = std::max(tree_.children(tree_.child(method, 0)).size(), tree_.children(tree_.child(other->second, 0)).size());
                for (int number = -1 - kMostResults; number < static_cast<int>(count); ++number) slots_.tie(place(method, number), place(other->second, number));
            }
        }
    }
}

// What is not known may call any module of the file.
void Planner::tie_unknown_calls() {
    if (!exists(unknown_call_)) return;
    for (const auto& [number, function] : functions_) {
        const NodeId id{number};
        const auto parameters = tree_.children(tree_.child(id, 0));
        const bool image = std::any_of(parameters.begin(), parameters.end(), [&](NodeId parameter) { return rank(parameter) > 0; });
        if (function.is_value && image && tree_[id].name != "forward" && !is_tried(id)) obstruct(unknown_call_, "a call of what is not known, perhaps of `" + std::string(tree_[id].name) + "`");
        if (tree_[id].name != "forward" || !exists(tree_.class_of(id)) || parameters.size() < 2) continue;
        if (function.exposed) {
            const bool used = std::find(names_.entry_points.begin(), names_.entry_points.end(), tree_.class_of(id)) == names_.entry_points.end();
            if (used && rank(parameters[1]) > 0)
                obstruct(unknown_call_, "a call of what is not known, perhaps of `" + std::string(tree_[tree_.class_of(id)].name) + "`, which keeps PyTorch's interface");
            continue;
        }
        if (rank(parameters[1]) < 0) {
            if (is_open(parameters[1]) && !is_pointwise_function(id)) obstruct(unknown_call_, "a call of what is not known, perhaps of `" + std::string(tree_[tree_.class_of(id)].name) + "`, whose input is not known");
            continue;
        }
        for (std::size_t at = 1; at < parameters.size(); ++at)
            if (rank(parameters[at]) > 0) slots_.tie(place(id, static_cast<int>(at)), kLast);
        if (!function.odd_result) slots_.tie(place(id, -1), kLast);
    }
}

Plan Planner::run() {
    Plan plan;
    find_functions();
    by_keyword_ = passes_images_by_keyword();
    learn_parameter_ranks();
    tie_families();
    block(tree_.child(tree_.root(), 0));
    for (const auto& [number, function] : functions_)
        if (!is_tried(NodeId{number})) this->function(NodeId{number});
    if (images_ == 0 || holds_norms_alone()) return plan;
    check_classes();
    check_constructors();
    check_alternatives();
    for (const auto& [load, store] : reads_) {
        const auto known = store_ranks_.find(syntax::index(store));
        if (known == store_ranks_.end() || known->second != rank(load)) slots_.tie(store_slot(store), kFirst);
    }
    tie_unknown_calls();
    note_contradiction(unknown_call_);
    for (const auto& [forward, at] : chained_)
        if (functions_.at(syntax::index(forward)).gives_several) obstruct(at, "a chain of layers that pass several values on");
    for (const auto& [key, slot] : places_) {
        const auto function = functions_.find(key.first);
        const bool first = function == functions_.end() || function->second.exposed || (function->second.odd_result && key.second < 0);
        if (first) slots_.tie(slot, kFirst);
        note_contradiction(NodeId{key.first});
    }
    if (slots_.contradicts()) obstruct(exists(contradiction_) ? contradiction_ : tree_.root(), "what a chain of layers or a branch of the code holds must be channels-last in one place and channels-first in another");
    if (exists(unknown_call_)) images_ = std::max(images_, layers_made());  // it may call any of them
    const int cost = slots_.solve();
    learn_swaps();
    for (const auto& [function, result] : results_)
        if (result > 0) learned_.results.emplace(function, result);
    if (has_planes_) plan.obstacle = obstacle_;  // who holds sequences does not ask for it
    plan.images = images_;
    plan.cost = cost;
    if (!obstacle_.empty() || cost >= 2 * images_) return plan;
    finish(plan);
    return plan;
}

void Planner::finish(Plan& plan) {
    plan.moves.assign(tree_.size(), Move::none);
    plan.channels_last.assign(tree_.size(), false);
    plan.dropped.assign(tree_.size(), false);
    plan.active = true;
    for (const Site& site : sites_) {
        if (slots_.is_last(site.held) == slots_.is_last(site.wanted)) continue;
        Move& move = plan.moves[syntax::index(site.node)];
        const Move wanted = slots_.is_last(site.wanted) ? Move::to_last : Move::to_first;
        if (move != Move::none && move != wanted) plan.active = false;
        move = wanted;
        plan.ranks[syntax::index(site.node)] = static_cast<std::int8_t>(site.rank);
    }
    for (const auto& [id, slot] : pending_forms_) plan.channels_last[syntax::index(id)] = slots_.is_last(slot);
    for (const auto& [id, slot] : pending_drops_) plan.dropped[syntax::index(id)] = slots_.is_last(slot);
    for (std::size_t at = 0; at < pending_axes_.size(); ++at)
        if (slots_.is_last(pending_axes_[at].first)) plan.axes.emplace(syntax::index(pending_axes_calls_[at]), pending_axes_[at].second);
    for (const auto& [id, slot, count] : pending_sizes_)
        if (slots_.is_last(slot)) plan.sizes.emplace(syntax::index(id), count);
    for (const auto& [id, slot, text] : pending_indices_)
        if (slots_.is_last(slot)) plan.indices.emplace(syntax::index(id), text);
    for (const auto& [id, slot, axes] : pending_slices_)
        if (slots_.is_last(slot)) plan.slices.emplace(syntax::index(id), axes);
    for (const auto& [id, slot, axes] : pending_flattenings_)
        if (slots_.is_last(slot)) plan.flattenings.emplace(syntax::index(id), axes);
    for (const Site& site : sites_)  // (1, channels, 1, 1)
        if (slots_.is_last(site.wanted) && !slots_.is_last(site.held) && is_single_pixel(site.node) && is_one(site.node, 0)) plan.pixels.insert(syntax::index(site.node));
    for (const auto& [id, slot] : pending_columns_)
        if (slots_.is_last(slot)) plan.columns.insert(syntax::index(id));
    for (const auto& [literal, held] : pending_patterns_) {
        const infer::Value* text = facts_.value(fact(literal));
        const std::string turned = turned_pattern(std::get<std::string>(*text), slots_.is_last(held.in), slots_.is_last(held.out));
        if (slots_.is_last(held.in) || slots_.is_last(held.out)) plan.patterns.emplace(syntax::index(literal), turned);
    }
    for (const auto& [id, slot] : pending_unpacks_)
        if (slots_.is_last(slot)) plan.unpacked.push_back(id);
    for (const auto& [parameter, slot] : parameters_) {
        if (!slots_.is_last(slot)) continue;
        plan.parameters[syntax::index(tree_[tree_[parameter].parent].parent)].push_back(parameter);
        plan.ranks[syntax::index(parameter)] = static_cast<std::int8_t>(rank(parameter));
    }
    for (std::uint32_t number = 0; number < names_.classes.size(); ++number)
        if (names_.classes[number].is_module) report_interface(plan, number);
    for (std::uint32_t number = 0; number < names_.classes.size(); ++number)
        if (is_sequence(number) || inherits_forward(number)) plan.moved_interfaces.push_back({std::string(names_.classes[number].name), {{0, "input"}}, {-1}});
    hold_facts(plan);
}

void Planner::report_interface(Plan& plan, std::uint32_t class_index) const {
    const NodeId forward = names::find_method(tree_, names_, class_index, "forward");
    if (!exists(forward) || functions_.at(syntax::index(forward)).exposed) return;
    MovedInterface moved{std::string(names_.classes[class_index].name), {}, {}};
    const auto is_last = [&](int number) {
        const auto known = places_.find({syntax::index(forward), number});
        return known != places_.end() && slots_.is_last(known->second);
    };
    const auto parameters = tree_.children(tree_.child(forward, 0));
    for (std::size_t at = 1; at < parameters.size(); ++at)
        if (rank(parameters[at]) > 0 && is_last(static_cast<int>(at))) moved.takes.emplace_back(static_cast<int>(at) - 1, tree_[parameters[at]].name);
    for (int number = -1; number > -2 - kMostResults; --number)
        if (is_last(number)) moved.gives.push_back(number == -1 ? -1 : -2 - number);
    if (!moved.takes.empty() || !moved.gives.empty()) plan.moved_interfaces.push_back(std::move(moved));
}

// Shapes in the order in which the values are held where they are used.
void Planner::hold_facts(Plan& plan) const {
    plan.facts = facts_;
    std::map<std::uint32_t, std::uint32_t> turned;
    for (const auto& [id, slot] : held_) {
        infer::Fact& known = plan.facts.by_node[syntax::index(id)];
        const Move move = plan.moves[syntax::index(id)];
        const bool last = move == Move::none ? slots_.is_last(slot) : move == Move::to_last;
        const std::uint32_t shape = fact(id).shape;
        if (!last || shape == 0) continue;
        const auto [found, is_new] = turned.emplace(shape, 0);
        if (is_new) {
            std::vector<infer::Dim> dims = facts_.shapes[shape];
            std::rotate(dims.begin() + 1, dims.begin() + 2, dims.end());
            found->second = static_cast<std::uint32_t>(plan.facts.shapes.size());
            plan.facts.shapes.push_back(std::move(dims));
        }
        known.shape = found->second;
    }
}

std::string print(const syntax::Tree& tree, const Plan& plan) {
    std::string out = plan.active ? "channels last" : "channels first";
    if (!plan.obstacle.empty()) out += ": " + plan.obstacle;
    out += "\n" + std::to_string(plan.images) + " layers and functions of images, " + std::to_string(plan.cost) + " moves of axes\n";
    for (std::uint32_t number = 1; number < tree.size() && plan.active; ++number) {
        if (plan.moves[number] == Move::none) continue;
        const syntax::Node& node = tree[NodeId{number}];
        const std::string_view before = tree.source().substr(0, node.span.begin);
        out += std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ": " + (plan.moves[number] == Move::to_last ? "to last  " : "to first ") +
               std::string(tree.text(NodeId{number})) + "\n";
    }
    for (const MovedInterface& moved : plan.moved_interfaces) out += "takes and gives channels last: " + moved.name + "\n";
    return out;
}

Plan plan(const syntax::Tree& tree, const names::Names& names, const infer::FactTable& facts, const catalogue::Catalogue& catalogue,
          const std::vector<std::string>& exposed) {
    Learned learned;
    for (int walk = 1;; ++walk) {
        learned.is_final = walk == kMostWalks;
        const Learned before = learned;
        Plan found = Planner(tree, names, facts, catalogue, exposed, learned).run();
        if (learned == before || learned.is_final) return found;
    }
}

}  // namespace mlxify::layout
