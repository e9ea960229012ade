import mlx.core as mx
import mlx.nn as nn


class PreActivation(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.act = nn.ReLU()
        self.first = nn.Linear(dim, dim)
        self.second = nn.Linear(dim, dim)

    def __call__(self, x):
        x = self.first(x)
        shortcut = x
        x[...] = self.act(x)
        y = self.second(x)  # the shortcut is activated too
        z = y = mx.where(y > 0, y, mx.expm1(mx.minimum(0, y)))
        z = self.second(z)
        z = self.act(z)
        return shortcut + y + z


class OverInput(nn.Module):
    def __call__(self, x):
        x[...] = nn.relu(x)
        y = x
        return x + y * 2


class OverArgument(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.act = nn.ReLU()
        self.layer = nn.Linear(dim, dim)

    def __call__(self, x: mx.array):
        x[...] = self.act(x)  # who calls may read it
        x = self.layer(x)
        x = self.act(x)
        return x
