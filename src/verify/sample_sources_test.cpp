#include "verify/sample_sources.h"

#include <gtest/gtest.h>

#include "syntax/parse.h"
#include "verify/sample_parser.h"

namespace mlxify::verify {
namespace {

using Json = nlohmann::json;

syntax::Tree tree_of(std::string_view text) {
    diagnostics::Sink sink;
    syntax::Tree tree = syntax::parse(text, sink);
    EXPECT_FALSE(sink.has_refusal());
    return tree;
}

TEST(DocstringSamples, ReadTheExamplesOfClassesAndFunctions) {
    constexpr std::string_view kText = R"py(
class Net:
    """Mixes.

    Example:
        >>> net = Net(8, heads=2)
        >>> x = torch.randn(
        ...     2, 5, 8)
        >>> net(x).shape
        torch.Size([2, 5, 8])
    """

def scaled(x, by):
    """
    >>> scaled(torch.randn(3), 2)
    """
)py";
    const std::vector<WrittenSample> samples = docstring_samples(tree_of(kText));
    ASSERT_EQ(samples.size(), 2U);
    EXPECT_EQ(samples[0].invocation.expression, "Net(8, heads=2)");
    EXPECT_EQ(samples[0].invocation.spec["args"], Json::parse(R"([{"shape": [2, 5, 8], "dtype": "float32"}])"));
    EXPECT_EQ(samples[0].origin, kFromDocstring);
    EXPECT_EQ(samples[1].invocation.expression, "scaled");
    EXPECT_EQ(samples[1].invocation.spec["args"], Json::parse(R"([{"shape": [3], "dtype": "float32"}, 2])"));
}

TEST(DocstringSamples, ReadWhatAuthorsWriteCarelessly) {
    constexpr std::string_view kText = R"py(
class Layer:
    """
    >>> import torch as th
    >>> heads, width = 2, 8
    >>> layer = Layer(
            width=width * heads,
            heads=heads,
        )
    >>> out = layer(th.rand(3, width * heads), th.tensor([[1, 2], [0, 1]], dtype=th.long))
    """
)py";
    const std::vector<WrittenSample> samples = docstring_samples(tree_of(kText));
    ASSERT_EQ(samples.size(), 1U);
    EXPECT_EQ(samples[0].invocation.expression, "Layer(width=16, heads=2)");
    EXPECT_EQ(samples[0].invocation.spec["args"],
              Json::parse(R"json([{"shape": [3, 16], "dtype": "float32", "low": 0.0, "high": 1.0},
                                {"$eval": "torch.tensor([[1, 2], [0, 1]], dtype=torch.long)"}])json"));
}

TEST(DocstringSamples, PassOverWhatIsNoExampleOfTheFile) {
    EXPECT_TRUE(docstring_samples(tree_of("class Net:\n    \"\"\">>> other.Net(8)(y)\n    >>> def (\n    \"\"\"\n")).empty());
    EXPECT_TRUE(docstring_samples(tree_of("TEXT = '>>> Net(8)(torch.randn(2))'\n")).empty());
}

TEST(MainBlockSamples, ReadModelsAndNoFunctionsThatTrain) {
    constexpr std::string_view kText = R"py(
class Net: pass
def train(x): pass
if __name__ == "__main__":
    net = Net(8).eval()
    train(torch.randn(2, 8))
    y = net(torch.randn(2, 8))
)py";
    const std::vector<WrittenSample> samples = main_block_samples(tree_of(kText));
    ASSERT_EQ(samples.size(), 1U);
    EXPECT_EQ(samples[0].invocation.expression, "Net(8)");
    EXPECT_EQ(samples[0].origin, "main block");
}

TEST(CommentSamples, StandOnALineOfTheirOwn) {
    const std::vector<WrittenSample> samples = comment_samples(tree_of("# mlxify: Net(8)(f32[2, 8])\nx = 1  # Net(8)(f32[2, 8])\n"));
    ASSERT_EQ(samples.size(), 1U);
    EXPECT_EQ(samples[0].invocation.expression, "Net(8)");
}

}  // namespace
}  // namespace mlxify::verify
