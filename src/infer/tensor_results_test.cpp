#include "infer/tensor_results.h"

#include "infer/analysed.h"

namespace mlxify::infer {
namespace {

// One expression over x (b, n, d), y (b, n, d), m (bool mask), i (integers (b, n)), w (p, q).
struct TensorCase {
    const char* expression;
    const char* expected;
};

void PrintTo(const TensorCase& value, std::ostream* out) { *out << value.expression; }

class Results : public testing::TestWithParam<TensorCase> {};

TEST_P(Results, HaveKindRankAndDType) {
    const Analysed file(std::string("def f(seed: int):\n    x = torch.randn(2, 3, 4)\n    y = torch.ones(2, 3, 4)\n    m = x > 0\n"
                                    "    i = torch.zeros(2, 3, dtype=torch.long)\n    w = torch.empty(5, 4)\n    return (") +
                        GetParam().expression + ")\n");
    EXPECT_EQ(file.short_form(GetParam().expression), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Elementwise, Results,
                         testing::Values(TensorCase{"x.relu()", "tensor 3 float32"}, TensorCase{"torch.sigmoid(i)", "tensor 2 float32"},
                                         TensorCase{"x.to(torch.bfloat16)", "tensor 3 bfloat16"}, TensorCase{"i.float()", "tensor 2 float32"},
                                         TensorCase{"x + y", "tensor 3 float32"}, TensorCase{"x * 2", "tensor 3 float32"},
                                         TensorCase{"i * 2.0", "tensor 2 float32"}, TensorCase{"i / 2", "tensor 2 float32"},
                                         TensorCase{"x > y", "tensor 3 bool"}, TensorCase{"x == 0", "tensor 3 bool"}, TensorCase{"m & m", "tensor 3 bool"},
                                         TensorCase{"x[:, 0] + y", "tensor 3 float32"}, TensorCase{"torch.where(m, x, 0.0)", "tensor 3 float32"},
                                         TensorCase{"x.masked_fill(m, 0)", "tensor 3 float32"},
                                         TensorCase{"F.softmax(x, dim=-1, dtype=torch.float64)", "tensor 3 float64"},
                                         TensorCase{"i.cumsum(0)", "tensor 2 int64"}, TensorCase{"-x", "tensor 3 float32"},
                                         TensorCase{"F.elu(x, 1.0, False)", "tensor 3 float32"}, TensorCase{"x.type_as(i)", "tensor 3 int64"},
                                         TensorCase{"torch.isnan(x)", "tensor 3 bool"}));

INSTANTIATE_TEST_SUITE_P(
    Reductions, Results,
    testing::Values(TensorCase{"x.sum()", "tensor 0 float32"}, TensorCase{"x.sum(-1)", "tensor 2 float32"},
                    TensorCase{"x.mean(dim=(0, 1))", "tensor 1 float32"}, TensorCase{"x.mean(dim=-1, keepdim=True)", "tensor 3 float32"},
                    TensorCase{"x.var(dim=-1, unbiased=False, keepdim=True)", "tensor 3 float32"}, TensorCase{"x.norm(dim=-1)", "tensor 2 float32"},
                    TensorCase{"torch.norm(x, 2, 1)", "tensor 2 float32"}, TensorCase{"i.sum()", "tensor 0 int64"},
                    TensorCase{"x.argmax(dim=1)", "tensor 2 int64"}, TensorCase{"m.any()", "tensor 0 bool"}, TensorCase{"x.max()", "tensor 0 float32"},
                    TensorCase{"x.max(dim=1)", "tuple 2"}, TensorCase{"x.max(dim=1).values", "tensor 2 float32"},
                    TensorCase{"torch.max(x, y)", "tensor 3 float32"}, TensorCase{"x.topk(2, dim=-1)[1]", "tensor 3 int64"},
                    TensorCase{"x.logsumexp(dim=0)", "tensor 2 float32"}, TensorCase{"F.cosine_similarity(x, y, dim=-1)", "tensor 2 float32"}));

INSTANTIATE_TEST_SUITE_P(
    Shapes, Results,
    testing::Values(TensorCase{"x.view(2, -1)", "tensor 2 float32"}, TensorCase{"x.reshape(-1)", "tensor 1 float32"},
                    TensorCase{"x.view(x.shape[0], *x.shape[1:])", "tensor 3 float32"}, TensorCase{"x.transpose(1, 2)", "tensor 3 float32"},
                    TensorCase{"x.permute(2, 0, 1)", "tensor 3 float32"}, TensorCase{"x.unsqueeze(-1)", "tensor 4 float32"},
                    TensorCase{"x.mean(1, keepdim=True).squeeze(1)", "tensor 2 float32"}, TensorCase{"x.flatten(1)", "tensor 2 float32"},
                    TensorCase{"x.flatten(0, 1)", "tensor 2 float32"}, TensorCase{"x.expand(7, -1, -1, -1)", "tensor 4 float32"},
                    TensorCase{"x.repeat(1, 2, 2)", "tensor 3 float32"}, TensorCase{"w.t()", "tensor 2 float32"}, TensorCase{"x.T", "tensor 3 float32"},
                    TensorCase{"x.chunk(2, dim=-1)", "tuple 2"}, TensorCase{"x.chunk(2, dim=-1)[0]", "tensor 3 float32"},
                    TensorCase{"x.split([1, 3], dim=-1)[1]", "tensor 3 float32"}, TensorCase{"x.unbind(1)", "tuple 3"},
                    TensorCase{"x.unbind(1)[0]", "tensor 2 float32"}, TensorCase{"torch.cat([x, y], dim=1)", "tensor 3 float32"},
                    TensorCase{"torch.stack([x, y])", "tensor 4 float32"}, TensorCase{"torch.meshgrid(i[0], i[0])[0]", "tensor 2 int64"},
                    TensorCase{"x.unfold(1, 2, 1)", "tensor 4 float32"}, TensorCase{"x.diagonal(0, 1, 2)", "tensor 2 float32"},
                    TensorCase{"x.gather(1, i[..., None])", "tensor 3 float32"}));

INSTANTIATE_TEST_SUITE_P(Indexing, Results,
                         testing::Values(TensorCase{"x[0]", "tensor 2 float32"}, TensorCase{"x[..., None]", "tensor 4 float32"},
                                         TensorCase{"x[:, 0]", "tensor 2 float32"}, TensorCase{"x[:, None, :, 0]", "tensor 3 float32"},
                                         TensorCase{"x[m]", "tensor 1 float32"}, TensorCase{"w[i]", "tensor 3 float32"},
                                         TensorCase{"x[:, [0, 1]]", "tensor 3 float32"}, TensorCase{"x[..., -1]", "tensor 2 float32"},
                                         TensorCase{"x[:, 1:, ::2]", "tensor 3 float32"}, TensorCase{"x[x.shape[0] - 1]", "tensor 2 float32"}));

INSTANTIATE_TEST_SUITE_P(
    Products, Results,
    testing::Values(TensorCase{"x @ y.transpose(-1, -2)", "tensor 3 float32"}, TensorCase{"torch.matmul(x, w.t())", "tensor 3 float32"},
                    TensorCase{"torch.einsum('bnd,pd->bpn', x, w)", "tensor 3 float32"}, TensorCase{"torch.bmm(x, y.mT)", "tensor 3 float32"},
                    TensorCase{"F.linear(x, w)", "tensor 3 float32"}, TensorCase{"F.embedding(i, w)", "tensor 3 float32"},
                    TensorCase{"F.one_hot(i, 7)", "tensor 3 int64"}, TensorCase{"F.pad(x, (1, 0))", "tensor 3 float32"},
                    TensorCase{"F.conv1d(x, torch.ones(5, 3, 2))", "tensor 3 float32"}, TensorCase{"F.cross_entropy(w, i[0])", "tensor 0 float32"},
                    TensorCase{"F.mse_loss(x, y, reduction='none')", "tensor 3 float32"},
                    TensorCase{"F.scaled_dot_product_attention(x, y, y)", "tensor 3 float32"},
                    TensorCase{"rearrange(x, 'b n (h d) -> b h n d', h=2)", "tensor 4 float32"},
                    TensorCase{"rearrange(x, '... d -> d ...')", "tensor 3 float32"},
                    TensorCase{"repeat(w, 'p q -> b p q', b=3)", "tensor 3 float32"}));

INSTANTIATE_TEST_SUITE_P(Creation, Results,
                         testing::Values(TensorCase{"torch.zeros(x.shape)", "tensor 3 float32"}, TensorCase{"torch.zeros_like(i)", "tensor 2 int64"},
                                         TensorCase{"x.new_zeros(2, 3)", "tensor 2 float32"}, TensorCase{"torch.arange(5)", "tensor 1 int64"},
                                         TensorCase{"torch.arange(0, 1, 0.1)", "tensor 1 float32"},
                                         TensorCase{"torch.full((2,), 1.0)", "tensor 1 float32"},
                                         TensorCase{"torch.tensor([[1, 2], [3, 4]])", "tensor 2 int64"},
                                         TensorCase{"torch.tensor(1.0)", "tensor 0 float32"},
                                         TensorCase{"torch.eye(3, dtype=torch.bool)", "tensor 2 bool"},
                                         TensorCase{"torch.triu(torch.ones(4, 4, dtype=torch.bool), 1)", "tensor 2 bool"},
                                         TensorCase{"torch.rand(2, seed)", "tensor 2 float32"}));

INSTANTIATE_TEST_SUITE_P(NoTensors, Results,
                         testing::Values(TensorCase{"x.shape", "size 3"}, TensorCase{"x.size()", "size 3"}, TensorCase{"x.size(1)", "int"},
                                         TensorCase{"x.shape[-1]", "int"}, TensorCase{"x.dim()", "int"}, TensorCase{"x.dtype", "dtype float32"},
                                         TensorCase{"x.device", "device"}, TensorCase{"x.sum().item()", "float"}, TensorCase{"len(x)", "int"},
                                         TensorCase{"x.is_cuda", "bool"}, TensorCase{"x is None", "bool"}, TensorCase{"x.shape[:2]", "size 2"},
                                         TensorCase{"x.shape[:-1] + (2, 2)", "size 4"}, TensorCase{"(1, 2) + (3,)", "tuple 3"},
                                         TensorCase{"[0] * 4", "list 4"}, TensorCase{"math.sqrt(4)", "float"}, TensorCase{"7 // 2", "int"},
                                         TensorCase{"seed / 2", "float"}, TensorCase{"'a' + 'b'", "str"}));

TEST(TensorResults, SizesFollowSymbols) {
    const Analysed file(
        "def f(x):\n    b, n, d = x.shape\n    y = x.view(b, n, 4, -1)\n    z = y.transpose(1, 2)\n    h = "
        "torch.cat([x, x], dim=-1)\n"
        "    s = x.chunk(2, dim=-1)[0]\n    r = rearrange(y, 'b n h e -> b (n h) e')\n    return z, h, s, r\n");
    EXPECT_EQ(file.shape("x"), "x.shape[0],x.shape[1],x.shape[2]");
    EXPECT_EQ(file.shape("h"), "x.shape[0],x.shape[1],2*x.shape[2]");
    EXPECT_EQ(file.shape("z"), "x.shape[0],4,x.shape[1],?");
    EXPECT_EQ(file.shape("s"), "x.shape[0],x.shape[1],?");
    EXPECT_EQ(file.shape("r"), "x.shape[0],4*x.shape[1],?");
}

TEST(TensorResults, AnAxisOfOneMayBeStretched) {
    const Analysed file(
        "def f(p):\n    a = torch.ones(4, 1, 3)\n    b = torch.ones(4, 5, 3)\n    return torch.einsum('ijd,ijd->jd', "
        "a, b), a + b\n");
    EXPECT_EQ(file.shape("a + b"), "4,5,3");
    EXPECT_EQ(file.shape("torch.einsum('ijd,ijd->jd', a, b)"), "5,3");
}

}  // namespace
}  // namespace mlxify::infer
