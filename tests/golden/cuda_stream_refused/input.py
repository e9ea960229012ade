import torch


def overlap(x: torch.Tensor) -> torch.Tensor:
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        y = x * 2
    return y
