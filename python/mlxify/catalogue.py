"""The words of which catalogue files are made (see catalogue/README.md), and a registry of what they state.

A catalogue file begins with `from mlxify.catalogue import *`. The compiler reads such files by itself; running them in
Python is what tests do: every entry is then listed in `entries()`, in the order of the files' execution.
"""

import importlib
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import mlx.core as mx
import mlx.nn as nn
import numpy as np

__all__ = [
    "attribute",
    "constant",
    "defaults",
    "definition",
    "dissolve",
    "drop_decorator",
    "is_size",
    "is_tensor",
    "keep",
    "known",
    "limited",
    "math",
    "maybe_tensor",
    "maybe_void",
    "module",
    "mutated",
    "mx",
    "negated",
    "never",
    "nn",
    "np",
    "refuse",
    "rule",
    "selects_gradient",
    "trap",
]


@dataclass(frozen=True)
class Entry:
    """What the catalogue says of one qualified name.

    `kind` is the word that stated it. `python` is the function or class of rules, attributes, modules and definitions.
    `target` is the MLX spelling of a constant and the reason of a `never`. The other fields carry the keywords of the
    same name; `values` are MLX's own defaults that a `defaults` states.
    """

    kind: str
    qualified: str
    python: Any = None
    target: str = ""
    suggest: str = ""
    argument: str = ""
    mutates: str = ""
    view_of: str = ""
    fields: tuple[str, ...] = ()
    weights: dict[str, str] = field(default_factory=dict)
    trap: tuple[str, ...] = ()
    stops_gradient: bool = False
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trap:
    """A silent trap: what a port by hand gets other numbers from, without an error. `rules` are parts of the compiler that guard it."""

    name: str
    differs: str
    handled: str
    rules: tuple[str, ...] = ()


class Refused(NotImplementedError):
    """Raised by `refuse`: the call is well-formed torch, but has no conversion."""


_entries: list[Entry] = []
_traps: list[Trap] = []


def entries() -> tuple[Entry, ...]:
    """Everything that the catalogue files executed so far have stated."""
    return tuple(_entries)


def traps() -> tuple[Trap, ...]:
    """The silent traps that the catalogue files executed so far have stated."""
    return tuple(_traps)


def load(folder: Path) -> tuple[Entry, ...]:
    """Executes all files below `folder`, a catalogue, and gives all entries so far; a file is executed once a process.

    Files import from each other as `catalogue.<library>.<file>`, so the folder must be named `catalogue`.
    """
    root = folder.resolve()
    if root.name != "catalogue":
        raise ValueError(f"{folder} is not named `catalogue`")
    if str(root.parent) not in sys.path:
        sys.path.insert(0, str(root.parent))
    for path in sorted(root.rglob("*.py")):
        name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        if path.name != "__init__.py" and name not in sys.modules:
            importlib.import_module(name)
    return entries()


def _state(kind: str, names: tuple[str, ...], trap: str | tuple[str, ...] = "", **details: Any) -> Callable[[Any], Any]:
    details["trap"] = (trap,) if isinstance(trap, str) and trap else tuple(trap)

    def stated(python: Any) -> Any:
        _entries.extend(Entry(kind, name, python, **details) for name in names)
        return python

    return stated


def trap(name: str, differs: str, handled: str, *rules: str) -> None:
    """A silent trap, which entries name by their keyword `trap`; `rules` are names of the source map for what the compiler does itself."""
    _traps.append(Trap(name, differs, handled, rules))


def rule(
    *names: str, mutates: str = "", view_of: str = "", fields: tuple[str, ...] = (), trap: str | tuple[str, ...] = ""
) -> Callable[[Any], Any]:
    """A function or method of torch, written in MLX under torch's signature."""
    return _state("rule", names, trap, mutates=mutates, view_of=view_of, fields=tuple(fields))


def attribute(*names: str, view_of: str = "", trap: str | tuple[str, ...] = "") -> Callable[[Any], Any]:
    """An attribute that is read, not called; the function takes the object."""
    return _state("attribute", names, trap, view_of=view_of)


