"""The verbs on a pair of models that compute the same: each worker's answer, and that the two agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from worker_client import Json, WorkerError, WorkerServer, WorkerSession

from mlxify.workers import arrays

SPEC: Json = {
    "args": [{"shape": [2, 6], "dtype": "int64", "low": 0, "high": 11}],
    "kwargs": {"offset": {"shape": [2, 6, 8], "dtype": "float32"}},
}
EXPRESSION = "Mixer(11, Options(drop=0.5))"


class Pair:
    """Both models with the same weights, and inputs."""

    def __init__(self, torch: WorkerSession, mlx: WorkerSession) -> None:
        self.torch, self.mlx = torch, mlx
        torch.ask("draw", seed=3, out=torch.path("weights.safetensors"))
        self.loaded = mlx.ask("weights", path=torch.path("weights.safetensors"))
        torch.ask("inputs", spec=SPEC, seed=4, out=torch.path("inputs.safetensors"))

    def both(self, verb: str, **options: Any) -> tuple[Json, Json, dict[str, np.ndarray], dict[str, np.ndarray]]:
        """(torch's answer, MLX's, torch's arrays, MLX's); torch's state and gradients under MLX's names."""
        answers = []
        for session in (self.torch, self.mlx):
            out = session.path(f"{verb}.safetensors")
            answers.append(
                session.ask(verb, spec=SPEC, arrays=self.torch.path("inputs.safetensors"), out=out, **options)
            )
        renamed = self.mlx.path("renamed.safetensors")
        self.mlx.ask("names", path=self.torch.path(f"{verb}.safetensors"), out=renamed)
        return answers[0], answers[1], numbers(renamed), numbers(self.mlx.path(f"{verb}.safetensors"))


def numbers(path: str) -> dict[str, np.ndarray]:
    return {name: raw.numbers() for name, raw in arrays.read(path)[0].items()}


def assert_close(ones: dict[str, np.ndarray], others: dict[str, np.ndarray]) -> None:
    """To float32's rounding of a model of this depth, relative to the largest element.

    MLX also names attributes that no call assigned, and has arrays of attributes for buffers.
    """
    ones = {name.replace("._", "."): array for name, array in ones.items()}
    others = {name.replace("._", "."): array for name, array in others.items()}
    extra = {name for name in others.keys() - ones.keys() if name.startswith(("attribute.", "buffer.gates."))}
    assert ones.keys() == others.keys() - extra
    for name, one in ones.items():
        np.testing.assert_allclose(others[name], one, rtol=0, atol=1e-5 * max(1.0, np.abs(one).max()), err_msg=name)


@pytest.fixture(scope="module")
def module_pair(
    torch_server: WorkerServer, mlx_server: WorkerServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[WorkerSession, WorkerSession]]:
    folder = tmp_path_factory.mktemp("pair")
    sessions = []
    for name, server in (("torch", torch_server), ("mlx", mlx_server)):
        session = server.open(folder / name)
        session.load((Path(__file__).parent / "models" / f"mixer_{name}.py").read_text())
        session.ask("construct", expression=EXPRESSION, seed=1)
        sessions.append(session)
    yield sessions[0], sessions[1]
    for session in sessions:
        session.close()


@pytest.fixture
def pair(module_pair: tuple[WorkerSession, WorkerSession]) -> Pair:
    return Pair(*module_pair)


def test_definitions(torch_session: WorkerSession, torch_text: str) -> None:
    definitions = {each["name"]: each for each in torch_session.load(torch_text)["definitions"]}
    assert [(name, each["kind"]) for name, each in definitions.items()] == [
        ("Options", "dataclass"),
        ("Gate", "module"),
        ("Mixer", "module"),
        ("masked_mean", "function"),
    ]
    assert definitions["Mixer"]["bases"] == ["Module"]
    assert definitions["Mixer"]["parameters"] == [
        {"name": "vocabulary", "kind": "positional_or_keyword", "annotation": "int"},
        {"name": "options", "kind": "positional_or_keyword", "default": "None", "annotation": "model.Options | None"},
        {"name": "depth", "kind": "keyword_only", "default": "2", "annotation": "int"},
    ]
    assert [each["name"] for each in definitions["Mixer"]["forward"]] == ["tokens", "offset"]
    assert definitions["masked_mean"]["line"] == torch_text.splitlines().index("def masked_mean(x, mask):") + 1


@pytest.mark.parametrize(
    ("docstring", "annotation"),
    [
        ("k (int, optional): how many", "int"),
        (":param float k: how many", "float"),
        (":type k: :obj:`bool`", "bool"),
        ("k : integer, default 2", "int"),
        ("k (Tensor): how many", None),
        ("key (int): another", None),
    ],
)
def test_types_that_a_docstring_names(torch_session: WorkerSession, docstring: str, annotation: str | None) -> None:
    text = f'def f(k, l: str):\n    """Told.\n\n    {docstring}\n    l (int): the annotation counts\n    """\n'
    (definition,) = torch_session.load(text)["definitions"]
    assert [parameter.get("annotation") for parameter in definition["parameters"]] == [annotation, "str"]


def test_memory_that_is_left_as_found_is_the_same_every_time(torch_session: WorkerSession) -> None:
    torch_session.load(
        "import torch\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.weight = torch.nn.Parameter(torch.empty(4))\n        self.bias = torch.nn.Parameter(torch.empty(4))\n"
        "        self.register_buffer('seen', torch.empty(4, dtype=torch.long))\n"
        "    def forward(self, x):\n        return x * self.weight + self.bias, self.seen + 0\n"
    )
    torch_session.ask("construct", expression="Net()")
    spec = {"args": [{"shape": [4], "dtype": "float32"}], "kwargs": {}}
    torch_session.ask("inputs", spec=spec, seed=1, out=torch_session.path("in.safetensors"))
    torch_session.ask("call", spec=spec, arrays=torch_session.path("in.safetensors"), out=torch_session.path("out.safetensors"))
    given, found = (numbers(torch_session.path(f"{name}.safetensors")) for name in ("in", "out"))
    np.testing.assert_array_equal(found["leaf.0"], next(iter(given.values())))  # weights of one, biases of zero
    assert not found["leaf.1"].any()


def test_construction_lists_the_state(torch_session: WorkerSession, torch_text: str) -> None:
    torch_session.load(torch_text)
    made = torch_session.ask("construct", expression=EXPRESSION, seed=1)
    parameters = {each["name"]: each for each in made["parameters"]}
    assert parameters["embed.weight"] == {
        "name": "embed.weight",
        "shape": [11, 8],
        "dtype": "float32",
        "trainable": True,
    }
    assert parameters["head.weight"]["tied"] == "embed.weight"
    assert {each["name"]: each["persistent"] for each in made["buffers"]} == {
        "table": True,
        "position": False,
        "norm.running_mean": True,
        "norm.running_var": True,
        "norm.num_batches_tracked": True,
    }
    modules = {each["name"]: each["class"] for each in made["modules"]}
    assert (modules[""], modules["gates.1"], modules["conv"]) == ("Mixer", "Gate", "torch.nn.Conv1d")
    texts = {each["name"]: each.get("text") for each in made["modules"]}
    assert texts["conv"].startswith("Conv1d(8, 8, kernel_size=") and texts["gates.1"] is None
    assert made["callable"] is False


def test_mlx_construction_lists_the_state(mlx_session: WorkerSession, mlx_text: str) -> None:
    mlx_session.load(mlx_text)
    made = mlx_session.ask("construct", expression=EXPRESSION, seed=1)
    assert {each["name"]: each["persistent"] for each in made["buffers"]} == {
        "table": True,
        "_position": False,
        "norm.running_mean": True,
        "norm.running_var": True,
    }
    assert {each["name"]: each for each in made["parameters"]}["head.weight"]["tied"] == "embed.weight"


def test_weights_cross(pair: Pair) -> None:
    assert {name: pair.loaded[name] for name in ("missing", "unexpected", "mismatched")} == {
        "missing": [],
        "unexpected": [],
        "mismatched": [],
    }


def test_weights_are_strict(pair: Pair) -> None:
    path = pair.torch.path("weights.safetensors")
    given, metadata = arrays.read(path)
    del given["gates.0.scale"]
    given["gates.0.project.bias"] = arrays.Raw.of(np.zeros(9, np.float32))
    given["surplus"] = arrays.Raw.of(np.zeros(1, np.float32))
    arrays.write(path, given, metadata)
    loaded = pair.mlx.ask("weights", path=path)
    assert loaded["missing"] == ["gates.0.scale"]
    assert loaded["unexpected"] == ["surplus"]
    assert loaded["mismatched"] == ["gates.0.project.bias: (8,) from (9,)"]


def test_drawn_weights(pair: Pair) -> None:
    drawn = numbers(pair.torch.path("weights.safetensors"))
    assert not (drawn["gates.0.scale"] == 0).any(), "a gate that begins closed must not stay so"
    assert 0.5 <= drawn["norm.running_var"].min() <= drawn["norm.running_var"].max() <= 1.5
    np.testing.assert_allclose(drawn["table"], np.linspace(0, 1, 8), rtol=1e-6)
    np.testing.assert_array_equal(drawn["head.weight"], drawn["embed.weight"])
    pair.torch.ask("draw", seed=3, out=pair.torch.path("again.safetensors"))
    pair.torch.ask("draw", seed=5, out=pair.torch.path("other.safetensors"))
    again, other = numbers(pair.torch.path("again.safetensors")), numbers(pair.torch.path("other.safetensors"))
    for name, values in drawn.items():
        if name not in ("table", "position", "norm.num_batches_tracked"):
            np.testing.assert_array_equal(values, again[name], err_msg=name)
            assert not np.array_equal(values, other[name]), name


def test_calls_agree(pair: Pair) -> None:
    one, other, ones, others = pair.both("call")
    assert one["tree"] == other["tree"]
    assert one["tree"] == {
        "dict": {"logits": {"leaf": 0}, "hidden": {"tuple": [{"leaf": 1}, {"leaf": 2}]}, "length": {"const": 6}}
    }
    assert one["leaves"] == other["leaves"]
    assert one["leaves"][0] == {"shape": [2, 6, 11], "dtype": "float32", "finite": True}
    assert_close(ones, others)


def test_what_a_call_leaves_in_attributes_is_told_by_the_name_of_the_author(pair: Pair) -> None:
    _, _, ones, others = pair.both("call")
    assert "attribute.gates.1.openness" in ones
    assert others["attribute.seen"] == 6
    assert "attribute.norm.momentum" not in ones  # which no call assigns
    _, _, ones, others = pair.both("call", attributes=["seen", "nothing"])
    assert [name for name in others if name.startswith("attribute.")] == ["attribute.seen"]
    assert others["attribute.seen"] == 6


@pytest.mark.parametrize("options", [{"streams": 5}, {"dropout": "off"}, {"streams": 6, "dropout": "off"}])
def test_training_calls_agree(pair: Pair, options: Json) -> None:
    _, _, ones, others = pair.both("call", training=True, **options)
    assert_close(ones, others)
    assert np.abs(ones["buffer.norm.running_mean"]).max() > 0


def test_dropout_drops_by_the_stream(pair: Pair) -> None:
    masks = []
    for options in ({"streams": 5}, {"streams": 5}, {"streams": 6}, {"streams": 5, "dropout": "off"}):
        masks.append(pair.both("call", training=True, **options)[3]["leaf.1"] == 0)
    assert np.array_equal(masks[0], masks[1])
    assert not np.array_equal(masks[0], masks[2])
    assert masks[0].sum() > masks[3].sum()


def test_calls_leave_the_state_alone(pair: Pair) -> None:
    before = pair.both("call")[2:]
    for verb in ("call", "gradient", "sensitivity", "time", "probe", "reach", "trace"):
        for session in (pair.torch, pair.mlx):
            options = {"repeat": 1} if verb == "time" else {}
            session.ask(
                verb,
                spec=SPEC,
                arrays=pair.torch.path("inputs.safetensors"),
                out=session.path("x"),
                training=True,
                **options,
            )
    after = pair.both("call")[2:]
    for side in (0, 1):
        for name, values in before[side].items():
            np.testing.assert_array_equal(values, after[side][name], err_msg=name)


def test_every_call_begins_with_the_same_caches(torch_session: WorkerSession, mlx_session: WorkerSession) -> None:
    """A counter and the array that belongs to it are put back together."""
    text = """
{imports}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.length, self._table = 0, None
    def {call}(self, x):
        if x.shape[0] > self.length:
            self.length, self._table = x.shape[0], {numbers}(x.shape[0])
        return x + self._table
