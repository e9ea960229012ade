import copy

import mlx.nn as nn


def _deep_copy(value):
    """A deep copy that shares the functions of modules: those of MLX cannot be copied."""
    shared = {}
    for part in value.modules():
        shared.update({id(one): one for one in vars(part).values() if callable(one)})
    return copy.deepcopy(value, shared)


class Layer(nn.Module):
    def __init__(self, dim, activation):
        super().__init__()
        self.linear = nn.Linear(dim, dim)
        self.activation = nn.gelu if activation == "gelu" else nn.relu

    def __setstate__(self, state):
        if "activation" not in state:
            state["activation"] = nn.relu
        self.__dict__.update(state)

    def __call__(self, x):
        return self.activation(self.linear(x))


class Stack(nn.Module):
    def __init__(self, dim, depth, activation="relu"):
        super().__init__()
        layer = Layer(dim, activation)
        self.layers = [_deep_copy(layer) for _ in range(depth)]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
