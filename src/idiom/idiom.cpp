#include "idiom/idiom.h"

#include <algorithm>

#include "idiom/reading.h"

namespace mlxify::idiom {

Plan plan(const syntax::Tree& tree, const names::Names& names, const infer::FactTable& facts) {
    const Reading reading(tree, names, facts);
    Plan found;
    std::vector<base::Span> taken;
    // Children come before their parents, and statements in order: the whole of a formula is met before its parts.
    for (std::uint32_t number = tree.size() - 1; number > 0; --number) {
        const NodeId root{number};
        const NodeKind kind = tree[root].kind;
        if (kind != NodeKind::binary && kind != NodeKind::call) continue;
        if (std::ranges::any_of(taken, [&](base::Span span) { return span.contains(tree[root].span); })) continue;
        for (const auto read : {norm, attention, activation}) {
            std::optional<Rewriting> rewriting = read(reading, root);
            if (!rewriting) continue;
            taken.push_back(tree[root].span);
            for (const NodeId statement : rewriting->removed) taken.push_back(tree[statement].span);
            found.push_back(std::move(*rewriting));
            break;
        }
    }
    std::ranges::reverse(found);
    return found;
}

}  // namespace mlxify::idiom
