import torch.nn as nn


class Net(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.fc = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.reset_parameters()

    def reset_parameters(self):
        self.fc.reset_parameters()
        self.norm.reset_parameters()

    def forward(self, x):
        return self.norm(self.fc(x))
