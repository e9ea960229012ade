"""What is particular to the session of torch: identities, references, dtypes read as wider ones, random numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from worker_client import Json, WorkerError, WorkerSession

from mlxify.workers import arrays

X: Json = {"args": [{"shape": [4, 6], "dtype": "float32"}]}


def run(session: WorkerSession, text: str, spec: Json = X, **options: object) -> dict[str, arrays.Raw]:
    """Calls the function `f` of the text; the arrays that the call wrote."""
    session.load(text)
    session.ask("construct", expression="f", seed=0)
    session.ask("inputs", spec=spec, seed=0, out=session.path("inputs"))
    session.ask("call", spec=spec, arrays=session.path("inputs"), out=session.path("out"), **options)
    return arrays.read(session.path("out"))[0]


def test_compilers_are_identities(torch_session: WorkerSession) -> None:
    text = """
import sys
import torch
from torch.utils.checkpoint import checkpoint
@torch.compile
def a(x): return x + 1
@torch.compile(mode="reduce-overhead", dynamic=True)
def b(x): return x + 1
@torch.jit.script
def c(x): return x + 1
@torch.compiler.disable
def d(x): return x + 1
@torch.compiler.disable(recursive=False)
def e(x): return x + 1
assert torch.compile(a) is a
assert torch.jit.script(torch.nn.Linear(2, 2)).__class__ is torch.nn.Linear
net = torch.nn.Linear(2, 2)
net.compile()
assert all(type(each).__name__ == "function" for each in (a, b, c, d, e))
def f(x):
    y = checkpoint(a, x, use_reentrant=False)
    assert "torch._dynamo.symbolic_convert" not in sys.modules, "that takes seconds"
    return e(d(c(b(y))))
"""
    out = run(torch_session, text)["leaf.0"].numbers()
    given = arrays.read(torch_session.path("inputs"))[0]["args.0"].numbers()
    np.testing.assert_allclose(out, given + 5, rtol=1e-6)


def test_accelerators_are_the_cpu(torch_session: WorkerSession) -> None:
    text = """
import torch
device = torch.device("cuda:0")
net = torch.nn.Linear(6, 6).cuda().to("cuda")
net = net.to(device=device, dtype=torch.float32)
def f(x):
    y = x.cuda() + x.to("cuda", non_blocking=True) + x.to(device) + torch.zeros(6, device="cuda") + torch.ones_like(x, device=device)
    torch.cuda.synchronize()
    return net(y) * 0 + y, torch.arange(3, device=x.device), y.is_cuda
"""
    out = run(torch_session, text)["leaf.0"].numbers()
    given = arrays.read(torch_session.path("inputs"))[0]["args.0"].numbers()
    np.testing.assert_allclose(out, 3 * given + 1, rtol=1e-5, atol=1e-6)


def test_a_file_with_the_name_of_a_library(torch_session: WorkerSession) -> None:
    for name in ("random", "numpy", "torch"):
        path = torch_session.scratch / f"{name}.py"
        path.write_text(
            "import random, torch, numpy\nclass Own: pass\nassert torch.zeros(1).numpy().sum() == random.randint(0, 0)\n"
        )
        definitions = torch_session.ask("load", path=str(path), name=name)["definitions"]
        assert [each["name"] for each in definitions] == ["Own"]
    torch_session.load("import random, statistics\nx = random.random()\n")


def test_references_stand_for_gpu_libraries(torch_session: WorkerSession) -> None:
    text = """
