// x / sqrt(mean(x²) + eps) * w and (x - mean(x)) / sqrt(var(x) + eps) * w + b, over the last axis.
#include <algorithm>

#include "idiom/reading.h"

namespace mlxify::idiom {

namespace {

using syntax::kNoNode;
using syntax::Op;

class Norm {
public:
    explicit Norm(const Reading& reading) : reading_(reading) {}

    std::optional<Rewriting> read(NodeId root) {
        if (!scaled(root)) return std::nullopt;
        if (!reading_.may_go(parts_.match, root)) return std::nullopt;
        for (const NodeId operand : {parts_.x, parts_.eps, parts_.weight, parts_.bias})
            if (exists(operand) && !reading_.is_available(operand, parts_.match, root)) return std::nullopt;
        Rewriting found;
        found.root = root;
        found.arguments.push_back({"input", parts_.x});
        if (exists(parts_.weight)) found.arguments.push_back({"weight", parts_.weight});
        if (exists(parts_.bias)) found.arguments.push_back({"bias", parts_.bias});
        found.arguments.push_back({"eps", parts_.eps});
        found.entry = parts_.centred ? "mlxify.idiom.layer_norm" : "mlxify.idiom.rms_norm";
        found.removed = parts_.match.definitions;
        found.inner = parts_.match.inner;
        return found;
    }

private:
    // With weight and bias, or without.
    bool scaled(NodeId root) {
        const syntax::Node& node = reading_.at(root);
        if (node.kind != NodeKind::binary || node.op != Op::add) return weighted(root);
        for (const std::uint32_t slot : {0U, 1U}) {
            const Parts before = parts_;
            const NodeId bias = reading_.child(root, slot);
            if (is_vector(bias) && weighted(reading_.child(root, 1 - slot)) && exists(parts_.weight) && parts_.centred) {
                parts_.bias = bias;
                return true;
            }
            parts_ = before;
        }
        return false;
    }

    bool weighted(NodeId given) {
        const Parts before = parts_;
        const NodeId at = reading_.followed(given, parts_.match);
        const syntax::Node& node = reading_.at(at);
        if (node.kind == NodeKind::binary && node.op == Op::mul) {
            for (const std::uint32_t slot : {0U, 1U}) {
                const Parts now = parts_;
                const NodeId weight = reading_.child(at, slot);
                if (is_vector(weight) && normalised(reading_.child(at, 1 - slot))) {
                    parts_.weight = weight;
                    parts_.match.inner.push_back(at);
                    return true;
                }
                parts_ = now;
            }
        }
        parts_ = before;
        return normalised(given);
    }

    // A weight of one axis: of one number only if it says so itself, which is not taken.
    [[nodiscard]] bool is_vector(NodeId node) const {
        const infer::Fact& fact = reading_.fact(node);
        return fact.kind == infer::Kind::tensor && fact.rank == 1 && !fact.maybe_none && is_float(fact) && !reading_.is_single(node);
    }

    static bool is_float(const infer::Fact& fact) {
        using infer::DType;
        return fact.dtype == DType::unknown || fact.dtype == DType::float32 || fact.dtype == DType::float16 || fact.dtype == DType::bfloat16;
    }

    // Perhaps widened before, and narrowed again to the dtype that it had.
    bool normalised(NodeId given) {
        const Parts before = parts_;
        const NodeId at = reading_.followed(given, parts_.match);
        NodeId like = kNoNode;
        const NodeId inside = reading_.cast_back(at, parts_.match, [&](NodeId owner) { return exists(like = owner); });
        if (exists(inside) && quotient(inside)) {
            const std::vector<NodeId> inputs = parts_.inputs;
            const bool widened = std::ranges::all_of(inputs, [&](NodeId input) {
                parts_.x = reading_.wide(input, parts_.match);
                return exists(parts_.x) && reading_.same(parts_.x, like);
            });
            if (widened) return true;
        }
        parts_ = before;
        return quotient(given);
    }

    // x * rsqrt(m + eps), x / sqrt(m + eps)
    bool quotient(NodeId given) {
        const Parts before = parts_;
        const NodeId at = reading_.followed(given, parts_.match);
        const syntax::Node& node = reading_.at(at);
        if (node.kind == NodeKind::binary && (node.op == Op::mul || node.op == Op::div)) {
            parts_.match.inner.push_back(at);
            const NodeId left = reading_.child(at, 0), right = reading_.child(at, 1);
            const Parts now = parts_;
            if (over(left, root_of(right, node.op == Op::mul))) return true;
            parts_ = now;
            if (node.op == Op::mul && over(right, root_of(left, true))) return true;
        }
        parts_ = before;
        return false;
    }

