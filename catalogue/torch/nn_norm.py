"""Normalisation modules of torch.nn; batch, group and instance norms keep channels on axis 1 as in torch."""

from mlxify.catalogue import *


def _has_several_axes(shape):
    """Whether it is, or may be, a sequence of other than one number: what nobody saw may be one."""
    if not known(isinstance(shape, int)):
        return True
    if isinstance(shape, int):
        return False
    return not (known(len(shape) == 1) and len(shape) == 1)


def _only_axis(shape):
    """The number in a one-element sequence."""
    if known(isinstance(shape, (tuple, list))) and isinstance(shape, (tuple, list)):
        return shape[0]
    return shape


@module("torch.nn.LayerNorm")
def LayerNorm(normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
    if not _has_several_axes(normalized_shape):
        return nn.LayerNorm(_only_axis(normalized_shape), eps=eps, affine=elementwise_affine, bias=bias)
    return LayerNormOverAxes(normalized_shape, eps=eps, elementwise_affine=elementwise_affine, bias=bias)


@definition("mlxify.torch.nn.LayerNormOverAxes")
class LayerNormOverAxes(nn.Module):
    """Layer norm over several trailing axes, which `mx.fast.layer_norm` takes as one."""

    def __init__(self, normalized_shape, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True):
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        if elementwise_affine:
            self.weight = mx.ones(self.normalized_shape)
            if bias:
                self.bias = mx.zeros(self.normalized_shape)

    def __call__(self, x):
        weight = self.weight.flatten() if "weight" in self else None
        bias = self.bias.flatten() if "bias" in self else None
        flat = x.flatten(-len(self.normalized_shape))
        return mx.fast.layer_norm(flat, weight, bias, self.eps).reshape(x.shape)


@definition("mlxify.torch.nn.LayerNormBase")
class LayerNormOfShape(nn.LayerNorm):
    """PyTorch's LayerNorm with its own arguments, over the last axis."""

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
        if not isinstance(normalized_shape, int):
            (normalized_shape,) = normalized_shape
        super().__init__(normalized_shape, eps, elementwise_affine, bias)


# torch's own epsilon is that of the dtype in which it computes: 2 ** -23, also for half precision.
@module("torch.nn.RMSNorm", trap="defaults of layers")
def RMSNorm(normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None):
    if eps is None:
        eps = 1.1920928955078125e-07
    if not _has_several_axes(normalized_shape) and known(elementwise_affine) and elementwise_affine:
        return nn.RMSNorm(_only_axis(normalized_shape), eps=eps)
    return RMSNormOverAxes(normalized_shape, eps=eps, elementwise_affine=elementwise_affine)


@definition("mlxify.torch.nn.RMSNormOverAxes")
class RMSNormOverAxes(nn.Module):
    """Root mean square norm over one or several trailing axes, with or without a weight."""

    def __init__(self, normalized_shape, eps: float, elementwise_affine: bool = True):
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape = shape
        self.eps = eps
        if elementwise_affine:
            self.weight = mx.ones(shape)

    def __call__(self, x):
        weight = self.weight.flatten() if "weight" in self else None
        return mx.fast.rms_norm(x.flatten(-len(self.normalized_shape)), weight, self.eps).reshape(x.shape)


@definition(
    "torch.nn.BatchNorm1d", "torch.nn.BatchNorm2d", "torch.nn.BatchNorm3d", "torch.nn.SyncBatchNorm",
    "torch.nn.modules.batchnorm._BatchNorm",
    trap="layout of images",
)
class BatchNorm(nn.BatchNorm):
    """PyTorch's batch norm: the channels are axis 1 of an array of any rank."""

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
        x = mx.moveaxis(x, 1, -1)
        return mx.moveaxis(super().__call__(x.reshape(-1, x.shape[-1])).reshape(x.shape), -1, 1)


@definition("torch.nn.GroupNorm", trap=("layout of images", "defaults of layers"))
class GroupNorm(nn.GroupNorm):
    """Group norm with the channels on axis 1, as in PyTorch."""

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__(num_groups, num_channels, eps, affine)

    def __call__(self, x):
        shape = (-1, *[1] * (x.ndim - 2))
        groups = x.reshape(x.shape[0], self.num_groups, -1)
        x = mx.fast.layer_norm(groups, None, None, self.eps).reshape(x.shape)
        return x * self.weight.reshape(shape) + self.bias.reshape(shape) if "weight" in self else x


@definition("torch.nn.modules.instancenorm._InstanceNorm")
class _InstanceNorm(nn.InstanceNorm):
    """Normalises each channel (axis 1) of each sample over its `axes` trailing axes, as in PyTorch."""

    axes = 1

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, bias=True):
        if track_running_stats or (affine and not bias):
            raise NotImplementedError("instance norm with running statistics, or with a weight alone")
        super().__init__(num_features, eps, affine)

    def __call__(self, x):
        shape = (-1, *[1] * self.axes)
        pixels = x.flatten(-self.axes)
        x = mx.fast.layer_norm(pixels, None, None, self.eps).reshape(x.shape)
        return x * self.weight.reshape(shape) + self.bias.reshape(shape) if "weight" in self else x


