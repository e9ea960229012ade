"""Normalisations of torch.nn.functional; batch, group and instance norms keep channels on axis 1 as in torch."""

from catalogue.torch.scalars import _axis, _scalar

from mlxify.catalogue import *


@rule("torch.nn.functional.layer_norm", "torch.layer_norm")
def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5, cudnn_enable=True):
    if known(len(normalized_shape) == 1) and len(normalized_shape) == 1:
        return mx.fast.layer_norm(input, weight, bias, eps)
    return _layer_norm(input, len(normalized_shape), weight, bias, eps)


def _layer_norm(x, axes, weight, bias, eps):
    """Layer norm over that many trailing axes, which `mx.fast.layer_norm` takes as one."""
    if weight is not None:
        weight = weight.flatten()
    if bias is not None:
        bias = bias.flatten()
    return mx.fast.layer_norm(x.flatten(-axes), weight, bias, eps).reshape(x.shape)


# torch's own epsilon is that of the dtype in which it computes: 2 ** -23, also for half precision.
@rule("torch.nn.functional.rms_norm", "torch.rms_norm", trap="defaults of layers")
def rms_norm(input, normalized_shape, weight=None, eps=None):
    if eps is None:
        eps = 1.1920928955078125e-07
    if known(len(normalized_shape) == 1) and len(normalized_shape) == 1:
        return mx.fast.rms_norm(input, weight, eps)
    if weight is not None:
        weight = weight.flatten()
    return mx.fast.rms_norm(input.flatten(-len(normalized_shape)), weight, eps).reshape(input.shape)


def _per_channel(vector, ndim):
    """A vector over the channels, shaped to broadcast along axis 1."""
    return vector.reshape(-1, *[1] * (ndim - 2))


@rule("torch.nn.functional.group_norm", "torch.group_norm", trap="layout of images")
def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    if (known(input.shape) or not known(num_groups)) and 0 in input.shape:
        return input
    groups = input.reshape(input.shape[0], num_groups, -1)
    output = mx.fast.layer_norm(groups, None, None, eps).reshape(input.shape)
    if weight is not None:
        output = output * _per_channel(weight, input.ndim)
    if bias is not None:
        output = output + _per_channel(bias, input.ndim)
    return output


@rule("torch.nn.functional.instance_norm")
def instance_norm(
    input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    if running_mean is not None:
        refuse("instance norm with running statistics changes its arguments in place")
    pixels = input.reshape(input.shape[0], input.shape[1], -1)
    output = mx.fast.layer_norm(pixels, None, None, eps).reshape(input.shape)
    if weight is not None:
        output = output * _per_channel(weight, input.ndim)
    if bias is not None:
        output = output + _per_channel(bias, input.ndim)
    return output


@rule("torch.nn.functional.batch_norm")
def batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    if running_mean is None:
        return _batch_norm(input, None, None, weight, bias, eps)
    if known(not training) and not training:
        return _batch_norm(input, running_mean, running_var, weight, bias, eps)
    return _batch_norm_with_statistics(input, running_mean, running_var, weight, bias, training, momentum, eps)


def _batch_norm_with_statistics(x, mean, var, weight, bias, training, momentum, eps):
    """Batch norm that in training moves the running statistics in place; the variance without bias, as torch keeps it."""
    if training:
        axes = [0, *range(2, x.ndim)]
        mean[...] = (1 - momentum) * mean + momentum * mx.stop_gradient(x.mean(axes))
        var[...] = (1 - momentum) * var + momentum * mx.stop_gradient(x.var(axes, ddof=1))
        mean, var = x.mean(axes), x.var(axes)
    return _batch_norm(x, mean, var, weight, bias, eps)


def _batch_norm(x, mean, var, weight, bias, eps):
    """Normalises each channel (axis 1) with the given statistics, or with the batch's own."""
    if mean is None:
        axes = [0, *range(2, x.ndim)]
        mean, var = x.mean(axes), x.var(axes)
    x = (x - _per_channel(mean, x.ndim)) * mx.rsqrt(_per_channel(var, x.ndim) + eps)
    if weight is not None:
        x = x * _per_channel(weight, x.ndim)
    if bias is not None:
        x = x + _per_channel(bias, x.ndim)
    return x


@rule("torch.nn.functional.local_response_norm")
def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    return input / (k + alpha * _channel_window_mean(mx.square(input), size)) ** beta


def _channel_window_mean(x, size):
    """The mean over `size` neighbouring channels (axis 1), zeros beyond the ends."""
    x = mx.pad(x, [(0, 0), (size // 2, (size - 1) // 2)] + [(0, 0)] * (x.ndim - 2))
    return sum(x[:, i : i + x.shape[1] - size + 1] for i in range(size)) / size


# The clamp stands under the root: the gradient of a zero vector is then that of torch, not NaN as of `mx.linalg.norm`.
@rule("torch.nn.functional.normalize")
def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    if known(p == 2) and p == 2:
        return input * mx.rsqrt(mx.maximum(mx.square(input).sum(axis=_axis(input, dim), keepdims=True), eps * eps))
    if known(p == 1) and p == 1:
        return input / mx.maximum(mx.abs(input).sum(axis=_axis(input, dim), keepdims=True), eps)
    if _scalar(input):
        return input / mx.maximum(mx.abs(input), eps)
    return input / mx.maximum(mx.linalg.norm(input, ord=p, axis=dim, keepdims=True), eps)
