import torch


def timed(x: torch.Tensor) -> torch.Tensor:
    y = x * 2
    if x.is_cuda:
        torch.cuda.synchronize()
    return y
