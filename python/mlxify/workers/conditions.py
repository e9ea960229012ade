"""What a model's own check compared when it failed: `assert dim % heads == 0` with 64 and 3."""

from __future__ import annotations

import ast
from collections.abc import Iterator, KeysView, Mapping
from types import CodeType, TracebackType
from typing import Any

MAX_CONDITIONS = 8
MAX_SIZES = 8  # of a shape
MAX_CHOICES = 16

_HARMLESS = (
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.Slice,
    ast.BinOp,
    ast.UnaryOp,
    ast.operator,
    ast.unaryop,
    ast.expr_context,
)
_SIZE_METHODS = frozenset({"size", "dim", "numel", "keys"})
Scope = tuple[dict[str, Any], Mapping[str, Any]]  # what the names of an expression mean: globals and locals
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
    `right`; or it is `in`, with the `name` that should have been one of `choices` and was `current` (texts of Python literals).
    `self.layers[scale]` that has no such key is told like `scale in self.layers.keys()`. Empty where a library raised otherwise, or where
    what was compared is nothing of this.
    """
    own = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == model_file:
            own = trace
        last, trace = trace, trace.tb_next
    if own is None or model_file is None:
        return []
    try:
        with open(model_file, encoding="utf-8") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return []
    if last is not own:  # a library's frame: the lookup of a container of modules
        return _missing_keys(tree, own) if last.tb_frame.f_code.co_name == "__getitem__" else []
    trace = own
    found = _missing_keys(tree, own)
    for test, must_hold in _tests(tree, trace.tb_lineno):
        scope = trace.tb_frame.f_globals, trace.tb_frame.f_locals
        for comparison, must_compare, scope_of_it in _comparisons(test, must_hold, scope, tree):
            found += _condition(comparison, must_compare, scope_of_it)
    return found[:MAX_CONDITIONS]


def _missing_keys(tree: ast.Module, trace: TracebackType) -> list[dict[str, Any]]:
    """What should have been a key of a mapping that is looked up on the line that failed."""
    scope = trace.tb_frame.f_globals, trace.tb_frame.f_locals
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and node.lineno <= trace.tb_lineno <= (node.end_lineno or node.lineno):
            keys = ast.Call(ast.Attribute(node.value, "keys", ast.Load()), [], [])
            test = ast.Compare(node.slice, [ast.In()], [ast.Call(ast.Name("list", ast.Load()), [keys], [])])
            found += _choice(ast.fix_missing_locations(ast.copy_location(test, node)), scope)
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


def _comparisons(test: ast.expr, must_hold: bool, scope: Scope, tree: ast.Module) -> Iterator[tuple[ast.Compare, bool, Scope]]:
    """Every comparison of two in a test, whether it must hold, and what its names mean.

    `not` turns that round, `a < b <= c` holds two, and `divisible_by(dim, heads)` holds those of the function's one expression.
    """
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _comparisons(test.operand, not must_hold, scope, tree)
        return
    if isinstance(test, ast.Compare) and (must_hold or len(test.ops) == 1):
        for left, operator, right in zip([test.left, *test.comparators], test.ops, test.comparators, strict=False):
            yield ast.Compare(left, [operator], [right]), must_hold, scope
    if isinstance(test, ast.Call):
        if predicate := _predicate(test, scope, tree):
            yield from _comparisons(predicate[0], must_hold, predicate[1], ast.Module([], []))  # one call deep
        return
    for part in ast.iter_child_nodes(test):
        if isinstance(part, ast.expr):
            yield from _comparisons(part, must_hold, scope, tree)


def _predicate(call: ast.Call, scope: Scope, tree: ast.Module) -> tuple[ast.expr, Scope] | None:
    """The expression that a function of the file returns, where it does nothing else, and what its parameters are in this call."""
    if not isinstance(call.func, ast.Name) or call.keywords:
        return None
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name != call.func.id or len(node.body) != 1:
            continue
        result, names = node.body[0], [argument.arg for argument in node.args.args]
        if not isinstance(result, ast.Return) or result.value is None or len(names) != len(call.args):
            return None
        values = [_value(argument, scope) for argument in call.args]
        return result.value, (scope[0], dict(zip(names, values, strict=True)))
    return None


def _condition(comparison: ast.Compare, must_hold: bool, scope: Scope) -> list[dict[str, Any]]:
    if isinstance(comparison.ops[0], ast.In if must_hold else ast.NotIn):
        return _choice(comparison, scope)
    relation = _RELATIONS.get(type(comparison.ops[0]))
    if relation is None:
        return []
    left, right = comparison.left, comparison.comparators[0]
    if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mod):
        zero = isinstance(right, ast.Constant) and right.value == 0
        relation, left, right = "%" if zero else "", left.left, left.right
    values = _sizes(left, scope), _sizes(right, scope)
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


def _choice(comparison: ast.Compare, scope: Scope) -> list[dict[str, Any]]:
    """`mode in ("ir", "ir_se")` of a name or an attribute, and plain choices."""
    left, right = comparison.left, _value(comparison.comparators[0], scope)
    name = left.id if isinstance(left, ast.Name) else left.attr if isinstance(left, ast.Attribute) else None
    choices = list(right) if isinstance(right, tuple | list | set | frozenset | dict | KeysView) else []
    plain = all(item is None or isinstance(item, str | int | float) for item in choices)
    current = _value(left, scope)
    if name is None or not plain or not 0 < len(choices) <= MAX_CHOICES or any(item == current for item in choices):
        return []
    return [{"relation": "in", "name": name, "current": repr(current), "choices": [repr(item) for item in choices]}]


def _sizes(node: ast.expr, scope: Scope) -> list[int] | None:
    """The integers that a plain expression of names, attributes and sizes gives; None for anything else."""
    value = _value(node, scope)
    items = list(value) if isinstance(value, tuple | list) else [value]
    sizes = [item for item in items if isinstance(item, int) and not isinstance(item, bool)]
    return sizes if len(sizes) == len(items) and 0 < len(sizes) <= MAX_SIZES else None


def _value(node: ast.expr, scope: Scope) -> Any:
    """What an expression that calls nothing of the model gives; None where it fails."""
    if not all(_is_harmless(part) for part in ast.walk(node)):
        return None
    try:
        code: CodeType = compile(ast.Expression(node), "<condition>", "eval")
        return eval(code, scope[0], dict(scope[1]))
    except Exception:
        return None


def _is_harmless(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        of_size = isinstance(node.func, ast.Attribute) and node.func.attr in _SIZE_METHODS
        return of_size or (isinstance(node.func, ast.Name) and node.func.id in ("len", "tuple", "list"))
    return isinstance(node, _HARMLESS)
