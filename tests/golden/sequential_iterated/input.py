import torch.nn as nn


class Mlp(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, dim), nn.GELU())

    def forward(self, x):
        for layer in self.net:  # an MLX Sequential would give its keys
            x = layer(x)
        for i, layer in enumerate(self.net):
            x = layer(x) + i
        return x, len(self.net)
