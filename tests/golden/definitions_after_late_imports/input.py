import logging

logger = logging.getLogger(__name__)

import torch
import torch.nn as nn

__all__ = ["Gate"]


class Gate(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.act = nn.Hardtanh()
        self.out = nn.Softmax(dim=-1)

    def forward(self, x):
        return self.out(self.act(x) * torch.sigmoid(x))
