import mlx.core as mx
import mlx.nn as nn


def _whole(modules):
    """A module that holds a list or a dict of modules."""
    module = nn.Module()
    module.parts = modules
    return module


def start_at_one(module):
    if isinstance(module, nn.Linear):
        module.weight = mx.ones_like(module.weight)


class Stack(nn.Module):
    def __init__(self, n, depth):
        super().__init__()
        self.layers = [nn.Linear(n, n) for _ in range(depth)]
        _whole(self.layers).apply_to_modules(lambda _, module: start_at_one(module))
        self.heads = {"mean": nn.Linear(n, n), "scale": nn.Linear(n, n)}
        _whole(self.heads).freeze()
        _whole(self.layers).freeze()

    def train(self, mode=True):
        super().train(mode)
        _whole(self.heads).eval()
        return self

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.heads["mean"](x), self.heads["scale"](x)
