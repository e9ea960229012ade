// Places of values that are held in one of two layouts, and the choice that needs the fewest moves: a minimum cut.
// tests: slots_test.cpp
#pragma once

#include <cstdint>
#include <vector>

namespace mlxify::layout {

using Slot = std::uint32_t;
inline constexpr Slot kFirst = 0;  // channels first, as in torch
inline constexpr Slot kLast = 1;

class Slots {
public:
    Slots();
    Slot fresh();
    void tie(Slot a, Slot b);                 // the same layout, whatever it costs
    void pair(Slot a, Slot b, int cost = 1);  // another layout costs a move
    [[nodiscard]] bool contradicts() const { return find(kFirst) == find(kLast); }
    // Chooses; gives what the moves cost. Where both layouts cost the same, a slot is channels-first.
    int solve();
    [[nodiscard]] bool is_last(Slot slot) const { return last_[find(slot)]; }

private:
    struct Edge {
        Slot to = 0;
        int room = 0;
        std::size_t back = 0;
    };
    [[nodiscard]] Slot find(Slot slot) const;
    void connect(Slot a, Slot b, int cost);
    bool augment();
    [[nodiscard]] std::vector<Slot> reached() const;  // by slot: where it was reached from; the slot count if it was not

    mutable std::vector<Slot> parent_;
    struct Pair {
        Slot a, b;
        int cost;
    };
    std::vector<Pair> pairs_;
    std::vector<std::vector<Edge>> edges_;
    mutable std::vector<std::size_t> through_;  // the edge by which a slot was reached
    std::vector<bool> last_;
};

}  // namespace mlxify::layout
