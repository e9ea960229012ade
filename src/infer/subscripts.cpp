// Subscripts: ranks and sizes of indexed tensors, elements of sequences, children of module containers.
#include <algorithm>

#include "infer/evaluator.h"

namespace mlxify::infer {

using NodeKind = syntax::Kind;

namespace {

// How the parts of an index change the axes.
struct Indexing {
    std::vector<Dim> dims;
    bool known = true;            // the rank of the result is
    bool advanced = false;        // by tensors or lists: the result is a copy
    int taken_rank = -1;          // of the index tensors broadcast together
    std::ptrdiff_t taken_at = 0;  // where their axes go

    // Tensors and lists broadcast to one block of axes, at the place of the first.
    void take(const Fact& part) {
        const bool mask = part.kind == Kind::tensor && part.dtype == DType::boolean;
        // A tensor of unknown rank, or one of several axes that may be a mask, leaves the rank open.
        if (part.kind == Kind::tensor && (part.rank < 0 || part.dtype == DType::unknown)) known &= part.rank == 1;
        if (part.kind == Kind::tensor && part.rank == 0 && !mask) return;
        const int rank = part.kind == Kind::tensor && !mask ? part.rank : 1;
        if (taken_rank < 0) taken_at = static_cast<std::ptrdiff_t>(dims.size());
        taken_rank = std::max(taken_rank, std::max(rank, 0));
        advanced = true;
    }
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
        const bool shaped =
            kind == NodeKind::ellipsis || kind == NodeKind::none_ ||
            (kind == NodeKind::tuple && std::any_of(tree_.children(index_node).begin(), tree_.children(index_node).end(), [&](NodeId part) {
                 const NodeKind inner = tree_[part].kind;
                 return inner == NodeKind::slice || inner == NodeKind::ellipsis || inner == NodeKind::none_;
             }));
        if (!shaped || of_library) return {};
        fact = used_as_tensor(object, fact);
    }
    switch (fact.kind) {
    case Kind::tensor: return index_tensor(object, fact, index_node, at);
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
    const auto plain_size = [&](Fact fact) {
        return sequence.kind == Kind::size && fact.kind == Kind::unknown ? make(Kind::integer) : fact;
    };
    if (tree_[index_node].kind != NodeKind::slice) {
        const auto position = store_.integer_value(at);
        if (position && sequence.length >= 0 && sequence.elements != 0) {
            const std::int64_t place = *position < 0 ? *position + sequence.length : *position;
            const std::vector<Fact>& elements = store_.elements(sequence);
            if (place >= 0 && place < static_cast<std::int64_t>(elements.size()))
                return plain_size(elements[static_cast<std::size_t>(place)]);
        }
        return at.kind == Kind::integer || at.kind == Kind::boolean ? plain_size(store_.element(sequence)) : Fact{};  // it may be a slice
    }
    const auto bound = [&](std::uint32_t slot, std::int64_t otherwise) -> std::optional<std::int64_t> {
        const NodeId node = tree_.child(index_node, slot);
        if (!exists(node)) return otherwise;
        auto value = constant_bound(node);
        if (value && *value < 0) value = std::max<std::int64_t>(0, *value + sequence.length);
        return value;
    };
    const Kind kind = sequence.kind == Kind::size ? Kind::size : sequence.kind;
    // x.shape[:2] has two entries whatever the rank, if it has at least two.
    const auto begin = bound(0, 0);
    const auto end = sequence.length >= 0 ? bound(1, sequence.length) : std::optional<std::int64_t>{};
    const NodeId step = tree_.child(index_node, 2);
    const bool reversed = exists(step) && constant_bound(step) == std::optional<std::int64_t>(-1) && !exists(tree_.child(index_node, 0)) &&
                          !exists(tree_.child(index_node, 1));
    if (sequence.length < 0 || !begin || !end || (exists(step) && !reversed)) {
        Fact part = store_.repeated(kind, store_.element(sequence));
        if (kind == Kind::size && sequence.length < 0 && !exists(step)) {  // of an unknown rank, but counted from one end
            const NodeId first = tree_.child(index_node, 0);
            const NodeId last = tree_.child(index_node, 1);
            const auto from = exists(first) ? constant_bound(first) : std::nullopt;
            const auto to = exists(last) ? constant_bound(last) : std::nullopt;
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

// The constant that a bound of a slice is. Only bounds that are cheap to look at again: a literal, a variable.
std::optional<std::int64_t> Evaluator::constant_bound(NodeId node) {
    const NodeKind kind = tree_[node].kind;
    const bool literal = kind == NodeKind::unary && tree_[tree_.child(node, 0)].kind == NodeKind::integer;
    if (!literal && kind != NodeKind::integer && kind != NodeKind::name) return std::nullopt;
    return store_.integer_value(evaluate_unrecorded(node));
}

// The facts of the parts of an index, one by one; nothing if a `*` hides how many there are.
std::optional<std::vector<Fact>> Evaluator::index_facts(NodeId index_node, const Fact& at) const {
    if (tree_[index_node].kind != NodeKind::tuple) return std::vector<Fact>{at};
    const std::size_t count = tree_[index_node].child_count;
    if (at.length != static_cast<std::int32_t>(count)) return std::nullopt;
    return at.elements != 0 ? store_.elements(at) : std::vector<Fact>(count);
}

Fact Evaluator::index_tensor(NodeId object, const Fact& fact, NodeId index_node, const Fact& at) {
    const auto given = index_facts(index_node, at);
    if (!given) return sharing_memory(tensor(-1, fact.dtype), object, fact);
    std::vector<NodeId> parts{index_node};
    if (tree_[index_node].kind == NodeKind::tuple) parts.assign(tree_.children(index_node).begin(), tree_.children(index_node).end());
    const auto axes_of = [&](std::size_t place) {  // how many axes of the tensor a part takes
        const NodeKind kind = tree_[parts[place]].kind;
        const Fact& part = (*given)[place];
        if (kind == NodeKind::ellipsis || part.kind == Kind::none || part.kind == Kind::boolean) return 0;
        return part.kind == Kind::tensor && part.dtype == DType::boolean ? std::max<int>(1, part.rank) : 1;
    };
    int consumed = 0;
    for (std::size_t place = 0; place < parts.size(); ++place) consumed += axes_of(place);
    Indexing result;
    const std::vector<Dim> source = store_.dims(fact);
    const auto size_at = [&](int axis) { return axis < static_cast<int>(source.size()) ? source[static_cast<std::size_t>(axis)] : Dim{}; };
    int axis = 0;
    bool ellipsis = false;
    for (std::size_t place = 0; place < parts.size(); ++place) {
        const NodeKind kind = tree_[parts[place]].kind;
        const Fact& part = (*given)[place];
        if (kind == NodeKind::slice) {
            result.dims.push_back(sliced(parts[place], size_at(axis)));
        } else if (kind == NodeKind::ellipsis) {
            ellipsis = true;
            if (fact.rank < 0) result.known = false;
            for (int rest = fact.rank - consumed; rest > 0; --rest) result.dims.push_back(size_at(axis++));
        } else if (part.kind == Kind::none) {
            result.dims.push_back(constant_dim(1));
        } else if (part.kind == Kind::tensor || part.kind == Kind::list || part.kind == Kind::tuple) {
            result.take(part);
        } else if (part.kind != Kind::integer) {
            result.known = false;
        }
        axis += axes_of(place);
    }
    if (result.taken_rank > 0)
        result.dims.insert(result.dims.begin() + result.taken_at, static_cast<std::size_t>(result.taken_rank), Dim{});
    if (!ellipsis && fact.rank < 0) result.known = false;
    while (!ellipsis && axis < fact.rank) result.dims.push_back(size_at(axis++));
    Fact out = result.known && consumed <= fact.rank ? store_.tensor_of(result.dims, fact.dtype) : tensor(-1, fact.dtype);
    const bool only_slices = std::all_of(parts.begin(), parts.end(), [&](NodeId part) {
        return tree_[part].kind == NodeKind::slice || tree_[part].kind == NodeKind::ellipsis;
    });
    if (fact.rank < 0 && only_slices) out.same_rank_as = fact.same_rank_as;
    return result.advanced ? out : sharing_memory(out, object, fact);
}

// What is left of an axis: all of it by `:`, one by `i:i+1`.
Dim Evaluator::sliced(NodeId slice, const Dim& size) {
    const NodeId first = tree_.child(slice, 0);
    const NodeId last = tree_.child(slice, 1);
    if (exists(tree_.child(slice, 2))) return {};
    if (!exists(first) && !exists(last)) return size;
    const auto from = exists(first) ? constant_bound(first) : std::optional<std::int64_t>(0);
    const auto to = exists(last) ? constant_bound(last) : std::nullopt;
    // x[..., 0:1] is one wide wherever there is anything to take.
    return from && to && *from >= 0 && *to == *from + 1 ? constant_dim(1) : Dim{};
}

}  // namespace mlxify::infer
