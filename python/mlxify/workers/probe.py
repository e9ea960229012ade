"""Facts about the expressions of a file: what each one was when the model was constructed and called.

Every expression `e` becomes `probe(number, e)`, which gives back `e`. Left alone is what is no value of its own (targets,
slices, patterns), what is never evaluated or tells nothing (annotations, decorators, constants), the inside of f-strings, whose places
Python 3.11 does not know, and the name `super`, which the compiler must see as it is.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from typing import Any

from mlxify.workers.framework import Framework
from mlxify.workers.instrument import Places
from mlxify.workers.tree import constant

PROBE = "__mlxify_probe__"
MAX_STRING = 200
MOST_BRIEF = 100_000  # evaluations that are known again at a glance
MANY = 32  # different readings of one expression, after which fields are no longer refined by comparing whole readings

Fact = dict[str, Any]


class Rewriter(ast.NodeTransformer):
    """Wraps expressions; `spans` holds the byte span of each number. What it adds inside a call takes the call's place in the file."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.spans: list[tuple[int, int]] = []

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and not self._is_value(node):
            return self._inside(node)
        if isinstance(node, ast.expr):
            span = self.places.span(node)
            inner = self._inside(node)
            self.spans.append(span)
            number = ast.Constant(len(self.spans) - 1)
            call = ast.Call(ast.Name(PROBE, ast.Load()), [number, inner], [])
            return ast.copy_location(call, node)
        return super().visit(node)

    def _is_value(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant | ast.Starred | ast.Slice | ast.FormattedValue):
            return False
        if isinstance(node, ast.Name) and node.id in ("super", "__class__"):
            return False
        if isinstance(node, ast.Tuple) and any(isinstance(item, ast.Slice | ast.Starred) for item in node.elts):
            return False  # of a subscript: `x[a:b, c]`
        return isinstance(getattr(node, "ctx", ast.Load()), ast.Load)

    def _inside(self, node: ast.expr) -> ast.expr:
        return node if isinstance(node, ast.JoinedStr | ast.Constant) else self.generic_visit(node)

    # What holds expressions that must not be wrapped.

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.target = self.visit(node.target)
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def _function(self, node: Any) -> Any:
        node.args = self.visit(node.args)
        node.body = [self.visit(statement) for statement in node.body]
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.bases = [self.visit(base) for base in node.bases]
        node.keywords = [self.visit(keyword) for keyword in node.keywords]
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.match_case:
        if node.guard is not None:
            node.guard = self.visit(node.guard)
        node.body = [self.visit(statement) for statement in node.body]
        return node


class Recorder:
    """Joins what an expression was over all its evaluations."""

    def __init__(self, framework: Framework, name_of: Callable[[Any], str]) -> None:
        self.framework = framework
        self.name_of = name_of
        self.facts: dict[int, Fact] = {}
        self._seen: dict[int, list[Fact]] = {}
        self._brief: set[tuple[Any, ...]] = set()

    def probe(self, number: int, value: Any) -> Any:
        # A loop evaluates most expressions many times, and most of them are told by type and value, by shape and dtype, or by length.
        of = type(value)
        if of in _SCALARS or of in _UNBOUND:
            brief = (number, of, value)
        elif self.framework.is_array(value):
            brief = (number, of, tuple(value.shape), value.dtype)
        elif isinstance(value, _CONTAINERS):
            brief = (number, of, len(value))
        elif of is types.BuiltinMethodType:
            brief = (number, of, value.__module__, value.__qualname__)  # all that its name is made of
        elif self.framework.is_module(value):
            brief = (number, of)
        else:
            return self._note(number, value)
        if brief not in self._brief:
            if len(self._brief) < MOST_BRIEF:
                self._brief.add(brief)
            self._note(number, value)
        return value

    def _note(self, number: int, value: Any) -> Any:
        reading = self.read(value)
        seen = self._seen.setdefault(number, [])
        if reading not in seen:
            known = self.facts.get(number)
            self.facts[number] = reading if known is None else join(known, reading)
            if len(seen) < MANY:
                seen.append(reading)
        return value

    def read(self, value: Any) -> Fact:
        """One evaluation: `kind`, and what that kind has of ndim, shape, dtype, type, value, length."""
        if value is None:
            return {"kind": "none", "value": None}
        of = type(value)
        if of in _SCALARS:
            written = constant(value)
            # What JSON has no number for was written as text, and long texts are documents.
            told = type(written) is of and not (of is str and len(value) > MAX_STRING)
            negative = {"negative": True} if of is int and value < 0 else {}
            return {"kind": _SCALARS[of], **({"value": written} if told else {}), **negative}
        if self.framework.is_array(value):
            shape = [length if type(length) is int else None for length in value.shape]
            weight = {"parameter": True} if self.framework.is_parameter(value) else {}
            return {"kind": "tensor", "ndim": len(shape), "shape": shape, "dtype": self.framework.dtype(value), **weight}
        if self.framework.is_module(value):
            return {"kind": "module", "type": self.name_of(of)}
        dtype = self.framework.dtype_object(value)
        if dtype is not None:
            return {"kind": "dtype", "dtype": dtype}
        return self._read_other(value, of)

    def _read_other(self, value: Any, of: type) -> Fact:
        if isinstance(value, type):
            return {"kind": "class", "type": self.name_of(value)}
        if of.__name__ in ("Size", "device") and of.__module__.partition(".")[0] == "torch":
            return (
                {"kind": "size", "length": len(value)}
                if of.__name__ == "Size"
                else {"kind": "device", "value": str(value)}
            )
        for base, kind in ((tuple, "tuple"), (list, "list"), (dict, "dict")):
            if isinstance(value, base):
                return {"kind": kind, "length": len(value), **({} if of is base else {"type": self.name_of(of)})}
        if isinstance(value, _FUNCTIONS):
            return {"kind": "function", "type": self.name_of(value)}
        return {"kind": "object", "type": self.name_of(of)}


_CONTAINERS = (tuple, list, dict)
_UNBOUND = (types.FunctionType, type, type(None))
_SCALARS = {bool: "boolean", int: "integer", float: "floating", str: "string"}
_FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
)


def join(one: Fact, other: Fact) -> Fact:
    """What holds of both: fields that differ are absent, lengths of axes that differ are None.

    `negative`, `parameter`: one of them was. `tensor`: one of them was, and the other was not.
    """
    joined = {field: True for field in ("negative", "parameter", "tensor") if one.get(field) or other.get(field)}
    if one.get("kind") != other.get("kind") and "tensor" in (one.get("kind"), other.get("kind")):
        joined["tensor"] = True
    for field in one.keys() & other.keys():
        a, b = one[field], other[field]
        if field == "shape" and len(a) == len(b):
            joined[field] = [x if x == y else None for x, y in zip(a, b, strict=True)]
        elif a == b and type(a) is type(b):
            joined[field] = a
    return joined
