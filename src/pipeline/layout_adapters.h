// Inner modules that take channels last, proved by samples that have channels first.
// takes: Prepared, the moved interfaces; gives: Prepared whose expressions make adapted modules; tests: layout_adapters_test.cpp
#pragma once

#include <string>
#include <vector>

#include "layout/layout.h"
#include "verify/verify.h"

namespace mlxify::pipeline {

// Of these entry points the converted file takes and gives images with channels last, as their author says.
void declare_channels_last(verify::Prepared& prepared, const std::vector<std::string>& names);

void adapt_layouts(verify::Prepared& prepared, const std::vector<layout::MovedInterface>& interfaces);

}  // namespace mlxify::pipeline
