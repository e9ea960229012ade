"""Bases for classes that derive from a convolution of torch.nn and compute with its weight themselves: the weight keeps torch's
layout, and the sizes are tuples as there."""

from catalogue.torch.functional_conv import _conv3d_groups
from catalogue.torch.nn_conv import _same_padding

from mlxify.catalogue import *


@definition("mlxify.torch.nn.ConvBase")
class ConvBase(nn.Module):
    """A convolution as PyTorch keeps it: channels first, kernels as (out, in, *sizes), one number per axis."""

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
        x, weight = mx.moveaxis(input, 1, -1), mx.moveaxis(weight, 1, -1)
        if self.groups > 1 and x.ndim == 5:
            y = _conv3d_groups(x, weight, self.stride, self.padding, self.dilation, self.groups)
        else:
            y = mx.conv_general(x, weight, self.stride, self.padding, self.dilation, groups=self.groups)
        return mx.moveaxis(y if bias is None else y + bias, -1, 1)

    def __call__(self, x):
        return self._conv_forward(x, self.weight, self.bias)


@definition("mlxify.torch.nn.Conv1dBase")
class Conv1d(ConvBase):
    """PyTorch's Conv1d, with the weight in its layout."""

    def __init__(self, *args, **kwargs):
        super().__init__(1, *args, **kwargs)


@definition("mlxify.torch.nn.Conv2dBase")
class Conv2d(ConvBase):
    """PyTorch's Conv2d, with the weight in its layout."""

    def __init__(self, *args, **kwargs):
        super().__init__(2, *args, **kwargs)


@definition("mlxify.torch.nn.Conv3dBase")
class Conv3d(ConvBase):
    """PyTorch's Conv3d, with the weight in its layout."""

    def __init__(self, *args, **kwargs):
        super().__init__(3, *args, **kwargs)


# The kernel of a convolution where the file computes with it.
@attribute("mlxify.torch.nn.Conv.weight")
def kernel(self):
    return mx.moveaxis(self.weight, -1, 1)


@attribute("mlxify.torch.nn.ConvTranspose.weight")
def transposed_kernel(self):
    return mx.moveaxis(self.weight, -1, 0)