from fla.modules.l2norm import l2norm
import fla.modules
def f(x): return l2norm(x)
"""
    out = run(torch_session, text)["leaf.0"].numbers()
    np.testing.assert_allclose((out**2).sum(-1), 1, rtol=1e-3)
    with pytest.raises(WorkerError) as raised:
        torch_session.load("import fla.no_such_module")
    assert raised.value.type == "ModuleNotFoundError"


def test_no_worker_has_both_frameworks(torch_session: WorkerSession, mlx_session: WorkerSession) -> None:
    for session, other in ((torch_session, "mlx.core"), (mlx_session, "torch")):
        with pytest.raises(WorkerError) as raised:
            session.load(f"x = 1\nimport {other}\n")
        assert (raised.value.type, raised.value.record["line"]) == ("ModuleNotFoundError", 2)


BF16 = """
import torch
WIDTH = torch.bfloat16
def default(x, dtype=torch.bfloat16): return x.to(dtype)
def f(x):
    a = default(x) + x.bfloat16() + x.to(torch.bfloat16) + x.type(WIDTH)
    b = torch.zeros(6, dtype=getattr(torch, "bfloat16")) + 1
    return a, a.dtype == torch.bfloat16, a @ b, torch.nn.Linear(6, 2).bfloat16().weight.dtype == torch.bfloat16
"""


def test_bfloat16(torch_session: WorkerSession) -> None:
    out = run(torch_session, BF16)
    assert out["leaf.0"].dtype == "bfloat16"
    given = arrays.read(torch_session.path("inputs"))[0]["args.0"].numbers()
    np.testing.assert_allclose(out["leaf.0"].numbers(), 4 * given, rtol=2**-7)


def test_bfloat16_read_as_float32(torch_session: WorkerSession, mlx_session: WorkerSession) -> None:
    torch_session.load("x = 1", bf16_as_f32=True)
    out = run(torch_session, BF16)
    assert (out["leaf.0"].dtype, out["leaf.1"].dtype) == ("float32", "float32")
    given = arrays.read(torch_session.path("inputs"))[0]["args.0"].numbers()
    np.testing.assert_allclose(out["leaf.0"].numbers(), 4 * given, rtol=1e-6)
    mlx_session.load("x = 1", bf16_as_f32=True)
    text = "import mlx.core as mx\ndef f(x):\n    return x.astype(mx.bfloat16), x.dtype == mx.bfloat16\n"
    spec = {"args": [{"shape": [4, 6], "dtype": "bfloat16"}]}
    out = run(mlx_session, text, spec)
    assert out["leaf.0"].dtype == "float32"
    given = arrays.read(mlx_session.path("inputs"))[0]["args.0"]
    assert given.dtype == "bfloat16"
    np.testing.assert_array_equal(out["leaf.0"].numbers(), given.numbers())


def test_float64_reaches_what_is_made_inside(torch_session: WorkerSession) -> None:
    text = """
import torch
import torch.nn.functional as F
WIDTH = torch.float32
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full((6,), 1 / 3))
        self.register_buffer("table", torch.arange(6) / 7)
    def forward(self, x):
        y = x.float() + torch.ones(6) / 3 + torch.rand(6, dtype=torch.float32) * 0 + x.to(WIDTH) + torch.zeros(6, dtype=WIDTH)
        z = torch.fft.fft(x.to(torch.complex64)) + torch.ones(6, dtype=torch.cfloat)
        assert z.dtype == torch.complex64 and z.real.dtype == x.dtype
        return F.softmax(y * self.weight + self.table, -1, dtype=torch.float32), y.dtype == torch.float32
