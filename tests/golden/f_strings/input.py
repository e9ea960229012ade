import torch


def describe(x: torch.Tensor) -> str:
    note = f"{x.size(0)} rows, mean {x.mean(dim=0)!r} of torch.Tensor"
    return f"{torch.max(x):.3f} {note}" + "torch.zeros(2)"
