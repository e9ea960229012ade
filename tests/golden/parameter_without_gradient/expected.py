import mlx.core as mx
import mlx.nn as nn


class Whitening(nn.Module):
    def __init__(self, dim: int, trainable: bool = True):
        super().__init__()
        self.mean = mx.zeros(dim)
        self.freeze(keys=["mean"], recurse=False)
        self.scale = mx.ones(dim)
        if not trainable:
            self.freeze(keys=["scale"], recurse=False)

    def __call__(self, x):
        return (x - self.mean) * self.scale
