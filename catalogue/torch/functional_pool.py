"""Pooling of torch.nn.functional. Channels come first in torch; MLX's pools want them last."""

from mlxify.catalogue import *


def _per_axis(size, axes):
    """One number per axis."""
    return (size,) * axes if isinstance(size, int) else tuple(size) * (axes // len(size))


def _window_count(length, kernel, stride, padding, dilation, ceil_mode):
    """How many windows an axis has; with `ceil_mode` they may end beyond the right padding, but not start in it."""
    room = length + 2 * padding - dilation * (kernel - 1) - 1
    if ceil_mode and (-(-room // stride)) * stride < length + padding:
        return -(-room // stride) + 1
    return room // stride + 1


def _windows(x, axes, kernel, stride, padding, dilation, ceil_mode, fill, after=0):
    """That many axes of `x`, with `after` more behind them, padded and strided: one array per offset in the kernel, row by row."""
    kernel, padding, dilation = _per_axis(kernel, axes), _per_axis(padding, axes), _per_axis(dilation, axes)
    stride = kernel if stride in (None, (), []) else _per_axis(stride, axes)
    before = x.ndim - axes - after
    sizes = list(zip(x.shape[before : before + axes], kernel, stride, padding, dilation))
    counts = [_window_count(n, k, s, p, d, ceil_mode) for n, k, s, p, d in sizes]
    ends = [(c - 1) * s + d * (k - 1) + 1 - n - p for (n, k, s, p, d), c in zip(sizes, counts)]
    widths = [(p, max(p, end)) for p, end in zip(padding, ends)]
    x = mx.pad(x, [(0, 0)] * before + widths + [(0, 0)] * after, constant_values=fill)
    offsets = [[o * d for o, d in zip(offset, dilation)] for offset in np.ndindex(*kernel)]
    whole = [slice(None)] * before
    return [x[(*whole, *[slice(o, o + (c - 1) * s + 1, s) for o, c, s in zip(offset, counts, stride)])] for offset in offsets]


def _max_pool(x, axes, kernel, stride, padding, dilation=1, ceil_mode=False, after=0):
    """The largest value in each window of that many axes, behind which `after` more stand."""
    return mx.stack(_windows(x, axes, kernel, stride, padding, dilation, ceil_mode, -mx.inf, after)).max(axis=0)


def _max_pool_with_indices(x, axes, kernel, stride, padding, dilation=1, ceil_mode=False):
    """The largest value in each window, and where it stands in the flattened trailing axes."""
    shape = x.shape[-axes:]
    place = mx.arange(math.prod(shape)).reshape(shape)
    values = mx.stack(_windows(x, axes, kernel, stride, padding, dilation, ceil_mode, -mx.inf))
    places = mx.stack(_windows(place, axes, kernel, stride, padding, dilation, ceil_mode, 0))
    best = mx.stop_gradient(mx.argmax(values, axis=0, keepdims=True))
    places = mx.broadcast_to(places.reshape(-1, *[1] * (x.ndim - axes), *places.shape[1:]), values.shape)
    return mx.take_along_axis(values, best, axis=0)[0], mx.take_along_axis(places, best, axis=0)[0]


def _avg_pool(x, axes, kernel, stride, padding, ceil_mode=False, count_include_pad=True, divisor=None, after=0):
    """The mean of each window of that many axes, behind which `after` more stand; torch's options say what counts as a member of the window."""
    total = sum(_windows(x, axes, kernel, stride, padding, 1, ceil_mode, 0, after))
    if divisor is not None:
        return total / divisor
    before = x.ndim - axes - after
    members = mx.ones(x.shape[before : before + axes], dtype=x.dtype)
    if count_include_pad:  # padding counts, what `ceil_mode` adds beyond it does not
        members = mx.pad(members, [(p, p) for p in _per_axis(padding, axes)], constant_values=1)
        padding = 0
    counts = sum(_windows(members, axes, kernel, stride, padding, 1, ceil_mode, 0))
    counts = counts[tuple(slice(n) for n in total.shape[before : before + axes])]
    return total / counts.reshape(*counts.shape, *[1] * after)


def _scalar(size):
    """The number in a one-element tuple."""
    if known(isinstance(size, (tuple, list))) and isinstance(size, (tuple, list)):
        return size[0]
    return size


def _given(stride):
    """An empty stride means that of the kernel, as None does."""
    if known(isinstance(stride, (tuple, list)) and len(stride) == 0):
        return None if isinstance(stride, (tuple, list)) and len(stride) == 0 else stride
    return stride


@rule("torch.nn.functional.max_pool1d", "torch.max_pool1d", trap="layout of images")
def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    if return_indices:
        return _max_pool_with_indices(input, 1, kernel_size, stride, padding, dilation, ceil_mode)
    if known(dilation == 1 and not ceil_mode) and dilation == 1 and not ceil_mode:
        pool = nn.MaxPool1d(_scalar(kernel_size), stride=_scalar(_given(stride)), padding=_scalar(padding))
        if input.ndim == 2:  # without a batch
            return pool(input[None].swapaxes(1, 2)).swapaxes(1, 2)[0]
        return pool(input.swapaxes(1, 2)).swapaxes(1, 2)
    return _max_pool(input, 1, kernel_size, stride, padding, dilation, ceil_mode)


@rule("torch.nn.functional.max_pool2d", "torch.max_pool2d", trap="layout of images")
def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    if return_indices:
        return _max_pool_with_indices(input, 2, kernel_size, stride, padding, dilation, ceil_mode)
    if known(dilation == 1 and not ceil_mode) and dilation == 1 and not ceil_mode:
        pool = nn.MaxPool2d(kernel_size, stride=_given(stride), padding=padding)
        if input.ndim == 3:  # without a batch
            return pool(input[None].transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)[0]
        return pool(input.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return _max_pool(input, 2, kernel_size, stride, padding, dilation, ceil_mode)


@rule("torch.nn.functional.max_pool3d", "torch.max_pool3d", trap="layout of images")
def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    if return_indices:
        return _max_pool_with_indices(input, 3, kernel_size, stride, padding, dilation, ceil_mode)
    if known(dilation == 1 and not ceil_mode) and dilation == 1 and not ceil_mode:
        pool = nn.MaxPool3d(kernel_size, stride=_given(stride), padding=padding)
        if input.ndim == 4:  # without a batch
            return pool(input[None].transpose(0, 2, 3, 4, 1)).transpose(0, 4, 1, 2, 3)[0]
        return pool(input.transpose(0, 2, 3, 4, 1)).transpose(0, 4, 1, 2, 3)
    return _max_pool(input, 3, kernel_size, stride, padding, dilation, ceil_mode)


def _is_plain(input, ceil_mode, count_include_pad, padding):
    """Known to be what MLX's average pool computes; it has no derivative for an array without elements."""
    if known(0 in input.shape) and 0 in input.shape:
        return False
    if known(not ceil_mode and (count_include_pad or padding == 0)):
        return not ceil_mode and (count_include_pad or padding == 0)
    return False


@rule("torch.nn.functional.avg_pool1d", "torch.avg_pool1d", "torch._C._nn.avg_pool1d", trap="layout of images")
def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    if _is_plain(input, ceil_mode, count_include_pad, padding):
        pool = nn.AvgPool1d(_scalar(kernel_size), stride=_scalar(_given(stride)), padding=_scalar(padding))
        if input.ndim == 2:  # without a batch
            return pool(input[None].swapaxes(1, 2)).swapaxes(1, 2)[0]
        return pool(input.swapaxes(1, 2)).swapaxes(1, 2)
    return _avg_pool(input, 1, kernel_size, stride, padding, ceil_mode, count_include_pad)


@rule("torch.nn.functional.avg_pool2d", "torch._C._nn.avg_pool2d", trap="layout of images")
def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    if divisor_override is None and _is_plain(input, ceil_mode, count_include_pad, padding):
        pool = nn.AvgPool2d(kernel_size, stride=_given(stride), padding=padding)
        if input.ndim == 3:  # without a batch
            return pool(input[None].transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)[0]
        return pool(input.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return _avg_pool(input, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@rule("torch.nn.functional.avg_pool3d", "torch._C._nn.avg_pool3d", trap="layout of images")
def avg_pool3d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    if divisor_override is None and _is_plain(input, ceil_mode, count_include_pad, padding):
        pool = nn.AvgPool3d(kernel_size, stride=_given(stride), padding=padding)
        if input.ndim == 4:  # without a batch
            return pool(input[None].transpose(0, 2, 3, 4, 1)).transpose(0, 4, 1, 2, 3)[0]
        return pool(input.transpose(0, 2, 3, 4, 1)).transpose(0, 4, 1, 2, 3)
    return _avg_pool(input, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def _adaptive_pool(x, output_size, reduce):
    """Divides each trailing axis into that many pieces, equal or overlapping by one, and reduces each; None keeps an axis."""
    for axis, count in zip(range(-len(output_size), 0), output_size):
        if count is not None:
            line = x.swapaxes(axis, -1)
            n = line.shape[-1]
            if n % count == 0:
                line = reduce(line.reshape(*line.shape[:-1], count, n // count), axis=-1)
            else:
                pieces = [line[..., i * n // count : -(-(i + 1) * n // count)] for i in range(count)]
                line = mx.stack([reduce(piece, axis=-1) for piece in pieces], axis=-1)
            x = line.swapaxes(axis, -1)
    return x


def _adaptive_max_pool_with_indices(x, output_size):
    """The largest value of each of that many pieces of the trailing axes, and its place in those axes, flattened."""
    axes = len(output_size)
    sizes = x.shape[-axes:]
    counts = [n if count is None else count for n, count in zip(sizes, output_size)]
    place = mx.arange(math.prod(sizes)).reshape(sizes)
    values, places = [], []
    for cell in np.ndindex(*counts):
        window = [slice(i * n // c, -(-(i + 1) * n // c)) for i, n, c in zip(cell, sizes, counts)]
        piece = x[(..., *window)].flatten(-axes)
        best = mx.stop_gradient(mx.argmax(piece, axis=-1, keepdims=True))
        values.append(mx.take_along_axis(piece, best, axis=-1))
        places.append(place[tuple(window)].flatten()[best])
    shape = (*x.shape[:-axes], *counts)
    return mx.concatenate(values, axis=-1).reshape(shape), mx.concatenate(places, axis=-1).reshape(shape)


@rule("torch.nn.functional.adaptive_avg_pool1d", "torch.adaptive_avg_pool1d", trap="layout of images")
def adaptive_avg_pool1d(input, output_size):
    if known(output_size in (1, (1,))) and output_size in (1, (1,)):
        return input.mean(axis=-1, keepdims=True)
    return _adaptive_pool(input, _per_axis(output_size, 1), mx.mean)


@rule("torch.nn.functional.adaptive_avg_pool2d", trap="layout of images")
def adaptive_avg_pool2d(input, output_size):
    if known(output_size in (1, (1, 1))) and output_size in (1, (1, 1)):
        return input.mean(axis=(-2, -1), keepdims=True)
    return _adaptive_pool(input, _per_axis(output_size, 2), mx.mean)


@rule("torch.nn.functional.adaptive_avg_pool3d", trap="layout of images")
def adaptive_avg_pool3d(input, output_size):
    if known(output_size in (1, (1, 1, 1))) and output_size in (1, (1, 1, 1)):
        return input.mean(axis=(-3, -2, -1), keepdims=True)
    return _adaptive_pool(input, _per_axis(output_size, 3), mx.mean)


@rule("torch.nn.functional.adaptive_max_pool1d")
def adaptive_max_pool1d(input, output_size, return_indices=False):
    if return_indices:
        return _adaptive_max_pool_with_indices(input, _per_axis(output_size, 1))
    if known(output_size in (1, (1,))) and output_size in (1, (1,)):
        return input.max(axis=-1, keepdims=True)
    return _adaptive_pool(input, _per_axis(output_size, 1), mx.max)


@rule("torch.nn.functional.adaptive_max_pool2d")
def adaptive_max_pool2d(input, output_size, return_indices=False):
    if return_indices:
        return _adaptive_max_pool_with_indices(input, _per_axis(output_size, 2))
    if known(output_size in (1, (1, 1))) and output_size in (1, (1, 1)):
        return input.max(axis=(-2, -1), keepdims=True)
    return _adaptive_pool(input, _per_axis(output_size, 2), mx.max)


@rule("torch.nn.functional.adaptive_max_pool3d")
def adaptive_max_pool3d(input, output_size, return_indices=False):
    if return_indices:
        return _adaptive_max_pool_with_indices(input, _per_axis(output_size, 3))
    if known(output_size in (1, (1, 1, 1))) and output_size in (1, (1, 1, 1)):
        return input.max(axis=(-3, -2, -1), keepdims=True)
    return _adaptive_pool(input, _per_axis(output_size, 3), mx.max)


# The norm of each window; torch multiplies the mean by the size of the window, as this does.
def _lp_pool(x, axes, p, kernel, stride, ceil_mode=False):
    """The p-norm of each window of the trailing axes."""
    size = math.prod(_per_axis(kernel, axes))
    return (_avg_pool(x**p, axes, kernel, stride, 0, ceil_mode) * size) ** (1.0 / p)


@rule("torch.nn.functional.lp_pool1d")
def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    return _lp_pool(input, 1, norm_type, kernel_size, stride, ceil_mode)


@rule("torch.nn.functional.lp_pool2d")
def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    return _lp_pool(input, 2, norm_type, kernel_size, stride, ceil_mode)


@rule("torch.nn.functional.lp_pool3d")
def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    return _lp_pool(input, 3, norm_type, kernel_size, stride, ceil_mode)


def _max_unpool(x, indices, axes, kernel, stride=None, padding=0, output_size=None):
    """Puts each value back where a max pooling over the trailing axes found it; zeros elsewhere."""
    if output_size is None:
        kernel, padding = _per_axis(kernel, axes), _per_axis(padding, axes)
        stride = kernel if stride is None else _per_axis(stride, axes)
        sizes = zip(x.shape[-axes:], kernel, stride, padding)
        output_size = [(n - 1) * s - 2 * p + k for n, k, s, p in sizes]
    shape = (*x.shape[:-axes], *output_size[-axes:])
    flat = mx.zeros((*x.shape[:-axes], math.prod(output_size[-axes:])), dtype=x.dtype)
    return mx.put_along_axis(flat, indices.flatten(-axes), x.flatten(-axes), axis=-1).reshape(shape)


@rule("torch.nn.functional.max_unpool1d")
def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    return _max_unpool(input, indices, 1, kernel_size, stride, padding, output_size)


@rule("torch.nn.functional.max_unpool2d")
def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    return _max_unpool(input, indices, 2, kernel_size, stride, padding, output_size)


@rule("torch.nn.functional.max_unpool3d")
def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    return _max_unpool(input, indices, 3, kernel_size, stride, padding, output_size)


never("torch.nn.functional.fractional_max_pool2d", "its windows are drawn at random in a way of torch's own",
      suggest="use max_pool2d or adaptive_max_pool2d")
never("torch.nn.functional.fractional_max_pool3d", "its windows are drawn at random in a way of torch's own",
      suggest="use max_pool3d or adaptive_max_pool3d")
