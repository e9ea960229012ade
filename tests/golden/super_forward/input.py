import torch
import torch.nn as nn


class Base(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.proj(x)


class Residual(Base):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + super().forward(x)


class Twice(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.inner = Residual(dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner.forward(self.inner(x))
