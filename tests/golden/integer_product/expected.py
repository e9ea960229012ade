import mlx.core as mx
import mlx.nn as nn


class Code(nn.Module):
    """The number that a row of bits stands for."""

    def __init__(self, bits):
        super().__init__()
        self.powers = 2 ** mx.arange(bits)
        self.freeze(keys=["powers"], recurse=False)
        self.proj = nn.Linear(bits, bits)

    def __call__(self, x):
        bits = (self.proj(x) > 0).astype(mx.int64)
        powers = mx.arange(x.shape[-1])
        return (bits.astype(mx.float32) @ powers.astype(mx.float32)).astype(bits.dtype), x @ self.proj.weight
