import torch


def rare(x: torch.Tensor) -> torch.Tensor:
    return torch.does_not_exist(x)
