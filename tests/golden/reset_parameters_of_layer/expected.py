import mlx.nn as nn


class Net(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.fc = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.reset_parameters()

    def reset_parameters(self):
        pass

    def __call__(self, x):
        return self.norm(self.fc(x))
