// x * sigmoid(x), 0.5 * x * (1 + erf(x / sqrt(2))) and their like.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "idiom/reading.h"

namespace mlxify::idiom {

namespace {

using syntax::kNoNode;
using syntax::Op;

constexpr double kCubic = 0.044715;

struct Found {
    std::string_view entry;
    NodeId x{};
    double constant = 1;  // of the whole product
};

class Activation {
public:
    explicit Activation(const Reading& reading) : reading_(reading) {}

    std::optional<Rewriting> read(NodeId root) {
        const Product whole = reading_.product(root, match_);
        if (whole.factors.size() != 2 || std::ranges::any_of(whole.factors, &Factor::divides)) return std::nullopt;
        for (const std::size_t special : {0U, 1U}) {
            const Match before = match_;
            const auto found = read_factor(whole.factors[special].node, whole.constant);
            const NodeId x = whole.factors[1 - special].node;
            if (found && reading_.same(found->x, x) && reading_.may_go(match_, root) && reading_.is_available(x, match_, root)) {
                Rewriting rewriting;
                rewriting.root = root;
                rewriting.entry = found->entry;
                rewriting.arguments = {{"input", x}};
                rewriting.removed = match_.definitions;
                rewriting.inner = match_.inner;
                return rewriting;
            }
            match_ = before;
        }
        return std::nullopt;
    }

private:
    // The factor beside x, and the constant before both. A name may hold it with a constant of its own: `cdf = 0.5 * (1 + erf(...))`.
    std::optional<Found> read_factor(NodeId given, double constant) {
        const NodeId at = reading_.followed(given, match_);
        if (auto found = special(at, constant)) return found;
        const Product inner = reading_.product(at, match_);
        if (inner.factors.size() != 1 || inner.factors[0].divides || at == inner.factors[0].node) return std::nullopt;
        return special(reading_.followed(inner.factors[0].node, match_), constant * inner.constant);
    }

    std::optional<Found> special(NodeId at, double constant) {
        if (const auto call = reading_.called(at); call && call->count() == 1) {
            const NodeId inside = call->argument(0, "input");
            match_.inner.push_back(at);
            if (call->name == "sigmoid" && is_near(constant, 1)) {
                const Product scaled = reading_.product(inside, match_);
                if (scaled.factors.size() != 1 || scaled.factors[0].divides) return std::nullopt;
                if (scaled.constant == 1) return Found{"torch.nn.functional.silu", scaled.factors[0].node};
                if (is_near(scaled.constant, 1.702)) return Found{"mlxify.idiom.gelu_fast_approx", scaled.factors[0].node};
                return std::nullopt;
            }
            if (call->name == "tanh" && is_near(constant, 1)) {
                const auto softplus = reading_.called(reading_.followed(inside, match_));
                if (softplus && softplus->name == "softplus" && softplus->count() == 1) return Found{"torch.nn.functional.mish", softplus->argument(0, "input")};
            }
            return std::nullopt;
        }
        if (!is_near(constant, 0.5)) return std::nullopt;
        const NodeId term = beside_one(at);
        if (!exists(term)) return std::nullopt;
        const NodeId function = reading_.followed(term, match_);
        const auto call = reading_.called(function);
        if (!call || call->count() != 1) return std::nullopt;
        match_.inner.push_back(function);
        const Product inside = reading_.product(reading_.followed(call->argument(0, "input"), match_), match_);
        if (call->name == "erf" && inside.factors.size() == 1 && !inside.factors[0].divides && is_near(inside.constant, std::numbers::sqrt2 / 2))
            return Found{"torch.nn.functional.gelu", inside.factors[0].node};
        if (call->name != "tanh" || !is_near(inside.constant, std::sqrt(2 / std::numbers::pi))) return std::nullopt;
        return cubic(inside);
    }

    // y of 1 + y.
    NodeId beside_one(NodeId at) {
        const syntax::Node& node = reading_.at(at);
        if (node.kind != NodeKind::binary || node.op != Op::add) return kNoNode;
        match_.inner.push_back(at);
        for (const std::uint32_t slot : {0U, 1U})
            if (reading_.is_number(reading_.child(at, slot), 1)) return reading_.child(at, 1 - slot);
        return kNoNode;
    }

    // x + 0.044715 x³, or x (1 + 0.044715 x²)
    std::optional<Found> cubic(const Product& inside) {
        if (std::ranges::any_of(inside.factors, &Factor::divides)) return std::nullopt;
        if (inside.factors.size() == 2) {
            for (const std::size_t at : {0U, 1U}) {
                const Match before = match_;
                const NodeId term = beside_one(reading_.followed(inside.factors[at].node, match_)), x = inside.factors[1 - at].node;
                if (exists(term) && is_power(term, 2, x)) return Found{"mlxify.idiom.gelu_approx", x};
                match_ = before;
            }
            return std::nullopt;
        }
        if (inside.factors.size() != 1) return std::nullopt;
        const NodeId sum = reading_.followed(inside.factors[0].node, match_);
        const syntax::Node& node = reading_.at(sum);
        if (node.kind != NodeKind::binary || node.op != Op::add) return std::nullopt;
        match_.inner.push_back(sum);
        for (const std::uint32_t slot : {0U, 1U}) {
            const NodeId x = reading_.child(sum, slot);
            if (is_power(reading_.child(sum, 1 - slot), 3, x)) return Found{"mlxify.idiom.gelu_approx", x};
        }
        return std::nullopt;
    }

    // 0.044715 times that power of x.
    bool is_power(NodeId given, int exponent, NodeId x) {
        const Match before = match_;
        const Product term = reading_.product(reading_.followed(given, match_), match_);
        if (is_near(term.constant, kCubic) && std::ranges::none_of(term.factors, &Factor::divides)) {
            const auto is_x = [&](const Factor& factor) { return reading_.same(factor.node, x); };
            if (term.factors.size() == static_cast<std::size_t>(exponent) && std::ranges::all_of(term.factors, is_x)) return true;
            if (term.factors.size() == 1 && reading_.same(reading_.power_of(term.factors[0].node, exponent, match_), x)) return true;
        }
        match_ = before;
        return false;
    }

    const Reading& reading_;
    Match match_;
};

}  // namespace

std::optional<Rewriting> activation(const Reading& reading, NodeId root) {
    const syntax::Node& node = reading.at(root);
    const bool product = node.kind == NodeKind::binary && (node.op == Op::mul || node.op == Op::div);
    return product ? Activation(reading).read(root) : std::nullopt;
}

}  // namespace mlxify::idiom
