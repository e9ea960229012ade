import torch
import torch.nn as nn


class Stem(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor):
        x = x.permute(0, 2, 1)  # (B, T, F) => (B, F, T)
        x = x.unsqueeze_(1)
        return self.proj(x)


def rows(x: torch.Tensor, y: torch.Tensor):
    x = x[:, 0]
    x.unsqueeze_(-1)
    z = y.transpose(0, 1).t_()
    return x, y[0].unsqueeze_(0), z
