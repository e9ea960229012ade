import mlx.nn as nn


class Net(nn.Module):
    def __init__(self, n, dim):
        super().__init__()
        self.parts = dict(dict(wte=nn.Embedding(n, dim), h=[nn.Linear(dim, dim) for _ in range(2)]))
        self.head = nn.Linear(dim, n, bias=False)
        self.parts["wte"].weight = self.head.weight

    def __call__(self, x):
        y = self.parts["wte"](x)
        for layer in self.parts["h"]:
            y = layer(y)
        return self.head(y)
