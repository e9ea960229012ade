import torch.nn as nn


class Mlp(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(dim, 4 * dim),
            nn.GELU(),
            nn.Linear(4 * dim, dim),  # back to the width
        )

    def forward(self, x):
        first = self.net[0](x)
        return self.net[1:](first), self.net[-1].weight
