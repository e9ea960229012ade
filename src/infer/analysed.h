// For the tests of this folder: a text with its facts, and expressions found by their text.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "infer/infer.h"
#include "names/names.h"
#include "syntax/parse.h"

namespace mlxify::infer {

// Never moves: the tree looks into the text.
struct Analysed {
    explicit Analysed(std::string source, ObservedFacts seen = {})
        : text(kPrelude + std::move(source)),
          tree(syntax::parse(std::string_view(text), sink)),
          names(names::resolve(tree, sink)),
          observed(shifted(std::move(seen))),
          facts(infer(tree, names, observed)) {}

    // The n-th expression (from 0, in source order) with this text; the last one if n is negative.
    [[nodiscard]] syntax::NodeId expression(std::string_view wanted, int n = -1) const {
        std::vector<syntax::NodeId> found;
        for (std::uint32_t at = 1; at < tree.size(); ++at) {
            const syntax::NodeId id{at};
            if (syntax::is_expression(tree[id].kind) && tree.text(id) == wanted) found.push_back(id);
        }
        std::stable_sort(found.begin(), found.end(), [&](auto a, auto b) { return tree[a].span.begin < tree[b].span.begin; });
        if (n < 0) n += static_cast<int>(found.size());
        if (n < 0 || static_cast<std::size_t>(n) >= found.size()) {
            ADD_FAILURE() << "no expression `" << wanted << "`";
            return syntax::kNoNode;
        }
        return found[static_cast<std::size_t>(n)];
    }
    [[nodiscard]] const Fact& operator()(std::string_view wanted, int n = -1) const { return facts[expression(wanted, n)]; }
    [[nodiscard]] int rank(std::string_view wanted, int n = -1) const { return (*this)(wanted, n).rank; }
    // "tensor 3 float32", "int", "tuple 2": kind, rank or length, dtype, as far as they are known.
    [[nodiscard]] std::string short_form(std::string_view wanted, int n = -1) const { return short_form(facts[expression(wanted, n)]); }
    [[nodiscard]] static std::string short_form(const Fact& fact) {
        std::string out(kind_name(fact.kind));
        if (fact.kind == Kind::tensor && fact.rank >= 0) out += " " + std::to_string(fact.rank);
        if (fact.length >= 0) out += " " + std::to_string(fact.length);
        if (fact.dtype != DType::unknown) out += " " + std::string(dtype_name(fact.dtype));
        return out;
    }
    // "b*4,?": the sizes by the names of their symbols.
    [[nodiscard]] std::string shape(std::string_view wanted, int n = -1) const {
        const Fact& fact = (*this)(wanted, n);
        std::string out;
        if (fact.shape == 0) return "?";
        for (const Dim& dim : facts.shapes[fact.shape]) {
            if (!out.empty()) out += ",";
            if (!dim.known)
                out += "?";
            else if (dim.symbols.empty())
                out += std::to_string(dim.coefficient);
            else {
                if (dim.coefficient != 1) out += std::to_string(dim.coefficient) + "*";
                for (std::size_t at = 0; at < dim.symbols.size(); ++at) out += (at ? "*" : "") + facts.symbols[dim.symbols[at]];
            }
        }
        return out;
    }

    // Places of observed facts count from the test's own text.
    static ObservedFacts shifted(ObservedFacts seen) {
        for (ObservedFact& fact : seen) {
            fact.span.begin += static_cast<std::uint32_t>(kPrelude.size());
            fact.span.end += static_cast<std::uint32_t>(kPrelude.size());
        }
        return seen;
    }

    inline static const std::string kPrelude =
        "import math\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nfrom einops import "
        "rearrange, repeat\n"
        "from typing import Optional, List, Tuple\n";
    std::string text;
    diagnostics::Sink sink;
    syntax::Tree tree;
    names::Names names;
    ObservedFacts observed;
    FactTable facts;
};

}  // namespace mlxify::infer
