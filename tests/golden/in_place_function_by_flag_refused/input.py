import torch
import torch.nn.functional as F


def twice(x: torch.Tensor, inplace: bool) -> torch.Tensor:
    x = F.relu(x * 2, inplace=inplace)  # nobody reads what it was given
    return F.elu(x, inplace=False) + x


def gated(x: torch.Tensor, inplace: bool) -> torch.Tensor:
    y = x * 2
    z = F.relu(y, inplace=inplace)
    return y + z
