// Modules of libraries: what a constructor call gives, what a call of the instance gives, what its attributes are.
// takes: qualified class name, Operands; gives: Facts; tests: module_results_test.cpp
#pragma once

#include <functional>
#include <string_view>

#include "infer/fact_store.h"
#include "infer/operands.h"

namespace mlxify::infer {

// Whether the name is a module class: of the table, or any other capitalised export of torch.nn.
bool is_library_module(std::string_view qualified);
bool is_recurrent(std::string_view qualified);  // torch.nn.LSTM, torch.nn.GRUCell

// `torch.nn.Linear(16, 32)`: a module fact with what its calls need to know.
Fact construct_module(FactStore& store, std::string_view qualified, const Operands& operands);

// Whether what a call gives is a view of its input (Flatten, Rearrange).
bool module_gives_view(const FactStore& store, const Fact& module);

// The rank that an input must have (`Conv2d`: 4), or -1.
int input_rank(const FactStore& store, const Fact& module);

// The result of calling a module of a library. `call` calls a child (of a Sequential) with one argument.
Fact call_module(FactStore& store, const Fact& module, const Operands& operands, syntax::NodeId node,
                 const std::function<Fact(const Fact& child, const Fact& argument)>& call);

// `module.weight`, `module.in_features`, ...; unknown if not known.
Fact module_attribute(FactStore& store, const Fact& module, std::string_view name);

}  // namespace mlxify::infer
