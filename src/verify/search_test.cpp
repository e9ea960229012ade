// Needs MLXIFY_PYTHON, an interpreter with torch and einops; without it the tests are skipped aloud.
#include "verify/search.h"

#include <set>

#include "verify/factories.h"
#include "verify/sample_parser.h"
#include "verify/test_support.h"

namespace mlxify::verify {
namespace {

class SearchTest : public WorkersTest {
protected:
    // The sample that is found for `name`, as text; the reason where there is none.
    static std::string found(std::string_view text, std::string_view name) {
        diagnostics::Sink sink;
        const syntax::Tree tree = syntax::parse(text, sink);
        Program program(workers_->torch, std::string(text), "model", false);
        if (const Reply<Session*> session = program.session(); !session) return session.failure().text();
        const DefinitionOf entry = *program.definition(name);
        const SearchResult result = search_sample(program, tree, entry, {});
        return result.invocation ? print_invocation(*result.invocation) : result.reason;
    }
};

TEST_F(SearchTest, ChoicesOfArgumentsAndInputsAreVaried) {
    constexpr std::string_view kText = R"py(
from typing import Literal
import torch
from torch import nn

def activation(kind):
    if kind == 'gelu':
        return nn.GELU()
    assert kind == 'relu'
    return nn.ReLU()

class Net(nn.Module):
    def __init__(self, dim, kind='relu', norm=None, order: Literal['first', 'last'] = 'last'):
        super().__init__()
        self.proj, self.act, self.order = nn.Linear(dim, dim), activation(kind), order
        self.norm = {'layer': nn.LayerNorm}[norm](dim) if norm else nn.Identity()

    def forward(self, x, reduce='mean'):
        y = self.norm(self.act(self.proj(x)))
        return y.sum(0 if self.order == 'first' else -1) if reduce == 'sum' else y.mean(-1)
)py";
    diagnostics::Sink sink;
    const syntax::Tree tree = syntax::parse(kText, sink);
    Program program(workers_->torch, std::string(kText), "model", false);
    if (const Reply<Session*> session = program.session(); !session) FAIL() << session.failure().text();
    const DefinitionOf entry = *program.definition("Net");
    const base::Result<Invocation> invocation = parse_invocation("Net(dim=64)(f32[2, 3, 64])");
    ASSERT_TRUE(invocation);
    std::set<std::string> varied;
    for (const Variation& variation : variations(program, tree, entry, *invocation, [](const Invocation&) { return true; }, 20)) varied.insert(variation.what);
    for (const char* what : {"kind='gelu'", "norm='layer'", "order='first'", "reduce"}) EXPECT_TRUE(varied.contains(what)) << what;
}

TEST_F(SearchTest, ModulesOfTheFileThatAnAnnotationNames) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Codes(nn.Module):\n"
                    "    def __init__(self, count: int, dim: int):\n        super().__init__()\n        self.count, self.table = count, nn.Linear(dim, count)\n"
                    "    def forward(self, x):\n        return x, self.table(x)\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, codes: Codes):\n        super().__init__()\n        self.codes = codes\n"
                    "    def forward(self, x):\n        x, scores = self.codes(x)\n        return x.sum(-1) + scores.sum(-1) / self.codes.count\n",
                    "Net"),
              "Net(codes=Codes(count=8, dim=64))(f32[2, 48, 64])");
}

TEST_F(SearchTest, ImagesThatAreCutIntoPatches) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\nfrom einops.layers.torch import Rearrange\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, *, image_size, patch_size, dim, channels=3):\n"
                    "        super().__init__()\n"
                    "        patch_dim = channels * patch_size ** 2\n"
                    "        self.embed = nn.Sequential(\n"
                    "            Rearrange('b c (h p1) (w p2) -> b (h w) (p1 p2 c)', p1=patch_size, p2=patch_size),\n"
                    "            nn.LayerNorm(patch_dim), nn.Linear(patch_dim, dim))\n"
                    "        self.cls = nn.Parameter(torch.randn(1, 1, dim))\n"
                    "        self.position = nn.Parameter(torch.randn(1, (image_size // patch_size) ** 2 + 1, dim))\n"
                    "    def forward(self, img):\n"
                    "        x = self.embed(img)\n"
                    "        return torch.cat((self.cls.expand(x.shape[0], -1, -1), x), dim=1) + self.position\n",
                    "Net"),
              "Net(image_size=32, patch_size=8, dim=64)(f32[2, 3, 32, 32])");
}

