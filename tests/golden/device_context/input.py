import torch
from torch import nn


class Positions(nn.Module):
    def __init__(self, n, dim):
        super().__init__()
        with torch.device("cpu"):
            self.table = nn.Embedding(n, dim)
        self.home = torch.device("cpu")

    def forward(self, x):
        with torch.device(x.device):
            places = torch.arange(x.shape[1])
        return x + self.table(places)
