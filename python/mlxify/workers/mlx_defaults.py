"""Which arrays of a new model hold what MLX's own layers put there; the numbers that a model's code draws are its own."""

from __future__ import annotations

import contextlib
import functools
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

_MOST = 0.5  # of an array's numbers, that it may be called the layer's: a padding row is written afterwards
_SAMPLE = 64  # numbers that are looked at before all are
_ROUNDING = 1e-5  # relative, of a norm


class Defaults:
    """What each layer of mlx.nn had put into its arrays when its constructor ended."""

    def __init__(self) -> None:
        self._drawn: dict[int, list[np.ndarray]] = defaultdict(list)  # by size: known again in any copy
        self._constant: dict[tuple[type, str], set[float]] = defaultdict(set)

    def record(self, layer: type, module: nn.Module) -> None:
        for key, value in module.items():
            if not isinstance(value, mx.array) or value.size == 0:
                continue
            numbers = np.array(value.astype(mx.float32))
            if value.size == 1 or (numbers == numbers.flat[0]).all():
                self._constant[layer, key].add(float(numbers.flat[0]))
                continue
            for part in (numbers, *_magnitudes(numbers)):
                self._drawn[part.size].append(part.reshape(-1))

    def untouched(self, module: nn.Module, key: str, array: mx.array) -> bool:
        if array.size == 0:
            return True
        numbers = np.array(array.astype(mx.float32)).reshape(-1)
        if (numbers == numbers[0]).all():
            return any(float(numbers[0]) in self._constant.get((layer, key), ()) for layer in type(module).__mro__)
        return any(_mostly_equal(numbers, drawn) for drawn in self._drawn.get(numbers.size, ()))


def _mostly_equal(numbers: np.ndarray, drawn: np.ndarray) -> bool:
    def share(step: int) -> float:
        return float(np.isclose(numbers[::step], drawn[::step], rtol=_ROUNDING, atol=0).mean())

    return share(-(-numbers.size // _SAMPLE)) >= _MOST / 2 and share(1) >= _MOST


def _magnitudes(weight: np.ndarray) -> Iterator[np.ndarray]:
    """What weight normalisation keeps of a weight beside it: its norm along each of its axes, and over all."""
    yield np.asarray(np.linalg.norm(weight))
    for axis in range(weight.ndim if weight.ndim > 1 else 0):
        yield np.linalg.norm(np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1), axis=1)


@contextlib.contextmanager
def recorded() -> Iterator[Defaults]:
    """Keeps, while it is entered, what the layers of mlx.nn initialise themselves with."""
    defaults = Defaults()

    def watched(layer: type, construct: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(construct)
        def call(self: nn.Module, *args: Any, **kwargs: Any) -> None:
            construct(self, *args, **kwargs)
            defaults.record(layer, self)

        return call

    layers = [layer for layer in _library_classes() if "__init__" in vars(layer)]
    held = [(layer, layer.__init__) for layer in layers]
    for layer, construct in held:
        layer.__init__ = watched(layer, construct)
    try:
        yield defaults
    finally:
        for layer, construct in held:
            layer.__init__ = construct


def _library_classes() -> list[type]:
    """Every module class of mlx.nn but the base of all, which holds no array."""
    found: dict[type, None] = {}
    pending: list[type] = [nn.Module]
    while pending:
        below = [layer for layer in pending.pop().__subclasses__() if layer not in found]
        found.update(dict.fromkeys(below))
        pending += below
    return [layer for layer in found if layer.__module__.startswith("mlx.nn.")]
