// Where images are held with channels last, so that convolutions, pools and norms need no transpose.
// takes: Tree, Names, FactTable, Catalogue; gives: Plan; says: nothing; tests: layout_test.cpp, tests/golden/channels_last_*
//
// A file is converted channels-last as a whole or not at all: then every module of torch.nn that has an entry
// `mlxify.channels_last.*` takes and gives channels last. Every other value is free, and held in the layout that needs the
// fewest moves (a minimum cut); what is not understood is held as torch holds it. Entry points keep their interface.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "catalogue/catalogue.h"
#include "infer/facts.h"
#include "names/names.h"
#include "syntax/ast.h"

namespace mlxify::layout {

using syntax::NodeId;

enum class Move : std::uint8_t { none, to_last, to_first };

// Axes that a call passes, in MLX's order.
struct AxisArgument {
    std::size_t position = 0;         // among the positional arguments, the receiver of a method included
    std::string_view keyword;
    std::vector<std::int64_t> axes;
    bool sequence = false;
};

// A module class that is not called from outside, and takes or gives channels last.
struct MovedInterface {
    std::string name;
    std::vector<std::pair<int, std::string>> takes;  // arguments: position without self, name
    std::vector<int> gives;                          // results: place in a tuple; -1: the result itself
};

struct Plan {
    bool active = false;
    std::string obstacle;                                        // why a file with convolutions is not; empty: nothing to gain
    int images = 0;                                              // calls of layers and functions that hold channels last
    int cost = 0;                                                // moves of axes, those in loops twice
    std::vector<Move> moves;                                     // by node: what its value needs where it is used
    std::vector<bool> channels_last;                             // by node: calls of functions in their form for channels last
    std::vector<bool> dropped;                                   // by node: calls that permute, and are the identity now
    std::unordered_map<std::uint32_t, AxisArgument> axes;        // by call
    std::unordered_map<std::uint32_t, std::size_t> sizes;        // by call of view(b, c, 1, 1): how many sizes it passes
    std::unordered_map<std::uint32_t, std::string> indices;      // by index of a shape: its text
    std::unordered_map<std::uint32_t, int> slices;               // by index of slices: how many axes what it cuts has
    std::unordered_map<std::uint32_t, int> flattenings;          // by call of flatten(2): how many axes its input has
    std::unordered_map<std::uint32_t, std::string> patterns;     // by literal of a pattern of einops: its text
    std::unordered_set<std::uint32_t> pixels;                    // (1, channels, 1, 1) that goes to last: a reshape does that
    std::unordered_set<std::uint32_t> columns;                   // (channels, 1, 1), wanted as (channels,)
    std::vector<NodeId> unpacked;                                // tuples that a shape is unpacked to
    std::unordered_map<std::uint32_t, std::vector<NodeId>> parameters;  // by function: what is moved where it begins
    std::unordered_map<std::uint32_t, std::int8_t> ranks;        // of what is moved, by node
    std::vector<MovedInterface> moved_interfaces;
    infer::FactTable facts;                                      // of the values as they are held
};

// `exposed` are names of definitions that are called from outside, beside the file's entry points.
Plan plan(const syntax::Tree& tree, const names::Names& names, const infer::FactTable& facts, const catalogue::Catalogue& catalogue,
          const std::vector<std::string>& exposed);

// For `--print layout`: whether channels are last, or why not; then each move, by line.
std::string print(const syntax::Tree& tree, const Plan& plan);

// The name of the entry that stands for `qualified` with channels last.
std::string channels_last_name(std::string_view qualified);

// What such an entry stands for; any other name as it is.
std::string_view plain_name(std::string_view entry);

// "(0, 2, 3, 1)" for four axes.
std::string to_last_axes(int rank);
std::string to_first_axes(int rank);

}  // namespace mlxify::layout