TEST_F(SearchTest, WindowsThatMustDivideTheImage) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\nfrom einops import rearrange\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, dim, depth):\n"
                    "        super().__init__()\n"
                    "        assert isinstance(depth, tuple), 'one number per stage'\n"
                    "        self.convs = nn.ModuleList([nn.Conv2d(3 if i == 0 else dim, dim, 1) for i in range(len(depth))])\n"
                    "    def forward(self, img):\n"
                    "        for conv in self.convs:\n            img = conv(img)\n"
                    "        return rearrange(img, 'b c (h p1) (w p2) -> b h w (p1 p2 c)', p1=7, p2=7)\n",
                    "Net"),
              "Net(dim=64, depth=(2, 2, 2, 2))(f32[2, 3, 35, 35])");
}

TEST_F(SearchTest, InputsOfEinsumHaveTheAxesOfItsSubscripts) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\n"
                    "class Scores(nn.Module):\n"
                    "    def forward(self, queries, keys):\n"
                    "        return torch.einsum('blhe,bshe->bhls', queries, keys)\n",
                    "Scores"),
              "Scores()(f32[2, 48, 4, 16], f32[2, 48, 4, 16])");
}

TEST_F(SearchTest, TimeBesideAnImage) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\n"
                    "class Embedding(nn.Module):\n"
                    "    def __init__(self):\n        super().__init__()\n        self.proj = nn.Linear(8, 32)\n"
                    "    def forward(self, t):\n        return self.proj((t[:, None] * torch.arange(8)[None, :]).sin())\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, channels=3):\n        super().__init__()\n"
                    "        self.time = Embedding()\n        self.conv = nn.Conv2d(channels, 32, 1)\n        self.out = nn.Linear(32, 32)\n"
                    "    def forward(self, x, t):\n"
                    "        t = self.time(t)\n"
                    "        return self.conv(x) + self.out(t)[:, :, None, None]\n",
                    "Net"),
              "Net()(f32[2, 3, 32, 32], f32[2; 0.0, 1.0])");
}

TEST_F(SearchTest, ImagesWithAnAxisThatAnotherBranchAdds) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\nfrom einops import rearrange\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, channels=3):\n        super().__init__()\n        self.scale = nn.Parameter(torch.ones(1))\n"
                    "    def forward(self, images):\n"
                    "        if images.ndim == 4:\n            images = rearrange(images, 'b c h w -> b 1 c h w')\n"
                    "        return rearrange(images, 'b v c h w -> b v (c h w)') * self.scale\n",
                    "Net"),
              "Net()(f32[2, 3, 32, 32])");
}

TEST_F(SearchTest, ModulesThatAreLookedUpByAnInput) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\nfrom typing import Any, Optional\n"
                    "class Decoder(nn.Module):\n"
                    "    def __init__(self, layers: Any):\n        super().__init__()\n        self.layers = layers\n        self.scales = self.layers.keys()\n"
                    "    def forward(self, features: torch.Tensor, scale: Optional[int] = None):\n"
                    "        return self.layers[scale](features)\n",
                    "Decoder"),
              "Decoder(layers=nn.ModuleDict({'a': nn.Linear(64, 64), 'b': nn.Linear(64, 64)}))(f32[2, 64], 'a')");
}

