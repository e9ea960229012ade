#include "verify/search.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "verify/lighten.h"
#include "verify/observation.h"
#include "verify/safetensors.h"
#include "verify/trial.h"
#include "verify/usage.h"

namespace mlxify::verify {
namespace {

constexpr int kMostWaiting = 12;
constexpr int kMostEmpty = 6;  // trials with layers without weights that are not followed; a model may have them in any size
constexpr double kTrialSeconds = 6;      // of a construction or a call, while there are others to try
constexpr double kPatientSeconds = 20;  // longer ones would take minutes to prove
constexpr double kSlowSeconds = 1;      // of a call that is not made with many draws
constexpr int kPatience = 4;            // what is tried before
constexpr double kLightOperations = 2e8;  // of a call whose proof takes seconds
constexpr double kWorthwhile = 0.8;       // of the cost before
constexpr double kHeavyOperations = 1e9;  // of a call that is first made much lighter at once
constexpr double kLightSeconds = 15;      // of attempts at less,
constexpr double kLightCalls = 15;        // or the time of that many calls: a proof makes more of them
constexpr std::size_t kMostChoices = 12;  // strings of one argument
constexpr std::string_view kTriedInputs = "tried.safetensors", kTriedOutput = "tried_out.safetensors";
constexpr int kAfterConstant = 60;  // attempts, where the first sample gives the same whatever its inputs are
constexpr std::int64_t kUsualElements = 1 << 20, kMostElements = 1 << 25;  // of all inputs

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// `f` on every tensor of a spec, however deep.
template <typename F>
void each_tensor(Json& value, F f) {
    if (is_tensor_spec(value)) return f(value);
    if (value.is_structured())
        for (Json& item : value) each_tensor(item, f);
}

std::int64_t elements_of(const Trial& trial) {
    std::int64_t elements = 0;
    for (const auto& [name, value] : trial.inputs) {
        Json spec = value;
        each_tensor(spec, [&](const Json& tensor) {
            std::int64_t size = 1;
            for (const Json& axis : tensor["shape"]) size = std::min(size * axis.get<std::int64_t>(), kMostElements + 1);
            elements += size;
        });
    }
    return elements;
}

bool all_finite(const CallResult& called) {
    return std::all_of(called.leaves.begin(), called.leaves.end(), [](const LeafOf& leaf) { return leaf.finite; });
}

// Strings that an argument may be, as Python texts: those of a `Literal[...]`, those that the class looks it up in or compares it
// with, and those that other parts of the file compare an argument of that name with.
std::vector<std::string> choices_of(const syntax::Tree& tree, const std::string& entry, const ParameterOf& parameter) {
    std::vector<std::string> choices;
    const auto add = [&](std::string text) {
        if (choices.size() < kMostChoices && std::find(choices.begin(), choices.end(), text) == choices.end()) choices.push_back(std::move(text));
    };
    const std::string& annotation = parameter.annotation;
    for (std::size_t begin = annotation.find("Literal["); begin != std::string::npos && begin < annotation.size();) {
        const std::size_t open = annotation.find('\'', begin), close = open == std::string::npos ? open : annotation.find('\'', open + 1);
        if (close == std::string::npos) break;
        add(annotation.substr(open, close + 1 - open));
        begin = close + 1;
    }
    for (const std::string& value : compared_strings(tree, entry, parameter.name)) add("'" + value + "'");
    for (const std::string& literal : usage_of(tree, entry, parameter.name).literals)
        if (literal.starts_with('\'')) add(literal);
    for (const std::string& value : compared_strings(tree, {}, parameter.name)) add("'" + value + "'");
    return choices;
}

class Search {
public:
    Search(Program& original, const syntax::Tree& tree, const DefinitionOf& entry, const SearchLimits& limits)
        : original_(original), tree_(tree), definitions_(original.definitions()), entry_(as_built(with_forwarded(entry, definitions_, tree), tree)),
          guesser_(entry_, definitions_, tree), limits_(limits) {}