f = Net()
"""
    torch_session.load(text)
    torch_session.ask("construct", expression="Net()", seed=0)
    torch_session.ask("inputs", spec=X, seed=0, out=torch_session.path("inputs"))
    options = {"spec": X, "arrays": torch_session.path("inputs"), "out": torch_session.path("out")}
    wide = torch_session.ask("call", **options, float64=True)
    assert wide["leaves"][0]["dtype"] == "float64"
    assert wide["tree"]["tuple"][1] == {"const": True}
    x = arrays.read(torch_session.path("inputs"))[0]["args.0"].numbers().astype(np.float64)
    y = (2 * x + np.float64(1) / 3) * np.float64(np.float32(1 / 3)) + (
        np.arange(6, dtype=np.float32) / np.float32(7)
    ).astype(np.float64)
    expected = np.exp(y) / np.exp(y).sum(-1, keepdims=True)
    np.testing.assert_allclose(arrays.read(torch_session.path("out"))[0]["leaf.0"].numbers(), expected, rtol=1e-12)
    assert torch_session.ask("call", **options)["leaves"][0]["dtype"] == "float32"
    gradient = torch_session.ask("gradient", **options, float64=True)
    assert gradient["without"] == []
    assert arrays.read(torch_session.path("out"))[0]["parameter.weight"].dtype == "float64"


DRAWS = [
    ("torch.rand(3, 4)", "mx.random.uniform(shape=(3, 4))"),
    ("torch.rand((3, 4)) * 2 - 1", "mx.random.uniform(-1, 1, (3, 4))"),
    ("torch.rand_like(x)", "mx.random.uniform(shape=x.shape)"),
    ("torch.empty(5).uniform_(-2, 3)", "mx.random.uniform(-2, 3, (5,))"),
    ("torch.randn(size=(3, 4))", "mx.random.normal((3, 4))"),
    ("torch.randn_like(x) * 2 + 1", "mx.random.normal(x.shape, loc=1, scale=2)"),
    ("torch.normal(1.0, 2.0, (7,))", "mx.random.normal((7,), loc=1, scale=2)"),
    ("torch.normal(x, 0.5)", "mx.random.normal(x.shape) * 0.5 + x"),
    ("torch.empty(4, 4).normal_(1, 0.1)", "mx.random.normal((4, 4)) * 0.1 + 1"),
    ("torch.bernoulli(torch.full((9,), 0.3))", "mx.random.bernoulli(mx.full((9,), 0.3)).astype(mx.float32)"),
    ("torch.empty(9, 9).bernoulli_(0.7)", "mx.random.bernoulli(0.7, (9, 9)).astype(mx.float32)"),
    ("torch.empty(3, 1, 1).bernoulli_(0.5)", "mx.random.bernoulli(0.5, (3, 1, 1)).astype(mx.float32)"),
    ("torch.randint(2, 9, (20,))", "mx.random.randint(2, 9, (20,))"),
    ("torch.randint(9, size=(20,))", "mx.random.randint(0, 9, (20,))"),
    ("torch.randint_like(x, 3)", "mx.random.randint(0, 3, x.shape).astype(mx.float32)"),
    ("torch.randperm(11)", "mx.random.permutation(11)"),
    ("-torch.empty(6).exponential_().log()", "mx.random.gumbel((6,))"),
    ("F.gumbel_softmax(x, tau=0.5)", "mx.softmax((x + mx.random.gumbel(x.shape)) / 0.5, axis=-1)"),
    (
        "torch.multinomial(x.softmax(-1), 3, replacement=True)",
        "mx.random.categorical(mx.log(mx.softmax(x, axis=-1)), num_samples=3)",
    ),
    ("torch.multinomial(x.softmax(-1), 1)", "mx.random.categorical(mx.log(mx.softmax(x, axis=-1)), num_samples=1)"),
    ("F.dropout(x, 0.4)", "nn.Dropout(0.4)(x)"),
    ("nn.Dropout(0.4)(x)", "nn.Dropout(0.4)(x)"),
    ("F.dropout(x.clone(), 0.4, inplace=True)", "nn.Dropout(0.4)(x)"),
    (
        "nn.Dropout2d(0.5)(x[None, :, :, None] * torch.ones(5)).permute(0, 2, 3, 1)",
        "nn.Dropout2d(0.5)(x.T[None, :, None] * mx.ones((5, 1)))",
    ),
    (
        "F.scaled_dot_product_attention(x, x, x, dropout_p=0.5)",
        "(lambda w: w * mx.random.bernoulli(0.5, w.shape) * 2)(mx.softmax(x @ x.T / 6**0.5, axis=-1)) @ x",
    ),
]


@pytest.fixture(scope="module")
def drawn(torch_server, mlx_server, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, np.ndarray], ...]:
    """All draws on both sides, in the opposite order on MLX's, with and without dropping."""
    folder = tmp_path_factory.mktemp("draws")
    results = []
    for number, (name, server) in enumerate((("torch", torch_server), ("mlx", mlx_server))):
        session = server.open(folder / name)
        imports = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
        if name == "mlx":
            imports = "import mlx.core as mx\nimport mlx.nn as nn\n"
        body = "".join(f"def f{index}(x): return {pair[number]}\n" for index, pair in enumerate(DRAWS))
        found: dict[str, np.ndarray] = {}
        session.load(imports + body)
        session.ask("construct", expression="f0", seed=0)
        session.ask("inputs", spec=X, seed=0, out=session.path("inputs"))
        for index in range(len(DRAWS)):
            session.ask("construct", expression=f"f{index}", seed=0)
            for dropout in ("on", "off"):
                options = {"streams": 8, "training": True, "dropout": dropout}
                session.ask("call", spec=X, arrays=session.path("inputs"), out=session.path("out"), **options)
                found[f"{index} {dropout}"] = arrays.read(session.path("out"))[0]["leaf.0"].numbers()
        session.close()
        results.append(found)
    return tuple(results)