TEST_F(SearchTest, FeaturesOfAnEncodersStages) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\n"
                    "class Decoder(nn.Module):\n"
                    "    def __init__(self, encoder_channels, encoder_depth):\n"
                    "        super().__init__()\n"
                    "        if encoder_depth < 3:\n            raise ValueError(f'Encoder depth cannot be less than 3, got {encoder_depth}.')\n"
                    "        self.convs = nn.ModuleList([nn.Conv2d(encoder_channels[i], 8, 1) for i in range(encoder_depth)])\n"
                    "        self.up = nn.Upsample(scale_factor=2)\n"
                    "    def forward(self, features: list[torch.Tensor]):\n"
                    "        a, b, c = [conv(x) for conv, x in zip(self.convs, features)]\n"
                    "        return a + self.up(b + self.up(c))\n",
                    "Decoder"),
              "Decoder(encoder_channels=[16, 32, 64, 128], encoder_depth=3)([f32[2, 16, 64, 64], f32[2, 32, 32, 32], f32[2, 64, 16, 16], f32[2, 128, 8, 8]])");
}

TEST_F(SearchTest, NetworksThatAFunctionBuilds) {
    EXPECT_EQ(found("from torch import nn\n"
                    "def Net(*, dim, depth, num_classes):\n"
                    "    return nn.Sequential(*[nn.Linear(dim, dim) for _ in range(depth)], nn.Linear(dim, num_classes))\n",
                    "Net"),
              "Net(dim=64, depth=2, num_classes=10)(f32[2, 48, 64])");
}

TEST_F(SearchTest, CountsThatAConfigurationLeavesOpen) {
    EXPECT_EQ(found("from dataclasses import dataclass\nfrom torch import nn\n"
                    "@dataclass\nclass NetConfig:\n    dim: int = None\n    num_heads: int = -1\n    bias: bool = True\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, config: NetConfig):\n"
                    "        super().__init__()\n"
                    "        assert config.num_heads > 0, 'num_heads must be set'\n"
                    "        self.linear = nn.Linear(config.dim, config.dim // config.num_heads)\n"
                    "    def forward(self, x):\n        return self.linear(x)\n",
                    "Net"),
              "Net(config=NetConfig(dim=64, num_heads=4))(f32[2, 48, 64])");
}

// 7 by 7 of 64 channels after strides: the side is approached from the sizes that PyTorch tells.
TEST_F(SearchTest, ImagesWhoseFeaturesAreFlattened) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self):\n"
                    "        super().__init__()\n"
                    "        self.conv = nn.Sequential(nn.Conv2d(4, 32, 8, stride=4), nn.Conv2d(32, 64, 4, stride=2), nn.Conv2d(64, 64, 3))\n"
                    "        self.head = nn.Linear(7 * 7 * 64, 5)\n"
                    "    def forward(self, x):\n        return self.head(self.conv(x).reshape((-1, 7 * 7 * 64)))\n",
                    "Net"),
              "Net()(f32[2, 4, 91, 91])");
}

TEST_F(SearchTest, ShapesThatTheAuthorStates) {
    EXPECT_EQ(found("import torch\n"
                    "def dice(output, target):\n"
                    "    \"\"\"\n    Args:\n"
                    "        output: (N, C, H, W) probabilities\n"
                    "        target: (N, H, W) labels of the pixels\n    \"\"\"\n"
                    "    encoded = torch.zeros_like(output).scatter_(1, target.unsqueeze(1), 1)\n"
                    "    return (output * encoded).sum((0, 2, 3)).mean()\n",
                    "dice"),
              "dice(f32[2, 3, 32, 32], i64[2, 32, 32; 0, 2])");
}

TEST_F(SearchTest, ModulesThatAreAsManyAsOneLikes) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Sum(nn.Module):\n"
                    "    def __init__(self, *fns):\n        super().__init__()\n        self.fns = nn.ModuleList(fns)\n"
                    "    def forward(self, x):\n        return sum(fn(x) for fn in self.fns)\n",
                    "Sum"),
              "Sum(*[nn.Linear(64, 64), nn.Linear(64, 64)])(f32[2, 48, 64])");
}

TEST_F(SearchTest, FlagsThatMakeTheModelRun) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, dim, masked=True):\n        super().__init__()\n        self.linear = nn.Linear(dim, dim)\n        self.masked = masked\n"
                    "    def forward(self, x):\n"
                    "        if self.masked:\n            raise ValueError('a mask of the caller is missing')\n"
                    "        return self.linear(x)\n",
                    "Net"),
              "Net(dim=64, masked=False)(f32[2, 48, 64])");
}

