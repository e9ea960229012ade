import mlx.core as mx
import mlx.nn as nn


class BatchNorm(nn.BatchNorm):
    """PyTorch's batch norm: the channels are axis 1 of an array of any rank."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        if momentum is None:
            raise NotImplementedError("running statistics as a cumulative average")
        super().__init__(num_features, eps, momentum, affine, track_running_stats)
        if track_running_stats:
            self.num_batches_tracked = mx.array(0)
            self.freeze(keys=["num_batches_tracked"], recurse=False)

    def unfreeze(self, *args, **kwargs):
        super().unfreeze(*args, **kwargs)
        self.freeze(keys=["num_batches_tracked"], recurse=False)

    def __call__(self, x):
        if self.training and self.track_running_stats:
            self.num_batches_tracked = self.num_batches_tracked + 1
        x = mx.moveaxis(x, 1, -1)
        return mx.moveaxis(super().__call__(x.reshape(-1, x.shape[-1])).reshape(x.shape), -1, 1)


def _with_diagonal(array, value, offset=0, dim1=0, dim2=1):
    """The array with that value on a diagonal of two of its axes; the diagonal is the value's last axis."""
    ends = [dim1 % array.ndim, dim2 % array.ndim]
    order = [axis for axis in range(array.ndim) if axis not in ends] + ends
    array = array.transpose(order)
    places = mx.arange(value.shape[-1])
    array[..., places + max(-offset, 0), places + max(offset, 0)] = value
    return array.transpose([order.index(axis) for axis in range(array.ndim)])


def _copy_(self, src):
    return mx.broadcast_to(src, self.shape).astype(self.dtype)


def _with_strided(array, value, size, stride, storage_offset=0):
    """The array with that value in elements so far apart, counted row by row through all of it."""
    places = mx.array(storage_offset)
    for length, step in zip(size, stride):
        places = mx.expand_dims(places, -1) + step * mx.arange(length)
    flat = array.reshape(-1)
    flat[places] = value
    return flat.reshape(array.shape)


def _narrow(input, dim, start, length):
    return input[(slice(None),) * (dim % input.ndim) + (slice(start, start + length),)]


def off_diagonal(x):
    n, m = x.shape
    return x.flatten()[:-1].reshape(n - 1, n + 1)[:, 1:].flatten()


class Twins(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.norm = BatchNorm(dim, affine=False)

    def __call__(self, a, b):
        c = self.norm(a).T @ self.norm(b)
        c = c / a.shape[0]
        c_view = (mx.diagonal(c) + -1) ** 2
        c[...] = _with_diagonal(c, c_view)
        on = c_view.sum()
        off = (off_diagonal(c) ** 2).sum()
        return on + off


class Parts(nn.Module):
    def __call__(self, x):
        out = mx.zeros_like(x)
        for i in range(x.shape[1]):
            out[:, i] = _copy_(out[:, i], x[:, i] * i)
        out[..., :2] = out[..., 0:2] + 1
        mask = mx.ones((x.shape[1], x.shape[1]), dtype=mx.bool_)
        view = mx.diagonal(mask)
        view[:] = False
        mask[...] = _with_diagonal(mask, view)
        view = mx.diagonal(mask, offset=1)
        view[:] = False
        mask[...] = _with_diagonal(mask, view, 1)
        return out, mask


class Bands(nn.Module):
    def __call__(self, weight):
        b, t, k = weight.shape
        band = mx.full_like(mx.zeros(b * t * (t + k - 1), dtype=weight.dtype).reshape(b, t, t + k - 1), float("-inf"))
        band[...] = _with_strided(band, _copy_(mx.as_strided(band, (b, t, k), ((t + k - 1) * t, t + k, 1), 0), weight), (b, t, k), ((t + k - 1) * t, t + k, 1))
        return mx.softmax(_narrow(band, -1, (k - 1) // 2, t), axis=-1)


def shift(x):
    x[:, 1:] = x[:, :-1] * 2
    return x


class Shifts(nn.Module):
    def __init__(self, dim=6):
        super().__init__()
        self.fc = nn.Linear(dim, dim)

    def __call__(self, x):
        x = self.fc(x)
        c = x.shape[-1] // 2
        a = shift(x[..., :c])
        view = x[:, :, c:]
        b = shift(view)
        x[:, :, c:] = view
        return a + b, x
