#include "infer/module_results.h"

#include "infer/analysed.h"

namespace mlxify::infer {
namespace {

// `nn.X(...)` called with x (2, 3, 4), i (2, 3) of integers or p (1, 3, 8, 8).
struct ModuleCase {
    const char* call;
    const char* expected;
};

void PrintTo(const ModuleCase& value, std::ostream* out) { *out << value.call; }

class Modules : public testing::TestWithParam<ModuleCase> {};

TEST_P(Modules, GiveWhatTheyCompute) {
    const Analysed file(std::string("from einops.layers.torch import Rearrange\n"
                                    "def f():\n    x = torch.randn(2, 3, 4)\n    i = torch.zeros(2, 3, "
                                    "dtype=torch.long)\n    p = torch.ones(1, 3, 8, 8)\n    return ") +
                        GetParam().call + "\n");
    EXPECT_EQ(file.short_form(GetParam().call), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    All, Modules,
    testing::Values(ModuleCase{"nn.Linear(4, 8)(x)", "tensor 3 float32"}, ModuleCase{"nn.Conv2d(3, 8, 3)(p)", "tensor 4 float32"},
                    ModuleCase{"nn.ReLU()(x)", "tensor 3 float32"}, ModuleCase{"nn.Embedding(9, 4)(i)", "tensor 3 float32"},
                    ModuleCase{"nn.LSTM(4, 8)(x)", "tuple 2"}, ModuleCase{"nn.LSTM(4, 8)(x)[1][0]", "tensor 3 float32"},
                    ModuleCase{"nn.GRU(4, 8)(x)[0]", "tensor 3 float32"}, ModuleCase{"nn.MultiheadAttention(4, 2)(x, x, x)[0]", "tensor 3 float32"},
                    ModuleCase{"nn.Flatten()(p)", "tensor 2 float32"}, ModuleCase{"nn.Flatten(0, 1)(p)", "tensor 3 float32"},
                    ModuleCase{"nn.MaxPool2d(2)(p)", "tensor 4 float32"}, ModuleCase{"nn.MaxPool2d(2, return_indices=True)(p)", "tuple 2"},
                    ModuleCase{"nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8, 2))(p)", "tensor 2 float32"},
                    ModuleCase{"nn.CrossEntropyLoss()(x, i)", "tensor 0 float32"},
                    ModuleCase{"Rearrange('b c h w -> b (h w) c')(p)", "tensor 3 float32"}, ModuleCase{"nn.Linear(4, 8).weight", "tensor 2 float32"},
                    ModuleCase{"nn.Linear(4, 8).out_features", "int"}, ModuleCase{"nn.Linear(4, 8).eval()", "module"},
                    ModuleCase{"nn.BatchNorm2d(3).running_mean", "tensor 1 float32"}));

TEST(Modules, AreToldFromOtherExports) {
    EXPECT_TRUE(is_library_module("torch.nn.Linear"));
    EXPECT_TRUE(is_library_module("torch.nn.Mish"));
    EXPECT_FALSE(is_library_module("torch.nn.Parameter"));
    EXPECT_FALSE(is_library_module("torch.nn.Module"));
    EXPECT_FALSE(is_library_module("torch.nn.functional.relu"));
}

TEST(Modules, TellTheRankOfTheirInput) {
    const Analysed file(
        "class A(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.stem = "
        "nn.Sequential(nn.ReLU(), nn.Conv1d(3, 8, 3))\n"
        "    def forward(self, x):\n        return self.stem(x)\n");
    EXPECT_EQ(file.rank("x", 0), 3);
    EXPECT_EQ(file.shape("self.stem(x)"), "x.shape[0],8,?");
}

TEST(Modules, AnHeirOfALibraryModuleIsCalledAsThat) {
    const Analysed file(
        "class Wide(nn.Linear):\n    pass\nclass Stack(nn.Sequential):\n    def __init__(self, d):\n        "
        "super().__init__(nn.Linear(d, 5), nn.Unflatten(1, (1, 5)))\n"
        "class A(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.wide = Wide(4, 8)\n    "
        "def forward(self, x):\n        b, n, d = x.shape\n        return self.wide(x), self.wide.weight\n");
    EXPECT_EQ(file.shape("self.wide(x)"), "x.shape[0],x.shape[1],8");
    EXPECT_EQ(file.rank("self.wide.weight"), 2);
}

}  // namespace
}  // namespace mlxify::infer
