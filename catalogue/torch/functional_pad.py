"""torch.nn.functional.pad: torch lists pairs from the last axis backwards, MLX wants one pair per axis from the first."""

from mlxify.catalogue import *


def _crop_and_pad(x, pad, mode="constant", value=0):
    """Pads where a width is positive and crops where it is negative (MLX raises for negative widths)."""
    pairs = [(pad[i], pad[i + 1]) for i in reversed(range(0, len(pad), 2))]
    pairs = [(0, 0)] * (x.ndim - len(pairs)) + pairs
    widths = [(max(low, 0), max(high, 0)) for low, high in pairs]
    if mode == "circular":  # what is cropped does not come round again
        x = x[tuple(slice(max(0, -low), n + min(0, high)) for (low, high), n in zip(pairs, x.shape))]
        for axis, (low, high) in enumerate(widths):
            line = x.swapaxes(axis, -1)
            line = mx.concatenate([line[..., line.shape[-1] - low :], line, line[..., :high]], axis=-1)
            x = line.swapaxes(axis, -1)
        return x
    if mode == "constant":
        x = mx.pad(x, widths, constant_values=value)
    else:
        x = mx.pad(x, widths, mode="edge" if mode == "replicate" else "reflect")
    return x[tuple(slice(max(0, -low), n + min(0, high)) for (low, high), n in zip(pairs, x.shape))]


@rule("torch.nn.functional.pad", trap="order of widths")
def padded(input, pad, mode="constant", value=None):
    if value is None:
        value = 0
    if mode == "circular" or not known(len(pad)):
        return _crop_and_pad(input, pad, mode, value)
    # A width that is written here, and not as `-n`, counts as positive: `mx.pad` raises for a negative one.
    if any([negated(width) for width in pad]):
        return _crop_and_pad(input, pad, mode, value)
    pairs = [(pad[i], pad[i + 1]) for i in reversed(range(0, len(pad), 2))]
    widths = [(0, 0)] * (input.ndim - len(pad) // 2) + pairs
    if mode == "replicate":
        return mx.pad(input, widths, mode="edge")
    if mode == "reflect":
        return mx.pad(input, widths, mode="reflect")
    if known(value == 0) and value == 0:
        return mx.pad(input, widths)
    return mx.pad(input, widths, constant_values=value)


@rule("torch.constant_pad_nd")
def constant_pad_nd(input, pad, value=0):
    return padded(input, pad, "constant", value)
