import mlx.nn as nn


class Frozen(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Linear(dim, dim)
        self.proj.freeze()

    def __call__(self, x):
        return self.proj(x)
