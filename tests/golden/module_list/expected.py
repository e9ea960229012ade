import mlx.nn as nn


class Stack(nn.Module):
    def __init__(self, dim: int, depth: int):
        super().__init__()
        self.layers = [nn.Linear(dim, dim) for _ in range(depth)]
        self.norms = []
        for _ in range(depth):
            self.norms.append(nn.LayerNorm(dim))
        self.mixers = [nn.Linear(dim, dim) for _ in range(depth)]
        self.heads = {"mean": nn.Linear(dim, 1), "scale": nn.Linear(dim, 1)}

    def __call__(self, x):
        for norm, layer, mixer in zip(self.norms, self.layers, self.mixers):
            x = x + mixer(layer(norm(x)))
        return self.heads["mean"](x), self.heads["scale"](x), len(self.layers)
