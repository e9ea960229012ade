import mlx.nn as nn


class Stack(nn.Module):
    def __init__(self, dim, depth):
        super().__init__()
        self.layers = [nn.Linear(dim, dim) for _ in range(depth)]

    def __len__(self):
        return len(self.layers)

    def __getitem__(self, i):
        """The i-th layer."""
        if isinstance(i, str):  # MLX keeps a module's parts by name
            return super().__getitem__(i)
        return self.layers[i]


class Net(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.stack = Stack(dim, 2)

    def __call__(self, x):
        for i in range(len(self.stack)):
            x = self.stack[i](x)
        return x if self.stack else -x
