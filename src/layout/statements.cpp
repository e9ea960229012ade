// Statements: which stores reach which loads. What meets in a load is held in one layout.
#include <algorithm>

#include "layout/planner.h"

namespace mlxify::layout {

NodeId Planner::scope_function(NodeId id) const {
    for (NodeId at = tree_[id].parent; exists(at); at = tree_[at].parent)
        if (tree_[at].kind == NodeKind::function_def || tree_[at].kind == NodeKind::lambda || tree_[at].kind == NodeKind::class_def) return at;
    return kNoNode;
}

void Planner::function(NodeId id) {
    const NodeId outer = std::exchange(current_, id);
    const Environment around = std::exchange(environment_, {});
    const int loops = std::exchange(loops_, 0);
    const bool exposed = functions_[syntax::index(id)].exposed;
    int number = 0;
    for (const NodeId parameter : tree_.children(tree_.child(id, 0))) {
        const syntax::Node& node = tree_[parameter];
        const auto binding = static_cast<std::uint32_t>(names_.binding(parameter));
        const bool plain = !node.has(syntax::Flag::star) && !node.has(syntax::Flag::double_star);
        const Slot outside = place(id, number++);
        store_ranks_[syntax::index(parameter)] = plain && !fact(parameter).maybe_none ? rank(parameter) : -1;
        const Slot inside = store_slot(parameter);
        if (exposed) slots_.tie(outside, kFirst);
        if (exposed && plain && rank(parameter) > 0) {
            slots_.pair(kFirst, inside);
            parameters_.emplace_back(parameter, inside);
        } else {
            slots_.tie(inside, outside);
        }
        environment_.stores[binding] = {syntax::index(parameter)};
        if (exists(tree_.child(parameter, 1))) evaluate_and_force(tree_.child(parameter, 1));
    }
    block(tree_.child(id, 2));
    environment_ = around;
    current_ = outer;
    loops_ = loops;
}

void Planner::block(NodeId id) {
    if (!exists(id)) return;
    for (const NodeId child : tree_.children(id)) {
        statement(child);
        note_contradiction(child);
    }
}

void Planner::merge(const Environment& other) {
    if (other.dead) return;
    if (environment_.dead) {
        environment_ = other;
        return;
    }
    for (const auto& [binding, stores] : other.stores) environment_.stores[binding].insert(stores.begin(), stores.end());
}

// Every store inside may reach: what a loop repeats, and a handler interrupts.
void Planner::open(NodeId body) {
    if (!exists(body)) return;
    const base::Span span = tree_[body].span;
    for (std::uint32_t number = 1; number < tree_.size(); ++number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::name || !span.contains(tree_[id].span)) continue;
        const names::BindingId binding = names_.binding(id);
        if (binding == names::kNoBinding) continue;
        const std::vector<NodeId>& stores = names_[binding].stores;
        if (std::find(stores.begin(), stores.end(), id) != stores.end()) environment_.stores[static_cast<std::uint32_t>(binding)].insert(number);
    }
}

void Planner::loop(NodeId id) {
    const bool is_for = tree_[id].kind == NodeKind::for_;
    const NodeId body = tree_.child(id, is_for ? 2 : 1);
    std::vector<Value> iterated;
    if (is_for) iterated = evaluate_iterable(tree_.child(id, 1));
    open(body);
    const Environment before = environment_;
    ++loops_;
    if (is_for) bind_elements(tree_.child(id, 0), iterated);
    else evaluate_and_force(tree_.child(id, 0));
    block(body);
    --loops_;
    merge(before);
    if (environment_.dead) environment_ = before;
    block(tree_.child(id, is_for ? 3 : 2));
}

