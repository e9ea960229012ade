import mlx.core as mx
import mlx.nn as nn


class _PairLoss(nn.Module):
    """A loss between a prediction and a target."""

    def __init__(self, *, reduction="mean"):
        super().__init__()
        self.reduction = reduction


class MSELoss(_PairLoss):
    """The squared difference."""

    def __call__(self, x, target):
        return nn.losses.mse_loss(*mx.broadcast_arrays(x, target), self.reduction)


class L1Loss(_PairLoss):
    """The absolute difference."""

    def __call__(self, x, target):
        return nn.losses.l1_loss(*mx.broadcast_arrays(x, target), self.reduction)


def _reduce(loss, reduction):
    """torch's three reductions of an array of losses."""
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    return loss


class SoftMarginLoss(_PairLoss):
    """The logistic loss of targets 1 and -1."""

    def __call__(self, x, target):
        return _reduce(nn.softplus(-target * x), self.reduction)


def _old_reduction(reduce):
    """The reduction that torch's older arguments ask for, where they are given."""
    if not reduce:
        return "none"
    return "mean"


def _old_reduction_2(size_average, reduce, reduction):
    """The reduction that torch's older arguments ask for, where they are given."""
    if size_average is None and reduce is None:
        return reduction
    if reduce is not None and not reduce:
        return "none"
    return "sum" if size_average is not None and not size_average else "mean"


class Distances(nn.Module):
    def __init__(self, per_value):
        super().__init__()
        self.total = MSELoss(reduction="sum")
        self.each = L1Loss(reduction="none")
        self.by_place = SoftMarginLoss(reduction="sum")
        self.chosen = SoftMarginLoss(reduction=_old_reduction(not per_value))

    def __call__(self, x, target):
        return self.total(x, target) + self.by_place(x, target), self.each(x, target), self.chosen(x, target), nn.losses.l1_loss(x, target, reduction="sum")


class Scaled(L1Loss):
    def __init__(self, scale, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction=_old_reduction_2(size_average, reduce, reduction))
        self.scale = scale

    def __call__(self, x, target):
        return super().__call__(x, target) * self.scale
