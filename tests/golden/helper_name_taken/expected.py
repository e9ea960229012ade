import mlx.core as mx


def _crop_and_pad_2(x, pad, value):
    """Pads where a width is positive and crops where it is negative (MLX raises for negative widths)."""
    pairs = [(pad[i], pad[i + 1]) for i in reversed(range(0, len(pad), 2))]
    pairs = [(0, 0)] * (x.ndim - len(pairs)) + pairs
    widths = [(max(low, 0), max(high, 0)) for low, high in pairs]
    x = mx.pad(x, widths, constant_values=value)
    return x[tuple(slice(max(0, -low), n + min(0, high)) for (low, high), n in zip(pairs, x.shape))]


def _pad(x):
    return x


def pad_by(x: mx.array, widths: list[int]) -> mx.array:
    return _pad(_crop_and_pad_2(x, widths, 0))


def _crop_and_pad(x):
    return x
