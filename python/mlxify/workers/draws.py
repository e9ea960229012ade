"""Random draws that both frameworks share: numbers from numpy, chosen by what is drawn and how often it was before.

A draw is found by its kind, its count of elements and its number among the like, not by its place in the program: a conversion
may draw in another order or layout (a dropout of channels has shape (B, C, 1, 1) here and (B, 1, 1, C) there), and an
initialisation that one side leaves out shifts nothing else.
"""

from __future__ import annotations

import collections
import math

import numpy as np

from mlxify.workers.arrays import FLOAT32

_BITS = 24  # of a float32's significand
_KINDS = {"uniform": 1, "normal": 2, "bernoulli": 3, "permutation": 4}


class Draws:
    """One stream; the same seed and the same questions give the same numbers."""

    def __init__(self, seed: int, dropout: bool = True) -> None:
        self.seed = seed
        self.dropout = dropout
        self.kept: dict[str, float] = collections.defaultdict(float)  # by probability, how many elements a Bernoulli draw was for
        self.drawn = 0  # elements of all other draws
        self._asked: collections.Counter[tuple[str, int]] = collections.Counter()

    def _generator(self, kind: str, size: int) -> np.random.Generator:
        self.drawn += size if kind != "bernoulli" else 0
        number = self._asked[kind, size]
        self._asked[kind, size] += 1
        return np.random.default_rng([self.seed, _KINDS[kind], size, number])

    def uniform(self, shape: tuple[int, ...]) -> np.ndarray:
        """float32 in [0, 1)."""
        return self._uniform("uniform", shape)

    def _uniform(self, kind: str, shape: tuple[int, ...]) -> np.ndarray:
        """By way of integers: numpy draws no float32 while its name stands for float64 (mlx_float64.py)."""
        return self._generator(kind, math.prod(shape)).integers(2**_BITS, size=shape).astype(FLOAT32) * FLOAT32(2**-_BITS)

    def normal(self, shape: tuple[int, ...]) -> np.ndarray:
        """float32, standard normal."""
        return self._generator("normal", math.prod(shape)).standard_normal(shape).astype(FLOAT32)

    def bernoulli(self, probability: float | np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """bool, true with the given probability; always true where the latter is above 0 and nothing may be dropped."""
        if not isinstance(probability, np.ndarray) or probability.ndim == 0:
            self.kept[f"{float(probability):.6g}"] += math.prod(shape)
        else:
            self.kept["of an array"] += math.prod(shape)
            self.kept["expected of an array"] += float(np.nansum(np.broadcast_to(probability, shape), dtype=np.float64))
        if not self.dropout:
            return np.broadcast_to(np.asarray(probability) > 0, shape).copy()
        return self._uniform("bernoulli", shape) < probability

    def integers(self, low: np.ndarray | int, high: np.ndarray | int, shape: tuple[int, ...]) -> np.ndarray:
        """int64 in [low, high)."""
        span = np.asarray(high) - np.asarray(low)
        return (low + np.floor(self.uniform(shape).astype(np.float64) * span)).astype(np.int64)

    def exponential(self, shape: tuple[int, ...]) -> np.ndarray:
        """float32, standard exponential: the minus logarithm of a uniform number."""
        return -np.log(np.maximum(self.uniform(shape), FLOAT32(2**-_BITS)))

    def gumbel(self, shape: tuple[int, ...]) -> np.ndarray:
        """float32, standard Gumbel: the minus logarithm of an exponential number."""
        return -np.log(np.maximum(self.exponential(shape), FLOAT32(2**-_BITS)))

    def permutation(self, count: int) -> np.ndarray:
        """int64, of 0 ... count - 1."""
        return self._generator("permutation", count).permutation(count)
