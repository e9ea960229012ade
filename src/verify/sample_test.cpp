#include "verify/sample.h"

#include <gtest/gtest.h>

#include "verify/sample_parser.h"

namespace mlxify::verify {
namespace {

using Json = nlohmann::json;

Invocation parsed(std::string_view text) {
    const base::Result<Invocation> result = parse_invocation(text);
    EXPECT_TRUE(result.has_value()) << text << ": " << (result ? "" : result.error().message);
    return result ? *result : Invocation{};
}

TEST(ParseInvocation, ReadsAModuleAndItsCall) {
    const Invocation invocation = parsed("DeltaNet(hidden_size=64, mode='a(b')(f32[2, 48, 64], mask=bool[2, 48])");
    EXPECT_EQ(invocation.expression, "DeltaNet(hidden_size=64, mode='a(b')");
    EXPECT_EQ(invocation.method, "");
    EXPECT_EQ(invocation.spec["args"], Json::parse(R"([{"shape": [2, 48, 64], "dtype": "float32"}])"));
    EXPECT_EQ(invocation.spec["kwargs"]["mask"], Json::parse(R"({"shape": [2, 48], "dtype": "bool"})"));
    EXPECT_EQ(entry_name(invocation), "DeltaNet");
}

TEST(ParseInvocation, TellsMethodsFromFunctions) {
    EXPECT_EQ(parsed("Net(8).encode(f32[2, 8])").method, "encode");
    EXPECT_EQ(parsed("Net(8).encode(f32[2, 8])").expression, "Net(8)");
    EXPECT_EQ(parsed("masked_mean(f32[2, 8])").expression, "masked_mean");
    EXPECT_EQ(parsed("masked_mean(f32[2, 8])").method, "");
    EXPECT_EQ(parsed("Net.build(8)(f32[2, 8])").expression, "Net.build(8)");
}

TEST(ParseInvocation, ReadsEveryKindOfValue) {
    const Json args = parsed("f(i64[2, 3; 0, 100], f32[4; -1, 0.5], f32[], i64([[1, 2], [3, 4]]), [f32[1], 2], (1,), None, -2.5, 'it\\'s', "
                             "Config(dim=8), {'a': f32[2]}, torch.eye(3), lambda x: x)").spec["args"];
    EXPECT_EQ(args[0], Json::parse(R"({"shape": [2, 3], "dtype": "int64", "low": 0, "high": 100})"));
    EXPECT_EQ(args[1], Json::parse(R"({"shape": [4], "dtype": "float32", "low": -1, "high": 0.5})"));
    EXPECT_EQ(args[2], Json::parse(R"({"shape": [], "dtype": "float32"})"));
    EXPECT_EQ(args[3], Json::parse(R"({"data": [[1, 2], [3, 4]], "dtype": "int64"})"));
    EXPECT_EQ(args[4], Json::parse(R"([{"shape": [1], "dtype": "float32"}, 2])"));
    EXPECT_EQ(args[5], Json::parse(R"({"$tuple": [1]})"));
    EXPECT_TRUE(args[6].is_null());
    EXPECT_EQ(args[7], -2.5);
    EXPECT_EQ(args[8], "it's");
    EXPECT_EQ(args[9], Json::parse(R"({"$call": "Config", "args": [], "kwargs": {"dim": 8}})"));
    EXPECT_EQ(args[10], Json::parse(R"({"a": {"shape": [2], "dtype": "float32"}})"));
    EXPECT_EQ(args[11], (Json{{"$eval", "torch.eye(3)"}}));
    EXPECT_EQ(args[12]["$eval"], "lambda x: x");
}

TEST(ParseInvocation, MakesTheArraysOfAConstructor) {
    EXPECT_EQ(parse_invocation("Scale(f32[2, 3; 0, 1], table[0], 'f32[2]', mask=bool[4])(f32[2, 3])")->expression,
              "Scale(torch.linspace(0, 1, 6).reshape(2, 3), table[0], 'f32[2]', mask=(torch.arange(4) % 2 == 0).reshape(4))");
    EXPECT_EQ(parse_invocation("Net([i64[4; 1, 3]], f16[2]).encode(f32[2])")->expression, "Net([(torch.arange(4) % 2 + 1).reshape(4)], f16[2])");
}

TEST(ParseInvocation, RefusesWhatIsNoSample) {
    for (const char* text : {"", "Net", "Net(", "Net)(", "(f32[2])", "Net(8)(f32[2)", "Net(8)(f32[a])", "Net(8)(f32[2; 1])", "Net(8)(f32[-2])",
                             "Net(8)('abc)", "Net(8)(a=1, 2)", "Net(8)(1,,2)"})
        EXPECT_FALSE(parse_invocation(text).has_value()) << text;
    EXPECT_FALSE(parse_invocation("f(" + std::string(5000, '[') + std::string(5000, ']') + ")").has_value()) << "nested too deeply";
}

TEST(PrintInvocation, RoundTrips) {
    for (const char* text : {"Net(8, heads=2)(f32[2, 3, 32, 32])", "Net()(i64[2, 16; 0, 50], mask=bool[2, 16])", "Net(8).encode(f32[2, 8; 0.0, 1.5])",
                             "f(bool([True, False]), (f32[2], [1, 2.5]), x=None, y='a\\'b\\n')", "f(Config(1, dim=8), {'k': [True, ()]}, (1,))",
                             "f(torch.eye(3), c64[2], bf16[3], u8[1])"}) {
        const Invocation invocation = parsed(text);
        EXPECT_EQ(print_invocation(invocation), text);
        EXPECT_EQ(parsed(print_invocation(invocation)), invocation) << text;
    }
}

TEST(CaseInvocation, ReadsTheCorpusFormat) {
    const Json test_case = Json::parse(R"json({"class": "ViT", "args": [3, {"$tuple": [8, 8]}, {"$eval": "nn.GELU"}, {"$call": "Config", "args": [1], "kwargs": {"d": 2}}],
        "kwargs": {"bias": false, "fn": {"$eval": "torch.nn.ModuleList([])", "$mlx": "[]"}},
        "inputs": [{"shape": [2, 8], "dtype": "float32"}], "input_kwargs": {"n": 3}})json");
    const base::Result<Invocation> invocation = case_invocation(test_case);
    ASSERT_TRUE(invocation);
    EXPECT_EQ(invocation->expression, "ViT(3, (8, 8), nn.GELU, Config(1, d=2), bias=False, fn=torch.nn.ModuleList([]))");
    EXPECT_EQ(invocation->mlx_expression, "ViT(3, (8, 8), nn.GELU, Config(1, d=2), bias=False, fn=[])");
    EXPECT_EQ(invocation->spec["args"].size(), 1U);
    EXPECT_EQ(invocation->spec["kwargs"]["n"], 3);
    EXPECT_FALSE(case_invocation(Json::parse(R"({"args": []})")).has_value());
    EXPECT_FALSE(case_invocation(Json::parse(R"({"class": "A", "args": {}})")).has_value());
    EXPECT_FALSE(read_cases("/no/such/file.json").has_value());
}

}  // namespace
}  // namespace mlxify::verify
