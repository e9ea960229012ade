#include "names/names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "names/symbol_table.h"
#include "syntax/parse.h"

namespace mlxify::names {
namespace {

// A parsed and resolved text. Never moves: the tree looks into the text.
struct Resolved {
    explicit Resolved(std::string source)
        : text(std::move(source)), tree(syntax::parse(std::string_view(text), sink)), names(resolve(tree, sink)) {}

    // The n-th expression (from 0, in source order) with this text.
    [[nodiscard]] NodeId expression(std::string_view wanted, std::size_t n = 0) const {
        std::vector<NodeId> found;
        for (std::uint32_t at = 1; at < tree.size(); ++at)
            if (syntax::is_expression(tree[NodeId{at}].kind) && tree.text(NodeId{at}) == wanted)
                found.push_back(NodeId{at});
        std::sort(found.begin(), found.end(),
                  [&](NodeId a, NodeId b) { return tree[a].span.begin < tree[b].span.begin; });
        return n < found.size() ? found[n] : syntax::kNoNode;
    }
    [[nodiscard]] std::string qualified(std::string_view wanted, std::size_t n = 0) const {
        return qualified_name(tree, names, expression(wanted, n));
    }
    [[nodiscard]] const Binding& binding(std::string_view wanted, std::size_t n = 0) const {
        return names[names.binding(expression(wanted, n))];
    }
    [[nodiscard]] std::vector<std::string> entry_points() const {
        std::vector<std::string> out;
        for (const NodeId entry : names.entry_points) out.emplace_back(tree[entry].name);
        return out;
    }

