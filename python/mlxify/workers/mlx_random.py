"""MLX's random draws from the shared stream. The calls that are replaced are listed in docs/internals/worker-protocol.md."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import mlx.core as mx
import numpy as np

from mlxify.workers.draws import Draws


def _shape(shape: Sequence[int] | None, *operands: Any) -> tuple[int, ...]:
    """The given shape, else that of the operands broadcast."""
    if shape is not None:
        return tuple(int(length) for length in shape)
    return np.broadcast_shapes(*(tuple(x.shape) for x in operands if isinstance(x, mx.array)))


def _numpy(value: Any) -> Any:
    return np.array(value.astype(mx.float32)) if isinstance(value, mx.array) else value


class _Replacements:
    """MLX's drawing functions over one stream; each has MLX's signature and result. Keys choose nothing here."""

    def __init__(self, draws: Draws) -> None:
        self.draws = draws

    def bernoulli(self, p: Any = 0.5, shape: Any = None, key: Any = None, stream: Any = None) -> mx.array:
        return mx.array(self.draws.bernoulli(_numpy(p), _shape(shape, p)))

    def uniform(
        self, low: Any = 0, high: Any = 1, shape: Any = (), dtype: Any = None, key: Any = None, stream: Any = None
    ) -> mx.array:
        numbers = mx.array(self.draws.uniform(_shape(shape or None, low, high)))
        return (numbers * (high - low) + low).astype(dtype or mx.float32)

    def normal(
        self,
        shape: Any = (),
        dtype: Any = None,
        loc: Any = None,
        scale: Any = None,
        key: Any = None,
        stream: Any = None,
    ) -> mx.array:
        numbers = mx.array(self.draws.normal(_shape(shape)))
        if scale is not None:
            numbers = numbers * scale
        if loc is not None:
            numbers = numbers + loc
        return numbers.astype(dtype or mx.float32)

    def randint(
        self, low: Any, high: Any, shape: Any = (), dtype: Any = None, key: Any = None, stream: Any = None
    ) -> mx.array:
        bounds = [np.array(bound) if isinstance(bound, mx.array) else bound for bound in (low, high)]
        return mx.array(self.draws.integers(*bounds, _shape(shape or None, low, high))).astype(dtype or mx.int32)

    def gumbel(self, shape: Any = (), dtype: Any = None, key: Any = None, stream: Any = None) -> mx.array:
        return mx.array(self.draws.gumbel(_shape(shape))).astype(dtype or mx.float32)

    def categorical(
        self,
        logits: mx.array,
        axis: int = -1,
        shape: Any = None,
        num_samples: int | None = None,
        key: Any = None,
        stream: Any = None,
    ) -> mx.array:
        if shape is not None or axis % logits.ndim != logits.ndim - 1:
            raise NotImplementedError("the shared stream draws categories along the last axis only")
        numbers = _numpy(logits)
        noise = self.draws.gumbel((*numbers.shape[:-1], num_samples or 1, numbers.shape[-1]))
        drawn = (numbers[..., None, :] + noise).argmax(-1)
        return mx.array((drawn[..., 0] if num_samples is None else drawn).astype(np.uint32))

    def permutation(self, x: Any, axis: int = 0, key: Any = None, stream: Any = None) -> mx.array:
        count = x if isinstance(x, int) else x.shape[axis]
        order = mx.array(self.draws.permutation(count).astype(np.uint32))
        return order if isinstance(x, int) else mx.take(x, order, axis=axis)


_ALL = ("bernoulli", "uniform", "normal", "randint", "gumbel", "categorical", "permutation")


@contextlib.contextmanager
def replaced(draws: Draws, only_dropout: bool) -> Iterator[None]:
    """Within, draws come from the stream. `only_dropout`: leaves MLX's own draws alone where nothing is dropped by them."""
    replacements = _Replacements(draws)
    names = ("bernoulli",) if only_dropout else _ALL
    held = {name: getattr(mx.random, name) for name in names}
    for name in names:
        setattr(mx.random, name, getattr(replacements, name))
    try:
        yield
    finally:
        for name, value in held.items():
            setattr(mx.random, name, value)
