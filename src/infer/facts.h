// What is known of each expression before it runs. Unknown is a value, never a guess.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/span.h"
#include "syntax/ast.h"

namespace mlxify::infer {

enum class Kind : std::uint8_t {
    unknown,
    none,
    boolean,
    integer,
    floating,
    string,
    tensor,
    module,
    tuple,
    list,
    dict,
    size /* a tensor's shape: a tuple */,
    dtype,
    device,
    function,
    class_,
    object,
};

enum class DType : std::uint8_t { unknown, float32, float16, bfloat16, float64, int64, int32, int16, int8, uint8, boolean, complex64 };

// A dimension as a product: coefficient times symbols. Unknown is {0, {}} with known == false.
struct Dim {
    bool known = false;
    std::int64_t coefficient = 0;
    std::vector<std::uint32_t> symbols;  // sorted ids into FactTable::symbols
    friend bool operator==(const Dim&, const Dim&) = default;
};

enum class ValueId : std::uint32_t {};  // into FactTable::values; 0: not known
inline constexpr ValueId kNoValue{0};

struct Fact {
    Kind kind = Kind::unknown;
    DType dtype = DType::unknown;  // of a tensor, or the dtype that a dtype object is
    std::int8_t rank = -1;         // of a tensor; -1 unknown
    bool observed = false;         // comes (also) from running the original
    bool by_samples = false;       // its rank (of a size: its length) is that of the samples; the text allows others
    bool temporary = false;        // a fresh tensor that nothing else names: an in-place write to it is only a value
    std::int32_t length = -1;      // of a tuple, list or size
    bool maybe_none = false;       // may also be None: `kind` is then unknown in FactTable::by_node, except where the
                                   // expression is used in a way that None does not allow
    bool maybe_void = false;       // of a tensor: on some path it has the shape (0,), which torch.cat passes over
    bool limited = false;          // of a tensor: what was below zero is zero in it (relu, clamp(min=0))
    bool passes_input = false;     // of a module: a call may give back its input itself (Dropout, Identity, inplace=True)
    bool writes_input = false;     // of a module: a call writes to its input (inplace=True)
    bool may_write_input = false;  // of a module or what may be one: on some path it does, or its first layer; of a list: its first element
    // Into FactTable::shapes (rank entries); 0 unknown. Of an integer: one entry, its symbolic value.
    // Of a module: one entry, the size of the last axis (Linear) or of the channels (convolutions) that it gives.
    std::uint32_t shape = 0;
    // Into FactTable::sequences: facts of a tuple's, list's or module container's elements; 0 unknown. With length < 0 each
    // element is one of the entries: mostly a single one that holds for all; of modules also several.
    std::uint32_t elements = 0;
    ValueId value = kNoValue;         // the constant, if it is one
    std::uint32_t class_index = 0;    // 1 + index into Names::classes: instance of (module, object) or the class itself (class_)
    std::uint32_t library_class = 0;  // into FactTable::library_names: "torch.nn.Linear", for modules of libraries
    std::uint32_t view_of = 0;        // index of the node whose tensor this one shares memory with; 0: of none known
    std::uint32_t definition = 0;     // of a function: index of its function_def or lambda node; 0 not known
    std::uint32_t same_rank_as = 0;   // while inferring: index of the parameter whose unknown rank this tensor's is
    friend bool operator==(const Fact&, const Fact&) = default;
};

using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;  // monostate is None

// Indexed by node. Facts of parameters and names hold at that very place.
struct FactTable {
    std::vector<Fact> by_node;
    std::vector<Value> values;                 // [0] unused
    std::vector<std::vector<Dim>> shapes;      // [0] unused
    std::vector<std::vector<Fact>> sequences;  // [0] unused
    std::vector<std::string> symbols;          // readable origin of each symbol
    std::vector<std::string> library_names;    // [0] unused

    [[nodiscard]] const Fact& operator[](syntax::NodeId id) const { return by_node[syntax::index(id)]; }
    [[nodiscard]] const Value* value(const Fact& fact) const {
        return fact.value == kNoValue ? nullptr : &values[static_cast<std::uint32_t>(fact.value)];
    }
};

// What the torch worker saw, joined over all runs of each expression.
struct ObservedFact {
    base::Span span;
    Kind kind = Kind::unknown;
    std::int8_t rank = -1;
    DType dtype = DType::unknown;
    std::vector<std::int64_t> shape;  // -1 where runs differ; empty if unknown
    std::int32_t length = -1;
    std::string type;  // qualified class name for modules and objects
    std::optional<Value> value;
    bool negative = false;      // a number that was below zero in some run
    bool parameter = false;     // a tensor that was an nn.Parameter in some run
    bool tensor = false;        // of another or no one kind, but a tensor in some run
    bool by_variation = false;  // only samples that were derived from the given or found ones reached it
};
using ObservedFacts = std::vector<ObservedFact>;  // sorted by span

std::string_view kind_name(Kind kind);
std::string_view dtype_name(DType dtype);  // "float32", "bool", ...

}  // namespace mlxify::infer
