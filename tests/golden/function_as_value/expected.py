from functools import partial

import mlx.core as mx
import mlx.nn as nn


def _axis(input, dim):
    if input.ndim == 0:
        return None
    return dim


def _softmax(input, dim=None, _stacklevel=3, dtype=None):
    if dtype is not None:
        input = input.astype(dtype)
    if dim is None:
        dim = 0 if input.ndim in (0, 1, 3) else 1
    return mx.softmax(input, axis=_axis(input, dim))


def _normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    return input / mx.maximum(mx.linalg.norm(input, ord=p, axis=dim, keepdims=True), eps)


def _old_reduction(size_average, reduce, reduction):
    """The reduction that torch's older arguments ask for, where they are given."""
    if size_average is None and reduce is None:
        return reduction
    if reduce is not None and not reduce:
        return "none"
    return "sum" if size_average is not None and not size_average else "mean"


def _mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    if weight is not None:
        raise NotImplementedError("a weighted mse_loss has no counterpart")
    return nn.losses.mse_loss(input, target, reduction=reduction)

ACTIVATIONS = {"relu": nn.relu, "leaky": nn.leaky_relu, "softmax": _softmax, "tanh": mx.tanh}
unit = partial(_normalize, dim=-1)


def distance(x: mx.array, y: mx.array, loss=_mse_loss) -> mx.array:
    return loss(unit(x), y, reduction="sum")
