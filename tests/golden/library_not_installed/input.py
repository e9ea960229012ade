import torch
from torch import nn

try:
    from fastnorm import FastNorm
except ImportError:
    FastNorm = None

try:
    import fastattention
    import fastattention.ops

    HAS_FAST = True
except Exception:
    HAS_FAST = False  # slower

try:
    from fastnorm import Activation
except ModuleNotFoundError:
    from torch.nn import GELU as Activation


class Layer(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.norm = FastNorm(dim) if FastNorm is not None else nn.LayerNorm(dim)
        self.act = Activation()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if HAS_FAST:
            return fastattention.ops.attend(x)
        return self.act(self.norm(x))
