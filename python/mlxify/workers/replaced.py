"""Attributes of a library that mean something else for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any


@contextlib.contextmanager
def attributes(replacements: Iterable[tuple[Any, str, Any]]) -> Iterator[None]:
    """Within, each attribute (owner, name, value) has that value. Raises AttributeError for one that does not exist."""
    replacements = list(replacements)
    usual = [(owner, name, getattr(owner, name)) for owner, name, _ in replacements]
    try:
        for owner, name, value in replacements:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(usual):
            setattr(owner, name, value)
