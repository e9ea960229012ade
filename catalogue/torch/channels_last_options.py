"""Convolutions of torch.nn with channels last and options that MLX's layers lack: padding with something else than zeros, groups in
three dimensions, transposed convolutions with groups or output padding. A call that passes such an argument gets them.
"""

from catalogue.torch.functional_conv import _conv3d_groups, _conv_transpose, _per_axis
from catalogue.torch.functional_pad import _crop_and_pad
from catalogue.torch.nn_conv import _same_padding
from catalogue.torch.nn_conv_options import _pad_mode, _side_widths

from mlxify.catalogue import *


@definition("mlxify.channels_last.torch.nn.Conv1d", argument="padding_mode", weights={"weight": "OIL->OLI"})
class PaddedConv1d(nn.Conv1d):
    """PyTorch's Conv1d with a padding mode and channels last, as in (batch, length, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        sizes = [_per_axis(n, 1)[0] for n in (kernel_size, stride, 0, dilation)]
        super().__init__(in_channels, out_channels, *sizes, groups, bias)
        self.widths = [0, 0, *_side_widths(padding, kernel_size, dilation, 1)]
        self.mode = _pad_mode(padding_mode)

    def __call__(self, x):
        return super().__call__(_crop_and_pad(x, self.widths, self.mode))


@definition("mlxify.channels_last.torch.nn.Conv2d", argument="padding_mode", weights={"weight": "OIHW->OHWI"})
class PaddedConv2d(nn.Conv2d):
    """PyTorch's Conv2d with a padding mode and channels last, as in (batch, height, width, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        sizes = (kernel_size, stride, 0, dilation)
        super().__init__(in_channels, out_channels, *sizes, groups, bias)
        self.widths = [0, 0, *_side_widths(padding, kernel_size, dilation, 2)]
        self.mode = _pad_mode(padding_mode)

    def __call__(self, x):
        return super().__call__(_crop_and_pad(x, self.widths, self.mode))


@definition("mlxify.channels_last.torch.nn.Conv3d", argument=("groups", "padding_mode"), weights={"weight": "OIDHW->ODHWI"})
class GroupedConv3d(nn.Conv3d):
    """PyTorch's Conv3d with groups, a padding mode and channels last, as in (batch, depth, height, width, channels)."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        super().__init__(in_channels // groups, out_channels, kernel_size, stride, 0, dilation, bias)
        self.groups = groups
        self.widths = [0, 0, *_side_widths(padding, kernel_size, dilation, 3)]
        self.mode = _pad_mode(padding_mode)

    def __call__(self, x):
        x = _crop_and_pad(x, self.widths, self.mode)
        x = _conv3d_groups(x, self.weight, self.stride, 0, self.dilation, self.groups)
        return x + self.bias if "bias" in self else x


@definition("mlxify.channels_last.torch.nn.ConvTranspose1d", argument=("groups", "output_padding"), weights={"weight": "IOL->OLI"})
class GeneralConvTranspose1d(nn.ConvTranspose1d):
    """PyTorch's ConvTranspose1d with groups, output padding and channels last, as in (batch, length, channels)."""

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

    def __call__(self, x):
        x = _conv_transpose(x, self.weight, self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        return x + self.bias if "bias" in self else x


@definition("mlxify.channels_last.torch.nn.ConvTranspose2d", argument=("groups", "output_padding"), weights={"weight": "IOHW->OHWI"})
class GeneralConvTranspose2d(nn.ConvTranspose2d):
    """PyTorch's ConvTranspose2d with groups, output padding and channels last, as in (batch, height, width, channels)."""

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

    def __call__(self, x):
        x = _conv_transpose(x, self.weight, self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        return x + self.bias if "bias" in self else x


@definition("mlxify.channels_last.torch.nn.ConvTranspose3d", argument=("groups", "output_padding"), weights={"weight": "IODHW->ODHWI"})
class GeneralConvTranspose3d(nn.ConvTranspose3d):
    """PyTorch's ConvTranspose3d with groups, output padding and channels last, as in (batch, depth, height, width, channels)."""

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

    def __call__(self, x):
        x = _conv_transpose(x, self.weight, self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        return x + self.bias if "bias" in self else x


@definition("mlxify.channels_last.torch.nn.ConvBase")
class ConvBase(nn.Module):
    """A convolution of images with channels last whose kernel is as PyTorch keeps it: (out, in, *sizes), one number per axis."""

    def __init__(
        self, axes, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True,
        padding_mode="zeros",
    ):
        super().__init__()
        if padding_mode != "zeros":
            raise NotImplementedError(f"padding_mode={padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        padding = _same_padding(padding, kernel_size, dilation, axes)
        sizes = [(n,) * axes if isinstance(n, int) else tuple(n) for n in (kernel_size, stride, padding, dilation)]
        self.kernel_size, self.stride, self.padding, self.dilation = sizes
        self.padding_mode = padding_mode
        scale = (in_channels // groups * math.prod(self.kernel_size)) ** -0.5
        self.weight = mx.random.uniform(-scale, scale, (out_channels, in_channels // groups, *self.kernel_size))
        self.bias = mx.random.uniform(-scale, scale, (out_channels,)) if bias else None

    def _conv_forward(self, input, weight, bias):
        weight = mx.moveaxis(weight, 1, -1)
        if self.groups > 1 and input.ndim == 5:
            y = _conv3d_groups(input, weight, self.stride, self.padding, self.dilation, self.groups)
        else:
            y = mx.conv_general(input, weight, self.stride, self.padding, self.dilation, groups=self.groups)
        return y if bias is None else y + bias

    def __call__(self, x):
        return self._conv_forward(x, self.weight, self.bias)


@definition("mlxify.channels_last.torch.nn.Conv1dBase")
class Conv1d(ConvBase):
    """PyTorch's Conv1d with channels last, but for the weight, which has PyTorch's layout."""

    def __init__(self, *args, **kwargs):
        super().__init__(1, *args, **kwargs)


@definition("mlxify.channels_last.torch.nn.Conv2dBase")
class Conv2d(ConvBase):
    """PyTorch's Conv2d with channels last, but for the weight, which has PyTorch's layout."""

    def __init__(self, *args, **kwargs):
        super().__init__(2, *args, **kwargs)


@definition("mlxify.channels_last.torch.nn.Conv3dBase")
class Conv3d(ConvBase):
    """PyTorch's Conv3d with channels last, but for the weight, which has PyTorch's layout."""

    def __init__(self, *args, **kwargs):
        super().__init__(3, *args, **kwargs)
