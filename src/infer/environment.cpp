#include "infer/environment.h"

namespace mlxify::infer {

Environment::Slot Environment::joined(std::uint32_t slot, const Slot& left, const Slot& right, FactStore& store) const {
    if (left.bound && right.bound) return {store.join(left.fact, right.fact), true};
    if (slot >= variables_) return {};
    return left.bound ? left : right;
}

void Environment::assign(std::uint32_t slot, const Slot& state) {
    if (open_ > 0) trail_.push_back({slot, slots_[slot]});
    slots_[slot] = state;
}

void Environment::set(std::uint32_t slot, const Fact& fact) {
    if (slots_[slot].bound && slots_[slot].fact == fact) return;
    assign(slot, {fact, true});
}

void Environment::unbind(std::uint32_t slot) {
    if (slots_[slot].bound) assign(slot, {});
}

std::uint32_t Environment::add_slot() {
    slots_.emplace_back();
    stamps_.push_back(0);
    return static_cast<std::uint32_t>(slots_.size() - 1);
}

std::size_t Environment::branch() {
    ++open_;
    return trail_.size();
}

Environment::Changes Environment::roll_back(std::size_t mark) {
    Changes after;
    ++stamp_;
    for (std::size_t at = trail_.size(); at-- > mark;) {  // newest first: the present state is the last
        const std::uint32_t slot = trail_[at].slot;
        if (stamps_[slot] != stamp_) after.push_back({slot, slots_[slot]});
        stamps_[slot] = stamp_;
    }
    for (std::size_t at = trail_.size(); at-- > mark;) slots_[trail_[at].slot] = trail_[at].state;
    trail_.resize(mark);
    return after;
}

void Environment::merge(std::size_t mark, const Changes& other, bool other_arrives, bool this_arrives, FactStore& store) {
    if (!this_arrives) {
        roll_back(mark);
        for (const Change& change : other) assign(change.slot, change.state);
        return;
    }
    if (!other_arrives) return;
    const std::size_t end = trail_.size();
    ++stamp_;
    for (const Change& change : other) {
        stamps_[change.slot] = stamp_;
        assign(change.slot, joined(change.slot, change.state, slots_[change.slot], store));
    }
    for (std::size_t at = mark; at < end; ++at) {  // oldest first: the state before this branch
        const Change before = trail_[at];
        if (stamps_[before.slot] == stamp_) continue;
        stamps_[before.slot] = stamp_;
        assign(before.slot, joined(before.slot, before.state, slots_[before.slot], store));
    }
}

bool Environment::merge_loop(std::size_t mark, FactStore& store) {
    const std::size_t end = trail_.size();
    bool less_known = false;
    ++stamp_;
    for (std::size_t at = mark; at < end; ++at) {
        const Change before = trail_[at];
        if (stamps_[before.slot] == stamp_) continue;
        stamps_[before.slot] = stamp_;
        Slot merged = joined(before.slot, before.state, slots_[before.slot], store);
        if (!(before.state.bound && merged.fact.shape == before.state.fact.shape)) merged.fact.shape = 0;
        less_known |= before.state.bound && !(merged.fact == before.state.fact);
        assign(before.slot, merged);
    }
    return less_known;
}

void Environment::close(std::size_t mark) {
    if (--open_ == 0) trail_.resize(mark);
}

}  // namespace mlxify::infer
