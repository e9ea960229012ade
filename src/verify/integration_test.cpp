// The judge with real workers: a true pair passes, and each wrong one fails at its own stage.
// Needs MLXIFY_PYTHON, an interpreter with torch and mlx; without it the tests are skipped aloud.
#include <algorithm>

#include "verify/proof.h"
#include "verify/test_support.h"
#include "verify/verify.h"

namespace mlxify::verify {
namespace {

constexpr std::string_view kTorch = R"(import torch
from torch import nn
import torch.nn.functional as F


class Mixer(nn.Module):
    def __init__(self, dim: int, heads: int = 2, dropout: float = 0.5):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.batch = nn.BatchNorm1d(dim)
        self.drop = nn.Dropout(dropout)
        self.gain = nn.Parameter(torch.zeros(dim))
        self.register_buffer("bias_table", torch.linspace(0, 1, 128), persistent=True)

    def forward(self, x: torch.Tensor):
        b, l, d = x.shape
        q, k, v = self.qkv(self.norm(x)).view(b, l, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5 + self.bias_table[:l]
        y = (F.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(b, l, d)
        y = self.batch(y.transpose(1, 2)).transpose(1, 2)
        return x + self.gain * self.drop(y), scores.argmax(-1)
)";

constexpr std::string_view kMlx = R"(import mlx.core as mx
import mlx.nn as nn


class Mixer(nn.Module):
    def __init__(self, dim: int, heads: int = 2, dropout: float = 0.5):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.batch = nn.BatchNorm(dim)
        self.drop = nn.Dropout(dropout)
        self.gain = mx.zeros(dim)
        self.bias_table = mx.linspace(0, 1, 128)
        self.freeze(keys=["bias_table"], recurse=False)

    def __call__(self, x: mx.array):
        b, l, d = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(b, l, 3, self.heads, d // self.heads).transpose(2, 0, 3, 1, 4)
        scores = q @ k.swapaxes(-2, -1) / (d // self.heads) ** 0.5 + self.bias_table[:l]
        y = (mx.softmax(scores, axis=-1) @ v).swapaxes(1, 2).reshape(b, l, d)
        y = self.batch(y)
        return x + self.gain * self.drop(y), mx.argmax(scores, axis=-1).astype(mx.int32)

    def sanitize(self, weights):
        return {k: v for k, v in weights.items() if not k.endswith("num_batches_tracked")}
)";

// The converted text with one piece exchanged.
std::string with(std::string_view from, std::string_view to, std::string_view text = kMlx) {
    std::string changed(text);
    const std::size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) changed.replace(at, from.size(), to);
    return changed;
}

class IntegrationTest : public WorkersTest {
protected:
    static Verdict judge(std::string_view torch, std::string_view mlx, const std::string& call = "") {
        Request request;
        request.original = torch;
        request.entries = entry_points(torch);
        request.timing = false;
        if (!call.empty()) request.calls = {call};
        diagnostics::Sink sink;
        const Prepared prepared = prepare(*workers_, request, sink);
        return verify(*workers_, request, prepared, mlx, {});
    }

    static Verdict judge_mixer(std::string_view mlx) { return judge(kTorch, mlx, "Mixer(16)(f32[2, 6, 16])"); }

    // The name of the first stage that failed, or the level.
    static std::string outcome(const Verdict& verdict) {
        for (const EntryProof& entry : verdict.entries)
            for (const Stage& stage : entry.stages)
                if (stage.result == StageResult::failed) return stage.name;
        return verdict.level == Level::verified                 ? "verified"
               : verdict.level == Level::verified_for_inference ? "verified for inference"
               : verdict.level == Level::inconclusive           ? "inconclusive"
                                                                : "refused";
    }

    static std::string reasons(const Verdict& verdict) {
        std::string text;
        for (const diagnostics::Diagnostic& diagnostic : verdict.diagnostics) text += diagnostic.message + "\n";
        return text;
    }
};

TEST_F(IntegrationTest, ATruePairIsVerified) {
    const Verdict verdict = judge_mixer(kMlx);
    EXPECT_EQ(outcome(verdict), "verified") << reasons(verdict);
    EXPECT_TRUE(verdict.not_proved.empty());
    ASSERT_EQ(verdict.entries.size(), 1U);
    EXPECT_GT(verdict.entries[0].max_error, 0);
    EXPECT_LT(verdict.entries[0].max_error, verdict.entries[0].tolerance);
    EXPECT_GE(verdict.entries[0].samples.size(), 2U) << "another size";
}

TEST_F(IntegrationTest, AModuleWithoutForwardIsNamedAsNotProved) {
    constexpr std::string_view kOriginal = R"(from torch import nn


class Net(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        return self.proj(x)


class Base(nn.Module):
    def scaled(self, x):
        return 2 * x
)";
    const std::string converted = "import mlx.nn as nn\n\n\n" + with("forward", "__call__", kOriginal.substr(kOriginal.find("class Net")));
    const Verdict verdict = judge(kOriginal, converted);
    EXPECT_EQ(outcome(verdict), "verified") << reasons(verdict);
    EXPECT_EQ(verdict.not_proved, std::vector<std::string>{"Base"});
}

TEST_F(IntegrationTest, WrongNumbersFailAtValues) {
    for (const auto& [from, to] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"eps=1e-6", "eps=1e-5"},
             {"mx.softmax(scores, axis=-1)", "mx.softmax(scores, axis=-2)"},
             {".swapaxes(1, 2).reshape(b, l, d)", ".reshape(b, l, d)"},
             {"(d // self.heads) ** 0.5", "d ** 0.5"},
             {"nn.BatchNorm(dim)", "nn.BatchNorm(dim, eps=1e-3)"}}) {
        const Verdict verdict = judge_mixer(with(from, to));
        EXPECT_EQ(outcome(verdict), stage::kValues) << from << " -> " << to << "\n" << reasons(verdict);
        EXPECT_FALSE(verdict.saveable());
    }
}

TEST_F(IntegrationTest, WhatACallLeavesInAttributesIsCompared) {
    constexpr std::string_view kWithLoss = R"(import torch
from torch import nn


class Router(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.gate = nn.Linear(dim, 4)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: torch.Tensor):
        p = self.gate(x).softmax(-1)
        self.balance = (p * p).sum(-1).mean()
        if self.training:
            self.calls += 1
        return x * p.max(-1, keepdim=True).values
)";
    constexpr std::string_view kInMlx = R"(import mlx.core as mx
import mlx.nn as nn


class Router(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.gate = nn.Linear(dim, 4)
        self.calls = mx.zeros(())
        self.freeze(keys=["calls"], recurse=False)

    def __call__(self, x: mx.array):
        p = mx.softmax(self.gate(x), axis=-1)
        self._balance = (p * p).sum(axis=-1).mean()
        if self.training:
            self.calls = self.calls + 1
        return x * p.max(axis=-1, keepdims=True)
)";
    const std::string call = "Router(8)(f32[2, 6, 8])";
    const Verdict right = judge(kWithLoss, kInMlx, call);
    EXPECT_EQ(outcome(right), "verified") << reasons(right);
    const Verdict other_loss = judge(kWithLoss, with("sum(axis=-1).mean()", "sum(axis=-1).sum()", kInMlx), call);
    EXPECT_EQ(outcome(other_loss), stage::kValues);
    EXPECT_NE(reasons(other_loss).find("attribute.balance"), std::string::npos) << reasons(other_loss);
    const Verdict counted_always = judge(kWithLoss, with("if self.training:", "if True:", kInMlx), call);
    EXPECT_EQ(outcome(counted_always), stage::kValues) << reasons(counted_always);
}

