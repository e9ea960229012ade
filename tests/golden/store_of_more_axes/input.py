import torch


def ordered(x, parts, places):
    y = torch.zeros(2, 3, 4)
    for b in range(2):
        y[b, :, :] = torch.stack([x[None, i, :] for i in range(3)], dim=1)
        y[b, 0] = x.sum() + torch.ones(1, 4)
    return y, [[1], [2]][torch.tensor([0])]
