import torch
import torch.nn as nn


def norm_of(module: nn.Module, kind: str = "none"):
    if kind == "group":
        return nn.GroupNorm(1, module.out_channels)
    return nn.Identity()


class Up(nn.Module):
    def __init__(self, dim=4, kind: str = "none"):
        super().__init__()
        self.conv = nn.ConvTranspose2d(dim, 2 * dim, 3)
        self.norm = norm_of(self.conv, kind)

    def forward(self, x):
        return self.norm(self.conv(x))


class Same(nn.Module):
    def __init__(self, dim=4, kind: str = "group"):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, 3, padding=1, groups=2)
        self.norm = norm_of(self.conv, kind)

    def forward(self, x):
        return self.norm(self.conv(x))
