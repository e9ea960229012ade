import mlx.core as mx
import mlx.nn as nn


class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def update_(self, other):
        self.update(other.filter_and_map(nn.Module.valid_parameter_filter, mx.array))

    def __call__(self, x):
        return self.proj(x)
