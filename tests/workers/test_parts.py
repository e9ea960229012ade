"""The parts of the workers that need no framework."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from mlxify.workers import arrays, draws, inputs, isolation, sensitivity, tree, weights, wire
from mlxify.workers.arrays import Raw


def test_files_are_safetensors(tmp_path: Path) -> None:
    path = str(tmp_path / "a.safetensors")
    given = {
        "x": np.arange(6, dtype=np.float32).reshape(2, 3),
        "none": np.zeros((0, 2), np.int64),
        "scalar": np.array(True),
    }
    arrays.write(path, {name: Raw.of(values) for name, values in given.items()}, {"about": "this"})
    for found in (load_file(path), {name: raw.values for name, raw in arrays.read(path)[0].items()}):
        assert found.keys() == given.keys()
        for name, values in given.items():
            assert (found[name].dtype, found[name].shape) == (values.dtype, values.shape)
            np.testing.assert_array_equal(found[name], values)
    assert arrays.read(path)[1] == {"about": "this"}
    save_file(given, path)
    assert arrays.read(path)[0].keys() == given.keys()
    with pytest.raises(ValueError, match="no safetensors"):
        (tmp_path / "short").write_bytes(b"\xff" * 12)
        arrays.read(str(tmp_path / "short"))


def test_modules_in_results_are_alike_in_both_frameworks() -> None:
    """MLX's modules are dictionaries, PyTorch's are objects; nothing of either is compared."""
    theirs = type("Module", (), {"__module__": "torch.nn.modules.module"})
    ours = type("Module", (dict,), {"__module__": "mlx.nn.layers.base"})
    described = [tree.flatten((1, type("Linear", (base,), {})()), lambda item: False)[0] for base in (theirs, ours)]
    assert described[0] == described[1] == {"tuple": [{"const": 1}, {"object": "Module", "fields": {}}]}


def test_bfloat16_rounds_to_nearest_even() -> None:
    values = np.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -3.14159, np.inf, np.nan, 0.0], np.float32)
    rounded = Raw.of(values).cast("bfloat16").numbers()
    np.testing.assert_array_equal(rounded, [1.0, 1.0, 1 + 2**-6, 1 + 2**-7, -3.140625, np.inf, np.nan, 0.0])


def test_lines() -> None:
    lines = wire.Lines(limit=8)
    assert lines.feed(b"ab") == []
    assert lines.feed(b"c\nde\n\nf") == [b"abc", b"de", b""]
    assert lines.feed(b"g\n") == [b"fg"]
    with pytest.raises(wire.ProtocolError):
        lines.feed(b"123456789")
    for line in (b"[1]", b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(wire.ProtocolError):
            wire.decode(line)


def test_errors_without_text() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert wire.error_of(Silent(), None)["type"] == "Silent"
    assert wire.error_of(RuntimeError("[malloc] Unable to allocate 8 bytes."), None)["type"] == "memory"
    assert len(wire.error_of(ValueError("x" * 10_000), None)["message"]) == wire.MAX_MESSAGE


def test_limits_are_checked() -> None:
    assert isolation.Limits.of({"seconds": 1.5, "unknown": 1}).seconds == 1.5
    for wrong in (0, -1, "1", True, None):
        with pytest.raises(ValueError, match="processes"):
            isolation.Limits.of({"processes": wrong})


def test_draws_depend_on_kind_size_and_count_only() -> None:
    one, other = draws.Draws(3), draws.Draws(3)
    first, second = one.normal((2, 3)), one.normal((6,))
    other.uniform((6,)), other.normal((5,))
    np.testing.assert_array_equal(other.normal((3, 2)).ravel(), first.ravel())
    np.testing.assert_array_equal(other.normal((6,)), second)
    assert not np.array_equal(first.ravel(), second)
    assert not np.array_equal(draws.Draws(4).normal((2, 3)), first)


def test_draws_have_their_distributions() -> None:
    stream = draws.Draws(0)
    size = (20_000,)
    assert abs(stream.uniform(size).mean() - 0.5) < 0.01
    assert abs(stream.normal(size).std() - 1) < 0.02
    assert abs(stream.bernoulli(0.3, size).mean() - 0.3) < 0.01
    assert abs(stream.exponential(size).mean() - 1) < 0.03
    assert abs(stream.gumbel(size).mean() - np.euler_gamma) < 0.03
    found = stream.integers(-2, 3, size)
    assert set(found) == {-2, -1, 0, 1, 2}
    assert sorted(stream.permutation(9)) == list(range(9))
    quiet = draws.Draws(0, dropout=False)
    assert quiet.bernoulli(np.array([0.1, 0.0]), (5, 2)).tolist() == [[True, False]] * 5


def test_drawn_weights_are_sensible() -> None:
    def drawn(name: str, owner: str, values: np.ndarray, buffer: bool = False) -> np.ndarray | None:
        given = Raw.of(values.astype(np.float32))
        made = weights.Constructed(name, owner, given.shape, given.dtype, buffer, given)
        raw = weights.redraw([made], 1).get(name)
        return None if raw is None else raw.numbers()

    assert abs(drawn("a.weight", "Linear", np.zeros((64, 400))).std() * 20 - 1) < 0.05
    assert abs(drawn("a.weight", "Conv2d", np.zeros((64, 16, 5, 5))).std() * 20 - 1) < 0.05
    assert abs(drawn("a.weight", "Embedding", np.zeros((100, 400))).std() - 1) < 0.05
    norm = drawn("n.weight", "LayerNorm", np.ones(1000))
    assert (abs(norm.mean() - 1), abs(norm.std() - 0.2)) < (0.05, 0.05)
    decay = drawn("A_log", "Mixer", np.log(np.arange(1, 17)))
    assert np.abs(decay - np.log(np.arange(1, 17))).max() < 1
    assert np.isfinite(drawn("left", "Mixer", np.full(5, np.nan))).all()
    assert drawn("running_var", "BatchNorm1d", np.ones(50), buffer=True).min() >= 0.5
    scale = drawn("scale", "Mixer", np.full(50, -2), buffer=True)
    assert -3 <= scale.min() < scale.max() <= -1
    assert drawn("mask", "Mixer", np.ones((4, 4)), buffer=True) is None


def test_input_specs(tmp_path: Path) -> None:
    spec = {
        "args": [
            {"shape": [500], "dtype": "float32", "low": -1, "high": 3},
            {"shape": [500], "dtype": "long", "low": 2, "high": 5},
            {"shape": [500], "dtype": "torch.bool"},
            {"shape": [3], "dtype": "complex64"},
            {"data": [[1.5]], "dtype": "bfloat16"},
            [1, "two", {"shape": [], "dtype": "float64"}],
            {"$eval": "no array"},
        ]
    }
    out = str(tmp_path / "inputs")
    resolved, found = inputs.draw(spec, 1, lambda text: object(), lambda value: None, out)
    assert -1 <= found["args.0"].values.min() < -0.9 < 2.9 < found["args.0"].values.max() < 3
    assert set(found["args.1"].values) == {2, 3, 4}
    assert found["args.2"].dtype == "bool"
    assert (found["args.4"].dtype, found["args.4"].numbers().tolist()) == ("bfloat16", [[1.5]])
    assert found["args.5.2"].shape == ()
    assert resolved["args"][5] == [1, "two", {"$array": "args.5.2"}]
    assert resolved["args"][6] == {"$eval": "no array"}
    assert json.loads(json.dumps(resolved)) == resolved
    again = inputs.Arguments.read({}, out)
    assert again.spec == resolved
    args, kwargs = again.build(lambda path: path, lambda text: text, mlx=False)
    assert args[0] == "args.0"
    assert args[5] == [1, "two", "args.5.2"]
    assert kwargs == {}
    other = inputs.draw(spec, 2, lambda text: object(), lambda value: None, out)[1]
    assert not np.array_equal(other["args.0"].values, found["args.0"].values)


def test_trees_are_bounded() -> None:
    deep: list[object] = []
    for _ in range(tree.MAX_DEPTH + 1):
        deep = [deep]
    cyclic: list[object] = []
    cyclic.append(cyclic)
    for value in (deep, cyclic, [0] * (tree.MAX_ITEMS + 1)):
        with pytest.raises(ValueError, match="result"):
            tree.flatten(value, lambda item: False)


def test_differences_count_beyond_rounding() -> None:
    base = [Raw.of(np.array([1.0, 100.0], np.float32))]
    assert not sensitivity.differ(base, [Raw.of(np.array([1.000001, 100.0], np.float32))])
    assert sensitivity.differ(base, [Raw.of(np.array([1.001, 100.0], np.float32))])
    assert sensitivity.differ(base, [Raw.of(np.array([1.0, np.nan], np.float32))])
    assert sensitivity.differ([Raw.of(np.array([1]))], [Raw.of(np.array([2]))])
    nan = [Raw.of(np.array([np.nan, np.inf, -np.inf], np.float32))]
    assert not sensitivity.differ(nan, nan)


def test_integers_take_both_ends_when_asked(tmp_path: Path) -> None:
    def drawn(shape: list[int], **more: bool) -> np.ndarray:
        spec = {"args": [{"shape": shape, "dtype": "int64", "low": 3, "high": 900, **more}]}
        return inputs.draw(spec, 1, lambda _: None, lambda _: None, str(tmp_path / "out"))[1]["args.0"].values

    plain, ends = drawn([2, 3]), drawn([2, 3], ends=True)
    assert ends.reshape(-1)[0] == 899 and ends.reshape(-1)[-1] == 3
    assert (ends.reshape(-1)[1:-1] == plain.reshape(-1)[1:-1]).all() and not {3, 899} & set(plain.reshape(-1))
    assert drawn([], ends=True) == 899
    assert drawn([0], ends=True).size == 0
