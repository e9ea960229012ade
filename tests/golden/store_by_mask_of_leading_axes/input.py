import torch
import torch.nn as nn


class Masked(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.fc = nn.Linear(2, dim)

    def forward(self, values, vectors):
        x = torch.cat((vectors.unsqueeze(2), values.unsqueeze(2)), dim=2).float()
        empty = torch.isnan(x)
        x[empty] = 0
        x = self.fc(x)
        x[empty[:, :, 1]] = 0
        return x.sum(1)
