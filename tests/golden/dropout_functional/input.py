import torch
import torch.nn as nn
import torch.nn.functional as F


class Regular(nn.Module):
    def __init__(self, dim: int, p: float = 0.1):
        super().__init__()
        self.p = p
        self.drop = nn.Dropout(p)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.dropout(x, p=self.p, training=self.training)
        return self.drop(x)