void Planner::attempt(NodeId id) {
    const Environment before = environment_;
    open(tree_.child(id, 0));
    Environment broken = environment_;
    environment_ = before;
    block(tree_.child(id, 0));
    block(tree_.child(id, 1));
    Environment after = environment_;
    for (const NodeId handler : tree_.children(id).subspan(3)) {
        environment_ = broken;
        if (exists(tree_.child(handler, 0))) evaluate_and_force(tree_.child(handler, 0));
        block(tree_.child(handler, 1));
        std::swap(environment_, after);
        merge(after);
        after = environment_;
    }
    environment_ = after;
    if (exists(tree_.child(id, 2))) {
        merge(broken);
        block(tree_.child(id, 2));
    }
}

void Planner::statement(NodeId id) {
    const syntax::Node& node = tree_[id];
    switch (node.kind) {
    case NodeKind::expression_statement: evaluate(tree_.child(id, 0)); return;
    case NodeKind::assign: assign(id); return;
    case NodeKind::ann_assign:
        if (exists(tree_.child(id, 2))) bind(tree_.child(id, 0), tree_.child(id, 2), evaluate(tree_.child(id, 2)));
        return;
    case NodeKind::aug_assign: augmented(id); return;
    case NodeKind::return_: give_back(id); return;
    case NodeKind::for_:
    case NodeKind::while_: loop(id); return;
    case NodeKind::if_: {
        if (is_tried(id)) return;
        const NodeId test = tree_.child(id, 0);
        const Value tested = evaluate(test);
        if (tested.kind != Value::Kind::list) force(test, tested);
        const Environment before = environment_;
        block(tree_.child(id, 1));
        const Environment after = std::exchange(environment_, before);
        block(tree_.child(id, 2));
        merge(after);
        return;
    }
    case NodeKind::with_:
        for (const NodeId item : tree_.children(id).subspan(1)) {
            evaluate_and_force(tree_.child(item, 0));
            if (exists(tree_.child(item, 1))) bind(tree_.child(item, 1), kNoNode, {});
        }
        block(tree_.child(id, 0));
        return;
    case NodeKind::try_: attempt(id); return;
    case NodeKind::raise_:
        for (const NodeId child : tree_.children(id))
            if (exists(child)) evaluate_and_force(child);
        environment_.dead = true;
        return;
    case NodeKind::break_:
    case NodeKind::continue_: environment_.dead = true; return;
    case NodeKind::assert_:
        for (const NodeId child : tree_.children(id))
            if (exists(child)) evaluate_and_force(child);
        return;
    case NodeKind::function_def: {
        const auto binding = static_cast<std::uint32_t>(names_.binding(id));
        environment_.stores[binding] = {syntax::index(id)};
        return;  // walked by itself
    }
    case NodeKind::class_def:
        for (const NodeId child : tree_.children(tree_.child(id, 0))) statement(child);
        return;
    case NodeKind::match_:
        for (const NodeId child : tree_.children(id)) {
            if (tree_[child].kind != NodeKind::case_) {
                evaluate_and_force(child);
                continue;
            }
            const Environment before = environment_;
            block(tree_.child(child, 1));
            merge(before);
        }
        return;
    default: return;
    }
}

Slot Planner::store_slot(NodeId target) {
    const auto [found, is_new] = stores_.emplace(syntax::index(target), kFirst);
    if (is_new) {
        found->second = slots_.fresh();
        const auto binding = static_cast<std::uint32_t>(names_.binding(target));
        if (captured_.contains(binding)) slots_.tie(found->second, kFirst);
    }
    return found->second;
}

