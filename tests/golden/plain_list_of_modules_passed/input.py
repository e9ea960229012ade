from torch import nn


class Sum(nn.Module):
    def __init__(self, shared, sizes):
        super().__init__()
        self.shared = shared
        self.sizes = sizes

    def forward(self, x):
        return self.shared[0](x) * self.sizes[0] + self.shared[1](x) * self.sizes[1]


class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.first = nn.Linear(n, n)
        self.second = nn.Linear(n, n)
        self.sums = nn.ModuleList([Sum([self.first, self.second], [1, 2]) for _ in range(2)])

    def forward(self, x):
        for one in self.sums:
            x = one(x)
        return x
