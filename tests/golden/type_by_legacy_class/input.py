import torch


def whole(x: torch.Tensor, dtype=torch.float32) -> torch.Tensor:
    return x.type(torch.LongTensor).type(dtype)


def named(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    if x.type() == "torch.cuda.HalfTensor":
        x = x.type("torch.FloatTensor")
    return torch.arange(3).type(x.type()) + (x + y).type(y.type())
