#include "infer/infer.h"

#include <algorithm>
#include <string>
#include <variant>

#include "infer/evaluator.h"

namespace mlxify::infer {

using syntax::NodeId;

FactTable infer(const syntax::Tree& tree, const names::Names& names, const ObservedFacts& observed) {
    if (observed.empty()) {
        FactTable table;
        Evaluator(tree, names, observed, nullptr, table).run();
        return table;
    }
    const FactTable stated = infer(tree, names, {});
    FactTable table;
    Evaluator(tree, names, observed, &stated, table).run();
    for (std::size_t at = 0; at < table.by_node.size(); ++at) {
        Fact& fact = table.by_node[at];
        if (fact.kind == Kind::tensor) fact.by_samples = fact.rank >= 0 && stated.by_node[at].rank < 0;
        if (fact.kind == Kind::size) fact.by_samples = fact.length >= 0 && stated.by_node[at].length < 0;
    }
    return table;
}

namespace {

std::string print_dim(const Dim& dim, const FactTable& facts) {
    if (!dim.known) return "?";
    std::string out;
    for (const std::uint32_t symbol : dim.symbols) out += (out.empty() ? "" : "*") + facts.symbols[symbol];
    if (dim.symbols.empty()) return std::to_string(dim.coefficient);
    return dim.coefficient == 1 ? out : std::to_string(dim.coefficient) + "*" + out;
}

std::string print_value(const Value& value) {
    if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "True" : "False";
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (const auto* number = std::get_if<double>(&value)) return std::to_string(*number);
    if (const auto* text = std::get_if<std::string>(&value)) return "'" + *text + "'";
    return "None";
}

std::string print_fact(const Fact& fact, const FactTable& facts, int depth = 0) {
    std::string out(kind_name(fact.kind));
    if (fact.kind == Kind::tensor || fact.kind == Kind::dtype) {
        if (fact.dtype != DType::unknown) out += " " + std::string(dtype_name(fact.dtype));
        if (fact.rank >= 0) out += " rank " + std::to_string(fact.rank);
    }
    if (fact.shape != 0) {
        out += " [";
        const std::vector<Dim>& dims = facts.shapes[fact.shape];
        for (std::size_t axis = 0; axis < dims.size(); ++axis) out += (axis ? ", " : "") + print_dim(dims[axis], facts);
        out += "]";
    }
    if (fact.library_class != 0) out += " " + facts.library_names[fact.library_class];
    if (fact.class_index != 0) out += " of class " + std::to_string(fact.class_index - 1);
    if (const Value* value = facts.value(fact)) out += " = " + print_value(*value);
    if (fact.length >= 0) out += " length " + std::to_string(fact.length);
    if (fact.elements != 0 && depth < 2) {
        const std::vector<Fact>& elements = facts.sequences[fact.elements];
        out += " (";
        for (std::size_t at = 0; at < std::min<std::size_t>(elements.size(), 4); ++at)
            out += (at ? "; " : "") + print_fact(elements[at], facts, depth + 1);
        out += elements.size() > 4 ? "; ...)" : ")";
    }
    if (fact.maybe_none) out += " or None";
    if (fact.temporary) out += " fresh";
    if (fact.view_of != 0) out += " view of node " + std::to_string(fact.view_of);
    if (fact.observed) out += " observed";
    if (fact.by_samples) out += " by samples";
    return out;
}

}  // namespace

std::string print(const syntax::Tree& tree, const FactTable& facts) {
    std::vector<NodeId> order;
    for (std::uint32_t at = 1; at < tree.size(); ++at) {
        const syntax::Kind kind = tree[NodeId{at}].kind;
        if (syntax::is_expression(kind) || kind == syntax::Kind::parameter) order.push_back(NodeId{at});
    }
    std::sort(order.begin(), order.end(), [&](NodeId a, NodeId b) {
        const base::Span x = tree[a].span;
        const base::Span y = tree[b].span;
        return x.begin != y.begin ? x.begin < y.begin : x.end > y.end;
    });
    std::string out;
    std::uint32_t line = 1;
    std::uint32_t line_begin = 0;
    std::uint32_t at = 0;
    for (const NodeId id : order) {
        for (; at < tree[id].span.begin; ++at) {
            if (tree.source()[at] != '\n') continue;
            ++line;
            line_begin = at + 1;
        }
        std::string text(tree.text(id).substr(0, 60));
        std::replace(text.begin(), text.end(), '\n', ' ');
        out += std::to_string(line) + ":" + std::to_string(tree[id].span.begin - line_begin + 1) + " `" + text + "` " +
               print_fact(facts[id], facts) + "\n";
    }
    return out;
}

}  // namespace mlxify::infer
