"""Draws: shapes, dtypes, and whether a large draw has the distribution that torch's has. Streams never agree."""

import inspect
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
import torch
from function_parity import Entry, as_numpy, bound, dtype_class, torch_object
from test_torch_functions import ENTRIES, NOT_COMPARED, call_of

LARGE = "torch.full((50, 40), 0.3)"
DRAWS = {
    "torch.randn": ["40, 50", "(40, 50)", "2000", "size=(40, 50)", "40, 50, dtype=torch.bfloat16"],
    "torch.rand": ["40, 50", "(40, 50)", "[2000]", "*x.shape, 100"],
    "torch.randint": ["10, (40, 50)", "-3, 7, (40, 50)", "high=5, size=(2000,)", "0, 9, size=[2000], dtype=torch.int32"],
    "torch.randperm": ["2000"],
    "torch.randn_like": [LARGE, f"{LARGE}.bfloat16()", f"{LARGE}, dtype=torch.float16"],
    "torch.rand_like": [LARGE],
    "torch.randint_like": [f"{LARGE}, 7", f"{LARGE}, -2, 5", f"{LARGE}, 0, 5, dtype=torch.int64"],
    "torch.normal": [f"{LARGE}, 2.0", f"2.0, {LARGE}", f"{LARGE}, {LARGE}", "1.0, 3.0, (40, 50)", "mean=0.0, std=0.5, size=(2000,)"],
    "torch.bernoulli": [LARGE, f"{LARGE}, 0.7"],
    "torch.multinomial": ["torch.tensor([1.0, 2.0, 3.0]), 2000, True", "torch.rand(500, 9), 1", "torch.rand(500, 9), 4"],
    "torch.Tensor.normal_": [LARGE, f"{LARGE}, 1.0, 2.0", f"{LARGE}, std=0.02", f"{LARGE}.bfloat16()"],
    "torch.Tensor.uniform_": [LARGE, f"{LARGE}, -1, 1", f"{LARGE}, to=3.0"],
    "torch.Tensor.bernoulli_": [LARGE, f"{LARGE}, 0.2"],
    "torch.Tensor.exponential_": [LARGE, f"{LARGE}, 2.0"],
    "torch.Tensor.random_": [f"{LARGE}, 5", f"{LARGE}, -2, 9"],
}  # fmt: skip
DRAWING = [
    entry
    for entry in ENTRIES
    if entry.qualified not in NOT_COMPARED
    and (
        Path(inspect.getfile(entry.python)).stem == "random"
        or entry.qualified.endswith(("normal_", "uniform_", "bernoulli_", "exponential_", "random_"))
    )
    and not any(other.python is entry.python and other.qualified in NOT_COMPARED for other in ENTRIES)
]


def texts_for(entry: Entry) -> list[str]:
    keys = [other.qualified for other in ENTRIES if other.python is entry.python and other.qualified in DRAWS]
    assert keys, f"{entry.qualified} is never drawn"
    return DRAWS[keys[0]]


def assert_alike(wanted: np.ndarray, got: np.ndarray) -> None:
    """Means within six standard errors, spreads within a tenth: a wrong parameter is far outside, chance is not."""
    wanted, got = wanted.astype(np.float64), got.astype(np.float64)
    error = 6 * np.hypot(wanted.std(), got.std()) / np.sqrt(wanted.size)
    assert abs(wanted.mean() - got.mean()) <= error + 1e-9
    assert abs(wanted.std() - got.std()) <= 0.1 * wanted.std() + 1e-9
    assert abs(np.median(wanted) - np.median(got)) <= 2 * error + 1e-9


@pytest.mark.parametrize(
    ("entry", "text"), [(entry, text) for entry in DRAWING for text in texts_for(entry)],
    ids=lambda value: value.qualified if isinstance(value, Entry) else value,
)  # fmt: skip
def test_draw(entry: Entry, text: str) -> None:
    torch.manual_seed(3)
    mx.random.seed(3)
    call = call_of(text)
    args, kwargs = bound(entry, call).in_mlx()
    got = entry.python(*args, **kwargs)
    wanted = torch_object(entry.qualified)(*call.args, **call.kwargs)
    assert got.shape == tuple(wanted.shape)
    assert dtype_class(got.dtype) == dtype_class(wanted.dtype)
    assert_alike(as_numpy(wanted), as_numpy(got))


def test_draws_without_replacement_are_distinct() -> None:
    entry = next(entry for entry in DRAWING if entry.qualified == "torch.multinomial")
    drawn = np.array(entry.python(mx.ones((200, 6)), 4))
    assert all(len(set(row)) == 4 for row in drawn.tolist())
    permutation = next(entry for entry in DRAWING if entry.qualified == "torch.randperm").python(30)
    assert sorted(permutation.tolist()) == list(range(30))


def test_seed_repeats_draws() -> None:
    seed = next(entry for entry in ENTRIES if entry.qualified == "torch.manual_seed").python
    seed(11)
    first = mx.random.normal((4,)).tolist()
    seed(11)
    assert first == mx.random.normal((4,)).tolist()


def test_a_state_repeats_draws() -> None:
    entry = next(entry for entry in ENTRIES if entry.qualified == "torch.get_rng_state")
    mx.random.seed(2**40 + 7)
    mx.random.normal((3,))
    state = entry.python()
    first = mx.random.normal((5,))
    entry.python.__globals__["set_rng_state"](state)
    assert mx.random.normal((5,)).tolist() == first.tolist()
