// Original and converted file on the same numbers: weights drawn once, inputs made once, both called.
// takes: two programs and an invocation; gives: arrays of both sides, ready to compare; tests: integration_test.cpp
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "verify/compare.h"
#include "verify/evidence.h"
#include "verify/program.h"
#include "verify/sample.h"
#include "verify/safetensors.h"

namespace mlxify::verify {

// What went wrong on one of the sides.
struct Trouble {
    enum class Side { original, converted, both } side = Side::both;
    std::string message;
    std::uint32_t line = 0;  // of that side's file
};

template <typename T>
using Outcome = std::variant<T, Trouble>;

// One quantity on both sides: PyTorch in float32, in float64, with disturbed weights and inputs; MLX.
struct Quadruple {
    std::optional<ArrayFile> plain, float64, disturbed, converted, converted64;
    std::vector<ArrayFile> shaken;  // MLX with disturbed weights and inputs
};

struct CalledBoth {
    Quadruple arrays;
    CallResult original, converted;
};

struct GradientsOfBoth {
    Quadruple parameters;              // by their MLX names
    Quadruple inputs;                  // "input.PATH"
    Quadruple state;                   // after a step, if asked for: the original's by MLX names, MLX's with "after.parameter." or "after.buffer." before them
    std::vector<std::string> problems; // a parameter that is not trained, a buffer that is
};

// Numbers that a comparison runs on.
struct Numbers {
    std::uint64_t weights = 1;
    std::uint64_t inputs = 1;
    double spread = 1;  // of normal inputs; not 1: uniform within +-1.7 times it
    bool ends = false;  // integers take both ends of their range: the last row of a table, the last time step
};

// A list of names that a worker wrote into a file's metadata; empty where there is none or it is malformed.
[[nodiscard]] std::set<std::string> names_in_metadata(const ArrayFile& file, const std::string& key);

class Pair {
public:
    Pair(Program& original, Program& converted, const Invocation& invocation)
        : original_(original), converted_(converted), invocation_(invocation) {}

    // Builds both. The stages "instantiates" and "weights map one to one" are told apart by `weights_differ` of the trouble.
    std::optional<Trouble> build();
    // Draws weights and buffers on the original's side and gives both sides the same; nothing to do for a function.
    std::optional<Trouble> draw(std::uint64_t seed);
    // What does not map one to one between the weights; empty: all does. After draw().
    [[nodiscard]] const std::string& weights_mismatch() const { return weights_mismatch_; }
    [[nodiscard]] std::size_t weight_count() const { return weight_count_; }
    // Whether one draw gave other weights than another: what is only tables and masks never varies.
    [[nodiscard]] bool weights_vary() const { return weights_vary_; }
    std::optional<Trouble> make_inputs(const Numbers& numbers);
    // Which way weights and inputs are disturbed for the tolerance; in force after the next draw() and make_inputs().
    void disturb_by(std::uint64_t seed) { disturbance_ = seed; }

    // Once on each side.
    Outcome<CalledBoth> call(const CallOptions& options);
    Outcome<GradientsOfBoth> gradient(const CallOptions& options);
    // PyTorch's own error, for the tolerance: adds what it gives in float64 and with disturbed weights and inputs.
    std::optional<Trouble> measure(const CallOptions& options, CalledBoth& both);
    std::optional<Trouble> measure(const CallOptions& options, GradientsOfBoth& both);
    // The converted file's own rounding, where it is in question: adds what it gives in float64. Nothing is added where MLX cannot.
    void widen(const CallOptions& options, CalledBoth& both);
    void widen(const CallOptions& options, GradientsOfBoth& both);
    // The converted file with sums that are rounded once, in place of what it gave. Whether it ran.
    bool sum_exactly(const CallOptions& options, CalledBoth& both);
    bool sum_exactly(const CallOptions& options, GradientsOfBoth& both);
    // Adds what MLX gives in float32 on disturbed weights and inputs, others each time; false where it does not run there.
    bool shake(const CallOptions& options, GradientsOfBoth& both);

