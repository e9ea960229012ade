from contextlib import nullcontext
from functools import partial

import torch
from torch import nn
from torch.amp import autocast


class Net(nn.Module):
    def __init__(self, dim, full=False):
        super().__init__()
        self.body, self.head = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.full = full

    def forward(self, x, freeze: bool = False):
        context = torch.no_grad if freeze else nullcontext
        with context():
            y = self.body(x)
            z, x = y * 2, x + 1
        precision = partial(autocast, "cuda", enabled=False) if self.full else nullcontext
        with precision():
            return self.head(z) + x


untouched = partial(nullcontext, None)
