import torch
from torch import nn


class Recurrent(nn.Module):
    """What has no meaning in MLX vanishes, also where a definition has its base's constructor."""

    def __init__(self, size: int = 8, device=None, dtype=None):
        super().__init__()
        self.norm = nn.InstanceNorm1d(size, affine=True, track_running_stats=False, device=device)
        self.cell = nn.GRUCell(size, size, device=device, dtype=dtype)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cell(self.norm(x)[..., 0])