@definition("torch.nn.InstanceNorm1d")
class InstanceNorm1d(_InstanceNorm):
    """Instance norm of (batch, channels, length)."""


@definition("torch.nn.InstanceNorm2d")
class InstanceNorm2d(_InstanceNorm):
    """Instance norm of (batch, channels, height, width)."""

    axes = 2


@definition("torch.nn.InstanceNorm3d")
class InstanceNorm3d(_InstanceNorm):
    """Instance norm of (batch, channels, depth, height, width)."""

    axes = 3


class _TrackedInstanceNorm(nn.InstanceNorm):
    """An instance norm that keeps running statistics, and uses them in evaluation; `axes` as in `_InstanceNorm`."""

    axes = 1

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=True):
        super().__init__(num_features, eps, affine)
        self.momentum = momentum
        if track_running_stats:
            self.running_mean = mx.zeros((num_features,))
            self.running_var = mx.ones((num_features,))
            self.num_batches_tracked = mx.array(0)
        self.unfreeze()

    def unfreeze(self, *args, **kwargs):
        super().unfreeze(*args, **kwargs)
        names = [name for name in ("running_mean", "running_var", "num_batches_tracked") if name in self]
        self.freeze(keys=names, recurse=False)

    def __call__(self, x):
        shape = (-1, *[1] * self.axes)
        pixels = x.flatten(-self.axes)
        if "running_mean" in self and not self.training:
            mean, var = self.running_mean.reshape(shape), self.running_var.reshape(shape)
            x = (x - mean) * mx.rsqrt(var + self.eps)
        else:
            x = mx.fast.layer_norm(pixels, None, None, self.eps).reshape(x.shape)
        if "running_mean" in self and self.training:
            mean = pixels.mean(axis=-1).reshape(-1, pixels.shape[-2]).mean(axis=0)
            var = pixels.var(axis=-1, ddof=1).reshape(-1, pixels.shape[-2]).mean(axis=0)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mx.stop_gradient(mean)
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * mx.stop_gradient(var)
        return x * self.weight.reshape(shape) + self.bias.reshape(shape) if "weight" in self else x


@definition("torch.nn.InstanceNorm1d", argument="track_running_stats")
class TrackedInstanceNorm1d(_TrackedInstanceNorm):
    """Instance norm of (batch, channels, length) with running statistics."""


@definition("torch.nn.InstanceNorm2d", argument="track_running_stats")
class TrackedInstanceNorm2d(_TrackedInstanceNorm):
    """Instance norm of (batch, channels, height, width) with running statistics."""

    axes = 2


@definition("torch.nn.InstanceNorm3d", argument="track_running_stats")
class TrackedInstanceNorm3d(_TrackedInstanceNorm):
    """Instance norm of (batch, channels, depth, height, width) with running statistics."""

    axes = 3


@definition("torch.nn.LocalResponseNorm")
class LocalResponseNorm(nn.Module):
    """Divides each value by a power of the mean square over `size` neighbouring channels (axis 1)."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def __call__(self, x):
        widths = [(0, 0), (self.size // 2, (self.size - 1) // 2)] + [(0, 0)] * (x.ndim - 2)
        squares = mx.pad(mx.square(x), widths)
        mean = sum(squares[:, i : i + x.shape[1]] for i in range(self.size)) / self.size
        return x / (self.k + self.alpha * mean) ** self.beta


# The common bases of torch's norms, for `isinstance`.
constant("torch.nn.modules.instancenorm._InstanceNorm", "nn.InstanceNorm")
constant("torch.nn.modules.batchnorm._NormBase", "(nn.BatchNorm, nn.InstanceNorm)")


never("torch.nn.CrossMapLRN2d", "it is an old form of LocalResponseNorm", suggest="torch.nn.LocalResponseNorm")
