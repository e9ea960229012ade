"""Modules of torch.nn that move, pad or resample pixels. Channels come first."""

from catalogue.torch.functional_conv import _fold, _unfold
from catalogue.torch.functional_pad import _crop_and_pad
from catalogue.torch.functional_resample import _interpolate, _pixel_shuffle, _pixel_unshuffle

from mlxify.catalogue import *


def _pad_sides(padding, axes):
    """torch's padding of that many trailing axes: two numbers per axis, or one for all sides."""
    return (padding,) * (2 * axes) if isinstance(padding, int) else tuple(padding)


@definition("mlxify.torch.nn.Pad")
class Pad(nn.Module):
    """Pads trailing axes: (left, right, top, bottom, ...) from the last axis backwards; negative widths crop."""

    def __init__(self, padding, axes: int, mode: str = "constant", value: float = 0):
        super().__init__()
        self.padding = _pad_sides(padding, axes)
        self.mode = mode
        self.value = value

    def __call__(self, x):
        return _crop_and_pad(x, self.padding, self.mode, self.value)


@module("torch.nn.ZeroPad1d")
def ZeroPad1d(padding):
    return Pad(padding, 1)


@module("torch.nn.ZeroPad2d")
def ZeroPad2d(padding):
    return Pad(padding, 2)


@module("torch.nn.ZeroPad3d")
def ZeroPad3d(padding):
    return Pad(padding, 3)


@module("torch.nn.ConstantPad1d")
def ConstantPad1d(padding, value):
    return Pad(padding, 1, value=value)


@module("torch.nn.ConstantPad2d")
def ConstantPad2d(padding, value):
    return Pad(padding, 2, value=value)


@module("torch.nn.ConstantPad3d")
def ConstantPad3d(padding, value):
    return Pad(padding, 3, value=value)


@module("torch.nn.ReflectionPad1d")
def ReflectionPad1d(padding):
    return Pad(padding, 1, mode="reflect")


@module("torch.nn.ReflectionPad2d")
def ReflectionPad2d(padding):
    return Pad(padding, 2, mode="reflect")


@module("torch.nn.ReflectionPad3d")
def ReflectionPad3d(padding):
    return Pad(padding, 3, mode="reflect")


@module("torch.nn.ReplicationPad1d")
def ReplicationPad1d(padding):
    return Pad(padding, 1, mode="replicate")


@module("torch.nn.ReplicationPad2d")
def ReplicationPad2d(padding):
    return Pad(padding, 2, mode="replicate")


@module("torch.nn.ReplicationPad3d")
def ReplicationPad3d(padding):
    return Pad(padding, 3, mode="replicate")


@module("torch.nn.CircularPad1d")
def CircularPad1d(padding):
    return Pad(padding, 1, mode="circular")


@module("torch.nn.CircularPad2d")
def CircularPad2d(padding):
    return Pad(padding, 2, mode="circular")


@module("torch.nn.CircularPad3d")
def CircularPad3d(padding):
    return Pad(padding, 3, mode="circular")


@definition("torch.nn.PixelShuffle")
class PixelShuffle(nn.Module):
    """Turns channels into pixels: (batch, channels * r**2, height, width) -> (batch, channels, height * r, width * r)."""

    def __init__(self, upscale_factor: int):
        super().__init__()
        self.upscale_factor = upscale_factor

    def __call__(self, x):
        return _pixel_shuffle(x, self.upscale_factor)


@definition("torch.nn.PixelUnshuffle")
class PixelUnshuffle(nn.Module):
    """Turns pixels into channels, the inverse of PixelShuffle."""

    def __init__(self, downscale_factor: int):
        super().__init__()
        self.downscale_factor = downscale_factor

    def __call__(self, x):
        return _pixel_unshuffle(x, self.downscale_factor)


@definition("torch.nn.ChannelShuffle")
class ChannelShuffle(nn.Module):
    """Interleaves the channels (axis 1) of that many groups."""

    def __init__(self, groups: int):
        super().__init__()
        self.groups = groups

    def __call__(self, x):
        return x.reshape(x.shape[0], self.groups, -1, *x.shape[2:]).swapaxes(1, 2).reshape(x.shape)


@definition("torch.nn.Upsample", trap="layout of images")
class Upsample(nn.Module):
    """Resizes the axes after (batch, channels) to a size or by a factor."""

    def __init__(self, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None):
        super().__init__()
        self.options = (size, scale_factor, mode, bool(align_corners), bool(recompute_scale_factor))

    def __call__(self, x):
        return _interpolate(x, *self.options)


@module("torch.nn.UpsamplingNearest2d")
def UpsamplingNearest2d(size=None, scale_factor=None):
    return Upsample(size=size, scale_factor=scale_factor)


@module("torch.nn.UpsamplingBilinear2d")
def UpsamplingBilinear2d(size=None, scale_factor=None):
    return Upsample(size=size, scale_factor=scale_factor, mode="bilinear", align_corners=True)


@definition("torch.nn.Unfold")
class Unfold(nn.Module):
    """Sliding blocks: (batch, channels, height, width) -> (batch, channels * kernel, blocks)."""

    def __init__(self, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.window = (kernel_size, dilation, padding, stride)

    def __call__(self, x):
        return _unfold(x, *self.window)


@definition("torch.nn.Fold")
class Fold(nn.Module):
    """Sums overlapping blocks into an image: (batch, channels * kernel, blocks) -> (batch, channels, height, width)."""

    def __init__(self, output_size, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.output_size = output_size
        self.window = (kernel_size, dilation, padding, stride)

    def __call__(self, x):
        return _fold(x, self.output_size, *self.window)