"""
    torch_session.load(
        text.format(imports="import torch\nfrom torch import nn", call="forward", numbers="torch.arange")
    )
    mlx_session.load(
        text.format(imports="import mlx.core as mx\nimport mlx.nn as nn", call="__call__", numbers="mx.arange")
    )
    for session in (torch_session, mlx_session):
        session.ask("construct", expression="Net()", seed=0)
        for length in (3, 5, 4):
            spec = {"args": [{"shape": [length], "dtype": "float32"}]}
            given, out = session.path("inputs"), session.path("out")
            session.ask("inputs", spec=spec, seed=0, out=given)
            answer = session.ask("call", spec=spec, arrays=given, out=out)
            assert answer["leaves"][0]["shape"] == [length]
            assert numbers(out)["attribute.length"] == length


def test_gradients_agree(pair: Pair) -> None:
    one, other, ones, others = pair.both("gradient", projection=9)
    assert one["without"] == other["without"] == []
    assert_close(ones, others)
    np.testing.assert_array_equal(ones["parameter.head.weight"], ones["parameter.embed.weight"])
    assert set(ones) >= {"input.kwargs.offset", "parameter.gates.1.scale"}
    assert "input.args.0" not in ones
    assert all(np.abs(values).max() > 0 for values in ones.values())


def test_gradient_is_the_derivative_of_the_projection(pair: Pair) -> None:
    """A finite difference in float64 of the sum that the protocol defines."""
    given, metadata = arrays.read(pair.torch.path("inputs.safetensors"))
    direction = np.random.default_rng(0).standard_normal((2, 6, 8))
    sums = []
    for step in (-1e-6, 1e-6):
        moved = {
            **given,
            "kwargs.offset": arrays.Raw.of(given["kwargs.offset"].values.astype(np.float64) + step * direction),
        }
        path = pair.torch.path("moved.safetensors")
        arrays.write(path, moved, metadata)
        pair.torch.ask("call", spec=SPEC, arrays=path, float64=True, out=pair.torch.path("out.safetensors"))
        out = numbers(pair.torch.path("out.safetensors"))
        leaves = [out[f"leaf.{index}"] for index in range(3)]
        weights = [
            np.random.default_rng([9, index]).standard_normal(leaf.shape).astype(np.float32)
            for index, leaf in enumerate(leaves)
        ]
        sums.append(sum((leaf * weight).sum() for leaf, weight in zip(leaves, weights, strict=True)))
    gradient = pair.both("gradient", projection=9)[2]["input.kwargs.offset"]
    assert np.isclose((sums[1] - sums[0]) / 2e-6, (gradient * direction).sum(), rtol=1e-4)


def test_steps_agree_and_leave_the_model(pair: Pair) -> None:
    before = pair.both("call")[2]
    _, _, _, others = pair.both("gradient", projection=9, rate=0.1, training=True, streams=5)
    given, _ = arrays.read(pair.torch.path("gradient.safetensors"))
    state = {name.removeprefix("after."): raw for name, raw in given.items() if name.startswith("after.")}
    _, metadata = arrays.read(pair.torch.path("weights.safetensors"))
    arrays.write(pair.torch.path("state.safetensors"), state, metadata)
    pair.mlx.ask("names", path=pair.torch.path("state.safetensors"), out=pair.mlx.path("state.safetensors"))
    theirs = numbers(pair.mlx.path("state.safetensors"))
    assert_close(
        theirs, {name.removeprefix("after."): array for name, array in others.items() if name.startswith("after.")}
    )
    weights = numbers(pair.torch.path("weights.safetensors"))
    stepped = [name for name in weights if f"parameter.{name}" in state]
    assert len(stepped) > 3
    for name in stepped:
        expected = weights[name] - 0.1 * given[f"parameter.{name}"].numbers()
        np.testing.assert_allclose(state[f"parameter.{name}"].numbers(), expected, atol=1e-6)
    np.testing.assert_array_equal(pair.both("call")[2]["leaf.0"], before["leaf.0"])


def test_float64(pair: Pair) -> None:
    wide = pair.torch.ask(
        "call", spec=SPEC, arrays=pair.torch.path("inputs.safetensors"), float64=True, out=pair.torch.path("wide")
    )
    assert {leaf["dtype"] for leaf in wide["leaves"]} == {"float64"}
    narrow = pair.both("call")[2]["leaf.0"]
    exact = numbers(pair.torch.path("wide"))["leaf.0"]
    assert 0 < np.abs(exact - narrow).max() < 1e-5 * np.abs(exact).max()
    ours = pair.mlx.ask(
        "call", spec=SPEC, arrays=pair.torch.path("inputs.safetensors"), float64=True, out=pair.mlx.path("wide")
    )
    assert ours["leaves"] == wide["leaves"]
    # MLX's exp and sigmoid are as exact as float32's there, measured: 2e-8 in a sigmoid.
    error = np.abs(numbers(pair.mlx.path("wide"))["leaf.0"] - exact).max()
    assert error < 3e-7 * np.abs(exact).max()


def test_exact_sums(mlx_session: WorkerSession) -> None:
    mlx_session.load("import mlx.core as mx\ndef means(x):\n    return mx.mean(x), x.mean(axis=0), mx.sum(x * x), x.astype(mx.float16).sum()\n")
    mlx_session.ask("construct", expression="means")
    given = mlx_session.path("given.safetensors")
    spec: Json = {"args": [{"shape": [500_000, 2], "dtype": "float32", "low": 0, "high": 1}], "kwargs": {}}
    mlx_session.ask("inputs", spec=spec, seed=0, out=given)
    found = {}
    for exact in (False, True):
        mlx_session.ask("call", spec=spec, arrays=given, out=mlx_session.path("out.safetensors"), exact_sums=exact)
        found[exact] = numbers(mlx_session.path("out.safetensors"))
    x = next(iter(numbers(given).values())).astype(np.float64)
    wanted = [x.mean(), x.mean(axis=0), (x * x).sum()]
    off = [max(np.abs(found[exact][f"leaf.{i}"] / each - 1).max() for i, each in enumerate(wanted)) for exact in (False, True)]
    assert off[1] < 1e-7 < 1e-6 < off[0]
    assert found[True]["leaf.3"] == found[False]["leaf.3"]  # what is not float32 stays as it is


def test_method_and_function(pair: Pair, torch_session: WorkerSession, torch_text: str) -> None:
    spec = {"args": SPEC["args"]}
    encoded = pair.torch.ask("inputs", spec=spec, seed=0, out=pair.torch.path("tokens"))
    assert encoded["arrays"] == [{"name": "args.0", "shape": [2, 6], "dtype": "int64"}]
    answer = pair.torch.ask(
        "call", spec=spec, arrays=pair.torch.path("tokens"), method="encode", out=pair.torch.path("encoded")
    )
    assert answer["tree"] == {"leaf": 0}
    torch_session.load(torch_text)
    made = torch_session.ask("construct", expression="masked_mean", seed=0)
    assert (made["callable"], made["parameters"], made["modules"]) == (True, [], [])
    spec = {"args": [{"shape": [4], "dtype": "float32"}, {"data": [1, 0, 1, 0], "dtype": "bool"}]}
    torch_session.ask("inputs", spec=spec, seed=0, out=torch_session.path("inputs"))
    torch_session.ask("call", spec=spec, arrays=torch_session.path("inputs"), out=torch_session.path("out"))
    given = numbers(torch_session.path("inputs"))["args.0"]
    assert np.isclose(numbers(torch_session.path("out"))["leaf.0"], given[[0, 2]].mean())


def test_sensitivity_knows_what_is_unused(torch_session: WorkerSession, mlx_session: WorkerSession) -> None:
    torch_text = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)
        self.rounded = torch.nn.Parameter(torch.ones(4))
    def forward(self, x, ignored, ids, mask):
        return self.used(x).masked_fill(mask, 0) + self.rounded.mul(100).round().sum() + ids[:, None]
"""
    mlx_text = """
import mlx.core as mx
import mlx.nn as nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Linear(3, 3), nn.Linear(3, 3)
        self.rounded = mx.ones((4,))
    def __call__(self, x, ignored, ids, mask):
        return mx.where(mask, 0, self.used(x)) + mx.round(self.rounded * 100).sum() + ids[:, None]
"""
    spec = {
        "args": [
            {"shape": [2, 3], "dtype": "float32"},
            {"shape": [2, 3], "dtype": "float32"},
            {"shape": [2], "dtype": "int64", "low": 0, "high": 5},
            {"shape": [2, 3], "dtype": "bool"},
        ]
    }
    for session, text in ((torch_session, torch_text), (mlx_session, mlx_text)):
        session.load(text)
        session.ask("construct", expression="Net()", seed=0)
        session.ask("inputs", spec=spec, seed=0, out=session.path("inputs"))
        assert session.ask("sensitivity", spec=spec, arrays=session.path("inputs"))["moved"] == {
            "input.args.0": True,
            "input.args.1": False,
            "input.args.2": True,
            "input.args.3": True,
            "parameter.used.weight": True,
            "parameter.used.bias": True,
            "parameter.unused.weight": False,
            "parameter.unused.bias": False,
            "parameter.rounded": True,  # no gradient, and yet it moves the result
        }
        some = session.ask("sensitivity", spec=spec, arrays=session.path("inputs"), move=["parameter.rounded"])
        assert some["moved"] == {"parameter.rounded": True}


