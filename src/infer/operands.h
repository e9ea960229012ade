// The operands of one call, with a method's object in front, so that functions and methods are read alike.
// takes: nodes and facts of the arguments; gives: arguments by position or keyword; tests: tensor_results_test.cpp
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "infer/facts.h"
#include "syntax/ast.h"

namespace mlxify::infer {

struct Operand {
    std::string_view name;  // of a keyword
    syntax::NodeId node = syntax::kNoNode;
    Fact fact;
};

struct Operands {
    std::vector<Operand> positional;
    std::vector<Operand> keywords;
    std::vector<Fact> spread;  // what such a sequence and the arguments behind it may hold
    bool spread_may_write = false;  // the first of them may write over what it is given
    bool star = false;         // has `*arguments`: positions from there on are not known (they are left out)
    bool double_star = false;  // has `**arguments`: absent keywords may be there

    // The argument at `position` or with one of the names; nullptr if it is not passed (or not to be seen).
    [[nodiscard]] const Operand* find(std::size_t position, std::initializer_list<std::string_view> names) const {
        if (position < positional.size()) return &positional[position];
        for (const Operand& keyword : keywords)
            for (const std::string_view name : names)
                if (keyword.name == name) return &keyword;
        return nullptr;
    }
    [[nodiscard]] const Operand* keyword(std::string_view name) const { return find(SIZE_MAX, {name}); }
    [[nodiscard]] Fact fact(std::size_t position, std::initializer_list<std::string_view> names = {}) const {
        const Operand* operand = find(position, names);
        return operand ? operand->fact : Fact{};
    }
    // Whether an argument that find() does not see may be there all the same.
    [[nodiscard]] bool hidden() const { return star || double_star; }
};

}  // namespace mlxify::infer
