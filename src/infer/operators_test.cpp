#include "infer/operators.h"

#include <gtest/gtest.h>

namespace mlxify::infer {
namespace {

TEST(Operators, AreFoundByMethodAndByQualifiedName) {
    ASSERT_NE(find_operator("softmax"), nullptr);
    EXPECT_EQ(find_library_operator("torch.nn.functional.softmax"), find_operator("softmax"));
    EXPECT_EQ(find_library_operator("torch.softmax"), find_operator("softmax"));
    EXPECT_EQ(find_library_operator("torch.Tensor.softmax"), find_operator("softmax"));
    EXPECT_EQ(find_library_operator("torch.fft.rfft")->rule, Rule::transformed);
    EXPECT_EQ(find_library_operator("torch.linalg.norm")->rule, Rule::reduce_norm);
    EXPECT_EQ(find_library_operator("torch.nn.init.xavier_uniform_")->rule, Rule::same_view);
    EXPECT_EQ(find_library_operator("einops.rearrange")->rule, Rule::einops);
}

TEST(Operators, OthersAreNotKnown) {
    EXPECT_EQ(find_operator("forward"), nullptr);
    EXPECT_EQ(find_library_operator("numpy.sum"), nullptr);
    EXPECT_EQ(find_library_operator("torch.distributed.all_reduce"), nullptr);
    EXPECT_EQ(find_library_operator("torch.nn.init._calculate_fan_in_and_fan_out"), nullptr);
}

TEST(Operators, ViewsShareMemoryAndResultsOfArithmeticDoNot) {
    for (const char* name : {"view", "transpose", "permute", "unsqueeze", "chunk", "unbind", "expand", "detach"})
        EXPECT_TRUE(gives_view(*find_operator(name))) << name;
    for (const char* name : {"add", "softmax", "clone", "cat", "matmul", "repeat"}) EXPECT_FALSE(gives_view(*find_operator(name))) << name;
}

TEST(Operators, OnlySomeMethodsTellATensor) {
    EXPECT_TRUE(find_operator("masked_fill")->telling);
    EXPECT_TRUE(find_operator("unsqueeze")->telling);
    for (const char* name : {"sum", "split", "copy", "repeat", "view", "dropout"}) EXPECT_FALSE(find_operator(name)->telling) << name;
}

}  // namespace
}  // namespace mlxify::infer
