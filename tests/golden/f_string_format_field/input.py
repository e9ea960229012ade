import torch


def describe(x: torch.Tensor) -> str:
    return f"{x.size(0):>{x.dim()}}"