    SearchResult run() {
        const Clock::time_point begin = Clock::now();
        for (Trial& trial : first_trials(entry_, guesser_)) push(std::move(trial));
        while (!open_.empty() && !given_up_ && !result_.invocation) {
            if (result_.attempts >= limits_.attempts || seconds_since(begin) > limits_.seconds) break;
            const auto cheapest = std::min_element(open_.begin(), open_.end(), [](const Trial& a, const Trial& b) { return a.cost < b.cost; });
            const Trial trial = std::move(*cheapest);
            open_.erase(cheapest);
            attempt(trial);
        }
        if (!result_.invocation && constant_) {
            result_.invocation = constant_->invocation(entry_);
            result_.reason.clear();
        } else if (result_.reason.empty()) result_.reason = "no sample was found within " + std::to_string(limits_.attempts) + " attempts";
        return std::move(result_);
    }

private:
    void push(Trial trial) {
        const std::int64_t elements = elements_of(trial);
        if (elements > kMostElements || is_too_small(trial)) return;
        for (std::int64_t size = kUsualElements; size < elements; size *= 4) ++trial.cost;  // small ones first
        const std::string key = print_invocation(trial.invocation(entry_)) + (trial.inputs_chosen ? "" : "?") + (trial.patient ? "!" : "");
        if (trial.cost < 40 && seen_.insert(key).second) open_.push_back(std::move(trial));
    }

    // The larger side of the image, where that is all that goes in; 0 for anything else.
    static std::int64_t side_of(const Trial& trial) {
        if (trial.inputs.size() != 1 || !is_float_spec(trial.inputs[0].second)) return 0;
        const Json& shape = trial.inputs[0].second["shape"];
        return shape.size() == 4 ? std::max(shape[2].get<std::int64_t>(), shape[3].get<std::int64_t>()) : 0;
    }

    // Whether nothing was left of an image as large, or larger.
    [[nodiscard]] bool is_too_small(const Trial& trial) const {
        const std::int64_t side = side_of(trial);
        const auto known = side == 0 ? too_small_.end() : too_small_.find(trial.invocation(entry_).expression);
        return known != too_small_.end() && side <= known->second;
    }

    void note_side(const Trial& trial, const Failure& failure) {
        const std::vector<Repair> repairs = repairs_for(failure);
        const bool too_small = !repairs.empty() && repairs.front().kind == Repair::Kind::larger_space && repairs.front().found > 0;
        if (!too_small || side_of(trial) == 0) return;
        std::int64_t& side = too_small_[trial.invocation(entry_).expression];
        side = std::max(side, side_of(trial));
    }

    [[nodiscard]] const std::vector<ParameterOf>& parameters() const {
        return entry_.kind == "function" ? entry_.parameters : entry_.forward;
    }

    void attempt(const Trial& trial) {
        ++result_.attempts;
        if (const double limit = trial.patient ? kPatientSeconds : kTrialSeconds; std::exchange(limit_, limit) != limit) original_.limit_requests(limit);
        const Invocation invocation = trial.invocation(entry_);
        const Reply<Construction> built = original_.construct(invocation.expression);
        if (!built) return construct_failed(trial, built.failure());
        if (has_empty_layer(*built) && empty_met_++ < kMostEmpty) {
            result_.reason = "a layer without weights: a width is 0";
            for (Trial& next : wider(trial)) push(std::move(next));
            return;
        }
        const Sizes sizes = sizes_of(entry_, trial);
        const auto hints = input_hints(tree_, called_definition(*built), "", *built);
        if (!trial.inputs_chosen) {
            for (Trial& next : with_inputs(trial, parameters(), hints, sizes)) push(std::move(next));
            return;
        }
        const Reply<CallResult> called = try_invocation(original_, invocation);
        if (!called) return call_failed(trial, called.failure(), hints, sizes);
        if (called->leaves.empty()) return gave_no_array(trial);
        // Indices that are in range by luck are not with other draws, nor do lengths fit that are made of numbers.
        bool moves = !built->parameters.empty();  // the weights of a new model, often zeros, may hide its inputs
        const std::size_t first = moves ? 0 : result_bytes();
        for (const std::uint64_t seed : {1, 2, 3}) {
            if (seed > 1 && moves && called->seconds > kSlowSeconds) break;
            const Reply<CallResult> again = try_invocation(original_, invocation, seed);
            if (!again) return call_failed(trial, again.failure(), hints, sizes);
            moves = moves || result_bytes() != first;
        }
        if (!moves && elements_of(trial) > 0 && !constant_) {
            constant_ = trial;
            limits_.attempts = std::min(limits_.attempts, result_.attempts + kAfterConstant);
            return;
        }
        if (moves || !constant_) succeeded(trial, invocation, *called);
    }

