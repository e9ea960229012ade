import torch


def sizes(x: torch.Tensor):
    b, n, c = x.size()
    assert x.dim() == 3 and x.ndim == 3  # the rank is known here; the author's words stay
    return b * n * c
