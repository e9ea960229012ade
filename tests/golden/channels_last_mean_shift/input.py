import torch
import torch.nn.functional as F
from torch import nn


class _MeanShift(nn.Conv2d):
    def __init__(self, std: float):
        super().__init__(3, 3, kernel_size=1)
        self.weight.data = torch.eye(3).view(3, 3, 1, 1) / std
        self.bias.data = torch.zeros(3)


class _SamePool(nn.MaxPool2d):  # for its options alone
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.max_pool2d(F.pad(x, (0, 1, 0, 1)), self.kernel_size, self.stride)


class Net(nn.Module):
    def __init__(self, n: int = 8):
        super().__init__()
        self.shift = _MeanShift(2.0)
        self.first = nn.Conv2d(3, n, 3, padding=1)
        self.pool = _SamePool(2, 2)
        self.second = nn.Conv2d(2 * n, n, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        b, c, h, w = x.shape
        x = self.first(self.shift(x))
        a = kept = x  # two names of one image
        x = torch.cat([self.pool(a), self.pool(kept)], dim=1)
        return self.second(x)
