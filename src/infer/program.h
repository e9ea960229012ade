// The functions, lambdas and classes of the file as the evaluator needs them, and what is known across them.
// takes: Tree, Names; gives: Functions by node, attributes by class; tests: infer_test.cpp
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "infer/fact_store.h"
#include "names/names.h"
#include "names/symbol_table.h"
#include "syntax/ast.h"

namespace mlxify::infer {

// A fact that is collected during one round over the file and read in the next.
struct Collected {
    Fact fact;
    bool present = false;
    void add(FactStore& store, const Fact& more) {
        fact = present ? store.join(fact, more) : more;
        present = true;
    }
};

// One call seen with these arguments: its result.
struct Context {
    std::vector<Fact> arguments;  // the object of a method first
    Fact result;
    int round = 0;
};

enum class MethodKind : std::uint8_t { plain, instance, class_, static_ };

struct Function {
    syntax::NodeId node = syntax::kNoNode;  // function_def or lambda
    std::uint32_t scope = 0;                // index into Names::scopes
    std::uint32_t class_index = 0;          // 1 + class whose method it is; 0 none
    MethodKind method_kind = MethodKind::plain;
    bool is_property = false;
    bool is_constructor = false;
    bool opaque = false;  // a decorator of unknown effect: calls give nothing known
    bool called = false;  // in this round, by code of the file
    bool running = false;
    bool is_trial = false;
    int context_parameter = -1;   // of an autograd Function's forward, backward or setup_context: where its context is passed
    bool takes_gradients = false;  // the backward of an autograd Function
    std::vector<syntax::NodeId> parameters;
    std::vector<Collected> now;             // what the calls of this round pass, by parameter
    std::vector<Collected> before;          // what those of the round before passed
    std::vector<Collected> tried;           // what trials and module-level code pass, without ranks
    std::vector<std::int8_t> learned_rank;  // what the body tells of a parameter's rank; -1 nothing, -2 contradictions
    std::vector<Context> contexts;
    Collected result;  // of the latest generic run
};

struct Attribute {
    std::string_view name;
    std::uint32_t class_index = 0;
    Collected now;
    Collected before;
};

class Program {
public:
    Program(const syntax::Tree& tree, const names::Names& names);

    // 1 + index of the Function at a function_def or lambda; 0 if it is none.
    [[nodiscard]] std::uint32_t function_at(syntax::NodeId node) const { return function_at_[syntax::index(node)]; }
    // The node of the function, lambda or module whose run binds a name (comprehensions and class bodies count to theirs).
    [[nodiscard]] syntax::NodeId frame_of(names::BindingId binding) const { return frame_of_[static_cast<std::uint32_t>(binding)]; }
    // The id of an attribute of a class (not of its bases); made if `create`. 0 if there is none.
    std::uint32_t attribute(std::uint32_t class_index, std::string_view name, bool create);
    // Looks through bases, then heirs. Joined where several heirs have it.
    [[nodiscard]] std::optional<Fact> find_attribute(FactStore& store, std::uint32_t class_index, std::string_view name, int round) const;
    // The class of a method with that name: in the class, its bases, or (for an abstract base) one heir; kNoNode if none.
    [[nodiscard]] syntax::NodeId method(std::uint32_t class_index, std::string_view name) const;
    // Heirs that override the method.
    [[nodiscard]] std::vector<syntax::NodeId> overrides(std::uint32_t class_index, std::string_view name) const;
    // The library class that a class of the file extends ("torch.nn.Linear"), "" if none or only nn.Module.
    [[nodiscard]] std::string_view library_base(std::uint32_t class_index) const;
    void next_round();

    std::vector<Function> functions;    // in source order
    std::vector<Attribute> attributes;  // [0] unused

private:
    void collect_functions();
    void describe_method(Function& function) const;
    void collect_frames();
    [[nodiscard]] std::optional<Fact> own_attribute(std::uint32_t class_index, std::uint32_t symbol, int round) const;

    const syntax::Tree& tree_;
    const names::Names& names_;
    std::vector<std::uint32_t> function_at_;
    std::vector<syntax::NodeId> frame_of_;
    std::vector<std::vector<std::uint32_t>> heirs_;  // by class index from 0: direct heirs
    names::SymbolTable symbols_;
    names::FlatMap attribute_by_name_;  // (class index from 1, symbol) -> attribute
};

}  // namespace mlxify::infer
