// The catalogue as the compiler sees it: entries by qualified name, bodies as parsed Python.
// takes: texts of catalogue/**/*.py with their index; gives: Catalogue; tests: catalogue_test.cpp
//
// The index (what stands where) is made at build time by mlxify_embed, so that a start costs nothing; a body is parsed when
// it is first asked for. All lookups are safe from several threads.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/span.h"
#include "syntax/ast.h"

namespace mlxify::catalogue {

// The kinds of catalogue/README.md.
enum class EntryKind : std::uint8_t { rule, attribute, module_, definition, constant, drop_decorator, dissolve, never, keep, defaults };

struct Entry {
    EntryKind kind{};
    std::string_view qualified;    // "torch.nn.functional.pad"; of `defaults`: "nn.Linear", "mx.array.sum"
    std::string_view target;       // constant: the MLX spelling; never: the reason
    std::string_view suggest;      // never
    std::string_view argument;     // never, definition, module: only when this argument ("groups,padding_mode": one of these) is passed; empty: always
    std::string_view mutates;      // rule: name of the parameter that is rebound; empty: none
    std::string_view view_of;      // rule: name of the parameter that the result shares memory with
    std::string_view fields;       // rule: "values,indices"; empty: none
    std::string_view weights;      // module, definition: "weight=OIHW->OHWI;bias=b" as written, pairs separated by ';'
    std::string_view trap;         // "unbiased variance": names of traps that it guards, separated by ','
    bool stops_gradient = false;   // dissolve
    std::uint32_t file = 0;        // into Catalogue::files()
    base::Span span;               // of the function or class in that file (decorators included); empty for the others
};

// A function or class of a catalogue file, parsed by itself.
struct Body {
    std::string_view file;         // "torch/elementwise.py"
    std::uint32_t file_index = 0;
    std::string_view name;         // its Python name
    std::string_view text;         // without decorators
    syntax::Tree tree;             // of `text`
    syntax::NodeId node = syntax::kNoNode;  // the function_def or class_def (or assign, for a module-level constant)
};

// What a file holds besides entries: private functions, module-level constants, names imported from other catalogue files.
struct Local {
    std::uint32_t file = 0;
    std::string_view name;
    base::Span span;                     // empty for an import
    std::string_view from_file;          // imports from the catalogue: "torch/shapes.py"
    std::string_view import_line;        // imports from elsewhere, which a definition takes along: "from einops import rearrange"
};

// A silent trap: what a port by hand gets other numbers from, without an error.
struct Trap {
    std::string_view name;     // "unbiased variance"
    std::string_view differs;  // between PyTorch and MLX
    std::string_view handled;  // what the conversion does about it
    std::string_view rules;    // "forward,attribute": parts of the compiler, as the source map names them, that guard it beside entries
};

struct File {
    std::string_view path;  // relative to the catalogue folder
    std::string_view text;
};

// The tables that mlxify_embed writes and `Catalogue` reads.
struct Index {
    std::span<const File> files;
    std::span<const Entry> entries;  // sorted by qualified name; equal names: alternatives, most idiomatic first
    std::span<const Local> locals;   // sorted by file, then name; entries' Python names included
    std::span<const Trap> traps{};   // as stated
};

class Catalogue {
public:
    // Over tables that outlive it (the embedded ones).
    explicit Catalogue(const Index& index);
    // The embedded catalogue with further folders before it: theirs win. Errors: unreadable folder, malformed file.
    static base::Result<Catalogue> with_folders(const Index& embedded, const std::vector<std::string>& folders);
    Catalogue(Catalogue&&) noexcept;
    Catalogue& operator=(Catalogue&&) noexcept;
    ~Catalogue();

    // The first entry of that name among `rule, attribute, module_, definition, constant, never, keep, drop_decorator, dissolve`;
    // a `never` ending in ".*" covers every name below it that has no entry of its own. Null: nobody looked.
    [[nodiscard]] const Entry* find(std::string_view qualified) const;
    // All alternatives of that name, in order.
    [[nodiscard]] std::span<const Entry> alternatives(std::string_view qualified) const;
    // MLX's own default of a keyword, as written ("True", "1e-05"); empty if not stated.
    [[nodiscard]] std::string_view mlx_default(std::string_view callee, std::string_view keyword) const;

    [[nodiscard]] const Body& body(const Entry& entry) const;
    // A Python name as seen from a file: an entry's function, a private function, a constant, an import from another file.
    // Null if there is none.
    [[nodiscard]] const Body* local(std::uint32_t file, std::string_view name) const;
    // The import that gives that file the name, when it comes from a library: empty otherwise.
    [[nodiscard]] std::string_view import_line(std::uint32_t file, std::string_view name) const;
    [[nodiscard]] std::span<const Entry> entries() const;
    [[nodiscard]] std::span<const File> files() const;
    // The traps that a rule guards: an entry's name, or a part of the compiler as the source map names it.
    [[nodiscard]] std::vector<const Trap*> traps_of(std::string_view rule) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

// The catalogue that was built into the program.
const Index& embedded_index();

}  // namespace mlxify::catalogue
