"""Nested results: arrays numbered as leaves, the rest described, as the protocol's `tree`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

MAX_DEPTH = 32
MAX_ITEMS = 10_000  # of one list, tuple or dict


def flatten(value: Any, is_array: Callable[[Any], bool]) -> tuple[dict[str, Any], list[Any]]:
    """(`tree`, leaves) of a result. Raises ValueError for one that is too deep or too long to be compared."""
    leaves: list[Any] = []

    def describe(item: Any, depth: int) -> dict[str, Any]:
        if depth > MAX_DEPTH:
            raise ValueError(f"the result is nested more than {MAX_DEPTH} deep")
        if is_array(item) or isinstance(item, np.ndarray):
            leaves.append(item)
            return {"leaf": len(leaves) - 1}
        if item is None or isinstance(item, bool | str | int | float | np.generic):
            return {"const": constant(item)}
        if _is_module(item):  # MLX's are dictionaries
            return {"object": "Module", "fields": {}}
        if isinstance(item, list | tuple | dict) and len(item) > MAX_ITEMS:
            raise ValueError(f"the result has a container of more than {MAX_ITEMS} items")
        if isinstance(item, list | tuple):
            return {"list" if isinstance(item, list) else "tuple": [describe(part, depth + 1) for part in item]}
        if isinstance(item, dict):
            return {"dict": {str(key): describe(part, depth + 1) for key, part in item.items()}}
        return {
            "object": type(item).__name__,
            "fields": {name: describe(part, depth + 1) for name, part in _fields(item).items()},
        }

    return describe(value, 0), leaves


def _is_module(item: Any) -> bool:
    """Whether a result is a module of either framework, of which nothing is compared here."""
    return any(
        base.__name__ == "Module" and base.__module__.startswith(("torch.nn", "mlx.nn")) for base in type(item).__mro__
    )


def constant(item: Any) -> Any:
    """A scalar as JSON; what JSON has no number for, as text."""
    if isinstance(item, np.generic):
        item = item.item()
    if isinstance(item, float) and not math.isfinite(item):
        return repr(item)
    if isinstance(item, int) and not isinstance(item, bool) and abs(item) >= 1 << 63:
        return repr(item)
    return item if item is None or isinstance(item, bool | str | int | float) else repr(item)


def _fields(item: Any) -> dict[str, Any]:
    """What an object of a result holds by public name; a class, function or module holds nothing here."""
    if isinstance(item, type) or callable(item):
        return {}
    if dataclasses.is_dataclass(item):
        return {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}
    held = getattr(item, "__dict__", {})
    return {name: value for name, value in held.items() if not name.startswith("_")}
