"""What probe, reach and trace see."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest
from worker_client import Json, WorkerError, WorkerSession

from mlxify.workers import arrays, instrument, probe
from mlxify.workers.definitions import Source

X = {"args": [{"shape": [2, 3], "dtype": "float32"}]}


def observe(
    session: WorkerSession, verb: str, text: str, expression: str = "f", spec: Json = X, **options: Any
) -> Json:
    session.load(text)
    session.ask("construct", expression=expression, seed=0)
    session.ask("inputs", spec=spec, seed=0, out=session.path("inputs"))
    return session.ask(verb, spec=spec, arrays=session.path("inputs"), out=session.path("out"), **options)


def facts_of(session: WorkerSession, text: str | bytes, **options: Any) -> dict[str, list[Json]]:
    """Facts by the text of their expression."""
    answer = observe(session, "probe", text, **options)
    assert "failed" not in answer, answer["failed"]
    source = text if isinstance(text, bytes) else text.encode()
    found: dict[str, list[Json]] = {}
    for begin, end, fact in answer["facts"]:
        found.setdefault(source[begin:end].decode(), []).append(fact)
    return found


def test_kinds(torch_session: WorkerSession) -> None:
    text = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from dataclasses import dataclass
@dataclass
class Options:
    size: int = 3
def helper(x): return x
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 4)
        self.options = Options()
    def forward(self, x):
        a = x.shape
        b = x.size(0)
        c = [x, x]
        d = {"k": x}
        e = (1, 2.5)
        f = x.dtype
        g = x.device
        h = None if b > 1 else 7
        i = "text" + "more"
        j = F.relu
        k = helper(x) > 0
        l = self.layer(x)
        m = -b, not b
        return l.argmax(-1)
"""
    facts = facts_of(torch_session, text, expression="Net()")
    assert facts["x.shape"] == [{"kind": "size", "length": 2}]
    assert facts["x.size(0)"] == [{"kind": "integer", "value": 2}]
    assert facts["x.size"] == [{"kind": "function", "type": "torch.Tensor.size"}]
    assert facts["[x, x]"] == [{"kind": "list", "length": 2}]
    assert facts['{"k": x}'] == [{"kind": "dict", "length": 1}]
    assert facts["(1, 2.5)"] == [{"kind": "tuple", "length": 2}]
    assert facts["x.dtype"] == [{"kind": "dtype", "dtype": "float32"}]
    assert facts["x.device"] == [{"kind": "device", "value": "cpu"}]
    assert facts["None if b > 1 else 7"] == [{"kind": "none", "value": None}]
    assert facts["b > 1"] == [{"kind": "boolean", "value": True}]
    assert facts['"text" + "more"'] == [{"kind": "string", "value": "textmore"}]
    assert facts["F.relu"] == [{"kind": "function", "type": "torch.nn.functional.relu"}]
    assert facts["helper"] == [{"kind": "function", "type": "helper"}]
    assert facts["helper(x) > 0"] == [{"kind": "tensor", "ndim": 2, "shape": [2, 3], "dtype": "bool"}]
    assert facts["self.layer"] == [{"kind": "module", "type": "torch.nn.Linear"}]
    assert facts["nn.Linear"] == [{"kind": "class", "type": "torch.nn.Linear"}]
    assert facts["self.layer(x)"] == [{"kind": "tensor", "ndim": 2, "shape": [2, 4], "dtype": "float32"}]
    assert facts["l.argmax(-1)"] == [{"kind": "tensor", "ndim": 1, "shape": [2], "dtype": "int64"}]
    assert facts["Options()"] == [{"kind": "object", "type": "Options"}]
    assert facts["self"][0] == {"kind": "module", "type": "Net"}
    assert facts["super()"] == [{"kind": "object", "type": "super"}]


def test_facts_join_over_runs(torch_session: WorkerSession) -> None:
    text = """
def g(y): return y
def f(x):
    for i in range(3):
        g(x[:, :i])
    g(1), g(1)
    return x
"""
    facts = facts_of(torch_session, text)
    assert facts["x[:, :i]"] == [{"kind": "tensor", "ndim": 2, "shape": [2, None], "dtype": "float32"}]
    assert facts["i"] == [{"kind": "integer"}]
    assert facts["y"] == [{"tensor": True}], "a tensor, then a number: no more holds of both"
    assert facts["g(1)"] == [{"kind": "integer", "value": 1}] * 2


