import mlx.core as mx
import mlx.nn as nn


class Positions(nn.Module):
    def __init__(self, n, dim):
        super().__init__()
        self.table = nn.Embedding(n, dim)
        self.home = mx.default_device()

    def __call__(self, x):
        places = mx.arange(x.shape[1])
        return x + self.table(places)
