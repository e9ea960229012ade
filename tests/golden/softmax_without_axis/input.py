import torch.nn as nn


class Head(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, dim), nn.Softmax(), nn.Linear(dim, 3), nn.Softmax(dim=-1))
        self.log = nn.LogSoftmax(dim=None)

    def forward(self, x):
        return self.log(self.net(x))
