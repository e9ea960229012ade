import torch.nn as nn
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.parametrize import remove_parametrizations


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = weight_norm(nn.Linear(dim, dim))

    def strip(self):
        remove_parametrizations(self.proj, "weight")

    def forward(self, x):
        return self.proj(x)