def test_parameters_without_a_gradient(torch_session: WorkerSession) -> None:
    text = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
        self.fixed = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    def forward(self, x):
        x += 1  # of an input: allowed in a plain call
        return x * self.a * self.fixed, x.argmax()
"""
    torch_session.load(text)
    torch_session.ask("construct", expression="Net()", seed=0)
    spec = {"args": [{"shape": [2], "dtype": "float32"}]}
    torch_session.ask("inputs", spec=spec, seed=0, out=torch_session.path("inputs"))
    answer = torch_session.ask(
        "gradient", spec=spec, arrays=torch_session.path("inputs"), out=torch_session.path("out")
    )
    assert answer["without"] == ["b"]
    found = numbers(torch_session.path("out"))
    assert found.keys() == {"parameter.a", "parameter.b", "input.args.0"}
    assert (found["parameter.b"] == 0).all()


def test_missing_gradient_of_mlx_is_told(mlx_session: WorkerSession) -> None:
    mlx_session.load("import mlx.core as mx\ndef f(x):\n    return mx.linalg.inv(x, stream=mx.cpu)\n")
    mlx_session.ask("construct", expression="f", seed=0)
    spec = {"args": [{"data": [[2.0, 0.0], [0.0, 1.0]], "dtype": "float32"}]}
    mlx_session.ask("inputs", spec=spec, seed=0, out=mlx_session.path("inputs"))
    with pytest.raises(WorkerError, match="vjp") as raised:
        mlx_session.ask("gradient", spec=spec, arrays=mlx_session.path("inputs"), out=mlx_session.path("out"))
    assert raised.value.type in ("ValueError", "RuntimeError")
    answer = mlx_session.ask("call", spec=spec, arrays=mlx_session.path("inputs"), out=mlx_session.path("out"))
    assert answer["leaves"][0]["finite"]


def test_time(pair: Pair) -> None:
    for session in (pair.torch, pair.mlx):
        options = {"spec": SPEC, "arrays": pair.torch.path("inputs.safetensors"), "repeat": 2}
        timed = session.ask("time", **options, training=True)
        assert 0 < timed["seconds"] < 5
        assert 0 < timed["training_seconds"] < 5
        assert "training_seconds" not in session.ask("time", **options)
        step = session.ask("time", **options, training=True, step=True)
        assert 0 < step["training_seconds"] < 5
        assert "seconds" not in step


def test_moves_of_axes(request: pytest.FixtureRequest) -> None:
    for framework, move in (("torch", "x.permute(0, 2, 1)"), ("mlx", "x.transpose(0, 2, 1)")):
        session: WorkerSession = request.getfixturevalue(f"{framework}_session")
        imported = "import torch" if framework == "torch" else "import mlx.core as mx"
        session.load(f"{imported}\ndef f(x):\n    return {move}.reshape(8, -1) + x[0, 0, 0]\n")
        session.ask("construct", expression="f", seed=0)
        spec = {"args": [{"shape": [2, 4, 3], "dtype": "float32"}]}
        session.ask("inputs", spec=spec, seed=0, out=session.path("inputs"))
        timed = session.ask("time", spec=spec, arrays=session.path("inputs"), repeat=1)
        assert (timed["moves"], timed["images"]) == (1, 1)


def test_moves_inside_layers_of_the_framework_do_not_count(mlx_session: WorkerSession) -> None:
    mlx_session.load("import mlx.nn as nn\n\ndef Net():\n    return nn.GroupNorm(2, 4, pytorch_compatible=True)\n")
    mlx_session.ask("construct", expression="Net()", seed=0)
    spec = {"args": [{"shape": [2, 3, 3, 4], "dtype": "float32"}]}
    mlx_session.ask("inputs", spec=spec, seed=0, out=mlx_session.path("inputs"))
    timed = mlx_session.ask("time", spec=spec, arrays=mlx_session.path("inputs"), repeat=1)
    assert (timed["moves"], timed["images"]) == (0, 2)


@pytest.mark.parametrize(
    ("framework", "function"), [("torch", "torch.ones(4 << 20) + x"), ("mlx", "mx.ones(4 << 20) + x")]
)
def test_peak_memory(request: pytest.FixtureRequest, framework: str, function: str) -> None:
    session: WorkerSession = request.getfixturevalue(f"{framework}_session")
    imported = "import torch" if framework == "torch" else "import mlx.core as mx"
    session.load(f"{imported}\ndef f(x):\n    return {function}\n")
    session.ask("construct", expression="f", seed=0)
    spec = {"args": [{"shape": [1], "dtype": "float32"}]}
    session.ask("inputs", spec=spec, seed=0, out=session.path("inputs"))
    peak = session.ask("time", spec=spec, arrays=session.path("inputs"), repeat=1)["peak_bytes"]
    assert 0 <= peak <= 200 << 20


def test_errors_name_the_line(request: pytest.FixtureRequest) -> None:
    ask: Callable[[str], WorkerSession] = request.getfixturevalue
    for session in (ask("torch_session"), ask("mlx_session")):
        session.load("def inner(x):\n    return x['no']\n\ndef outer(x):\n    y = 1\n    return inner({})\n")
        session.ask("construct", expression="outer", seed=0)
        with pytest.raises(WorkerError) as raised:
            session.ask("call", spec={"args": [1]}, out=session.path("out"))
        assert raised.value.record == {
            "type": "KeyError",
            "message": "'no'",
            "line": 2,
            "frames": [
                {"file": "model", "line": 6, "function": "outer"},
                {"file": "model", "line": 2, "function": "inner"},
            ],
        }
        with pytest.raises(WorkerError) as raised:
            session.load("x = (\n")
        assert (raised.value.type, raised.value.record["line"]) == ("SyntaxError", 1)


def test_verbs_out_of_order(mlx_session: WorkerSession) -> None:
    for verb in ("construct", "call", "weights", "probe"):
        with pytest.raises(WorkerError):
            mlx_session.ask(verb, expression="x", spec={}, path="nowhere", out=mlx_session.path("out"))
    with pytest.raises(WorkerError) as raised:
        mlx_session.ask("no_such_verb")
    assert raised.value.type == "protocol"
    mlx_session.load("x = 1")  # all the same
