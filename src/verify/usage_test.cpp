#include "verify/usage.h"

#include <gtest/gtest.h>

#include "verify/arguments.h"
#include "verify/test_support.h"

namespace mlxify::verify {
namespace {

TEST(Usage, FollowsAttributesAndCallsOfTheFile) {
    const Parsed file(
        "class Block(nn.Module):\n"
        "    def __init__(self, width):\n        self.proj = nn.Linear(width, 8)\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, config, shape, block, kind):\n"
        "        self.steps = config.steps\n"
        "        self.block = block(3)\n"
        "        c, h, w = shape\n"
        "        self.inner = Block(config.hidden)\n"
        "        self.kind = kind\n"
        "    def forward(self, x):\n"
        "        for _ in range(self.steps):\n            x = self.block(x)\n"
        "        return x if self.kind == 'plain' else -x\n");
    const Usage config = usage_of(file.tree, "Net", "config");
    ASSERT_EQ(config.fields.size(), 2U);
    EXPECT_EQ(config.fields[0].first, "steps");
    EXPECT_TRUE(config.fields[0].second.counted);
    EXPECT_EQ(config.fields[1].second.names, (std::vector<std::string>{"width", "in_features"}));
    EXPECT_EQ(usage_of(file.tree, "Net", "shape").unpacked, (std::vector<std::string>{"c", "h", "w"}));
    EXPECT_TRUE(usage_of(file.tree, "Net", "block").made);
    EXPECT_EQ(usage_of(file.tree, "Net", "kind").literals, (std::vector<std::string>{"'plain'"}));
}

TEST(Usage, TellsCountsDevicesAndAxes) {
    const Parsed file(
        "class Net(nn.Module):\n"
        "    def __init__(self, dim, kernel):\n"
        "        self.dim = dim\n"
        "        self.kernel = kernel\n"
        "    def forward(self, n, length, rows, sizes, device):\n"
        "        x = torch.arange(1, 1 + n, device=device).view(-1, rows, 4).view(sizes)\n"
        "        y = torch.linspace(0, 1, steps=length)\n"
        "        return F.max_pool2d(x, kernel_size=(self.kernel, self.kernel)).softmax(dim=self.dim)\n");
    const auto of = [&](std::string_view name) { return usage_of(file.tree, "Net", name, "forward"); };
    EXPECT_TRUE(of("n").counted && of("length").counted && of("rows").counted);
    EXPECT_FALSE(of("sizes").counted);
    EXPECT_TRUE(of("device").device && !of("device").counted);
    EXPECT_TRUE(usage_of(file.tree, "Net", "dim").axis);
    EXPECT_EQ(usage_of(file.tree, "Net", "kernel").names, (std::vector<std::string>{"kernel_size"}));
}

TEST(Usage, ReadsWhatTheFileAsserts) {
    const Parsed file(
        "class Net(nn.Module):\n"
        "    def __init__(self, depth, dims, heads, size):\n"
        "        assert isinstance(depth, tuple), 'depth is a tuple'\n"
        "        assert len(dims) == 3 and len(heads) == 2\n"
        "        size = size if isinstance(size, tuple) else (size, size)\n"
        "        first, *_, last = dims\n"
        "        self.last = heads[11]\n");
    const Usage depth = usage_of(file.tree, "Net", "depth");
    EXPECT_TRUE(depth.sequence && depth.tuple);
    const Usage dims = usage_of(file.tree, "Net", "dims");
    EXPECT_EQ(dims.length, 3U);
    EXPECT_TRUE(dims.unpacked.empty());
    EXPECT_EQ(usage_of(file.tree, "Net", "heads").length, 2U);
    EXPECT_EQ(usage_of(file.tree, "Net", "heads").items, 12U);
    EXPECT_FALSE(usage_of(file.tree, "Net", "size").tuple);
}

TEST(Usage, FollowsMethodsThatAreHandedTheValue) {
    const Parsed file(
        "class Loss(nn.Module):\n"
        "    def __init__(self, loss_fn, config):\n        self.loss_fn = loss_fn\n        self.inner = Inner(**config)\n"
        "    def forward(self, x, y):\n        return self.best(self.loss_fn, x, y) + Loss.worst(self.loss_fn, x)\n"
        "    @staticmethod\n"
        "    def best(fn, x, y):\n        return fn(x, y)\n"
        "    @staticmethod\n"
        "    def worst(fn, x):\n        a, b = fn(inputs=x)\n        return a\n"
        "class Inner(nn.Module):\n"
        "    def __init__(self, dim):\n        pass\n");
    const Usage loss = usage_of(file.tree, "Loss", "loss_fn");
    EXPECT_TRUE(loss.called);
    EXPECT_EQ(loss.inputs, 2U);
    EXPECT_EQ(loss.results, 2U);
    EXPECT_EQ(loss.first_input, "inputs");
    const Usage config = usage_of(file.tree, "Loss", "config");
    EXPECT_TRUE(config.mapping);
    EXPECT_EQ(config.mapped, (std::vector<std::string>{"Inner"}));
}

TEST(Usage, ReadsTheItemsOfALoop) {
    const Parsed file(
        "class Net(nn.Module):\n"
        "    def __init__(self, blocks, sizes):\n"
        "        self.blocks = nn.ModuleList([Pair(f, g) for f, g in blocks])\n"
        "        for i, (width, kernel) in enumerate(sizes):\n            self.conv = nn.Conv1d(width, 8, kernel)\n");
    const Usage blocks = usage_of(file.tree, "Net", "blocks");
    ASSERT_EQ(blocks.parts.size(), 2U);
    EXPECT_EQ(blocks.parts[1].first, "g");
    const Usage sizes = usage_of(file.tree, "Net", "sizes");
    ASSERT_EQ(sizes.parts.size(), 2U);
    EXPECT_EQ(sizes.parts[0].second.names, (std::vector<std::string>{"in_channels"}));
}

TEST(Usage, FollowsEachItemOfALoopIntoTheSameClass) {
    const Parsed file(
        "class Kept(nn.Module):\n"
        "    def __init__(self, net):\n        self.net = net\n"
        "    def forward(self, x, *args, **kwargs):\n        return self.net(x, *args, **kwargs)\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, blocks):\n        self.blocks = [(Kept(f), Kept(g)) for f, g in blocks]\n");
    const Usage blocks = usage_of(file.tree, "Net", "blocks");
    ASSERT_EQ(blocks.parts.size(), 2U);
    for (const auto& [name, part] : blocks.parts) {
        EXPECT_TRUE(part.called) << name;
        EXPECT_EQ(part.inputs, 1U) << name;
    }
}

TEST(Usage, ReadsTheItemsOfSequencesThatAreZipped) {
    const Parsed file(
        "class Block(nn.Module):\n"
        "    def __init__(self, width, dilation=(1, 3)):\n"
        "        self.convs = [nn.Conv1d(width, width, 3, dilation=dilation[0]), nn.Conv1d(width, width, 3, dilation=dilation[1])]\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, widths, dilations, wide):\n"
        "        block = Block if wide else Other\n"
        "        for i, (w, d) in enumerate(zip(widths, dilations)):\n"
        "            self.add_module(str(i), block(w, d))\n");
    const Usage widths = usage_of(file.tree, "Net", "widths");
    ASSERT_EQ(widths.item.size(), 1U);
    EXPECT_EQ(widths.item[0].names[0], "width");
    const Usage dilations = usage_of(file.tree, "Net", "dilations");
    ASSERT_EQ(dilations.item.size(), 1U);
    EXPECT_TRUE(dilations.item[0].sequence);
    EXPECT_EQ(dilations.item[0].items, 2U);
    const std::vector<DefinitionOf> definitions = {{"Net", "module", 1, {{"dilations", "positional_or_keyword", std::nullopt, ""}}, {}, {}}};
    const std::vector<std::string> guesses = ArgumentGuesser(definitions[0], definitions, file.tree).guesses(definitions[0].parameters[0]);
    EXPECT_EQ(guesses.front(), "[[1, 1], [1, 1], [1, 1], [1, 1]]");
}

TEST(Usage, ReadsWhatTheFilePasses) {
    const Parsed file(
        "from functools import partial\n"
        "class Block(nn.Module): pass\n"
        "class Net(nn.Module):\n    def __init__(self, block, layers, dim=8): pass\n"
        "def small(dim=16, **kwargs):\n    return Net(Block, [1, 1], dim=dim, **kwargs)\n"
        "def other(n):\n    return Net(partial(Block, 2), n)\n");
    const std::vector<WrittenArguments> calls = constructions_of(file.tree, "Net");
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(calls[0], (WrittenArguments{{"block", "Block"}, {"layers", "[1, 1]"}, {"dim", "16"}}));
    EXPECT_EQ(calls[1], (WrittenArguments{{"block", "partial(Block, 2)"}}));
}

TEST(Usage, WhatFactoriesPassByALocalName) {
    const Parsed file(
        "class Net(nn.Module):\n    def __init__(self, cfg, depth): pass\n"
        "def small():\n    cfg = {  # of a paper\n        'dims': [8,\n                 16],\n    }\n    return Net(cfg, 2)\n"
        "def grown(n):\n    cfg = {}\n    cfg['dims'] = [n]\n    return Net(cfg, 3)\n"
        "def either(n):\n    cfg = {'dims': []}\n    if n:\n        cfg = {'dims': [n]}\n    return Net(cfg, depth=4)\n");
    const std::vector<WrittenArguments> calls = constructions_of(file.tree, "Net");
    ASSERT_EQ(calls.size(), 3U);
    EXPECT_EQ(calls[0], (WrittenArguments{{"cfg", "{'dims': [8, 16], }"}, {"depth", "2"}}));
    EXPECT_EQ(calls[1], (WrittenArguments{{"depth", "3"}})) << "changed after it was made";
    EXPECT_EQ(calls[2], (WrittenArguments{{"depth", "4"}})) << "one of two";
}

TEST(Usage, ParametersOfTheClassThatGetsTheRest) {
    const Parsed file(
        "class Net(nn.Module):\n    def __init__(self, dim, depth, *, heads): pass\n"
        "class Wrapper(nn.Module):\n    def __init__(self, tokens, dim, **kwargs):\n        self.net = Net(dim, **kwargs)\n");
    const auto forwarding = forwarding_of(file.tree, "Wrapper");
    ASSERT_TRUE(forwarding);
    EXPECT_EQ(forwarding->target, "Net");
    const ParameterOf dim{"dim", "positional_or_keyword", std::nullopt, ""}, depth{"depth", "positional_or_keyword", std::nullopt, ""};
    const ParameterOf heads{"heads", "keyword_only", std::nullopt, ""}, tokens{"tokens", "positional_or_keyword", std::nullopt, ""};
    const ParameterOf rest{"kwargs", "var_keyword", std::nullopt, ""};
    const DefinitionOf net{"Net", "module", 1, {dim, depth, heads}, {}, {}}, wrapper{"Wrapper", "module", 3, {tokens, dim, rest}, {}, {}};
    std::vector<std::string> names;
    for (const ParameterOf& parameter : with_forwarded(wrapper, {net, wrapper}, file.tree).parameters) names.push_back(parameter.name);
    EXPECT_EQ(names, (std::vector<std::string>{"tokens", "dim", "depth", "heads"}));
}

TEST(Usage, FieldsOfNamespacesAndDictionaries) {
    EXPECT_EQ(fields_of("__import__('types').SimpleNamespace(a=[1, 2], b=N(c=3))"), (Arguments{{"a", "[1, 2]"}, {"b", "N(c=3)"}}));
    EXPECT_EQ(fields_of("{'a': 1, 'b': (2, 3)}"), (Arguments{{"a", "1"}, {"b", "(2, 3)"}}));
    EXPECT_TRUE(fields_of("nn.Conv2d(16, 16, 3, padding=1)").empty());
    EXPECT_TRUE(fields_of("[16, 32]").empty());
}

}  // namespace
}  // namespace mlxify::verify
