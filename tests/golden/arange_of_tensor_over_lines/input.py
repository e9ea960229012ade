import torch


def places(lengths, x):
    longest = lengths.max()
    return torch.arange(
        longest, device=x.device
    ).expand(x.size(0), longest)