TEST_F(IntegrationTest, ADifferenceIsLocated) {
    const Verdict verdict = judge_mixer(with("(d // self.heads) ** 0.5", "d ** 0.5"));
    ASSERT_FALSE(verdict.diagnostics.empty());
    EXPECT_NE(verdict.diagnostics[0].message.find("`scores` in line 20 of the original, line 20 of the converted"), std::string::npos)
        << reasons(verdict);
    EXPECT_EQ(kTorch.substr(verdict.diagnostics[0].span.begin, 9), "scores = ");
}

TEST_F(IntegrationTest, WrongStructureIsNamed) {
    EXPECT_EQ(outcome(judge_mixer(with("mx.argmax(scores, axis=-1).astype(mx.int32)", "mx.argmax(scores, axis=-2).astype(mx.int32)"))), stage::kValues);
    EXPECT_EQ(outcome(judge_mixer(with("mx.argmax(scores, axis=-1).astype(mx.int32)", "mx.argmax(scores, axis=-1, keepdims=True).astype(mx.int32)"))),
              stage::kStructure);
    EXPECT_EQ(outcome(judge_mixer(with(", mx.argmax(scores, axis=-1).astype(mx.int32)", ""))), stage::kStructure);
}

TEST_F(IntegrationTest, WeightsMustMapOneToOne) {
    EXPECT_EQ(outcome(judge_mixer(with("3 * dim)", "3 * dim, bias=False)"))), stage::kWeights);
    EXPECT_EQ(outcome(judge_mixer(with("self.bias_table = mx", "self._bias_table = mx", with("self.freeze(keys=[\"bias_table\"], recurse=False)", "",
              with("+ self.bias_table[", "+ self._bias_table["))))), stage::kWeights);
}

