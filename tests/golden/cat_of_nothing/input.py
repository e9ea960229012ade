import torch
import torch.nn as nn


class A(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        out = torch.tensor([])
        for i in range(3):
            x = self.fc(x)
            out = torch.cat((out, x), dim=1)
        return out


class B(nn.Module):
    def forward(self, x, start):
        left = x[:start]
        return torch.cat((left, x.reshape(2, -1)), dim=-1)


def gathered(rows, width):
    out = torch.empty(0)
    for row in rows:
        out = torch.cat([out, row.view(1, width)])
    return out


class Gathered(nn.Module):
    def __init__(self, dim, depth):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(dim, dim) for _ in range(depth))

    def forward(self, x):
        collected = torch.Tensor().to(x.device)
        for layer in self.layers:
            collected = torch.cat((collected, layer(x).unsqueeze(1)), dim=1)
        return torch.addcmul(collected, -1, collected, x.unsqueeze(1))
