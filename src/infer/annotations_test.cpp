#include "infer/annotations.h"

#include "infer/analysed.h"

namespace mlxify::infer {
namespace {

struct AnnotationCase {
    const char* annotation;
    const char* expected;
    bool maybe_none = false;
};

class Annotations : public testing::TestWithParam<AnnotationCase> {};

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
                         testing::Values(AnnotationCase{"torch.Tensor", "tensor"}, AnnotationCase{"Tensor", "tensor"}, AnnotationCase{"torch.LongTensor", "tensor int64"},
                                         AnnotationCase{"'torch.Tensor'", "tensor"}, AnnotationCase{"Optional[Tensor]", "tensor", true},
                                         AnnotationCase{"Tensor | None", "tensor", true}, AnnotationCase{"'Optional[Tensor]'", "tensor", true},
                                         AnnotationCase{"int", "int"}, AnnotationCase{"float", "float"}, AnnotationCase{"bool", "bool"}, AnnotationCase{"str", "str"},
                                         AnnotationCase{"torch.dtype", "dtype"}, AnnotationCase{"nn.Module", "module"}, AnnotationCase{"nn.Linear", "module"},
                                         AnnotationCase{"Config", "object"}, AnnotationCase{"List[int]", "list"}, AnnotationCase{"Tuple[int, int]", "tuple 2"},
                                         AnnotationCase{"tuple[int, ...]", "tuple"}, AnnotationCase{"dict", "dict"}, AnnotationCase{"Float[Tensor, 'b n d']", "tensor 3"},
                                         AnnotationCase{"Float[Tensor, '... d']", "tensor"}, AnnotationCase{"Callable", "unknown"},
                                         AnnotationCase{"Unheard", "unknown"}));

TEST(DTypes, AreReadByName) {
    EXPECT_EQ(dtype_of_name("torch.long"), DType::int64);
    EXPECT_EQ(dtype_of_name("torch.half"), DType::float16);
    EXPECT_EQ(dtype_of_name("torch.zeros"), DType::unknown);
    EXPECT_EQ(dtype_of_name("numpy.float32"), DType::unknown);
}

}  // namespace
}  // namespace mlxify::infer
