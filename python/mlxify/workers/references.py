"""Serves plain-torch references of libraries that need a GPU under the libraries' own names.

A folder `mlxify/references/<library>` stands for that library whether or not it is installed: its kernels would not run on a
CPU, and a verdict must not depend on what else a machine has. A library that runs on a CPU, of which the folder holds only
the common part, is served where it is missing.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
import types
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

import mlxify

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(mlxify.__file__)), "references")

_WHEN_MISSING = frozenset({"beartype", "huggingface_hub", "jaxtyping", "timm", "torchvision", "transformers"})


class _References:
    """Finds `<library>.<module>` in the folder of references."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        library = name.partition(".")[0]
        if library not in served() or (library in _WHEN_MISSING and PathFinder.find_spec(library) is not None):
            return None
        base = os.path.join(_FOLDER, *name.split("."))
        package = os.path.join(base, "__init__.py")
        if os.path.isfile(package):
            return importlib.util.spec_from_file_location(name, package, submodule_search_locations=[base])
        if os.path.isfile(base + ".py"):
            return importlib.util.spec_from_file_location(name, base + ".py")
        raise ModuleNotFoundError(f"mlxify has no reference of `{name}`", name=name)


def served() -> frozenset[str]:
    """Names of the libraries with a reference."""
    names = set()
    for entry in os.scandir(_FOLDER) if os.path.isdir(_FOLDER) else ():
        if entry.is_dir() and os.path.isfile(os.path.join(entry.path, "__init__.py")):
            names.add(entry.name)
        elif entry.name.endswith(".py") and entry.name != "__init__.py":
            names.add(entry.name[:-3])
    return frozenset(names)


def install() -> None:
    """From now on imports of these libraries are served from the references."""
    sys.meta_path.insert(0, _References())


def stand_in(text: bytes) -> None:
    """Gives the imports at the top of a file what the references lack: classes that raise when they are called.

    A file may import more of a library than its models use. What stands under `try` has an answer of its own to what is missing.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return  # whoever imports the file tells
    for statement in tree.body:
        if not isinstance(statement, ast.ImportFrom) or statement.level or statement.module is None:
            continue
        library = statement.module.partition(".")[0]
        if library not in _WHEN_MISSING & served() or PathFinder.find_spec(library) is not None:
            continue
        module = _module(statement.module)
        for alias in statement.names:
            if alias.name != "*" and not hasattr(module, alias.name):
                setattr(module, alias.name, _absent(f"{statement.module}.{alias.name}"))


def _module(name: str) -> types.ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        sys.modules[name] = module = types.ModuleType(name)
        module.__path__ = []  # a package, whose modules are absent too
        return module


def _absent(name: str) -> type:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"mlxify has no reference of `{name}`")

    return type(name.rpartition(".")[2], (), {"__new__": refuse, "__doc__": "What no reference has."})
