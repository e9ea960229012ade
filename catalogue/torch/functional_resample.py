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


def _target_sizes(x, size, scale_factor, recompute_scale_factor):
    """The size of each axis after (batch, channels), and the factor that the caller gave for it, or None."""
    axes = x.ndim - 2
    if size is not None:
        return [size] * axes if isinstance(size, int) else size, [None] * axes
    factors = scale_factor if isinstance(scale_factor, (tuple, list)) else [scale_factor] * axes
    sizes = [math.floor(n * factor) for n, factor in zip(x.shape[2:], factors)]
    return sizes, [None] * axes if recompute_scale_factor else factors


def _interpolate(x, size=None, scale_factor=None, mode="nearest", align_corners=False, recompute_scale_factor=False):
    """Resizes the axes after (batch, channels), one after another, to a size or by a factor (a number, or one per axis)."""
    targets = zip(*_target_sizes(x, size, scale_factor, recompute_scale_factor))
    for axis, (count, scale) in enumerate(targets):
        x = _resize_axis(x, axis + 2, count, scale, mode, align_corners)
    return x


def _smooth_weights(length, size, scale, mode, align_corners):
    """The weights (size, length) by which each new pixel takes from the old ones: a filter as wide as the reduction."""
    step = 1 / scale if scale else length / size
    if align_corners:
        step = (length - 1) / max(size - 1, 1)
    width = max(step, 1)
    reach = width * (2 if mode == "bicubic" else 1)
    centre = step * (np.arange(size)[:, None] + 0.5)
    first = np.maximum(np.trunc(centre - reach + 0.5), 0)
    last = np.minimum(np.trunc(centre + reach + 0.5), length)
    pixel = np.arange(length)
    distance = np.abs(pixel - centre + 0.5) / width
    if mode == "bicubic":
        near = 1.5 * distance**3 - 2.5 * distance**2 + 1
        far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
        weights = np.where(distance < 1, near, np.where(distance < 2, far, 0))
    else:
        weights = np.maximum(1 - distance, 0)
    weights = np.where((pixel >= first) & (pixel < last), weights, 0)
    return weights / weights.sum(axis=1, keepdims=True)


def _interpolate_smoothly(x, size, scale_factor, mode, align_corners, recompute_scale_factor):
    """Resizes the axes after (batch, channels) with antialiasing: bilinear or bicubic."""
    targets = zip(*_target_sizes(x, size, scale_factor, recompute_scale_factor))
    for axis, (count, scale) in enumerate(targets):
        weights = mx.array(_smooth_weights(x.shape[axis + 2], count, scale, mode, align_corners), dtype=x.dtype)
        x = (x.swapaxes(axis + 2, -1) @ weights.T).swapaxes(axis + 2, -1)
    return x


@rule("torch.nn.functional.interpolate", trap="layout of images")
def interpolate(
    input, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False
):
    if antialias:
        return _interpolate_smoothly(
            input, size, scale_factor, mode, bool(align_corners), bool(recompute_scale_factor)
        )
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


def _bounded(place, length, padding_mode, align_corners):
    """Positions along an axis brought inside, as the padding mode says."""
    if padding_mode == "zeros":
        return place
    if padding_mode == "reflection":
        place = _reflect(place, 0, length - 1) if align_corners else _reflect(place, -0.5, length - 0.5)
    return mx.clip(place, 0, length - 1)


def _grid_places(x, grid, align_corners):
    """The points in [-1, 1] of a grid (batch, ..., axes), the last axis first, as positions: one array per axis of `x`."""
    places = []
    for axis, n in enumerate(reversed(x.shape[2:])):
        place = grid[..., axis]
        places.insert(0, (place + 1) / 2 * (n - 1) if align_corners else ((place + 1) * n - 1) / 2)
    return places


def _read_at(x, places):
    """Values of (batch, channels, *sizes) at whole positions, an array (batch, ...) per axis; zero outside."""
    batch, channels, *sizes = x.shape
    places = [mx.stop_gradient(place).astype(mx.int32) for place in places]
    inside = [(place >= 0) & (place < n) for place, n in zip(places, sizes)]
    index = sum(
        mx.clip(place, 0, n - 1) * math.prod(sizes[axis + 1 :]) for axis, (place, n) in enumerate(zip(places, sizes))
    )
    values = mx.take_along_axis(x.reshape(batch, channels, -1), index.reshape(batch, 1, -1), axis=2)
    return values.reshape(batch, channels, *index.shape[1:]) * mx.all(mx.stack(inside), axis=0)[:, None].astype(x.dtype)


def _grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False):
    """Reads (batch, channels, *sizes) at the points of a grid (batch, ..., axes), which names the last axis first."""
    places = _grid_places(x, grid, align_corners)
    places = [_bounded(place, n, padding_mode, align_corners) for place, n in zip(places, x.shape[2:])]
    if mode == "nearest":
        return _read_at(x, [mx.round(place) for place in places])
    corners = [mx.stop_gradient(mx.floor(place)) for place in places]
    total = 0
    for offset in np.ndindex(*[2] * len(places)):
        shares = [p - c if o else 1 - (p - c) for p, c, o in zip(places, corners, offset)]
        total = total + _read_at(x, [c + o for c, o in zip(corners, offset)]) * math.prod(shares)[:, None]
    return total


def _grid_sample_cubic(x, grid, padding_mode="zeros", align_corners=False):
    """Reads (batch, channels, height, width) at the points of a grid by cubic convolution over 4 times 4 pixels."""
    places = _grid_places(x, grid, align_corners)
    corners = [mx.stop_gradient(mx.floor(place)) for place in places]
    shares = []
    for t in [place - corner for place, corner in zip(places, corners)]:
        far = [((-0.75 * d + 3.75) * d - 6) * d + 3 for d in (t + 1, 2 - t)]
        near = [(1.25 * d - 2.25) * d * d + 1 for d in (t, 1 - t)]
        shares.append([far[0], near[0], near[1], far[1]])
    total = 0
    for taps in np.ndindex(4, 4):
        pixel = [
            _bounded(c + tap - 1, n, padding_mode, align_corners) for c, tap, n in zip(corners, taps, x.shape[2:])
        ]
        total = total + _read_at(x, pixel) * (shares[0][taps[0]] * shares[1][taps[1]])[:, None]
    return total


@rule("torch.nn.functional.grid_sample")
def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    if mode == "bicubic":
        return _grid_sample_cubic(input, grid, padding_mode=padding_mode, align_corners=bool(align_corners))
    return _grid_sample(input, grid, mode=mode, padding_mode=padding_mode, align_corners=bool(align_corners))


def _axis_points(n, align_corners):
    """n points from -1 to 1: pixel centres, or the ends included."""
    if not align_corners:
        return (2 * mx.arange(n) + 1) / n - 1
    return mx.linspace(-1, 1, n) if n > 1 else mx.zeros(1)


def _affine_grid(theta, size, align_corners=False):
    """The points, last axis first, that each output pixel reads under affine maps theta (batch, axes, axes + 1)."""
    points = mx.meshgrid(*[_axis_points(n, align_corners) for n in size[2:]], indexing="ij")
    points = mx.stack([*reversed(points), mx.ones_like(points[0])], axis=-1).reshape(1, -1, len(size) - 1)
    return (points.astype(theta.dtype) @ theta.swapaxes(1, 2)).reshape(theta.shape[0], *size[2:], len(size) - 2)


@rule("torch.nn.functional.affine_grid")
def affine_grid(theta, size, align_corners=None):
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
