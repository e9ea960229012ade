#include "verify/initial.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include <gtest/gtest.h>

namespace mlxify::verify {
namespace {

using Make = std::function<float(std::mt19937&, std::size_t)>;

// The same array in four constructions.
class Constructions {
public:
    Constructions(std::vector<std::int64_t> shape, unsigned seed, const Make& make) {
        std::size_t size = 1;
        for (const std::int64_t axis : shape) size *= static_cast<std::size_t>(axis);
        for (unsigned draw = 0; draw < 4; ++draw) {
            std::mt19937 random(seed + draw);
            std::vector<std::byte> bytes(size * sizeof(float));
            for (std::size_t i = 0; i < size; ++i) {
                const float value = make(random, i);
                std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
            }
            arrays_.push_back({ArrayType::float32, shape, std::move(bytes)});
        }
        for (const OwnedArray& array : arrays_) views_.push_back({array.type, array.shape, array.bytes});
        for (const ArrayView& view : views_) pointers_.push_back(&view);
    }
    [[nodiscard]] const std::vector<const ArrayView*>& arrays() const { return pointers_; }

private:
    std::vector<OwnedArray> arrays_;
    std::vector<ArrayView> views_;
    std::vector<const ArrayView*> pointers_;
};

Make constant(float value) {
    return [value](std::mt19937&, std::size_t) { return value; };
}

Make normal(float deviation) {
    return [deviation](std::mt19937& random, std::size_t) { return std::normal_distribution<float>(0, deviation)(random); };
}

Make uniform(float bound) {
    return [bound](std::mt19937& random, std::size_t) { return std::uniform_real_distribution<float>(-bound, bound)(random); };
}

std::string difference(const Make& original, const Make& converted, unsigned other_seed = 100) {
    const Constructions theirs({64, 16, 4}, 1, original), ours({64, 16, 4}, other_seed, converted);
    return initial_difference(theirs.arrays(), ours.arrays());
}

TEST(Initial, ConstantsAreCompared) {
    EXPECT_EQ(difference(constant(0.5F), constant(0.5F)), "");
    EXPECT_NE(difference(constant(0.5F), constant(0.55F)), "");
    EXPECT_NE(difference(constant(1e-6F), constant(1e-5F)), "");
    EXPECT_NE(difference(constant(0), normal(0.1F)), "");
    EXPECT_EQ(difference(constant(std::nanf("")), normal(0.1F)), "") << "memory that was never written to";
    EXPECT_NE(difference(normal(0.1F), constant(0)), "");
}

TEST(Initial, AConstantMayDifferByWhatItsOwnFloat64Shows) {
    const Constructions clipped({8}, 1, constant(0.999F)), full({8}, 1, constant(1)), near({8}, 1, constant(0.99901F));
    EXPECT_NE(initial_difference(clipped.arrays(), full.arrays(), clipped.arrays().front()), "") << "exact in float64: the difference is one";
    EXPECT_EQ(initial_difference(clipped.arrays(), near.arrays(), clipped.arrays().front()), "");
    const Constructions off({8}, 1, constant(0.9988F));
    EXPECT_EQ(initial_difference(clipped.arrays(), full.arrays(), off.arrays().front()), "") << "PyTorch's own error is of that size";
}

TEST(Initial, DistributionsAreCompared) {
    EXPECT_EQ(difference(normal(0.02F), normal(0.02F)), "");
    EXPECT_EQ(difference(uniform(0.1F), uniform(0.1F)), "");
    EXPECT_NE(difference(normal(0.02F), normal(0.025F)), "");
    EXPECT_NE(difference(uniform(1), normal(1 / std::sqrt(3.0F))), "") << "the same deviation, another shape";
}

TEST(Initial, TheSameDrawsInAnotherOrderAreTheSame) {
    const Constructions theirs({6, 4}, 1, normal(1));
    std::vector<OwnedArray> turned;
    for (const ArrayView* array : theirs.arrays()) {
        turned.push_back({array->type, array->shape, {array->bytes.begin(), array->bytes.end()}});
        for (std::size_t i = 0; i < array->size(); ++i)
            std::memcpy(turned.back().bytes.data() + i * sizeof(float), array->bytes.data() + (array->size() - 1 - i) * sizeof(float), sizeof(float));
    }
    std::vector<ArrayView> views;
    for (const OwnedArray& array : turned) views.push_back({array.type, array.shape, array.bytes});
    std::vector<const ArrayView*> pointers;
    for (const ArrayView& view : views) pointers.push_back(&view);
    EXPECT_EQ(initial_difference(theirs.arrays(), pointers), "");
}

TEST(Initial, TheSameDrawsOnAnotherScaleDiffer) {
    const Make usual = normal(0.02F), wider = normal(0.0202F), shifted = [](std::mt19937& random, std::size_t) {
        return std::normal_distribution<float>(0.001F, 0.02F)(random);
    };
    EXPECT_EQ(difference(usual, wider), "") << "by chance, of other draws";
    EXPECT_NE(difference(usual, wider, 1), "");
    EXPECT_NE(difference(usual, shifted, 1), "");
    const Constructions few({2}, 1, usual), few_wider({2}, 1, wider), few_others({2}, 9, usual);
    EXPECT_NE(initial_difference(few.arrays(), few_wider.arrays()), "");
    EXPECT_EQ(initial_difference(few.arrays(), few_others.arrays()), "") << "too few for a statistic";
}

TEST(Initial, PatternsAreCompared) {
    const Make tap = [](std::mt19937& random, std::size_t i) {
        return std::normal_distribution<float>(0, 0.02F)(random) + (i % 4 == 3 ? 0.02F : 0.0F);
    };
    EXPECT_NE(difference(tap, normal(0.02F)), "");
    EXPECT_EQ(difference(tap, tap), "");
    const Make row_of_zeros = [](std::mt19937& random, std::size_t i) { return i < 64 ? 0.0F : std::normal_distribution<float>(0, 1)(random); };
    EXPECT_NE(difference(row_of_zeros, normal(1)), "") << "the row of a padding index";
    const Constructions theirs({64, 16, 4}, 1, row_of_zeros), scaled({64, 16, 4}, 2, normal(0.1F)), other({64, 16, 4}, 3, normal(1));
    EXPECT_NE(initial_constants_difference(theirs.arrays(), scaled.arrays()), "");
    EXPECT_EQ(initial_constants_difference(other.arrays(), scaled.arrays()), "") << "nothing there is constant";
    const Make slope = [](std::mt19937&, std::size_t) { return 0.3F; }, usual = [](std::mt19937&, std::size_t) { return 0.25F; };
    const Constructions sloped({8}, 1, slope), usually({8}, 2, usual), drawn({8}, 3, normal(1));
    EXPECT_NE(initial_constants_difference(sloped.arrays(), usually.arrays()), "");
    EXPECT_EQ(initial_constants_difference(sloped.arrays(), sloped.arrays()), "");
    EXPECT_EQ(initial_constants_difference(sloped.arrays(), drawn.arrays()), "") << "MLX draws it";
}

TEST(Initial, OneConstructionAgreesNumberByNumberOrNotAtAll) {
    const Make normal = [](std::mt19937& random, std::size_t) { return 0.02F * std::normal_distribution<float>()(random); };
    const Constructions original({4, 6}, 1, normal), again({4, 6}, 1, normal), transposed({6, 4}, 1, normal);
    const Constructions wider({4, 6}, 1, [&](std::mt19937& random, std::size_t i) { return 1.001F * normal(random, i); });
    const Constructions constant({4, 6}, 1, [](std::mt19937&, std::size_t) { return 0.0F; });
    const Constructions unwritten({4, 6}, 1, [](std::mt19937&, std::size_t) { return NAN; });
    const auto same = [](const Constructions& theirs, const Constructions& ours) { return same_initial(*theirs.arrays().front(), *ours.arrays().front()); };
    EXPECT_TRUE(same(original, again));
    EXPECT_TRUE(same(unwritten, constant));
    for (const Constructions* other : {&transposed, &wider, &constant, &unwritten}) EXPECT_FALSE(same(original, *other));
    EXPECT_FALSE(same(constant, original));
}

}  // namespace
}  // namespace mlxify::verify
