import torch


def head_start(x: torch.Tensor) -> torch.Tensor:
    first = x[:, 0]
    first.fill_(1.0)
    return x