def test_a_number_below_zero_is_remembered(torch_session: WorkerSession) -> None:
    facts = facts_of(torch_session, "def f(x):\n    for n in (1, -2, 3):\n        x = x + n\n    return x\n")
    assert facts["n"] == [{"kind": "integer", "negative": True}]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_places_are_bytes(torch_session: WorkerSession, mark: bytes, line_break: bytes) -> None:
    text = 'é = "ü"; ä = é + "ö"\ndef f(x):\n\ty = ä + "ß"; return (x +\n\t\tx.sum())\n'
    source = mark + text.encode().replace(b"\n", line_break)
    facts = facts_of(torch_session, source)
    assert facts['é + "ö"'] == [{"kind": "string", "value": "üö"}]
    assert facts['ä + "ß"'] == [{"kind": "string", "value": "üöß"}]
    assert facts["x.sum()"] == [{"kind": "tensor", "ndim": 0, "shape": [], "dtype": "float32"}]
    broken = ("x +\n\t\tx.sum()").replace("\n", line_break.decode())
    assert facts[broken][0]["shape"] == [2, 3]


PUZZLE = '''
from __future__ import annotations
"""No docstring, but text."""
import functools, typing
from dataclasses import dataclass, field
log = []
def told(value, label="?"):
    log.append((label, value))
    return value
@dataclass(order=True)
class Point:
    x: int = 1
    y: typing.List[int] = field(default_factory=list)
class Base:
    kind = "base"
    def __init__(self, *args, **kwargs): self.args, self.kwargs = args, kwargs
    def name(self): return self.kind
    @property
    def double(self): return [*self.args, *self.args]
    @classmethod
    def make(cls, n: int = 2, *, m: int = told(3, "default")): return cls(n, m=m)
class Derived(Base):
    kind = Base.kind + "!"
    table = {key: value for key, value in zip("ab", range(2))}
    def name(self):
        def inner(): return super(Derived, self).name() + __class__.__name__
        return super().name() + inner()
def generator(n):
    received = yield n
    yield from (i * i for i in range(received or n))
def choose(value):
    match value:
        case {"a": [first, *rest], **other} if first > 0: return first, rest, other
        case Point(x=0) | Point(x=1): return "point"
        case str() as text: return text
        case _: return None
def f(x):
    a, (b, *c), d = 1, [2, 3, 4], {"z": 5}
    d["w"], e = a + b, lambda q, r=a: q * r
    a += told(b) if c[0] < b < c[-1] or told(0) else -1
    if (n := len(c)) > 1: c[n - 1] += 10
    s = f"{a!r:>{n}} {d['w']:.2f} {told('in')}"
    del c[0], d["z"]
    words = [f"{i}{j}" for i in range(2) for j in "xy" if i or j == "y"]
    try:
        1 / 0
    except (ValueError, ZeroDivisionError) as error:
        caught = type(error).__name__
    finally:
        told("finally")
    with __import__("contextlib").suppress(KeyError): d["none"]
    k = generator(3); next(k); squares = [k.send(4), *k]
    made = Derived.make(m=7)
    cached = functools.lru_cache(maxsize=None)(lambda v: v + 1)
    global shared
    shared = x[..., None, ::2]
    assert Point() < Point(2), "order"
    matched = [choose(v) for v in ({"a": [1, 2], "b": 3}, Point(), "t", 4)]
    return (a, b, c, d, e(3), s, words, caught, squares, made.name(), made.args, made.kwargs, made.double,
            Derived.table, cached(1), tuple(shared.shape), matched, [label for label, _ in log], 1 < 2 < 3, not a, ~b, eval("b + 1"))
'''


def test_probing_changes_nothing(torch_session: WorkerSession) -> None:
    """The odd corners of the language give the same results, in the same order."""
    plain: dict[str, Any] = {}
    source = Source("puzzle.py", "puzzle", PUZZLE.encode())
    code, _ = instrument.compile_rewritten(source, probe.Rewriter)
    seen = []

    def record(number: int, value: object) -> object:
        seen.append(number)
        return value

    exec(compile(PUZZLE, "puzzle.py", "exec", dont_inherit=True), plain)
    probed_module = source.run(code, {probe.PROBE: record})
    x = np.ones((2, 3))
    assert repr(probed_module.f(x)) == repr(plain["f"](x))
    assert len(set(seen)) > 150
    assert observe(torch_session, "probe", PUZZLE).get("failed") is None


def test_spans_are_those_of_the_syntax_tree() -> None:
    rewriter = probe.Rewriter(instrument.Places(PUZZLE.encode()))
    rewriter.visit(ast.parse(PUZZLE))
    for begin, end in rewriter.spans:
        piece = PUZZLE.encode()[begin:end].decode()
        ast.parse(f"({piece})", mode="eval")
    assert len(set(rewriter.spans)) == len(rewriter.spans)


