import torch
import torch.nn.functional as F


def shift(x: torch.Tensor, amount: int) -> torch.Tensor:
    return F.pad(x, (0, 0, amount, -amount))


def left(x: torch.Tensor, amount: int) -> torch.Tensor:
    return F.pad(x, (amount, 0))
