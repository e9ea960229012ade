from torch import nn


class Model(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.down = [nn.Linear(dim, dim), nn.Linear(dim, dim)]
        self.up = []
        self.out = []
        for _ in range(2):
            self.up.append(nn.Linear(dim, dim))
            self.out.append(nn.Linear(dim, dim))
        self.down = nn.ModuleList(self.down)
        self.up = nn.ModuleList(self.up)
        self.out = nn.Sequential(*self.out)

    def forward(self, x):
        for layer in self.down:
            x = layer(x)
        for layer in self.up:
            x = layer(x)
        return self.out(x)
