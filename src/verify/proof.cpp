#include "verify/proof.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "verify/results.h"

namespace mlxify::verify {
namespace {

using diagnostics::Code;
using Clock = std::chrono::steady_clock;

constexpr double kSmallSpread = 0.02;  // so that an epsilon under a root or in a variance counts
constexpr double kLargeSpread = 12;    // so that saturations and thresholds are passed
constexpr double kRate = 0.1;          // of the one SGD step
constexpr std::uint64_t kProjection = 77;
constexpr std::uint64_t kStreams = 5;
constexpr int kOtherDraws = 3;          // of the shared stream, where more than a dropout is drawn
constexpr int kConstructions = 4;      // whose initial weights are compared
constexpr int kShakes = 16;                     // a kink shows in each with a probability of about a half
constexpr std::uint64_t kDisturbances = 3;  // further ones, where the first does not explain a difference

// What the comparisons since the last reset came to.
struct Tally {
    double worst_error = 0, worst_tolerance = 0, worst_ratio = 0;
    int compared = 0, matched = 0, ill_conditioned = 0;
    std::set<std::string> rounded;  // arrays of the converted file that are off by MLX's own rounding
};

class EntryProver {
public:
    EntryProver(Program& original, Program& converted, const PreparedEntry& entry, const Request& request, double depth)
        : original_(original), converted_(converted), entry_(entry), request_(request), depth_(depth) {
        findings_.proof = empty_proof(entry);
    }

    ProofFindings run() {
        const Clock::time_point begin = Clock::now();
        for (const PreparedSample& sample : entry_.samples) {
            if (sample.variation && std::chrono::duration<double>(Clock::now() - begin).count() > request_.variation_seconds) {
                ++left_out_;
                continue;
            }
            sample_ = &sample;
            const int before = variations_;
            Pair pair(original_, converted_, sample.invocation);
            if (sample.variation) prove_variation(pair);
            else prove_sample(pair);
            if (failed()) {
                if (!sample.variation) findings_.proof.samples.push_back({print_invocation(sample.invocation), sample.origin});
                if (findings_.code == Code::values_differ || findings_.code == Code::gradients_differ)
                    findings_.difference = first_difference(pair, options(false, true), depth_);
                break;
            }
            if (sample.variation && variations_ == before) continue;
            const bool grew = collect_reach(pair);  // what a flag builds begins as the original's, too
            if (sample.variation && grew && !initial_of_.contains(sample.invocation.expression) && !prove_initial(pair)) break;
        }
        if (!failed()) finish();
        return std::move(findings_);
    }

private:
    [[nodiscard]] bool failed() const { return findings_.code.has_value(); }

    void fail(const char* stage, Code code, std::string reason, std::uint32_t converted_line = 0, std::uint32_t original_line = 0) {
        if (failed() || closely_) return;
        findings_.code = code;
        findings_.failed_stage = stage;
        findings_.converted_line = converted_line;
        findings_.original_line = original_line;
        findings_.failed_sample = *sample_;
        if (sample_->variation) reason += " with " + print_invocation(sample_->invocation);
        findings_.reason = reason;
        set_stage(findings_.proof, stage, StageResult::failed, std::move(reason));
    }

    void fail(const char* stage, const Trouble& trouble) {
        if (left_out(trouble)) return;
        switch (trouble.side) {
            case Trouble::Side::original: return fail(stage, Code::original_fails, "the original: " + trouble.message, 0, trouble.line);
            case Trouble::Side::converted: return fail(stage, Code::converted_fails, trouble.message, trouble.line, 0);
            case Trouble::Side::both: return fail(stage, Code::limit_reached, trouble.message);
        }
    }

    // A further sample that is too large for the limits, or on which the original fails, says nothing against the conversion. One
    // at which the converted file says that it is not converted is named as a limitation.
    bool left_out(const Trouble& trouble) {
        const bool raises = trouble.side == Trouble::Side::converted && trouble.message.starts_with("NotImplementedError");
        if (!sample_->variation) return false;
        const bool limit = trouble.message.starts_with("timeout") || trouble.message.starts_with("memory");
        if (!limit && !raises && trouble.side != Trouble::Side::original) return false;
        if (raises) findings_.limitations.push_back(fmt::format("{}: {}", print_invocation(sample_->invocation), trouble.message));
        ++left_out_;
        return true;
    }

    void pass(const char* stage, std::string figure) { set_stage(findings_.proof, stage, StageResult::passed, std::move(figure)); }
    void begin(const char* stage) const {
        if (request_.progress) request_.progress(stage);
    }

    CallOptions options(bool training, bool dropout) const {
        CallOptions result;
        result.method = sample_->invocation.method;
        result.training = training;
        result.dropout = dropout;
        result.streams = kStreams;
        return result;
    }

