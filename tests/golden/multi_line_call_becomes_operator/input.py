import torch


def focus(p: torch.Tensor, gamma: torch.Tensor):
    w = torch.pow(
        1 - p,
        gamma + 1,
    )
    v = torch.matmul(
        w,  # on the left
        p,
    )
    return w * v
