// How a formula is read off the tree: what a local name holds, which function of torch is called, what is a number. Private to this folder.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "idiom/idiom.h"

namespace mlxify::idiom {

using syntax::exists;
using syntax::index;
using NodeKind = syntax::Kind;

// Whether constants are one float32.
[[nodiscard]] bool is_near(double value, double wanted);

// What has been read of one formula so far.
struct Match {
    std::vector<NodeId> loads;        // names of parts that were followed
    std::vector<NodeId> definitions;  // the statements that these names come from
    std::vector<NodeId> inner;
};

// A call of a function of torch, or of the method of that name: the tensor comes first in both.
struct Called {
    std::string name;  // without `torch.` and `torch.nn.functional.`; of methods as written
    std::vector<NodeId> arguments;
    std::vector<Argument> keywords;
    [[nodiscard]] NodeId argument(std::size_t position, std::string_view keyword, std::string_view other = {}) const;
    [[nodiscard]] std::size_t count() const { return arguments.size() + keywords.size(); }
};

// A product: its factors that are no constants, and the product of those that are.
struct Factor {
    NodeId node{};
    bool divides = false;
};
struct Product {
    double constant = 1;
    std::vector<Factor> factors;
};

class Reading {
public:
    Reading(const syntax::Tree& tree, const names::Names& names, const infer::FactTable& facts) : tree_(tree), names_(names), facts_(facts) {}

    [[nodiscard]] const infer::Fact& fact(NodeId node) const { return facts_[node]; }
    [[nodiscard]] const syntax::Node& at(NodeId node) const { return tree_[node]; }
    [[nodiscard]] NodeId child(NodeId node, std::uint32_t slot) const { return tree_.child(node, slot); }

    // What a name of the same block holds, else the node itself; the way is noted in `match`.
    [[nodiscard]] NodeId followed(NodeId node, Match& match) const;
    [[nodiscard]] std::optional<Called> called(NodeId node) const;
    [[nodiscard]] std::optional<double> number(NodeId node, int depth = 0) const;
    [[nodiscard]] bool is_number(NodeId node, double wanted) const;  // to the precision of float32
    // A Python number by the facts, if not a constant.
    [[nodiscard]] bool is_scalar(NodeId node) const;
    [[nodiscard]] bool is_single(NodeId node) const;  // a tensor of a single number, as its text tells
    [[nodiscard]] bool is_given(NodeId node) const;   // a parameter of the function, as it was passed
    // Whether two operands are the same value: a name that nothing has assigned between, or the same attributes of such a one.
    [[nodiscard]] bool same(NodeId a, NodeId b) const;
    [[nodiscard]] Product product(NodeId node, Match& match) const;

    [[nodiscard]] NodeId power_of(NodeId node, int exponent, Match& match) const;  // x of that power of it, else kNoNode
    [[nodiscard]] NodeId mean_of(NodeId node, Match& match) const;       // x of its mean over the last axis, which stays
    [[nodiscard]] NodeId variance_of(NodeId node, Match& match) const;   // the same of its biased variance
    [[nodiscard]] NodeId wide(NodeId node, Match& match) const;          // x of `x.float()`, else kNoNode
    // x of `x.to(y.dtype)`, where y is an operand for which `as` holds.
    template <typename As>
    [[nodiscard]] NodeId cast_back(NodeId node, Match& match, As as) const {
        const auto call = called(node);
        if (!call || call->count() != 2) return syntax::kNoNode;
        NodeId like = syntax::kNoNode;
        if (call->name == "type_as") like = call->argument(1, "other");
        if (call->name == "to" || call->name == "type") like = dtype_owner(call->argument(1, "dtype"), match);
        if (!exists(like) || !as(like)) return syntax::kNoNode;
        match.inner.push_back(node);
        return call->argument(0, "");
    }

    // The statements of `match` compute nothing else, and the operands are what they were where the formula ends.
    [[nodiscard]] bool may_go(const Match& match, NodeId root) const;
    [[nodiscard]] bool is_available(NodeId operand, const Match& match, NodeId root) const;

private:
    [[nodiscard]] bool may_be_tensor(NodeId node) const;
    [[nodiscard]] NodeId dtype_owner(NodeId node, Match& match) const;   // y of `y.dtype`
    [[nodiscard]] bool is_last_axis(NodeId node) const;
    [[nodiscard]] bool stores(NodeId statement, names::BindingId binding) const;
    [[nodiscard]] NodeId last_store(names::BindingId binding, NodeId statement, const std::vector<NodeId>& without) const;
    [[nodiscard]] NodeId writer(NodeId load) const { return last_store(names_.binding(load), tree_.statement_of(load), {}); }
    [[nodiscard]] bool is_read_elsewhere(NodeId definition, const Match& match) const;
    [[nodiscard]] bool stays(NodeId operand, const Match& match, NodeId statement) const;
    [[nodiscard]] bool is_assigned_in(NodeId function, std::string_view attribute) const;

    const syntax::Tree& tree_;
    const names::Names& names_;
    const infer::FactTable& facts_;
};

// Each gives the rewriting of a formula that ends with `root`.
std::optional<Rewriting> norm(const Reading& reading, NodeId root);
std::optional<Rewriting> attention(const Reading& reading, NodeId root);
std::optional<Rewriting> activation(const Reading& reading, NodeId root);

}  // namespace mlxify::idiom