    // A number that stands for all bytes of the last call's result.
    [[nodiscard]] std::size_t result_bytes() {
        const Reply<Session*> session = original_.session();
        const base::Result<ArrayFile> file = session ? ArrayFile::open((*session)->scratch(kTriedOutput)) : base::Error{"no session"};
        std::size_t all = 0;
        if (!file) return all;
        for (const auto& [name, view] : file->arrays())
            if (name.starts_with("leaf.")) all = 31 * all + std::hash<std::string_view>{}({reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size()});
        return all;
    }

    // A function, or the class of the module, which a factory may have built.
    [[nodiscard]] std::string_view called_definition(const Construction& built) const {
        const bool factory = entry_.kind == "module" && !built.modules.empty() && exists(top_level_definition(tree_, built.modules.front().type));
        return factory ? std::string_view(built.modules.front().type) : std::string_view(entry_.name);
    }

    // A ratio that a small width has rounded to nothing. The model runs, and shows little.
    static bool has_empty_layer(const Construction& built) {
        return std::any_of(built.parameters.begin(), built.parameters.end(),
                           [](const ArrayOf& array) { return std::find(array.shape.begin(), array.shape.end(), 0) != array.shape.end(); });
    }

    void call_failed(const Trial& failed, const Failure& failure, const std::map<std::string, InputHint>& hints, const Sizes& sizes) {
        note(failure);
        note_side(failed, failure);
        const Trial trial = after(failed, failure);
        if (failure.type == "timeout") return too_slow(trial);
        for (const Repair& repair : repairs_for(failure)) {
            if (given_up_) return;
            for (Trial& next : other_inputs(trial, parameters(), hints, sizes, repair)) push(std::move(next));
            // What is missing may be an input of a module that was passed.
            const bool ours = std::any_of(parameters().begin(), parameters().end(), [&](const ParameterOf& p) { return p.name == repair.name; });
            const bool arguments_too = (repair.kind != Repair::Kind::add_input || !ours) && repair.kind != Repair::Kind::indices && repair.kind != Repair::Kind::mapping_input &&
                                       repair.kind != Repair::Kind::low_precision;
            if (!arguments_too) continue;
            // What has the wrong size may be made by the module itself, whose arguments say what it takes.
            if ((repair.kind == Repair::Kind::last_axis || repair.kind == Repair::Kind::channels) && repair.found > 0 && repair.wanted > 0)
                for (Trial& next : other_arguments(trial, entry_, guesser_, {Repair::Kind::argument_value, repair.wanted, repair.found, {}}, {}))
                    push(std::move(next));
            for (Trial& next : other_arguments(trial, entry_, guesser_, repair, words_of(failure))) {
                if (differs_in_function(next, trial)) push(with_inputs_of(next, trial));
                push(std::move(next));
            }
        }
    }

    // Whether another function of tensors is passed, which says nothing of their shapes.
    static bool differs_in_function(const Trial& next, const Trial& trial) {
        const auto is_function = [](const std::string& text) { return text.starts_with("(lambda") || text.find("Loss(") != std::string::npos; };
        for (std::size_t i = 0; i < std::min(next.arguments.size(), trial.arguments.size()); ++i)
            if (next.arguments[i] != trial.arguments[i]) return is_function(next.arguments[i].second) && is_function(trial.arguments[i].second);
        return false;
    }

    static Trial with_inputs_of(Trial next, const Trial& trial) {
        next.inputs = trial.inputs;
        next.inputs_chosen = true;
        return next;
    }

    // The same at smaller sizes, and later with more time. The first time costs none of the search's.
    void too_slow(const Trial& trial) {
        if (!was_slow_) limits_.seconds += kPatientSeconds;
        was_slow_ = true;
        for (Trial& next : shorter(trial)) push(std::move(next));
        for (Trial& next : much_lighter(trial, entry_)) push(std::move(next));
        for (Trial& next : lighter(trial, entry_)) push(std::move(next));
        if (trial.patient) return;
        Trial again = trial;
        again.patient = true;
        again.cost += kPatience;
        push(std::move(again));
    }

    // The code that failed, and names that the message spells in words: `Encoder depth` is `encoder_depth`.
    [[nodiscard]] std::string words_of(const Failure& failure) const {
        std::string words(line_of_failure(failure));
        const std::string message = lower(failure.message);
        for (const ParameterOf& parameter : entry_.parameters) {
            std::string spelled = lower(parameter.name);
            std::replace(spelled.begin(), spelled.end(), '_', ' ');
            const bool is_told = spelled.size() > 2 && (message.find(spelled) != std::string::npos || message.find(lower(parameter.name)) != std::string::npos);
            if (is_told) words += " " + parameter.name;
        }
        return words;
    }

