"""Losses and distances of torch.nn.functional.

`size_average` and `reduce` are torch's old spelling of `reduction`.
"""

from catalogue.torch.scalars import _scalar

from mlxify.catalogue import *


def _reduce(loss, reduction):
    """torch's three reductions of an array of losses."""
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    return loss


def _old_reduction(size_average, reduce, reduction):
    """The reduction that torch's older arguments ask for, where they are given."""
    if size_average is None and reduce is None:
        return reduction
    if reduce is not None and not reduce:
        return "none"
    return "sum" if size_average is not None and not size_average else "mean"


@rule("torch.nn.functional.mse_loss", trap="defaults of layers")
def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    if weight is not None:
        refuse("a weighted mse_loss has no counterpart", suggest="multiply the unreduced loss by the weight")
    if known(input.ndim != target.ndim) and input.ndim != target.ndim:  # torch warns, and broadcasts
        input, target = mx.broadcast_arrays(input, target)
    return nn.losses.mse_loss(input, target, reduction=reduction)


@rule("torch.nn.functional.l1_loss", trap="defaults of layers")
def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    if weight is not None:
        refuse("a weighted l1_loss has no counterpart", suggest="multiply the unreduced loss by the weight")
    if known(input.ndim != target.ndim) and input.ndim != target.ndim:  # torch warns, and broadcasts
        input, target = mx.broadcast_arrays(input, target)
    return nn.losses.l1_loss(input, target, reduction=reduction)


@rule("torch.nn.functional.smooth_l1_loss", trap="defaults of layers")
def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    if known(beta == 0) and beta == 0:
        return nn.losses.l1_loss(input, target, reduction=reduction)
    if not known(beta):
        if beta == 0:
            return nn.losses.l1_loss(input, target, reduction=reduction)
    return nn.losses.smooth_l1_loss(input, target, beta=beta, reduction=reduction)


@rule("torch.nn.functional.huber_loss")
def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    if weight is not None:
        refuse("a weighted huber_loss has no counterpart", suggest="multiply the unreduced loss by the weight")
    return nn.losses.huber_loss(input, target, delta=delta, reduction=reduction)


@rule("torch.nn.functional.binary_cross_entropy_with_logits", "torch.binary_cross_entropy_with_logits", trap="defaults of layers")
def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    if weight is None and pos_weight is None:
        return nn.losses.binary_cross_entropy(input, target, reduction=reduction)
    return _weighted_logistic_loss(input, target, weight, pos_weight, reduction)


def _weighted_logistic_loss(logits, target, weight, pos_weight, reduction):
    """Binary cross entropy of logits; `pos_weight` scales the positive term, `weight` the whole."""
    positive = 1 if pos_weight is None else pos_weight
    loss = (1 - target) * nn.softplus(logits) + positive * target * nn.softplus(-logits)
    return _reduce(loss if weight is None else loss * weight, reduction)


@rule("torch.nn.functional.binary_cross_entropy", trap="defaults of layers")
def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    return _binary_cross_entropy(input, target, weight, reduction)


def _binary_cross_entropy(p, target, weight, reduction):
    """Binary cross entropy of probabilities; logarithms end at -100, with a finite gradient at p = 0 and p = 1."""
    log_p = mx.maximum(mx.where(p > 0, mx.log(mx.where(p > 0, p, 1)), -100), -100)
    log_q = mx.maximum(mx.where(p < 1, mx.log(mx.where(p < 1, 1 - p, 1)), -100), -100)
    loss = -(target * log_p + (1 - target) * log_q)
    return _reduce(loss if weight is None else loss * weight, reduction)


@rule("torch.nn.functional.cross_entropy", trap="defaults of layers")
def cross_entropy(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean",
    label_smoothing=0.0,
):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    return _cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)


def _cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """Cross entropy with classes on axis 1 (axis 0 of a single sample), against class indices or probabilities.

    Targets equal to `ignore_index` count neither in the loss nor in the mean, which is weighted by `weight` (per class).
    """
    axis = min(1, logits.ndim - 1)
    log_p = nn.log_softmax(logits, axis=axis)
    if weight is not None:
        class_weight = weight.reshape(-1, *[1] * (logits.ndim - 1 - axis))
    if mx.issubdtype(target.dtype, mx.floating):
        target = target * (1 - label_smoothing) + label_smoothing / logits.shape[axis]
        loss = -(log_p * target if weight is None else log_p * target * class_weight).sum(axis=axis)
        return loss.sum() / (loss.size) if reduction == "mean" else _reduce(loss, reduction)
    loss, counted = _picked_loss(log_p, target, axis, weight, ignore_index)
    if label_smoothing > 0:
        spread = -(log_p if weight is None else log_p * class_weight).mean(axis=axis)
        spread = mx.where(target.astype(mx.int32) == ignore_index, 0, spread)
        loss = (1 - label_smoothing) * loss + label_smoothing * spread
    return loss.sum() / counted.sum() if reduction == "mean" else _reduce(loss, reduction)


def _picked_loss(log_p, target, axis, weight, ignore_index):
    """The weighted negative log-likelihood of each target, and the weight with which it counts in a mean."""
    target = mx.stop_gradient(target).astype(mx.int32)
    kept = target != ignore_index
    index = mx.where(kept, target, 0)
    picked = -mx.take_along_axis(log_p, mx.expand_dims(index, axis), axis=axis).squeeze(axis)
    counted = kept.astype(log_p.dtype) if weight is None else mx.where(kept, weight[index], 0)
    return mx.where(kept, picked, 0) * counted, counted


