import torch.nn
from torch.nn import Linear, Module


class Scale(Module):
    def __init__(self, d=4):
        Module.__init__(self)
        self.proj = Linear(d, d)

    def forward(self, x):
        return self.proj(x)


class Twice(torch.nn.Module):
    def __init__(self, inner: Module):
        torch.nn.Module.__init__(self)
        self.inner = inner

    def forward(self, x):
        return self.inner(self.inner(x))
