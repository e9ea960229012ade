// One walk over the file in the order of evaluation, which gives each tensor a slot. Private to this folder; see layout.h.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "layout/layout.h"
#include "layout/operators.h"
#include "layout/slots.h"

namespace mlxify::layout {

using syntax::exists;
using syntax::kNoNode;
using NodeKind = syntax::Kind;

// What an expression gives, as far as layouts matter.
struct Value {
    enum class Kind : std::uint8_t { other, tensor, display, tuple, list } kind = Kind::other;
    Slot slot = kFirst;         // of a tensor, or of each element of a list
    int rank = -1;              // of a tensor
    std::vector<Value> parts{};   // of a tuple
};

// How a module is called.
struct Interface {
    enum class Kind : std::uint8_t { pointwise, fixed, unknown } kind = Kind::fixed;
    Slot in = kFirst, out = kFirst;
    int images = 0;  // layers that hold channels last
};

inline constexpr int kMostResults = 8;  // of a tuple that a function gives back, in layouts of their own

// What one walk over the file tells the next.
struct Learned {
    std::map<std::uint32_t, int> ranks;        // by node, where the facts leave it open
    std::map<std::uint32_t, int> results;      // by function: the rank of what it gives back, where all returns agree; else -1
    // By call that swaps the last two of three axes: whether it vanishes, for what it takes or gives has channels last.
    enum class Swap : std::uint8_t { stays, takes_last, gives_last };
    std::map<std::uint32_t, Swap> swaps;
    bool is_final = false;                     // no walk follows: what is not known by now stays as it is
    bool operator==(const Learned&) const = default;
};

inline bool is_one_entry(const infer::Dim& dim) { return dim.known && dim.symbols.empty() && dim.coefficient == 1; }

inline bool is_image_rank(int rank) { return rank >= 3 && rank <= 5; }

// How many axes a layer or function for images wants: by its name, "torch.nn.Conv2d" 4; 0 if any.
int wanted_axes(std::string_view qualified);

class Planner {
public:
    Planner(const syntax::Tree& tree, const names::Names& names, const infer::FactTable& facts, const catalogue::Catalogue& catalogue,
            const std::vector<std::string>& exposed, Learned& learned);
    Plan run();

private:
    // planner.cpp
    void find_functions();
    [[nodiscard]] bool is_exposed(NodeId function) const;
    [[nodiscard]] bool is_entry(NodeId definition) const;
    [[nodiscard]] bool is_tried(NodeId id) const;
    void report_interface(Plan& plan, std::uint32_t class_index) const;
    void tie_families();
    void tie_unknown_calls();
    [[nodiscard]] bool is_one(NodeId id, std::size_t axis) const;
    void obstruct(NodeId at, std::string why);
    void note_contradiction(NodeId at);
    void finish(Plan& plan);
    void hold_facts(Plan& plan) const;
    [[nodiscard]] const infer::Fact& fact(NodeId id) const { return facts_[id]; }
    [[nodiscard]] int rank(NodeId id) const;  // of a tensor with sizes beside batch and channels; -1 of anything else
    [[nodiscard]] bool is_open(NodeId id) const;  // its rank is not known
    void learn_rank(NodeId id, int rank);
    void learn_parameter_ranks();
    void learn_argument(NodeId argument, int rank);
    void learn_swaps();
    [[nodiscard]] std::optional<std::int64_t> integer(NodeId id) const;
    [[nodiscard]] Slot place(NodeId function, int number);  // of a parameter; below zero of what is given back

    // obstacles.cpp
    [[nodiscard]] bool is_sequence(std::uint32_t class_index) const;
    [[nodiscard]] bool holds_images(const infer::Fact& module) const;
    [[nodiscard]] bool is_layer_base(std::string_view qualified) const;
    [[nodiscard]] bool inherits_forward(std::uint32_t class_index) const;
    [[nodiscard]] bool takes_only_options(const names::ClassInfo& info, std::string_view base) const;
    void check_classes();
    void check_constructors();
    void check_alternatives();
    [[nodiscard]] bool holds_norms_alone() const;
    [[nodiscard]] int layers_made() const;
    [[nodiscard]] bool is_pointwise_function(NodeId function) const;
    [[nodiscard]] bool is_pointwise_expression(NodeId id, NodeId parameter) const;
    struct Kinds {
        bool image = false, other = false;
    };
    [[nodiscard]] Kinds kinds_made(NodeId expression) const;
    [[nodiscard]] std::vector<std::pair<NodeId, int>> layers_named() const;