TEST_F(IntegrationTest, WhatIsTrainedMustBeTheSame) {
    EXPECT_EQ(outcome(judge_mixer(with("        self.freeze(keys=[\"bias_table\"], recurse=False)\n", ""))), stage::kGradients) << "a trained buffer";
    EXPECT_EQ(outcome(judge_mixer(with("keys=[\"bias_table\"]", "keys=[\"bias_table\", \"gain\"]"))), stage::kGradients) << "an untrained parameter";
    EXPECT_EQ(outcome(judge_mixer(with("+ self.gain * ", "+ mx.stop_gradient(self.gain) * "))), stage::kGradients);
}

TEST_F(IntegrationTest, TrainingModeIsCompared) {
    EXPECT_EQ(outcome(judge_mixer(with("self.drop(y)", "y"))), stage::kTraining) << "lost dropout";
    EXPECT_EQ(outcome(judge_mixer(with("nn.BatchNorm(dim)", "nn.BatchNorm(dim, momentum=0.5)"))), stage::kTraining) << "running statistics";
}

TEST_F(IntegrationTest, EarlyStagesFailBeforeAnythingRuns) {
    EXPECT_EQ(outcome(judge_mixer(with("import mlx.core as mx", "import torch\nimport mlx.core as mx"))), stage::kNoRemnant);
    EXPECT_EQ(outcome(judge_mixer(with("mx.softmax(scores, axis=-1)", "F.softmax(scores, -1)"))), stage::kNoRemnant);
    EXPECT_EQ(outcome(judge_mixer(with("def __call__(self, x: mx.array):", "def __call__(self, x: mx.array:"))), stage::kParses);
    EXPECT_EQ(outcome(judge_mixer(with("import mlx.nn as nn", "import mlx.nn as nn\nmx.no_such_name"))), stage::kImports);
    EXPECT_EQ(outcome(judge_mixer(with("mx.zeros(dim)", "mx.zeros(dim, mx.no_such_dtype)"))), stage::kInstantiates);
    const Verdict verdict = judge_mixer(with("y = self.batch(y)", "y = self.batch(y).no_such_method()"));
    EXPECT_EQ(outcome(verdict), stage::kForward);
    EXPECT_NE(reasons(verdict).find("line 22"), std::string::npos) << reasons(verdict);
}

TEST_F(IntegrationTest, NothingThatCannotFailIsAProof) {
    const std::string torch = "import torch\n\ndef constant(x):\n    return torch.zeros(3)\n";
    const std::string mlx = "import mlx.core as mx\n\ndef constant(x):\n    return mx.zeros(3)\n";
    EXPECT_EQ(outcome(judge(torch, mlx, "constant(f32[2])")), "inconclusive");
}

TEST_F(IntegrationTest, MissingGradientsOfMlxLeaveInference) {
    const std::string torch = "import torch\n\ndef inverse(x):\n    return torch.linalg.inv(x @ x.transpose(-1, -2) + 3 * torch.eye(4))\n";
    const std::string mlx =
        "import mlx.core as mx\n\ndef inverse(x):\n    return mx.linalg.inv(x @ x.swapaxes(-1, -2) + 3 * mx.eye(4), stream=mx.cpu)\n";
    EXPECT_EQ(outcome(judge(torch, mlx, "inverse(f32[2, 4, 4])")), "verified for inference");
}

TEST_F(IntegrationTest, BfloatIsReadAsFloatOnBothSides) {
    const std::string torch = "import torch\nfrom torch import nn\n\nclass Net(nn.Module):\n    def __init__(self, dim):\n        super().__init__()\n"
                              "        self.proj = nn.Linear(dim, dim)\n\n    def forward(self, x):\n"
                              "        return self.proj(x).to(torch.bfloat16) @ x.transpose(-1, -2)\n";
    const std::string mlx = "import mlx.core as mx\nimport mlx.nn as nn\n\nclass Net(nn.Module):\n    def __init__(self, dim):\n        super().__init__()\n"
                            "        self.proj = nn.Linear(dim, dim)\n\n    def __call__(self, x):\n"
                            "        return self.proj(x).astype(mx.bfloat16) @ x.swapaxes(-1, -2)\n";
    const Verdict verdict = judge(torch, mlx);
    EXPECT_EQ(outcome(verdict), "verified") << reasons(verdict);
    ASSERT_EQ(verdict.entries.size(), 1U);
    EXPECT_EQ(verdict.entries[0].original_dtype, "bfloat16");
}

TEST_F(IntegrationTest, SurvivesModelsThatEndOrHang) {
    const std::string torch = "import os\nimport torch\n\ndef leave(x):\n    os._exit(0)\n";
    const Verdict verdict = judge(torch, "def leave(x):\n    return x\n", "leave(f32[2])");
    EXPECT_EQ(outcome(verdict), "refused");
    EXPECT_EQ(outcome(judge_mixer(kMlx)), "verified") << "the next file is not harmed";
    EXPECT_EQ(outcome(judge_mixer(with("y = self.batch(y)", "__import__('os')._exit(0)"))), stage::kForward);
}

}  // namespace
}  // namespace mlxify::verify