    // What constructions leave, by MLX names, on both sides. After draw().
    struct InitialStates {
        std::vector<ArrayFile> original, converted;
        std::optional<ArrayFile> precise;  // the original's by the first seed, computed in float64 where it can be
        std::set<std::string> defaults;      // MLX names of what holds PyTorch's own initial values, untouched by the original's code
        std::set<std::string> own_defaults;  // of what holds MLX's own, untouched by the converted file's code
    };
    Outcome<InitialStates> initial();  // by the first seed
    std::optional<Trouble> add_initial(InitialStates& states, int seeds);  // by the others, and the rest

    // Which of the original's arrays each of the converted file's holds. After draw().
    std::vector<MappedWeight> weight_map();

    // Whether the array of that MLX name holds one of PyTorch's, not a sum of several. After gradient() or initial().
    [[nodiscard]] bool one_to_one(const std::string& name) const;

    [[nodiscard]] bool has_float_inputs() const { return has_float_inputs_; }
    [[nodiscard]] bool has_integer_inputs() const;
    [[nodiscard]] bool has_inputs() const { return has_inputs_; }
    [[nodiscard]] const Construction& original_parts() const { return original_parts_; }
    [[nodiscard]] const Json& spec() const { return spec_; }
    [[nodiscard]] Program& original() { return original_; }
    [[nodiscard]] Program& converted() { return converted_; }
    [[nodiscard]] const std::string& original_inputs() const { return original_inputs_; }
    [[nodiscard]] const std::string& converted_inputs() const { return converted_inputs_; }

private:
    std::optional<Trouble> give_weights();
    bool shake_once(const CallOptions& options, std::uint64_t seed, GradientsOfBoth& both);
    std::optional<Trouble> disturb();
    [[nodiscard]] CallOptions disturbed_too(CallOptions options) const;
    std::optional<Trouble> write_disturbed(const std::string& from, std::uint64_t seed, std::string& written, int roundings = 1);
    std::optional<Trouble> original_takes(const std::string& weights);
    // A file of torch-named arrays under MLX names. Arrays of the state that the file lacks are zeros.
    Outcome<ArrayFile> mapped(const std::map<std::string, const ArrayView*>& arrays, const std::string& name);
    Outcome<ArrayFile> mapped(const std::map<std::string, OwnedArray>& arrays, const std::string& name);
    Outcome<ArrayFile> mapped(const ArrayFile& file, const std::string& name);
    std::optional<Trouble> add_construction(InitialStates& states, std::uint64_t seed, bool defaults);
    std::optional<Trouble> map_state(const ArrayFile& file, std::optional<ArrayFile>& out);
    Outcome<ArrayFile> counted(const std::set<std::string>& names, const std::string& file);
    std::optional<Trouble> map_trainable();
    Outcome<ArrayFile> averaged(ArrayFile file, const std::string& path);
    [[nodiscard]] std::vector<std::string> training_problems(const ArrayFile& gradients) const;
    std::optional<Trouble> map_gradients(const std::string& file, GradientsOfBoth& both, std::optional<ArrayFile> Quadruple::*which);

    Program& original_;
    Program& converted_;
    const Invocation& invocation_;
    Construction original_parts_, converted_parts_;
    Json spec_;                      // with the spread put in
    std::string weights_mismatch_;
    std::uint64_t disturbance_ = 0;
    std::size_t weight_count_ = 0;
    std::string original_inputs_, converted_inputs_, disturbed_inputs_;
    std::string original_weights_, disturbed_weights_, converted_weights_;
    std::map<std::string, OwnedArray> state_;   // torch-named parameters and saved buffers, as drawn
    std::optional<ArrayFile> trainable_;        // by MLX name: how many of PyTorch's parameters went in; 0: not trained
    bool has_inputs_ = false, has_float_inputs_ = false, weights_vary_ = false;
};

}  // namespace mlxify::verify
