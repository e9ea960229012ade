import torch


def pick(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    return x.gather(1, index)
