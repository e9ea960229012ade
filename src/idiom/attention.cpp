// softmax(q @ k.transpose(-2, -1) * scale + mask) @ v, of rank 4.
#include <algorithm>
#include <array>

#include "idiom/reading.h"
#include "rules/frame.h"

namespace mlxify::idiom {

namespace {

using syntax::kNoNode;
using syntax::Op;

struct Matrices {
    NodeId left{}, right{};
    bool transposed = false;  // the right one is, with its last two axes changed
};

class Attention {
public:
    explicit Attention(const Reading& reading) : reading_(reading) {}

    std::optional<Rewriting> read(NodeId root) {
        const auto output = matrices(root, "bhij,bhjd->bhid", {});
        if (!output || output->transposed || !is_rank_four(output->right)) return std::nullopt;
        parts_.value = output->right;
        parts_.match.inner.push_back(root);
        if (!weights(output->left) || !reading_.may_go(parts_.match, root)) return std::nullopt;
        std::vector<NodeId> operands{parts_.query, parts_.key, parts_.value};
        for (const NodeId other : {parts_.mask, parts_.scale, parts_.divisor})
            if (exists(other)) operands.push_back(other);
        if (!std::ranges::all_of(operands, [&](NodeId operand) { return reading_.is_available(operand, parts_.match, root); })) return std::nullopt;
        Rewriting found;
        found.root = root;
        found.entry = !exists(parts_.mask) ? "mlxify.idiom.attention" : reading_.is_given(parts_.mask) ? "mlxify.idiom.attention_with_mask" : "mlxify.idiom.attention_with_own_mask";
        found.arguments = {{"query", parts_.query}, {"key", parts_.key}, {"value", parts_.value}};
        if (exists(parts_.mask)) found.arguments.push_back({"mask", parts_.mask});
        if (exists(parts_.scale)) found.arguments.push_back({"scale", parts_.scale});
        if (exists(parts_.divisor)) found.arguments.push_back({"divisor", parts_.divisor});
        found.removed = parts_.match.definitions;
        found.inner = parts_.match.inner;
        return found;
    }

private:
    [[nodiscard]] bool is_rank_four(NodeId node) const {
        const infer::Fact& fact = reading_.fact(node);
        using infer::DType;
        const bool floats = fact.dtype == DType::unknown || fact.dtype == DType::float32 || fact.dtype == DType::float16 || fact.dtype == DType::bfloat16;
        return fact.kind == infer::Kind::tensor && fact.rank == 4 && !fact.by_samples && !fact.maybe_none && floats;
    }

    // The letters of an equation, as if they were those of `pattern`: "b h n d, b h m d -> b h n m" is "bhid,bhjd->bhij".
    static bool is_equation(std::string_view written, std::string_view pattern) {
        std::array<char, 128> meaning{}, taken{};
        std::size_t at = 0;
        for (const char letter : written) {
            if (letter == ' ') continue;
            if (at == pattern.size() || static_cast<unsigned char>(letter) >= meaning.size()) return false;
            const char wanted = pattern[at++];
            const bool is_letter = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
            if (!is_letter || wanted < 'a' || wanted > 'z') {
                if (letter != wanted) return false;
                continue;
            }
            char& known = meaning[static_cast<unsigned char>(letter)];
            char& back = taken[static_cast<unsigned char>(wanted)];
            if ((known != 0 && known != wanted) || (back != 0 && back != letter)) return false;
            known = wanted;
            back = letter;
        }
        return at == pattern.size();
    }

    // The matrices of a product: of `@`, or of an equation (`turned`: one that reads the right one by its rows).
    std::optional<Matrices> matrices(NodeId at, std::string_view plain, std::string_view turned) {
        const syntax::Node& node = reading_.at(at);
        if (node.kind == NodeKind::binary && node.op == Op::matmul) return Matrices{reading_.child(at, 0), reading_.child(at, 1)};
        const auto call = reading_.called(at);
        if (!call) return std::nullopt;
        if (call->name == "matmul" && call->count() == 2) return Matrices{call->argument(0, "input"), call->argument(1, "other")};
        if (call->name != "einsum" || call->arguments.size() != 3 || !call->keywords.empty()) return std::nullopt;
        const syntax::Node& equation = reading_.at(call->arguments[0]);
        if (equation.kind != NodeKind::string || equation.has(syntax::Flag::is_fstring)) return std::nullopt;
        const std::string text = rules::unescape(equation.name);
        if (is_equation(text, plain)) return Matrices{call->arguments[1], call->arguments[2]};
        if (!turned.empty() && is_equation(text, turned)) return Matrices{call->arguments[1], call->arguments[2], true};
        return std::nullopt;
    }

    // softmax(scores, dim=-1), perhaps in float32, which MLX's function computes in anyway.
    bool weights(NodeId given) {
        NodeId at = reading_.followed(given, parts_.match);
        if (const NodeId inside = reading_.cast_back(at, parts_.match, [](NodeId) { return true; }); exists(inside)) at = reading_.followed(inside, parts_.match);
        const auto call = reading_.called(at);
        if (!call || call->name != "softmax" || call->count() < 2 || call->count() > 3) return false;
        if (!reading_.is_number(call->argument(1, "dim", "axis"), -1) && !reading_.is_number(call->argument(1, "dim", "axis"), 3)) return false;
        for (const Argument& keyword : call->keywords)
            if (keyword.keyword != "dim" && keyword.keyword != "axis" && keyword.keyword != "input" && !is_float32(keyword)) return false;
        if (call->arguments.size() > 2) return false;
        parts_.match.inner.push_back(at);
        return scores(call->argument(0, "input"));
    }