    // Builds and gives both sides the same weights. False after a failure.
    bool ready(Pair& pair, std::uint64_t seed) {
        begin(stage::kInstantiates);
        if (auto trouble = pair.build()) return fail(stage::kInstantiates, *trouble), false;
        pass(stage::kInstantiates, {});
        if (auto trouble = pair.draw(seed)) return fail(stage::kWeights, *trouble), false;
        if (!pair.weights_mismatch().empty()) return fail(stage::kWeights, Code::weights_differ, pair.weights_mismatch()), false;
        if (pair.weight_count() > 0) pass(stage::kWeights, fmt::format("{} arrays", pair.weight_count()));
        else pass(stage::kWeights, "no weights");
        if (findings_.proof.evidence.weights.empty()) findings_.proof.evidence.weights = pair.weight_map();
        return true;
    }

    // ------------------------------------------------------------------------------------------------------------ values

    // Compares one call's output; false after a failure. Ill-conditioned leaves are counted, not passed.
    bool judge_call(const CalledBoth& both, const char* values_stage) {
        const Structure structure = compare_trees(both.original.tree, both.converted.tree, constant_tolerance());
        if (!structure.mismatch.empty()) return fail(stage::kStructure, Code::structure_differs, structure.mismatch), false;
        double context = 0;
        for (const auto& [name, view] : both.arrays.plain->arrays())
            if (name.starts_with("leaf.")) context = std::max(context, scale_of(view));
        for (const LeafPair& leaf : structure.leaves) {
            const std::string theirs = fmt::format("leaf.{}", leaf.reference);
            const std::string ours = fmt::format("leaf.{}", leaf.converted);
            if (!judge_array(both.arrays, theirs, ours, leaf.path, context, values_stage, Code::values_differ)) return false;
        }
        return judge_left_behind(both, values_stage);
    }

    // Attributes that the call has assigned, and buffers that it has changed on either side. The weights' mapping may name them
    // otherwise in MLX, so only those are compared here that the workers name alike; `step` compares all buffers.
    bool judge_left_behind(const CalledBoth& both, const char* stage) {
        std::set<std::string> changed;
        for (const std::optional<ArrayFile>* file : {&both.arrays.plain, &both.arrays.converted}) changed.merge(names_in_metadata(**file, "changed"));
        for (const auto& [name, view] : both.arrays.plain->arrays()) {
            const bool attribute = name.starts_with("attribute.");
            const bool buffer = name.starts_with("buffer.") && changed.contains(name.substr(name.find('.') + 1));
            const ArrayView* ours = attribute || buffer ? both.arrays.converted->find(name) : nullptr;
            if (ours == nullptr || (!attribute && ours->shape != view.shape)) continue;
            if (!judge_array(both.arrays, name, name, name, 0, stage, attribute ? Code::values_differ : Code::training_differs)) return false;
        }
        return judge_arguments(both.arrays, stage);
    }

    // Arrays of the caller's that the call has overwritten on either side.
    bool judge_arguments(const Quadruple& arrays, const char* stage) {
        constexpr std::string_view kPrefix = "argument.";
        for (const auto& [name, view] : arrays.converted->arrays())
            if (name.starts_with(kPrefix) && arrays.plain->find(name) == nullptr)
                return fail(stage, Code::values_differ, fmt::format("the converted file overwrites the argument `{}`, the original does not", name.substr(kPrefix.size()))), false;
        for (const auto& [name, view] : arrays.plain->arrays()) {
            if (!name.starts_with(kPrefix)) continue;
            if (arrays.converted->find(name) == nullptr)
                return fail(stage, Code::values_differ, fmt::format("the original overwrites the argument `{}`, the converted file does not", name.substr(kPrefix.size()))), false;
            if (!judge_array(arrays, name, name, name, 0, stage, Code::values_differ)) return false;
        }
        return true;
    }

    static std::vector<const ArrayView*> shaken(const Quadruple& arrays, const std::string& name) {
        std::vector<const ArrayView*> views;
        for (const ArrayFile& file : arrays.shaken)
            if (const ArrayView* view = file.find(name)) views.push_back(view);
        return views;
    }

    bool judge_array(const Quadruple& arrays, const std::string& theirs, const std::string& ours, const std::string& path, double context,
                     const char* stage, Code code, double siblings = 0) {
        const ArrayView* plain = arrays.plain->find(theirs);
        const ArrayView* converted = arrays.converted->find(ours);
        if (plain == nullptr || converted == nullptr) return fail(stage, Code::structure_differs, path + " was not written"), false;
        const Reference reference{plain, arrays.float64 ? arrays.float64->find(theirs) : nullptr,
                                  arrays.disturbed ? arrays.disturbed->find(theirs) : nullptr};
        Comparison comparison = compare_arrays(reference, *converted, depth_, context, siblings);
        if (closely_) return comparison.match == Match::same && comparison.used <= kClose;
        const ArrayView* precise = arrays.converted64 ? arrays.converted64->find(ours) : nullptr;
        if (precise != nullptr && is_own_rounding(comparison, reference, *precise, context)) {
            comparison.match = Match::same;
            tally_.rounded.insert(ours);
        } else if (precise != nullptr && !arrays.shaken.empty() && is_kink(comparison, reference, *converted, *precise, shaken(arrays, ours), context)) {
            comparison.match = Match::same;
            tally_.rounded.insert(ours);
        }
        note_comparison(findings_.proof.evidence, path, stage, comparison, *plain, *converted);
        if (comparison.match == Match::differs) {
            wrong_in_float64_ = precise != nullptr && !may_be_kink(comparison, reference, *precise, context);
            if (plain->shape != converted->shape)
                fail(stage == stage::kValues ? stage::kStructure : stage, Code::structure_differs, path + ": " + comparison.reason);
            else
                fail(stage, code, path + ": " + comparison.reason);
            return false;
        }
        ++tally_.compared;
        if (comparison.match == Match::ill_conditioned) {
            ++tally_.ill_conditioned;
            ill_reason_ = path + ": " + comparison.reason;
            return true;
        }
        ++tally_.matched;
        tally_.worst_error = std::max(tally_.worst_error, comparison.error);
        if (comparison.tolerance > 0 && comparison.error / comparison.tolerance >= tally_.worst_ratio) {
            tally_.worst_ratio = comparison.error / comparison.tolerance;
            tally_.worst_tolerance = comparison.tolerance;
        }
        return true;
    }

