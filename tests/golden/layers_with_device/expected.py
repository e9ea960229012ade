import mlx.nn as nn


class Twice(nn.Module):
    def __init__(self, layer, dim, device=None, dtype=None):
        super().__init__()
        self.first = layer(dim, dim, bias=False)
        self.second = nn.Linear(dim, dim)

    def __call__(self, x):
        return self.second(self.first(x))
