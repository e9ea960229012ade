"""Modules of torch.nn with channels last, for models that the layout stage keeps so: MLX's own layers where they fit.

An entry `mlxify.channels_last.X` stands for X where images are (batch, *sizes, channels). Arrays with fewer than three
axes have no sizes: they are the same in both layouts.
"""

from catalogue.torch.channels_last_functional import _adaptive, _channels_from_pixels, _pixels_from_channels, _resize
from catalogue.torch.functional_pad import _crop_and_pad
from catalogue.torch.functional_pool import _avg_pool, _max_pool
from catalogue.torch.nn_conv import _check_transposed, _same_padding
from catalogue.torch.nn_shape import _pad_sides

from mlxify.catalogue import *


def _is_native(padding, padding_mode):
    """Known to be padding that MLX's layers take: numbers, and zeros to fill."""
    if not (known(padding_mode == "zeros") and padding_mode == "zeros"):
        return False
    return known(isinstance(padding, (int, tuple))) and isinstance(padding, (int, tuple))


def _scalar(size):
    """The number in a one-element tuple."""
    if known(isinstance(size, (tuple, list))) and isinstance(size, (tuple, list)):
        return size[0]
    return size


@definition("mlxify.channels_last.Conv1d", weights={"weight": "OIL->OLI"})
class Conv1d(nn.Conv1d):
    """PyTorch's Conv1d with channels last, as in (batch, length, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        if padding_mode != "zeros":
            raise NotImplementedError(f"padding_mode={padding_mode!r}")
        padding = _same_padding(padding, kernel_size, dilation, 1)
        sizes = [n[0] if isinstance(n, (list, tuple)) else n for n in (kernel_size, stride, padding, dilation)]
        super().__init__(in_channels, out_channels, *sizes, groups, bias)


@definition("mlxify.channels_last.Conv2d", weights={"weight": "OIHW->OHWI"})
class Conv2d(nn.Conv2d):
    """PyTorch's Conv2d with channels last, as in (batch, height, width, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        if padding_mode != "zeros":
            raise NotImplementedError(f"padding_mode={padding_mode!r}")
        padding = _same_padding(padding, kernel_size, dilation, 2)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)


@definition("mlxify.channels_last.Conv3d", weights={"weight": "OIDHW->ODHWI"})
class Conv3d(nn.Conv3d):
    """PyTorch's Conv3d with channels last, as in (batch, depth, height, width, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        if padding_mode != "zeros" or groups != 1:
            raise NotImplementedError(f"a 3-d convolution with padding_mode={padding_mode!r}, groups={groups}")
        padding = _same_padding(padding, kernel_size, dilation, 3)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, bias)


@module("mlxify.channels_last.torch.nn.Conv1d", weights={"weight": "OIL->OLI"})
def make_conv1d(
    in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode="zeros",
    device=None, dtype=None,
):
    if _is_native(padding, padding_mode):
        return nn.Conv1d(
            in_channels, out_channels, _scalar(kernel_size), stride=_scalar(stride), padding=_scalar(padding),
            dilation=_scalar(dilation), groups=groups, bias=bias,
        )
    return Conv1d(
        in_channels, out_channels, kernel_size, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=bias,
        padding_mode=padding_mode,
    )


@module("mlxify.channels_last.torch.nn.Conv2d", weights={"weight": "OIHW->OHWI"})
def make_conv2d(
    in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode="zeros",
    device=None, dtype=None,
):
    if _is_native(padding, padding_mode):
        return nn.Conv2d(
            in_channels, out_channels, kernel_size, stride=stride, padding=padding, dilation=dilation, groups=groups,
            bias=bias,
        )
    return Conv2d(
        in_channels, out_channels, kernel_size, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=bias,
        padding_mode=padding_mode,
    )


@module("mlxify.channels_last.torch.nn.Conv3d", weights={"weight": "OIDHW->ODHWI"})
def make_conv3d(
    in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode="zeros",
    device=None, dtype=None,
):
    if _is_native(padding, padding_mode) and known(groups == 1) and groups == 1:
        return nn.Conv3d(
            in_channels, out_channels, kernel_size, stride=stride, padding=padding, dilation=dilation, bias=bias
        )
    return Conv3d(
        in_channels, out_channels, kernel_size, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=bias,
        padding_mode=padding_mode,
    )


@definition("mlxify.channels_last.torch.nn.ConvTranspose1d", weights={"weight": "IOL->OLI"})
class ConvTranspose1d(nn.ConvTranspose1d):
    """PyTorch's ConvTranspose1d with channels last, as in (batch, length, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        _check_transposed(kernel_size, padding, output_padding, dilation, groups, 1)
        sizes = [n[0] if isinstance(n, (list, tuple)) else n for n in (kernel_size, stride, padding, dilation, output_padding)]
        super().__init__(in_channels, out_channels, *sizes, bias=bias)