TEST_F(SearchTest, ChoicesThatAListNames) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\nMODES = ['sum', 'mean']\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, mode, loss_fn):\n        super().__init__()\n"
                    "        assert mode in MODES\n        self.mode, self.loss_fn = mode, loss_fn\n"
                    "    def forward(self, x, y):\n        return getattr(self.loss_fn(x, y), self.mode)()\n",
                    "Net"),
              "Net(mode='sum', loss_fn=nn.MSELoss())(f32[2, 48, 64], f32[2, 48, 64])");
}

TEST_F(SearchTest, ArgumentsOfAModuleThatIsPassed) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\n"
                    "class Siren(nn.Module):\n"
                    "    def __init__(self, dim_in, dim_out):\n        super().__init__()\n        self.linear = nn.Linear(dim_in, dim_out)\n"
                    "    def forward(self, x):\n        return torch.sin(self.linear(x))\n"
                    "class Image(nn.Module):\n"
                    "    def __init__(self, net, height):\n"
                    "        super().__init__()\n"
                    "        assert isinstance(net, Siren), 'takes a Siren'\n"
                    "        self.net = net\n"
                    "        self.register_buffer('grid', torch.stack(torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, height)), -1))\n"
                    "    def forward(self):\n        return self.net(self.grid)\n",
                    "Image"),
              "Image(net=Siren(dim_in=2, dim_out=64), height=32)()");
}

TEST_F(SearchTest, DictionariesThatAreHandedOnAsKeywords) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Encoder(nn.Module):\n"
                    "    def __init__(self, *, channels, z_channels, bias=True):\n        super().__init__()\n        self.conv = nn.Conv2d(channels, z_channels, 1, bias=bias)\n"
                    "    def forward(self, x):\n        return self.conv(x)\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, config):\n"
                    "        super().__init__()\n"
                    "        self.encoder = Encoder(**config['encoder'])\n        self.head = nn.Conv2d(config['encoder']['z_channels'], 8, 1)\n"
                    "    def forward(self, x):\n        return self.head(self.encoder(x))\n",
                    "Net"),
              "Net(config={'encoder': {'channels': 16, 'z_channels': 16}})(f32[2, 16, 32, 32])");
}

TEST_F(SearchTest, FunctionsAmongTheInputs) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Compare(nn.Module):\n"
                    "    def __init__(self, dim):\n        super().__init__()\n        self.linear = nn.Linear(dim, 8)\n"
                    "    def forward(self, model, x):\n        return self.linear(model(x))\n",
                    "Compare"),
              "Compare(dim=64)((lambda x, *args, **kwargs: x), f32[2, 48, 64])");
}

TEST_F(SearchTest, DictionariesAmongTheInputs) {
    EXPECT_EQ(found("def total(xs):\n    return sum(x.mean() for x in xs.values())\n", "total"), "total({'a': f32[2, 48, 64], 'b': f32[2, 48, 64]})");
    EXPECT_EQ(found("from torch import nn\nfrom typing import Dict, List\nimport torch\n"
                    "class Joins(nn.Module):\n"
                    "    def __init__(self, types: List[str]):\n        super().__init__()\n        self.types = types\n"
                    "    def forward(self, xs: Dict[str, List[torch.Tensor]]):\n        return {key: torch.cat(xs[key]) for key in self.types}\n",
                    "Joins"),
              "Joins(types=['a', 'b'])({'a': [f32[2, 48, 64], f32[2, 48, 64]], 'b': [f32[2, 48, 64], f32[2, 48, 64]]})");
}

TEST_F(SearchTest, ImagesInAList) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, image_size, channels=3):\n"
                    "        super().__init__()\n        self.channels = channels\n        self.places = nn.Parameter(torch.randn(image_size))\n"
                    "    def forward(self, images: list[torch.Tensor]):\n"
                    "        results = []\n"
                    "        for image in images:\n"
                    "            assert image.ndim == 3 and image.shape[0] == self.channels\n"
                    "            results.append(image.mean((0, 1)) + self.places[torch.arange(image.shape[-1])])\n"
                    "        return results\n",
                    "Net"),
              "Net(image_size=32)([f32[3, 24, 32], f32[3, 24, 32]])");
}