    [[nodiscard]] bool is_float32(const Argument& keyword) const {
        return keyword.keyword == "dtype" && reading_.fact(keyword.node).kind == infer::Kind::dtype && reading_.fact(keyword.node).dtype == infer::DType::float32;
    }

    bool scores(NodeId given) {
        NodeId at = reading_.followed(given, parts_.match);
        if (const NodeId inside = reading_.wide(at, parts_.match); exists(inside)) at = reading_.followed(inside, parts_.match);
        const syntax::Node& node = reading_.at(at);
        if (node.kind == NodeKind::binary && node.op == Op::add) {
            for (const std::uint32_t slot : {0U, 1U}) {
                const Parts before = parts_;
                const NodeId mask = reading_.child(at, 1 - slot);
                if (is_added_mask(mask) && scaled(reading_.child(at, slot))) {
                    parts_.match.inner.push_back(at);
                    parts_.mask = mask;
                    return true;
                }
                parts_ = before;
            }
            return false;
        }
        return scaled(at);
    }

    [[nodiscard]] bool is_added_mask(NodeId node) const {
        const infer::Fact& fact = reading_.fact(node);
        const syntax::Node& at = reading_.at(node);
        const bool named = at.kind == NodeKind::name || at.kind == NodeKind::attribute || at.kind == NodeKind::subscript;
        return named && fact.kind == infer::Kind::tensor && !fact.maybe_none && fact.dtype == infer::DType::float32 && fact.rank >= 2 && fact.rank <= 4;
    }

    // One product of matrices times numbers, of which the operands may have some, too.
    bool scaled(NodeId given) {
        std::optional<Matrices> product;
        if (!take_factors(given, product) || !product) return false;
        parts_.query = operand(product->left);
        parts_.key = product->transposed ? operand(product->right) : untransposed(product->right);
        return exists(parts_.query) && exists(parts_.key) && is_rank_four(parts_.query) && is_rank_four(parts_.key);
    }

    // The product of matrices, or numbers and what holds it, perhaps by name.
    bool take_factors(NodeId given, std::optional<Matrices>& product) {
        const NodeId at = reading_.followed(given, parts_.match);
        if (const auto found = matrices(at, "bhid,bhdj->bhij", "bhid,bhjd->bhij")) {
            if (product) return false;
            product = found;
            parts_.match.inner.push_back(at);
            return true;
        }
        const Product factors = reading_.product(at, parts_.match);
        if (factors.constant != 1 || factors.factors.size() < 2) return false;
        return std::ranges::all_of(factors.factors, [&](const Factor& factor) {
            return is_scale(factor) ? take_scale(factor) : !factor.divides && take_factors(factor.node, product);
        });
    }

    [[nodiscard]] bool is_scale(const Factor& factor) const { return reading_.is_scalar(factor.node); }

    bool take_scale(const Factor& factor) {
        NodeId& place = factor.divides ? parts_.divisor : parts_.scale;
        if (exists(place)) return false;
        place = factor.node;
        return true;
    }

    // A matrix without the number that it is multiplied by.
    NodeId operand(NodeId given) {
        const Parts before = parts_;
        const NodeId at = reading_.followed(given, parts_.match);
        const Product factors = reading_.product(at, parts_.match);
        NodeId matrix = kNoNode;
        bool read = factors.constant == 1 && factors.factors.size() == 2;
        for (const Factor& factor : factors.factors) {
            if (read && is_scale(factor)) read = take_scale(factor);
            else if (exists(matrix) || factor.divides) read = false;
            else matrix = factor.node;
        }
        if (read && exists(matrix)) return matrix;
        parts_ = before;
        return given;
    }

    // k of k.transpose(-2, -1).
    NodeId untransposed(NodeId given) {
        const NodeId at = reading_.followed(given, parts_.match);
        const auto call = reading_.called(at);
        if (call && (call->name == "transpose" || call->name == "swapaxes" || call->name == "swapdims") && call->count() == 3) {
            const auto first = reading_.number(call->argument(1, "dim0", "axis0")), second = reading_.number(call->argument(2, "dim1", "axis1"));
            if (!first || !second) return kNoNode;
            const auto axis = [](double value) { return value < 0 ? value + 4 : value; };
            if (std::min(axis(*first), axis(*second)) != 2 || std::max(axis(*first), axis(*second)) != 3) return kNoNode;
            parts_.match.inner.push_back(at);
            return operand(call->argument(0, "input"));
        }
        if (reading_.at(at).kind == NodeKind::attribute && reading_.at(at).name == "mT") {
            parts_.match.inner.push_back(at);
            return operand(reading_.child(at, 0));
        }
        return kNoNode;
    }

    struct Parts {
        Match match;
        NodeId query = kNoNode, key = kNoNode, value = kNoNode, mask = kNoNode, scale = kNoNode, divisor = kNoNode;
    };

    const Reading& reading_;
    Parts parts_;
};

}  // namespace

std::optional<Rewriting> attention(const Reading& reading, NodeId root) {
    const syntax::Node& node = reading.at(root);
    const bool operation = (node.kind == NodeKind::binary && node.op == Op::matmul) || node.kind == NodeKind::call;
    return operation ? Attention(reading).read(root) : std::nullopt;
}

}  // namespace mlxify::idiom