    // Uses of values.
    void use(NodeId id, const Value& value, Slot wanted);
    void force(NodeId id, const Value& value) { use(id, value, kFirst); }
    void hold(const Value& value, Slot wanted);  // where no move can stand
    Value tensor(NodeId id, Slot slot);
    Value list_of(NodeId id, const Value& display);

    // statements.cpp
    struct Environment {
        bool dead = false;
        std::map<std::uint32_t, std::set<std::uint32_t>> stores;  // by binding: the stores that reach
    };
    void function(NodeId id);
    void block(NodeId id);
    void statement(NodeId id);
    void assign(NodeId id);
    void augmented(NodeId id);
    void give_back(NodeId id);
    void loop(NodeId id);
    void attempt(NodeId id);
    void bind(NodeId target, NodeId value_node, const Value& value);
    void bind_name(NodeId target, NodeId value_node, const Value& value);
    bool unpack_shape(NodeId target, NodeId value);
    std::vector<Value> evaluate_iterable(NodeId id);
    void bind_elements(NodeId target, const std::vector<Value>& iterated);
    void bind_iterated(NodeId target, const Value& iterable);
    Value load(NodeId name);
    Slot store_slot(NodeId target);
    void merge(const Environment& other);
    void open(NodeId body);
    [[nodiscard]] NodeId scope_function(NodeId id) const;

    // expressions.cpp
    Value evaluate(NodeId id);
    Value attribute(NodeId id);
    Value subscript(NodeId id);
    std::optional<Value> cut_out(NodeId id, const Value& owner);
    [[nodiscard]] bool gives_pixel(NodeId id) const;
    Value comprehension(NodeId id);
    bool compares_shapes(NodeId id);
    Value pointwise(NodeId id, const std::vector<NodeId>& operands);
    Value pointwise_of(NodeId id, const std::vector<std::pair<NodeId, Value>>& operands);
    void evaluate_and_force(NodeId id);
    [[nodiscard]] NodeId of_shape(NodeId shape) const;
    bool shape_index(NodeId subscript);

    // calls.cpp
    struct Argument {
        std::string_view keyword;
        NodeId node = kNoNode;
        Value value;
        bool star = false;
    };
    Value call(NodeId id);
    std::vector<Argument> arguments(NodeId id);
    Value opaque(NodeId id, const std::vector<Argument>& given);
    Value library_call(NodeId id, std::string_view qualified, const std::vector<Argument>& given);
    std::optional<Value> map_call(NodeId id);
    Value list_call(NodeId id, NodeId object, const Value& list, const std::vector<Argument>& given);
    Value function_call(NodeId id, NodeId function, bool bound, const std::vector<Argument>& given);
    Value result_of(NodeId id, NodeId function);
    [[nodiscard]] bool gives_none(NodeId function) const;
    [[nodiscard]] NodeId called_method(NodeId callee) const;
    [[nodiscard]] const Argument* argument(const std::vector<Argument>& given, int position, std::string_view keyword) const;
    [[nodiscard]] bool may_be_module(NodeId callee) const;
    [[nodiscard]] bool may_be_image(const Argument& argument) const;
    [[nodiscard]] bool passes_images_by_keyword() const;

    // operator_calls.cpp
    Value operator_call(NodeId id, const Operator& op, const std::vector<Argument>& given);
    Value axis_call(NodeId id, const Operator& op, const std::vector<Argument>& given);
    Value reduce_call(NodeId id, const Operator& op, const std::vector<Argument>& given);
    Value join_call(NodeId id, const Operator& op, const std::vector<Argument>& given);
    Value cut_call(NodeId id, const Operator& op, const std::vector<Argument>& given);
    Value permute_call(NodeId id, const std::vector<Argument>& given);
    Value swap_call(NodeId id, const std::vector<Argument>& given);
    Value turned_call(NodeId id, const std::vector<Argument>& given);
    Value pad_call(NodeId id, const std::vector<Argument>& given);
    Value pattern_call(NodeId id, const std::vector<Argument>& given);
    Value reshape_call(NodeId id, const std::vector<Argument>& given);
    [[nodiscard]] bool keeps_channels(NodeId call, const std::vector<Argument>& given) const;
    [[nodiscard]] bool counts_channels(NodeId id) const;
    Value pointwise_call(NodeId id, const std::vector<Argument>& given);
    [[nodiscard]] std::optional<AxisArgument> axes(const Argument& argument, int position, std::string_view keyword, int rank) const;
    [[nodiscard]] bool is_single_pixel(NodeId id) const;