@rule("torch.nn.functional.nll_loss", trap="defaults of layers")
def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    return _nll_loss(input, target, weight, ignore_index, reduction)


def _nll_loss(log_p, target, weight=None, ignore_index=-100, reduction="mean"):
    """Negative log-likelihood with classes on axis 1 (axis 0 of a single sample); `ignore_index` does not count."""
    loss, counted = _picked_loss(log_p, target, min(1, log_p.ndim - 1), weight, ignore_index)
    return loss.sum() / counted.sum() if reduction == "mean" else _reduce(loss, reduction)


@rule("torch.nn.functional.kl_div", trap="defaults of layers")
def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    return _kl_div(input, target, reduction, log_target)


def _kl_div(log_q, target, reduction="mean", log_target=False):
    """Pointwise Kullback-Leibler divergence of log-probabilities from probabilities (or their logarithms)."""
    if log_target:
        loss = mx.exp(target) * (target - log_q)
    else:
        log_target = mx.log(mx.where(target == 0, 1, target))  # 0 log 0 counts as 0
        loss = target * (log_target - log_q)
    return loss.sum() / log_q.shape[0] if reduction == "batchmean" else _reduce(loss, reduction)


@rule("torch.nn.functional.gaussian_nll_loss")
def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    if known(input.shape == var.shape == target.shape) and input.shape == var.shape == target.shape:
        return nn.losses.gaussian_nll_loss(input, target, var, full=full, eps=eps, reduction=reduction)
    return _gaussian_nll(input, target, var, full, eps, reduction)


def _gaussian_nll(mean, target, variance, full, eps, reduction):
    """Gaussian negative log-likelihood; a variance may lack the last axis of the mean."""
    if mean.ndim == variance.ndim + 1:
        variance = mx.expand_dims(variance, -1)
    variance = mx.maximum(variance, eps)
    loss = 0.5 * (mx.log(variance) + mx.square(target - mean) / variance)
    return _reduce(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


@rule("torch.nn.functional.poisson_nll_loss")
def poisson_nll_loss(
    input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"
):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    return _poisson_nll(input, target, log_input, full, eps, reduction)


def _poisson_nll(rate, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    """Poisson negative log-likelihood; `full` adds Stirling's approximation of log(target!)."""
    loss = mx.exp(rate) - target * rate if log_input else rate - target * mx.log(rate + eps)
    if full:
        safe = mx.maximum(target, 1)
        stirling = target * mx.log(safe) - target + 0.5 * mx.log(2 * math.pi * safe)
        loss = loss + mx.where(target > 1, stirling, 0)
    return _reduce(loss, reduction)


def _distance(a, b, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of a - b + eps over the last axis."""
    difference = mx.abs(a - b + eps)
    if p == 2:
        return mx.sqrt(mx.square(difference).sum(axis=-1, keepdims=keepdim))
    return mx.linalg.norm(difference, ord=p, axis=-1, keepdims=keepdim)


@rule("torch.nn.functional.pairwise_distance", "torch.pairwise_distance")
def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    return _distance(x1, x2, p, eps, keepdim)


@rule("torch.nn.functional.cosine_similarity", "torch.cosine_similarity")
def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    if _scalar(x1) and _scalar(x2):
        return _cosine_similarity(x1, x2, None, eps)
    return _cosine_similarity(x1, x2, dim, eps)


def _cosine_similarity(a, b, axis=1, eps=1e-8):
    """The cosine between vectors along that axis; the clamp stands under the roots, so that zero vectors have a gradient."""
    a, b = mx.broadcast_arrays(a, b)
    a_norm = mx.maximum(mx.square(a).sum(axis=axis, keepdims=True), eps * eps)
    b_norm = mx.maximum(mx.square(b).sum(axis=axis, keepdims=True), eps * eps)
    return ((a * mx.rsqrt(a_norm)) * (b * mx.rsqrt(b_norm))).sum(axis=axis)


@rule("torch.nn.functional.triplet_margin_loss", "torch.triplet_margin_loss")
def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, size_average=None, reduce=None,
    reduction="mean",
):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    return _triplet_loss(anchor, positive, negative, margin, p, eps, swap, reduction)


def _triplet_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, reduction="mean"):
    """The anchor shall be nearer to the positive than to the negative by a margin."""
    near = _distance(anchor, positive, p, eps)
    far = _distance(anchor, negative, p, eps)
    if swap:
        far = mx.minimum(far, _distance(positive, negative, p, eps))
    return _reduce(mx.maximum(margin + near - far, 0), reduction)


@rule("torch.nn.functional.margin_ranking_loss", "torch.margin_ranking_loss")
def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    return _reduce(mx.maximum(-target * (input1 - input2) + margin, 0), reduction)


@rule("torch.nn.functional.hinge_embedding_loss", "torch.hinge_embedding_loss")
def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    far = mx.where(target != 1, mx.maximum(margin - input, 0), 0)
    return _reduce(mx.where(target != -1, input, 0) + far, reduction)


@rule("torch.nn.functional.cosine_embedding_loss", "torch.cosine_embedding_loss")
def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    cosine = _cosine_similarity(input1, input2, axis=-1)
    return _reduce(mx.where(target == 1, 1 - cosine, mx.maximum(cosine - margin, 0)), reduction)


@rule("torch.nn.functional.soft_margin_loss")
def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    return _reduce(nn.softplus(-target * input), reduction)


@rule("torch.nn.functional.multilabel_soft_margin_loss")
def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    loss = target * nn.softplus(-input) + (1 - target) * nn.softplus(input)
    if weight is not None:
        loss = loss * weight
    return _reduce(loss.mean(axis=-1), reduction)
