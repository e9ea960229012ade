import torch


def whole(x: torch.Tensor, dtype=torch.float32) -> torch.Tensor:
    return x.type(torch.LongTensor).type(dtype)