    [[nodiscard]] std::string_view line_of_failure(const Failure& failure) const {
        return tree_.source().substr(0, span_of_line(tree_.source(), failure.line).end).substr(span_of_line(tree_.source(), failure.line).begin);
    }

    void construct_failed(const Trial& failed, const Failure& failure) {
        note(failure);
        const Trial trial = after(failed, failure);
        if (failure.type == "timeout") return too_slow(trial);
        std::vector<Repair> repairs = repairs_for(failure);
        if (repairs.empty()) repairs.push_back({Repair::Kind::other_values, -1, -1, {}});
        for (const Repair& repair : repairs)
            for (Trial& next : other_arguments(trial, entry_, guesser_, repair, words_of(failure))) push(std::move(next));
    }

    void gave_no_array(const Trial& trial) {
        result_.reason = std::string(kGivesNoArray);
        for (Trial& next : other_choices(trial)) push(std::move(next));
    }

    void succeeded(const Trial& trial, const Invocation& invocation, const CallResult& called) {
        result_.invocation = all_finite(called) ? lightened(trial, called.seconds).invocation(entry_) : within_domain(invocation);
        result_.reason.clear();
    }

    // The same with another of the strings that the class compares an argument with: some choices do nothing.
    [[nodiscard]] std::vector<Trial> other_choices(const Trial& trial) const {
        std::vector<Trial> trials;
        for (const ParameterOf& parameter : entry_.parameters) {
            if (!parameter.default_text || !parameter.default_text->starts_with('\'')) continue;
            for (const std::string& value : choices_of(tree_, entry_.name, parameter)) {
                Trial next = trial;
                next.inputs.clear();
                next.inputs_chosen = false;
                next.cost += 1;
                set_argument(next, parameter.name, value);
                trials.push_back(std::move(next));
            }
        }
        return trials;
    }

    // A proof makes some hundred calls, and MLX's convolutions are slow on a CPU: where a call costs much, the same at smaller sizes, as
    // far as it runs.
    [[nodiscard]] Trial lightened(const Trial& found, double seconds_of_call) {
        Trial trial = found;
        std::optional<double> cost = operations_of(original_, trial.invocation(entry_));  // of the call that was just made
        std::set<std::string> in_vain;                                                   // what was changed
        const Clock::time_point begin = Clock::now();
        const double limit = std::max(kLightSeconds, kLightCalls * seconds_of_call);
        for (bool better = true; std::exchange(better, false) && cost && *cost > kLightOperations;) {
            const Trial before = trial;
            std::vector<Trial> candidates = *cost > kHeavyOperations ? much_lighter(before, entry_) : std::vector<Trial>{};
            for (Trial& next : lighter(before, entry_)) candidates.push_back(std::move(next));
            for (const Trial& next : candidates) {
                if (in_vain.contains(change_between(before, next)) || is_too_small(next) || seconds_since(begin) > limit) continue;
                const std::optional<double> less = lighter_cost(next, kWorthwhile * *cost);
                better = less.has_value();
                if (!better) in_vain.insert(change_between(before, next));
                if (!better) continue;
                trial = next;
                cost = less;
                break;
            }
        }
        return trial;
    }

    // The arguments that differ, and the inputs, where they do.
    [[nodiscard]] std::string change_between(const Trial& before, const Trial& next) const {
        std::string change = before.inputs == next.inputs ? "" : next.invocation(entry_).spec.dump();
        for (const auto& argument : next.arguments)
            if (std::find(before.arguments.begin(), before.arguments.end(), argument) == before.arguments.end()) change += " " + argument.first;
        return change;
    }

    // What a call of `trial` costs, where that is at most `most` and it runs, with this draw and another, to finite results.
    [[nodiscard]] std::optional<double> lighter_cost(const Trial& trial, double most) {
        const Invocation invocation = trial.invocation(entry_);
        if (const Reply<Construction> built = original_.construct(invocation.expression); built && has_empty_layer(*built)) return std::nullopt;
        std::optional<double> cost;
        for (const std::uint64_t seed : {1, 0}) {
            const Reply<CallResult> called = try_invocation(original_, invocation, seed);
            if (!called) note_side(trial, called.failure());
            if (!called || !all_finite(*called)) return std::nullopt;
            if (!cost) cost = operations_of(original_, invocation);
            if (!cost || *cost > most) return std::nullopt;
        }
        return cost;
    }

