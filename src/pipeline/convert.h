// The straight line from PyTorch source to MLX source; no verification, no I/O.
// takes: SourceText, ObservedFacts; gives: Conversion; tests: tests/golden
#pragma once

#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "diagnostics/diagnostic.h"
#include "infer/facts.h"
#include "layout/layout.h"
#include "source/source_text.h"

namespace mlxify::pipeline {

// How images are held inside of a converted file.
enum class Layout : std::uint8_t {
    automatic,      // channels last inside each public definition, where that needs fewer moves of axes
    channels_last,  // the same inside the whole file: public classes that others use may take and give channels last
    literal,        // channels first, as in torch
};

// How formulas are written that MLX has as one function.
enum class Style : std::uint8_t {
    idiomatic,  // as that function, where the facts say that it computes the same
    literal,    // as in the original
};

// How the header of a saved file begins to name the inner modules that take and give channels last.
inline constexpr std::string_view kChannelsLastInside = "images are held channels-last inside";

struct ConvertOptions {
    std::vector<std::string> entries;  // --entry CLASS; empty: found from the file
    Layout layout = Layout::automatic;
    Style style = Style::idiomatic;
    bool stop_indices = false;  // say that indices carry no gradient: a proof showed that they are computed from what has one
    std::vector<std::string> exposed{};  // further definitions that keep torch's layout in what they take and give
};

// A piece of the output that stands for a piece of the original, for location and `--json`.
struct MappedSpan {
    base::Span converted;
    base::Span original;
    std::string rule;  // catalogue entry that made it, or the construct: "torch.nn.functional.pad", "with torch.no_grad()"
};

// A silent trap of the catalogue that the file met, and where.
struct MetTrap {
    struct Place {
        base::Span original;
        std::string rule;
    };
    std::string name, differs, handled;
    std::vector<Place> places;
};

// A definition of the file, as verification needs it.
struct Definition {
    std::string name;
    enum class Kind { module, class_, function } kind = Kind::module;
    bool entry_point = false;   // no other definition of the file uses it
    std::uint32_t line = 0;
};

struct Conversion {
    bool convertible = false;   // no refusal: `text` is complete
    std::string text;           // the converted file, without the verification header; best effort as a draft otherwise
    std::vector<diagnostics::Diagnostic> diagnostics;
    bool final_refusal = false;             // one of them stands whatever a run of the original shows
    std::vector<MappedSpan> source_map;
    std::vector<MetTrap> traps;             // by their first place
    std::vector<Definition> definitions;
    std::vector<std::string> helpers;       // names of emitted helpers
    std::vector<std::string> left_out;      // functions and classes that only raise, since no sample reached them
    bool channels_last = false;             // images are held with channels last inside
    std::vector<layout::MovedInterface> moved_interfaces;
    std::string layout_obstacle;            // why they are not, where a file has layers for images; empty: nothing to gain
    std::size_t idioms = 0;                 // formulas that became one function of MLX
    std::vector<std::string> assumptions;   // sentences for the header: "float64 became float32 (line 12)"
};

Conversion convert(const source::SourceText& source, const infer::ObservedFacts& observed,
                   const catalogue::Catalogue& catalogue, const ConvertOptions& options);

// For `--print STAGE`: syntax, names, facts, rules, layout, text. Empty for an unknown stage.
std::string print_stage(const source::SourceText& source, const infer::ObservedFacts& observed,
                        const catalogue::Catalogue& catalogue, const ConvertOptions& options, std::string_view stage);

}  // namespace mlxify::pipeline