def module(
    *names: str, weights: dict[str, str] | None = None, argument: str | tuple[str, ...] = "", trap: str | tuple[str, ...] = ""
) -> Callable[[Any], Any]:
    """A module class that MLX has too; the function has the constructor's signature and gives MLX's module.

    With `argument`, it stands in for the name's usual entry in calls that pass that argument (or one of several).
    """
    return _state("module", names, trap, weights=weights or {}, argument=argument if isinstance(argument, str) else ",".join(argument))


def definition(
    *names: str,
    weights: dict[str, str] | None = None,
    mutates: str = "",
    view_of: str = "",
    fields: tuple[str, ...] = (),
    argument: str | tuple[str, ...] = "",
    trap: str | tuple[str, ...] = "",
) -> Callable[[Any], Any]:
    """A class or function that is copied into the output under its own name.

    With `argument`, it stands in for the name's usual definition in calls that pass that argument (or one of several).
    """
    details: dict[str, Any] = {"weights": weights or {}, "mutates": mutates, "view_of": view_of, "fields": tuple(fields)}
    return _state("definition", names, trap, argument=argument if isinstance(argument, str) else ",".join(argument), **details)


def constant(*names_and_target: str, trap: str | tuple[str, ...] = "") -> None:
    """Names that are not called (a dtype, a type, a number); the last argument is the MLX expression."""
    *names, target = names_and_target
    _state("constant", tuple(names), trap, target=target)(None)


def keep(*names: str) -> None:
    """Names of a library that work on MLX arrays as they are."""
    _state("keep", names)(None)


def defaults(callee: str, **values: Any) -> None:
    """What MLX itself assumes for keywords of `callee`: such an argument is not written out."""
    _state("defaults", (callee,), values=values)(None)


def drop_decorator(*names: str, trap: str | tuple[str, ...] = "") -> None:
    """Decorators that vanish."""
    _state("drop_decorator", names, trap)(None)


def dissolve(*names: str, stops_gradient: bool = False, trap: str | tuple[str, ...] = "") -> None:
    """Context managers, calls and settings that vanish; what a `with` encloses stays."""
    _state("dissolve", names, trap, stops_gradient=stops_gradient)(None)


def never(*names_and_reason: str, suggest: str = "", argument: str = "") -> None:
    """Names without a counterpart, the last argument being the reason; with `argument`, only calls that pass it.

    A name that ends in `.*` stands for all names below it that have no entry of their own.
    """
    *names, reason = names_and_reason
    _state("never", tuple(names), target=reason, suggest=suggest, argument=argument)(None)


def refuse(reason: str, suggest: str = "") -> NoReturn:
    """This call cannot be converted."""
    raise Refused(f"{reason} ({suggest})" if suggest else reason)


def known(expression: Any) -> bool:
    """Whether the compiler knows the value; in Python every value is known."""
    return True


def negated(value: Any) -> bool:
    """Whether the caller wrote `-x`, or a number below zero: a hint that it may be negative, no proof of the contrary."""
    return value < 0


def is_size(value: Any) -> bool:
    """Whether the compiler knows the value for a tensor's shape; in Python every shape is a tuple."""
    return isinstance(value, tuple)


def limited(value: Any) -> bool:
    """Whether the compiler knows that what was below zero is zero in the tensor; never in Python."""
    return False


def maybe_tensor(value: Any) -> bool:
    """Whether nothing but the samples tells of the value, and it was a tensor in some of them and not in others."""
    return False


def maybe_void(value: Any) -> bool:
    """Whether a tensor may have the shape (0,), which `torch.cat` passes over: to the compiler, on some path to this place."""
    return value.shape == (0,)


def is_tensor(value: Any) -> bool:
    return isinstance(value, mx.array)


def mutated(value: Any) -> bool:
    """Whether the result is later written to in place; in Python that cannot be excluded."""
    return True


def selects_gradient(value: Any) -> bool:
    """Whether the value is NaN, or -inf and the function of the call masks what a softmax gives; in Python nothing is known of callers."""
    return False


def named(qualified: str) -> Iterator[Entry]:
    """The entries of one qualified name, most idiomatic first."""
    return (entry for entry in _entries if entry.qualified == qualified)