TEST_F(SearchTest, TensorsThatAConstructorTakes) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\n"
                    "class Bins(nn.Module):\n"
                    "    def __init__(self, bins: list[torch.Tensor]):\n"
                    "        super().__init__()\n"
                    "        self.register_buffer('widths', torch.stack([edges.diff().sum() for edges in bins]))\n"
                    "    def forward(self, x):\n        return x * self.widths\n",
                    "Bins"),
              "Bins(bins=[torch.linspace(0, 1, 5), torch.linspace(-1, 2, 4)])(f32[2, 48, 2])");
}

TEST_F(SearchTest, LayersThatAStringNames) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Conv(nn.Module):\n"
                    "    def __init__(self, channels, n_dim: int, kernel_size=3):\n"
                    "        super().__init__()\n        self.conv = getattr(nn, f'Conv{n_dim}d')(channels, 8, kernel_size)\n"
                    "    def forward(self, x):\n        return self.conv(x)\n",
                    "Conv"),
              "Conv(channels=16, n_dim=2)(f32[2, 16, 32, 32])");
}

TEST_F(SearchTest, KernelsThatKeepTheSize) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Block(nn.Module):\n"
                    "    def __init__(self, filters, kernels):\n"
                    "        super().__init__()\n        assert len(filters) == len(kernels) + 1\n"
                    "        self.convs = nn.Sequential(*[nn.Conv2d(filters[i], filters[i + 1], kernels[i]) for i in range(len(kernels))])\n"
                    "    def forward(self, x):\n        return self.convs(x) + x\n",
                    "Block"),
              "Block(filters=[16, 16, 16, 16], kernels=[1, 1, 1])(f32[2, 16, 32, 32])");
}

TEST_F(SearchTest, StagesThatAreTooMany) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, dim=16, mults=(1, 2, 4, 8), channels=3):\n"
                    "        super().__init__()\n"
                    "        self.inner = nn.Conv2d(channels, dim * mults[-1], 1)\n        self.out = nn.Conv2d(dim * 2, 8, 1)\n"
                    "    def forward(self, x):\n        return self.out(self.inner(x))\n",
                    "Net"),
              "Net(mults=(1, 2))(f32[2, 3, 32, 32])");
}

TEST_F(SearchTest, PartsThatNeedWhatIsNotInstalled) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, dim, fused=True, weights='imagenet'):\n"
                    "        super().__init__()\n"
                    "        if fused:\n            import no_such_kernels\n"
                    "        if weights is not None:\n            import no_such_hub\n"
                    "        self.linear = nn.Linear(dim, dim)\n"
                    "    def forward(self, x):\n        return self.linear(x)\n",
                    "Net"),
              "Net(dim=64, fused=False, weights=None)(f32[2, 48, 64])");
}

TEST_F(SearchTest, SizesOfWhatIsAskedForItsTruth) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\n"
                    "class Scale(nn.Module):\n"
                    "    def __init__(self, shape):\n        super().__init__()\n        self.register_buffer('std', torch.ones(shape))\n"
                    "    def forward(self, x):\n        return x / self.std if self.std > 0 else x\n",
                    "Scale"),
              "Scale(shape=1)(f32[2, 48, 64])");
}

TEST_F(SearchTest, FunctionsOfDictionariesInPairs) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Pair(nn.Module):\n"
                    "    def __init__(self, f, g):\n        super().__init__()\n        self.f, self.g = f, g\n"
                    "    def forward(self, x):\n        return self.g(self.f(x))\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, blocks):\n        super().__init__()\n        self.blocks = [Pair(f, g) for (f, g) in blocks]\n"
                    "    def forward(self, x):\n"
                    "        for block in self.blocks:\n            x = block({k: 2 * v for k, v in x.items()})\n"
                    "        return x\n",
                    "Net"),
              "Net(blocks=[((lambda x, *args, **kwargs: x), (lambda x, *args, **kwargs: x)), ((lambda x, *args, **kwargs: x), (lambda x, *args, **kwargs: x))])"
              "({'a': f32[2, 48, 64], 'b': f32[2, 48, 64]})");
}

