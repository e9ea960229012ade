// Runs the program on facts instead of values: statements in order, branches joined, loops until nothing changes, calls
// of the file's own functions followed.
// takes: Tree, Names, ObservedFacts; gives: a filled FactTable; tests: infer_test.cpp
//
// Every function is run in two ways. *Generic*: once a round, with parameters joined over all call sites and without
// constants, and only this run writes facts of nodes, attributes and parameters. *In context*: for one call, with what that
// call passes (constants too), only to learn what it gives back.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "infer/environment.h"
#include "infer/fact_store.h"
#include "infer/facts.h"
#include "infer/operands.h"
#include "infer/operators.h"
#include "infer/program.h"
#include "names/names.h"
#include "syntax/ast.h"

namespace mlxify::infer {

class Evaluator {
public:
    // `stated`: the facts of the text alone, where there are observed ones.
    Evaluator(const syntax::Tree& tree, const names::Names& names, const ObservedFacts& observed, const FactTable* stated, FactTable& table);
    void run();

private:
    using NodeId = syntax::NodeId;
    enum class Truth : std::uint8_t { unknown, yes, no };

    // One run of a function, lambda or the module.
    struct Frame {
        NodeId node = syntax::kNoNode;
        std::uint32_t function = 0;  // 1 + index into Program::functions
        Fact self;                   // of a method
        NodeId self_parameter = syntax::kNoNode;
        Collected returned;
        bool terminated = false;         // return or raise was passed on this path
        bool may_have_returned = false;  // on some path before: what follows tells nothing of the parameters
        bool yields = false;
        Fact yielded;
        int conditional = 0;  // depth of branches and loops
        int loops = 0;
        std::vector<std::uint32_t> attribute_slots;  // bound ones
    };

    // What a call passes, by parameter.
    struct Arguments {
        std::vector<Fact> facts;
        std::vector<NodeId> nodes;
        std::vector<bool> passed;
    };

    // --- functions (functions.cpp)
    void run_round();
    void run_generic(std::uint32_t function);
    Fact generic_parameter(const Function& function, std::size_t at);
    Fact declared_parameter(const Function& function, std::size_t at);
    Fact self_of(const Function& function);
    Fact autograd_parameter(const Function& function, std::size_t at, Fact fact);
    Fact context_of(std::uint32_t class_index);
    Fact apply_autograd(std::uint32_t function, const Fact& self, Operands operands);
    [[nodiscard]] std::uint32_t autograd_forward(const Fact& class_fact, std::string_view name) const;
    Fact run_body(std::uint32_t function, const std::vector<Fact>& arguments, const Fact& self);
    Fact call_function(std::uint32_t function, const Fact& self, const Operands& operands);
    Arguments bind_arguments(const Function& function, const Fact& self, const Operands& operands);
    Fact default_of(NodeId parameter) const;
    Fact in_context(std::uint32_t function, const std::vector<Fact>& arguments, const Fact& self);
    Fact seen_from_outside(const Function& function, Fact result, const Arguments& arguments, bool same_self);
    bool is_rebound(names::BindingId binding, NodeId parameter, NodeId use) const;
    std::uint32_t memory_outside(const Function& function, std::uint32_t memory, const Arguments& arguments) const;
    std::uint32_t shape_outside(std::uint32_t shape, const std::vector<std::uint32_t>& allowed, std::uint32_t owner);
    void collect_symbols(const Fact& fact, std::vector<std::uint32_t>& symbols) const;
    Fact with_own_sizes(Fact fact, NodeId node, std::uint32_t owner);
    Dim own_symbol(NodeId node, std::uint32_t axis, std::uint32_t owner);
    Dim own_integer(NodeId node);  // the size that an integer computed at this node is
    bool anything_changed() const;

    // --- statements (statements.cpp)
    void run_block(NodeId block);
    void run_statement(NodeId node);
    void run_if(NodeId node);
    void run_loop(NodeId node);
    void run_loop_body(NodeId node, const Fact& element);
    void run_try(NodeId node);
    void run_with(NodeId node);
    void run_assert(NodeId node);
    void run_class(NodeId node);
    void run_aug_assign(NodeId node);
    void assign(NodeId target, const Fact& fact, NodeId value);
    void assign_name(NodeId target, Fact fact, NodeId value);
    void assign_attribute(NodeId target, const Fact& fact);
    void assign_parts(NodeId target, const Fact& whole, NodeId value);
    NodeId measured_tensor(NodeId value) const;
    Fact measured(std::size_t targets, NodeId value, const Fact& whole);
    void store_attribute(std::uint32_t class_index, std::string_view name, Fact fact, bool of_self);

    // --- conditions (conditions.cpp)
    Truth truth(const Fact& fact) const;
    Truth evaluate_condition(NodeId node);
    void assume(NodeId condition, bool holds);
    void assume_compare(NodeId compare, bool holds);
    void assume_none(NodeId expression, bool is_none);
    void assume_rank(NodeId expression, int rank);
    void assume_kind(NodeId expression, NodeId type);
    NodeId parameter_tested_for_none(std::uint32_t function) const;

