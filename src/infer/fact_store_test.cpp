#include "infer/fact_store.h"

#include <gtest/gtest.h>

namespace mlxify::infer {
namespace {

class Store : public testing::Test {
protected:
    FactTable table_;
    FactStore store_{table_};
    const Dim b_{true, 1, {store_.symbol(1, "b")}};
    const Dim d_{true, 1, {store_.symbol(2, "d")}};
};

TEST_F(Store, DimsAreProducts) {
    const Dim wide = product(constant_dim(3), product(d_, b_));
    EXPECT_EQ(wide.coefficient, 3);
    EXPECT_EQ(wide.symbols.size(), 2u);
    EXPECT_EQ(quotient(wide, d_), product(constant_dim(3), b_));
    EXPECT_FALSE(quotient(wide, constant_dim(2)).known);
    EXPECT_FALSE(quotient(b_, d_).known);
    EXPECT_FALSE(quotient(b_, constant_dim(0)).known);
    EXPECT_FALSE(product(b_, Dim{}).known);
}

TEST_F(Store, EqualThingsAreKeptOnce) {
    EXPECT_EQ(store_.shape({b_, d_}), store_.shape({b_, d_}));
    EXPECT_NE(store_.shape({b_, d_}), store_.shape({d_, b_}));
    EXPECT_EQ(store_.shape({Dim{}, Dim{}}), 0u);
    EXPECT_EQ(store_.value(std::string("same")), store_.value(std::string("same")));
    EXPECT_NE(store_.value(true), store_.value(std::int64_t{1}));
    EXPECT_EQ(store_.library("torch.nn.Linear"), store_.library("torch.nn.Linear"));
}

TEST_F(Store, PromotionFollowsTorch) {
    EXPECT_EQ(promote(DType::float16, DType::bfloat16), DType::float32);
    EXPECT_EQ(promote(DType::int64, DType::float16), DType::float16);
    EXPECT_EQ(promote(DType::boolean, DType::int32), DType::int32);
    EXPECT_EQ(promote(DType::uint8, DType::int8), DType::int16);
    EXPECT_EQ(promote(DType::int32, DType::int64), DType::int64);
    EXPECT_EQ(promote(DType::float32, DType::unknown), DType::unknown);
}

TEST_F(Store, JoinKeepsWhatBothSay) {
    const Fact left = store_.tensor_of({b_, constant_dim(4)}, DType::float32);
    const Fact right = store_.tensor_of({b_, constant_dim(5)}, DType::int64);
    const Fact joined = store_.join(left, right);
    EXPECT_EQ(joined.rank, 2);
    EXPECT_EQ(joined.dtype, DType::unknown);
    EXPECT_EQ(store_.dims(joined)[0], b_);
    EXPECT_FALSE(store_.dims(joined)[1].known);
    EXPECT_EQ(store_.join(left, make(Kind::integer)).kind, Kind::unknown);
    EXPECT_EQ(store_.join(store_.integer(1), store_.integer(2)).value, kNoValue);
    EXPECT_EQ(store_.join(store_.integer(2), store_.integer(2)).value, store_.integer(2).value);
}

TEST_F(Store, JoinWithNoneIsRemembered) {
    const Fact joined = store_.join(make(Kind::none), tensor(2));
    EXPECT_EQ(joined.kind, Kind::tensor);
    EXPECT_TRUE(joined.maybe_none);
    EXPECT_TRUE(store_.join(joined, tensor(2)).maybe_none);
}

TEST_F(Store, ListsOfDifferentLengthsShareTheirElements) {
    const Fact two = store_.sequence_of(Kind::list, {tensor(3), tensor(3)});
    const Fact none = store_.sequence_of(Kind::list, {});
    const Fact joined = store_.join(two, none);
    EXPECT_EQ(joined.length, -1);
    EXPECT_EQ(store_.element(joined).rank, 3);
}

TEST_F(Store, ModulesOfAListAreKeptApart) {
    const Fact conv = store_.library_fact(Kind::module, "torch.nn.Conv2d");
    const Fact norm = store_.library_fact(Kind::module, "torch.nn.BatchNorm2d");
    EXPECT_EQ(store_.elements(store_.repeated(Kind::list, std::vector<Fact>{conv, norm, conv})).size(), 2u);
    EXPECT_EQ(store_.elements(store_.repeated(Kind::list, std::vector<Fact>{tensor(2), tensor(3)})).size(), 1u);
}

TEST_F(Store, ParametersForgetConstants) {
    EXPECT_EQ(store_.without_values(store_.integer(3)).value, kNoValue);
    EXPECT_EQ(store_.without_values(make(Kind::none)).kind, Kind::unknown);
    EXPECT_EQ(store_.without_values(store_.sequence_of(Kind::list, {store_.integer(3)})).length, -1);
    EXPECT_EQ(store_.without_values(store_.sequence_of(Kind::tuple, {store_.integer(3)})).length, 1);
}

}  // namespace
}  // namespace mlxify::infer
