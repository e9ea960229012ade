import torch
from torch import nn


class A(nn.Module):
    def __init__(self, dim, flash=False):
        super().__init__()
        self.proj = nn.Linear(dim, dim)
        self.config = None
        if not torch.cuda.is_available() or not flash:
            return
        # left out: never here
        props = torch.cuda.get_device_properties(torch.device("cuda"))
        if props.major == 8:
            self.config = 1

    def other(self, x):
        if torch.cuda.is_available():
            y = x + 1
        elif x.ndim == 3:
            y = x + 2
        else:
            y = x
        return y

    def forward(self, x):
        # before
        if x.is_cuda:  # left out: the test
            # left out: on the device
            x = x + 1
            torch.cuda.synchronize()
        else:
            # here
            x = x + 2

            if not x.is_cuda and self.config is None:
                x = x * 2  # twice
        if hasattr(torch, "sinc"): x = x - 1
        assert hasattr(torch, "sinc")
        f = torch.sinc if hasattr(torch, "sinc") else None
        return self.proj(f(x))


def one_of(x, scale):
    if scale > 1:
        if torch.cuda.is_available():
            return x * scale
    elif torch.backends.mps.is_available():
        return x
    return x / scale


def parts(x):
    if x.is_cuda:
        yield x + 1
    yield x