@pytest.mark.parametrize("dropout", ["on", "off"])
@pytest.mark.parametrize("index", range(len(DRAWS)), ids=[pair[0] for pair in DRAWS])
def test_draws_are_shared(drawn: tuple[dict[str, np.ndarray], ...], index: int, dropout: str) -> None:
    key = f"{index} {dropout}"
    one, other = drawn[0][key], drawn[1][key]
    assert one.shape == other.shape
    np.testing.assert_allclose(other.astype(np.float64), one.astype(np.float64), rtol=2e-5, atol=2e-6)


def test_draws_that_drop(drawn: tuple[dict[str, np.ndarray], ...]) -> None:
    """`off` keeps everything, at the scale of `on`."""
    for index, pair in enumerate(DRAWS):
        if "ropout" in pair[0] and "attention" not in pair[0]:
            on, off = drawn[0][f"{index} on"], drawn[0][f"{index} off"]
            assert (on == 0).any(), pair[0]
            assert (off != 0).all(), pair[0]
            np.testing.assert_allclose(on[on != 0], off[on != 0], rtol=1e-6)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_recurrent_dropout(torch_session: WorkerSession, kind: str, batch_first: bool) -> None:
    """With nothing dropped: the network without dropout, its layers' inputs scaled; and dropping is active."""
    torch_session.load(f"""
import torch
class Net(torch.nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.net = torch.nn.{kind}(6, 5, 3, dropout=dropout, bidirectional=True, batch_first={batch_first})
    def forward(self, x):
        return self.net(x)
""")
    found = []
    for dropout, off in ((0.5, True), (0.0, True), (0.5, False)):
        torch_session.ask("construct", expression=f"Net({dropout})", seed=0)
        torch_session.ask("draw", seed=2, out=torch_session.path("weights"))
        weights, metadata = arrays.read(torch_session.path("weights"))
        if dropout == 0.0:
            for name, raw in weights.items():
                if name.startswith("net.weight_ih_l") and "_l0" not in name:
                    weights[name] = arrays.Raw.of(raw.values * 2)
        arrays.write(torch_session.path("weights"), weights, metadata)
        torch_session.ask("weights", path=torch_session.path("weights"))
        spec = {"args": [{"shape": [4, 3, 6], "dtype": "float32"}]}
        torch_session.ask("inputs", spec=spec, seed=0, out=torch_session.path("inputs"))
        options = {"training": True, "streams": 3, "dropout": "off" if off else "on"}
        torch_session.ask(
            "call", spec=spec, arrays=torch_session.path("inputs"), out=torch_session.path("out"), **options
        )
        found.append({name: raw.numbers() for name, raw in arrays.read(torch_session.path("out"))[0].items()})
    assert len(found[0]) == (3 if kind == "LSTM" else 2)
    for name, values in found[0].items():
        np.testing.assert_allclose(values, found[1][name], rtol=1e-4, atol=1e-6)
        assert not np.allclose(values, found[2][name])


