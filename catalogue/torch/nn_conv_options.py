"""Convolution modules of torch.nn with options that MLX's layers lack: padding with something else than zeros, groups in
three dimensions, transposed convolutions with groups or output padding. A call that passes such an argument gets them.
"""

from catalogue.torch.functional_conv import _conv3d_groups, _conv_transpose, _per_axis
from catalogue.torch.functional_pad import _crop_and_pad

from mlxify.catalogue import *


def _side_widths(padding, kernel_size, dilation, axes):
    """The padding of both sides of each axis in torch's order, the last axis first; the larger half of "same" at the end."""
    if padding == "same":
        totals = [d * (k - 1) for d, k in zip(_per_axis(dilation, axes), _per_axis(kernel_size, axes))]
        sides = [(total // 2, total - total // 2) for total in totals]
    else:
        sides = [(p, p) for p in _per_axis(0 if padding == "valid" else padding, axes)]
    return [width for side in reversed(sides) for width in side]


def _pad_mode(padding_mode):
    """`padding_mode` of a convolution as a mode of padding."""
    return "constant" if padding_mode == "zeros" else padding_mode


@definition("torch.nn.Conv1d", argument="padding_mode", weights={"weight": "OIL->OLI"}, trap=("layout of images", "initial weights"))
class PaddedConv1d(nn.Conv1d):
    """PyTorch's Conv1d with a padding mode: channels first, as in (batch, channels, length)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        sizes = [_per_axis(n, 1)[0] for n in (kernel_size, stride, 0, dilation)]
        super().__init__(in_channels, out_channels, *sizes, groups, bias)
        self.widths = _side_widths(padding, kernel_size, dilation, 1)
        self.mode = _pad_mode(padding_mode)

    def __call__(self, x):
        x = _crop_and_pad(x, self.widths, self.mode)
        return super().__call__(x.swapaxes(1, 2)).swapaxes(1, 2)


@definition("torch.nn.Conv2d", argument="padding_mode", weights={"weight": "OIHW->OHWI"}, trap=("layout of images", "initial weights"))
class PaddedConv2d(nn.Conv2d):
    """PyTorch's Conv2d with a padding mode: channels first, as in (batch, channels, height, width)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        sizes = (kernel_size, stride, 0, dilation)
        super().__init__(in_channels, out_channels, *sizes, groups, bias)
        self.widths = _side_widths(padding, kernel_size, dilation, 2)
        self.mode = _pad_mode(padding_mode)

    def __call__(self, x):
        x = _crop_and_pad(x, self.widths, self.mode)
        return super().__call__(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


@definition("torch.nn.Conv3d", argument=("groups", "padding_mode"), weights={"weight": "OIDHW->ODHWI"}, trap=("layout of images", "initial weights"))
class GroupedConv3d(nn.Conv3d):
    """PyTorch's Conv3d with groups and a padding mode: channels first, as in (batch, channels, depth, height, width)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        super().__init__(in_channels // groups, out_channels, kernel_size, stride, 0, dilation, bias)
        self.groups = groups
        self.widths = _side_widths(padding, kernel_size, dilation, 3)
        self.mode = _pad_mode(padding_mode)

    def __call__(self, x):
        x = _crop_and_pad(x, self.widths, self.mode).transpose(0, 2, 3, 4, 1)
        x = _conv3d_groups(x, self.weight, self.stride, 0, self.dilation, self.groups)
        return (x + self.bias if "bias" in self else x).transpose(0, 4, 1, 2, 3)


def _output_padding(shape, kernel_size, stride, padding, dilation, output_size):
    """What is added at the end of each axis so that channels-last input of that shape gives `output_size`, the batch and channels aside."""
    axes = len(shape) - 2
    sizes = [_per_axis(n, axes) for n in (stride, padding, dilation)]
    least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in zip(shape[1:-1], kernel_size, *sizes)]
    return tuple(size - n for size, n in zip(output_size[len(output_size) - axes :], least))


@definition("torch.nn.ConvTranspose1d", argument=("groups", "output_padding", "output_size"), weights={"weight": "IOL->OLI"}, trap="layout of images")
class GeneralConvTranspose1d(nn.ConvTranspose1d):
    """PyTorch's ConvTranspose1d with groups and output padding: channels first, as in (batch, channels, length)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        sizes = [_per_axis(n, 1)[0] for n in (kernel_size, stride, padding, dilation, output_padding)]
        super().__init__(in_channels, out_channels // groups, *sizes, bias=False)
        self.groups = groups
        if bias:
            bound = self.weight[..., 0].size ** -0.5
            self.bias = mx.random.uniform(-bound, bound, (out_channels,))

    def __call__(self, x, output_size=None):
        x, extra = x.swapaxes(1, 2), self.output_padding
        if output_size is not None:
            extra = _output_padding(x.shape, self.weight.shape[1:-1], self.stride, self.padding, self.dilation, output_size)
        x = _conv_transpose(x, self.weight, self.stride, self.padding, extra, self.groups, self.dilation)
        return (x + self.bias if "bias" in self else x).swapaxes(1, 2)


@definition("torch.nn.ConvTranspose2d", argument=("groups", "output_padding", "output_size"), weights={"weight": "IOHW->OHWI"}, trap="layout of images")
class GeneralConvTranspose2d(nn.ConvTranspose2d):
    """PyTorch's ConvTranspose2d with groups and output padding: channels first, as in (batch, channels, height, width)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        sizes = (kernel_size, stride, padding, dilation, output_padding)
        super().__init__(in_channels, out_channels // groups, *sizes, bias=False)
        self.groups = groups
        if bias:
            bound = self.weight[..., 0].size ** -0.5
            self.bias = mx.random.uniform(-bound, bound, (out_channels,))

    def __call__(self, x, output_size=None):
        x, extra = x.transpose(0, 2, 3, 1), self.output_padding
        if output_size is not None:
            extra = _output_padding(x.shape, self.weight.shape[1:-1], self.stride, self.padding, self.dilation, output_size)
        x = _conv_transpose(x, self.weight, self.stride, self.padding, extra, self.groups, self.dilation)
        return (x + self.bias if "bias" in self else x).transpose(0, 3, 1, 2)


@definition("torch.nn.ConvTranspose3d", argument=("groups", "output_padding", "output_size"), weights={"weight": "IODHW->ODHWI"}, trap="layout of images")
class GeneralConvTranspose3d(nn.ConvTranspose3d):
    """PyTorch's ConvTranspose3d with groups and output padding: channels first, as in (batch, channels, depth, height, width)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True,
        dilation=1, padding_mode="zeros",
    ):
        sizes = (kernel_size, stride, padding, dilation, output_padding)
        super().__init__(in_channels, out_channels // groups, *sizes, bias=False)
        self.groups = groups
        if bias:
            bound = self.weight[..., 0].size ** -0.5
            self.bias = mx.random.uniform(-bound, bound, (out_channels,))

    def __call__(self, x, output_size=None):
        x, extra = x.transpose(0, 2, 3, 4, 1), self.output_padding
        if output_size is not None:
            extra = _output_padding(x.shape, self.weight.shape[1:-1], self.stride, self.padding, self.dilation, output_size)
        x = _conv_transpose(x, self.weight, self.stride, self.padding, extra, self.groups, self.dilation)
        return (x + self.bias if "bias" in self else x).transpose(0, 4, 1, 2, 3)