Value Planner::load(NodeId name) {
    const names::BindingId binding = names_.binding(name);
    const auto number = static_cast<std::uint32_t>(binding);
    if (binding == names::kNoBinding) return {};
    if (const auto container = containers_.find(number); container != containers_.end() && rank(name) < 0) return container->second;
    const auto reaching = environment_.stores.find(number);
    if (reaching == environment_.stores.end()) {
        if (const int axes = rank(name); axes > 0) return tensor(name, kFirst);
        return {};
    }
    if (is_open(name)) {  // it has the rank of what was stored
        std::set<int> ranks;
        for (const std::uint32_t store : reaching->second) {
            const auto known = store_ranks_.find(store);
            if (known != store_ranks_.end()) ranks.insert(known->second);  // those that follow in a loop are compared at the end
        }
        if (ranks.size() == 1) learn_rank(name, *ranks.begin());
    }
    const bool pixel = !reaching->second.empty() && std::all_of(reaching->second.begin(), reaching->second.end(), [&](std::uint32_t store) { return pixels_.contains(store); });
    if (pixel) pixels_.insert(syntax::index(name));
    Slot slot = kFirst;
    bool any = false;
    for (const std::uint32_t store : reaching->second) {
        reads_.emplace_back(name, NodeId{store});
        const Slot one = store_slot(NodeId{store});
        if (any) slots_.tie(slot, one);
        slot = any ? slot : one;
        any = true;
    }
    return rank(name) > 0 && any ? tensor(name, slot) : Value{};
}

void Planner::bind(NodeId target, NodeId value_node, const Value& value) {
    const syntax::Node& node = tree_[target];
    switch (node.kind) {
    case NodeKind::name: bind_name(target, value_node, value); return;
    case NodeKind::starred:
        if (exists(value_node)) force(value_node, value);
        else hold(value, kFirst);
        bind(tree_.child(target, 0), kNoNode, {});
        return;
    case NodeKind::tuple:
    case NodeKind::list: {
        const auto targets = tree_.children(target);
        const bool matches = value.parts.size() == targets.size() && std::none_of(targets.begin(), targets.end(), [&](NodeId one) {
            return tree_[one].kind == NodeKind::starred;
        });
        if (value.kind == Value::Kind::list && std::none_of(targets.begin(), targets.end(), [&](NodeId one) { return tree_[one].kind != NodeKind::name; })) {
            for (const NodeId one : targets) bind_iterated(one, value);
            return;
        }
        if (matches) {
            const bool display = value.kind == Value::Kind::display;
            for (std::size_t at = 0; at < targets.size(); ++at) bind(targets[at], display ? tree_.child(value_node, static_cast<std::uint32_t>(at)) : kNoNode, value.parts[at]);
            return;
        }
        if (exists(value_node)) force(value_node, value);
        else hold(value, kFirst);
        for (const NodeId one : targets) bind(one, kNoNode, {});
        return;
    }
    default:  // an attribute or a part: what is written to is held as in torch, but for the elements of a list
        if (node.kind == NodeKind::subscript && exists(value_node) && value.kind == Value::Kind::tensor) {
            const Value list = evaluate(tree_.child(target, 0));
            if (list.kind == Value::Kind::list && list.rank == value.rank && tree_[tree_.child(target, 1)].kind != NodeKind::slice) {
                use(value_node, value, list.slot);
                evaluate_and_force(tree_.child(target, 1));
                return;
            }
        }
        if (exists(value_node)) force(value_node, value);
        else hold(value, kFirst);
        if (node.kind == NodeKind::subscript) {
            hold(evaluate(tree_.child(target, 0)), kFirst);
            evaluate_and_force(tree_.child(target, 1));
        } else if (node.kind == NodeKind::attribute) {
            hold(evaluate(tree_.child(target, 0)), kFirst);
        }
        return;
    }
}

// What a loop goes over: one list, or several side by side (`zip(a, b)`, `enumerate(a)`). Others than lists are held as in torch.
std::vector<Value> Planner::evaluate_iterable(NodeId id) {
    const NodeId callee = tree_[id].kind == NodeKind::call ? tree_.child(id, 0) : kNoNode;
    const bool builtin = exists(callee) && tree_[callee].kind == NodeKind::name && names_.binding(callee) == names::kNoBinding;
    const bool counts = builtin && tree_[callee].name == "enumerate";
    std::vector<NodeId> nodes{id};
    if (counts || (builtin && tree_[callee].name == "zip")) nodes.assign(tree_.children(id).begin() + 1, tree_.children(id).end());
    std::vector<Value> values;
    if (counts) values.emplace_back();
    for (const NodeId node : nodes) {
        if (tree_[node].kind == NodeKind::keyword || tree_[node].kind == NodeKind::starred) {
            evaluate_and_force(tree_.child(node, 0));
            if (tree_[node].kind == NodeKind::starred) values.emplace_back();
            continue;
        }
        Value value = evaluate(node);
        if (value.kind == Value::Kind::display) value = list_of(node, value);
        if (value.kind == Value::Kind::list) {
            values.push_back(std::move(value));
        } else {
            force(node, value);
            values.emplace_back();
        }
    }
    return values;
}

