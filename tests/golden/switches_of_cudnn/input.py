import torch
from torch import nn


def setup_seed(seed):
    torch.manual_seed(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(dim))
        setattr(self.scale, "_optim", {"weight_decay": 0.0})

    def forward(self, x):
        return x * self.scale
