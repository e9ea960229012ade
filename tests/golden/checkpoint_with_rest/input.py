import torch.nn as nn
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    def __init__(self, conv, saves_memory=False):
        super().__init__()
        self.conv = conv
        self.saves_memory = saves_memory

    def forward(self, x, *args, **kwargs):
        if self.saves_memory and x.requires_grad:
            return checkpoint(self.conv, x, *args, use_reentrant=True, **kwargs)
        return self.conv(x, *args, **kwargs)
