import mlx.core as mx
import mlx.nn as nn


def setup_seed(seed):
    mx.random.seed(seed)


class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.scale = mx.ones(dim)

    def __call__(self, x):
        return x * self.scale