    // module_calls.cpp
    [[nodiscard]] int rank_taken(const infer::Fact& module) const;
    [[nodiscard]] bool takes_rows(const infer::Fact& module) const;
    Value module_call(NodeId id, const infer::Fact& module, const std::vector<Argument>& given);
    Value unknown_call(NodeId id, const std::vector<Argument>& given);
    [[nodiscard]] int rank_of_all_modules() const;
    [[nodiscard]] bool is_of_other_library(NodeId callee) const;
    std::optional<Value> inherited_call(NodeId id, NodeId callee);
    [[nodiscard]] std::optional<Interface> interface_of(const infer::Fact& module, int rank, NodeId at);
    [[nodiscard]] bool pools_to_one(NodeId callee) const;
    [[nodiscard]] std::vector<NodeId> values_of(NodeId attribute) const;
    [[nodiscard]] std::vector<infer::Fact> choices(NodeId callee) const;
    std::optional<Interface> interface_of_choice(const std::vector<infer::Fact>& modules, int axes, NodeId at);
    Value layer_call(NodeId id, const std::vector<Argument>& given, const Interface& interface);
    [[nodiscard]] bool asks_for_one(NodeId call, std::uint32_t slot) const;

    // A pattern of einops, whose sides are stated in the order in which its values are held.
    struct Pattern {
        int left = -1, right = -1;        // axes of what it takes and gives; -1 where not known
        Slot in = kFirst, out = kFirst;
    };
    Pattern pattern(std::string_view text);
    const Pattern& layer_pattern(const std::string& text);  // of all layers with that pattern
    [[nodiscard]] bool is_column(NodeId id, int axes) const;

    struct Site {
        NodeId node;
        Slot held, wanted;
        int rank;
    };
    struct Function {
        NodeId node = kNoNode;
        bool exposed = true;
        bool is_value = false;   // not only called
        bool odd_result = false;
        bool gives_several = false;  // a tuple or another collection
    };

    const syntax::Tree& tree_;
    const names::Names& names_;
    const infer::FactTable& facts_;
    const catalogue::Catalogue& catalogue_;
    const std::vector<std::string>& exposed_;
    Slots slots_;
    std::vector<Site> sites_;
    std::vector<std::pair<NodeId, Slot>> held_;                       // tensors, by node
    std::map<std::uint32_t, Function> functions_;                     // by function_def
    std::map<std::pair<std::uint32_t, std::string_view>, std::vector<NodeId>> assigned_;  // by class and attribute of self
    std::map<std::pair<std::uint32_t, int>, Slot> places_;
    std::map<std::uint32_t, Slot> stores_;                            // by target
    std::map<std::uint32_t, int> store_ranks_;
    Learned& learned_;
    std::vector<std::pair<NodeId, NodeId>> reads_;                    // load, store
    std::set<std::uint32_t> pixels_;                                  // expressions and stores of images of one pixel
    std::map<std::uint32_t, Value> containers_;                       // by binding
    std::set<std::uint32_t> captured_;                                // bindings that inner functions read
    std::vector<std::pair<NodeId, Slot>> parameters_;                 // of exposed functions
    std::vector<std::pair<Slot, AxisArgument>> pending_axes_;
    std::vector<NodeId> pending_axes_calls_;
    std::vector<std::pair<NodeId, NodeId>> chained_;                  // forward of a module in a Sequential, and the call of that
    std::vector<std::pair<NodeId, Slot>> pending_forms_, pending_drops_, pending_unpacks_;
    std::vector<std::tuple<NodeId, Slot, std::string>> pending_indices_;
    std::vector<std::tuple<NodeId, Slot, std::size_t>> pending_sizes_;
    std::vector<std::tuple<NodeId, Slot, int>> pending_slices_, pending_flattenings_;
    std::vector<std::pair<NodeId, Slot>> pending_columns_;
    std::vector<std::pair<NodeId, Pattern>> pending_patterns_;        // by literal
    std::map<std::string, Pattern> layer_patterns_;
    std::map<std::uint32_t, int> results_;                            // by function: the rank of what it gives back; -1 where returns differ
    std::vector<std::pair<NodeId, Slot>> swaps_;                      // calls that swap the last two of three axes, and what they take
    Environment environment_;
    NodeId current_ = kNoNode;   // the function that is walked
    int loops_ = 0;
    int images_ = 0;             // calls of layers and functions that hold channels last
    bool has_planes_ = false;    // some of them hold images, of two or more sizes
    bool by_keyword_ = false;    // some call may pass images by keyword
    NodeId unknown_call_ = kNoNode;
    NodeId contradiction_ = kNoNode;
    std::string obstacle_;
};

}  // namespace mlxify::layout
