"""Functions of torch.nn.functional on images with channels last: (batch, *sizes, channels)."""

from catalogue.torch.functional_conv import _int
from catalogue.torch.functional_pad import _crop_and_pad
from catalogue.torch.functional_pool import _avg_pool, _max_pool
from catalogue.torch.functional_resample import _resize_axis

from mlxify.catalogue import *


def _adaptive(x, output_size, reduce):
    """Divides each axis between batch and channels into that many pieces, equal or overlapping by one, and reduces each."""
    if isinstance(output_size, int):
        output_size = (output_size,) * (x.ndim - 2)
    for axis, count in enumerate(output_size, start=1):
        if count is not None:
            n = x.shape[axis]
            if n % count == 0:
                x = reduce(x.reshape(*x.shape[:axis], count, n // count, *x.shape[axis + 1 :]), axis=axis + 1)
            else:
                pieces = [mx.arange(i * n // count, -(-(i + 1) * n // count)) for i in range(count)]
                x = mx.stack([reduce(mx.take(x, piece, axis=axis), axis=axis) for piece in pieces], axis=axis)
    return x


def _pixels_from_channels(x, factor):
    """Moves (batch, height, width, channels * factor**2) into (batch, height * factor, width * factor, channels)."""
    batch, height, width, channels = x.shape
    x = x.reshape(batch, height, width, channels // factor**2, factor, factor).transpose(0, 1, 4, 2, 5, 3)
    return x.reshape(batch, height * factor, width * factor, channels // factor**2)


def _channels_from_pixels(x, factor):
    """Moves (batch, height, width, channels) into (batch, height / factor, width / factor, channels * factor**2)."""
    batch, height, width, channels = x.shape
    x = x.reshape(batch, height // factor, factor, width // factor, factor, channels).transpose(0, 1, 3, 5, 2, 4)
    return x.reshape(batch, height // factor, width // factor, channels * factor**2)


def _resize(x, size=None, scale_factor=None, mode="nearest", align_corners=False, recompute_scale_factor=False):
    """Resizes the axes between batch and channels, one after another, to a size or by a factor (or one per axis)."""
    lengths = x.shape[1:-1]
    factors = scale_factor if isinstance(scale_factor, (tuple, list)) else [scale_factor] * len(lengths)
    if size is None:
        size = [math.floor(n * factor) for n, factor in zip(lengths, factors)]
    elif isinstance(size, int):
        size = [size] * len(lengths)
    for axis, (count, factor) in enumerate(zip(size, factors), start=1):
        x = _resize_axis(x, axis, count, None if recompute_scale_factor else factor, mode, align_corners)
    return x


def _given(stride):
    """An empty stride means that of the kernel, as None does."""
    if known(isinstance(stride, (tuple, list)) and len(stride) == 0):
        return None if isinstance(stride, (tuple, list)) and len(stride) == 0 else stride
    return stride


@rule("mlxify.channels_last.torch.nn.functional.interpolate")
def interpolate(
    input, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False
):
    if antialias:
        refuse("antialiasing with channels last")
    if mode == "nearest" and size is None and known(input.ndim == 4 and scale_factor in (2, 4, 8)):
        if input.ndim == 4 and scale_factor in (2, 4, 8):
            return mx.repeat(mx.repeat(input, int(scale_factor), axis=1), int(scale_factor), axis=2)
    return _resize(
        input, size=size, scale_factor=scale_factor, mode=mode, align_corners=bool(align_corners),
        recompute_scale_factor=bool(recompute_scale_factor),
    )


@rule("mlxify.channels_last.torch.nn.functional.upsample")
def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    return _resize(input, size=size, scale_factor=scale_factor, mode=mode, align_corners=bool(align_corners))


@rule("mlxify.channels_last.torch.nn.functional.max_pool2d", "mlxify.channels_last.torch.max_pool2d")
def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    if return_indices:
        refuse("max pooling with indices and channels last")
    if known(dilation == 1 and not ceil_mode) and dilation == 1 and not ceil_mode:
        return nn.MaxPool2d(kernel_size, stride=_given(stride), padding=padding)(input)
    return _max_pool(input, 2, kernel_size, stride, padding, dilation, ceil_mode, after=1)


@rule("mlxify.channels_last.torch.nn.functional.avg_pool2d")
def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    if divisor_override is None and known(not ceil_mode and (count_include_pad or padding == 0)):
        if not ceil_mode and (count_include_pad or padding == 0):
            return nn.AvgPool2d(kernel_size, stride=_given(stride), padding=padding)(input)
    return _avg_pool(input, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, after=1)


@rule("mlxify.channels_last.torch.nn.functional.adaptive_avg_pool2d")
def adaptive_avg_pool2d(input, output_size):
    if known(output_size in (1, (1, 1))) and output_size in (1, (1, 1)):
        return input.mean(axis=(1, 2), keepdims=True)
    return _adaptive(input, output_size, mx.mean)


@rule("mlxify.channels_last.torch.nn.functional.adaptive_max_pool2d")
def adaptive_max_pool2d(input, output_size, return_indices=False):
    if return_indices:
        refuse("adaptive max pooling with indices and channels last")
    if known(output_size in (1, (1, 1))) and output_size in (1, (1, 1)):
        return input.max(axis=(1, 2), keepdims=True)
    return _adaptive(input, output_size, mx.max)


@rule("mlxify.channels_last.torch.nn.functional.pixel_shuffle")
def pixel_shuffle(input, upscale_factor):
    return _pixels_from_channels(input, upscale_factor)


@rule("mlxify.channels_last.torch.nn.functional.pixel_unshuffle")
def pixel_unshuffle(input, downscale_factor):
    return _channels_from_pixels(input, downscale_factor)


@rule("mlxify.channels_last.torch.nn.functional.conv1d", "mlxify.channels_last.torch.conv1d")
def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if not (known(isinstance(padding, (int, tuple))) and isinstance(padding, (int, tuple))):
        refuse("padding that may be a word, and channels last")
    output = mx.conv1d(
        input, weight.swapaxes(1, 2), stride=_int(stride), padding=_int(padding), dilation=_int(dilation), groups=groups
    )
    if bias is None:
        return output
    return output + bias


@rule("mlxify.channels_last.torch.nn.functional.conv2d", "mlxify.channels_last.torch.conv2d")
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if not (known(isinstance(padding, (int, tuple))) and isinstance(padding, (int, tuple))):
        refuse("padding that may be a word, and channels last")
    output = mx.conv2d(
        input, weight.transpose(0, 2, 3, 1), stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    if bias is None:
        return output
    return output + bias


@rule("mlxify.channels_last.torch.nn.functional.pad")
def padded(input, pad, mode="constant", value=None):
    if value is None:
        value = 0
    if mode == "circular" or not known(len(pad)) or len(pad) != 2 * (input.ndim - 2):
        refuse("this padding with channels last")
    if any([negated(width) for width in pad]):
        return _crop_and_pad(input, (0, 0, *pad), mode, value)
    pairs = [(pad[i], pad[i + 1]) for i in reversed(range(0, len(pad), 2))]
    widths = [(0, 0)] + pairs + [(0, 0)]
    if mode == "replicate":
        return mx.pad(input, widths, mode="edge")
    if mode == "reflect":
        return mx.pad(input, widths, mode="reflect")
    if known(value == 0) and value == 0:
        return mx.pad(input, widths)
    return mx.pad(input, widths, constant_values=value)
