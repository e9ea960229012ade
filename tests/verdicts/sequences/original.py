"""Causal convolutions over a sequence, and a masked mean."""

import torch.nn as nn
import torch.nn.functional as F


class Sequence(nn.Module):
    def __init__(self, dim=4, kernel=3, dilation=2):
        super().__init__()
        self.left = (kernel - 1) * dilation
        self.depthwise = nn.Conv1d(dim, dim, kernel, dilation=dilation, groups=dim)
        self.pointwise = nn.Conv1d(dim, 2 * dim, 1)

    def forward(self, x, mask=None):
        y = self.depthwise(F.pad(x.transpose(1, 2), (self.left, 0)))
        value, gate = self.pointwise(y).chunk(2, dim=1)
        y = (value * gate.sigmoid()).transpose(1, 2)
        if mask is None:
            return y.mean(1)
        y = y.masked_fill(~mask.unsqueeze(-1), 0.0)
        return y.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
