import mlx.nn as nn


class Scale(nn.Module):
    def __init__(self, d=4):
        nn.Module.__init__(self)
        self.proj = nn.Linear(d, d)

    def __call__(self, x):
        return self.proj(x)


class Twice(nn.Module):
    def __init__(self, inner: nn.Module):
        nn.Module.__init__(self)
        self.inner = inner

    def __call__(self, x):
        return self.inner(self.inner(x))
