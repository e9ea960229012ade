import torch
import torch.nn as nn
from fla.modules.l2norm import l2norm


class Keys(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Linear(dim, dim, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return l2norm(self.proj(x))
