import mlx.nn as nn


def _Linear(in_features, out_features, bias=True, device=None, dtype=None):
    return nn.Linear(in_features, out_features, bias=bias)


def _GELU(approximate="none"):
    if approximate == "tanh":
        return nn.GELU(approx="tanh")
    return nn.GELU()


def linear(*args, **kwargs):
    return _Linear(*args, **kwargs)


class Block(nn.Module):
    def __init__(self, dim, *args):
        super().__init__()
        self.proj = linear(dim, 3, bias=False)
        self.act = _GELU(*args)

    def __call__(self, x):
        return self.act(self.proj(x))