    // --- expressions (expressions.cpp, arithmetic.cpp, collections.cpp)
    Fact evaluate(NodeId node);
    Fact evaluate_unrecorded(NodeId node);
    Fact evaluate_name(NodeId node);
    [[nodiscard]] bool is_dtype_argument(NodeId node) const;
    Fact evaluate_binary(NodeId node);
    Fact arithmetic(syntax::Op op, const Fact& left, const Fact& right, NodeId node);
    Fact number_arithmetic(syntax::Op op, const Fact& left, const Fact& right, NodeId node);
    Fact evaluate_unary(NodeId node);
    Fact evaluate_bool_op(NodeId node);
    Fact either(syntax::Op op, Fact left, const Fact& right);
    Fact evaluate_compare(NodeId node);
    Fact evaluate_conditional(NodeId node);
    std::uint32_t certain_elements(std::uint32_t elements);
    bool begins_with_star(NodeId node) const;
    Fact evaluate_sequence(NodeId node, Kind kind);
    Fact evaluate_dict(NodeId node);
    Fact evaluate_comprehension(NodeId node);
    Fact evaluate_literal(NodeId node);
    Fact iterated(const Fact& iterable);
    Fact row_of(NodeId node, const Fact& iterable);
    void record(NodeId node, const Fact& fact);

    // --- attributes and subscripts (attributes.cpp, subscripts.cpp)
    Fact evaluate_attribute(NodeId node);
    Fact library_constant(std::string_view qualified);
    Fact tensor_attribute(NodeId node, NodeId object, const Fact& fact, std::string_view name);
    Fact instance_attribute(const Fact& object, std::string_view name, bool of_self);
    Fact method_value(const Fact& object, NodeId method);
    Fact evaluate_subscript(NodeId node);
    Fact index_tensor(NodeId object, const Fact& fact, NodeId index_node, const Fact& at);
    std::optional<std::vector<Fact>> index_facts(NodeId index_node, const Fact& at) const;
    std::optional<std::int64_t> constant_bound(NodeId node);
    Dim sliced(NodeId slice, const Dim& size);
    Fact index_sequence(const Fact& sequence, NodeId index, const Fact& at);

    // --- calls (calls.cpp, methods.cpp, builtins.cpp)
    Fact evaluate_call(NodeId node);
    Operands evaluate_arguments(NodeId node);
    Fact call_value(const Fact& callee, const Operands& operands, NodeId node);
    bool is_sequence_of_numbers(const Fact& fact);
    Fact call_library(std::string_view qualified, const Operands& operands, NodeId node);
    Fact apply_operator(const Operator& op, const Operands& operands, NodeId node);
    Fact construct_class(std::uint32_t class_index, const Operands& operands);
    Fact call_instance(const Fact& module, const Operands& operands, NodeId node);
    Fact call_super(NodeId node, std::string_view name);
    Fact call_method(NodeId node, NodeId object, const Fact& fact, std::string_view name);
    Fact call_tensor_method(NodeId node, NodeId object, const Fact& fact, std::string_view name);
    Fact call_instance_method(NodeId node, NodeId object, const Fact& fact, std::string_view name);
    Fact call_list_method(NodeId node, NodeId object, const Fact& fact, std::string_view name);
    Fact call_string_method(std::string_view name) const;
    Fact call_dict_method(const Fact& fact, std::string_view name, const Operands& operands);
    Fact call_module_method(const Fact& fact, std::string_view name, const Operands& operands, NodeId node);
    Fact call_builtin(std::string_view name, const Operands& operands, NodeId node);
    Fact call_map(const Operands& operands, NodeId node);
    Fact call_zip(const Operands& operands);
    Fact call_partial(const Operands& operands);
    bool is_self(NodeId object) const;

    // --- what use tells (refinement.cpp)
    Fact used_as_tensor(NodeId node, Fact fact);  // the node is an operand that must be a tensor
    Fact not_none(NodeId node, Fact fact);
    void learn_rank(NodeId node, Fact fact, int rank);
    void learn_from_operator(const Operator& op, const Operands& operands);
    void update_variable(NodeId node, const Fact& fact);
    std::uint32_t memory_of(NodeId node, const Fact& fact) const;
    Fact sharing_memory(Fact result, NodeId source, const Fact& source_fact);
    Fact not_fresh(Fact result);
    Fact with_named_sizes(NodeId node, Fact fact);  // unknown sizes of a tensor get symbols of their own
    bool unconditional() const { return frame_->conditional == 0 && !frame_->may_have_returned; }

    // --- observed facts (observed.cpp)
    void index_observed(const ObservedFacts& observed);
    void apply_observed(NodeId node, Fact& fact);
    [[nodiscard]] bool counts_observed_axes(NodeId node) const;

    [[nodiscard]] std::uint32_t slot_of_attribute(std::uint32_t class_index, std::string_view name);
    [[nodiscard]] const std::string& library_name_of(NodeId node);  // qualified name of a name or attribute chain, cached
    void forget_attributes();

    const syntax::Tree& tree_;
    const names::Names& names_;
    const ObservedFacts& observed_;
    const FactTable* stated_;
    FactTable& table_;
    FactStore store_;
    Program program_;
    Environment environment_;
    std::vector<Collected> summary_now_;  // by binding: joined over all its stores, for readers in other functions
    std::vector<Collected> summary_before_;
    std::vector<std::uint32_t> slot_by_attribute_;
    std::vector<std::uint32_t> qualified_at_;  // by node: 0 not looked up, 1 none, 2 + index into qualified_
    std::vector<std::uint32_t> certain_;       // by sequence: 1 + the sequence as readers of the table may see it; 0 not looked up
    std::deque<std::string> qualified_;        // never moves: views of it are passed on
    std::string no_name_;
    std::deque<std::string> names_of_attributes_;  // of registered buffers and modules
    std::vector<std::uint32_t> observed_at_;       // by node: 1 + index into observed_
    std::vector<std::uint32_t> symbol_owner_;      // by symbol: the class whose instances share it; 0 none
    Frame module_frame_;
    Frame* frame_ = nullptr;
    int round_ = 1;
    int depth_ = 0;          // of calls followed
    bool recording_ = true;  // in a generic run, and not in a loop's trial rounds
};

}  // namespace mlxify::infer
