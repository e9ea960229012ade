"""The model's file: import, what it defines, and its expressions."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import os
import re
import sys
import types
from collections.abc import Callable
from typing import Any

MAX_TEXT = 200  # characters of a default or an annotation
MAX_DOCSTRING = 20_000
_DOCUMENTED = [
    re.compile(form, re.MULTILINE)
    for form in (
        r"^\s*(?P<name>\w+)\s*\((?P<type>[^()]*)\)\s*:",
        r":param (?P<type>[\w.]+) (?P<name>\w+):",
        r":type (?P<name>\w+):(?P<type>.*)$",
        r"^\s*(?P<name>\w+)\s*:(?P<type>[\w ,.`:]*)$",
    )
]
_PLAIN_TYPES = {"integer": "int", "boolean": "bool", "string": "str"} | {name: name for name in ("int", "float", "bool", "str")}


@dataclasses.dataclass(frozen=True)
class Source:
    """A model's file as bytes. `name` is the module name that its import gets."""

    path: str
    name: str
    text: bytes

    @staticmethod
    def read(path: str, name: str | None) -> Source:
        """Raises OSError."""
        path = os.path.abspath(path)
        with open(path, "rb") as file:
            text = file.read()
        name = name or os.path.splitext(os.path.basename(path))[0]
        taken = sys.modules.get(name)
        if taken is not None and getattr(taken, "__file__", None) != path:
            name += "_model"  # `random.py` must not become everyone's `random`
        return Source(path, name, text)

    def run(self, code: Any = None, given: dict[str, Any] | None = None) -> types.ModuleType:
        """Imports the file, or `code` compiled from it, as a new module. Raises what its top level raises."""
        module = types.ModuleType(self.name)
        module.__file__ = self.path
        module.__dict__.update(given or {})
        folder = os.path.dirname(self.path)
        if folder not in sys.path:
            sys.path.append(folder)  # last: the file's neighbours must not shadow what libraries import
        sys.modules[self.name] = module  # dataclasses and pickling look it up
        exec(code or compile(self.text, self.path, "exec", dont_inherit=True), module.__dict__)
        return module


def describe(module: types.ModuleType, text: bytes, is_module_class: Callable[[Any], bool]) -> list[dict[str, Any]]:
    """The classes and functions that a file of that text defines at its top level, in its order."""
    lines = _class_lines(text)
    found = []
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if not isinstance(value, type) and not inspect.isroutine(value):
            continue
        if getattr(value, "__name__", name) != name:
            continue  # a second name of the same thing
        found.append(_describe(name, value, lines, is_module_class))
    return sorted(found, key=lambda definition: definition["line"])


def _class_lines(text: bytes) -> dict[str, int]:
    """The first line, decorators included, of every class outside of functions and classes; of several of a name, the first."""
    lines: dict[str, int] = {}
    try:
        pending: list[ast.AST] = [ast.parse(text)]
    except (SyntaxError, ValueError, RecursionError):
        return lines
    while pending:
        for node in ast.iter_child_nodes(pending.pop()):
            if isinstance(node, ast.ClassDef):
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                lines[node.name] = min(first, lines.get(node.name, first))
            elif isinstance(node, ast.stmt | ast.excepthandler | ast.match_case) and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                pending.append(node)
    return lines


def _describe(
    name: str, value: Any, lines: dict[str, int], is_module_class: Callable[[Any], bool]
) -> dict[str, Any]:
    told = f"{value.__doc__}\n{getattr(vars(value).get('__init__'), '__doc__', '')}" if isinstance(value, type) else str(value.__doc__)
    record: dict[str, Any] = {"name": name, "line": _line(name, value, lines), "parameters": _parameters(value, told)}
    if not isinstance(value, type):
        return {**record, "kind": "function"}
    record["bases"] = [base.__qualname__ for base in value.__bases__ if base is not object]
    if is_module_class(value):
        method = value.__dict__.get("forward") or value.__dict__.get("__call__") or _inherited(value)
        unbound = 0 if isinstance(method, staticmethod) else 1  # without `self`
        return {**record, "kind": "module", "forward": _parameters(method, f"{method.__doc__}")[unbound:] if method else []}
    return {**record, "kind": "dataclass" if dataclasses.is_dataclass(value) else "class"}


def _inherited(value: type) -> Any:
    """`forward` or `__call__` of the nearest base that has either; torch's bare Module counts as having none."""
    for base in value.__mro__:
        for name in ("forward", "__call__"):
            method = base.__dict__.get(name)
            if inspect.isfunction(method) and base.__name__ != "Module":
                return method
    return None


def _line(name: str, value: Any, lines: dict[str, int]) -> int:
    """0 for what no statement of the file defines."""
    code = getattr(inspect.unwrap(value) if not isinstance(value, type) else None, "__code__", None)
    return code.co_firstlineno if code is not None else lines.get(name, 0)


def _parameters(value: Any, told: str) -> list[dict[str, Any]]:
    """Those of a signature; where it has no annotation, with the plain type that the docstring `told` names."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return []
    described = []
    for parameter in signature.parameters.values():
        record = {"name": parameter.name, "kind": parameter.kind.name.lower()}
        if parameter.default is not parameter.empty:
            record["default"] = _text(repr, parameter.default)
        if parameter.annotation is not parameter.empty:
            record["annotation"] = _text(_annotation, parameter.annotation)
        elif documented := _documented_type(parameter.name, told):
            record["annotation"] = documented
        described.append(record)
    return described


def _documented_type(name: str, told: str) -> str:
    """`int` of `name (int, optional): ...`, of `:param int name:`, of `:type name: int` and of `name : int`; empty without one."""
    for documented in _documented_types(told[:MAX_DOCSTRING]):
        if name in documented:
            plain = documented[name].replace(":obj:", "").replace("`", "").split(",")[0].strip()
            return _PLAIN_TYPES.get(plain, "")
    return ""


@functools.lru_cache(maxsize=64)
def _documented_types(told: str) -> list[dict[str, str]]:
    """By form, what a docstring says of each name; of several times, the first."""
    found = []
    for form in _DOCUMENTED:
        said: dict[str, str] = {}
        for match in form.finditer(told):
            said.setdefault(match["name"], match["type"])
        found.append(said)
    return found


def _annotation(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _text(of: Callable[[Any], str], value: Any) -> str:
    try:
        return of(value)[:MAX_TEXT]
    except Exception:
        return f"<{type(value).__name__}>"
