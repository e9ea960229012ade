import mlx.nn as nn


class Part(nn.Module):
    def __init__(self, dim, shared=None):
        super().__init__()
        self._shared = shared
        self.own = nn.Linear(dim, dim)

    def __call__(self, x):
        return self._shared[0](x) + self._shared[1](self.own(x))


class Net(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.a = nn.Linear(dim, dim)
        self.b = nn.Linear(dim, dim)
        self.parts = [Part(dim, shared=[self.a, self.b]) for _ in range(2)]

    def __call__(self, x):
        for part in self.parts:
            x = part(x)
        return x