    // PyTorch's own error, unless nobody asks for it: what agrees closely cannot differ whatever it is, and but for the first numbers
    // of the first sample its tolerance is not told.
    template <typename Both, typename Judge>
    std::optional<Trouble> measure_if_needed(Pair& pair, const CallOptions& how, Both& both, Judge judge) {
        if (!measured_ && agrees_closely(judge)) return std::nullopt;
        return pair.measure(how, both);
    }

    // Whether `judge()` holds without any tolerance of PyTorch's own.
    template <typename Judge>
    bool agrees_closely(Judge judge) {
        closely_ = true;
        const bool close = judge();
        closely_ = false;
        return close;
    }

    // `judge()` of what both sides gave; where numbers differ, with what the converted file gives in float64, and where gradients still
    // do, with those that it gives on disturbed weights and inputs. Where float64 agrees, it may be that long sums are off, which MLX adds
    // up one by one on a CPU: it runs again with sums that are rounded once.
    template <typename Both, typename Judge>
    bool judged(Pair& pair, const CallOptions& how, Both& both, Judge judge) {
        const ProofFindings findings = findings_;
        const Tally tally = tally_;
        const auto again = [&] {
            findings_ = findings;
            tally_ = tally;
            return judge();
        };
        if (judge()) return true;
        pair.widen(how, both);
        if (again()) return true;
        if constexpr (std::is_same_v<Both, GradientsOfBoth>)
            for (int round = 0; round < kShakes && !wrong_in_float64_ && both.parameters.converted64 && pair.shake(how, both); ++round)
                if (again()) return true;
        if (wrong_in_float64_ || !pair.sum_exactly(how, both) || !again()) return false;
        exact_sums_ = true;
        return true;
    }

    // Both sides' gradients, and PyTorch's own error where it is needed.
    Outcome<GradientsOfBoth> measured_gradient(Pair& pair, const CallOptions& how, const char* stage, Code code) {
        Outcome<GradientsOfBoth> given = pair.gradient(how);
        if (auto* both = std::get_if<GradientsOfBoth>(&given))
            if (auto trouble = measure_if_needed(pair, how, *both, [&] { return judge_gradients(*both, stage, code); })) return *trouble;
        return given;
    }

    Outcome<CalledBoth> measured_call(Pair& pair, const CallOptions& how) {
        Outcome<CalledBoth> called = pair.call(how);
        if (auto* both = std::get_if<CalledBoth>(&called))
            if (auto trouble = measure_if_needed(pair, how, *both, [&] { return judge_call(*both, stage::kValues); })) return *trouble;
        return called;
    }

    [[nodiscard]] double constant_tolerance() const { return kFactor * std::ldexp(1.0, -20); }

    void reset_worst() {
        exact_sums_ = false;
        tally_ = {};
    }

    [[nodiscard]] std::string worst_text() const {
        std::string text = fmt::format("max error {:.1e} (tolerance {:.1e})", tally_.worst_error, tally_.worst_tolerance);
        if (tally_.ill_conditioned > 0) text += fmt::format("; {} of {} arrays too ill-conditioned to tell", tally_.ill_conditioned, tally_.compared);
        if (!tally_.rounded.empty()) text += fmt::format("; {} of {} arrays above it, the same in float64", tally_.rounded.size(), tally_.compared);
        if (exact_sums_) text += "; with exact sums, MLX's own long ones are off on this CPU";
        return text;
    }

    // The calls that are compared: several weights, several inputs, small and large inputs.
    [[nodiscard]] std::vector<Numbers> all_numbers(const Pair& pair) const {
        std::vector<Numbers> all;
        for (int w = 1; w <= request_.weight_seeds; ++w)
            for (int i = 1; i <= request_.input_seeds; ++i)
                if (w == 1 || i == 1) all.push_back({static_cast<std::uint64_t>(w), static_cast<std::uint64_t>(i), 1});
        std::stable_sort(all.begin(), all.end(), [](const Numbers& a, const Numbers& b) { return a.weights > b.weights; });
        if (pair.has_integer_inputs()) all.insert(all.begin(), {1, 1, 1, true});
        if (pair.has_float_inputs()) {
            all.insert(all.begin(), {1, 1, kSmallSpread});
            all.insert(all.begin(), {1, 1, kLargeSpread});
        }
        return all;  // ends with weights 1: what follows goes on with them
    }

