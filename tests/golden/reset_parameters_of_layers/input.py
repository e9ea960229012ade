from torch import nn


class Net(nn.Module):
    def __init__(self, dim, depth):
        super().__init__()
        self.first = nn.Linear(dim, dim)
        self.layers = nn.ModuleList([nn.Linear(dim, dim) for _ in range(depth)])
        self.reset_parameters()

    def reset_parameters(self):
        self.first.reset_parameters()
        for layer in self.layers:
            layer.reset_parameters()

    def forward(self, x):
        x = self.first(x)
        for layer in self.layers:
            x = layer(x)
        return x
