// Texts kept from earlier runs, by a key that says all they depend on.
// takes: a folder; gives: what was kept; a cache that cannot be read or written is an empty one; tests: cache_test.cpp
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mlxify::store {

// Safe from several threads and processes: an entry appears whole or not at all.
class Cache {
public:
    // An empty `folder` keeps nothing. It is made, for its owner alone, when something is kept.
    explicit Cache(std::string folder) : folder_(std::move(folder)) {}

    [[nodiscard]] std::optional<std::string> find(const std::string& key) const;
    void keep(const std::string& key, std::string_view text) const;
    // Removes what was neither kept nor found for so many days.
    void forget_unused(int days) const;

private:
    std::string folder_;
};

}  // namespace mlxify::store
