// Values to try for constructor arguments: what the file itself passes, what it does with them, and what their names say.
// takes: the file's tree and definitions; gives: Python texts, the likeliest first; tests: usage_test.cpp, integration_test.cpp
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "syntax/ast.h"
#include "verify/usage.h"
#include "verify/worker.h"

namespace mlxify::verify {

using Arguments = std::vector<std::pair<std::string, std::string>>;  // keyword, Python text

// Which defaults of a paper's size are made smaller.
enum class Shrink { none, widths, all };

// `entry` with the parameters of the class to which it hands its `**kwargs`.
DefinitionOf with_forwarded(const DefinitionOf& entry, const std::vector<DefinitionOf>& definitions, const syntax::Tree& tree);

// A function that builds its network from layers, `return nn.Sequential(...)`, as the module that it gives; anything else as it is.
DefinitionOf as_built(DefinitionOf entry, const syntax::Tree& tree);

class ArgumentGuesser {
public:
    ArgumentGuesser(const DefinitionOf& entry, const std::vector<DefinitionOf>& definitions, const syntax::Tree& tree);

    // A value for each required parameter, and smaller ones where a default is large.
    [[nodiscard]] Arguments start(Shrink shrink) const { return start_of(entry_, shrink, 0); }
    // The same with what a call of the file passes.
    [[nodiscard]] std::vector<Arguments> start_as_written(Shrink shrink) const;
    [[nodiscard]] std::vector<std::string> guesses(const ParameterOf& parameter) const { return guesses_of(entry_, parameter, 0); }
    // A default that only says that there is none, of a parameter of which something is known.
    [[nodiscard]] bool needs_value(const ParameterOf& parameter) const;
    // `value` of `parameter`, a namespace, a dictionary or a configuration, with another value in one field, and that field's name; or with
    // values for all counts that it leaves open, and no name.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> other_fields(const ParameterOf& parameter, const std::string& value) const;
    // `{'dim': 64, 'double': False}` of `{'dim': 64}`, where a definition that gets `parameter` as `**x` has `double=True`.
    [[nodiscard]] std::vector<std::string> turned_flags(const ParameterOf& parameter, const std::string& value) const;

private:
    [[nodiscard]] std::optional<std::string> with_open_fields(const std::string& value, const Arguments& fields) const;
    [[nodiscard]] Arguments start_of(const DefinitionOf& definition, Shrink shrink, int depth) const;
    [[nodiscard]] std::vector<std::string> guesses_of(const DefinitionOf& definition, const ParameterOf& parameter, int depth) const;
    [[nodiscard]] bool takes_modules(const DefinitionOf& definition, const ParameterOf& parameter) const;
    [[nodiscard]] std::optional<std::string> object(const DefinitionOf& definition, const ParameterOf& parameter, Shrink shrink, int depth) const;
    [[nodiscard]] std::vector<std::string> field_guesses(const std::string& name, const Usage& usage, int depth) const;
    [[nodiscard]] std::vector<std::string> by_usage(const std::string& name, const Usage& usage, int depth) const;
    [[nodiscard]] std::vector<std::string> instances(const std::string& type, int depth) const;
    [[nodiscard]] std::vector<std::string> module_lists(const std::string& name, int depth) const;
    [[nodiscard]] std::vector<std::string> callables(const std::string& name, const Usage& usage, int depth) const;
    [[nodiscard]] std::vector<std::string> with_attributes(std::vector<std::string> modules, const Usage& usage, int depth) const;
    [[nodiscard]] std::vector<std::string> lists_of_parts(const Usage& usage, int depth) const;
    [[nodiscard]] std::string structure(const Usage& usage, int depth) const;
    [[nodiscard]] Arguments keywords_for(const std::vector<std::string>& takers, int depth) const;

    const DefinitionOf& entry_;
    const std::vector<DefinitionOf>& definitions_;
    const syntax::Tree& tree_;
    std::vector<WrittenArguments> written_;
};

// The fields of `Config(dim=64, depth=2)`, `{'dim': 64}`: names and texts, in order; empty for anything else.
Arguments fields_of(std::string_view text);

}  // namespace mlxify::verify