@definition("mlxify.channels_last.torch.nn.ConvTranspose2d", weights={"weight": "IOHW->OHWI"})
class ConvTranspose2d(nn.ConvTranspose2d):
    """PyTorch's ConvTranspose2d with channels last, as in (batch, height, width, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        _check_transposed(kernel_size, padding, output_padding, dilation, groups, 2)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, bias)


@definition("mlxify.channels_last.torch.nn.ConvTranspose3d", weights={"weight": "IODHW->ODHWI"})
class ConvTranspose3d(nn.ConvTranspose3d):
    """PyTorch's ConvTranspose3d with channels last, as in (batch, depth, height, width, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        _check_transposed(kernel_size, padding, output_padding, dilation, groups, 3)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, bias)


@definition(
    "mlxify.channels_last.torch.nn.BatchNorm1d", "mlxify.channels_last.torch.nn.BatchNorm2d",
    "mlxify.channels_last.torch.nn.BatchNorm3d", "mlxify.channels_last.torch.nn.SyncBatchNorm",
)
class BatchNorm(nn.BatchNorm):
    """PyTorch's batch norm, which counts its batches; the channels are the last axis of an array of any rank."""

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
        return super().__call__(x.reshape(-1, x.shape[-1])).reshape(x.shape)


@module("mlxify.channels_last.torch.nn.GroupNorm")
def GroupNorm(num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None):
    return nn.GroupNorm(num_groups, num_channels, eps=eps, affine=affine, pytorch_compatible=True)


