#include "verify/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace mlxify::verify {
namespace {

using Json = nlohmann::json;

// An array and the view of it.
struct Held {
    OwnedArray array;
    [[nodiscard]] ArrayView view() const { return {array.type, array.shape, array.bytes}; }
};

template <typename T>
Held held(ArrayType type, const std::vector<T>& values, std::vector<std::int64_t> shape = {}) {
    if (shape.empty()) shape = {static_cast<std::int64_t>(values.size())};
    Held result{{type, std::move(shape), std::vector<std::byte>(values.size() * sizeof(T))}};
    std::memcpy(result.array.bytes.data(), values.data(), result.array.bytes.size());
    return result;
}

Held floats(const std::vector<float>& values) { return held<float>(ArrayType::float32, values); }

Comparison compare(const Held& plain, const Held& converted) {
    const ArrayView view = plain.view();
    return compare_arrays({&view, nullptr, nullptr}, converted.view(), 4, 0);
}

TEST(CompareArrays, TakesRoundingAndNothingMore) {
    const Held reference = floats({1, -2, 3, 0.001F});
    EXPECT_EQ(compare(reference, reference).match, Match::same);
    EXPECT_EQ(compare(reference, floats({1.0000002F, -2, 3, 0.001F})).match, Match::same);
    EXPECT_EQ(compare(reference, floats({1.0001F, -2, 3, 0.001F})).match, Match::differs);
    EXPECT_EQ(compare(reference, floats({1, -2, 3, 0.0011F})).match, Match::differs);
}

TEST(CompareArrays, DenormalNumbersAreZero) {
    const Held reference = floats({1, 2e-40F, 1e-44F, 1e-44F, 1e-44F});  // a softmax far from its maximum
    EXPECT_EQ(compare(reference, floats({1, 0, 0, 0, 0})).match, Match::same);
    EXPECT_EQ(compare(reference, floats({1, 1e-5F, 0, 0, 0})).match, Match::differs);
    EXPECT_EQ(compare(floats({1e-40F}), floats({0})).match, Match::same);
    EXPECT_EQ(compare(floats({1e-40F}), floats({1e-30F})).match, Match::differs);
}

TEST(CompareArrays, ToleranceFollowsTheReferenceItself) {
    const Held plain = floats({1, 2});
    const Held truth = held<double>(ArrayType::float64, {1.0001, 2});  // an error of 5e-5 of the scale
    const Held converted = floats({1.0003F, 2});
    const ArrayView plain_view = plain.view();
    const ArrayView truth_view = truth.view();
    const Comparison comparison = compare_arrays({&plain_view, &truth_view, nullptr}, converted.view(), 4, 0);
    EXPECT_EQ(comparison.match, Match::same);
    EXPECT_NEAR(comparison.tolerance, kFactor * 5e-5, 1e-5);
    EXPECT_EQ(compare(plain, converted).match, Match::differs) << "without that error it is a difference";
}

TEST(CompareArrays, SaysNothingWhereTheReferenceIsNoise) {
    const Held plain = floats({1, 2});
    const Held disturbed_result = floats({1.1F, 2});
    const ArrayView plain_view = plain.view();
    const ArrayView disturbed_view = disturbed_result.view();
    EXPECT_EQ(compare_arrays({&plain_view, nullptr, &disturbed_view}, plain.view(), 4, 0).match, Match::ill_conditioned);
    EXPECT_EQ(compare_arrays({&plain_view, nullptr, &disturbed_view}, floats({9, 2}).view(), 4, 0).match, Match::differs);
    const Held another = floats({-2, 4});
    const ArrayView another_view = another.view();
    EXPECT_EQ(compare_arrays({&plain_view, nullptr, &another_view}, floats({90, 2}).view(), 4, 0).match, Match::ill_conditioned)
        << "one rounding changes every digit of the reference";
}

TEST(CompareArrays, NonFiniteElementsAgreeInPlaceAndSign) {
    const Held reference = floats({1, INFINITY, NAN});
    EXPECT_EQ(compare(reference, reference).match, Match::same);
    EXPECT_EQ(compare(reference, floats({1, -INFINITY, NAN})).match, Match::differs);
    EXPECT_EQ(compare(reference, floats({1, INFINITY, 0})).match, Match::differs);
    EXPECT_EQ(compare(reference, floats({NAN, INFINITY, NAN})).match, Match::differs);
}

TEST(CompareArrays, RoundingOfMlxIsToldFromADifferenceInFloat64) {
    const Held reference = floats({1, -2, 3}), far = floats({1, -2, 3.00001F});
    const Held truth = held<double>(ArrayType::float64, {1, -2, 3}), same = held<double>(ArrayType::float64, {1, -2, 3.0000000001});
    const Held other = held<double>(ArrayType::float64, {1, -2, 3.00001});
    const Comparison found = compare(reference, far);
    ASSERT_EQ(found.match, Match::differs);
    const ArrayView plain = reference.view(), exact = truth.view();
    EXPECT_TRUE(is_own_rounding(found, {&plain, &exact, nullptr}, same.view(), 0));
    EXPECT_FALSE(is_own_rounding(found, {&plain, &exact, nullptr}, other.view(), 0)) << "it differs in float64 as well";
    EXPECT_FALSE(is_own_rounding(compare(reference, floats({1, -2, 3.1F})), {&plain, &exact, nullptr}, same.view(), 0)) << "no rounding is that large";
    EXPECT_FALSE(is_own_rounding(found, {&plain, nullptr, nullptr}, same.view(), 0)) << "nothing to go by";
}

TEST(CompareArrays, AKinkOfAGradientIsToldFromADifferenceThatStays) {
    const Held reference = floats({1, -2, 3}), jumped = floats({1, -2, 3.1F}), back = floats({1.000001F, -2, 3});
    const Held truth = held<double>(ArrayType::float64, {1, -2, 3}), same = held<double>(ArrayType::float64, {1, -2, 3.0000001});
    const Held near = held<double>(ArrayType::float64, {1, -2, 3.00001});
    const Comparison found = compare(reference, jumped);
    ASSERT_EQ(found.match, Match::differs);
    const ArrayView plain = reference.view(), exact = truth.view(), ours = jumped.view(), other = back.view();
    const Reference known{&plain, &exact, nullptr};
    EXPECT_TRUE(is_kink(found, known, ours, same.view(), {&ours, &other}, 0));
    EXPECT_FALSE(is_kink(found, known, ours, near.view(), {&ours, &other}, 0)) << "it differs in float64 as well";
    EXPECT_FALSE(is_kink(found, known, ours, same.view(), {&ours, &ours}, 0)) << "the same on every disturbance: a wrong kernel";
    EXPECT_FALSE(is_kink(found, known, ours, same.view(), {}, 0)) << "nobody looked";
    EXPECT_FALSE(is_kink(found, {&plain, nullptr, nullptr}, ours, same.view(), {&other}, 0)) << "nothing to go by";
}

TEST(CompareArrays, AKinkElsewhereInTheArrayExplainsNothing) {
    // The second element jumps on the disturbances; the third is as wrong on each of them.
    const Held reference = floats({1, -2, 3}), ours = floats({1, -2.2F, 3.1F}), first = floats({1, -2, 3.1F}), second = floats({1, -2.2F, 3.099F});
    const Held both = floats({1, -2.2F, 3});
    const Held truth = held<double>(ArrayType::float64, {1, -2, 3});
    const Comparison found = compare(reference, ours);
    const ArrayView plain = reference.view(), exact = truth.view(), given = ours.view(), a = first.view(), b = second.view(), c = both.view();
    const Reference known{&plain, &exact, nullptr};
    EXPECT_FALSE(is_kink(found, known, given, exact, {&a, &b}, 0));
    EXPECT_TRUE(is_kink(found, known, given, exact, {&a, &b, &c}, 0));
}

TEST(CompareArrays, ALargeDisturbanceMustMoveAnElementByAQuarterOfItsDifference) {
    const Held reference = floats({1, -2, 3}), ours = floats({1, -2, 3.1F}), little = floats({1, -2, 3.08F}), back = floats({1, -2, 3});
    const Held truth = held<double>(ArrayType::float64, {1, -2, 3});
    const ArrayView plain = reference.view(), exact = truth.view(), given = ours.view(), moved = little.view(), jumped = back.view();
    const Held elsewhere = floats({1, -2.2F, 3.1F});
    const ArrayView other = elsewhere.view();
    const Reference known{&plain, &exact, nullptr};
    const Comparison found = compare(reference, ours);
    EXPECT_TRUE(is_kink(found, known, given, exact, {&moved, &other}, 0));
    EXPECT_FALSE(is_kink(found, known, given, exact, {&other, &moved}, 0));
    EXPECT_TRUE(is_kink(found, known, given, exact, {&other, &jumped}, 0));
}

TEST(CompareArrays, LargeElementsThatDifferTellTheirOwnTolerance) {
    const Held reference = floats({-1e9F, 1, 2, -1e9F, 3}), off = floats({-1.00001e9F, 1, 2, -1e9F, 3});
    const Comparison found = compare(reference, off);
    ASSERT_EQ(found.match, Match::differs);
    EXPECT_GT(found.error, found.tolerance);
    const Held truth = held<double>(ArrayType::float64, {-1e9, 1, 2, -1e9, 3}), near = held<double>(ArrayType::float64, {-1.0000001e9, 1, 2, -1e9, 3});
    const Held wrong = held<double>(ArrayType::float64, {-1.00001e9, 1, 2, -1e9, 3});
    const ArrayView plain = reference.view(), exact = truth.view();
    EXPECT_TRUE(is_own_rounding(found, {&plain, &exact, nullptr}, near.view(), 0));
    EXPECT_FALSE(is_own_rounding(found, {&plain, &exact, nullptr}, wrong.view(), 0));
}

TEST(CompareArrays, AFilledMaskLendsItsScaleToNobody) {
    const Held reference = floats({-1e9F, 1, 2, -1e9F, 3});
    EXPECT_EQ(compare(reference, reference).match, Match::same);
    EXPECT_EQ(compare(reference, floats({-1e9F, 1.1F, 2, -1e9F, 3})).match, Match::differs);
    EXPECT_EQ(compare(reference, floats({-1.1e9F, 1, 2, -1e9F, 3})).match, Match::differs);
}

TEST(CompareArrays, IntegersAreExactAndMayBeNarrower) {
    const Held wide = held<std::int64_t>(ArrayType::int64, {1, -2, 3});
    EXPECT_EQ(compare(wide, held<std::int32_t>(ArrayType::int32, {1, -2, 3})).match, Match::same);
    EXPECT_EQ(compare(wide, held<std::int32_t>(ArrayType::int32, {1, -2, 4})).match, Match::differs);
    EXPECT_EQ(compare(wide, held<std::uint32_t>(ArrayType::uint32, {1, 2, 3})).match, Match::differs) << "unsigned indices wrap";
    EXPECT_EQ(compare(wide, floats({1, -2, 3})).match, Match::differs);
}

TEST(CompareArrays, AnIndexThatFlipsByItselfIsATie) {
    const Held plain = held<std::int64_t>(ArrayType::int64, {1, 2});
    const Held other = held<std::int64_t>(ArrayType::int64, {2, 1});
    const ArrayView plain_view = plain.view();
    const ArrayView other_view = other.view();
    EXPECT_EQ(compare_arrays({&plain_view, nullptr, &other_view}, plain.view(), 4, 0).match, Match::ill_conditioned);
}

TEST(CompareArrays, ShapesAndKindsAreExact) {
    EXPECT_EQ(compare(held<float>(ArrayType::float32, {1, 2}, {2, 1}), held<float>(ArrayType::float32, {1, 2}, {1, 2})).match, Match::differs);
    EXPECT_EQ(compare(held<std::uint8_t>(ArrayType::boolean, {1, 0}), held<std::uint8_t>(ArrayType::uint8, {1, 0})).match, Match::differs);
    EXPECT_EQ(compare(held<double>(ArrayType::float64, {1, 2}), floats({1, 2})).match, Match::same) << "MLX computes float64 as float32";
    EXPECT_EQ(compare(held<std::uint16_t>(ArrayType::bfloat16, {0x3f80}), floats({1})).match, Match::differs) << "a silent promotion";
}

TEST(CompareArrays, ZerosAreMeasuredAgainstTheirNeighbours) {
    const Held zeros = floats({0, 0});
    const Held noise = floats({1e-10F, 0});
    EXPECT_EQ(compare(zeros, noise).match, Match::differs);
    const ArrayView view = zeros.view();
    EXPECT_EQ(compare_arrays({&view, nullptr, nullptr}, noise.view(), 4, 1).match, Match::same);
    EXPECT_EQ(compare_arrays({&view, nullptr, nullptr}, floats({1e-3F, 0}).view(), 4, 1).match, Match::differs);
}

// The gradient of a bias before a batch norm: each side rounds another nothing.
TEST(CompareArrays, NoElementStandsOutOfASumThatCancels) {
    const Held plain = floats({1e-9F, -2e-9F, 3e-7F, 1e-9F, 2e-9F}), converted = floats({-1e-9F, 1e-9F, -9e-8F, 3e-9F, 1e-9F});
    const Held truth = held<double>(ArrayType::float64, {1e-22, 2e-22, 4e-17, -1e-22, 1e-22});
    const ArrayView plain_view = plain.view(), truth_view = truth.view();
    EXPECT_EQ(compare_arrays({&plain_view, &truth_view, nullptr}, converted.view(), 4, 0, 1).match, Match::same);
    EXPECT_EQ(compare_arrays({&plain_view, &truth_view, nullptr}, floats({0, 0, 1e-3F, 0, 0}).view(), 4, 0, 1).match, Match::differs);
    const Held other = floats({1e-9F, -2e-9F, 4e-3F, 1e-9F, 2e-9F}), large = held<double>(ArrayType::float64, {1e-22, 2e-22, 4e-3, -1e-22, 1e-22});
    const ArrayView other_view = other.view(), large_view = large.view();
    EXPECT_EQ(compare_arrays({&other_view, &large_view, nullptr}, floats({0, 0, 4.001e-3F, 0, 0}).view(), 4, 0, 1).match, Match::differs) << "one that does";
}

// What PyTorch gives in float64, however far from its float32, makes no difference of a close match.
TEST(CompareArrays, ACloseMatchStaysOne) {
    const Held plain = floats({1, -2, 3, 0.5F, -0.25F});
    const ArrayView plain_view = plain.view();
    for (const float share : {0.5F, 1.0F, 2.0F, 4.0F, 7.0F}) {
        const float step = share * 0x1p-23F;
        const Held converted = floats({1 + 2 * step, -2 - 2 * step, 3 - 4 * step, 0.5F, -0.25F});
        const Comparison alone = compare(plain, converted);
        EXPECT_EQ(alone.match, Match::same);
        if (alone.used > kClose) continue;
        for (int power = -26; power < 6; ++power) {
            const double away = std::ldexp(1.0, power);
            const Held truth = held<double>(ArrayType::float64, {1 - away, -2 + away, 3 + away, 0.5, -0.25});
            const ArrayView truth_view = truth.view();
            EXPECT_NE(compare_arrays({&plain_view, &truth_view, nullptr}, converted.view(), 4, 0).match, Match::differs) << power;
        }
    }
    EXPECT_LE(compare(plain, plain).used, kClose);
}

TEST(Disturbed, MovesEveryFloatByOneRounding) {
    const Held array = floats({1, -2, 0, INFINITY});
    const OwnedArray moved_array = disturbed(array.view(), 3);
    const ArrayView view{moved_array.type, moved_array.shape, moved_array.bytes};
    EXPECT_NE(view.real(0), 1);
    EXPECT_NEAR(view.real(0), 1, 1.2e-7);
    EXPECT_NE(view.real(1), -2);
    EXPECT_EQ(view.real(2), 0);
    EXPECT_TRUE(std::isinf(view.real(3)));
    EXPECT_TRUE(moved(array.view(), view));
    EXPECT_FALSE(moved(array.view(), array.view()));
}

TEST(CompareTrees, PairsLeavesByPlace) {
    const Json torch = {{"tuple", {{{"leaf", 0}}, {{"const", nullptr}}, {{"dict", {{"b", {{"leaf", 1}}}, {"a", {{"leaf", 2}}}}}}}}};
    const Json mlx = {{"list", {{{"leaf", 1}}, {{"const", nullptr}}, {{"dict", {{"a", {{"leaf", 0}}}, {"b", {{"leaf", 2}}}}}}}}};
    const Structure structure = compare_trees(torch, mlx, 1e-6);
    EXPECT_EQ(structure.mismatch, "");
    ASSERT_EQ(structure.leaves.size(), 3U);
    EXPECT_EQ(structure.leaves[0].converted, 1U);
    EXPECT_EQ(structure.leaves[1].path, "output[2].a");
    EXPECT_EQ(structure.leaves[1].reference, 2U);
    EXPECT_EQ(structure.leaves[1].converted, 0U);
}

TEST(CompareTrees, NamesWhatDiffers) {
    const auto mismatch = [](const Json& a, const Json& b) { return compare_trees(a, b, 1e-6).mismatch; };
    const Json leaf = {{"leaf", 0}};
    EXPECT_NE(mismatch(leaf, {{"const", 1.0}}), "");
    EXPECT_NE(mismatch({{"list", {leaf}}}, {{"list", Json::array()}}), "");
    EXPECT_NE(mismatch({{"dict", {{"a", leaf}}}}, {{"dict", {{"b", leaf}}}}), "");
    EXPECT_NE(mismatch({{"object", "A"}, {"fields", Json::object()}}, {{"object", "B"}, {"fields", Json::object()}}), "");
    EXPECT_NE(mismatch({{"const", 1}}, {{"const", 2}}), "");
    EXPECT_NE(mismatch({{"const", 1}}, {{"const", true}}), "");
    EXPECT_EQ(mismatch({{"const", 0.1}}, {{"const", 0.10000001}}), "");
    EXPECT_EQ(mismatch({{"object", "A"}, {"fields", {{"x", leaf}}}}, {{"object", "A"}, {"fields", {{"x", leaf}}}}), "");
}

}  // namespace
}  // namespace mlxify::verify
