// What each variable is known to be at one point of a program, with cheap branches: changes are kept in a trail.
// takes: facts by slot; gives: facts by slot, joined where branches meet; tests: environment_test.cpp
#pragma once

#include <cstdint>
#include <vector>

#include "infer/fact_store.h"

namespace mlxify::infer {

class Environment {
public:
    struct Slot {
        Fact fact;
        bool bound = false;
    };
    struct Change {
        std::uint32_t slot = 0;
        Slot state;
    };
    using Changes = std::vector<Change>;

    // The first `variables` slots are variables: where only one of two branches assigned one, it holds that. The slots
    // added later stand for attributes: where only one branch knows of one, what is known elsewhere holds again.
    explicit Environment(std::uint32_t variables) : slots_(variables), stamps_(variables, 0), variables_(variables) {}

    // nullptr if nothing was assigned on this path.
    [[nodiscard]] const Fact* find(std::uint32_t slot) const { return slots_[slot].bound ? &slots_[slot].fact : nullptr; }
    void set(std::uint32_t slot, const Fact& fact);
    void unbind(std::uint32_t slot);
    std::uint32_t add_slot();

    // A branch begins: what changes from here on can be taken back.
    std::size_t branch();
    // Takes back all changes since `mark` and gives what they had led to.
    Changes roll_back(std::size_t mark);
    // Two branches meet: `other` is what the first led to (rolled back), the second is the present state. A branch that
    // does not get here (return, raise) does not count.
    void merge(std::size_t mark, const Changes& other, bool other_arrives, bool this_arrives, FactStore& store);
    // A loop's body may run again: the state before is joined with the present one, and sizes that differ are forgotten.
    // Whether anything that was bound before the loop became less known.
    bool merge_loop(std::size_t mark, FactStore& store);
    void close(std::size_t mark);

private:
    void assign(std::uint32_t slot, const Slot& state);
    [[nodiscard]] Slot joined(std::uint32_t slot, const Slot& left, const Slot& right, FactStore& store) const;

    std::vector<Slot> slots_;
    std::vector<Change> trail_;          // older states, in order of change
    std::vector<std::uint32_t> stamps_;  // by slot: the pass that last saw it
    std::uint32_t variables_ = 0;
    std::uint32_t stamp_ = 0;
    int open_ = 0;
};

}  // namespace mlxify::infer
