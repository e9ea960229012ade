import torch.nn as nn
from torch.nn.utils import weight_norm
from torch.nn.utils.parametrizations import spectral_norm


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = weight_norm(nn.Linear(dim, dim), dim=None)
        self.out = spectral_norm(nn.Linear(dim, dim))

    def forward(self, x):
        return self.out(self.proj(x))
