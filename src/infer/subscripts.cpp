// Subscripts: ranks and sizes of indexed tensors, elements of sequences, children of module containers.
#include <algorithm>

#include "infer/evaluator.h"

namespace mlxify::infer {

using NodeKind = syntax::Kind;

namespace {

// How the indices of a subscript change the axes.
struct Indexing {
    std::vector<Dim> dims;
    bool known = true;       // the rank of the result is
    bool advanced = false;   // by tensors or lists: the result is a copy
};

}  // namespace

Fact Evaluator::evaluate_subscript(NodeId node) {
    const NodeId object = tree_.child(node, 0);
    const NodeId index_node = tree_.child(node, 1);
    Fact fact = not_none(object, evaluate(object));
    const Fact at = evaluate(index_node);
    if (fact.kind == Kind::unknown) {
        // Several axes, `...` and None index tensors (or arrays) only.
        const NodeKind kind = tree_[index_node].kind;
        const bool of_library = !library_name_of(object).empty();  // Optional[...], Float[Tensor, "b n"]
        const bool shaped = kind == NodeKind::ellipsis || kind == NodeKind::none_ ||
                            (kind == NodeKind::tuple && std::any_of(tree_.children(index_node).begin(), tree_.children(index_node).end(), [&](NodeId part) {
                                 const NodeKind inner = tree_[part].kind;
                                 return inner == NodeKind::slice || inner == NodeKind::ellipsis || inner == NodeKind::none_;
                             }));
        if (!shaped || of_library) return {};
        fact = used_as_tensor(object, fact);
    }
    switch (fact.kind) {
    case Kind::tensor: return index_tensor(object, fact, index_node);
    case Kind::tuple:
    case Kind::list:
    case Kind::size: return index_sequence(fact, index_node, at);
    case Kind::module: {
        if (fact.class_index != 0) {
            const NodeId method = program_.method(fact.class_index, "__getitem__");
            if (exists(method)) return {};
        }
        if (fact.length < 0 && fact.elements == 0) return {};
        Fact part = index_sequence(fact, index_node, at);
        if (tree_[index_node].kind == NodeKind::slice) {
            part.kind = Kind::module;
            part.library_class = fact.library_class;
        }
        return part;
    }
    case Kind::dict: return at.kind == Kind::unknown && fact.elements == 0 ? Fact{} : store_.element(fact);
    case Kind::string: return make(Kind::string);
    default: return {};
    }
}

Fact Evaluator::index_sequence(const Fact& sequence, NodeId index_node, const Fact& at) {
    const auto plain_size = [&](Fact fact) { return sequence.kind == Kind::size && fact.kind == Kind::unknown ? make(Kind::integer) : fact; };
    if (tree_[index_node].kind != NodeKind::slice) {
        const auto position = store_.integer_value(at);
        if (position && sequence.length >= 0 && sequence.elements != 0) {
            const std::int64_t place = *position < 0 ? *position + sequence.length : *position;
            const std::vector<Fact>& elements = store_.elements(sequence);
            if (place >= 0 && place < static_cast<std::int64_t>(elements.size())) return plain_size(elements[static_cast<std::size_t>(place)]);
        }
        return at.kind == Kind::integer || at.kind == Kind::boolean ? plain_size(store_.element(sequence)) : Fact{};  // it may be a slice
    }
    const auto bound = [&](std::uint32_t slot, std::int64_t otherwise) -> std::optional<std::int64_t> {
        const NodeId node = tree_.child(index_node, slot);
        if (!exists(node)) return otherwise;
        const Fact fact = evaluate_unrecorded(node);
        if (fact.kind == Kind::none) return otherwise;
        auto value = store_.integer_value(fact);
        if (value && *value < 0) value = std::max<std::int64_t>(0, *value + sequence.length);
        return value;
    };
    const Kind kind = sequence.kind == Kind::size ? Kind::size : sequence.kind;
    // x.shape[:2] has two entries whatever the rank, if it has at least two.
    const auto begin = bound(0, 0);
    const auto end = sequence.length >= 0 ? bound(1, sequence.length) : std::optional<std::int64_t>{};
    const NodeId step = tree_.child(index_node, 2);
    const bool reversed = exists(step) && store_.integer_value(evaluate_unrecorded(step)) == std::optional<std::int64_t>(-1) &&
                          !exists(tree_.child(index_node, 0)) && !exists(tree_.child(index_node, 1));
    if (sequence.length < 0 || !begin || !end || (exists(step) && !reversed)) {
        Fact part = store_.repeated(kind, store_.element(sequence));
        if (kind == Kind::size && sequence.length < 0 && !exists(step)) {  // of an unknown rank, but counted from one end
            const NodeId first = tree_.child(index_node, 0);
            const NodeId last = tree_.child(index_node, 1);
            const auto from = exists(first) ? store_.integer_value(evaluate_unrecorded(first)) : std::nullopt;
            const auto to = exists(last) ? store_.integer_value(evaluate_unrecorded(last)) : std::nullopt;
            if (!exists(first) && to && *to > 0) part.length = static_cast<std::int32_t>(*to);
            if (!exists(last) && from && *from < 0) part.length = static_cast<std::int32_t>(-*from);
        }
        return part;
    }
    const std::int64_t from = std::min<std::int64_t>(*begin, sequence.length);
    const std::int64_t to = std::clamp<std::int64_t>(*end, from, sequence.length);
    Fact part = make(kind);
    part.length = static_cast<std::int32_t>(to - from);
    if (sequence.elements != 0) {
        std::vector<Fact> elements(store_.elements(sequence).begin() + from, store_.elements(sequence).begin() + to);
        if (reversed) std::reverse(elements.begin(), elements.end());
        part.elements = store_.sequence(elements);
    }
    return part;
}

Fact Evaluator::index_tensor(NodeId object, const Fact& fact, NodeId index_node) {
    const bool several = tree_[index_node].kind == NodeKind::tuple;
    std::vector<NodeId> indices{index_node};
    if (several) indices.assign(tree_.children(index_node).begin(), tree_.children(index_node).end());
    int consumed = 0;
    for (const NodeId part : indices) {
        const NodeKind kind = tree_[part].kind;
        if (kind == NodeKind::starred) return tensor(-1, fact.dtype);
        if (kind == NodeKind::none_ || kind == NodeKind::ellipsis || kind == NodeKind::true_ || kind == NodeKind::false_) continue;
        const Fact at = kind == NodeKind::slice ? Fact{} : evaluate_unrecorded(part);
        if (at.kind == Kind::none) continue;
        consumed += at.kind == Kind::tensor && at.dtype == DType::boolean ? std::max<int>(1, at.rank) : 1;
    }
    Indexing result;
    const std::vector<Dim> source = store_.dims(fact);
    int axis = 0;
    int broadcast_rank = -1;  // of the index tensors together
    std::size_t place = 0;
    bool ellipsis = false;
    const auto size_at = [&](int at) { return fact.rank >= 0 && at < static_cast<int>(source.size()) ? source[static_cast<std::size_t>(at)] : Dim{}; };
    for (const NodeId part : indices) {
        const NodeKind kind = tree_[part].kind;
        const Fact at = kind == NodeKind::slice || kind == NodeKind::ellipsis ? Fact{} : evaluate_unrecorded(part);
        if (kind == NodeKind::slice) {
            const bool whole = !exists(tree_.child(part, 0)) && !exists(tree_.child(part, 1)) && !exists(tree_.child(part, 2));
            Dim size = whole ? size_at(axis) : Dim{};
            const NodeId first = tree_.child(part, 0);
            const NodeId last = tree_.child(part, 1);
            const auto from = exists(first) ? store_.integer_value(evaluate_unrecorded(first)) : std::optional<std::int64_t>(0);
            const auto to = exists(last) ? store_.integer_value(evaluate_unrecorded(last)) : std::nullopt;
            // x[..., 0:1] is one wide wherever there is anything to take.
            if (!exists(tree_.child(part, 2)) && from && to && *from >= 0 && *to == *from + 1) size = constant_dim(1);
            result.dims.push_back(size);
            ++axis;
        } else if (kind == NodeKind::ellipsis) {
            ellipsis = true;
            if (fact.rank < 0) result.known = false;
            for (int rest = fact.rank - consumed; rest > 0; --rest) result.dims.push_back(size_at(axis++));
        } else if (at.kind == Kind::none || kind == NodeKind::none_) {
            result.dims.push_back(constant_dim(1));
        } else if (at.kind == Kind::integer || (at.kind == Kind::tensor && at.rank == 0 && at.dtype != DType::boolean)) {
            ++axis;
        } else if (at.kind == Kind::tensor || at.kind == Kind::list || at.kind == Kind::tuple) {
            result.advanced = true;
            const bool mask = at.kind == Kind::tensor && at.dtype == DType::boolean;
            if (at.kind == Kind::tensor && (at.rank < 0 || at.dtype == DType::unknown)) result.known &= at.rank == 1;
            const int rank = at.kind == Kind::tensor && !mask ? at.rank : 1;
            if (broadcast_rank < 0) place = result.dims.size();
            broadcast_rank = std::max(broadcast_rank, std::max(rank, 0));
            axis += mask ? std::max<int>(1, at.rank) : 1;
        } else {
            result.known = false;
            ++axis;
        }
    }
    if (broadcast_rank > 0) result.dims.insert(result.dims.begin() + static_cast<std::ptrdiff_t>(place), static_cast<std::size_t>(broadcast_rank), Dim{});
    if (!ellipsis) {
        if (fact.rank < 0) result.known = false;
        while (axis < fact.rank) result.dims.push_back(size_at(axis++));
    }
    // Without any axis taken (`x[:, None]` on an unknown rank) nothing more is known than that it is a tensor.
    Fact out = result.known && consumed <= fact.rank ? store_.tensor_of(result.dims, fact.dtype) : tensor(-1, fact.dtype);
    if (fact.rank < 0 && indices.size() == 1 && tree_[indices[0]].kind == NodeKind::slice) out.same_rank_as = fact.same_rank_as;
    if (fact.rank < 0 && std::all_of(indices.begin(), indices.end(), [&](NodeId part) { return tree_[part].kind == NodeKind::slice || tree_[part].kind == NodeKind::ellipsis; }))
        out.same_rank_as = fact.same_rank_as;
    return result.advanced ? out : sharing_memory(out, object, fact);
}

}  // namespace mlxify::infer
