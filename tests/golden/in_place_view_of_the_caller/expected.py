import mlx.core as mx
import mlx.nn as nn


class Net(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.proj = nn.Linear(dim, dim)

    def __call__(self, x, mask):
        h = self.proj(x)
        y = self.masked(h, mask > 0) * 1
        z = self.turned(h) * 1 + self.wide(h)
        return y + z, h

    def masked(self, spec, mask):
        spec_given = spec
        spec = spec.reshape(2, -1)
        spec[...] = mx.where(mask.reshape(2, -1), 0.0, spec)
        spec[:, 0] = 1.0
        spec_given[...] = spec.reshape(spec_given.shape)
        return spec.reshape(2, 3, 4)

    def turned(self, x):
        x_given = x
        x = x.swapaxes(0, 1)
        x += 1
        x_given[...] = x.swapaxes(0, 1)
        return x.swapaxes(0, 1)

    def wide(self, x):
        x_given = x
        x = x[:, None]
        x[:, :, :2] *= 2
        x_given[:, None] = x
        return x.squeeze(1) if x.shape[1] == 1 else x


class PassesPart(nn.Module):
    def __call__(self, x: mx.array):
        y = x * 2
        view = y[0]
        turned(view)
        y[0] = view
        return y


def turned(x: mx.array):
    x_given = x
    x = x.swapaxes(0, 1)
    x += 1
    x_given[...] = x.swapaxes(0, 1)
