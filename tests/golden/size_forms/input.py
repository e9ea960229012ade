import torch


def sizes(x: torch.Tensor):
    batch = x.size(0)
    length = x.size(dim=-2)
    shape = x.shape
    return batch, length, shape[-1], x.dim(), x.numel(), x.ndim, len(x.size())
