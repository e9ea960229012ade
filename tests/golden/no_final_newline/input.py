import torch


def double(x: torch.Tensor) -> torch.Tensor:
    return torch.add(x, x)