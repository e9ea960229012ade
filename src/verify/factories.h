// Functions that build a module of the file and return it: `def resnet18(**kwargs): return ResNet(BasicBlock, [2, 2, 2, 2], **kwargs)`;
// and those that return what a constructor takes.
// takes: the file's tree and definitions; gives: which class each builds, and how; tests: factories_test.cpp
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syntax/ast.h"
#include "verify/worker.h"

namespace mlxify::verify {

// The class of the file of which `function` returns a new instance, whatever it is given; empty if it is no factory.
std::string built_by(const syntax::Tree& tree, const std::vector<DefinitionOf>& definitions, std::string_view function);

// The factories of the module `built`, as modules: with their own parameters, and called as what they build.
std::vector<DefinitionOf> factories_of(const syntax::Tree& tree, const std::vector<DefinitionOf>& definitions, const DefinitionOf& built);

// `presets()[1]` where `function`, which can be called with nothing, returns `name` at that place, and `presets()` where it returns nothing else.
std::optional<std::string> call_that_returns(const syntax::Tree& tree, const DefinitionOf& function, std::string_view name);

}  // namespace mlxify::verify
