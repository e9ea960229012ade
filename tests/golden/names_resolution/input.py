"""The same function under all the names a file can give it."""

import torch
import torch as th
import torch.nn.functional as F
from torch import nn
from torch.nn import functional, Linear as Dense
from torch.nn.functional import relu as rectify, silu


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.inner = Dense(dim, dim)

    def forward(self, x):
        a = th.relu(x)
        b = torch.nn.functional.relu(a)
        c = functional.relu(b)
        d = F.relu(c)
        return silu(rectify(self.inner(d)))
