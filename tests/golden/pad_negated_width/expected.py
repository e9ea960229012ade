import mlx.core as mx


def _crop_and_pad(x, pad, value):
    """Pads where a width is positive and crops where it is negative (MLX raises for negative widths)."""
    pairs = [(0, 0)] * (x.ndim - 2) + [(pad[2], pad[3]), (pad[0], pad[1])]
    widths = [(max(low, 0), max(high, 0)) for low, high in pairs]
    x = mx.pad(x, widths, constant_values=value)
    return x[tuple(slice(max(0, -low), n + min(0, high)) for (low, high), n in zip(pairs, x.shape))]


def _crop_and_pad_2(x, pad, value):
    """Pads where a width is positive and crops where it is negative (MLX raises for negative widths)."""
    pairs = [(0, 0)] * (x.ndim - 1) + [(pad[0], pad[1])]
    widths = [(max(low, 0), max(high, 0)) for low, high in pairs]
    x = mx.pad(x, widths, constant_values=value)
    return x[tuple(slice(max(0, -low), n + min(0, high)) for (low, high), n in zip(pairs, x.shape))]


def shift(x: mx.array, amount: int) -> mx.array:
    return _crop_and_pad(x, (0, 0, amount, -amount), 0)


def left(x: mx.array, amount: int) -> mx.array:
    return mx.pad(x, [(0, 0)] * (x.ndim - 1) + [(amount, 0)])


def to_chunks(x: mx.array, size: int) -> mx.array:
    missing = (size - x.shape[-2] % size) % size
    pad = (0, 0, 0, missing)
    return mx.pad(x, [(0, 0)] * (x.ndim - 2) + [(0, pad[3]), (0, 0)])


def shift_by_name(x: mx.array, amount: int) -> mx.array:
    pad = (0, 0, amount, -amount)
    return _crop_and_pad(x, pad, 0)


def as_asked(x: mx.array, pad: tuple[int, int]) -> mx.array:
    return _crop_and_pad_2(x, pad, 0)
