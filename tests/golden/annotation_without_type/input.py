from typing import Callable, Optional

import torch
from torch import nn
from torch.optim import Optimizer


class Tuned(nn.Module):
    def __init__(self, width: int, make: Optional[Callable[..., Optimizer]] = None, group: torch.distributed.ProcessGroup = None):
        super().__init__()
        self.proj = nn.Linear(width, width)
        self.make = make
        self.group = group

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.proj(x)
