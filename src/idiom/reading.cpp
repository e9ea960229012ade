#include "idiom/reading.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <numbers>

namespace mlxify::idiom {

namespace {

constexpr double kSingle = 2e-7;  // relative
constexpr int kDeepest = 16;

bool holds(const std::vector<NodeId>& nodes, NodeId node) { return std::ranges::find(nodes, node) != nodes.end(); }

bool is_loop(NodeKind kind) { return kind == NodeKind::for_ || kind == NodeKind::while_; }

bool is_scope(NodeKind kind) {
    return kind == NodeKind::function_def || kind == NodeKind::lambda || kind == NodeKind::class_def || kind == NodeKind::module_;
}

}  // namespace

bool is_near(double value, double wanted) { return std::abs(value - wanted) <= kSingle * std::abs(wanted); }

NodeId Called::argument(std::size_t position, std::string_view keyword, std::string_view other) const {
    if (position < arguments.size()) return arguments[position];
    for (const Argument& given : keywords)
        if (!given.keyword.empty() && (given.keyword == keyword || given.keyword == other)) return given.node;
    return syntax::kNoNode;
}

std::optional<Called> Reading::called(NodeId node) const {
    if (tree_[node].kind != NodeKind::call) return std::nullopt;
    const NodeId callee = tree_.child(node, 0);
    Called call;
    call.name = names::qualified_name(tree_, names_, callee);
    if (call.name.empty()) {
        if (tree_[callee].kind != NodeKind::attribute || fact(tree_.child(callee, 0)).kind == infer::Kind::module) return std::nullopt;
        call.name = tree_[callee].name;
        call.arguments.push_back(tree_.child(callee, 0));
    } else {
        for (const std::string_view prefix : {"torch.nn.functional.", "torch.special.", "torch.Tensor.", "torch."})
            if (call.name.starts_with(prefix)) {
                call.name.erase(0, prefix.size());
                break;
            }
    }
    for (const NodeId argument : tree_.children(node).subspan(1)) {
        const NodeKind kind = tree_[argument].kind;
        if (kind == NodeKind::starred || tree_[argument].has(syntax::Flag::double_star)) return std::nullopt;
        if (kind == NodeKind::keyword) call.keywords.push_back({tree_[argument].name, tree_.child(argument, 0)});
        else call.arguments.push_back(argument);
    }
    return call;
}

std::optional<double> Reading::number(NodeId node, int depth) const {
    if (!exists(node) || depth > kDeepest) return std::nullopt;
    const auto of = [&](std::uint32_t slot) { return number(tree_.child(node, slot), depth + 1); };
    switch (tree_[node].kind) {
    case NodeKind::integer:
    case NodeKind::floating: {
        std::string digits(tree_[node].name);
        std::erase(digits, '_');
        char* end = nullptr;
        const double value = std::strtod(digits.c_str(), &end);
        return *end == '\0' && !digits.starts_with("0x") ? std::optional(value) : std::nullopt;
    }
    case NodeKind::unary:
        if (tree_[node].op == syntax::Op::neg)
            if (const auto value = of(0)) return -*value;
        return std::nullopt;
    case NodeKind::binary: {
        const auto left = of(0), right = of(1);
        if (!left || !right) return std::nullopt;
        switch (tree_[node].op) {
        case syntax::Op::add: return *left + *right;
        case syntax::Op::sub: return *left - *right;
        case syntax::Op::mul: return *left * *right;
        case syntax::Op::div: return *right == 0 ? std::nullopt : std::optional(*left / *right);
        case syntax::Op::pow: return std::pow(*left, *right);
        default: return std::nullopt;
        }
    }
    case NodeKind::name:
    case NodeKind::attribute: {
        const std::string qualified = names::qualified_name(tree_, names_, node);
        if (qualified == "math.pi" || qualified == "numpy.pi" || qualified == "torch.pi") return std::numbers::pi;
        if (tree_[node].kind != NodeKind::name) return std::nullopt;
        const names::Binding& binding = names_[names_.binding(node)];
        return exists(binding.only_value) ? number(binding.only_value, depth + 1) : std::nullopt;
    }
    case NodeKind::call: {
        if (tree_.children(node).size() != 2) return std::nullopt;
        const std::string qualified = names::qualified_name(tree_, names_, tree_.child(node, 0));
        const auto value = of(1);
        if (!value) return std::nullopt;
        if (qualified == "math.sqrt" || qualified == "numpy.sqrt" || qualified == "torch.sqrt") return *value < 0 ? std::nullopt : std::optional(std::sqrt(*value));
        if (qualified == "torch.tensor") return value;
        return std::nullopt;
    }
    default: return std::nullopt;
    }
}

bool Reading::is_number(NodeId node, double wanted) const {
    const auto value = number(node);
    return value && is_near(*value, wanted);
}

bool Reading::is_scalar(NodeId node) const {
    const infer::Kind kind = fact(node).kind;
    const bool python = kind == infer::Kind::integer || kind == infer::Kind::floating;
    if (tree_[node].kind == NodeKind::floating || tree_[node].kind == NodeKind::integer) return true;
    return python && !fact(node).maybe_none && !may_be_tensor(node);
}

// An attribute that was a number in the samples, and that the class also makes a tensor: `self.scale = nn.Parameter(...) if learned else 1.0`.
bool Reading::may_be_tensor(NodeId node) const {
    const NodeId holder = tree_.class_of(node);
    if (tree_[node].kind != NodeKind::attribute || !exists(holder)) return false;
    for (std::uint32_t number = index(holder) - 1; number > 0 && tree_[holder].span.contains(tree_[NodeId{number}].span); --number) {
        const NodeId assignment{number};
        if (tree_[assignment].kind != NodeKind::assign) continue;
        const NodeId value = tree_.child(assignment, 0);
        const bool of_it = std::ranges::any_of(tree_.children(assignment).subspan(1), [&](NodeId target) {
            return tree_[target].kind == NodeKind::attribute && tree_[target].name == tree_[node].name;
        });
        if (of_it && (fact(value).kind == infer::Kind::tensor || tree_.text(value).find("Parameter(") != std::string_view::npos)) return true;
    }
    return false;
}

bool Reading::is_single(NodeId node) const {
    const infer::Fact& known = fact(node);
    if (known.rank != 1 || known.shape == 0) return false;
    const infer::Dim& length = facts_.shapes[known.shape][0];
    return length.known && length.symbols.empty() && length.coefficient == 1;
}

// ------------------------------------------------------------------------------------------------------- names and their values

bool Reading::stores(NodeId statement, names::BindingId binding) const {
    const base::Span span = tree_[statement].span;
    return std::ranges::any_of(names_[binding].stores, [&](NodeId store) { return span.contains(tree_[store].span); });
}

// The last statement before `statement` that may have assigned the name, not looking at those of `without`; kNoNode: none of the function.
NodeId Reading::last_store(names::BindingId binding, NodeId statement, const std::vector<NodeId>& without) const {
    for (NodeId now = statement; exists(now);) {
        const NodeId block = tree_[now].parent;
        if (!exists(block) || tree_[block].kind != NodeKind::block) return syntax::kNoNode;
        const auto statements = tree_.children(block);
        for (auto before = std::ranges::find(statements, now); before != statements.begin();) {
            --before;
            if (!holds(without, *before) && stores(*before, binding)) return *before;
        }
        const NodeId around = tree_[block].parent;
        if (!exists(around) || is_scope(tree_[around].kind)) return syntax::kNoNode;
        const bool carried = is_loop(tree_[around].kind) || tree_[around].kind == NodeKind::with_;  // by an earlier round, or as a target
        if (carried && stores(around, binding)) return around;
        now = syntax::is_statement(tree_[around].kind) ? around : tree_.statement_of(around);
    }
    return syntax::kNoNode;
}

NodeId Reading::followed(NodeId node, Match& match) const {
    for (int depth = 0; depth < kDeepest && tree_[node].kind == NodeKind::name; ++depth) {
        const names::BindingId binding = names_.binding(node);
        if (binding == names::kNoBinding || names_[binding].written_in_place) return node;
        const NodeId statement = tree_.statement_of(node), definition = writer(node);
        if (!exists(definition) || tree_[definition].kind != NodeKind::assign || tree_[definition].parent != tree_[statement].parent) return node;
        if (tree_.children(definition).size() != 2 || tree_[tree_.child(definition, 1)].kind != NodeKind::name) return node;
        match.loads.push_back(node);
        if (!holds(match.definitions, definition)) match.definitions.push_back(definition);
        node = tree_.child(definition, 0);
    }
    return node;
}

bool Reading::is_given(NodeId node) const {
    const names::BindingId binding = names_.binding(node);
    return tree_[node].kind == NodeKind::name && names_[binding].kind == names::BindingKind::parameter && !exists(writer(node));
}

bool Reading::same(NodeId a, NodeId b) const {
    if (a == b) return true;
    if (!exists(a) || !exists(b) || tree_[a].kind != tree_[b].kind) return false;
    const bool together = tree_.statement_of(a) == tree_.statement_of(b);
    if (tree_[a].kind == NodeKind::attribute) {
        if (tree_[a].name != tree_[b].name || !same(tree_.child(a, 0), tree_.child(b, 0))) return false;
        return together || !is_assigned_in(tree_.function_of(a), tree_[a].name);
    }
    if (tree_[a].kind != NodeKind::name) return false;
    const names::BindingId binding = names_.binding(a);
    if (!together && names_[binding].written_in_place) return false;
    return binding != names::kNoBinding && binding == names_.binding(b) && writer(a) == writer(b);
}

Product Reading::product(NodeId node, Match& match) const {
    Product found;
    const auto collect = [&](const auto& self, NodeId at, bool divides, int depth) -> void {
        if (const auto value = number(at)) {
            found.constant = divides ? found.constant / *value : found.constant * *value;
            return;
        }
        const syntax::Node& one = tree_[at];
        if (depth < kDeepest && one.kind == NodeKind::binary && (one.op == syntax::Op::mul || one.op == syntax::Op::div)) {
            match.inner.push_back(at);
            self(self, tree_.child(at, 0), divides, depth + 1);
            self(self, tree_.child(at, 1), (one.op == syntax::Op::div) != divides, depth + 1);
            return;
        }
        found.factors.push_back({at, divides});
    };
    collect(collect, node, false, 0);
    return found;
}

// -------------------------------------------------------------------------------------------------------------------- operations

// What `read` finds in an operation, which is then a part of the formula; followed if it has a name.
template <typename Read>
static NodeId part_of(const Reading& reading, NodeId node, Match& match, Read read) {
    Match way = match;
    const NodeId at = reading.followed(node, way);
    const NodeId found = read(at, way);
    if (!exists(found)) return syntax::kNoNode;
    way.inner.push_back(at);
    match = std::move(way);
    return found;
}

NodeId Reading::power_of(NodeId node, int exponent, Match& match) const {
    return part_of(*this, node, match, [&](NodeId at, Match& way) {
        if (const auto call = called(at)) {
            if (call->name == "pow" && call->count() == 2 && is_number(call->argument(1, "exponent"), exponent)) return call->argument(0, "input");
            if (call->name == "square" && exponent == 2 && call->count() == 1) return call->argument(0, "input");
        }
        if (tree_[at].kind != NodeKind::binary) return syntax::kNoNode;
        if (tree_[at].op == syntax::Op::pow && is_number(tree_.child(at, 1), exponent)) return tree_.child(at, 0);
        if (tree_[at].op != syntax::Op::mul) return syntax::kNoNode;
        const Product factors = product(at, way);
        const bool alike = factors.constant == 1 && factors.factors.size() == static_cast<std::size_t>(exponent) &&
                           std::ranges::all_of(factors.factors, [&](const Factor& one) { return !one.divides && same(one.node, factors.factors[0].node); });
        const bool named = alike && (tree_[factors.factors[0].node].kind == NodeKind::name || tree_[factors.factors[0].node].kind == NodeKind::attribute);
        return named ? factors.factors[0].node : syntax::kNoNode;
    });
}

bool Reading::is_last_axis(NodeId node) const {
    if (!exists(node)) return false;
    const bool sequence = tree_[node].kind == NodeKind::tuple || tree_[node].kind == NodeKind::list;
    if (sequence) return tree_.children(node).size() == 1 && is_last_axis(tree_.child(node, 0));
    return is_number(node, -1);
}

NodeId Reading::mean_of(NodeId node, Match& match) const {
    return part_of(*this, node, match, [&](NodeId at, Match&) {
        const auto call = called(at);
        if (!call || call->name != "mean" || call->count() != 3 || !is_last_axis(call->argument(1, "dim", "axis"))) return syntax::kNoNode;
        const NodeId keeps = call->argument(2, "keepdim", "keepdims");
        return exists(keeps) && tree_[keeps].kind == NodeKind::true_ ? call->argument(0, "input") : syntax::kNoNode;
    });
}

NodeId Reading::variance_of(NodeId node, Match& match) const {
    return part_of(*this, node, match, [&](NodeId at, Match&) {
        const auto call = called(at);
        if (!call || call->name != "var" || call->arguments.size() > 2 || call->count() != 4 || !is_last_axis(call->argument(1, "dim", "axis"))) return syntax::kNoNode;
        bool keeps = false, biased = false;
        for (const Argument& given : call->keywords) {
            keeps = keeps || ((given.keyword == "keepdim" || given.keyword == "keepdims") && tree_[given.node].kind == NodeKind::true_);
            biased = biased || (given.keyword == "unbiased" && tree_[given.node].kind == NodeKind::false_) || (given.keyword == "correction" && is_number(given.node, 0));
        }
        return keeps && biased ? call->argument(0, "input") : syntax::kNoNode;
    });
}

NodeId Reading::wide(NodeId node, Match& match) const {
    return part_of(*this, node, match, [&](NodeId at, Match&) {
        const auto call = called(at);
        if (!call) return syntax::kNoNode;
        const bool method = call->name == "float" && call->count() == 1;
        const bool by_dtype = (call->name == "to" || call->name == "type") && call->count() == 2 &&
                              names::qualified_name(tree_, names_, call->argument(1, "dtype")) == "torch.float32";
        return method || by_dtype ? call->argument(0, "") : syntax::kNoNode;
    });
}

NodeId Reading::dtype_owner(NodeId node, Match& match) const {
    if (!exists(node)) return syntax::kNoNode;
    Match way = match;
    const NodeId at = followed(node, way);
    if (tree_[at].kind != NodeKind::attribute || tree_[at].name != "dtype") return syntax::kNoNode;
    match = std::move(way);
    return tree_.child(at, 0);
}

// ------------------------------------------------------------------------------------------------------------- what may be left out

// Whether something that is not part of the formula reads what `definition` assigns.
bool Reading::is_read_elsewhere(NodeId definition, const Match& match) const {
    const NodeId target = tree_.child(definition, 1), function = tree_.function_of(definition);
    const names::Binding& binding = names_[names_.binding(target)];
    if (!exists(function)) return true;
    const auto reads = [&](NodeId node) {
        if (tree_.function_of(node) != function) return true;  // a function inside
        const NodeId statement = tree_.statement_of(node);
        if (tree_[node].span.begin < tree_[definition].span.begin) {
            for (NodeId around = tree_[definition].parent; exists(around) && around != function; around = tree_[around].parent)
                if (is_loop(tree_[around].kind) && tree_[around].span.contains(tree_[node].span)) return true;  // in the next round
            return false;
        }
        const NodeId last = last_store(names_.binding(target), statement, {});
        return last == definition || (exists(last) && tree_[last].kind != NodeKind::assign && tree_[last].span.begin > tree_[definition].span.begin);
    };
    for (const NodeId load : binding.loads)
        if (!holds(match.loads, load) && load != target && reads(load)) return true;
    for (const NodeId store : binding.stores)
        if (tree_[tree_[store].parent].kind == NodeKind::aug_assign && reads(store)) return true;
    return false;
}

bool Reading::may_go(const Match& match, NodeId root) const {
    const NodeId statement = tree_.statement_of(root), function = tree_.function_of(root);
    if (!exists(function) || tree_[function].kind == NodeKind::lambda) return false;
    for (NodeId around = tree_[root].parent; exists(around) && around != statement; around = tree_[around].parent)
        if (tree_[around].kind == NodeKind::lambda || tree_[around].kind == NodeKind::comprehension) return false;
    return std::ranges::none_of(match.definitions, [&](NodeId definition) {
        return tree_[definition].parent != tree_[statement].parent || is_read_elsewhere(definition, match);
    });
}

bool Reading::is_assigned_in(NodeId function, std::string_view attribute) const {
    if (!exists(function)) return true;
    for (std::uint32_t number = index(function) - 1; number > 0 && tree_[function].span.contains(tree_[NodeId{number}].span); --number) {
        const NodeId id{number};
        if (tree_[id].kind != NodeKind::attribute || tree_[id].name != attribute) continue;
        NodeId target = id;  // or what it is a part of: `self.scale[0] = 1`, `self.a, self.b = ...`
        while (true) {
            const syntax::Node& around = tree_[tree_[target].parent];
            const bool part = around.kind == NodeKind::tuple || around.kind == NodeKind::list || around.kind == NodeKind::starred ||
                              (around.kind == NodeKind::subscript && tree_.child(tree_[target].parent, 0) == target);
            if (!part) break;
            target = tree_[target].parent;
        }
        const NodeId parent = tree_[target].parent;
        const NodeKind kind = tree_[parent].kind;
        const bool first = tree_.child(parent, 0) == target;
        const bool last_of_assignment = kind == NodeKind::assign && !first;
        const bool written = (kind == NodeKind::aug_assign || kind == NodeKind::ann_assign || kind == NodeKind::for_ || kind == NodeKind::delete_) && first;
        if (last_of_assignment || written || kind == NodeKind::with_item) return true;
    }
    return false;
}

// Whether an operand that stands in a statement before can be computed where the formula ends.
bool Reading::stays(NodeId operand, const Match& match, NodeId statement) const {
    const syntax::Node& node = tree_[operand];
    const auto all_stay = [&](std::span<const NodeId> parts) { return std::ranges::all_of(parts, [&](NodeId part) { return stays(part, match, statement); }); };
    switch (node.kind) {
    case NodeKind::integer:
    case NodeKind::floating: return true;
    case NodeKind::name: {
        const names::BindingId binding = names_.binding(operand);
        if (binding == names::kNoBinding || names_[binding].kind == names::BindingKind::import_) return true;
        return !names_[binding].written_in_place && last_store(binding, statement, match.definitions) == writer(operand);
    }
    case NodeKind::attribute: return stays(tree_.child(operand, 0), match, statement) && !is_assigned_in(tree_.function_of(operand), node.name);
    case NodeKind::unary:
    case NodeKind::binary: return is_scalar(operand) && all_stay(tree_.children(operand));
    case NodeKind::subscript: return is_scalar(operand) && all_stay(tree_.children(operand));
    case NodeKind::call: {
        const std::string qualified = names::qualified_name(tree_, names_, tree_.child(operand, 0));
        if (qualified == "math.sqrt" || qualified == "numpy.sqrt") return all_stay(tree_.children(operand));
        const auto call = called(operand);
        const bool size = call && call->name == "size" && call->count() == 2;
        return size && is_scalar(operand) && all_stay(call->arguments);
    }
    default: return false;
    }
}

bool Reading::is_available(NodeId operand, const Match& match, NodeId root) const {
    const NodeId statement = tree_.statement_of(root);
    if (tree_[root].span.contains(tree_[operand].span)) {
        if (match.definitions.empty()) return true;
        // A name of the last statement still stands for what it did, but for what is followed, which is no operand.
        for (std::uint32_t number = index(operand); number > 0 && tree_[operand].span.contains(tree_[NodeId{number}].span); --number)
            if (tree_[NodeId{number}].kind == NodeKind::name && holds(match.definitions, writer(NodeId{number}))) return false;
        return true;
    }
    return stays(operand, match, statement);
}

}  // namespace mlxify::idiom
