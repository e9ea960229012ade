import torch
from torch import nn

SIZE = 16
torch.set_default_dtype(torch.float32)


class Net(nn.Module):
    def __init__(self, dim=SIZE):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        return self.fc(x)
