import mlx.core as mx


def _crop_and_pad(x, pad, value):
    """Pads where a width is positive and crops where it is negative (MLX raises for negative widths)."""
    pairs = [(pad[i], pad[i + 1]) for i in reversed(range(0, len(pad), 2))]
    pairs = [(0, 0)] * (x.ndim - len(pairs)) + pairs
    widths = [(max(low, 0), max(high, 0)) for low, high in pairs]
    x = mx.pad(x, widths, constant_values=value)
    return x[tuple(slice(max(0, -low), n + min(0, high)) for (low, high), n in zip(pairs, x.shape))]


def _crop_and_pad_2(x, pad, value):
    """Pads where a width is positive and crops where it is negative (MLX raises for negative widths)."""
    pairs = [(0, 0)] * (x.ndim - 1) + [(pad[0], pad[1])]
    widths = [(max(low, 0), max(high, 0)) for low, high in pairs]
    x = x[tuple(slice(max(0, -low), n + min(0, high)) for (low, high), n in zip(pairs, x.shape))]
    for axis, (low, high) in enumerate(widths):
        line = x.swapaxes(axis, -1)
        line = mx.concatenate([line[..., line.shape[-1] - low:], line, line[..., :high]], axis=-1)
        x = line.swapaxes(axis, -1)
    return x


def pad_by(x: mx.array, widths: list[int]) -> mx.array:
    # more than one expression is left of the rule: it becomes a helper
    return _crop_and_pad(x, widths, 0)


def pad_again(x: mx.array, widths: list[int]) -> mx.array:
    return _crop_and_pad(x * 2, widths, 0)  # the same one


def wrap(x: mx.array) -> mx.array:
    return _crop_and_pad_2(x, (1, 1), 0)
