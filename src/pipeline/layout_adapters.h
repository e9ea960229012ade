// Inner modules that take channels last, proved by samples that have channels first.
// takes: Prepared, the moved interfaces; gives: Prepared whose expressions make adapted modules; tests: layout_adapters_test.cpp
#pragma once

#include <vector>

#include "layout/layout.h"
#include "verify/verify.h"

namespace mlxify::pipeline {

void adapt_layouts(verify::Prepared& prepared, const std::vector<layout::MovedInterface>& interfaces);

}  // namespace mlxify::pipeline
