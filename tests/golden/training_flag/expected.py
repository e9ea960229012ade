import mlx.core as mx
import mlx.nn as nn


class Noise(nn.Module):
    def __init__(self, std: float):
        super().__init__()
        self.std = std

    def __call__(self, x: mx.array) -> mx.array:
        if self.training and self.std > 0:
            x = x + mx.random.normal(x.shape, dtype=x.dtype) * self.std
        return x
