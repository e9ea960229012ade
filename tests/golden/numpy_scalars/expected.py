import numpy as np
import math
import mlx.core as mx
import mlx.nn as nn


class Model(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.scale = float(np.sqrt(dim))
        self.proj = nn.Linear(int(np.ceil(dim / 2)), dim)

    def __call__(self, x: mx.array):
        flat = x.reshape(-1, math.prod(x.shape[1:]))
        return self.scale * self.proj(flat)