    // One call with these numbers. Spreads other than 1 and the ends of ranges are for regimes in which the original itself stays finite.
    bool prove_call(Pair& pair, const Numbers& numbers) {
        if (auto trouble = pair.make_inputs(numbers)) return fail(stage::kForward, *trouble), false;
        const bool special = numbers.spread != 1 || numbers.ends;
        measured_ = !sample_->variation && !special && numbers.weights == 1 && numbers.inputs == 1;
        begin(stage::kForward);
        Outcome<CalledBoth> called = measured_call(pair, options(false, true));
        if (const Trouble* trouble = std::get_if<Trouble>(&called)) {
            if (special && trouble->side == Trouble::Side::original) return true;
            return fail(stage::kForward, *trouble), false;
        }
        pass(stage::kForward, {});
        CalledBoth& both = std::get<CalledBoth>(called);
        if (special && !is_finite(both.original)) return true;
        begin(stage::kValues);
        if (!judged(pair, options(false, true), both, [&] { return judge_call(both, stage::kValues); })) return false;
        undefined_ = has_nan(*both.arrays.plain);
        if (!special) remember(numbers, both);
        return true;
    }

    // Outputs of the original that must move when inputs or weights do.
    void remember(const Numbers& numbers, const CalledBoth& both) {
        std::map<std::string, OwnedArray> leaves;
        for (const auto& [name, view] : both.arrays.plain->arrays())
            if (name.starts_with("leaf.")) leaves.emplace(name, OwnedArray{view.type, view.shape, {view.bytes.begin(), view.bytes.end()}});
        outputs_.emplace_back(numbers, std::move(leaves));
    }

    [[nodiscard]] bool some_pair_moves(bool by_weights) const {
        const auto view = [](const OwnedArray& array) { return ArrayView{array.type, array.shape, array.bytes}; };
        for (const auto& [numbers, leaves] : outputs_)
            for (const auto& [others, other_leaves] : outputs_) {
                const bool weights_differ = numbers.weights != others.weights;
                const bool inputs_differ = numbers.inputs != others.inputs;
                if (by_weights ? !weights_differ || inputs_differ : weights_differ || !inputs_differ) continue;
                for (const auto& [name, leaf] : leaves) {
                    const auto found = other_leaves.find(name);
                    if (found == other_leaves.end() || moved(view(leaf), view(found->second))) return true;
                }
            }
        return false;
    }

    // ---------------------------------------------------------------------------------------------------------- gradients

    // Compares what `gradient` gave. `note`: into the worst gradient error.
    bool judge_gradients(const GradientsOfBoth& both, const char* stage, Code code) {
        if (!both.problems.empty()) return fail(stage, code, both.problems.front()), false;
        double context = 0;
        const auto widen = [&](const std::optional<ArrayFile>& file) {
            if (!file) return;
            for (const auto& [name, view] : file->arrays()) context = std::max(context, scale_of(view));
        };
        widen(both.parameters.plain);
        // What vanishes for one token alone, the gradient of a cosine, is measured by what it is for several.
        if (!sample_->variation) {
            usual_gradient_ = std::max(usual_gradient_, context);
            for (const auto& [name, view] : both.inputs.plain->arrays())
                if (name.starts_with("input.")) usual_gradient_ = std::max(usual_gradient_, scale_of(view));
        }
        const double usual = differs_in_sizes_alone() ? usual_gradient_ : 0;
        if (both.parameters.plain) {
            for (const auto& [name, view] : both.parameters.plain->arrays()) {
                if (both.parameters.converted->find("parameter." + name) == nullptr) continue;  // not trained on either side
                const double siblings = std::max(usual, siblings_of(*both.parameters.plain, name));
                if (!judge_array(both.parameters, name, "parameter." + name, "gradient of " + name, context, stage, code, siblings)) return false;
            }
        }
        for (const auto& [name, view] : both.inputs.plain->arrays()) {
            if (!name.starts_with("input.")) continue;
            if (both.inputs.converted->find(name) == nullptr) return fail(stage, code, "no gradient for " + name), false;
            if (!judge_array(both.inputs, name, name, "gradient of " + name, context, stage, code, usual)) return false;
        }
        return true;
    }

