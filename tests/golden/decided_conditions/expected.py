import mlx.core as mx
import mlx.nn as nn


def _sinc(input):
    angle = mx.pi * mx.where(input == 0, 1, input)
    return mx.where(input == 0, 1, mx.sin(angle) / angle)


class A(nn.Module):
    def __init__(self, dim, flash=False):
        super().__init__()
        self.proj = nn.Linear(dim, dim)
        self.config = None

    def other(self, x):
        if x.ndim == 3:
            y = x + 2
        else:
            y = x
        return y

    def __call__(self, x):
        # before
        # here
        x = x + 2

        if self.config is None:
            x = x * 2  # twice
        if True: x = x - 1
        f = _sinc
        return self.proj(f(x))


def one_of(x, scale):
    if scale > 1:
        pass
    elif False:
        return x
    return x / scale


def parts(x):
    if False:
        yield x + 1
    yield x
