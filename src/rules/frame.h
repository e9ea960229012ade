// One activation of a catalogue function under partial evaluation. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/evaluator.h"

namespace mlxify::rules {

// Thrown inside partial evaluation only, and caught in Evaluator: what is left is no single expression.
struct NeedsHelper {};
// `refuse(...)` was reached for certain.
struct Refused {
    std::string reason;
    std::string suggestion;
};

enum class Mode { inline_, helper };

using Environment = std::vector<std::pair<std::string_view, Value>>;

class Frame {
public:
    Frame(Evaluator& evaluator, const catalogue::Body& body, Mode mode)
        : evaluator_(evaluator), body_(body), tree_(body.tree), mode_(mode) {}

    // Binds arguments to the parameters; the reason if they do not fit. With `open`, or `**` among the arguments, parameters
    // without argument stay parameters.
    std::optional<std::string> bind(std::vector<Actual> actuals, bool open = false);
    [[nodiscard]] bool is_open() const { return !open_.empty(); }
    [[nodiscard]] bool is_star_bound() const { return star_bound_; }  // a `*` of the call went to a `*` of the signature
    // Helper mode: parameters become names of the helper's own; gives the arguments of the call to it.
    std::vector<Value> own_parameters(std::vector<std::string>& names);
    // Runs the body; the returned value (None if it ends). In helper mode everything goes to `lines` and the value is empty.
    Value run();
    [[nodiscard]] const std::string& lines() const { return lines_; }

private:
    enum class Flow { next, returned, stopped };  // stopped: break or continue or raise

    // statements (frame_statements.cpp)
    Flow block(syntax::NodeId block);
    Flow statement(syntax::NodeId id);
    Flow if_statement(syntax::NodeId id);
    Flow for_statement(syntax::NodeId id);
    Flow return_statement(syntax::NodeId id);
    Flow raise_statement(syntax::NodeId id);
    void assign(syntax::NodeId target, Value value);
    void expression_statement(syntax::NodeId id);
    void aug_assign(syntax::NodeId id);
    void emit(std::string_view line);
    void materialise(syntax::NodeId region);       // names assigned in an undecided region become run-time variables
    void materialise_base(syntax::NodeId target);
    void materialise_name(std::string_view name);
    [[nodiscard]] bool reads(const Value& value, std::string_view name) const;
    void settle(std::string_view name);            // what is folded and reads that name becomes a run-time variable
    void assigned_names(syntax::NodeId region, std::vector<std::string_view>& into) const;
    std::string print(const Value& value);         // in helper mode: locals expanded
    [[nodiscard]] std::string message(syntax::NodeId string_node);

    // expressions (frame_expressions.cpp)
    Value evaluate(syntax::NodeId id);
    Value name(syntax::NodeId id);
    Value attribute(syntax::NodeId id);
    Value subscript(syntax::NodeId id);
    Value index_text(const Value& object, syntax::NodeId index);
    Value unary(syntax::NodeId id);
    Value bool_op(syntax::NodeId id);
    Value compare(syntax::NodeId id);
    Value conditional(syntax::NodeId id);
    Value sequence(syntax::NodeId id);
    Value comprehension(syntax::NodeId id);
    Value lambda(syntax::NodeId id);
    Value dict(syntax::NodeId id);
    Value string(syntax::NodeId id);
    Value shape_of(const Value& object);

    // calls (frame_calls.cpp)
    Value call(syntax::NodeId id);
    [[nodiscard]] bool is_known(syntax::NodeId expression);
    Value call_builtin(std::string_view word, syntax::NodeId id);
    Value call_function(const catalogue::Body& callee, std::vector<Actual> actuals);
    Value residual_call(Value callee, syntax::NodeId id);
    bool changes_folded_list(syntax::NodeId callee);
    Value method_of_constant(const Value& object, std::string_view method, const std::vector<Value>& arguments, bool& known);
    std::vector<Actual> actuals(syntax::NodeId call);
    [[nodiscard]] std::optional<bool> is_instance(const Value& value, syntax::NodeId type);

    [[nodiscard]] Value* find(std::string_view name);
    void set(std::string_view name, Value value);

    Evaluator& evaluator_;
    const catalogue::Body& body_;
    const syntax::Tree& tree_;
    Mode mode_;
    Environment environment_;
    [[nodiscard]] syntax::NodeId double_star_parameter() const;

    bool star_bound_ = false;
    std::vector<Actual> rest_;  // keywords that go to the signature's `**`
    std::vector<std::pair<std::string_view, std::string>> open_;  // parameters that stay such, as a signature spells them
    Value returned_;
    std::string lines_;
    std::uint32_t indent_ = 1;
    std::uint32_t settling_ = 0;
    std::uint32_t undecided_ = 0;  // depth of regions whose entry is decided at run time only
};

// Arithmetic on what is known (fold.cpp); the residual expression otherwise.
Value fold_binary(syntax::Op op, const Value& left, const Value& right);
Value fold_compare(syntax::Op op, const Value& left, const Value& right);
Precedence precedence_of(syntax::Op op);
// Unescapes a plain string literal (no f-string): prefix and quotes as written.
std::string unescape(std::string_view literal);

}  // namespace mlxify::rules
