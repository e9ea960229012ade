import torch


def double(x: torch.Tensor, path: str) -> torch.Tensor:
    with torch.no_grad(), open(path) as file:
        return x * len(file.read())