void Planner::bind_elements(NodeId target, const std::vector<Value>& iterated) {
    const bool several = tree_[target].kind == NodeKind::tuple && tree_.children(target).size() == iterated.size();
    if (several) {
        for (std::size_t at = 0; at < iterated.size(); ++at) bind_iterated(tree_.child(target, static_cast<std::uint32_t>(at)), iterated[at]);
    } else if (iterated.size() == 1) {
        bind_iterated(target, iterated[0]);
    } else {
        for (const Value& value : iterated) hold(value, kFirst);
        bind(target, kNoNode, {});
    }
}

// The elements of a list, one after another.
void Planner::bind_iterated(NodeId target, const Value& iterable) {
    if (iterable.kind != Value::Kind::list || tree_[target].kind != NodeKind::name) {
        hold(iterable, kFirst);
        bind(target, kNoNode, {});
        return;
    }
    Value element{Value::Kind::tensor, iterable.slot, iterable.rank, {}};
    bind_name(target, kNoNode, element);
}

void Planner::bind_name(NodeId target, NodeId value_node, const Value& given) {
    const names::BindingId binding = names_.binding(target);
    const auto number = static_cast<std::uint32_t>(binding);
    const auto index = syntax::index(target);
    Value value = given;
    if (value.kind == Value::Kind::display && tree_[value_node].kind == NodeKind::list) value = list_of(value_node, value);
    const Slot slot = store_slot(target);
    environment_.stores[number] = {index};
    store_ranks_[index] = -1;
    switch (value.kind) {
    case Value::Kind::tensor:
        store_ranks_[index] = value.rank;
        if (exists(value_node) && is_single_pixel(value_node)) pixels_.insert(index);
        if (exists(value_node)) use(value_node, value, slot);
        else slots_.tie(value.slot, slot);
        break;
    case Value::Kind::list:
        if (const auto known = containers_.find(number); known != containers_.end()) {
            slots_.tie(known->second.slot, value.slot);
            if (known->second.rank != value.rank && known->second.rank > 0 && value.rank > 0) slots_.tie(value.slot, kFirst);
        } else {
            containers_[number] = value;
        }
        if (captured_.contains(number)) slots_.tie(value.slot, kFirst);
        break;
    default:
        if (exists(value_node)) force(value_node, value);
        else hold(value, kFirst);
        if (const auto known = containers_.find(number); known != containers_.end()) slots_.tie(known->second.slot, kFirst);
        break;
    }
}

// b, c, h, w = x.shape  ->  b, h, w, c = x.shape
bool Planner::unpack_shape(NodeId target, NodeId value) {
    if (tree_[target].kind != NodeKind::tuple) return false;
    const NodeId object = of_shape(value);
    if (!exists(object)) return false;
    const auto targets = tree_.children(target);
    if (rank(object) != static_cast<int>(targets.size())) return false;
    if (std::any_of(targets.begin(), targets.end(), [&](NodeId one) { return tree_[one].kind != NodeKind::name; })) return false;
    const Value owner = evaluate(object);
    if (owner.kind == Value::Kind::tensor) pending_unpacks_.emplace_back(target, owner.slot);
    for (const NodeId one : targets) bind(one, kNoNode, {});
    return true;
}

