import torch


def lowest(x: torch.Tensor):
    result = torch.min(x, 0)
    return result.values, result.indices
