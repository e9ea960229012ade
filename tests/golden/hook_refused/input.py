import torch.nn as nn


class Watched(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Linear(dim, dim)
        self.proj.register_forward_hook(lambda module, inputs, output: output * 2)

    def forward(self, x):
        return self.proj(x)
