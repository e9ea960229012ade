import torch
import torch.nn as nn


class Scale(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim
        self.factor = None

    def forward(self, x):
        return x * self.factor[:, None]


class Styled(nn.Module):
    """Each part of a style goes to the next of the layers."""

    def __init__(self, dim, style):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(dim, dim), Scale(dim), nn.Linear(dim, 2 * dim), Scale(2 * dim))
        self.style = nn.Linear(style, 3 * dim)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                bound = m.in_features**-0.5
                nn.init.uniform_(m.weight, -bound, bound)

    def forward(self, x, style):
        factors = self.style(style)
        for m in self.modules():
            if m.__class__.__name__ == "Scale":
                m.factor = factors[:, : m.dim]
                factors = factors[:, m.dim :]
        return self.body(x), len([m for m in self.modules() if isinstance(m, Scale)])