@definition(
    "mlxify.channels_last.torch.nn.InstanceNorm1d", "mlxify.channels_last.torch.nn.InstanceNorm2d",
    "mlxify.channels_last.torch.nn.InstanceNorm3d",
)
class InstanceNorm(nn.InstanceNorm):
    """PyTorch's instance norm with channels last: normalises each channel of each sample over its sizes."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, bias=True):
        if track_running_stats or (affine and not bias):
            raise NotImplementedError("instance norm with running statistics, or with a weight alone")
        super().__init__(num_features, eps, affine)


@definition("mlxify.channels_last.WindowMaxPool")
class WindowMaxPool(nn.Module):
    """Max pooling with all of PyTorch's options and channels last."""

    def __init__(self, axes, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
        super().__init__()
        self.window = (axes, kernel_size, stride, padding, dilation, ceil_mode)

    def __call__(self, x):
        return _max_pool(x, *self.window, after=1)


@definition("mlxify.channels_last.WindowAvgPool")
class WindowAvgPool(nn.Module):
    """Average pooling with all of PyTorch's options and channels last."""

    def __init__(self, axes, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor=None):
        super().__init__()
        self.window = (axes, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor)

    def __call__(self, x):
        return _avg_pool(x, *self.window, after=1)


@module("mlxify.channels_last.torch.nn.MaxPool1d")
def MaxPool1d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
    if known(dilation == 1 and not ceil_mode) and dilation == 1 and not ceil_mode:
        return nn.MaxPool1d(_scalar(kernel_size), stride=_scalar(stride), padding=_scalar(padding))
    return WindowMaxPool(1, kernel_size, stride, padding, dilation, ceil_mode)


@module("mlxify.channels_last.torch.nn.MaxPool2d")
def MaxPool2d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
    if known(dilation == 1 and not ceil_mode) and dilation == 1 and not ceil_mode:
        return nn.MaxPool2d(kernel_size, stride=stride, padding=padding)
    return WindowMaxPool(2, kernel_size, stride, padding, dilation, ceil_mode)


@module("mlxify.channels_last.torch.nn.MaxPool3d")
def MaxPool3d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
    if known(dilation == 1 and not ceil_mode) and dilation == 1 and not ceil_mode:
        return nn.MaxPool3d(kernel_size, stride=stride, padding=padding)
    return WindowMaxPool(3, kernel_size, stride, padding, dilation, ceil_mode)


@module("mlxify.channels_last.torch.nn.AvgPool1d")
def AvgPool1d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    if known(not ceil_mode and (count_include_pad or padding == 0)):
        if not ceil_mode and (count_include_pad or padding == 0):
            return nn.AvgPool1d(_scalar(kernel_size), stride=_scalar(stride), padding=_scalar(padding))
    return WindowAvgPool(1, kernel_size, stride, padding, ceil_mode, count_include_pad)


@module("mlxify.channels_last.torch.nn.AvgPool2d")
def AvgPool2d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    if divisor_override is None and known(not ceil_mode and (count_include_pad or padding == 0)):
        if not ceil_mode and (count_include_pad or padding == 0):
            return nn.AvgPool2d(kernel_size, stride=stride, padding=padding)
    return WindowAvgPool(2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@module("mlxify.channels_last.torch.nn.AvgPool3d")
def AvgPool3d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    if divisor_override is None and known(not ceil_mode and (count_include_pad or padding == 0)):
        if not ceil_mode and (count_include_pad or padding == 0):
            return nn.AvgPool3d(kernel_size, stride=stride, padding=padding)
    return WindowAvgPool(3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@definition("mlxify.channels_last.torch.nn.AdaptiveAvgPool1d", "mlxify.channels_last.torch.nn.AdaptiveAvgPool2d",
            "mlxify.channels_last.torch.nn.AdaptiveAvgPool3d")
class AdaptiveAvgPool(nn.Module):
    """The averages of a grid of that many equal pieces of the sizes, channels last; None keeps an axis."""

    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def __call__(self, x):
        return _adaptive(x, self.output_size, mx.mean)


@definition("mlxify.channels_last.torch.nn.AdaptiveMaxPool1d", "mlxify.channels_last.torch.nn.AdaptiveMaxPool2d",
            "mlxify.channels_last.torch.nn.AdaptiveMaxPool3d")
class AdaptiveMaxPool(nn.Module):
    """The largest values of a grid of that many equal pieces of the sizes, channels last; None keeps an axis."""

    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def __call__(self, x):
        return _adaptive(x, self.output_size, mx.max)


@definition("mlxify.channels_last.Pad")
class Pad(nn.Module):
    """Pads the sizes of an array with channels last, given as (left, right, top, bottom, ...); negative widths crop."""

    def __init__(self, padding, axes: int, mode: str = "constant", value: float = 0):
        super().__init__()
        self.padding = (0, 0, *_pad_sides(padding, axes))
        self.mode = mode
        self.value = value

    def __call__(self, x):
        return _crop_and_pad(x, self.padding, self.mode, self.value)


@module("mlxify.channels_last.torch.nn.ZeroPad1d")
def ZeroPad1d(padding):
    return Pad(padding, 1)


@module("mlxify.channels_last.torch.nn.ZeroPad2d")
def ZeroPad2d(padding):
    return Pad(padding, 2)


@module("mlxify.channels_last.torch.nn.ZeroPad3d")
def ZeroPad3d(padding):
    return Pad(padding, 3)


@module("mlxify.channels_last.torch.nn.ConstantPad1d")
def ConstantPad1d(padding, value):
    return Pad(padding, 1, value=value)


@module("mlxify.channels_last.torch.nn.ConstantPad2d")
def ConstantPad2d(padding, value):
    return Pad(padding, 2, value=value)


@module("mlxify.channels_last.torch.nn.ReflectionPad1d")
def ReflectionPad1d(padding):
    return Pad(padding, 1, mode="reflect")


@module("mlxify.channels_last.torch.nn.ReflectionPad2d")
def ReflectionPad2d(padding):
    return Pad(padding, 2, mode="reflect")


@module("mlxify.channels_last.torch.nn.ReplicationPad1d")
def ReplicationPad1d(padding):
    return Pad(padding, 1, mode="replicate")


@module("mlxify.channels_last.torch.nn.ReplicationPad2d")
def ReplicationPad2d(padding):
    return Pad(padding, 2, mode="replicate")


@definition("mlxify.channels_last.torch.nn.PixelShuffle")
class PixelShuffle(nn.Module):
    """Turns channels into pixels: (batch, height, width, channels * r**2) -> (batch, height * r, width * r, channels)."""

    def __init__(self, upscale_factor: int):
        super().__init__()
        self.upscale_factor = upscale_factor

    def __call__(self, x):
        return _pixels_from_channels(x, self.upscale_factor)


@definition("mlxify.channels_last.torch.nn.PixelUnshuffle")
class PixelUnshuffle(nn.Module):
    """Turns pixels into channels, the inverse of PixelShuffle."""

    def __init__(self, downscale_factor: int):
        super().__init__()
        self.downscale_factor = downscale_factor

    def __call__(self, x):
        return _channels_from_pixels(x, self.downscale_factor)


@definition("mlxify.channels_last.torch.nn.Upsample")
class Upsample(nn.Module):
    """Resizes the axes between batch and channels to a size or by a factor."""

    def __init__(self, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None):
        super().__init__()
        self.options = (size, scale_factor, mode, bool(align_corners), bool(recompute_scale_factor))

    def __call__(self, x):
        return _resize(x, *self.options)


@module("mlxify.channels_last.torch.nn.UpsamplingNearest2d")
def UpsamplingNearest2d(size=None, scale_factor=None):
    return Upsample(size=size, scale_factor=scale_factor)


@module("mlxify.channels_last.torch.nn.UpsamplingBilinear2d")
def UpsamplingBilinear2d(size=None, scale_factor=None):
    return Upsample(size=size, scale_factor=scale_factor, mode="bilinear", align_corners=True)


@definition("mlxify.channels_last.torch.nn.PReLU")
class PReLU(nn.Module):
    """Leaky ReLU with a learned slope, one for all or one per channel (the last axis)."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25):
        super().__init__()
        self.weight = mx.full((num_parameters,), init)

    def __call__(self, x):
        return mx.where(x > 0, x, self.weight * x)


@definition("mlxify.channels_last.torch.nn.Dropout2d")
class Dropout2d(nn.Module):
    """Zeroes whole channels of (batch, height, width, channels) with probability p, in training."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def __call__(self, x):
        if not self.training or self.p == 0:
            return x
        return x * mx.random.bernoulli(1 - self.p, (x.shape[0], 1, 1, x.shape[-1])) / (1 - self.p)


@definition("mlxify.channels_last.torch.nn.LocalResponseNorm")
class LocalResponseNorm(nn.Module):
    """Divides each value by a power of the mean square over `size` neighbouring channels (the last axis)."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def __call__(self, x):
        squares = mx.pad(mx.square(x), [(0, 0)] * (x.ndim - 1) + [(self.size // 2, (self.size - 1) // 2)])
        mean = sum(squares[..., i : i + x.shape[-1]] for i in range(self.size)) / self.size
        return x / (self.k + self.alpha * mean) ** self.beta


@definition("mlxify.channels_last.torch.nn.Flatten")
class Flatten(nn.Module):
    """Joins the axes from `start_dim` to `end_dim` of PyTorch's order: channels come before the sizes in what it gives."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def __call__(self, x):
        if x.ndim > 2:
            x = mx.moveaxis(x, -1, 1)
        return mx.flatten(x, self.start_dim, self.end_dim)
