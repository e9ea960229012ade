// Result<T>: a value or the reason why there is none, for trouble with the world (files, processes, packages).
// Spelled like std::expected, which gcc 12 lacks in C++20. Trouble with the user's program is a Diagnostic instead.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace mlxify::base {

struct Error {
    std::string message;  // one line, lower case, no final stop
};

template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    [[nodiscard]] const T& value() const& {
        MLXIFY_CHECK(has_value());
        return std::get<0>(state_);
    }
    [[nodiscard]] T& value() & {
        MLXIFY_CHECK(has_value());
        return std::get<0>(state_);
    }
    [[nodiscard]] T&& value() && {
        MLXIFY_CHECK(has_value());
        return std::get<0>(std::move(state_));
    }
    const T& operator*() const& { return value(); }
    T& operator*() & { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    const T* operator->() const { return &value(); }
    T* operator->() { return &value(); }
    [[nodiscard]] const Error& error() const {
        MLXIFY_CHECK(!has_value());
        return std::get<1>(state_);
    }

private:
    std::variant<T, Error> state_;
};

struct Done {};  // Result<Done>: it worked, and there is nothing to give

}  // namespace mlxify::base
