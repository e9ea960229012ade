from collections import OrderedDict

from torch import nn


class Pyramid(nn.Module):
    def __init__(self, n, scales):
        super().__init__()
        self.paths = {}
        self.scales = OrderedDict()
        for scale in range(scales):
            self.paths[scale] = nn.Linear(n, n)
            self.scales["scale", scale] = nn.Linear(n, n)
        self.path_list = nn.ModuleList(list(self.paths.values()))
        self.scale_list = nn.ModuleList(list(self.scales.values()))

    def forward(self, x):
        for scale in range(len(self.paths)):
            x = x + self.paths[scale](x) * self.scales["scale", scale](x)
        return x