def test_deep_expressions(torch_session: WorkerSession) -> None:
    facts = facts_of(torch_session, "def f(x):\n    return " + " + ".join(["x"] * 400) + "\n")
    assert facts["x + x"][0]["shape"] == [2, 3]


def test_what_was_seen_before_an_error(torch_session: WorkerSession) -> None:
    answer = observe(torch_session, "probe", "def f(x):\n    y = x + 1\n    raise ValueError('late')\n")
    assert answer["failed"]["type"] == "ValueError"
    assert answer["failed"]["line"] == 3
    assert any(fact.get("shape") == [2, 3] for _, _, fact in answer["facts"])


def test_reach(mlx_session: WorkerSession) -> None:
    text = """
import mlx.core as mx
def unused(x):
    return x
class Net:
    def __init__(self, flag):
        self.flag = flag
    def __call__(self, x):
        if self.flag:
            y = x + 1
        else:
            y = x - 1
        z = [v for v in (1, 2)]
        w = (lambda q:
             q)
        return y
"""
    answer = observe(mlx_session, "reach", text, "Net(True)")
    assert set(answer["executable"]) - set(answer["lines"]) == {4, 12, 15}
    assert {3, 4, 7, 9, 10, 12, 16} <= set(answer["executable"])
    assert set(answer["lines"]) <= set(answer["executable"])


def test_both_modes_begin_from_the_same_state(mlx_session: WorkerSession) -> None:
    text = """
import mlx.nn as nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0
    def __call__(self, x):
        self.calls += 1
        if self.calls > 1:
            return x
        if not self.training:
            raise ValueError
        return x
"""
    answer = observe(mlx_session, "reach", text, "Net()", both_modes=True)
    assert set(answer["executable"]) - set(answer["lines"]) == {10}
    assert answer["failed"]["type"] == "ValueError"
    alone = observe(mlx_session, "reach", text, "Net()", training=True)
    assert set(alone["executable"]) - set(alone["lines"]) == {10, 12}
    assert "failed" not in alone


TRACED = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(3))
    def inner(self, h):
        h = h * self.weight
        return h
    def forward(self, x):
        self.total = x.sum()
        a, b = x, [x, 2]
        for i in range(2):
            x = x + i
            x[0] += 1
        n = 3
        return self.inner(x)
"""


def test_trace(torch_session: WorkerSession) -> None:
    torch_session.load(TRACED)
    torch_session.ask("construct", expression="Net()", seed=0)
    torch_session.ask("draw", seed=1, out=torch_session.path("weights"))
    torch_session.ask("inputs", spec=X, seed=0, out=torch_session.path("inputs"))
    answer = torch_session.ask("trace", spec=X, arrays=torch_session.path("inputs"), out=torch_session.path("out"))
    assert [(each["line"], each["name"], each["visit"]) for each in answer["trace"]] == [
        (11, "self.total", 0),
        (12, "a", 0),
        (12, "b[0]", 0),
        (12, "b[1]", 0),
        (13, "i", 0),
        (14, "x", 0),
        (15, "x", 0),
        (13, "i", 1),
        (14, "x", 1),
        (15, "x", 1),
        (16, "n", 0),
        (8, "h", 0),
        (9, "return", 0),
        (17, "return", 0),
    ]
    values = {name: raw.numbers() for name, raw in arrays.read(torch_session.path("out"))[0].items()}
    given = arrays.read(torch_session.path("inputs"))[0]["args.0"].numbers()
    by_place = {(each["line"], each["visit"]): values[each["array"]] for each in answer["trace"] if "array" in each}
    assert abs(by_place[14, 0] - given).max() == 0, "as it was then, not after later writes in place"
    assert abs(by_place[15, 0][0] - given[0] - 1).max() < 1e-6
    assert abs(by_place[9, 0]).max() > 0, "with the session's weights"
    begin, end = answer["trace"][0]["begin"], answer["trace"][0]["end"]
    assert TRACED[begin:end] == "self.total = x.sum()"
    some = torch_session.ask(
        "trace",
        spec=X,
        arrays=torch_session.path("inputs"),
        out=torch_session.path("out"),
        spans=[[0, 1], [begin, end]],
    )
    assert [(each["name"], each["span"]) for each in some["trace"]] == [("self.total", 1)]


def test_trace_of_a_failing_call(mlx_session: WorkerSession) -> None:
    text = "import mlx.core as mx\ndef f(x):\n    y = x * 2\n    return y @ y\n"
    with pytest.raises(WorkerError):
        observe(mlx_session, "call", text)
    answer = mlx_session.ask("trace", spec=X, arrays=mlx_session.path("inputs"), out=mlx_session.path("out"))
    assert [each["name"] for each in answer["trace"]] == ["y"]
    assert answer["failed"]["line"] == 4
