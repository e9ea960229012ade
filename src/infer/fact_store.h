// A FactTable under construction: interned shapes, sequences, values and symbols, and how facts join.
// takes: pieces of facts; gives: ids into the table, joined facts; tests: fact_store_test.cpp
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "infer/facts.h"
#include "names/symbol_table.h"

namespace mlxify::infer {

Dim constant_dim(std::int64_t size);
Dim product(const Dim& left, const Dim& right);
// left / right if it divides without remainder as products, else unknown.
Dim quotient(const Dim& left, const Dim& right);

bool is_floating(DType dtype);
bool is_integral(DType dtype);  // integers, not bool
// What arithmetic between two tensors gives; unknown if either is.
DType promote(DType left, DType right);

Fact make(Kind kind);
Fact tensor(int rank = -1, DType dtype = DType::unknown);

class FactStore {
public:
    explicit FactStore(FactTable& table);

    std::uint32_t shape(const std::vector<Dim>& dims);  // 0 for a shape of which nothing is known
    // 0 also for what is nested so much that it would be walked for too long: tuples of tuples of tuples.
    std::uint32_t sequence(const std::vector<Fact>& facts);
    ValueId value(const Value& value);
    std::uint32_t library(std::string_view name);
    // The symbol that `key` stands for; `name` is its readable origin.
    std::uint32_t symbol(std::uint64_t key, std::string_view name);
    [[nodiscard]] std::uint32_t find_symbol(std::uint64_t key) const { return symbol_by_key_.find(key); }

    // The dims of a tensor of known rank: always `rank` entries, unknown where nothing is known.
    [[nodiscard]] std::vector<Dim> dims(const Fact& fact) const;
    // An integer's symbolic value.
    [[nodiscard]] Dim dim_of(const Fact& integer) const;
    [[nodiscard]] const std::vector<Fact>& elements(const Fact& fact) const { return table_.sequences[fact.elements]; }
    [[nodiscard]] std::string_view library_name(const Fact& fact) const { return table_.library_names[fact.library_class]; }

    Fact integer(std::int64_t number);
    Fact integer(const Dim& dim);
    Fact constant(Kind kind, const Value& value);
    Fact tensor_of(const std::vector<Dim>& dims, DType dtype);
    Fact sequence_of(Kind kind, const std::vector<Fact>& facts);  // of known length
    Fact repeated(Kind kind, const Fact& element);                // of unknown length
    // The same where each element is one of several; they are kept apart only if all are modules.
    Fact repeated(Kind kind, const std::vector<Fact>& elements);
    // Whether the first element of a list that is grown may write over what it is given; `more`: whether that of what follows does.
    [[nodiscard]] static bool first_may_write(const Fact& before, bool more);
    Fact library_fact(Kind kind, std::string_view name);

    [[nodiscard]] std::optional<std::int64_t> integer_value(const Fact& fact) const;
    [[nodiscard]] std::optional<double> number_value(const Fact& fact) const;  // of an integer or a float
    [[nodiscard]] std::optional<bool> boolean_value(const Fact& fact) const;
    [[nodiscard]] std::optional<std::string_view> string_value(const Fact& fact) const;

    // Whether it is a tensor of the shape (0,): torch.cat passes over it, whatever the others' axes.
    [[nodiscard]] bool is_void(const Fact& fact) const;

    // What holds whichever of the two holds.
    Fact join(const Fact& left, const Fact& right);
    // What every element of a sequence, list or iterable of facts is.
    Fact element(const Fact& fact);
    // The fact without constants: what is known of a parameter from its call sites, for whoever calls it.
    Fact without_values(const Fact& fact);

private:
    std::uint32_t join_shapes(const Fact& left, const Fact& right, int rank);
    void join_elements(const Fact& left, const Fact& right, Fact& out);

    FactTable& table_;
    std::vector<std::uint32_t> weights_;  // by sequence: how many facts a walk through it meets
    names::FlatMap shape_by_hash_;
    names::FlatMap sequence_by_hash_;
    names::FlatMap value_by_hash_;
    names::FlatMap library_by_hash_;
    names::FlatMap symbol_by_key_;
};

}  // namespace mlxify::infer