    // Logarithms, roots and logits are not defined everywhere, and exponentials overflow: the same with float inputs between 0 and 1,
    // or with small ones, if that helps.
    [[nodiscard]] Invocation within_domain(const Invocation& invocation) {
        for (const auto& [low, high] : {std::pair(0.05, 0.95), std::pair(-0.1, 0.1)}) {
            Invocation next = invocation;
            each_tensor(next.spec, [low = low, high = high](Json& spec) {
                if (!is_float_spec(spec) || spec.contains("low") || spec.contains("high")) return;
                spec["low"] = low;
                spec["high"] = high;
            });
            if (next == invocation) return invocation;
            const Reply<CallResult> called = try_invocation(original_, next);
            if (called && all_finite(*called)) return next;
        }
        return invocation;
    }

    // A failure that was met before is a smaller step towards a sample: what follows from it waits.
    [[nodiscard]] Trial after(Trial trial, const Failure& failure) {
        trial.cost += std::min(met_[failure.text()]++ / 2, kMostWaiting);
        return trial;
    }

    void note(const Failure& failure) {
        result_.reason = failure.text();
        for (const Repair& repair : repairs_for(failure)) {
            if (repair.kind == Repair::Kind::low_precision) result_.low_precision = true;
            if (repair.kind == Repair::Kind::give_up) given_up_ = true;
        }
        if (result_.low_precision && !original_.bf16_as_f32()) given_up_ = true;  // go on where bfloat16 means float32
        if (!original_.session()) given_up_ = true;
    }

    Program& original_;
    const syntax::Tree& tree_;
    const std::vector<DefinitionOf> definitions_;  // the program's list moves when its session is opened again
    const DefinitionOf entry_;
    const ArgumentGuesser guesser_;
    SearchLimits limits_;
    std::vector<Trial> open_;
    std::set<std::string> seen_;
    std::map<std::string, int> met_;  // failures
    std::map<std::string, std::int64_t> too_small_;  // by the expression that constructs: the largest side of an image that was
    std::optional<Trial> constant_;   // runs, but gives the same whatever its inputs are: it serves where no other trial runs
    SearchResult result_;
    int empty_met_ = 0;  // layers without weights
    double limit_ = 0;   // of a request
    bool given_up_ = false, was_slow_ = false;
};

// -------------------------------------------------------------------------------------------------------------- variations

// Builds the model of `invocation`, and draws its inputs by `seed`.
Reply<base::Done> inputs_made(Program& original, const Invocation& invocation, std::uint64_t seed) {
    const Reply<Construction> built = original.construct(invocation.expression);
    if (!built) return built.failure();
    const Reply<Session*> session = original.session();
    if (!session) return session.failure();
    return (*session)->inputs(invocation.spec, seed, (*session)->scratch(kTriedInputs));
}

// Every tensor axis of size `from` that `chosen` takes becomes `to`.
template <typename Chosen>
Invocation resized(const Invocation& base, std::int64_t from, std::int64_t to, Chosen chosen) {
    Invocation next = base;
    each_tensor(next.spec, [&](Json& spec) {
        Json& shape = spec["shape"];
        for (std::size_t axis = 0; axis < shape.size(); ++axis)
            if (shape[axis] == from && chosen(axis)) shape[axis] = to;
    });
    return next;
}

std::optional<std::vector<std::int64_t>> first_shape(const Invocation& base) {
    std::optional<std::vector<std::int64_t>> shape;
    Json spec = base.spec;
    each_tensor(spec, [&](const Json& tensor) {
        if (!shape && !tensor["shape"].empty()) shape = tensor["shape"].get<std::vector<std::int64_t>>();
    });
    return shape;
}

constexpr double kTooSmallToShow = 1e-3;  // an eps
constexpr std::size_t kMostNumbers = 8;    // tried one by one
constexpr std::size_t kMostAxesOfSequence = 3;  // (batch, length, width)
constexpr std::int64_t kLargestCount = 99; // of a default that is made one more

class Varier {
public:
    Varier(Program& original, const syntax::Tree& tree, const DefinitionOf& entry, const Invocation& base,
           const std::function<bool(const Invocation&)>& new_ground, int most)
        : original_(original), tree_(tree), entry_(entry), base_(base), new_ground_(new_ground), most_(most) {}

    std::vector<Variation> run() {
        sizes();
        numbers();
        optional_inputs();
        arguments();
        return std::move(found_);
    }

private:
    [[nodiscard]] bool full() const { return static_cast<int>(found_.size()) >= most_; }
    bool runs(const Invocation& invocation) { return static_cast<bool>(try_invocation(original_, invocation)); }