def test_draws_in_the_constructor(torch_session: WorkerSession, mlx_session: WorkerSession) -> None:
    texts = (
        "import torch\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.layer = torch.nn.Linear(3, 3)\n        self.register_buffer('mix', torch.randn(4, 5))\n",
        "import mlx.core as mx\nimport mlx.nn as nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.mix = mx.random.normal((4, 5))\n        self.layer = nn.Linear(3, 3)\n",
    )
    found = []
    for session, text in zip((torch_session, mlx_session), texts, strict=True):
        session.load(
            text + "    def forward(self): return self.mix\n    __call__ = forward\n"
            if session is mlx_session
            else text + "    def forward(self): return self.mix\n"
        )
        session.ask("construct", expression="Net()", seed=0, streams=7)
        session.ask("call", spec={}, out=session.path("out"))
        found.append(arrays.read(session.path("out"))[0]["leaf.0"].numbers())
    np.testing.assert_array_equal(found[0], found[1])


def test_initial_states_tell_what_the_layers_put_there(torch_session: WorkerSession) -> None:
    torch_session.load(
        "import copy\nimport torch\nfrom torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.plain = nn.Linear(3, 3)\n        self.copied = copy.deepcopy(self.plain)\n"
        "        self.norm = nn.LayerNorm(3)\n        self.twin = copy.deepcopy(self.norm)\n"
        "        self.own = nn.Linear(3, 3)\n        nn.init.normal_(self.own.weight)\n        nn.init.zeros_(self.own.bias)\n"
        "        self.scale = nn.Parameter(torch.ones(2))\n    def forward(self, x): return x\n"
    )
    torch_session.ask("construct", expression="Net()", seed=0)
    states = []
    for seed in (1, 2):
        torch_session.ask("initial", seed=seed, streams=seed, out=torch_session.path("initial"))
        state, metadata = arrays.read(torch_session.path("initial"))
        assert sorted(json.loads(metadata["defaults"])) == [
            "copied.bias", "copied.weight", "norm.bias", "norm.weight", "plain.bias", "plain.weight", "twin.bias", "twin.weight"
        ]  # fmt: skip
        states.append({name: raw.numbers() for name, raw in state.items()})
    assert not np.array_equal(states[0]["own.weight"], states[1]["own.weight"])
    np.testing.assert_array_equal(states[0]["scale"], states[1]["scale"])
    np.testing.assert_array_equal(states[0]["plain.weight"], states[0]["copied.weight"])


def test_initial_states_tell_what_mlx_layers_put_there(mlx_session: WorkerSession) -> None:
    mlx_session.load(
        "import copy\nimport mlx.core as mx\nfrom mlx import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.plain = nn.Conv1d(3, 3, 3)\n        self.copied = copy.deepcopy(self.plain)\n"
        "        self.padded = nn.Embedding(5, 3)\n        self.padded.weight[2] = 0\n"
        "        self.drawn = nn.Conv1d(3, 3, 3)\n        self.drawn.weight = mx.random.normal((3, 3, 3))\n        self.drawn.bias = mx.ones(3)\n"
        "        self.scale = mx.zeros(3)\n        self.own = mx.random.uniform(-1, 1, (3, 3))\n    def __call__(self, x): return x\n"
    )
    mlx_session.ask("construct", expression="Net()", seed=0)
    mlx_session.ask("initial", seed=1, streams=1, out=mlx_session.path("initial"))
    _, metadata = arrays.read(mlx_session.path("initial"))
    assert sorted(json.loads(metadata["defaults"])) == ["copied.bias", "copied.weight", "padded.weight", "plain.bias", "plain.weight"]


