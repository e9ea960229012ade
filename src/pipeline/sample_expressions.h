// How a sample's constructor call reads in the converted file: `Net(nn.BCEWithLogitsLoss())` passes a loss that MLX lacks.
// takes: the call, the original (for its imports); gives: what the MLX worker evaluates; tests: sample_expressions_test.cpp
#pragma once

#include <string>
#include <string_view>

#include "catalogue/catalogue.h"
#include "source/source_text.h"

namespace mlxify::pipeline {

// Statements whose last is the expression, or an expression alone; empty if it reads the same or cannot be converted. Definitions that
// the file as `converted` has too are not stated again: a class that it compares with is that one.
std::string expression_in_mlx(std::string_view expression, const source::SourceText& original, const catalogue::Catalogue& catalogue,
                              std::string_view converted);

}  // namespace mlxify::pipeline
