"""What a model's own check compared when it failed: `assert dim % heads == 0` with 64 and 3."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import CodeType, FrameType, TracebackType
from typing import Any

MAX_CONDITIONS = 8
MAX_SIZES = 8  # of a shape

_HARMLESS = (
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.Slice,
    ast.BinOp,
    ast.UnaryOp,
    ast.operator,
    ast.unaryop,
    ast.expr_context,
)
_SIZE_METHODS = frozenset({"size", "dim", "numel"})
_RELATIONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def failed_conditions(trace: TracebackType | None, model_file: str | None) -> list[dict[str, Any]]:
    """What should have held where the model itself raised: `{"relation", "left", "right"}`, sizes as lists of integers.

    `relation` is a comparison, `%` where `left` should be a multiple of `right`, or `rank` where a tensor of `left` axes should have
    `right`. Empty where a library raised, or where what was compared are no sizes.
    """
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or model_file is None or trace.tb_frame.f_code.co_filename != model_file:
        return []
    try:
        with open(model_file, encoding="utf-8") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return []
    found = []
    for test, must_hold in _tests(tree, trace.tb_lineno):
        for comparison, must_compare in _comparisons(test, must_hold):
            found += _condition(comparison, must_compare, trace.tb_frame)
    return found[:MAX_CONDITIONS]


def _tests(tree: ast.Module, line: int) -> Iterator[tuple[ast.expr, bool]]:
    """The test of an assertion on that line, which must hold; of an `if` that raises there, which must not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or node.lineno):
            yield node.test, True
        elif isinstance(node, ast.If):
            for statement in node.body:
                if isinstance(statement, ast.Raise) and statement.lineno <= line <= (
                    statement.end_lineno or statement.lineno
                ):
                    yield node.test, False


def _comparisons(test: ast.expr, must_hold: bool) -> Iterator[tuple[ast.Compare, bool]]:
    """Every comparison of two in a test, and whether it must hold; `not` turns that round, `a < b <= c` holds two."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _comparisons(test.operand, not must_hold)
        return
    if isinstance(test, ast.Compare) and (must_hold or len(test.ops) == 1):
        for left, operator, right in zip([test.left, *test.comparators], test.ops, test.comparators, strict=False):
            yield ast.Compare(left, [operator], [right]), must_hold
    for part in ast.iter_child_nodes(test):
        if isinstance(part, ast.expr):
            yield from _comparisons(part, must_hold)


def _condition(comparison: ast.Compare, must_hold: bool, frame: FrameType) -> list[dict[str, Any]]:
    relation = _RELATIONS.get(type(comparison.ops[0]))
    if relation is None:
        return []
    left, right = comparison.left, comparison.comparators[0]
    if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mod):
        zero = isinstance(right, ast.Constant) and right.value == 0
        relation, left, right = "%" if zero else "", left.left, left.right
    values = _sizes(left, frame), _sizes(right, frame)
    if values[0] is None or values[1] is None or not relation:
        return []
    if relation != "%":
        relation = relation if must_hold else _OPPOSITE[relation]
        if relation == "!=" or _holds(relation, *values):
            return []
        if _counts_axes(left) and relation == "==":
            relation = "rank"
    elif any(size == 0 for size in values[1]) or all(a % b == 0 for a, b in zip(*values, strict=False)):
        return []
    return [{"relation": relation, "left": values[0], "right": values[1]}]


def _holds(relation: str, left: list[int], right: list[int]) -> bool:
    return {"==": left == right, "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[
        relation
    ]


def _counts_axes(node: ast.expr) -> bool:
    """`x.dim()`, `x.ndim`, `len(x.shape)`"""
    if isinstance(node, ast.Attribute):
        return node.attr == "ndim"
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        return node.func.attr == "dim"
    return "shape" in ast.dump(node) or "'size'" in ast.dump(node)


def _sizes(node: ast.expr, frame: FrameType) -> list[int] | None:
    """The integers that a plain expression of names, attributes and sizes gives; None for anything else."""
    if not all(_is_harmless(part) for part in ast.walk(node)):
        return None
    try:
        code: CodeType = compile(ast.Expression(node), "<condition>", "eval")
        value = eval(code, frame.f_globals, frame.f_locals)
    except Exception:
        return None
    items = list(value) if isinstance(value, tuple | list) else [value]
    sizes = [item for item in items if isinstance(item, int) and not isinstance(item, bool)]
    return sizes if len(sizes) == len(items) and 0 < len(sizes) <= MAX_SIZES else None


def _is_harmless(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        of_size = isinstance(node.func, ast.Attribute) and node.func.attr in _SIZE_METHODS
        return of_size or (isinstance(node.func, ast.Name) and node.func.id in ("len", "tuple", "list"))
    return isinstance(node, _HARMLESS)
