"""The author has an `mx` and an `nn` of their own."""

import torch


def reduce(x: torch.Tensor, mx: int):
    nn = x.mean(dim=mx, keepdim=True)
    return torch.exp(x - nn)