    // y of 1 / sqrt(y), or of sqrt(y).
    NodeId root_of(NodeId given, bool inverse) {
        const NodeId at = reading_.followed(given, parts_.match);
        parts_.match.inner.push_back(at);
        if (const auto call = reading_.called(at)) {
            if (call->name == (inverse ? "rsqrt" : "sqrt") && call->count() == 1) return call->argument(0, "input");
            if (call->name == "pow" && call->count() == 2 && reading_.is_number(call->argument(1, "exponent"), inverse ? -0.5 : 0.5)) return call->argument(0, "input");
            if (inverse && call->name == "reciprocal" && call->count() == 1) return root_of(call->argument(0, "input"), false);
        }
        const syntax::Node& node = reading_.at(at);
        if (node.kind != NodeKind::binary) return kNoNode;
        if (node.op == Op::pow && reading_.is_number(reading_.child(at, 1), inverse ? -0.5 : 0.5)) return reading_.child(at, 0);
        if (inverse && node.op == Op::div && reading_.is_number(reading_.child(at, 0), 1)) return root_of(reading_.child(at, 1), false);
        return kNoNode;
    }

    // `top` over the root of m + eps.
    bool over(NodeId top, NodeId radicand) {
        if (!exists(radicand)) return false;
        const NodeId at = reading_.followed(radicand, parts_.match);
        const syntax::Node& node = reading_.at(at);
        if (node.kind != NodeKind::binary || node.op != Op::add) return false;
        parts_.match.inner.push_back(at);
        for (const std::uint32_t slot : {0U, 1U}) {
            const Parts before = parts_;
            const NodeId eps = reading_.child(at, 1 - slot);
            if (reading_.is_scalar(eps) && (variance(top, reading_.child(at, slot)) || mean_square(top, reading_.child(at, slot)))) {
                parts_.eps = eps;
                return true;
            }
            parts_ = before;
        }
        return false;
    }

    bool mean_square(NodeId top, NodeId moment) {
        const Parts before = parts_;
        const NodeId squares = reading_.mean_of(moment, parts_.match);
        const NodeId x = exists(squares) ? reading_.power_of(squares, 2, parts_.match) : kNoNode;
        if (exists(x) && is_input(top) && same_input(top, x)) {
            parts_.x = top;
            parts_.inputs.insert(parts_.inputs.end(), {x, top});
            parts_.centred = false;
            return true;
        }
        parts_ = before;
        return false;
    }

    // The same value, one of them perhaps widened where the other is used as it is: `x * rsqrt(x.float()...)` is no norm of one of them.
    bool same_input(NodeId a, NodeId b) {
        if (reading_.same(a, b)) return true;
        const NodeId of_a = reading_.wide(a, parts_.match), of_b = reading_.wide(b, parts_.match);
        return exists(of_a) && exists(of_b) && reading_.same(of_a, of_b);
    }

    bool variance(NodeId top, NodeId moment) {
        const Parts before = parts_;
        const NodeId x = centre_of(top);
        if (exists(x) && is_input(x)) {
            const Parts now = parts_;
            const NodeId squares = reading_.mean_of(moment, parts_.match);
            const NodeId deviation = exists(squares) ? reading_.power_of(squares, 2, parts_.match) : kNoNode;
            if (exists(deviation) && reading_.same(centre_of(deviation), x)) return centred_on(x);
            parts_ = now;
            if (const NodeId of = reading_.variance_of(moment, parts_.match); exists(of) && reading_.same(of, x)) {
                parts_.inputs.push_back(of);
                return centred_on(x);
            }
        }
        parts_ = before;
        return false;
    }

    bool centred_on(NodeId x) {
        parts_.x = x;
        parts_.centred = true;
        return true;
    }

    // x of x - mean(x).
    NodeId centre_of(NodeId given) {
        const NodeId at = reading_.followed(given, parts_.match);
        const syntax::Node& node = reading_.at(at);
        if (node.kind != NodeKind::binary || node.op != Op::sub) return kNoNode;
        const NodeId x = reading_.child(at, 0), mean = reading_.mean_of(reading_.child(at, 1), parts_.match);
        if (!exists(mean) || !reading_.same(x, mean)) return kNoNode;
        parts_.inputs.insert(parts_.inputs.end(), {mean, x});
        parts_.match.inner.push_back(at);
        return x;
    }

    // A tensor of floating numbers, as far as it is known.
    [[nodiscard]] bool is_input(NodeId node) const {
        const infer::Fact& fact = reading_.fact(node);
        return is_float(fact) && (fact.kind == infer::Kind::tensor || fact.kind == infer::Kind::unknown) && fact.rank != 0;
    }

    struct Parts {
        Match match;
        NodeId x = kNoNode, eps = kNoNode, weight = kNoNode, bias = kNoNode;
        std::vector<NodeId> inputs;  // wherever x stands in it
        bool centred = false;
    };

    const Reading& reading_;
    Parts parts_;
};

}  // namespace

std::optional<Rewriting> norm(const Reading& reading, NodeId root) {
    const syntax::Node& node = reading.at(root);
    const bool operation = node.kind == NodeKind::binary && (node.op == Op::mul || node.op == Op::div || node.op == Op::add);
    return operation || node.kind == NodeKind::call ? Norm(reading).read(root) : std::nullopt;
}

}  // namespace mlxify::idiom
