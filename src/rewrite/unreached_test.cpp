#include "rewrite/unreached.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "catalogue/catalogue.h"
#include "catalogue/index_builder.h"
#include "infer/infer.h"
#include "names/names.h"
#include "rewrite/rewrite.h"
#include "source/source_text.h"
#include "syntax/parse.h"

namespace mlxify::rewrite {
namespace {

// A file converted as if the pieces of text in `ran` (their first occurrences) had been evaluated.
struct Converted {
    std::string text;
    std::vector<diagnostics::Diagnostic> said;
    std::vector<std::string> left_out;
};

Converted convert(const std::string& original, const std::vector<std::string>& ran, bool by_variation = false) {
    const source::SourceText source("file.py", original);
    diagnostics::Sink sink;
    const syntax::Tree tree = syntax::parse(source, sink);
    const names::Names names = names::resolve(tree, sink);
    infer::ObservedFacts observed;
    for (const std::string& piece : ran) {
        const auto begin = static_cast<std::uint32_t>(original.find(piece));
        infer::ObservedFact fact;
        fact.span = {begin, begin + static_cast<std::uint32_t>(piece.size())};
        fact.by_variation = by_variation;
        observed.push_back(fact);
    }
    std::sort(observed.begin(), observed.end(), [](const auto& a, const auto& b) { return a.span < b.span; });
    const infer::FactTable facts = infer::infer(tree, names, observed);
    static const auto kNoGradient =
        catalogue::build_index({{"lib/contexts.py", "from mlxify.catalogue import *\n\ndissolve(\"torch.no_grad\", stops_gradient=True)\n"}});
    const catalogue::Catalogue catalogue((*kNoGradient)->view());
    Result result = rewrite({source, tree, names, facts, observed, catalogue, {}, {}}, {}, sink);
    return {std::move(result.text), sink.take(), std::move(result.left_out)};
}

bool refused(const Converted& converted) {
    return std::any_of(converted.said.begin(), converted.said.end(), [](const auto& one) { return one.severity == diagnostics::Severity::refusal; });
}

const std::string kBranch = R"(import torch

def scale(x, sync):
    if sync:
        torch.unknown_reduce(x)
        x = x / 2
    return x + 1
)";

TEST(Unreached, without_a_run_everything_is_refused) { EXPECT_TRUE(refused(convert(kBranch, {}))); }

TEST(Unreached, the_rest_of_an_unreached_block_raises) {
    const Converted converted = convert(kBranch, {"sync:", "x + 1"});
    EXPECT_FALSE(refused(converted));
    EXPECT_NE(converted.text.find("    if sync:\n        raise NotImplementedError(\"not converted to MLX: torch.unknown_reduce "), std::string::npos) << converted.text;
    EXPECT_EQ(converted.text.find("x / 2"), std::string::npos);
    EXPECT_NE(converted.text.find("return x + 1"), std::string::npos);
    EXPECT_TRUE(converted.left_out.empty());
}

TEST(Unreached, what_a_sample_reached_is_refused) { EXPECT_TRUE(refused(convert(kBranch, {"sync:", "torch.unknown_reduce", "x + 1"}))); }

TEST(Unreached, what_only_a_variation_reached_raises) { EXPECT_FALSE(refused(convert(kBranch, {"torch.unknown_reduce"}, true))); }

TEST(Unreached, a_function_that_only_raises_is_named) {
    const Converted converted = convert("import torch\n\ndef fetch(url):\n    \"\"\"Fetches.\"\"\"\n    return torch.unknown_load(url)\n\ndef twice(x):\n    return x * 2\n", {"x * 2"});
    EXPECT_FALSE(refused(converted));
    EXPECT_EQ(converted.left_out, std::vector<std::string>{"fetch"});
    EXPECT_NE(converted.text.find("\"\"\"Fetches.\"\"\"\n    raise NotImplementedError("), std::string::npos) << converted.text;
}

TEST(Unreached, what_is_caught_goes_with_its_try_statement) {
    const std::string guarded =
        "import torch\n\ndef pick(x, fast):\n    if fast:\n        try:\n            x = torch.unknown_op(x)\n        except Exception:\n            x = x * 3\n    return x\n";
    const Converted converted = convert(guarded, {"fast:", "return x"});
    EXPECT_FALSE(refused(converted));
    EXPECT_EQ(converted.text.find("try:"), std::string::npos) << converted.text;
    EXPECT_TRUE(refused(convert(guarded, {"fast:", "x * 3"})));
}

TEST(Unreached, what_follows_the_refusal_without_gradient_goes_too) {
    const Converted converted = convert(
        "import torch\n\ndef share(x: torch.Tensor, sync):\n    if sync:\n        with torch.no_grad():\n            x = x / 2\n            torch.unknown_reduce(x)\n            x = x / 3\n"
        "            return x\n    return x + 1\n",
        {"sync:", "x + 1"});
    EXPECT_FALSE(refused(converted));
    EXPECT_NE(converted.text.find("        raise NotImplementedError("), std::string::npos) << converted.text;
    EXPECT_EQ(converted.text.find("x / 3"), std::string::npos) << converted.text;
    EXPECT_EQ(converted.text.find("\nmx"), std::string::npos) << converted.text;
}

TEST(Unreached, refusals_at_module_level_stand) {
    diagnostics::Sink sink;
    const std::string text = "import torch\nx = torch.unknown_op(1)\nclass A(torch.B):\n    y = torch.c\n    def f(self):\n        return torch.d\n";
    const syntax::Tree tree = syntax::parse(std::string_view(text), sink);
    const auto at = [&](const std::string& piece) {
        const auto begin = static_cast<std::uint32_t>(text.find(piece));
        return base::Span{begin, begin + static_cast<std::uint32_t>(piece.size())};
    };
    EXPECT_FALSE(may_be_unreached(tree, at("torch.unknown_op")));
    EXPECT_FALSE(may_be_unreached(tree, at("torch.c")));
    EXPECT_TRUE(may_be_unreached(tree, at("torch.B")));
    EXPECT_TRUE(may_be_unreached(tree, at("torch.d")));
}

}  // namespace
}  // namespace mlxify::rewrite
