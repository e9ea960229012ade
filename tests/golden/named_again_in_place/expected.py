# mlxify: Conditional()(f32[2, 1, 4, 6], bool[2, 4, 6])
# mlxify: Reshaped()(f32[2, 3, 4], bool[2, 12])
# mlxify: Outer()(f32[2, 4], bool[2, 4])
# mlxify: Two()(f32[2, 3, 4])
import mlx.core as mx
import mlx.nn as nn


class Conditional(nn.Module):
    def __call__(self, x, m):
        x_given = x
        if x.ndim == 4:
            x = x.reshape(-1, x.shape[2], x.shape[3])
        x[...] = mx.where(m, 0.0, x)
        x_given[...] = x.reshape(x_given.shape)
        return x * 2


class WritesInput(nn.Module):
    def __call__(self, x):
        x_given = x
        if x.ndim == 3:
            x = x.reshape(x.shape[0], -1)
        x += 1
        x_given[...] = x.reshape(x_given.shape)
        return x


class Reshaped(nn.Module):
    def __call__(self, x, m):
        x_given = x
        x = x.reshape(2, -1)
        x = mx.where(m, 0.0, x)
        x_given[...] = x.reshape(x_given.shape)
        return x * 2


class Two(nn.Module):
    def __call__(self, x):
        x_given = x
        x = x.swapaxes(1, 2)
        x = x * 2
        x_given[...] = x.swapaxes(1, 2)
        x = x + 1
        x_given[...] = x.swapaxes(1, 2)
        x = x * 3
        return x


class Filled(nn.Module):
    def __call__(self, x, m):
        x[...] = mx.where(m, 0.0, x)
        return x * 2


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.filled = Filled()

    def __call__(self, x, m):
        y = x * 3
        return self.filled(y, m) + y
