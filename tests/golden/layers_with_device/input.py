from torch import nn


class Twice(nn.Module):
    def __init__(self, layer, dim, device=None, dtype=None):
        super().__init__()
        self.first = layer(dim, dim, bias=False, device=device, dtype=dtype)
        self.second = nn.Linear(dim, dim, device=device, dtype=dtype)

    def forward(self, x):
        return self.second(self.first(x))