    // Another batch, and other lengths, in as few samples as run.
    void sizes() {
        const auto shape = first_shape(base_);
        if (!shape) return;
        // What already costs much is not enlarged, and what costs very much is tried with a smaller batch only.
        const double cost = inputs_made(original_, base_, 0) ? operations_of(original_, base_).value_or(0) : 0;
        const bool heavy = cost > kLightOperations, very_heavy = cost > kHeavyOperations;
        Invocation current = base_;
        bool changed = false;
        std::set<std::string> tried;
        const auto adopt = [&](Invocation next) {
            if (next == current || !tried.insert(next.spec.dump()).second || !runs(next)) return;
            current = std::move(next);
            changed = true;
        };
        const auto adopt_larger_batch = [&] { adopt(resized(current, (*shape)[0], (*shape)[0] + 1, [](std::size_t axis) { return axis == 0; })); };
        if (very_heavy) batch_of_one(*shape);
        if (found_.empty()) adopt_larger_batch();
        for (std::size_t axis = 1; axis < shape->size(); ++axis) {
            const std::int64_t size = (*shape)[axis];
            if (size <= 1) continue;
            const std::int64_t odd = heavy ? size * 3 / 4 : size + size / 2 + 1, even = heavy ? size : 2 * size;
            for (const std::int64_t other : {odd, even, size / 2}) {  // first no multiple of anything
                const Invocation before = current;
                if (other > 0 && other <= 1024) adopt(resized(current, size, other, [](std::size_t a) { return a > 0; }));
                if (current != before) break;
            }
        }
        if (changed) found_.push_back({current, "other sizes", true});
        if (!very_heavy) batch_of_one(*shape);
        length_of_one(*shape);
    }

    // Axes of one squeeze, broadcast and sum as no other does.
    void batch_of_one(const std::vector<std::int64_t>& shape) {
        if (shape[0] > 1) with_ones(resized(base_, shape[0], 1, [](std::size_t axis) { return axis == 0; }), "a batch of one");
    }

    // One token.
    void length_of_one(const std::vector<std::int64_t>& shape) {
        if (shape.size() > kMostAxesOfSequence) return;
        for (std::size_t axis = 1; axis < shape.size(); ++axis)
            if (shape[axis] > 1 && !is_width(shape[axis]) && with_ones(resized(base_, shape[axis], 1, [](std::size_t a) { return a > 0; }), "a length of one")) return;
    }

    bool with_ones(Invocation next, const char* what) {
        if (next == base_) return false;
        const Reply<CallResult> called = try_invocation(original_, next);
        if (!called || !all_finite(*called)) return false;  // the mean of nothing, the variance of one
        found_.push_back({std::move(next), what, true});
        return true;
    }

    // Whether arrays of the model, or first axes of other inputs, have that size: an axis of one would run where they broadcast, and is
    // no such input.
    bool is_width(std::int64_t size) {
        const Reply<Construction> built = original_.construct(base_.expression);
        if (!built) return true;
        bool found = false;
        for (const auto* arrays : {&built->parameters, &built->buffers})
            for (const ArrayOf& array : *arrays) found = found || std::find(array.shape.begin(), array.shape.end(), size) != array.shape.end();
        Json spec = base_.spec;
        each_tensor(spec, [&](const Json& tensor) { found = found || (!tensor["shape"].empty() && tensor["shape"][0] == size); });
        return found;
    }

    // Other values in place of the numbers that the sample leaves to their defaults: all at once, else as many as run together. A number that
    // the converted file has written out, or forgotten, shows.
    void numbers() {
        using Change = std::function<void(Invocation&)>;
        std::vector<Change> changes;
        for (const ParameterOf* parameter : open_arguments())
            if (const auto value = other_fraction(*parameter->default_text))
                changes.emplace_back([name = parameter->name, value](Invocation& next) { add_argument(next, name, decimal(*value)); });
        for (const ParameterOf* parameter : open_inputs()) {
            if (const auto value = other_fraction(*parameter->default_text))
                changes.emplace_back([name = parameter->name, value](Invocation& next) { next.spec["kwargs"][name] = *value; });
            else if (const auto count = next_count(*parameter->default_text))
                changes.emplace_back([name = parameter->name, count](Invocation& next) { next.spec["kwargs"][name] = *count; });
        }
        Invocation current = base_;
        const auto adopt = [&](std::span<const Change> some) {
            Invocation next = current;
            for (const Change& change : some) change(next);
            if (!runs(next)) return false;
            current = std::move(next);
            return true;
        };
        if (changes.empty() || full()) return;
        if (!adopt(changes))
            for (std::size_t i = 0; i < std::min(changes.size(), kMostNumbers); ++i) adopt(std::span(changes).subspan(i, 1));
        if (current != base_) found_.push_back({current, "other numbers", false});
    }