    bool prove_gradients(Pair& pair) {
        begin(stage::kGradients);
        reset_worst();
        CallOptions how = options(false, true);
        how.projection = kProjection;
        Outcome<GradientsOfBoth> given = measured_gradient(pair, how, stage::kGradients, Code::gradients_differ);
        std::string note;
        const Trouble* in_evaluation = std::get_if<Trouble>(&given);
        if (in_evaluation && in_evaluation->side == Trouble::Side::original) {  // reversible blocks record what they need in training only
            how = options(true, false);
            how.projection = kProjection;
            Outcome<GradientsOfBoth> in_training = measured_gradient(pair, how, stage::kGradients, Code::gradients_differ);
            if (!std::holds_alternative<Trouble>(in_training)) {
                given = std::move(in_training);
                note = "; in training mode, the original has none in evaluation";
            }
        }
        if (const Trouble* trouble = std::get_if<Trouble>(&given)) {
            if (trouble->side == Trouble::Side::converted && no_gradient_in_mlx(trouble->message)) {
                set_stage(findings_.proof, stage::kGradients, StageResult::skipped, "MLX has no gradient here: " + trouble->message);
                inference_only_ = true;
                differentiable_ = false;
                return true;
            }
            if (trouble->side == Trouble::Side::original && no_gradient_in_torch(trouble->message)) {
                set_stage(findings_.proof, stage::kGradients, StageResult::skipped, "the original has no gradient: " + trouble->message);
                differentiable_ = false;
                return true;
            }
            return fail(stage::kGradients, *trouble), false;
        }
        if (!any_gradient(std::get<GradientsOfBoth>(given))) {
            set_stage(findings_.proof, stage::kGradients, StageResult::skipped, "the original's output has no gradient");
            differentiable_ = false;
            return true;
        }
        auto& both = std::get<GradientsOfBoth>(given);
        if (!judged(pair, how, both, [&] { return judge_gradients(both, stage::kGradients, Code::gradients_differ); })) return false;
        if (tally_.matched == 0 && tally_.ill_conditioned > 0 && !sample_->variation) {  // nothing could have failed
            set_stage(findings_.proof, stage::kGradients, StageResult::skipped, "every gradient is too ill-conditioned to compare: " + ill_reason_);
            inference_only_ = true;
            return true;
        }
        if (of_parameters_alone(std::get<GradientsOfBoth>(given))) note += "; of the parameters alone, the original overwrites its inputs";
        gradient_error_ = std::max(gradient_error_, tally_.worst_error);
        pass(stage::kGradients, worst_text() + note);
        return true;
    }

    // Both constructors leave the same constants, and random weights of the same distribution. Where the original leaves a layer's
    // weights to PyTorch and the converted file leaves them to MLX, that is named, and no failure.
    bool prove_initial(Pair& pair) {
        if (pair.original_parts().callable || pair.weight_count() == 0) return true;
        begin(stage::kWeights);
        initial_of_.insert(sample_->invocation.expression);
        Outcome<Pair::InitialStates> given = pair.initial();
        if (auto* first = std::get_if<Pair::InitialStates>(&given)) {
            if (same_draws(pair, *first)) return true;
            if (auto trouble = pair.add_initial(*first, kConstructions)) given = std::move(*trouble);
        }
        if (const Trouble* trouble = std::get_if<Trouble>(&given)) {
            if (trouble->side == Trouble::Side::original) return true;
            return fail(stage::kWeights, *trouble), false;
        }
        const std::string reason = difference_of_new_models(pair, std::get<Pair::InitialStates>(given), kConstructions, findings_.other_defaults);
        if (!reason.empty()) return fail(stage::kWeights, Code::initial_differs, reason), false;
        return true;
    }

    // ----------------------------------------------------------------------------------------------------------- training

    // In training mode with shared random streams: output, and, but for a further sample of the same model, gradients and the state after
    // one step. Where the streams cannot be shared, dropout is compared with p = 0, and as much must be dropped on both sides.
    bool prove_training(Pair& pair) {
        begin(stage::kTraining);
        reset_worst();
        std::string note;
        Outcome<CalledBoth> called = measured_call(pair, options(true, true));
        if (const Trouble* trouble = std::get_if<Trouble>(&called)) return training_trouble(*trouble);
        bool dropout = true;
        if (!same_outputs(std::get<CalledBoth>(called))) {
            dropout = false;
            Outcome<CalledBoth> without = measured_call(pair, options(true, false));
            if (const Trouble* trouble = std::get_if<Trouble>(&without)) return training_trouble(*trouble);
            auto& both = std::get<CalledBoth>(without);
            if (!judged(pair, options(true, false), both, [&] { return judge_call(both, stage::kTraining); })) return false;
            const std::string activity = dropout_activity(std::get<CalledBoth>(called), std::get<CalledBoth>(without));
            if (!activity.empty()) return fail(stage::kTraining, Code::training_differs, activity), false;
            const auto& [arrays, original, converted] = std::get<CalledBoth>(called);
            if (is_finite(original) && !is_finite(converted))
                return fail(stage::kTraining, Code::training_differs, "with dropout the output is not finite, the original's is"), false;
            const std::string other = other_dropout(std::get<CalledBoth>(called));
            if (!other.empty()) return fail(stage::kTraining, Code::training_differs, other), false;
            note = "; dropout compared with p = 0 and active";
        } else {
            auto& both = std::get<CalledBoth>(called);
            if (!judged(pair, options(true, true), both, [&] { return judge_call(both, stage::kTraining); })) return false;
        }
        const auto& first = std::get<CalledBoth>(called);
        if ((first.original.drawn > 0 || first.converted.drawn > 0) && !prove_other_draws(pair, options(true, dropout))) return false;
        if (!sample_->variation && !prove_small_inputs(pair, options(true, dropout))) return false;  // before a step, which leaves its traces
        if (differentiable_ && !sample_->variation && !prove_step(pair, dropout, note)) return false;
        pass(stage::kTraining, worst_text() + note);
        return true;
    }

