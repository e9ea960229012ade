"""Bases for classes that derive from a pool of torch.nn and read its sizes, which stand as they were given."""

from catalogue.torch.functional_pool import _avg_pool, _max_pool, _max_pool_with_indices

from mlxify.catalogue import *


@definition("mlxify.torch.nn.MaxPoolBase")
class MaxPoolBase(nn.Module):
    """Max pooling over the trailing axes, with the attributes of PyTorch's."""

    axes = 2

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        super().__init__()
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def __call__(self, x):
        window = (self.axes, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        return _max_pool_with_indices(x, *window) if self.return_indices else _max_pool(x, *window)


@definition("mlxify.torch.nn.MaxPool1dBase")
class MaxPool1d(MaxPoolBase):
    """PyTorch's MaxPool1d, as a base."""

    axes = 1


@definition("mlxify.torch.nn.MaxPool2dBase")
class MaxPool2d(MaxPoolBase):
    """PyTorch's MaxPool2d, as a base."""


@definition("mlxify.torch.nn.MaxPool3dBase")
class MaxPool3d(MaxPoolBase):
    """PyTorch's MaxPool3d, as a base."""

    axes = 3


@definition("mlxify.torch.nn.AvgPoolBase")
class AvgPoolBase(nn.Module):
    """Average pooling over the trailing axes, with the attributes of PyTorch's."""

    axes = 2

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override

    def __call__(self, x):
        sizes = (self.axes, self.kernel_size, self.stride, self.padding)
        return _avg_pool(x, *sizes, self.ceil_mode, self.count_include_pad, self.divisor_override)


@definition("mlxify.torch.nn.AvgPool1dBase")
class AvgPool1d(AvgPoolBase):
    """PyTorch's AvgPool1d, as a base."""

    axes = 1


@definition("mlxify.torch.nn.AvgPool2dBase")
class AvgPool2d(AvgPoolBase):
    """PyTorch's AvgPool2d, as a base."""


@definition("mlxify.torch.nn.AvgPool3dBase")
class AvgPool3d(AvgPoolBase):
    """PyTorch's AvgPool3d, as a base."""

    axes = 3
