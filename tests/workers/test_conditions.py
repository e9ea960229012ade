"""What a failed check of the model compared, as `conditions` of the error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlxify.workers.conditions import failed_conditions

CHECKS = """
class Tensor:
    shape = (2, 48, 64)
    ndim = 3
    def size(self, axis): return self.shape[axis]
    def dim(self): return 3

class Net:
    length, heads, image = 16, 3, (32, 16)

def equal(x, net):
    assert x.shape[1] == net.length, "length"
def multiple(x, net):
    if x.size(-1) % net.heads != 0:
        raise ValueError("no multiple")
def rank(x, net):
    assert x.dim() == 4
def bound(x, net):
    assert x.shape[1] <= net.length and x.shape[0] == 2
def shapes(x, net):
    if x.shape[1:] != net.image:
        raise ValueError("other shape")
def nothing(x, net):
    assert x is None
def negated(x, net):
    if not (x.size(1) == 2):
        raise ValueError("no pair")
def chained(x, net):
    assert net.heads < x.shape[1] <= net.length
def called(x, net):
    assert net.length == int("3")
def divides(x, y):
    return (x % y) == 0
def predicate(x, net):
    assert divides(x.size(-1), net.heads), "no multiple"
def choice(x, net):
    heads = net.heads
    assert heads in [50, 100, 152], "heads should be 50, 100 or 152"
def attribute(x, net):
    if net.image not in {"a": 1, "b": 2}.keys():
        raise ValueError("neither")
def lookup(x, net):
    key, table = None, {"a": 1, "b": 2}
    return table[key] + x.shape[0]
"""


def conditions_of(tmp_path: Path, name: str) -> list[dict[str, Any]]:
    file = tmp_path / "model.py"
    file.write_text(CHECKS)
    space: dict[str, Any] = {}
    exec(compile(CHECKS, str(file), "exec"), space)
    with pytest.raises((AssertionError, ValueError, KeyError)) as raised:
        space[name](space["Tensor"](), space["Net"]())
    return failed_conditions(raised.value.__traceback__, str(file))


@pytest.mark.parametrize(
    ("name", "relation", "left", "right"),
    [
        ("equal", "==", [48], [16]),
        ("multiple", "%", [64], [3]),
        ("rank", "rank", [3], [4]),
        ("bound", "<=", [48], [16]),
        ("shapes", "==", [48, 64], [32, 16]),
        ("negated", "==", [48], [2]),
        ("chained", "<=", [48], [16]),
        ("predicate", "%", [64], [3]),
    ],
)
def test_sizes_that_were_compared(tmp_path: Path, name: str, relation: str, left: list[int], right: list[int]) -> None:
    assert conditions_of(tmp_path, name) == [{"relation": relation, "left": left, "right": right}]


def test_choices_are_told_as_texts(tmp_path: Path) -> None:
    heads = {"relation": "in", "name": "heads", "current": "3", "choices": ["50", "100", "152"]}
    assert conditions_of(tmp_path, "choice") == [heads]
    image = {"relation": "in", "name": "image", "current": "(32, 16)", "choices": ["'a'", "'b'"]}
    assert conditions_of(tmp_path, "attribute") == [image]
    key = {"relation": "in", "name": "key", "current": "None", "choices": ["'a'", "'b'"]}
    assert conditions_of(tmp_path, "lookup") == [key]


@pytest.mark.parametrize("name", ["nothing", "called"])
def test_what_compares_no_sizes_says_nothing(tmp_path: Path, name: str) -> None:
    assert conditions_of(tmp_path, name) == []


def test_what_a_library_raised_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="invalid literal") as raised:
        int("x")
    assert failed_conditions(raised.value.__traceback__, str(tmp_path / "model.py")) == []
