"""An array of the caller's that the call writes to, and one that it does not."""

import torch.nn as nn


class Counts(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, counts):
        y = self.proj(x)
        counts += (y > 0).sum(0)
        return y.relu()
