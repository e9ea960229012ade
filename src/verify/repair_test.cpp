#include "verify/repair.h"

#include <gtest/gtest.h>

namespace mlxify::verify {
namespace {

using enum Repair::Kind;

Repair first(std::string type, std::string message) {
    const std::vector<Repair> repairs = repairs_for({std::move(type), std::move(message), 0, {}});
    return repairs.empty() ? Repair{give_up, -1, -1, "nothing"} : repairs.front();
}

TEST(RepairsFor, ReadsTorchMessages) {
    EXPECT_EQ(first("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (128x32 and 64x10)"), (Repair{last_axis, 32, 64, {}}));
    EXPECT_EQ(first("RuntimeError", "Given groups=1, weight of size [8, 3, 3, 3], expected input[2, 64, 32, 32] to have 3 channels, but got 64 channels instead"),
              (Repair{channels, 64, 3, {}}));
    EXPECT_EQ(first("RuntimeError", "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [2, 64]"), (Repair{rank, -1, 4, {}}));
    EXPECT_EQ(first("RuntimeError", "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
                                    "torch.FloatTensor instead (while checking arguments for embedding)"), (Repair{indices, -1, -1, {}}));
    EXPECT_EQ(first("RuntimeError", "Given normalized_shape=[64], expected input with shape [*, 64], but got input of size[2, 16, 32]"),
              (Repair{last_axis, 32, 64, {}}));
    EXPECT_EQ(first("RuntimeError", "The size of tensor a (64) must match the size of tensor b (32) at non-singleton dimension 3"),
              (Repair{any_axis, 64, 32, {}}));
    EXPECT_EQ(first("ValueError", "Expected input batch_size (96) to match target batch_size (4)."), (Repair{any_axis, 96, 4, {}}));
    EXPECT_EQ(first("RuntimeError", "Kernel size can't be greater than actual input size"), (Repair{larger_space, -1, -1, {}}));
    EXPECT_EQ(first("RuntimeError", "mat1 and mat2 must have the same dtype, but got BFloat16 and Float"), (Repair{low_precision, -1, -1, {}}));
    EXPECT_EQ(first("RuntimeError", "expected m1 and m2 to have the same dtype, but got: float != c10::BFloat16"), (Repair{low_precision, -1, -1, {}}));
    EXPECT_EQ(first("RuntimeError", "input.size(-1) must be equal to input_size. Expected 8, got 64"), (Repair{last_axis, 64, 8, {}}));
    EXPECT_EQ(first("ValueError", "expected 4D input (got 3D input)"), (Repair{rank, -1, 4, {}}));
    EXPECT_EQ(first("RuntimeError", "'lengths' argument should be a 1D CPU int64 tensor, but got 2D cpu Long tensor"), (Repair{lengths, -1, -1, {}}));
    EXPECT_EQ(first("IndexError", "index out of range in self"), (Repair{smaller_indices, -1, -1, {}}));
    EXPECT_EQ(first("IndexError", "Dimension out of range (expected to be in range of [-2, 1], but got 2)"), (Repair{rank, -1, 3, {}}));
}

TEST(RepairsFor, ReadsPythonMessages) {
    EXPECT_EQ(first("ValueError", "not enough values to unpack (expected 4, got 3)"), (Repair{rank, 3, 4, {}}));
    EXPECT_EQ(first("ValueError", "too many values to unpack (expected 3)"), (Repair{rank, -1, 3, {}}));
    EXPECT_EQ(first("TypeError", "Net.forward() missing 1 required positional argument: 'context'"), (Repair{add_input, -1, -1, "context"}));
    EXPECT_EQ(first("TypeError", "Net.__init__() missing 2 required positional arguments: 'dim' and 'heads'"), (Repair{add_argument, -1, -1, "dim"}));
    EXPECT_EQ(first("TypeError", "Net.__init__() got an unexpected keyword argument 'dim'"), (Repair{drop_argument, -1, -1, "dim"}));
    EXPECT_EQ(first("AttributeError", "'NoneType' object has no attribute 'shape'"), (Repair{optional_inputs, -1, -1, {}}));
    EXPECT_EQ(first("AttributeError", "'types.SimpleNamespace' object has no attribute 'n_head'"), (Repair{field, -1, -1, "n_head"}));
    EXPECT_EQ(first("AssertionError", "dim must be divisible by heads").kind, divisible);
}

TEST(RepairsFor, ReadsWhichFormAnArgumentMustHave) {
    EXPECT_EQ(first("TypeError", "'int' object is not iterable").kind, sequence_value);
    EXPECT_EQ(first("TypeError", "object of type 'int' has no len()").kind, sequence_value);
    EXPECT_EQ(first("AssertionError", "depth needs to be tuple of integers").kind, sequence_value);
    EXPECT_EQ(first("TypeError", "'list' object cannot be interpreted as an integer").kind, scalar_value);
    EXPECT_EQ(first("TypeError", "int() argument must be a string, a bytes-like object or a real number, not 'list'").kind, scalar_value);
}

TEST(RepairsFor, ReadsWhatAnArgumentMustHold) {
    EXPECT_EQ(first("ValueError", "Encoder depth for FPN decoder cannot be less than 3, got 2."), (Repair{argument_value, 2, 3, {}}));
    EXPECT_EQ(first("TypeError", "'int' object is not callable").kind, module_value);
    EXPECT_EQ(first("TypeError", "model.Encoder() argument after ** must be a mapping, not NoneType").kind, mapping_value);
}

TEST(RepairsFor, TellsOfInputsThatAreNoTensorsOrOfAnotherKind) {
    EXPECT_EQ(first("AttributeError", "'Tensor' object has no attribute 'mask'"), (Repair{no_input, -1, -1, "mask"}));
    EXPECT_EQ(first("RuntimeError", "imag is not implemented for tensors with non-complex dtypes.").kind, complex_numbers);
    const std::vector<Repair> sizes = repairs_for({"ValueError", "Target size (torch.Size([2, 1])) must be the same as input size (torch.Size([2, 48, 64]))", 3, {}});
    ASSERT_GE(sizes.size(), 2U);
    EXPECT_EQ(sizes[1].found_shape, (std::vector<std::int64_t>{2, 48, 64}));
    EXPECT_EQ(sizes[1].wanted_shape, (std::vector<std::int64_t>{2, 1}));
}

TEST(RepairsFor, ReadsWhatAFailedCheckCompared) {
    Failure failure{"AssertionError", "", 3, {}};
    failure.conditions = {{"==", {48}, {16}}};
    EXPECT_EQ(repairs_for(failure)[0], (Repair{any_axis, 48, 16, {}}));
    EXPECT_EQ(repairs_for(failure)[2], (Repair{any_axis, 16, 48, {}}));
    failure.conditions = {{"%", {64}, {3}}};
    EXPECT_EQ(repairs_for(failure)[0], (Repair{divisible, 64, 3, {}}));
    failure.conditions = {{"rank", {3}, {4}}};
    EXPECT_EQ(repairs_for(failure)[0], (Repair{rank, 3, 4, {}}));
    failure.conditions = {{"<", {48}, {16}}};
    EXPECT_EQ(repairs_for(failure)[0], (Repair{any_axis, 48, 15, {}}));
    failure.conditions = {{"==", {32, 32}, {16, 8}}};
    EXPECT_EQ(repairs_for(failure)[0].wanted_shape, (std::vector<std::int64_t>{16, 8}));
}

TEST(RepairsFor, ReadsTwoShapes) {
    const Repair expected = first("ValueError", "Expected inputs of shape torch.Size([8, 4]), got torch.Size([64]).");
    EXPECT_EQ(expected.kind, input_shape);
    EXPECT_EQ(expected.wanted_shape, (std::vector<std::int64_t>{8, 4}));
    EXPECT_EQ(expected.found_shape, (std::vector<std::int64_t>{64}));
    const Repair got = first("ValueError", "got torch.Size([64]) where torch.Size([8, 4]) is needed");
    EXPECT_EQ(got.wanted_shape, (std::vector<std::int64_t>{8, 4}));
    const Repair mask = first("IndexError", "The shape of the mask [2, 48] at index 1 does not match the shape of the indexed tensor [2, 8, 8] at index 1");
    EXPECT_EQ(mask.kind, input_shape);
    EXPECT_EQ(mask.found_shape, (std::vector<std::int64_t>{2, 48}));
    EXPECT_EQ(mask.wanted_shape, (std::vector<std::int64_t>{2, 8, 8}));
}

TEST(RepairsFor, GivesUpOnModulesThatCannotBeCalled) {
    EXPECT_EQ(first("NotImplementedError", "Module [Base] is missing the required \"forward\" function"), (Repair{give_up, -1, -1, {}}));
}

TEST(RepairsFor, ReadsEinops) {
    EXPECT_EQ(first("EinopsError", " Error while processing rearrange-reduction pattern \"b c (h p) w -> b c h p w\".\n Input tensor shape: "
                                   "torch.Size([2, 3, 10, 10]). Additional info: {'p': 4}.\n Shape mismatch, can't divide axis of length 10 in chunks of 4"),
              (Repair{divisible, 10, 4, {}}));
    EXPECT_EQ(first("EinopsError", "Wrong shape: expected 4 dims. Received 3-dim tensor."), (Repair{rank, 3, 4, {}}));
    EXPECT_EQ(first("KeyError", "3"), (Repair{other_rank, 3, -1, {}}));
}

TEST(RepairsFor, AddsThePiecesOfASplit) {
    EXPECT_EQ(first("RuntimeError", "split_with_sizes expects split_sizes to sum exactly to 16 (input tensor's size at dimension -1), but got split_sizes=[3, 24]"),
              (Repair{last_axis, 16, 27, {}}));
    EXPECT_EQ(first("TypeError", "lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not Tensor").kind, sequence_input);
}

TEST(RepairsFor, SaysNothingOfDeadSessions) {
    EXPECT_TRUE(repairs_for({"timeout", "no answer", 0, {}}).empty());
    EXPECT_EQ(first("ModuleNotFoundError", "No module named 'triton'").kind, other_feature);
    EXPECT_EQ(first("AssertionError", "Torch not compiled with CUDA enabled").kind, optional_inputs);
}

TEST(RepairsFor, ReadsSizesThatAreToldInFull) {
    EXPECT_EQ(first("RuntimeError", "Given input size: (1056x1x1). Calculated output size: (1056x-5x-5). Output size is too small"), (Repair{larger_space, 1, 7, {}}));
    EXPECT_EQ(first("RuntimeError", "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding (512, 512) at dimension 2 of input [1, 128, 64]"),
              (Repair{last_axis, 64, 1024, {}}));
    EXPECT_EQ(first("ValueError", "num_channels (16) must be divisible by num_groups (32)"), (Repair{argument_value, 16, 32, {}}));
}

TEST(RepairsFor, ReadsWhatAnInputMustBe) {
    EXPECT_EQ(first("IndexError", "too many indices for tensor of dimension 2"), (Repair{rank, 2, 3, {}}));
    EXPECT_EQ(first("AttributeError", "'Tensor' object has no attribute 'items'").kind, mapping_input);
    EXPECT_EQ(first("AssertionError", "the predictions should be between 0 and 1").kind, shares);
    EXPECT_EQ(first("RuntimeError", "all elements of input should be between 0 and 1").kind, shares);
    EXPECT_EQ(first("AttributeError", "'int' object has no attribute 'items'").kind, mapping_value);
    EXPECT_EQ(first("RuntimeError", "Boolean value of Tensor with more than one value is ambiguous").kind, single_value);
}

}  // namespace
}  // namespace mlxify::verify