def test_a_model_that_differentiates_itself(torch_session: WorkerSession) -> None:
    text = """
import torch
def f(x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad((x ** 2).sum(), x)[0]
"""
    out = run(torch_session, text)["leaf.0"].numbers()
    np.testing.assert_allclose(out, 2 * arrays.read(torch_session.path("inputs"))[0]["args.0"].numbers(), rtol=1e-6)


def test_results_of_every_kind(torch_session: WorkerSession) -> None:
    text = """
import collections, dataclasses, math, torch
import numpy as np
Pair = collections.namedtuple("Pair", "a b")
@dataclasses.dataclass
class Result:
    value: torch.Tensor
    note: str
class Odd:
    def __init__(self, x): self.x, self._hidden = x, 1
def f(x):
    return {"pair": Pair(x, 1), "list": [None, True, math.nan, -math.inf, 1 << 70], "result": Result(x, "n"), 3: Odd(x),
            "numpy": np.ones(2), "complex": torch.complex(x, x), "bf16": x.bfloat16(), "empty": x[:0], "dtype": x.dtype,
            "bool": x > 0, "sparse": torch.eye(2).to_sparse(), "view": x.t().conj()}
"""
    torch_session.load(text)
    torch_session.ask("construct", expression="f", seed=0)
    torch_session.ask("inputs", spec=X, seed=0, out=torch_session.path("inputs"))
    answer = torch_session.ask("call", spec=X, arrays=torch_session.path("inputs"), out=torch_session.path("out"))
    tree = answer["tree"]["dict"]
    assert tree["pair"] == {"tuple": [{"leaf": 0}, {"const": 1}]}
    assert tree["list"]["list"] == [
        {"const": None},
        {"const": True},
        {"const": "nan"},
        {"const": "-inf"},
        {"const": str(1 << 70)},
    ]
    assert tree["result"] == {"object": "Result", "fields": {"value": {"leaf": 1}, "note": {"const": "n"}}}
    assert tree["3"] == {"object": "Odd", "fields": {"x": {"leaf": 2}}}
    assert tree["dtype"]["object"] == "dtype"
    dtypes = [leaf["dtype"] for leaf in answer["leaves"]]
    assert dtypes == ["float32"] * 3 + ["float64", "complex64", "bfloat16", "float32", "bool", "float32", "float32"]
    assert arrays.read(torch_session.path("out"))[0].keys() == {f"leaf.{index}" for index in range(10)}


def test_inputs_of_every_kind(torch_session: WorkerSession, mlx_session: WorkerSession) -> None:
    """Structures that torch's side evaluates arrive on MLX's."""
    spec = {
        "args": [
            {"$eval": "[torch.eye(2), (torch.ones(1), 3)]"},
            {"$tuple": [{"shape": [2], "dtype": "bfloat16"}, "text", None]},
            {"$call": "Box", "args": [4], "kwargs": {"y": {"data": [1, 2], "dtype": "int64"}}},
        ],
        "kwargs": {
            "table": {"key": {"shape": [2], "dtype": "bool"}},
            "act": {"$eval": "torch.relu", "$mlx": "nn.relu"},
        },
    }
    body = """
class Box:
    def __init__(self, x, y): self.x, self.y = x, y
def f(parts, pair, box, table, act):
    return parts, pair, box, table, act(parts[0] - 0.5)
"""
    trees = []
    for session, imports in ((torch_session, "import torch\n"), (mlx_session, "import mlx.core as mx\n")):
        session.load(imports + body)
        session.ask("construct", expression="f", seed=0)
        if session is torch_session:
            session.ask("inputs", spec=spec, seed=0, out=session.path("inputs"))
        answer = session.ask("call", spec=spec, arrays=torch_session.path("inputs"), out=session.path("out"))
        trees.append((answer["tree"], [leaf["shape"] for leaf in answer["leaves"]]))
    assert trees[0] == trees[1]
    one, other = (arrays.read(session.path("out"))[0] for session in (torch_session, mlx_session))
    assert one.keys() == other.keys()
    for name, raw in one.items():
        np.testing.assert_array_equal(raw.numbers(), other[name].numbers(), err_msg=name)
