import torch
import torch.nn as nn
import torch.nn.functional as F


class PreActivation(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.act = nn.ReLU(inplace=True)
        self.first = nn.Linear(dim, dim)
        self.second = nn.Linear(dim, dim)

    def forward(self, x):
        x = self.first(x)
        shortcut = x
        y = self.second(self.act(x))  # the shortcut is activated too
        z = F.elu(y, inplace=True)
        z = self.second(z)
        z = self.act(z)
        return shortcut + y + z


class OverInput(nn.Module):
    def forward(self, x):
        y = F.relu(x, inplace=True)
        return x + y * 2


class OverArgument(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.act = nn.ReLU(inplace=True)
        self.layer = nn.Linear(dim, dim)

    def forward(self, x: torch.Tensor):
        x = self.act(x)  # who calls may read it
        x = self.layer(x)
        x = self.act(x)
        return x
