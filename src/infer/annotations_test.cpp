#include "infer/annotations.h"

#include "infer/analysed.h"

namespace mlxify::infer {
namespace {

struct Case {
    const char* annotation;
    const char* expected;
    bool maybe_none = false;
};

class Annotations : public testing::TestWithParam<Case> {};

TEST_P(Annotations, AreRead) {
    const Analysed file(std::string("from torch import Tensor\nfrom jaxtyping import Float\nclass Config:\n    pass\ndef f(p: ") +
                        GetParam().annotation + "): pass\n");
    const names::Binding* parameter = nullptr;
    for (const names::Binding& binding : file.names.bindings)
        if (binding.kind == names::BindingKind::parameter) parameter = &binding;
    ASSERT_NE(parameter, nullptr);
    FactTable table;
    FactStore store(table);
    const Fact fact = fact_of_annotation(file.tree, file.names, store, file.tree.child(parameter->definition, 0));
    EXPECT_EQ(Analysed::short_form(fact), GetParam().expected);
    EXPECT_EQ(fact.maybe_none, GetParam().maybe_none);
}

INSTANTIATE_TEST_SUITE_P(All, Annotations,
                         testing::Values(Case{"torch.Tensor", "tensor"}, Case{"Tensor", "tensor"}, Case{"torch.LongTensor", "tensor int64"},
                                         Case{"'torch.Tensor'", "tensor"}, Case{"Optional[Tensor]", "tensor", true},
                                         Case{"Tensor | None", "tensor", true}, Case{"'Optional[Tensor]'", "tensor", true},
                                         Case{"int", "int"}, Case{"float", "float"}, Case{"bool", "bool"}, Case{"str", "str"},
                                         Case{"torch.dtype", "dtype"}, Case{"nn.Module", "module"}, Case{"nn.Linear", "module"},
                                         Case{"Config", "object"}, Case{"List[int]", "list"}, Case{"Tuple[int, int]", "tuple 2"},
                                         Case{"tuple[int, ...]", "tuple"}, Case{"dict", "dict"}, Case{"Float[Tensor, 'b n d']", "tensor 3"},
                                         Case{"Float[Tensor, '... d']", "tensor"}, Case{"Callable", "unknown"},
                                         Case{"Unheard", "unknown"}));

TEST(DTypes, AreReadByName) {
    EXPECT_EQ(dtype_of_name("torch.long"), DType::int64);
    EXPECT_EQ(dtype_of_name("torch.half"), DType::float16);
    EXPECT_EQ(dtype_of_name("torch.zeros"), DType::unknown);
    EXPECT_EQ(dtype_of_name("numpy.float32"), DType::unknown);
}

}  // namespace
}  // namespace mlxify::infer
