from torch import nn


class Pyramid(nn.Module):
    def __init__(self, n, scales):
        super().__init__()
        self.paths = []
        for _ in scales:
            self.paths.append(nn.Linear(n, n))
        self.path_list = nn.ModuleList(self.paths)

    def forward(self, x):
        for path in self.paths:
            x = x + path(x)
        return x
