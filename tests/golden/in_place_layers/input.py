import torch
import torch.nn as nn


class Skip(nn.Module):
    def __init__(self, n: int, sub: nn.Module | None = None, inplace: bool = True):
        super().__init__()
        down = [nn.LeakyReLU(0.2, True), nn.Linear(n, n)]
        up = [nn.ReLU(inplace=inplace), nn.Linear(n, n)]
        if sub is not None:
            self.model = nn.Sequential(*down, sub, *up)
        else:
            self.model = nn.Sequential(*down, *up)

    def forward(self, x):
        return torch.cat([x, self.model(x)], dim=1)  # of x after its activation
