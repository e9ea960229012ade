"""Places in a source by byte, and the import of a rewritten syntax tree in place of the file."""

from __future__ import annotations

import ast
import contextlib
import re
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from mlxify.workers.definitions import Source
from mlxify.workers.model import Call, Model

Rewriter = TypeVar("Rewriter", bound=ast.NodeTransformer)

_DEEP = 20_000  # frames of Python for deeply nested expressions


class Places:
    """Byte offsets in the original of the nodes of its tree."""

    def __init__(self, text: bytes) -> None:
        self._starts = [0, *(match.end() for match in re.finditer(rb"\r\n|\r|\n", text))]
        self._mark = 3 if text.startswith(b"\xef\xbb\xbf") else 0  # of UTF-8, which columns do not count

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column + (self._mark if line == 1 else 0)

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._offset(node.lineno, node.col_offset), self._offset(end_line, end_column)


@contextlib.contextmanager
def deep_recursion() -> Iterator[None]:
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, _DEEP))
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


def compile_rewritten(source: Source, make: Callable[[Places], Rewriter]) -> tuple[types.CodeType, Rewriter]:
    """The file's code with what the rewriter that `make` gives puts in, and that rewriter, which knows the places.

    Raises SyntaxError for no Python, RecursionError for one nested too deep.
    """
    rewriter = make(Places(source.text))
    with deep_recursion():
        tree = rewriter.visit(ast.parse(source.text, source.path))
        return compile(ast.fix_missing_locations(tree), source.path, "exec", dont_inherit=True), rewriter


def run_again(
    model: Model, request: dict[str, Any], code: Any, given: dict[str, Any]
) -> Iterator[tuple[str, types.ModuleType, Any]]:
    """Imports `code`, constructs the session's model from it with the session's weights, and calls it: stage by stage.

    Yields ("constructed", module, instance) before the call and ("called", ...) after it. With `both_modes`, a module is called in
    evaluation and in training mode, from the same state. Raises what the model raises, of two calls after both.
    """
    source, usual = model.loaded()
    made = Call.of(model, request)
    try:
        module = source.run(code, given)
        instance = model.construct(model.constructed(), module)
        modes = [made.training]
        if model.framework.is_module(instance):
            model.framework.assign(instance, model.state())
            modes = [False, True] if request.get("both_modes") else modes
        yield "constructed", module, instance
        _call_in(modes, made, instance, module)
        yield "called", module, instance
    finally:
        sys.modules[source.name] = usual


def _call_in(modes: list[bool], made: Call, instance: Any, module: types.ModuleType) -> None:
    framework = made.model.framework
    raised: Exception | None = None
    restore = framework.snapshot(instance) if len(modes) > 1 else None
    for number, training in enumerate(modes):
        if restore is not None and number > 0:
            restore()
        framework.train(instance, training)
        try:
            made.flatten(framework.infer(instance, lambda: made.invoke(made.arrays(), instance, module), restore))
        except Exception as error:
            raised = raised or error
    if raised is not None:
        raise raised
