import torch


def bump(x: torch.Tensor) -> torch.Tensor:
    y = x.clone()
    y += 1  # the caller's tensor stays
    z = x.clone()
    return y + z
