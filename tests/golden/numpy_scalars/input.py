import numpy as np
import torch
from torch import nn


class Model(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.scale = np.sqrt(dim)
        self.proj = nn.Linear(int(np.ceil(dim / 2)), dim)

    def forward(self, x: torch.Tensor):
        flat = x.reshape(-1, np.prod(x.shape[1:]))
        return self.scale * self.proj(flat)