    // What a model draws at random may hide a difference, as where a few of its patches are kept and happen to be in order.
    bool prove_other_draws(Pair& pair, CallOptions how) {
        for (int other = 1; other <= kOtherDraws; ++other) {
            how.streams = kStreams + static_cast<std::uint64_t>(other);
            Outcome<CalledBoth> called = measured_call(pair, how);
            if (const Trouble* trouble = std::get_if<Trouble>(&called)) return training_trouble(*trouble);
            auto& both = std::get<CalledBoth>(called);
            if (!judged(pair, how, both, [&] { return judge_call(both, stage::kTraining); })) return false;
        }
        return true;
    }

    // A batch of small numbers, so that the epsilon beside its own variance counts: in evaluation the statistics stand there.
    bool prove_small_inputs(Pair& pair, const CallOptions& how) {
        if (!pair.has_float_inputs()) return true;
        if (auto trouble = pair.make_inputs({1, 1, kSmallSpread})) return fail(stage::kTraining, *trouble), false;
        Outcome<CalledBoth> called = pair.call(how);
        if (const Trouble* trouble = std::get_if<Trouble>(&called)) {
            if (trouble->side != Trouble::Side::original) return fail(stage::kTraining, *trouble), false;
        } else if (auto& both = std::get<CalledBoth>(called); is_finite(both.original)) {
            const auto judge = [&] { return judge_call(both, stage::kTraining); };
            if (!agrees_closely(judge)) {
                if (auto trouble = pair.measure(how, both)) return fail(stage::kTraining, *trouble), false;
                if (!judged(pair, how, both, judge)) return false;
            }
        }
        if (auto trouble = pair.make_inputs({1, 1, 1})) return fail(stage::kTraining, *trouble), false;
        return true;
    }

    bool training_trouble(const Trouble& trouble) {
        if (trouble.side == Trouble::Side::original) {
            set_stage(findings_.proof, stage::kTraining, StageResult::skipped, "the original does not run in training mode: " + trouble.message);
            return true;
        }
        return fail(stage::kTraining, trouble), false;
    }

    // Whether the outputs agree, but for what may be MLX's own rounding, without a verdict.
    bool same_outputs(const CalledBoth& both) const {
        const Structure structure = compare_trees(both.original.tree, both.converted.tree, constant_tolerance());
        if (!structure.mismatch.empty()) return false;
        for (const LeafPair& leaf : structure.leaves) {
            const std::string theirs = fmt::format("leaf.{}", leaf.reference);
            const ArrayView* plain = both.arrays.plain->find(theirs);
            const ArrayView* converted = both.arrays.converted->find(fmt::format("leaf.{}", leaf.converted));
            if (plain == nullptr || converted == nullptr) return false;
            const Reference reference{plain, both.arrays.float64 ? both.arrays.float64->find(theirs) : nullptr,
                                      both.arrays.disturbed ? both.arrays.disturbed->find(theirs) : nullptr};
            const Comparison found = compare_arrays(reference, *converted, depth_, 0);
            if (found.match == Match::differs && (found.tolerance <= 0 || found.error > kFactor * found.tolerance)) return false;
        }
        return true;
    }

    // `note`: what the figure of the stage says besides.
    bool prove_step(Pair& pair, bool dropout, std::string& note) {
        CallOptions how = options(true, dropout);
        how.projection = kProjection;
        if (!pair.original_parts().callable) how.rate = kRate;
        Outcome<GradientsOfBoth> given = measured_gradient(pair, how, stage::kTraining, Code::training_differs);
        if (const Trouble* trouble = std::get_if<Trouble>(&given)) {
            if (trouble->side != Trouble::Side::original || !no_gradient_in_torch(trouble->message)) return fail(stage::kTraining, *trouble), false;
            note += "; no step, the original has no gradient in training mode";
            return true;
        }
        auto& both = std::get<GradientsOfBoth>(given);
        if (!judged(pair, how, both, [&] { return judge_gradients(both, stage::kTraining, Code::training_differs); })) return false;
        const Quadruple& state = both.state;
        if (!state.plain) return true;
        for (const auto& [name, view] : state.plain->arrays()) {
            const bool parameter = state.converted->find("after.parameter." + name) != nullptr;
            const std::string ours = (parameter ? "after.parameter." : "after.buffer.") + name;
            if (!pair.one_to_one(name)) continue;  // two biases that became one: their sum has twice the step
            if (tally_.rounded.contains("parameter." + name)) continue;  // the step is as far off as the gradient that was looked into
            if (!judge_array(state, name, ours, name + " after one step", 0, stage::kTraining, Code::training_differs)) return false;
        }
        return true;
    }

