import torch


def peaks(x: torch.Tensor):
    top = x.max()
    values, indices = x.max(dim=-1)
    highest = x.max(dim=1).values
    where = torch.max(x, dim=0, keepdim=True).indices
    lowest = x.min(1)[0]
    larger = torch.max(x, values.unsqueeze(-1))
    return top, indices, highest, where, lowest, larger
