import torch


def clip_low(x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    x[x < 0] = 0.0
    return x
