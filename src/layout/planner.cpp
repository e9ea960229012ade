#include "layout/planner.h"

#include <algorithm>

namespace mlxify::layout {

namespace {

bool mentions(const std::vector<std::string>& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

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

std::string channels_last_name(std::string_view qualified) { return "mlxify.channels_last." + std::string(qualified); }

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
                 const std::vector<std::string>& exposed)
    : tree_(tree), names_(names), facts_(facts), catalogue_(catalogue), exposed_(exposed) {}

int Planner::rank(NodeId id) const {
    const infer::Fact& known = fact(id);
    if (const auto learned = learned_ranks_.find(syntax::index(id)); learned != learned_ranks_.end()) return learned->second;
    return known.kind == infer::Kind::tensor && known.rank >= 3 && known.rank <= 5 ? known.rank : -1;
}

bool Planner::is_open(NodeId id) const {
    const infer::Fact& known = fact(id);
    return known.kind == infer::Kind::unknown || (known.kind == infer::Kind::tensor && known.rank < 0);
}

void Planner::learn_rank(NodeId id, int rank) {
    if (is_open(id) && rank >= 3 && rank <= 5) learned_ranks_[syntax::index(id)] = rank;
}

// What a run showed of a parameter it showed where the parameter is read first.
void Planner::learn_parameter_ranks() {
    for (const auto& [number, function] : functions_) {
        for (const NodeId parameter : tree_.children(tree_.child(NodeId{number}, 0))) {
            if (!is_open(parameter) || fact(parameter).maybe_none) continue;
            const std::vector<NodeId>& loads = names_[names_.binding(parameter)].loads;
            const auto first = std::min_element(loads.begin(), loads.end(), [&](NodeId a, NodeId b) { return tree_[a].span.begin < tree_[b].span.begin; });
            if (first != loads.end()) learn_rank(parameter, rank(*first));
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

void Planner::obstruct(NodeId at, std::string why) {
    if (!obstacle_.empty()) return;
    if (at == tree_.root()) {
        obstacle_ = std::move(why);
        return;
    }
    const std::string_view before = tree_.source().substr(0, tree_[at].span.begin);
    obstacle_ = why + " (line " + std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ")";
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
            if (is_open(parameters[1])) obstruct(unknown_call_, "a call of what is not known, perhaps of `" + std::string(tree_[tree_.class_of(id)].name) + "`, whose input is not known");
            continue;
        }
        for (std::size_t at = 1; at < parameters.size(); ++at)
            if (rank(parameters[at]) > 0) slots_.tie(place(id, static_cast<int>(at)), kLast);
        if (!function.odd_result) slots_.tie(place(id, -1), kLast);
    }
}

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

// Classes that derive from a layer, and options that only the form with channels first has.
void Planner::check_classes() {
    for (const names::ClassInfo& info : names_.classes)
        for (const std::string& base : info.bases)
            if (catalogue_.find(channels_last_name(base)) || base.starts_with("torch.nn.modules.")) obstruct(info.node, "a class that derives from `" + base + "`");
    for (std::uint32_t number = 0; number < names_.classes.size(); ++number)
        if (is_sequence(number) && is_entry(names_.classes[number].node)) obstruct(names_.classes[number].node, "an entry point that is a Sequential");
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        const NodeId function = tree_[id].kind == NodeKind::return_ && !tree_.children(id).empty() ? tree_.function_of(id) : kNoNode;
        if (exists(function) && std::find(names_.entry_points.begin(), names_.entry_points.end(), function) != names_.entry_points.end() && holds_images(fact(tree_.child(id, 0))))
            obstruct(function, "an entry point that gives a layer");
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
            bool special = name == "return_indices";
            for (const catalogue::Entry& alternative : catalogue_.alternatives(qualified))
                special = special || (alternative.kind == catalogue::EntryKind::definition && lists(alternative.argument, name));
            if (special) obstruct(argument, "`" + qualified + "` with `" + std::string(name) + "`");
        }
    }
}

Plan Planner::run() {
    Plan plan;
    find_functions();
    learn_parameter_ranks();
    tie_families();
    block(tree_.child(tree_.root(), 0));
    for (const auto& [number, function] : functions_)
        if (!is_tried(NodeId{number})) this->function(NodeId{number});
    if (!has_planes_) return plan;
    check_classes();
    check_constructors();
    for (const auto& [load, store] : reads_) {
        const auto known = store_ranks_.find(syntax::index(store));
        if (known == store_ranks_.end() || known->second != rank(load)) slots_.tie(store_slot(store), kFirst);
    }
    tie_unknown_calls();
    for (const auto& [forward, at] : chained_)
        if (functions_.at(syntax::index(forward)).gives_several) obstruct(at, "a chain of layers that pass several values on");
    for (const auto& [key, slot] : places_) {
        const auto function = functions_.find(key.first);
        const bool first = function == functions_.end() || function->second.exposed || (function->second.odd_result && key.second < 0);
        if (first) slots_.tie(slot, kFirst);
    }
    if (slots_.contradicts()) obstruct(tree_.root(), "what a chain of layers or a branch of the code holds must be channels-last in one place and channels-first in another");
    const int cost = slots_.solve();
    plan.obstacle = obstacle_;
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
        if (is_sequence(number)) plan.moved_interfaces.push_back({std::string(names_.classes[number].name), {{0, "input"}}, {-1}});
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
    return Planner(tree, names, facts, catalogue, exposed).run();
}

}  // namespace mlxify::layout
