#include "verify/observation.h"

#include <algorithm>

namespace mlxify::verify {
namespace {

using infer::ObservedFact;
using syntax::Kind;
using syntax::NodeId;

void join(ObservedFact& known, const ObservedFact& other) {
    known.tensor = known.tensor || other.tensor || (known.kind != other.kind && (known.kind == infer::Kind::tensor || other.kind == infer::Kind::tensor));
    known.parameter = known.parameter || other.parameter;
    if (known.kind != other.kind) known.kind = infer::Kind::unknown;
    if (known.rank != other.rank) known.rank = -1;
    if (known.dtype != other.dtype) known.dtype = infer::DType::unknown;
    if (known.length != other.length) known.length = -1;
    if (known.type != other.type) known.type.clear();
    if (known.value != other.value) known.value.reset();
    if (known.shape.size() != other.shape.size()) known.shape.clear();
    for (std::size_t i = 0; i < known.shape.size(); ++i)
        if (known.shape[i] != other.shape[i]) known.shape[i] = -1;
    known.negative = known.negative || other.negative;
    known.by_variation = known.by_variation && other.by_variation;
}

}  // namespace

bool join_facts(infer::ObservedFacts& all, const infer::ObservedFacts& facts) {
    infer::ObservedFacts merged;
    merged.reserve(all.size() + facts.size());
    bool new_place = false;
    std::size_t i = 0;
    for (const ObservedFact& fact : facts) {
        while (i < all.size() && all[i].span < fact.span) merged.push_back(std::move(all[i++]));
        if (i < all.size() && all[i].span == fact.span) {
            join(all[i], fact);
            merged.push_back(std::move(all[i++]));
        } else {
            new_place = true;
            merged.push_back(fact);
        }
    }
    while (i < all.size()) merged.push_back(std::move(all[i++]));
    all = std::move(merged);
    return new_place;
}

bool ran(const infer::ObservedFacts& facts, const syntax::Tree& tree, NodeId definition) {
    for (std::uint32_t i = 1; i < tree.size(); ++i) {
        const NodeId function{i};
        if (tree[function].kind != Kind::function_def || !tree[definition].span.contains(tree[function].span)) continue;
        const NodeId block = tree.child(function, 2);
        if (!exists(block)) continue;
        const base::Span body = tree[block].span;
        const auto first = std::lower_bound(facts.begin(), facts.end(), body, [](const ObservedFact& fact, base::Span span) {
            return fact.span.begin < span.begin;
        });
        if (first != facts.end() && body.contains(first->span)) return true;
    }
    return false;
}

base::Span span_of_line(std::string_view text, std::uint32_t number) {
    if (number == 0) return {};
    std::size_t begin = 0;
    for (std::uint32_t line = 1; line < number; ++line) {
        begin = text.find('\n', begin);
        if (begin == std::string_view::npos) return {};
        ++begin;
    }
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::size_t first = std::min(text.find_first_not_of(" \t", begin), end);
    return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(end)};
}

std::uint32_t line_of(std::string_view text, std::uint32_t offset) {
    return 1 + static_cast<std::uint32_t>(std::count(text.begin(), text.begin() + std::min<std::size_t>(offset, text.size()), '\n'));
}

double depth_of(const infer::ObservedFacts& facts) {
    const auto tensors = std::count_if(facts.begin(), facts.end(), [](const ObservedFact& fact) { return fact.kind == infer::Kind::tensor; });
    return std::clamp(static_cast<double>(tensors), 4.0, 1000.0);
}

}  // namespace mlxify::verify
