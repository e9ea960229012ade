#include "layout/slots.h"

#include <algorithm>
#include <numeric>

namespace mlxify::layout {

Slots::Slots() : parent_{kFirst, kLast} {}

Slot Slots::fresh() {
    parent_.push_back(static_cast<Slot>(parent_.size()));
    return parent_.back();
}

Slot Slots::find(Slot slot) const {
    while (parent_[slot] != slot) slot = parent_[slot] = parent_[parent_[slot]];
    return slot;
}

void Slots::tie(Slot a, Slot b) {
    a = find(a);
    b = find(b);
    if (a != b) parent_[std::max(a, b)] = std::min(a, b);
}

void Slots::pair(Slot a, Slot b, int cost) { pairs_.push_back({a, b, cost}); }

void Slots::connect(Slot a, Slot b, int cost) {
    edges_[a].push_back({b, cost, edges_[b].size()});
    edges_[b].push_back({a, cost, edges_[a].size() - 1});
}

std::vector<Slot> Slots::reached() const {
    const auto none = static_cast<Slot>(parent_.size());
    std::vector<Slot> from(parent_.size(), none);
    through_.assign(parent_.size(), 0);
    std::vector<Slot> queue{find(kLast)};
    from[queue[0]] = queue[0];
    for (std::size_t at = 0; at < queue.size(); ++at) {
        for (std::size_t number = 0; number < edges_[queue[at]].size(); ++number) {
            const Edge& edge = edges_[queue[at]][number];
            if (edge.room == 0 || from[edge.to] != none) continue;
            from[edge.to] = queue[at];
            through_[edge.to] = number;
            queue.push_back(edge.to);
        }
    }
    return from;
}

// One more path from last to first; false when there is none.
bool Slots::augment() {
    const std::vector<Slot> from = reached();
    const Slot source = find(kLast);
    const Slot sink = find(kFirst);
    if (from[sink] == parent_.size()) return false;
    int room = edges_[from[sink]][through_[sink]].room;
    for (Slot at = sink; at != source; at = from[at]) room = std::min(room, edges_[from[at]][through_[at]].room);
    for (Slot at = sink; at != source; at = from[at]) {
        Edge& edge = edges_[from[at]][through_[at]];
        edge.room -= room;
        edges_[at][edge.back].room += room;
    }
    return true;
}

int Slots::solve() {
    edges_.assign(parent_.size(), {});
    last_.assign(parent_.size(), false);
    if (contradicts()) return 0;
    for (const Pair& pair : pairs_)
        if (find(pair.a) != find(pair.b)) connect(find(pair.a), find(pair.b), pair.cost);
    while (augment()) {
    }
    const std::vector<Slot> from = reached();
    for (Slot slot = 0; slot < parent_.size(); ++slot) last_[slot] = from[slot] != parent_.size();
    return std::accumulate(pairs_.begin(), pairs_.end(), 0,
                           [&](int sum, const Pair& pair) { return is_last(pair.a) == is_last(pair.b) ? sum : sum + pair.cost; });
}

}  // namespace mlxify::layout
