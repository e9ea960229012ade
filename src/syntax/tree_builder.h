// Appends nodes to a Tree in post-order.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "syntax/ast.h"

namespace mlxify::syntax {

class TreeBuilder {
public:
    explicit TreeBuilder(std::string_view source) {
        tree_.source_ = source;
        tree_.nodes_.reserve(source.size() / 4 + 16);
        tree_.children_.reserve(source.size() / 4 + 16);
        tree_.nodes_.emplace_back();
    }

    NodeId add(Node node, std::span<const NodeId> children) {
        const NodeId id{tree_.size()};
        node.first_child = static_cast<std::uint32_t>(tree_.children_.size());
        node.child_count = static_cast<std::uint32_t>(children.size());
        for (const NodeId child : children) {
            tree_.children_.push_back(child);
            if (exists(child)) tree_.nodes_[index(child)].parent = id;
        }
        tree_.nodes_.push_back(node);
        return id;
    }
    NodeId add(Node node, std::initializer_list<NodeId> children = {}) {
        return add(node, std::span<const NodeId>(children.begin(), children.size()));
    }
    void add_comment(base::Span span) { tree_.comments_.push_back(span); }
    void set_compare_ops(NodeId id, std::vector<Op> ops) { tree_.compare_ops_.emplace_back(id, std::move(ops)); }
    [[nodiscard]] NodeId child(NodeId id, std::uint32_t slot) const { return tree_.child(id, slot); }
    void replace_child(NodeId id, std::uint32_t slot, NodeId child) {
        tree_.children_[tree_[id].first_child + slot] = child;
        if (exists(child)) tree_.nodes_[index(child)].parent = id;
    }
    [[nodiscard]] Node& edit(NodeId id) { return tree_.nodes_[index(id)]; }
    [[nodiscard]] std::string_view text(base::Span span) const { return tree_.source_.substr(span.begin, span.size()); }

    Tree finish(NodeId root) {
        tree_.root_ = root;
        auto& comments = tree_.comments_;  // gathered in the order of lowering, some twice
        std::sort(comments.begin(), comments.end());
        comments.erase(std::unique(comments.begin(), comments.end()), comments.end());
        auto& ops = tree_.compare_ops_;
        std::sort(ops.begin(), ops.end(), [](const auto& a, const auto& b) { return index(a.first) < index(b.first); });
        return std::move(tree_);
    }

private:
    Tree tree_;
};

}  // namespace mlxify::syntax
