#include "infer/infer.h"

#include "infer/analysed.h"

namespace mlxify::infer {
namespace {

TEST(Infer, AnnotationsTellOfParameters) {
    const Analysed file(
        "def f(x: torch.Tensor, n: int, p: float, flag: bool, name: str, xs: List[torch.Tensor], t: Tuple[int, int], "
        "m: Optional[torch.Tensor] = None):\n"
        "    return x, n, p, flag, name, xs, t, xs[0], m\n");
    EXPECT_EQ(file.short_form("x"), "tensor");
    EXPECT_EQ(file.short_form("n"), "int");
    EXPECT_EQ(file.short_form("p"), "float");
    EXPECT_EQ(file.short_form("flag"), "bool");
    EXPECT_EQ(file.short_form("name"), "str");
    EXPECT_EQ(file.short_form("xs"), "list");
    EXPECT_EQ(file.short_form("xs[0]"), "tensor");
    EXPECT_EQ(file.short_form("t"), "tuple 2");
}

TEST(Infer, WhatMayBeNoneIsUnknownUntilItCannotBe) {
    const Analysed file(
        "def f(x: torch.Tensor, m: Optional[torch.Tensor] = None):\n"
        "    first = m\n"
        "    if m is not None:\n        x = x + m.float()\n"
        "    else:\n        y = m\n"
        "    return g(m)\n");
    EXPECT_EQ(file("m", 0).kind, Kind::unknown);  // first = m
    EXPECT_TRUE(file("m", 0).maybe_none);
    EXPECT_EQ(file("m", 1).kind, Kind::unknown);  // m is not None
    EXPECT_EQ(file("m", 2).kind, Kind::tensor);   // m.float()
    EXPECT_EQ(file("m", 3).kind, Kind::none);     // else
    EXPECT_EQ(file("m", 4).kind, Kind::unknown);  // g(m)
    EXPECT_EQ(file.facts.value(file("m is not None")), nullptr);
}

TEST(Infer, AnEarlyReturnLeavesTheRest) {
    const Analysed file("def f(x: torch.Tensor, m=None):\n    if m is None:\n        return x\n    return m\n");
    EXPECT_FALSE(file("m").maybe_none);
}

TEST(Infer, AHelperThatTestsForNoneCounts) {
    const Analysed file(
        "def exists(v):\n    return v is not None\n"
        "def f(x: torch.Tensor, m: Optional[torch.Tensor] = None):\n    if exists(m):\n        x = x * m\n    return "
        "x\n");
    EXPECT_EQ(file("m").kind, Kind::tensor);
}

TEST(Infer, InputsOfForwardAreTensorsByTheirUse) {
    const Analysed file(
        "class A(nn.Module):\n    def forward(self, x, H, layer, mask=None):\n"
        "        B, N, C = x.shape\n        y = layer(x).view(B, C, H, -1)\n        return self.scale(y), mask\n");
    EXPECT_EQ(file.short_form("x", 0), "tensor 3");
    EXPECT_EQ(file("H").kind, Kind::unknown);
    EXPECT_EQ(file("layer").kind, Kind::unknown);
    EXPECT_EQ(file("mask").kind, Kind::unknown);
    EXPECT_EQ(file("layer(x)").kind, Kind::tensor);  // view with several sizes is a tensor's
    EXPECT_EQ(file.short_form("layer(x).view(B, C, H, -1)"), "tensor 4");
}

TEST(Infer, UnpackingAShapeTellsTheRankFromTheStart) {
    const Analysed file("def f(x: torch.Tensor):\n    y = x * 2\n    b, n, *_ = (1, 2, 3)\n    b, n, d = x.size()\n    return y, x\n");
    EXPECT_EQ(file.rank("x", 0), 3);
    EXPECT_EQ(file.rank("y"), 3);
}

TEST(Infer, AShapeAmongOtherValues) {
    const Analysed file("def f(x: torch.Tensor):\n    b, n, d, device = *x.shape, x.device\n    return x\n");
    EXPECT_EQ(file.rank("x"), 3);
    EXPECT_EQ(file.short_form("device", 0), "device");
}

TEST(Infer, ARankThatOnlyABranchKnowsStaysThere) {
    const Analysed file(
        "def f(x: torch.Tensor):\n    if x.dim() == 3:\n        b, n, d = x.shape\n        y = x\n    else:\n        "
        "b, n = x.shape\n        z = x\n    return x\n");
    EXPECT_EQ(file.rank("x", 2), 3);
    EXPECT_EQ(file.rank("x", 4), 2);
    EXPECT_EQ(file.rank("x", 5), -1);
}

TEST(Infer, AssertionsAndPatternsTellRanks) {
    const Analysed file(
        "def f(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor):\n    assert x.ndim == 4\n    u = rearrange(y, 'b l "
        "d -> b d l')\n    v = z.permute(0, 2, 1)\n    return x, y, z, u\n");
    EXPECT_EQ(file.rank("x"), 4);
    EXPECT_EQ(file.rank("y"), 3);
    EXPECT_EQ(file.rank("z"), 3);
    EXPECT_EQ(file.rank("u"), 3);
}

TEST(Infer, ParametersJoinTheCallsOfTheFile) {
    const Analysed file(
        "def norm(x):\n    return x / x.sum(-1, keepdim=True)\n"
        "def mixed(x):\n    return x + 1\n"
        "def f(a: torch.Tensor):\n    b, n, d = a.shape\n    return norm(a), norm(a * 2), mixed(a), mixed(a[0])\n");
    EXPECT_EQ(file.rank("x", 0), 3);
    EXPECT_EQ(file.rank("x + 1"), -1);
    EXPECT_EQ(file.rank("mixed(a)"), 3);  // what this call gives is known all the same
    EXPECT_EQ(file.rank("mixed(a[0])"), 2);
}

TEST(Infer, ConstantsOfCallsStayWithTheCall) {
    const Analysed file(
        "def f(x: torch.Tensor, pair: bool = False):\n    if pair:\n        return x, x\n    return x\n"
        "def g(x: torch.Tensor):\n    return f(x), f(x, pair=True)\n");
    EXPECT_EQ(file.short_form("f(x)"), "tensor");
    EXPECT_EQ(file.short_form("f(x, pair=True)"), "tuple 2");
    EXPECT_EQ(file.facts.value(file("pair", 0)), nullptr);  // other callers may pass the other
}

TEST(Infer, AttributesJoinTheirStores) {
    const Analysed file(
        "class A(nn.Module):\n    def __init__(self, dim: int, gate: bool):\n        super().__init__()\n        "
        "self.dim = dim\n        self.eps = 1e-5\n"
        "        self.proj = nn.Linear(dim, 3 * dim)\n        self.gate = nn.Linear(dim, dim) if gate else None\n      "
        "  self.w = nn.Parameter(torch.ones(dim, 4))\n"
        "        self.register_buffer('mask', torch.ones(2, 2))\n"
        "    def forward(self, x):\n        b, n, d = x.shape\n        q, k, v = self.proj(x).chunk(3, dim=-1)\n"
        "        if self.gate is not None:\n            q = q * self.gate(x)\n"
        "        return q, self.eps, self.w, self.mask, self.training, self.gate\n");
    EXPECT_EQ(file.short_form("q"), "tensor 3");
    EXPECT_EQ(file.shape("self.proj(x)"), "x.shape[0],x.shape[1],3*dim");
    EXPECT_EQ(file.shape("q", 1), "x.shape[0],x.shape[1],dim");
    EXPECT_EQ(file.short_form("self.w"), "tensor 2 float32");
    EXPECT_EQ(file.short_form("self.mask"), "tensor 2 float32");
    EXPECT_EQ(file.short_form("self.training"), "bool");
    EXPECT_EQ(file.short_form("self.eps"), "float");
    EXPECT_NE(file.facts.value(file("self.eps")), nullptr);
    EXPECT_EQ(file("self.gate").kind, Kind::unknown);
    EXPECT_EQ(file.short_form("self.gate(x)"), "tensor 3");
}

TEST(Infer, ModulesOfTheFileAreFollowed) {
    const Analysed file(
        "class Block(nn.Module):\n    def __init__(self, dim):\n        super().__init__()\n        self.norm = "
        "nn.LayerNorm(dim)\n"
        "    def forward(self, y):\n        return self.norm(y) + y, y.mean()\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.blocks = "
        "nn.ModuleList([Block(8) for _ in range(3)])\n"
        "    def forward(self, x):\n        b, n, d = x.shape\n        for block in self.blocks:\n            x, m = "
        "block(x)\n        return x, m, self.blocks[0](x)\n");
    EXPECT_EQ(file.rank("y", 0), 3);
    EXPECT_EQ(file.rank("x"), 3);
    EXPECT_EQ(file.rank("m"), 0);
    EXPECT_EQ(file.short_form("self.blocks[0](x)"), "tuple 2");
    EXPECT_EQ(file("block", 1).class_index, 1u);
}

TEST(Infer, ListsOfModulesAreBuiltInManyWays) {
    const Analysed file(
        "class A(nn.Module):\n    def __init__(self, n):\n        super().__init__()\n        layers = [nn.Conv2d(3, "
        "8, 3)]\n"
        "        for _ in range(n):\n            layers.append(nn.BatchNorm2d(8))\n            "
        "layers.append(nn.ReLU())\n"
        "        self.net = nn.Sequential(*layers)\n        self.pairs = nn.ModuleList([])\n"
        "        for _ in range(n):\n            self.pairs.append(nn.ModuleList([nn.Linear(8, 8), nn.Embedding(9, "
        "8)]))\n"
        "    def forward(self, x, i: torch.Tensor):\n        y = self.net(x)\n        for lin, emb in self.pairs:\n    "
        "        z = lin(y)\n            e = emb(i)\n        return y, z, e\n");
    EXPECT_EQ(file.rank("y"), 4);
    EXPECT_EQ(file.rank("z"), 4);
    EXPECT_EQ(file("emb", 0).library_class != 0, true);
    EXPECT_EQ(file.short_form("e"), "tensor float32");
}

TEST(Infer, LoopsJoinWhatTheyChange) {
    const Analysed file(
        "def f(x: torch.Tensor):\n    b, n, d = x.shape\n    y = x\n    z = x\n    for i in range(n):\n        y = "
        "y.unsqueeze(0)\n        z = z * y.mean() + i\n    return y, z\n");
    EXPECT_EQ(file.rank("y"), -1);
    EXPECT_EQ(file.rank("z"), 3);
    EXPECT_EQ(file.short_form("i"), "int");
}

TEST(Infer, MapsAndGeneratorsKeepEachElement) {
    const Analysed file(
        "def f(q: torch.Tensor, beta: torch.Tensor):\n    b, h, l, d = q.shape\n    cfg = (0, 0, 0, l)\n"
        "    u, v = (F.pad(t, cfg) for t in (q, beta[0, 0, 0]))\n"
        "    s, t = map(lambda a: rearrange(a, 'b h (n c) d -> b h n c d', c=8), (u, q))\n    return u, v, s, t, "
        "cfg\n");
    EXPECT_EQ(file.rank("u"), 4);
    EXPECT_EQ(file.rank("s"), 5);
    EXPECT_EQ(file.short_form("cfg"), "tuple 4");
    EXPECT_EQ(file.rank("a"), 4);
}

TEST(Infer, ViewsNameTheirMemory) {
    const Analysed file(
        "class A(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.w = "
        "nn.Parameter(torch.ones(4, 4))\n"
        "    def forward(self, x):\n        a = x.view(2, -1)\n        b = a.transpose(0, 1)[0]\n        c = x + 1\n   "
        "     d = c[0]\n        e = self.w.data\n        f = x\n        g, h = x.chunk(2)\n"
        "        return a, b, c, d, e, f, g, x * 2\n");
    const auto memory = [&](std::string_view name) { return std::string(file.tree.text(syntax::NodeId{file(name).view_of})); };
    EXPECT_EQ(memory("a"), "x");
    EXPECT_EQ(memory("b"), "x");
    EXPECT_EQ(file("c").view_of, 0u);
    EXPECT_EQ(memory("d"), "c");
    EXPECT_EQ(memory("e"), "self.w");
    EXPECT_EQ(memory("f"), "x");
    EXPECT_EQ(memory("g"), "x");
    EXPECT_TRUE(file("x * 2").temporary);
    EXPECT_TRUE(file("x + 1").temporary);
    EXPECT_FALSE(file("c").temporary);
    EXPECT_FALSE(file("x.view(2, -1)").temporary);
}

TEST(Infer, AViewThatAFunctionReturnsIsOfTheArgument) {
    const Analysed file("def first(t):\n    return t[0]\ndef f(x: torch.Tensor):\n    y = first(x)\n    return y\n");
    EXPECT_EQ(file.tree.text(syntax::NodeId{file("y").view_of}), "x");
}

TEST(Infer, SizesOfACalleeAreForgotten) {
    const Analysed file(
        "def f(x: torch.Tensor):\n    b, n = x.shape\n    t = torch.ones(b, n)\n    return t.nonzero()\ndef g(x: "
        "torch.Tensor):\n    u = f(x)\n    v = f(x * 2)\n    return u, v\n");
    EXPECT_EQ(file.shape("u"), "?");
    EXPECT_EQ(file.rank("u"), 2);
}

TEST(Infer, TrialsDoNotTellRanks) {
    const Analysed file(
        "class A(nn.Module):\n    def forward(self, x):\n        return x.sum(-1)\n"
        "def test_a():\n    A()(torch.ones(2, 3))\nif __name__ == '__main__':\n    A()(torch.ones(2, 3))\n");
    EXPECT_EQ(file.short_form("x"), "tensor");
}

TEST(Infer, DefaultsThatContradictTheirAnnotationAreNotBelieved) {
    const Analysed file("def f(a: float = True, layer: nn.Module = nn.ReLU, k=(3, 3), n=4):\n    return a, layer, k, n\n");
    EXPECT_EQ(file("a").kind, Kind::unknown);
    EXPECT_EQ(file("layer").kind, Kind::unknown);
    EXPECT_EQ(file("k").kind, Kind::unknown);
    EXPECT_EQ(file("n").kind, Kind::integer);
}

TEST(Infer, ConstantsAreFollowed) {
    const Analysed file(
        "WIDTH = 4\nMODE = 'same'\ndef f(x: torch.Tensor):\n    pad = (WIDTH - 1, 0)\n    for i in range(3):\n        "
        "WIDE = i\n    return pad[0], MODE, WIDE\n");
    EXPECT_EQ(*file.facts.value(file("pad[0]")), Value(std::int64_t{3}));
    EXPECT_EQ(*file.facts.value(file("MODE")), Value(std::string("same")));
    EXPECT_EQ(file.facts.value(file("WIDE")), nullptr);
}

TEST(Infer, ObservedFactsDecideKindRankAndDType) {
    const std::string text = "def f(a, m=None):\n    return a.view(2), m is None\n";
    const auto place = [&](std::string_view wanted) {
        const auto begin = static_cast<std::uint32_t>(text.rfind(wanted));
        return base::Span{begin, begin + static_cast<std::uint32_t>(wanted.size())};
    };
    ObservedFact a;
    a.span = {place("a.view").begin, place("a.view").begin + 1};
    a.kind = Kind::tensor;
    a.rank = 2;
    a.dtype = DType::float32;
    a.shape = {1, 2};
    ObservedFact m;
    m.span = {place("m is").begin, place("m is").begin + 1};
    m.kind = Kind::none;
    const Analysed file(text, {a, m});
    EXPECT_EQ(file.short_form("a"), "tensor 2 float32");
    EXPECT_TRUE(file("a").observed);
    EXPECT_TRUE(file("a").by_samples);
    EXPECT_FALSE(file("a.view(2)").by_samples);  // one axis, whatever `a` is
    EXPECT_EQ(file.shape("a"), "?");              // sizes of a sample are no facts
    EXPECT_EQ(file("m", 0).kind, Kind::unknown);  // None in the sample: other calls pass more
    EXPECT_EQ(file.facts.value(file("m is None")), nullptr);
    EXPECT_EQ(file.short_form("a.view(2)"), "tensor 1 float32");
}

TEST(Infer, RanksThatDifferedAreUnknownThoughOneCallShowsOne) {
    const std::string text = "def g(w):\n    return w + 1\n\ndef f(n):\n    return g(torch.zeros(n, 3))\n\nchosen = {'g': g}\n";
    EXPECT_EQ(Analysed(text).short_form("w"), "tensor 2 float32");
    ObservedFact w;
    const auto begin = static_cast<std::uint32_t>(text.find("w + 1"));
    w.span = {begin, begin + 1};
    w.kind = Kind::tensor;
    EXPECT_EQ(Analysed(text, {w}).short_form("w"), "tensor");
}

TEST(Infer, WhatWasRegisteredAsNoneMayBeNone) {
    const std::string text =
        "class A(nn.Module):\n    def __init__(self, bias=True):\n        super().__init__()\n        if bias:\n"
        "            self.bias = nn.Parameter(torch.ones(2))\n        else:\n            self.register_parameter('bias', None)\n"
        "    def forward(self, x):\n        if self.bias is not None:\n            b = self.bias + 1\n        else:\n            b = None\n"
        "        return f(b)\n";
    ObservedFacts seen;
    for (const std::string_view use : {"self.bias =", "self.bias is", "b = self.bias", "self.bias +", "b)"}) {
        ObservedFact a;
        const auto begin = static_cast<std::uint32_t>(text.rfind(use));
        a.span = {begin, begin + (use[0] == 'b' ? 1 : 9)};
        a.kind = Kind::tensor;
        a.rank = 1;
        seen.push_back(a);
    }
    ObservedFact method;
    method.kind = Kind::function;
    method.span.begin = static_cast<std::uint32_t>(text.find("self.register_parameter"));
    method.span.end = method.span.begin + static_cast<std::uint32_t>(std::string_view("self.register_parameter").size());
    seen.push_back(method);
    std::sort(seen.begin(), seen.end(), [](const auto& left, const auto& right) { return left.span < right.span; });
    const Analysed file(text, seen);
    EXPECT_TRUE(file("b", 2).maybe_none);
}

// An author who asks for the rank passes tensors of several: what the samples had is no constant.
TEST(Infer, ObservedRanksAreNoConstants) {
    const std::string text = "def f(a):\n    n = a.ndim\n    m = a.dim() - 1\n    k = len(a.shape)\n    b = a.view(2, 3)\n    return b.ndim\n";
    ObservedFacts seen;
    for (const std::string_view use : {"a.ndim", "a.dim", "a.shape"}) {
        ObservedFact a;
        const auto begin = static_cast<std::uint32_t>(text.find(use));
        a.span = {begin, begin + 1};
        a.kind = Kind::tensor;
        a.rank = 3;
        seen.push_back(a);
    }
    const Analysed file(text, seen);
    for (const std::string_view asked : {"a.ndim", "a.dim()", "a.dim() - 1", "len(a.shape)"}) EXPECT_EQ(file.facts.value(file(asked)), nullptr) << asked;
    EXPECT_NE(file.facts.value(file("b.ndim")), nullptr);
}

TEST(Infer, ObservedIteratorsKeepWhatTheyGive) {
    const std::string text = "def f(x: torch.Tensor, y: torch.Tensor):\n    for a, b in zip(x.split(4), y):\n        a.add_(b)\n    rows = list(x)\n    return rows[0]\n";
    const auto begin = static_cast<std::uint32_t>(text.find("zip"));
    ObservedFact iterator;
    iterator.span = {begin, begin + static_cast<std::uint32_t>(std::string_view("zip(x.split(4), y)").size())};
    iterator.kind = Kind::object;
    const Analysed file(text, {iterator});
    const auto memory = [&](std::string_view name) { return std::string(file.tree.text(syntax::NodeId{file(name).view_of})); };
    EXPECT_EQ(memory("a"), "x");
    EXPECT_EQ(memory("b"), "y");
    EXPECT_EQ(memory("rows[0]"), "x");
}

TEST(Infer, EveryExpressionIsPrinted) {
    const Analysed file("x = torch.ones(2, 3)\n");
    EXPECT_NE(print(file.tree, file.facts).find("7:5 `torch.ones(2, 3)` tensor float32 rank 2 [2, 3] fresh"), std::string::npos);
}

}  // namespace
}  // namespace mlxify::infer
