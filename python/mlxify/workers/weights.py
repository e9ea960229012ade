"""Fresh weights for a comparison: every parameter random, so that a zero-initialised gate hides nothing, and outputs finite.

Vectors and scalars stay near what the author constructed (a norm's ones, a decay's logarithms) and keep their common sign
(probabilities), because such values often have a meaning; matrices and kernels do not, and are drawn with the scale that
keeps activations near one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mlxify.workers.arrays import FLOATING, Raw

SPREAD = 0.2
_FAN_IN_FIRST = ("Linear", "Conv", "Bilinear", "LSTM", "GRU", "RNN", "MultiheadAttention")


@dataclass(frozen=True)
class Constructed:
    """An array as the model's constructor left it. `owner`: class name of the module that holds it; `values`: of vectors,
    the others are not looked at."""

    name: str
    owner: str
    shape: tuple[int, ...]
    dtype: str
    buffer: bool
    values: Raw | None = None

    @property
    def floating(self) -> bool:
        return self.dtype in FLOATING


def redraw(constructed: Iterable[Constructed], seed: int) -> dict[str, Raw]:
    """New values by name, for parameters and running statistics; an array's numbers depend on its name and the seed only."""
    drawn = {}
    for entry in constructed:
        generator = np.random.default_rng([seed, *entry.name.encode()])
        values = _statistics(entry, generator) if entry.buffer else _parameter(entry, generator)
        if values is not None:
            drawn[entry.name] = Raw.of(np.asarray(values)).cast(entry.dtype)
    return drawn


def _statistics(entry: Constructed, generator: np.random.Generator) -> np.ndarray | None:
    """Statistics in their natural range: running ones, and others that are called so; None for any other buffer, which may be a
    table or a mask.
    """
    if not entry.floating:
        return None
    word = entry.name.rpartition(".")[2].strip("_").rpartition("_")[2]
    if word in {"std", "var", "variance"}:
        return generator.uniform(0.5, 1.5, entry.shape).astype(np.float32)
    if word == "mean":
        return (SPREAD * generator.standard_normal(entry.shape)).astype(np.float32)
    if word == "scale" and entry.values is not None:  # of the sign and about the size that the constructor gave it
        return (entry.values.numbers() * generator.uniform(0.5, 1.5, entry.shape)).astype(np.float32)
    return None


def _parameter(entry: Constructed, generator: np.random.Generator) -> np.ndarray | None:
    shape = entry.shape
    if entry.dtype == "complex64":
        parts = [generator.standard_normal(shape) / math.sqrt(2 * _fan_in(entry)) for _ in range(2)]
        return (parts[0] + 1j * parts[1]).astype(np.complex64)
    if not entry.floating:
        return None
    noise = generator.standard_normal(shape, np.float32)
    if is_vector(shape):
        spread = SPREAD if math.prod(shape) > 1 else SPREAD / 2
        values = _sensible(entry)
        drawn = values + spread * noise
        sign = 1 if (values > 0).all() else -1 if (values < 0).all() else 0
        return (sign * np.abs(drawn) if sign else drawn).astype(np.float32)
    return noise / np.float32(math.sqrt(_fan_in(entry)))


def is_vector(shape: tuple[int, ...]) -> bool:
    """Whether at most one axis is longer than 1."""
    return sum(length > 1 for length in shape) <= 1


def _sensible(entry: Constructed) -> np.ndarray:
    """Constructed values, or what a vector of that name usually holds where memory was left as found."""
    if entry.values is not None:
        values = entry.values.numbers().astype(np.float64)
        if np.isfinite(values).all() and (np.abs(values) < 1e4).all():
            return values
    return np.full(entry.shape, usual(entry.name))


def usual(name: str) -> float:
    """What a vector of that name usually holds."""
    return 1.0 if name.endswith(("weight", "scale", "gamma")) else 0.0


def _fan_in(entry: Constructed) -> int:
    shape = entry.shape
    if "Embedding" in entry.owner:
        return 1
    if entry.owner.startswith(_FAN_IN_FIRST):
        return max(1, math.prod(shape[1:]))
    return max(1, *shape[-2:])
