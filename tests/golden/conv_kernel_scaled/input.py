import torch
from torch import nn


def scale_weights(module: nn.Module, scale: float = 0.1):
    for m in module.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight)
            m.weight.data *= scale


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        scale_weights(self)

    def forward(self, x):
        return x + self.conv(x)
