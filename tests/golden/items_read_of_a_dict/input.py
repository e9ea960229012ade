import torch.nn.functional as F
from torch import nn


class Up(nn.Module):
    def __init__(self, mode="bilinear"):
        super().__init__()
        self.mode = mode
        self.align_corners = True if mode == "bilinear" else None

    def forward(self, x, other):
        h, w = x.size(2), x.size(3)
        options = dict(mode=self.mode, align_corners=self.align_corners)
        return F.interpolate(other, size=(h, w), **options)