    [[nodiscard]] static bool has_default(const ParameterOf& parameter) { return parameter.default_text && !parameter.kind.starts_with("var_"); }

    // Parameters of the constructor that the sample leaves to their defaults; none of a function, or of another method than the call.
    [[nodiscard]] std::vector<const ParameterOf*> open_arguments() const {
        std::vector<const ParameterOf*> open;
        if (entry_.kind == "function" || !base_.method.empty()) return open;
        for (const ParameterOf& parameter : entry_.parameters)
            if (has_default(parameter) && !argument_given(parameter.name)) open.push_back(&parameter);
        return open;
    }

    // The same of the call.
    [[nodiscard]] std::vector<const ParameterOf*> open_inputs() const {
        std::vector<const ParameterOf*> open;
        std::size_t slot = 0;
        for (const ParameterOf& parameter : entry_.kind == "function" ? entry_.parameters : entry_.forward) {
            const bool given = slot++ < base_.spec["args"].size() || base_.spec["kwargs"].contains(parameter.name);
            if (!given && has_default(parameter)) open.push_back(&parameter);
        }
        return open;
    }

    // Of "0.1", another that is as plausible and moves a float32 result; nothing for what is no fraction.
    [[nodiscard]] static std::optional<double> other_fraction(const std::string& text) {
        if (text.find_first_of(".e") == std::string::npos || text.find_first_not_of("0123456789.e+-") != std::string::npos) return std::nullopt;
        const double value = std::strtod(text.c_str(), nullptr);
        if (!std::isfinite(value)) return std::nullopt;
        if (value == 0) return 0.2;
        if (std::abs(value) < kTooSmallToShow) return 0.01;
        return std::abs(value) <= 1 ? 0.75 * value : 1.25 * value;
    }

    // Of a small count, an offset or an axis, the next.
    [[nodiscard]] static std::optional<std::int64_t> next_count(const std::string& text) {
        const auto count = integer_text(text);
        return count && *count >= 0 && *count <= kLargestCount ? std::optional(*count + 1) : std::nullopt;
    }

    [[nodiscard]] static std::string decimal(double value) {
        const std::string text = fmt::format("{}", value);
        return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
    }

    static void add_argument(Invocation& next, const std::string& name, const std::string& value) {
        const std::string added = (next.expression.ends_with("()") ? "" : ", ") + name + "=" + value;
        for (std::string* expression : {&next.expression, &next.mlx_expression})
            if (!expression->empty()) expression->insert(expression->size() - 1, added);
    }

    // Optional inputs that make a difference: masks with padding, contexts.
    void optional_inputs() {
        const Reply<Construction> built = original_.construct(base_.expression);
        if (!built) return;
        const auto hints = input_hints(tree_, entry_.name, base_.method, *built);
        for (const ParameterOf* parameter : open_inputs()) {
            if (full()) return;
            const auto hint = hints.find(parameter->name);
            for (const Json& guess : optional_guesses(*parameter, hint == hints.end() ? InputHint{} : hint->second)) {
                Invocation next = base_;
                next.spec["kwargs"][parameter->name] = guess;
                if (!runs(next) || !new_ground_(next)) continue;
                found_.push_back({next, parameter->name, false});
                break;
            }
        }
    }

    std::vector<Json> optional_guesses(const ParameterOf& parameter, const InputHint& hint) const {
        if (*parameter.default_text == "True") return {Json(false)};
        if (*parameter.default_text == "False") return {Json(true)};
        if (parameter.default_text->starts_with('\'')) {
            std::vector<Json> others;
            for (const std::string& value : choices_of(tree_, entry_.name, parameter))
                if (value != *parameter.default_text) others.emplace_back(value.substr(1, value.size() - 2));
            return others;
        }
        if (*parameter.default_text != "None") return {};
        if (parameter.name.find("mask") != std::string::npos || parameter.name.find("padding") != std::string::npos) return masks();
        if (parameter.name.find("cache") != std::string::npos || parameter.name.find("past") != std::string::npos) return {};
        return input_guesses(parameter, hint, sizes_of(entry_, Trial{}));
    }

