"""Values of assigned names, statement by statement, so that the first statement where two programs part can be named."""

from __future__ import annotations

import ast
from collections import Counter
from typing import Any

import numpy as np

from mlxify.workers.arrays import Raw
from mlxify.workers.framework import Framework
from mlxify.workers.instrument import Places

RECORD = "__mlxify_record__"
RETURN = "__mlxify_return__"
MAX_ENTRIES = 4000
MAX_BYTES = 256 << 20  # of all arrays
MAX_ELEMENTS = 1 << 22  # of one array


class Rewriter(ast.NodeTransformer):
    """After each assignment to names, attributes or parts of them, records their values; `return` records its own."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.statements: list[tuple[int, int, int]] = []  # begin, end, line

    def _number(self, node: ast.stmt) -> ast.Constant:
        self.statements.append((*self.places.span(node), node.lineno))
        return ast.Constant(len(self.statements) - 1)

    def _recorded(self, node: Any, targets: list[ast.expr]) -> list[ast.stmt]:
        names = [name for target in targets for name in _names(target)]
        if not names:
            return [node]
        number = self._number(node)
        calls = []
        for text in dict.fromkeys(names):
            value = ast.parse(text, mode="eval").body
            call = ast.Call(ast.Name(RECORD, ast.Load()), [number, ast.Constant(text), value], [])
            calls.append(ast.copy_location(ast.Expr(call), node))
        return [node, *calls]

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        return self._recorded(node, node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        return self._recorded(node, [node.target])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> list[ast.stmt]:
        return self._recorded(node, [node.target] if node.value is not None else [])

    def visit_For(self, node: ast.For) -> ast.For:
        self.generic_visit(node)
        node.body = [*self._recorded(node, [node.target])[1:], *node.body]
        return node

    def visit_Return(self, node: ast.Return) -> ast.Return:
        if node.value is not None:
            node.value = ast.Call(ast.Name(RETURN, ast.Load()), [self._number(node), node.value], [])
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.body = [
            self.visit(part) if isinstance(part, ast.FunctionDef | ast.ClassDef) else part for part in node.body
        ]
        return node


def _names(target: ast.expr) -> list[str]:
    """What to look at after an assignment: `x` of `x`, `self.h` of `self.h`, `x` of `x[i]`, both of `x, y`."""
    if isinstance(target, ast.Tuple | ast.List):
        return [name for item in target.elts for name in _names(item)]
    if isinstance(target, ast.Starred | ast.Subscript):
        return _names(target.value)
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, ast.Attribute) and _names(target.value):
        return [ast.unparse(target)]
    return []


class Recorder:
    """Keeps entries in order, and copies of their arrays."""

    def __init__(self, framework: Framework, statements: list[tuple[int, int, int]], spans: list[list[int]]) -> None:
        self.framework = framework
        self.statements = statements
        self.spans = {(begin, end): number for number, (begin, end) in enumerate(spans)}
        self.entries: list[dict[str, Any]] = []
        self.arrays: dict[str, Raw] = {}
        self.truncated = False
        self.active = False
        self._bytes = 0
        self._visits: Counter[tuple[int, str]] = Counter()

    def returned(self, number: int, value: Any) -> Any:
        self.record(number, "return", value)
        return value

    def record(self, number: int, name: str, value: Any) -> None:
        if not self.active:
            return
        begin, end, line = self.statements[number]
        visit = self._visits[number, name]
        self._visits[number, name] += 1
        if self.spans and (begin, end) not in self.spans:
            return
        entry: dict[str, Any] = {"line": line, "name": name, "visit": visit, "begin": begin, "end": end}
        if self.spans:
            entry["span"] = self.spans[begin, end]
        for part, item in _parts(value):
            if len(self.entries) >= MAX_ENTRIES:
                self.truncated = True
                return
            self.entries.append({**entry, "name": name + part, **self._kept(item)})

    def _kept(self, value: Any) -> dict[str, Any]:
        if not self.framework.is_array(value):
            return {"type": type(value).__name__}
        about = {"shape": list(value.shape), "dtype": self.framework.dtype(value)}
        if int(np.prod(value.shape, dtype=np.int64)) > MAX_ELEMENTS or self._bytes > MAX_BYTES:
            self.truncated = True
            return about
        raw = self.framework.to_raw(value)
        self._bytes += raw.values.nbytes
        key = f"trace.{len(self.arrays)}"
        self.arrays[key] = raw
        return {**about, "array": key}


def _parts(value: Any) -> list[tuple[str, Any]]:
    """A value, or the items of a short list or tuple of values."""
    if isinstance(value, list | tuple) and 0 < len(value) <= 16:
        return [(f"[{index}]", item) for index, item in enumerate(value)]
    return [("", value)]
