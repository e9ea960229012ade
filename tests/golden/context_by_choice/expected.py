from contextlib import nullcontext
from functools import partial

import mlx.core as mx
import mlx.nn as nn


class Net(nn.Module):
    def __init__(self, dim, full=False):
        super().__init__()
        self.body, self.head = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.full = full

    def __call__(self, x, freeze: bool = False):
        y = self.body(x)
        z, x = y * 2, x + 1
        if freeze:
            x = mx.stop_gradient(x)
            z = mx.stop_gradient(z)
        return self.head(z) + x


untouched = partial(nullcontext, None)
