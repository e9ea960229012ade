import torch.nn as nn


class Blur(nn.Module):
    """The larger half of the padding stands at the end where the kernel is even."""

    def __init__(self, dim):
        super().__init__()
        self.even = nn.Conv1d(dim, dim, 4, padding="same")
        self.odd = nn.Conv1d(dim, dim, kernel_size=5, padding="same")
        self.wide = nn.Conv1d(dim, dim, 4, 1, "same", dilation=2)

    def forward(self, x):
        return self.wide(self.odd(self.even(x)))