TEST_F(SearchTest, LossesOfEachItem) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, loss_func):\n        super().__init__()\n        self.loss_func = loss_func\n"
                    "    def forward(self, x, y):\n"
                    "        loss = self.loss_func(x, y)\n"
                    "        if loss.ndim != 1:\n            raise ValueError('one for each item of the batch')\n"
                    "        return loss.amax()\n",
                    "Net"),
              "Net(loss_func=(lambda x, y: ((x - y) ** 2).flatten(1).mean(1)))(f32[2, 48, 64], f32[2, 48, 64])");
}

TEST_F(SearchTest, InputsThatMoveTheResult) {
    EXPECT_EQ(found("import torch\n"
                    "def gains(x):\n"
                    "    if x.ndim == 3:\n        return torch.zeros_like(x)\n"
                    "    return x.relu()\n",
                    "gains"),
              "gains(f32[2, 64])");
    EXPECT_EQ(found("import torch\ndef positions(x):\n    return torch.arange(x.shape[1])\n", "positions"), "positions(f32[2, 48, 64])") << "nothing moves it";
}

TEST_F(SearchTest, ShapesThatTheAuthorStatesOfTheItemsOfATuple) {
    EXPECT_EQ(found("import torch\nfrom torch import nn\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, history_length: int, static_dim: int):\n"
                    "        super().__init__()\n        self.proj = nn.Linear(history_length * 8 + static_dim, 4)\n"
                    "    def forward(self, x_in):\n"
                    "        \"\"\"Predicts.\"\"\"\n"
                    "        # x has shape (batch_size, history_length, 8)\n"
                    "        # static has shape (batch_size, static_dim)\n"
                    "        x, static = x_in\n"
                    "        return self.proj(torch.cat([x.flatten(1), static], 1))\n",
                    "Net"),
              "Net(history_length=48, static_dim=64)((f32[2, 48, 8], f32[2, 64]))");
}

TEST_F(SearchTest, ModulesThatAFactoryCompletes) {
    constexpr std::string_view kText =
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, dim):\n        super().__init__()\n        self.fc = nn.Linear(dim, dim)\n"
        "    def forward(self, x):\n        return self.last(x)\n"
        "def net(dim=8):\n    model = Net(dim)\n    model.last = model.fc\n    del model.fc\n    return model\n";
    diagnostics::Sink sink;
    const syntax::Tree tree = syntax::parse(kText, sink);
    Program program(workers_->torch, std::string(kText), "model", false);
    if (const Reply<Session*> session = program.session(); !session) FAIL() << session.failure().text();
    const std::vector<DefinitionOf> factories = factories_of(tree, program.definitions(), *program.definition("Net"));
    ASSERT_EQ(factories.size(), 1U);
    const SearchResult result = search_sample(program, tree, factories.front(), {});
    EXPECT_EQ(result.invocation ? print_invocation(*result.invocation) : result.reason, "net()(f32[2, 48, 8])");
}

TEST_F(SearchTest, FlagsOfWhatGetsADictionary) {
    EXPECT_EQ(found("from torch import nn\n"
                    "class Encoder(nn.Module):\n"
                    "    def __init__(self, dim, double=True):\n"
                    "        super().__init__()\n        self.conv = nn.Conv2d(3, 2 * dim if double else dim, 3)\n"
                    "    def forward(self, x):\n        return self.conv(x)\n"
                    "class Net(nn.Module):\n"
                    "    def __init__(self, config):\n"
                    "        super().__init__()\n        self.encoder = Encoder(**config)\n        self.last = nn.Conv2d(config['dim'], 4, 1)\n"
                    "    def forward(self, x):\n        return self.last(self.encoder(x))\n",
                    "Net"),
              "Net(config={'dim': 64, 'double': False})(f32[2, 3, 32, 32])");
}

}  // namespace
}  // namespace mlxify::verify
