import mlx.core as mx
import mlx.nn as nn


class Rotary(nn.Module):
    def __init__(self, dim: int, base: float = 10000.0):
        super().__init__()
        inv_freq = 1.0 / (base ** (mx.arange(0, dim, 2).astype(mx.float32) / dim))
        self._inv_freq = inv_freq  # made anew, not saved

    def __call__(self, positions: mx.array) -> mx.array:
        return positions[:, None] * self._inv_freq
