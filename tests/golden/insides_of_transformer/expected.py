import mlx.nn as nn
import copy


def _copies(layer, count):
    """Independent copies of a layer; the functions that it holds are shared, those of MLX cannot be copied."""
    shared = {id(value): value for value in vars(layer).values() if callable(value)}
    return [copy.deepcopy(layer, dict(shared)) for _ in range(count)]


class Stack(nn.Module):
    def __init__(self, layer, depth, activation="relu"):
        super().__init__()
        self.layers = _copies(layer, depth)
        self.activation = {"relu": nn.relu, "gelu": nn.gelu}[activation]

    def __call__(self, x, scale=None):
        for layer in self.layers:
            x = self.step(x, layer=layer, scale=scale)
        return x

    def step(self, x, layer, scale=None):
        return self.activation(layer(x))
