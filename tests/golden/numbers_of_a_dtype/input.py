# mlxify: Guarded()(f32[2, 4])
import torch
from torch import nn


class Guarded(nn.Module):
    def forward(self, x):
        limits = torch.finfo(x.dtype)
        if not x.dtype.is_floating_point or x.dtype.itemsize > 4 or torch.iinfo(torch.int32).bits != 32:
            raise TypeError("floats are wanted")
        return x / x.abs().clamp(min=torch.finfo(torch.float32).tiny) + limits.tiny + limits.eps
