from torch import nn


class Net(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def update(self, other):
        self.load_state_dict(other.state_dict())

    def forward(self, x):
        return self.proj(x)