    std::string text;
    diagnostics::Sink sink;
    syntax::Tree tree;
    Names names;
};

TEST(Names, ImportsGiveQualifiedNames) {
    const Resolved file(
        "import torch\n"
        "import torch.nn.functional as F\n"
        "from torch import nn\n"
        "from torch.nn import functional as G\n"
        "from torch.nn.init import xavier_uniform_\n"
        "from .layers import Block as B\n"
        "use(torch.nn.functional.relu, F.relu, nn.Linear, G.pad, xavier_uniform_, B)\n");
    EXPECT_EQ(file.qualified("torch.nn.functional.relu"), "torch.nn.functional.relu");
    EXPECT_EQ(file.qualified("F.relu"), "torch.nn.functional.relu");
    EXPECT_EQ(file.qualified("nn.Linear"), "torch.nn.Linear");
    EXPECT_EQ(file.qualified("G.pad"), "torch.nn.functional.pad");
    EXPECT_EQ(file.qualified("xavier_uniform_"), "torch.nn.init.xavier_uniform_");
    EXPECT_EQ(file.qualified("B"), ".layers.Block");
    EXPECT_EQ(file.qualified("use"), "");
}

TEST(Names, AnImportWithoutAliasBindsItsFirstPart) {
    const Resolved file("import torch.nn\nuse(torch.zeros, torch.nn.Conv1d)\n");
    EXPECT_EQ(file.qualified("torch.zeros"), "torch.zeros");
    EXPECT_EQ(file.qualified("torch.nn.Conv1d"), "torch.nn.Conv1d");
}

TEST(Names, ReexportsHaveOneSpelling) {
    EXPECT_EQ(canonical_name("torch.nn.modules.linear.Linear"), "torch.nn.Linear");
    EXPECT_EQ(canonical_name("torch.nn.parameter.Parameter"), "torch.nn.Parameter");
    EXPECT_EQ(canonical_name("torch.functional.einsum"), "torch.einsum");
    EXPECT_EQ(canonical_name("torch.nn.utils.weight_norm"), "torch.nn.utils.weight_norm");
    EXPECT_EQ(canonical_name("torch.nn.utils.weight_norm.weight_norm"), "torch.nn.utils.weight_norm");
    EXPECT_EQ(canonical_name("torch.nn.functional.relu"), "torch.nn.functional.relu");
    EXPECT_EQ(canonical_name("torchvision.ops.DropBlock2d"), "torchvision.ops.DropBlock2d");
    const Resolved file(
        "from torch.nn.modules.conv import Conv2d\nfrom torch.nn.parameter import Parameter\nuse(Conv2d, Parameter)\n");
    EXPECT_EQ(file.qualified("Conv2d"), "torch.nn.Conv2d");
    EXPECT_EQ(file.qualified("Parameter"), "torch.nn.Parameter");
}

TEST(Names, AVariableAssignedOnceFollowsItsValue) {
    const Resolved file(
        "import torch.nn as nn\nimport torch.nn.functional as F\n"
        "LayerNorm = nn.LayerNorm\n"
        "twice = F.relu\ntwice = F.gelu\n"
        "def f(x):\n    act = F.silu\n    return act(x), LayerNorm(4), twice(x)\n");
    EXPECT_EQ(file.qualified("act", 1), "torch.nn.functional.silu");
    EXPECT_EQ(file.qualified("LayerNorm", 1), "torch.nn.LayerNorm");
    EXPECT_EQ(file.qualified("twice", 2), "");
}

TEST(Names, AShadowedImportIsNoLongerTheLibrary) {
    const Resolved file("import torch.nn.functional as F\ndef f(F, x):\n    return F.relu(x)\ng = F.relu\n");
    EXPECT_EQ(file.qualified("F.relu", 0), "");
    EXPECT_EQ(file.qualified("F.relu", 1), "torch.nn.functional.relu");
}

TEST(Names, AnImportWithAFallbackKeepsItsMeaning) {
    const Resolved file(
        "try:\n    from einops import rearrange\nexcept ImportError:\n    rearrange = None\ny = rearrange(x, 'a -> "
        "a')\n");
    EXPECT_EQ(file.qualified("rearrange", 1), "einops.rearrange");
    const Resolved rebound("from einops import rearrange\nrearrange = lambda x: x\ny = rearrange(1)\n");
    EXPECT_EQ(rebound.qualified("rearrange", 1), "");
}

TEST(Names, ImportsUnderTypeCheckingAndInsideFunctions) {
    const Resolved file(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from fla.models.utils import Cache\n"
        "def f(c: Cache):\n    import math\n    return math.pi\nz = math\n");
    EXPECT_EQ(file.qualified("Cache"), "fla.models.utils.Cache");
    EXPECT_EQ(file.qualified("math.pi"), "math.pi");
    EXPECT_EQ(file.qualified("math", 1), "");
}

TEST(Names, MethodsDoNotSeeTheClassBody) {
    const Resolved file(
        "size = 1\nclass A:\n    size = 2\n    double = size * 2\n    def f(self):\n        return size\n");
    EXPECT_EQ(file.binding("size", 2).scope, file.binding("size", 1).scope);  // in the body: the class's own
    EXPECT_EQ(file.binding("size", 3).scope, file.binding("size", 0).scope);  // in the method: the module's
}

TEST(Names, ComprehensionsHaveTheirOwnScope) {
    const Resolved file("def f(xs):\n    x = 0\n    ys = [x for x in xs if x]\n    return x\n");
    EXPECT_NE(file.names.binding(file.expression("x", 1)), file.names.binding(file.expression("x", 0)));
    EXPECT_EQ(file.names.binding(file.expression("x", 4)), file.names.binding(file.expression("x", 0)));
}

TEST(Names, AWalrusBindsAroundTheComprehension) {
    const Resolved file("def f(xs):\n    ys = [last := x for x in xs]\n    return last\n");
    EXPECT_EQ(file.names.binding(file.expression("last", 1)), file.names.binding(file.expression("last", 0)));
}

TEST(Names, GlobalAndNonlocalReachOut) {
    const Resolved file(
        "count = 0\n"
        "def f():\n    global count\n    count = 1\n    inner = 2\n    def g():\n        nonlocal inner\n        inner "
        "= 3\n    return inner\n");
    EXPECT_EQ(file.binding("count").stores.size(), 2u);
    EXPECT_EQ(file.binding("inner").stores.size(), 2u);
}

TEST(Names, TargetsOfAllKindsBind) {
    const Resolved file(
        "def f(p):\n    with open(p) as (a, b):\n        pass\n    for i, (j, *k) in p:\n        pass\n"
        "    try:\n        pass\n    except ValueError as error:\n        return error\n    return a, b, i, j, k\n");
    for (const char* name : {"a", "b", "i", "j", "k"}) EXPECT_EQ(file.binding(name, 1).stores.size(), 1u) << name;
    EXPECT_EQ(file.binding("error").stores.size(), 1u);
}

TEST(Names, WritesInPlaceAreMarked) {
    const Resolved file("def f(a, b, c, d):\n    a[0] = 1\n    b += 1\n    c.zero_()\n    return a, b, c, d.sum()\n");
    EXPECT_TRUE(file.binding("a").written_in_place);
    EXPECT_TRUE(file.binding("b").written_in_place);
    EXPECT_TRUE(file.binding("c").written_in_place);
    EXPECT_FALSE(file.binding("d").written_in_place);
}

TEST(Names, ClassesKnowWhatTheyAre) {
    const Resolved file(
        "from dataclasses import dataclass\nfrom enum import Enum\nfrom typing import NamedTuple\nimport torch\nfrom "
        "torch import nn\n"
        "from .base import Backbone\n"
        "class A(nn.Module): pass\nclass B(A): pass\nclass C(nn.LayerNorm): pass\n"
        "@dataclass\nclass D: pass\nclass E(Enum): pass\nclass N(NamedTuple): pass\n"
        "class G(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x): return x\n"
        "class H(Backbone):\n    def forward(self, x): return x\n");
    const auto& classes = file.names.classes;
    ASSERT_EQ(classes.size(), 8u);
    EXPECT_EQ(classes[0].bases, std::vector<std::string>{"torch.nn.Module"});
    EXPECT_TRUE(classes[0].is_module && classes[1].is_module && classes[2].is_module);
    EXPECT_TRUE(classes[3].is_dataclass && !classes[3].is_module);
    EXPECT_TRUE(classes[4].is_enum && classes[5].is_named_tuple);
    EXPECT_FALSE(classes[6].is_module);
    EXPECT_TRUE(classes[7].is_module);
    EXPECT_TRUE(classes[0].top_level());
}

TEST(Names, EntryPointsAreWhatNothingElseUses) {
    const Resolved file(
        "from torch import nn\n"
        "class Block(nn.Module): pass\n"
        "class Net(nn.Module):\n    def __init__(self):\n        self.block = Block()\n"
        "class Base(nn.Module): pass\nclass Heir(Base): pass\n"
        "def helper(x): return x\ndef _private(x): return x\ndef public(x): return helper(x)\n"
        "def test_net(): Net()\n"
        "if __name__ == '__main__':\n    Net()\n    public(1)\n");
    EXPECT_EQ(file.entry_points(), (std::vector<std::string>{"Net", "Heir", "public"}));
}

TEST(Names, AClassWhoseForwardOnlyRaisesIsNoEntryPointBesideOthers) {
    const std::string stub = "class Stub(nn.Module):\n    def forward(self, x):\n        'to come'\n        raise NotImplementedError\n";
    const Resolved file("from torch import nn\nclass Net(nn.Module): pass\n" + stub);
    EXPECT_EQ(file.entry_points(), (std::vector<std::string>{"Net"}));
    const Resolved alone("from torch import nn\n" + stub);
    EXPECT_EQ(alone.entry_points(), (std::vector<std::string>{"Stub"}));
}

TEST(Names, AModelThatOnlyAFactoryMakesIsAnEntryPoint) {
    const Resolved file(
        "from torch import nn\n"
        "class Act(nn.Module): pass\ndef act(): return Act()\n"
        "class Block(nn.Module):\n    def __init__(self):\n        self.act = act()\n"
        "class Net(nn.Module):\n    def __init__(self, block):\n        self.block = block()\n"
        "def _net(block): return Net(block)\ndef small(): return _net(Block)\n");
    EXPECT_EQ(file.entry_points(), (std::vector<std::string>{"Net", "small"}));
}

TEST(Names, ClassesInACircleAreAllEntryPoints) {
    const Resolved file(
        "from torch import nn\nclass A(nn.Module):\n    def f(self): return B()\nclass B(nn.Module):\n    def f(self): "
        "return A()\n");
    EXPECT_EQ(file.entry_points(), (std::vector<std::string>{"A", "B"}));
}

TEST(Names, AStarImportIsRemarked) {
    const Resolved file("from torch.nn import *\n");
    ASSERT_EQ(file.sink.all().size(), 1u);
    EXPECT_EQ(file.sink.all()[0].code, diagnostics::Code::star_import);
}

TEST(Names, MethodsAreFoundThroughBases) {
    const Resolved file("class A:\n    def f(self): pass\nclass B(A):\n    def g(self): pass\n");
    EXPECT_EQ(find_method(file.tree, file.names, 1, "f"), file.names.classes[0].methods[0]);
    EXPECT_EQ(find_method(file.tree, file.names, 1, "h"), syntax::kNoNode);
}

TEST(SymbolTable, GivesDenseNumbers) {
    std::vector<std::string> words;
    for (int at = 0; at < 1000; ++at) words.push_back("name" + std::to_string(at));
    SymbolTable symbols;
    for (std::uint32_t at = 0; at < words.size(); ++at) EXPECT_EQ(symbols.intern(words[at]), at + 1);
    for (std::uint32_t at = 0; at < words.size(); ++at) EXPECT_EQ(symbols.find(words[at]), at + 1);
    EXPECT_EQ(symbols.find("other"), 0u);
    FlatMap map;
    for (std::uint32_t at = 1; at < 1000; ++at) map.set(pair_key(at, at * 7), at);
    for (std::uint32_t at = 1; at < 1000; ++at) EXPECT_EQ(map.find(pair_key(at, at * 7)), at);
    EXPECT_EQ(map.find(pair_key(5, 5)), 0u);
}

}  // namespace
}  // namespace mlxify::names
