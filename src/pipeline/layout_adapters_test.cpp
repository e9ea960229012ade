#include "pipeline/layout_adapters.h"

#include <gtest/gtest.h>

#include "syntax/parse.h"

namespace mlxify::pipeline {
namespace {

verify::Prepared prepared_for(const std::string& name, const std::string& expression) {
    verify::PreparedSample sample;
    sample.invocation.expression = expression;
    verify::PreparedEntry entry;
    entry.entry.name = name;
    entry.samples.push_back(sample);
    verify::Prepared prepared;
    prepared.entries.push_back(entry);
    return prepared;
}

TEST(LayoutAdapters, CallsAMovedModuleThroughAnAdapter) {
    verify::Prepared prepared = prepared_for("Block", "Block(8, stride=2)");
    adapt_layouts(prepared, {{"Block", {{0, "x"}}, {-1}}});
    EXPECT_EQ(prepared.entries[0].samples[0].invocation.mlx_expression, "_with_channels_first_Block(8, stride=2)");
    EXPECT_EQ(prepared.entries[0].samples[0].invocation.expression, "Block(8, stride=2)");
    EXPECT_NE(prepared.adapters.find("Block(*values, **options), [0], [\"x\"], [-1])"), std::string::npos) << prepared.adapters;
    diagnostics::Sink sink;
    (void)syntax::parse(std::string_view(prepared.adapters), sink);
    EXPECT_FALSE(sink.has_refusal());
}

TEST(LayoutAdapters, CallsWhatIsDeclaredThroughAnAdapter) {
    verify::Prepared prepared = prepared_for("Net", "Net(3)");
    declare_channels_last(prepared, {"Other"});
    EXPECT_TRUE(prepared.adapters.empty());
    declare_channels_last(prepared, {"Net"});
    EXPECT_EQ(prepared.entries[0].samples[0].invocation.mlx_expression, "_with_channels_first_Net(3)");
    verify::Prepared function = prepared_for("blur", "blur");
    function.entries[0].entry.kind = verify::EntryPoint::Kind::function;
    declare_channels_last(function, {"blur"});
    EXPECT_EQ(function.entries[0].samples[0].invocation.mlx_expression, "_with_channels_first_blur");
    for (const std::string& text : {prepared.adapters, function.adapters}) {
        diagnostics::Sink sink;
        (void)syntax::parse(std::string_view(text), sink);
        EXPECT_FALSE(sink.has_refusal());
    }
}

TEST(LayoutAdapters, LeavesOtherEntriesAlone) {
    verify::Prepared prepared = prepared_for("Net", "Net(3)");
    adapt_layouts(prepared, {{"Block", {{0, "x"}}, {-1}}});
    EXPECT_TRUE(prepared.entries[0].samples[0].invocation.mlx_expression.empty());
    EXPECT_TRUE(prepared.adapters.empty());
}

}  // namespace
}  // namespace mlxify::pipeline
