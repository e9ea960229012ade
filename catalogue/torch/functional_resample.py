"""Resampling of torch.nn.functional: interpolation, sampling at points, moving pixels between axes. Channels come first."""

from mlxify.catalogue import *


def _cubic_weights(t, a=-0.75):
    """Weights of the four neighbours of a point at distance t after the second (Keys' kernel, torch's coefficient)."""
    distances = np.stack([t + 1, t, 1 - t, 2 - t])
    near = (a + 2) * distances**3 - (a + 3) * distances**2 + 1
    far = a * distances**3 - 5 * a * distances**2 + 8 * a * distances - 4 * a
    return np.where(distances <= 1, near, far)


def _taps(length, size, scale, mode, align_corners):
    """Where each of `size` output positions reads along an axis: indices and weights, both (taps, size).

    `scale` is the factor that the caller gave, or None; torch then takes the ratio of the sizes.
    """
    step = np.float32(1 / scale if scale else length / size)
    place = np.arange(size, dtype=np.float32)
    if mode in ("nearest", "nearest-exact"):
        place = np.floor((place + 0.5) * step if mode == "nearest-exact" else place * step)
        return np.minimum(place, length - 1).astype(np.int32)[None], np.ones((1, size), np.float32)
    if align_corners:
        place = place * np.float32((length - 1) / max(size - 1, 1))
    else:
        place = (place + np.float32(0.5)) * step - np.float32(0.5)
    if mode == "bicubic":
        index = np.floor(place)
        weights = _cubic_weights(place - index)
        index = index + np.arange(-1, 3)[:, None]
    else:
        place = np.maximum(place, 0)
        index = np.floor(place)
        weights = np.stack([1 - (place - index), place - index])
        index = index + np.arange(2)[:, None]
    return np.clip(index, 0, length - 1).astype(np.int32), weights.astype(np.float32)


