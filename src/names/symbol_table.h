// Interning of names and small flat hash tables over them; no allocation per entry.
// takes: string_views that outlive the table; gives: dense symbols; tests: names_test.cpp
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace mlxify::names {

// From a 64-bit key to a 32-bit number that is not 0. Open addressing, grows by doubling.
class FlatMap {
public:
    FlatMap() : keys_(kFirstSize), values_(kFirstSize, 0) {}

    [[nodiscard]] std::uint32_t find(std::uint64_t key) const {
        for (std::size_t slot = home(key);; slot = (slot + 1) & (values_.size() - 1)) {
            if (values_[slot] == 0) return 0;
            if (keys_[slot] == key) return values_[slot];
        }
    }
    void set(std::uint64_t key, std::uint32_t value) {
        if (2 * (count_ + 1) > values_.size()) grow();
        std::size_t slot = home(key);
        while (values_[slot] != 0 && keys_[slot] != key) slot = (slot + 1) & (values_.size() - 1);
        if (values_[slot] == 0) ++count_;
        keys_[slot] = key;
        values_[slot] = value;
    }

private:
    static constexpr std::size_t kFirstSize = 64;  // a power of two

    [[nodiscard]] std::size_t home(std::uint64_t key) const {
        key *= 0x9E3779B97F4A7C15ull;
        return static_cast<std::size_t>(key ^ (key >> 32)) & (values_.size() - 1);
    }
    void grow() {
        FlatMap larger;
        larger.keys_.assign(keys_.size() * 2, 0);
        larger.values_.assign(values_.size() * 2, 0);
        for (std::size_t slot = 0; slot < values_.size(); ++slot)
            if (values_[slot] != 0) larger.set(keys_[slot], values_[slot]);
        *this = static_cast<FlatMap&&>(larger);
    }

    std::vector<std::uint64_t> keys_;
    std::vector<std::uint32_t> values_;
    std::size_t count_ = 0;
};

constexpr std::uint64_t pair_key(std::uint32_t high, std::uint32_t low) {
    return (static_cast<std::uint64_t>(high) << 32) | low;
}

// Names to numbers from 1 in the order of their first appearance; 0 is no name.
class SymbolTable {
public:
    SymbolTable() : slots_(256, 0), names_(1) {}

    std::uint32_t intern(std::string_view name) {
        const std::size_t slot = slot_of(name);
        if (slots_[slot] != 0) return slots_[slot];
        const auto symbol = static_cast<std::uint32_t>(names_.size());
        names_.push_back(name);
        slots_[slot] = symbol;
        if (2 * names_.size() > slots_.size()) rehash();
        return symbol;
    }
    [[nodiscard]] std::uint32_t find(std::string_view name) const { return slots_[slot_of(name)]; }
    [[nodiscard]] std::string_view operator[](std::uint32_t symbol) const { return names_[symbol]; }
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(names_.size()); }

private:
    [[nodiscard]] static std::size_t hash(std::string_view name) {
        std::uint64_t value = 1469598103934665603ull;  // FNV-1a
        for (const char character : name) value = (value ^ static_cast<unsigned char>(character)) * 1099511628211ull;
        return static_cast<std::size_t>(value ^ (value >> 32));
    }
    [[nodiscard]] std::size_t slot_of(std::string_view name) const {
        std::size_t slot = hash(name) & (slots_.size() - 1);
        while (slots_[slot] != 0 && names_[slots_[slot]] != name) slot = (slot + 1) & (slots_.size() - 1);
        return slot;
    }
    void rehash() {
        slots_.assign(slots_.size() * 2, 0);
        for (std::uint32_t symbol = 1; symbol < names_.size(); ++symbol) slots_[slot_of(names_[symbol])] = symbol;
    }

    std::vector<std::uint32_t> slots_;
    std::vector<std::string_view> names_;
};

}  // namespace mlxify::names
