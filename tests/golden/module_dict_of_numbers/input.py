from torch import nn


class Heads(nn.Module):
    def __init__(self, n: int, count):
        super().__init__()
        self.heads = nn.ModuleDict({str(i): nn.Linear(n, n) for i in range(count)})
        self.norms = nn.ModuleDict()
        for i in range(count):
            self.norms[str(i)] = nn.LayerNorm(n)

    def forward(self, x):
        for name, head in self.heads.items():
            x = self.norms[name](head(x))
        return x
