"""Pooling modules of torch.nn, with channels first. MLX's pools serve the common case; torch's further options (windows
that end beyond the array, padding that does not count, indices) have a class of their own."""

from catalogue.torch.functional_pool import (
    _adaptive_max_pool_with_indices,
    _adaptive_pool,
    _avg_pool,
    _lp_pool,
    _max_pool,
    _max_pool_with_indices,
    _max_unpool,
    _per_axis,
)

from mlxify.catalogue import *


@definition("mlxify.torch.nn.MaxPool1d")
class MaxPool1d(nn.MaxPool1d):
    """Max pooling with channels first, over (batch, channels, length)."""

    def __call__(self, x):
        return super().__call__(x.swapaxes(1, 2)).swapaxes(1, 2)


@definition("mlxify.torch.nn.MaxPool2d")
class MaxPool2d(nn.MaxPool2d):
    """Max pooling with channels first, over (batch, channels, height, width)."""

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


@definition("mlxify.torch.nn.MaxPool3d")
class MaxPool3d(nn.MaxPool3d):
    """Max pooling with channels first, over (batch, channels, depth, height, width)."""

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 4, 1)).transpose(0, 4, 1, 2, 3)


@definition("mlxify.torch.nn.AvgPool1d")
class AvgPool1d(nn.AvgPool1d):
    """Average pooling with channels first, over (batch, channels, length)."""

    def __call__(self, x):
        return super().__call__(x.swapaxes(1, 2)).swapaxes(1, 2)


@definition("mlxify.torch.nn.AvgPool2d")
class AvgPool2d(nn.AvgPool2d):
    """Average pooling with channels first, over (batch, channels, height, width)."""

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


@definition("mlxify.torch.nn.AvgPool3d")
class AvgPool3d(nn.AvgPool3d):
    """Average pooling with channels first, over (batch, channels, depth, height, width)."""

    def __call__(self, x):
        return super().__call__(x.transpose(0, 2, 3, 4, 1)).transpose(0, 4, 1, 2, 3)