    // Masks that fit the first input, as expressions because they are shown: two thirds of every row but the first, which is
    // whole; and a causal one.
    [[nodiscard]] std::vector<Json> masks() const {
        const auto shape = first_shape(base_);
        if (!shape || shape->size() < 2 || (*shape)[0] > 16) return {};
        const std::int64_t length = (*shape)[1];
        std::string kept = fmt::format("[{}]", length);
        for (std::int64_t b = 1; b < (*shape)[0]; ++b) kept += fmt::format(", [{}]", (2 * length + 2) / 3);
        const std::string padding = fmt::format("torch.arange({}) < torch.tensor([{}])", length, kept);
        return {{{"$eval", "(" + padding + ").long()"}},
                {{"$eval", padding}},
                {{"$eval", fmt::format("torch.ones({0}, {0}, dtype=torch.bool).tril()", length)}}};
    }

    // Flags turned, and strings that the class compares with.
    void arguments() {
        for (const ParameterOf* parameter : open_arguments()) {
            std::vector<std::string> values;
            if (*parameter->default_text == "True") values = {"False"};
            if (*parameter->default_text == "False") values = {"True"};
            if (parameter->default_text->starts_with('\'') || *parameter->default_text == "None")
                for (std::string& value : choices_of(tree_, entry_.name, *parameter))
                    if (value != *parameter->default_text) values.push_back(std::move(value));
            for (const std::string& value : values) {
                if (full()) return;
                Invocation next = base_;
                add_argument(next, parameter->name, value);
                if (!runs(next) || !new_ground_(next)) continue;
                found_.push_back({next, parameter->name + "=" + value, false});
            }
        }
    }

    [[nodiscard]] bool argument_given(const std::string& name) const {
        for (std::size_t at = base_.expression.find(name); at != std::string::npos; at = base_.expression.find(name, at + 1))
            if (base_.expression.compare(at + name.size(), 1, "=") == 0 && (at == 0 || !std::isalnum(static_cast<unsigned char>(base_.expression[at - 1]))))
                return true;
        return !base_.expression.ends_with(')');
    }

    Program& original_;
    const syntax::Tree& tree_;
    const DefinitionOf& entry_;
    const Invocation& base_;
    const std::function<bool(const Invocation&)>& new_ground_;
    int most_;
    std::vector<Variation> found_;
};

}  // namespace

Reply<CallResult> try_invocation(Program& original, const Invocation& invocation, std::uint64_t seed) {
    const Reply<base::Done> made = inputs_made(original, invocation, seed);
    if (!made) return made.failure();
    const Reply<Session*> session = original.session();
    if (!session) return session.failure();
    CallOptions options;
    options.method = invocation.method;
    return (*session)->call(invocation.spec, (*session)->scratch(kTriedInputs), options, (*session)->scratch(kTriedOutput));
}

std::optional<double> operations_of(Program& original, const Invocation& tried) {
    const Reply<Session*> session = original.session();
    if (!session) return std::nullopt;
    CallOptions options;
    options.method = tried.method;
    const Reply<double> count = (*session)->operations(tried.spec, (*session)->scratch(kTriedInputs), options);
    return count ? std::optional(*count) : std::nullopt;
}

std::optional<Invocation> with_small_batch(const Invocation& invocation) {
    constexpr std::int64_t kLarge = 1 << 17;  // elements of all tensors
    std::int64_t batch = -1, elements = 0;
    bool shared = true;
    Invocation next = invocation;
    each_tensor(next.spec, [&](Json& spec) {
        Json& shape = spec["shape"];
        std::int64_t size = 1;
        for (const Json& axis : shape) size *= axis.get<std::int64_t>();
        elements += size;
        shared = shared && !shape.empty() && (batch < 0 || shape[0] == batch);
        if (!shared) return;
        batch = shape[0];
        shape[0] = kBatch;
    });
    return shared && batch > kBatch && elements > kLarge ? std::optional(next) : std::nullopt;
}

SearchResult search_sample(Program& original, const syntax::Tree& tree, const DefinitionOf& entry, const SearchLimits& limits) {
    SearchResult result = Search(original, tree, entry, limits).run();
    original.limit_requests(0);
    return result;
}

std::vector<Variation> variations(Program& original, const syntax::Tree& tree, const DefinitionOf& entry, const Invocation& base,
                                  const std::function<bool(const Invocation&)>& new_ground, int most) {
    return Varier(original, tree, entry, base, new_ground, most).run();
}

}  // namespace mlxify::verify