def _resize_axis(x, axis, size, scale, mode, align_corners):
    """Resizes one axis to `size` entries."""
    if mode == "area":
        n = x.shape[axis]
        pieces = [mx.arange(i * n // size, -(-(i + 1) * n // size)) for i in range(size)]
        return mx.stack([mx.take(x, piece, axis=axis).mean(axis=axis) for piece in pieces], axis=axis)
    index, weights = _taps(x.shape[axis], size, scale, mode, align_corners)
    if len(index) == 1:
        return mx.take(x, mx.array(index[0]), axis=axis)
    weights = mx.array(weights, dtype=x.dtype).reshape(len(index), -1, *[1] * (x.ndim - 1 - axis))
    return sum(mx.take(x, mx.array(row), axis=axis) * weights[tap] for tap, row in enumerate(index))


def _interpolate(x, size=None, scale_factor=None, mode="nearest", align_corners=False, recompute_scale_factor=False):
    """Resizes the axes after (batch, channels), one after another, to a size or by a factor (a number, or one per axis)."""
    scales = [None] * (x.ndim - 2)
    if size is None:
        factors = scale_factor if isinstance(scale_factor, (tuple, list)) else [scale_factor] * (x.ndim - 2)
        size = [math.floor(n * factor) for n, factor in zip(x.shape[2:], factors)]
        if not recompute_scale_factor:
            scales = factors
    elif isinstance(size, int):
        size = [size] * (x.ndim - 2)
    for axis, (count, scale) in enumerate(zip(size, scales)):
        x = _resize_axis(x, axis + 2, count, scale, mode, align_corners)
    return x


@rule("torch.nn.functional.interpolate")
def interpolate(
    input, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False
):
    if antialias:
        refuse("resizing with antialiasing has no counterpart")
    if mode == "nearest" and size is None and known(input.ndim == 4 and scale_factor in (2, 4, 8)):
        if input.ndim == 4 and scale_factor in (2, 4, 8):
            return mx.repeat(mx.repeat(input, int(scale_factor), axis=2), int(scale_factor), axis=3)
    return _interpolate(
        input, size=size, scale_factor=scale_factor, mode=mode, align_corners=bool(align_corners),
        recompute_scale_factor=bool(recompute_scale_factor),
    )


@rule("torch.nn.functional.upsample")
def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    return _interpolate(
        input, size=size, scale_factor=scale_factor, mode=mode, align_corners=bool(align_corners)
    )


@rule("torch.nn.functional.upsample_nearest")
def upsample_nearest(input, size=None, scale_factor=None):
    return _interpolate(input, size=size, scale_factor=scale_factor)


@rule("torch.nn.functional.upsample_bilinear")
def upsample_bilinear(input, size=None, scale_factor=None):
    return _interpolate(input, size=size, scale_factor=scale_factor, mode="bilinear", align_corners=True)


def _reflect(place, low, high):
    """Mirrors coordinates at both ends until they lie between them."""
    span = high - low
    offset = mx.abs(place - low) % (2 * span) if span > 0 else mx.zeros_like(place)
    return mx.minimum(offset, 2 * span - offset) + low


def _unnormalise(place, length, padding_mode, align_corners):
    """Grid coordinates in [-1, 1] as positions along an axis of that length."""
    place = (place + 1) / 2 * (length - 1) if align_corners else ((place + 1) * length - 1) / 2
    if padding_mode == "reflection":
        place = _reflect(place, 0, length - 1) if align_corners else _reflect(place, -0.5, length - 0.5)
    if padding_mode != "zeros":
        place = mx.clip(place, 0, length - 1)
    return place


def _read_pixels(x, row, column):
    """Pixels of (batch, channels, height, width) at whole positions (batch, rows, columns), zero outside the image."""
    batch, channels, height, width = x.shape
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    index = mx.clip(row, 0, height - 1) * width + mx.clip(column, 0, width - 1)
    index = mx.stop_gradient(index).astype(mx.int32)
    values = mx.take_along_axis(x.reshape(batch, channels, -1), index.reshape(batch, 1, -1), axis=2)
    return values.reshape(batch, channels, *row.shape[1:]) * inside[:, None].astype(x.dtype)


def _grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False):
    """Reads (batch, channels, height, width) at the points (x, y) of a grid (batch, rows, columns, 2)."""
    column = _unnormalise(grid[..., 0], x.shape[3], padding_mode, align_corners)
    row = _unnormalise(grid[..., 1], x.shape[2], padding_mode, align_corners)
    if mode == "nearest":
        return _read_pixels(x, mx.round(row), mx.round(column))
    top, left = mx.stop_gradient(mx.floor(row)), mx.stop_gradient(mx.floor(column))
    down, right = (row - top)[:, None], (column - left)[:, None]
    upper = _read_pixels(x, top, left) * (1 - right) + _read_pixels(x, top, left + 1) * right
    lower = _read_pixels(x, top + 1, left) * (1 - right) + _read_pixels(x, top + 1, left + 1) * right
    return upper * (1 - down) + lower * down


@rule("torch.nn.functional.grid_sample")
def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    if mode == "bicubic":
        refuse("bicubic sampling at grid points has no counterpart", suggest='use mode="bilinear"')
    if input.ndim == 5:
        refuse("sampling of volumes at grid points has no counterpart")
    return _grid_sample(input, grid, mode=mode, padding_mode=padding_mode, align_corners=bool(align_corners))


def _axis_points(n, align_corners):
    """n points from -1 to 1: pixel centres, or the ends included."""
    if not align_corners:
        return (2 * mx.arange(n) + 1) / n - 1
    return mx.linspace(-1, 1, n) if n > 1 else mx.zeros(1)


def _affine_grid(theta, size, align_corners=False):
    """The points (x, y) that each output pixel reads under affine maps theta (batch, 2, 3)."""
    height, width = size[-2:]
    row, column = _axis_points(height, align_corners), _axis_points(width, align_corners)
    column, row = mx.meshgrid(column, row, indexing="xy")
    points = mx.stack([column, row, mx.ones_like(row)], axis=-1).reshape(1, -1, 3).astype(theta.dtype)
    return (points @ theta.swapaxes(1, 2)).reshape(theta.shape[0], height, width, 2)


@rule("torch.nn.functional.affine_grid")
def affine_grid(theta, size, align_corners=None):
    if known(len(size) == 5) and len(size) == 5:
        refuse("affine grids of volumes have no counterpart")
    return _affine_grid(theta, size, align_corners=bool(align_corners))


def _pixel_shuffle(x, factor):
    """Moves (..., channels * factor**2, height, width) into (..., channels, height * factor, width * factor)."""
    *batch, channels, height, width = x.shape
    x = x.reshape(math.prod(batch), channels // factor**2, factor, factor, height, width).transpose(0, 1, 4, 2, 5, 3)
    return x.reshape(*batch, channels // factor**2, height * factor, width * factor)


@rule("torch.nn.functional.pixel_shuffle", "torch.pixel_shuffle")
def pixel_shuffle(input, upscale_factor):
    return _pixel_shuffle(input, upscale_factor)


def _pixel_unshuffle(x, factor):
    """Moves (..., channels, height, width) into (..., channels * factor**2, height / factor, width / factor)."""
    *batch, channels, height, width = x.shape
    x = x.reshape(math.prod(batch), channels, height // factor, factor, width // factor, factor).transpose(0, 1, 3, 5, 2, 4)
    return x.reshape(*batch, channels * factor**2, height // factor, width // factor)


@rule("torch.nn.functional.pixel_unshuffle", "torch.pixel_unshuffle")
def pixel_unshuffle(input, downscale_factor):
    return _pixel_unshuffle(input, downscale_factor)


@rule("torch.nn.functional.channel_shuffle", "torch.channel_shuffle")
def channel_shuffle(input, groups):
    return input.reshape(input.shape[0], groups, -1, *input.shape[2:]).swapaxes(1, 2).reshape(input.shape)
