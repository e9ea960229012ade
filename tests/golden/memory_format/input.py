import torch


def scale(x: torch.Tensor) -> torch.Tensor:
    if x.is_contiguous(memory_format=torch.channels_last):
        return x * 2
    if x.is_contiguous():
        x = x.contiguous(memory_format=torch.channels_last)
        return x * 3
    return x