@definition("mlxify.torch.nn.WindowMaxPool")
class WindowMaxPool(nn.Module):
    """Max pooling over the trailing axes with all of PyTorch's options; may return (values, indices)."""

    def __init__(self, axes, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        super().__init__()
        self.window = (axes, kernel_size, stride, padding, dilation, ceil_mode)
        self.return_indices = return_indices

    def __call__(self, x):
        return _max_pool_with_indices(x, *self.window) if self.return_indices else _max_pool(x, *self.window)


@definition("mlxify.torch.nn.WindowAvgPool")
class WindowAvgPool(nn.Module):
    """Average pooling over the trailing axes with all of PyTorch's options."""

    def __init__(self, axes, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor=None):
        super().__init__()
        self.window = (axes, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor)

    def __call__(self, x):
        return _avg_pool(x, *self.window)


@module("torch.nn.MaxPool1d", trap="layout of images")
def make_max_pool1d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
    if known(dilation == 1 and not return_indices and not ceil_mode):
        if dilation == 1 and not return_indices and not ceil_mode:
            if stride is None and known(padding == 0) and padding == 0:
                return MaxPool1d(kernel_size)
            if known(padding == 0) and padding == 0:
                return MaxPool1d(kernel_size, stride=stride)
            return MaxPool1d(kernel_size, stride=stride, padding=padding)
    return WindowMaxPool(1, kernel_size, stride, padding, dilation, return_indices, ceil_mode)


@module("torch.nn.MaxPool2d", trap="layout of images")
def make_max_pool2d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
    if known(dilation == 1 and not return_indices and not ceil_mode):
        if dilation == 1 and not return_indices and not ceil_mode:
            if stride is None and known(padding == 0) and padding == 0:
                return MaxPool2d(kernel_size)
            if known(padding == 0) and padding == 0:
                return MaxPool2d(kernel_size, stride=stride)
            return MaxPool2d(kernel_size, stride=stride, padding=padding)
    return WindowMaxPool(2, kernel_size, stride, padding, dilation, return_indices, ceil_mode)


@module("torch.nn.MaxPool3d", trap="layout of images")
def make_max_pool3d(kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
    if known(dilation == 1 and not return_indices and not ceil_mode):
        if dilation == 1 and not return_indices and not ceil_mode:
            if stride is None and known(padding == 0) and padding == 0:
                return MaxPool3d(kernel_size)
            if known(padding == 0) and padding == 0:
                return MaxPool3d(kernel_size, stride=stride)
            return MaxPool3d(kernel_size, stride=stride, padding=padding)
    return WindowMaxPool(3, kernel_size, stride, padding, dilation, return_indices, ceil_mode)


@module("torch.nn.AvgPool1d", trap="layout of images")
def make_avg_pool1d(kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    if known(not ceil_mode and (count_include_pad or padding == 0)):
        if not ceil_mode and (count_include_pad or padding == 0):
            if stride is None and known(padding == 0) and padding == 0:
                return AvgPool1d(kernel_size)
            if known(padding == 0) and padding == 0:
                return AvgPool1d(kernel_size, stride=stride)
            return AvgPool1d(kernel_size, stride=stride, padding=padding)
    return WindowAvgPool(1, kernel_size, stride, padding, ceil_mode, count_include_pad)


@module("torch.nn.AvgPool2d", trap="layout of images")
def make_avg_pool2d(
    kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    if divisor_override is None and known(not ceil_mode and (count_include_pad or padding == 0)):
        if not ceil_mode and (count_include_pad or padding == 0):
            if stride is None and known(padding == 0) and padding == 0:
                return AvgPool2d(kernel_size)
            if known(padding == 0) and padding == 0:
                return AvgPool2d(kernel_size, stride=stride)
            return AvgPool2d(kernel_size, stride=stride, padding=padding)
    return WindowAvgPool(2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@module("torch.nn.AvgPool3d", trap="layout of images")
def make_avg_pool3d(
    kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    if divisor_override is None and known(not ceil_mode and (count_include_pad or padding == 0)):
        if not ceil_mode and (count_include_pad or padding == 0):
            if stride is None and known(padding == 0) and padding == 0:
                return AvgPool3d(kernel_size)
            if known(padding == 0) and padding == 0:
                return AvgPool3d(kernel_size, stride=stride)
            return AvgPool3d(kernel_size, stride=stride, padding=padding)
    return WindowAvgPool(3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@definition("torch.nn.AdaptiveAvgPool1d", trap="layout of images")
class AdaptiveAvgPool1d(nn.Module):
    """The averages of that many equal pieces of the last axis."""

    def __init__(self, output_size):
        super().__init__()
        self.output_size = (output_size,) if isinstance(output_size, int) else tuple(output_size)

    def __call__(self, x):
        return _adaptive_pool(x, self.output_size, mx.mean)


@definition("torch.nn.AdaptiveAvgPool2d", trap="layout of images")
class AdaptiveAvgPool2d(nn.Module):
    """The averages of a grid of (rows, columns) equal pieces of the last two axes; None keeps an axis."""

    def __init__(self, output_size):
        super().__init__()
        self.output_size = (output_size,) * 2 if isinstance(output_size, int) else tuple(output_size)

    def __call__(self, x):
        return _adaptive_pool(x, self.output_size, mx.mean)


@definition("torch.nn.AdaptiveAvgPool3d", trap="layout of images")
class AdaptiveAvgPool3d(nn.Module):
    """The averages of a grid of equal pieces of the last three axes; None keeps an axis."""

    def __init__(self, output_size):
        super().__init__()
        self.output_size = (output_size,) * 3 if isinstance(output_size, int) else tuple(output_size)

    def __call__(self, x):
        return _adaptive_pool(x, self.output_size, mx.mean)


@definition("torch.nn.AdaptiveMaxPool1d")
class AdaptiveMaxPool1d(nn.Module):
    """The largest values of that many equal pieces of the last axis."""

    def __init__(self, output_size, return_indices=False):
        super().__init__()
        if return_indices:
            raise NotImplementedError("adaptive max pooling with indices")
        self.output_size = (output_size,) if isinstance(output_size, int) else tuple(output_size)

    def __call__(self, x):
        return _adaptive_pool(x, self.output_size, mx.max)


@definition("torch.nn.AdaptiveMaxPool2d")
class AdaptiveMaxPool2d(nn.Module):
    """The largest values of a grid of (rows, columns) equal pieces of the last two axes; None keeps an axis."""

    def __init__(self, output_size, return_indices=False):
        super().__init__()
        if return_indices:
            raise NotImplementedError("adaptive max pooling with indices")
        self.output_size = (output_size,) * 2 if isinstance(output_size, int) else tuple(output_size)

    def __call__(self, x):
        return _adaptive_pool(x, self.output_size, mx.max)


@definition("torch.nn.AdaptiveMaxPool3d")
class AdaptiveMaxPool3d(nn.Module):
    """The largest values of a grid of equal pieces of the last three axes; None keeps an axis."""

    def __init__(self, output_size, return_indices=False):
        super().__init__()
        if return_indices:
            raise NotImplementedError("adaptive max pooling with indices")
        self.output_size = (output_size,) * 3 if isinstance(output_size, int) else tuple(output_size)

    def __call__(self, x):
        return _adaptive_pool(x, self.output_size, mx.max)


@definition("torch.nn.AdaptiveMaxPool1d", argument="return_indices")
class IndexedAdaptiveMaxPool1d(nn.Module):
    """The largest values of a grid of equal pieces of the trailing axes and, on request, where they stand."""

    def __init__(self, output_size, return_indices=False):
        super().__init__()
        self.output_size = _per_axis(output_size, 1)
        self.return_indices = return_indices

    def __call__(self, x):
        values, indices = _adaptive_max_pool_with_indices(x, self.output_size)
        return (values, indices) if self.return_indices else values


@definition("torch.nn.AdaptiveMaxPool2d", argument="return_indices")
class IndexedAdaptiveMaxPool2d(nn.Module):
    """The largest values of a grid of equal pieces of the trailing axes and, on request, where they stand."""

    def __init__(self, output_size, return_indices=False):
        super().__init__()
        self.output_size = _per_axis(output_size, 2)
        self.return_indices = return_indices

    def __call__(self, x):
        values, indices = _adaptive_max_pool_with_indices(x, self.output_size)
        return (values, indices) if self.return_indices else values


@definition("torch.nn.AdaptiveMaxPool3d", argument="return_indices")
class IndexedAdaptiveMaxPool3d(nn.Module):
    """The largest values of a grid of equal pieces of the trailing axes and, on request, where they stand."""

    def __init__(self, output_size, return_indices=False):
        super().__init__()
        self.output_size = _per_axis(output_size, 3)
        self.return_indices = return_indices

    def __call__(self, x):
        values, indices = _adaptive_max_pool_with_indices(x, self.output_size)
        return (values, indices) if self.return_indices else values


@definition("torch.nn.LPPool1d")
class LPPool1d(nn.Module):
    """The p-norm of each window of the last axis."""

    def __init__(self, norm_type, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        self.options = (norm_type, kernel_size, stride, ceil_mode)

    def __call__(self, x):
        return _lp_pool(x, 1, *self.options)


@definition("torch.nn.LPPool2d")
class LPPool2d(nn.Module):
    """The p-norm of each window of the last two axes."""

    def __init__(self, norm_type, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        self.options = (norm_type, kernel_size, stride, ceil_mode)

    def __call__(self, x):
        return _lp_pool(x, 2, *self.options)


@definition("torch.nn.LPPool3d")
class LPPool3d(nn.Module):
    """The p-norm of each window of the last three axes."""

    def __init__(self, norm_type, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        self.options = (norm_type, kernel_size, stride, ceil_mode)

    def __call__(self, x):
        return _lp_pool(x, 3, *self.options)


@definition("torch.nn.MaxUnpool1d")
class MaxUnpool1d(nn.Module):
    """Puts each value back where a max pooling of the last axis found it; zeros elsewhere."""

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.window = (kernel_size, stride, padding)

    def __call__(self, x, indices, output_size=None):
        return _max_unpool(x, indices, 1, *self.window, output_size)


@definition("torch.nn.MaxUnpool2d")
class MaxUnpool2d(nn.Module):
    """Puts each value back where a max pooling of the last two axes found it; zeros elsewhere."""

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.window = (kernel_size, stride, padding)

    def __call__(self, x, indices, output_size=None):
        return _max_unpool(x, indices, 2, *self.window, output_size)


@definition("torch.nn.MaxUnpool3d")
class MaxUnpool3d(nn.Module):
    """Puts each value back where a max pooling of the last three axes found it; zeros elsewhere."""

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.window = (kernel_size, stride, padding)

    def __call__(self, x, indices, output_size=None):
        return _max_unpool(x, indices, 3, *self.window, output_size)


never("torch.nn.FractionalMaxPool2d", "its windows are drawn at random in a way of torch's own",
      suggest="use MaxPool2d or AdaptiveMaxPool2d")
never("torch.nn.FractionalMaxPool3d", "its windows are drawn at random in a way of torch's own",
      suggest="use MaxPool3d or AdaptiveMaxPool3d")
