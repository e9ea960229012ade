// Partial evaluation of a catalogue body at one call: what is known folds, the rest is printed as Python.
// takes: Entry or Body, the arguments as Values; gives: Outcome; tests: evaluator_test.cpp
//
//   F.softmax(x, -1)   ->   mx.softmax(x, axis=-1)            one expression is left: inlined
//   F.pad(x, widths)   ->   _pad(x, widths)                   more is left: a private helper, emitted once
//   F.pad(x, **how)    ->   _pad(x, **how)                    a helper with the rest of torch's signature: an open one
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"
#include "infer/facts.h"
#include "rules/value.h"

namespace mlxify::rules {

// One argument of a call, in the order written.
struct Actual {
    std::string_view keyword;   // empty: positional
    Value value;
    bool star = false;          // *value
    bool double_star = false;   // **value
};

// The names under which the output imports what bodies use.
struct OutputNames {
    std::string mx = "mx";
    std::string nn = "nn";
    std::string math = "math";
    std::string np = "np";
};

// What bodies leave behind that must stand at the top of the output.
struct Emitted {
    std::string name;      // as called in the output
    std::string text;      // a whole definition, ends with a line break
    std::string origin;    // catalogue file and Python name, for the report
};

class Emissions {
public:
    // The name of a helper with that text: an existing one's, or a new one made from `wanted`.
    std::string helper(std::string_view wanted, std::string_view text_with_name_marker, std::string_view origin);
    // A definition under its own name; `text` is only taken the first time. False if the name is taken by something else.
    bool definition(std::string_view name, std::string_view origin);
    void set_definition_text(std::string_view name, std::string text);
    void reserve(std::string_view name) { taken_.emplace(name, std::string{}); }
    [[nodiscard]] bool is_taken(std::string_view name) const { return taken_.find(name) != taken_.end(); }
    [[nodiscard]] const std::vector<Emitted>& all() const { return all_; }
    // Drops what neither `text` nor anything kept names: what used it was left out.
    void keep_used(std::string_view text);
    // Calls of `name` become calls of `other` in all texts; whether there were any.
    bool respell_calls(std::string_view name, std::string_view other);
    // A whole import line that a definition needs: "from einops import rearrange".
    void add_import(std::string_view line) { imports_.emplace(line); }
    [[nodiscard]] const std::set<std::string>& imports() const { return imports_; }
    bool uses_math = false;
    bool uses_np = false;
    bool uses_nn = false;

    static constexpr char kNameMarker = '\x03';  // stands for the helper's name in its text until it has one

private:
    std::vector<Emitted> all_;                                   // in the order they must stand
    std::map<std::string, std::string, std::less<>> taken_;      // name -> origin; empty: the user's
    std::set<std::string> imports_;
    std::map<std::string, std::string, std::less<>> by_text_;    // helper text with marker -> name
};

struct Outcome {
    enum class Status { expression, refused, no_binding } status = Status::expression;
    Value value;              // expression: its text refers to the leaves of the call
    bool helper = false;      // the value calls a helper
    std::string reason;       // otherwise
    std::string suggestion;
};

struct ApplyOptions {
    std::optional<std::size_t> component;  // only this element of the returned tuple is wanted
    bool result_mutated = false;           // the result is later written to in place
    bool softmax_masked = false;           // a softmax around it is masked in its turn, or freed of NaN
    bool open = false;                     // parameters without argument stay parameters: by `**`, or a function as a value
};

class Evaluator {
public:
    Evaluator(const catalogue::Catalogue& catalogue, const infer::FactTable& facts, const OutputNames& names,
              Leaves& leaves, Emissions& emissions)
        : catalogue_(catalogue), facts_(facts), names_(names), leaves_(leaves), emissions_(emissions) {}

    // Specialises a rule, attribute or module entry.
    Outcome apply(const catalogue::Entry& entry, std::vector<Actual> actuals, const ApplyOptions& options = {});
    // The entry's function itself, as a value with torch's signature: the name of a helper.
    Outcome function(const catalogue::Entry& entry);
    // Makes sure that a definition stands in the output, with whatever it uses; its name there.
    std::string require_definition(const catalogue::Entry& entry);

    // For the definition's constructor or function: the names of its parameters (without self); star parameters as "*", "**".
    std::vector<std::string> parameter_names(const catalogue::Body& body) const;
    const catalogue::Body& constructor_of(const catalogue::Body& body) const;  // the class itself, or the base whose constructor it has
    // The default of a parameter of a function or constructor as written; empty if there is none.
    std::string_view parameter_default(const catalogue::Body& body, std::string_view name) const;

private:
    friend class Frame;
    bool inlined(const catalogue::Body& body, const std::vector<Actual>& actuals, const ApplyOptions& options, Outcome& outcome);
    std::string require(const catalogue::Body& body);
    void call_helper(const catalogue::Body& body, std::vector<Actual> actuals, const ApplyOptions& options, Outcome& outcome);
    const catalogue::Catalogue& catalogue_;
    const infer::FactTable& facts_;
    const OutputNames& names_;
    Leaves& leaves_;
    Emissions& emissions_;
    bool result_mutated_ = false;
    bool softmax_masked_ = false;
    bool asking_ = false;  // inside `known(...)`: nothing is emitted
    std::uint32_t depth_ = 0;
    std::map<std::string, std::string, std::less<>> required_;  // origin of a definition -> its name in the output
};

}  // namespace mlxify::rules
