"""MLX's random draws from the shared stream. The calls that are replaced are listed in docs/internals/worker-protocol.md."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import mlx.core as mx
import numpy as np

from mlxify.workers.draws import Draws
from mlxify.workers.replaced import attributes

_FLOAT32 = mx.float32
_ALL = ("bernoulli", "uniform", "normal", "truncated_normal", "randint", "gumbel", "categorical", "permutation")
_LIKELY = 0.3  # how probable the inside of the bounds is, above which torch's trunc_normal_ rejects normal draws


def _cumulative(deviations: float) -> float:
    """Of the standard normal distribution."""
    return (1 + math.erf(deviations / math.sqrt(2))) / 2


def _numpy(value: Any) -> Any:
    return np.array(value.astype(mx.float32)) if isinstance(value, mx.array) else value


def _drawn(dtype: Any) -> Any:
    """MLX draws no float64, which `mx.float32` is while the verifier computes in it."""
    return _FLOAT32 if dtype == mx.float64 else dtype


class _Replacements:
    """MLX's drawing functions over one stream; each has MLX's signature and result. Keys choose nothing here.

    MLX's own function is asked first, and its result is never computed: it refuses what MLX does not take, a shape of floats for one,
    and it tells shape and dtype.
    """

    def __init__(self, draws: Draws) -> None:
        self.draws = draws
        self.own = {name: getattr(mx.random, name) for name in _ALL}

    def _of_mlx(self, name: str, *arguments: Any) -> mx.array:
        return self.own[name](*arguments, key=mx.random.key(0))

    def bernoulli(self, p: Any = 0.5, shape: Any = None, key: Any = None, stream: Any = None) -> mx.array:
        like = self._of_mlx("bernoulli", p, shape)
        return mx.array(self.draws.bernoulli(_numpy(p), like.shape))

    def uniform(
        self, low: Any = 0, high: Any = 1, shape: Any = (), dtype: Any = mx.float32, key: Any = None, stream: Any = None
    ) -> mx.array:
        like = self._of_mlx("uniform", low, high, shape, _drawn(dtype))
        return (mx.array(self.draws.uniform(like.shape)) * (high - low) + low).astype(dtype or like.dtype)

    def normal(
        self,
        shape: Any = (),
        dtype: Any = mx.float32,
        loc: Any = None,
        scale: Any = None,
        key: Any = None,
        stream: Any = None,
    ) -> mx.array:
        like = self._of_mlx("normal", shape, _drawn(dtype), loc, scale)
        numbers = mx.array(self.draws.normal(like.shape))
        if scale is not None:
            numbers = numbers * scale
        if loc is not None:
            numbers = numbers + loc
        return numbers.astype(dtype or like.dtype)

    def truncated_normal(
        self, lower: Any, upper: Any, shape: Any = None, dtype: Any = mx.float32, key: Any = None, stream: Any = None
    ) -> mx.array:
        likely = isinstance(lower, int | float) and isinstance(upper, int | float) and _cumulative(upper) - _cumulative(lower) > _LIKELY
        if not likely:
            return self.own["truncated_normal"](lower, upper, shape, dtype, key)
        like = self._of_mlx("truncated_normal", lower, upper, shape, _drawn(dtype))
        numbers = self.draws.normal(like.shape)
        while (outside := (numbers < lower) | (numbers > upper)).any():
            numbers = np.where(outside, self.draws.normal(like.shape), numbers)
        return mx.array(numbers).astype(dtype or like.dtype)

    def randint(
        self, low: Any, high: Any, shape: Any = (), dtype: Any = mx.int32, key: Any = None, stream: Any = None
    ) -> mx.array:
        like = self._of_mlx("randint", low, high, shape, dtype)
        bounds = [np.array(bound) if isinstance(bound, mx.array) else bound for bound in (low, high)]
        return mx.array(self.draws.integers(*bounds, like.shape)).astype(like.dtype)

    def gumbel(self, shape: Any = (), dtype: Any = mx.float32, key: Any = None, stream: Any = None) -> mx.array:
        like = self._of_mlx("gumbel", shape, _drawn(dtype))
        return mx.array(self.draws.gumbel(like.shape)).astype(dtype or like.dtype)

    def categorical(
        self,
        logits: mx.array,
        axis: int = -1,
        shape: Any = None,
        num_samples: int | None = None,
        key: Any = None,
        stream: Any = None,
    ) -> mx.array:
        like = self._of_mlx("categorical", logits, axis, shape, num_samples)
        if shape is not None or axis % logits.ndim != logits.ndim - 1:
            raise NotImplementedError("the shared stream draws categories along the last axis only")
        numbers = _numpy(logits)
        noise = self.draws.gumbel((*numbers.shape[:-1], num_samples or 1, numbers.shape[-1]))
        drawn = (numbers[..., None, :] + noise).argmax(-1)
        return mx.array((drawn[..., 0] if num_samples is None else drawn).astype(np.uint32)).reshape(like.shape)

    def permutation(self, x: Any, axis: int = 0, key: Any = None, stream: Any = None) -> mx.array:
        self._of_mlx("permutation", x, axis)
        count = x if isinstance(x, int) else x.shape[axis]
        order = mx.array(self.draws.permutation(count).astype(np.uint32))
        return order if isinstance(x, int) else mx.take(x, order, axis=axis)


@contextlib.contextmanager
def replaced(draws: Draws, only_dropout: bool) -> Iterator[None]:
    """Within, draws come from the stream. `only_dropout`: leaves MLX's own draws alone where nothing is dropped by them."""
    replacements = _Replacements(draws)
    names = ("bernoulli",) if only_dropout else _ALL
    with attributes((mx.random, name, getattr(replacements, name)) for name in names):
        yield
