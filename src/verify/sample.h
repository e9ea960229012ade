// How an entry point is built and called, as text: `DeltaNet(hidden_size=64)(f32[2, 64, 64])`.
// takes: text, a case file; gives: Invocation, and text back; tests: sample_test.cpp
//
//   Net(8, heads=2)(f32[2, 3, 32, 32])            a module, built and called
//   Net(8).encode(f32[2, 8])                      another method of it
//   masked_mean(f32[2, 5, 8], mask=bool[2, 5])    a function
//
// A value of the call is a Python literal, a list, tuple or dict, or
//   f32[2, 64, 64]           standard normal          f32[2, 8; 0, 1]   uniform in [0, 1)
//   i64[2, 16; 0, 100]       uniform integers below 100 (default 0 to 10)
//   bool[2, 8]               a fair coin each          i64([[1, 2], [3, 4]])   these numbers
//   Config(dim=8)            a call of a name of the file, with such values
//   anything else            an expression, evaluated in the file's namespace
// dtypes: f16 bf16 f32 f64 i8 i16 i32 i64 u8 bool c64.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace mlxify::verify {

struct Invocation {
    std::string expression;      // Python: what is called, `Net(8, heads=2)` or `masked_mean`
    std::string mlx_expression;  // in the converted file, where it must differ; empty: the same
    std::string method;          // empty: the call itself
    nlohmann::json spec;         // {"args": [...], "kwargs": {...}} of the call, as the worker protocol has it
    friend bool operator==(const Invocation&, const Invocation&) = default;
};

// Errors: unbalanced brackets, no call, a malformed tensor.
base::Result<Invocation> parse_invocation(std::string_view text);

// parse_invocation(print_invocation(x)) gives x again, but for mlx_expression.
std::string print_invocation(const Invocation& invocation);
std::string print_value(const nlohmann::json& value);  // one value of the call

// The name that is called first: "Net" of `Net(8)`, "masked_mean".
std::string_view entry_name(const Invocation& invocation);

// One case of a case file: {"class", "args", "kwargs", "inputs", "input_kwargs"}. Errors: a field of the wrong type.
base::Result<Invocation> case_invocation(const nlohmann::json& test_case);

// All cases of `path`, or of `path#2` the third only. Errors: not there, no JSON, no such case.
base::Result<std::vector<Invocation>> read_cases(std::string_view path_and_number);

// A constructor argument of a case, as Python.
std::string python_text(const nlohmann::json& value);

}  // namespace mlxify::verify
