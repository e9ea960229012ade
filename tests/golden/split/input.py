import torch


def parts(x: torch.Tensor, sizes: list[int], dim: int):
    # a number is the size of a piece in PyTorch, the number of pieces in MLX
    a, b = x.split([2, 6], dim=-1)
    q, k, v = torch.split(x, (dim, dim, 2 * dim), dim=-1)
    return a, b, q, k, v, x.split(4, dim=1), x.split(sizes)


def named(x: torch.Tensor):
    return x.split(split_size=[2, 3], dim=-1)
