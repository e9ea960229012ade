import torch
import torch.nn as nn


class WeightedConv(nn.Conv2d):
    def forward(self, x):
        return self._conv_forward(x, self.weight * 2, self.bias)


class Net(nn.Module):
    """A class that derives from a layer keeps channels first, and so does the whole file."""

    def __init__(self):
        super().__init__()
        self.first = WeightedConv(3, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x):
        return torch.relu(self.second(self.first(x)))