void Planner::assign(NodeId id) {
    const NodeId value_node = tree_.child(id, 0);
    const auto targets = tree_.children(id).subspan(1);
    if (targets.size() == 1 && unpack_shape(targets[0], value_node)) return;
    const Value value = evaluate(value_node);
    if (targets.size() == 1) {
        bind(targets[0], value_node, value);
        return;
    }
    const bool names = std::all_of(targets.begin(), targets.end(), [&](NodeId target) { return tree_[target].kind == NodeKind::name; });
    if (names && value.kind == Value::Kind::tensor) {  // a = b = x: one array
        bind(targets[0], value_node, value);
        Value same = value;
        same.slot = store_slot(targets[0]);
        for (const NodeId target : targets.subspan(1)) bind(target, kNoNode, same);
        return;
    }
    force(value_node, value);
    for (const NodeId target : targets) bind(target, kNoNode, {});
    for (const NodeId target : targets)
        if (tree_[target].kind == NodeKind::name) slots_.tie(store_slot(target), kFirst), store_ranks_[syntax::index(target)] = value.rank;
}

void Planner::augmented(NodeId id) {
    const NodeId target = tree_.child(id, 0);
    const NodeId value_node = tree_.child(id, 1);
    const Value value = evaluate(value_node);
    if (tree_[target].kind != NodeKind::name) {
        force(value_node, value);
        bind(target, kNoNode, {});
        return;
    }
    const Value before = load(target);
    if (before.kind == Value::Kind::list) {  // features += [x]
        const Value more = value.kind == Value::Kind::display ? list_of(value_node, value) : value;
        if (more.kind == Value::Kind::list) slots_.tie(more.slot, before.slot);
        else hold(before, kFirst);
        return;
    }
    if (before.kind != Value::Kind::tensor) {
        force(value_node, value);
        bind_name(target, kNoNode, {});
        return;
    }
    Value sum = tensor(target, before.slot);
    if (value.kind == Value::Kind::tensor && value.rank == before.rank) {
        use(value_node, value, before.slot);
    } else {
        force(value_node, value);
        const infer::Fact& added = fact(value_node);
        const bool number = added.kind == infer::Kind::integer || added.kind == infer::Kind::floating || (added.kind == infer::Kind::tensor && added.rank == 0);
        if (!number) slots_.tie(before.slot, kFirst);
    }
    bind_name(target, kNoNode, sum);
}

void Planner::give_back(NodeId id) {
    const NodeId node = tree_.child(id, 0);
    if (exists(node)) {
        const Value value = evaluate(node);
        const auto known = functions_.find(syntax::index(current_));
        const infer::Kind kind = fact(node).kind;
        const bool one = value.kind == Value::Kind::tensor || kind == infer::Kind::tensor || (value.kind == Value::Kind::other && kind == infer::Kind::unknown);
        if (known != functions_.end() && !one) known->second.gives_several = true;
        if (exists(current_)) {
            const int given = value.kind == Value::Kind::tensor ? value.rank : -1;
            const auto [result, is_new] = results_.emplace(syntax::index(current_), given);
            if (!is_new && result->second != given) result->second = -1;
        }
        const bool open = exists(current_) && known != functions_.end() && !known->second.exposed;
        if (open && value.kind == Value::Kind::tensor) {
            use(node, value, place(current_, -1));
        } else if (open && value.kind == Value::Kind::display && tree_[node].kind == NodeKind::tuple) {
            for (std::size_t at = 0; at < value.parts.size(); ++at) {
                const bool open_part = value.parts[at].kind == Value::Kind::tensor && at < kMostResults;
                use(tree_.child(node, static_cast<std::uint32_t>(at)), value.parts[at], open_part ? place(current_, -2 - static_cast<int>(at)) : kFirst);
            }
        } else {
            force(node, value);
            if (open && (value.kind != Value::Kind::other || fact(node).kind != infer::Kind::tensor || fact(node).rank < 0)) known->second.odd_result = true;
        }
    }
    environment_.dead = true;
}

}  // namespace mlxify::layout
