"""Serves plain-torch references of libraries that need a GPU under the libraries' own names.

A folder `mlxify/references/<library>` stands for that library whether or not it is installed: its kernels would not run on a
CPU, and a verdict must not depend on what else a machine has. A library that runs on a CPU, of which the folder holds only
the common part, is served where it is missing.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder

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