    // Where the numbers part, a kink or a cancellation may be near, which one disturbance need not show: the step is made again
    // with others, and counts if PyTorch's own error under one of them explains the difference.
    template <typename Step>
    bool with_disturbances(Pair& pair, const Numbers& numbers, Step step) {
        const ProofFindings before = findings_;
        for (std::uint64_t disturbance = 0;; ++disturbance) {
            if (step()) return true;
            const bool numeric = findings_.code == Code::values_differ || findings_.code == Code::gradients_differ || findings_.code == Code::training_differs;
            if (!numeric || disturbance == kDisturbances) return false;
            ProofFindings failed_findings = std::exchange(findings_, before);
            pair.disturb_by(disturbance + 1);
            const bool again = !pair.draw(numbers.weights) && !pair.make_inputs(numbers);
            if (!again) {
                findings_ = std::move(failed_findings);
                return false;
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------------ samples

    void prove_sample(Pair& pair) {
        if (!ready(pair, 1)) return;
        if (auto trouble = pair.make_inputs({1, 1, 1})) return fail(stage::kForward, *trouble);
        reset_worst();
        std::uint64_t weights = 1;
        for (const Numbers& numbers : all_numbers(pair)) {
            if (numbers.weights != weights) {
                if (auto trouble = pair.draw(numbers.weights)) return fail(stage::kWeights, *trouble);
                weights = numbers.weights;
            }
            if (!with_disturbances(pair, numbers, [&] { return prove_call(pair, numbers); })) return;
        }
        if (weights != 1) {
            if (auto trouble = pair.draw(1)) return fail(stage::kWeights, *trouble);
        }
        finish_values(pair);
        if (failed()) return;
        if (auto trouble = pair.make_inputs({1, 1, 1})) return fail(stage::kForward, *trouble);
        measured_ = true;
        const Numbers first{1, 1, 1};
        if (!with_disturbances(pair, first, [&] { return prove_gradients(pair); })) return;
        if (!pair.original_parts().callable || pair.has_float_inputs()) {
            if (!with_disturbances(pair, first, [&] { return prove_training(pair); })) return;
        }
        if (!prove_initial(pair)) return;
        measure(pair);
    }

    void finish_values(const Pair& pair) {
        pass(stage::kStructure, {});
        pass(stage::kValues, worst_text());
        findings_.proof.max_error = std::max(findings_.proof.max_error, tally_.worst_error);
        findings_.proof.tolerance = std::max(findings_.proof.tolerance, tally_.worst_tolerance);
        if (tally_.matched == 0 && tally_.ill_conditioned > 0) doubt("every output is too ill-conditioned to compare: " + ill_reason_);
        if (pair.has_inputs() && !some_pair_moves(false)) note_unmoved_by_inputs();
        if (pair.weights_vary() && !some_pair_moves(true)) doubt("the output does not depend on the weights");
        outputs_.clear();
    }

    // A table of positions depends on the inputs' shape alone: it is proved if it is no constant and another size was tried.
    void note_unmoved_by_inputs() {
        const bool sizes = std::any_of(entry_.samples.begin(), entry_.samples.end(), [](const PreparedSample& s) { return s.variation; });
        bool varied = false;
        for (const auto& [numbers, leaves] : outputs_)
            for (const auto& [name, leaf] : leaves) {
                const ArrayView view{leaf.type, leaf.shape, leaf.bytes};
                for (std::size_t i = 1; i < view.size(); ++i) varied = varied || view.real(i) != view.real(0);
            }
        if (!sizes || !varied) doubt("the output does not depend on the inputs");
    }

    void doubt(std::string reason) {
        if (doubt_.empty()) doubt_ = std::move(reason);
    }

    // The first sample was trained; in that the others are like it.
    [[nodiscard]] bool differs_in_sizes_alone() const { return sample_->of_size_alone; }

    // Another size, mask or flag: values, gradients, and, but for another size, outputs in training mode.
    void prove_variation(Pair& pair) {
        begin(stage::kSizes);
        if (!ready(pair, 3)) return;
        reset_worst();
        const Numbers numbers{3, 3, 1};
        if (!with_disturbances(pair, numbers, [&] { return prove_call(pair, numbers); })) return;
        outputs_.clear();
        const double error = tally_.worst_error;
        const EntryProof before = findings_.proof;
        // What the gradient of an undefined result is, a fully masked row's, depends on how zero and NaN are multiplied on the way.
        if (differentiable_ && !undefined_ && !with_disturbances(pair, numbers, [&] { return prove_gradients(pair); })) return;
        const double gradient_error = tally_.worst_error;
        const bool has_modes = !differs_in_sizes_alone() && (!pair.original_parts().callable || pair.has_float_inputs());
        if (has_modes && !undefined_ && !with_disturbances(pair, numbers, [&] { return prove_training(pair); })) return;
        findings_.proof.stages = before.stages;  // the first sample's figures stay; the error is kept below
        findings_.proof.max_error = std::max(findings_.proof.max_error, error);
        ++variations_;
        variation_error_ = std::max({variation_error_, error, gradient_error, tally_.worst_error});
    }

    void measure(Pair& pair) {
        if (!request_.timing || timed_) return;
        begin(stage::kSpeed);
        const Reply<Session*> original = original_.session();
        const Reply<Session*> converted = converted_.session();
        if (!original || !converted) return;
        const Reply<Timing> theirs = (*original)->time(pair.spec(), pair.original_inputs(), options(false, true), 3);
        const Reply<Timing> ours = (*converted)->time(pair.spec(), pair.converted_inputs(), options(false, true), 3);
        timed_ = true;
        if (!theirs || !ours) {
            set_stage(findings_.proof, stage::kSpeed, StageResult::skipped, (!theirs ? theirs.failure() : ours.failure()).text());
            return;
        }
        Cost &of_original = findings_.proof.evidence.original, &of_converted = findings_.proof.evidence.converted;
        of_original = {theirs->seconds, 0, theirs->peak_bytes, 0, theirs->moves, theirs->images};
        of_converted = {ours->seconds, 0, ours->peak_bytes, 0, ours->moves, ours->images};
        measure_step(pair, **original, **converted);
        pass(stage::kSpeed, cost_figure(of_original, of_converted));
    }

    // A step of training on both sides, where there is one.
    void measure_step(const Pair& pair, Session& original, Session& converted) {
        if (!differentiable_) return;
        const Reply<Timing> theirs = original.time_step(pair.spec(), pair.original_inputs(), options(true, true), 1);
        const Reply<Timing> ours = theirs ? converted.time_step(pair.spec(), pair.converted_inputs(), options(true, true), 1) : theirs;
        if (!theirs || !ours) return;
        Evidence& evidence = findings_.proof.evidence;
        evidence.original.step_seconds = theirs->seconds, evidence.original.step_peak_bytes = theirs->peak_bytes;
        evidence.converted.step_seconds = ours->seconds, evidence.converted.step_peak_bytes = ours->peak_bytes;
    }

    // Whether a line ran that none of the samples before ran.
    bool collect_reach(const Pair& pair) {
        const std::size_t before = findings_.reached.size();
        findings_.proof.samples.push_back({print_invocation(sample_->invocation), sample_->origin});
        const Reply<Session*> converted = converted_.session();
        if (!converted) return false;
        CallOptions how = options(false, true);
        how.both_modes = !sample_->variation || !differs_in_sizes_alone();
        if (const Reply<Reach> reach = (*converted)->reach(pair.spec(), pair.converted_inputs(), how)) {
            findings_.reached.insert(reach->lines.begin(), reach->lines.end());
            findings_.executable.insert(reach->executable.begin(), reach->executable.end());
        }
        return findings_.reached.size() > before;
    }

    void finish() {
        EntryProof& proof = findings_.proof;
        proof.gradient_error = gradient_error_;
        const std::string left_out = left_out_ > 0 ? fmt::format("; {} left out", left_out_) : "";
        if (variations_ > 0)
            set_stage(proof, stage::kSizes, StageResult::passed,
                      fmt::format("{} further {}, max error {:.1e}{}", variations_, variations_ == 1 ? "sample" : "samples", variation_error_, left_out));
        else if (left_out_ > 0)
            set_stage(proof, stage::kSizes, StageResult::skipped, fmt::format("{} left out", left_out_));
        else
            set_stage(proof, stage::kSizes, StageResult::skipped, "the original runs with no other sizes that were tried");
        if (!doubt_.empty()) {
            proof.level = Level::inconclusive;
            findings_.reason = doubt_;
        } else {
            proof.level = inference_only_ ? Level::verified_for_inference : Level::verified;
        }
    }

    Program& original_;
    Program& converted_;
    const PreparedEntry& entry_;
    const Request& request_;
    double depth_;
    ProofFindings findings_;
    const PreparedSample* sample_ = nullptr;
    std::vector<std::pair<Numbers, std::map<std::string, OwnedArray>>> outputs_;
    Tally tally_;
    std::set<std::string> initial_of_;  // constructor calls whose new models were compared
    double gradient_error_ = 0, variation_error_ = 0, usual_gradient_ = 0;
    int variations_ = 0, left_out_ = 0;
    std::string ill_reason_, doubt_;
    bool measured_ = true;    // PyTorch's own error is told, and not only asked for where it decides
    bool closely_ = false;    // what is judged is only whether it agrees closely: nothing fails, nothing is noted
    bool wrong_in_float64_ = false;  // the last array that differs: no disturbance explains it
    bool exact_sums_ = false;        // of the stage: nothing agreed without
    bool undefined_ = false;  // the last call's output of the original has a NaN
    bool differentiable_ = true, inference_only_ = false, timed_ = false;
};

}  // namespace

EntryProof empty_proof(const PreparedEntry& entry) {
    EntryProof proof;
    proof.name = entry.entry.name;
    proof.original_dtype = entry.bf16_as_f32 ? "bfloat16" : "float32";
    for (const char* name : stage::kAll) proof.stages.push_back({name, StageResult::skipped, {}});
    return proof;
}

void set_stage(EntryProof& proof, std::string_view name, StageResult result, std::string figure) {
    const auto found = std::find_if(proof.stages.begin(), proof.stages.end(), [&](const Stage& stage) { return stage.name == name; });
    MLXIFY_CHECK(found != proof.stages.end());
    found->result = result;
    if (!figure.empty() || result == StageResult::failed) found->figure = std::move(figure);
}

ProofFindings prove_entry(Program& original, Program& converted, const PreparedEntry& entry, const Request& request, double depth) {
    return EntryProver(original, converted, entry, request, depth).run();
}

}  // namespace mlxify::verify
