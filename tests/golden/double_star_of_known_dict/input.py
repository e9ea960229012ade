import torch
from torch import nn


class Gate(nn.Module):
    def __init__(self, dim: int, bias: bool = True, device=None, dtype=None):
        factory_kwargs = {"device": device, "dtype": dtype}
        options = dict(kernel_size=3, padding=1)
        super().__init__()
        self.proj = nn.Linear(dim, dim, bias=bias, **factory_kwargs)
        self.mix = nn.Conv1d(dim, dim, bias=bias, **options, **factory_kwargs)
        self.scale = nn.Parameter(torch.ones(dim, **factory_kwargs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.mix(self.proj(x).transpose(1, 2)).transpose(1, 2)
        return torch.softmax(y, **{"dim": -1}) * self.scale
