// From facts and catalogue to the converted text.
// takes: Tree, Names, FactTable, Catalogue; gives: text, source map; says: MX2xxx to MX5xxx; tests: tests/golden
#pragma once

#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "diagnostics/diagnostic.h"
#include "idiom/idiom.h"
#include "infer/facts.h"
#include "layout/layout.h"
#include "names/names.h"
#include "rewrite/edits.h"
#include "source/source_text.h"
#include "syntax/ast.h"

namespace mlxify::rewrite {

struct Input {
    const source::SourceText& source;
    const syntax::Tree& tree;
    const names::Names& names;
    const infer::FactTable& facts;
    const infer::ObservedFacts& observed;  // empty: nothing ran
    const catalogue::Catalogue& catalogue;
    const layout::Plan& layout;  // inactive: every value is held as in torch
    const idiom::Plan& idioms;   // empty: every formula stays as it is written
};

struct Options {
    bool stop_indices = false;  // no gradient flows to indices that are computed: MLX refuses to look for one there
};

struct Mapped {
    base::Span converted;
    base::Span original;
    std::string rule;
};

struct Result {
    std::string text;
    std::vector<Mapped> source_map;         // statements and rewritten places, by place in the original
    std::vector<Made> made;                 // every place that a rule was applied to
    std::vector<std::string> helpers;
    std::size_t idioms = 0;                 // formulas that became one function of MLX
    std::vector<std::string> assumptions;
    std::vector<std::string> left_out;      // top-level functions and classes that only raise: no sample reached them
};

Result rewrite(const Input& input, const Options& options, diagnostics::Sink& sink);

// Whether layers of the file must write over what they are given, as torch's do with `inplace=True`: no axes may be moved before them.
bool needs_layers_in_place(const Input& input);

}  // namespace mlxify::rewrite
