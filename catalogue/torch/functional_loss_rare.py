"""Rarer losses of torch.nn.functional: margins over classes, distances of one's own, sequences without alignment.

`size_average` and `reduce` are torch's old spelling of `reduction`.
"""

from catalogue.torch.functional_loss import _old_reduction, _reduce

from mlxify.catalogue import *


@rule("torch.nn.functional.multi_margin_loss")
def multi_margin_loss(
    input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"
):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    return _multi_margin_loss(input, target, p, margin, weight, reduction)


def _multi_margin_loss(scores, target, p=1, margin=1.0, weight=None, reduction="mean"):
    """What each other class lacks to a margin below the target's score, averaged over the classes."""
    scores = mx.atleast_1d(scores)
    own = target.reshape(*scores.shape[:-1], 1)
    lacking = mx.maximum(margin - mx.take_along_axis(scores, own, axis=-1) + scores, 0) ** p
    if weight is not None:
        lacking = lacking * weight[own]
    others = mx.arange(scores.shape[-1]) != own
    return _reduce(mx.where(others, lacking, 0).sum(axis=-1) / scores.shape[-1], reduction)


@rule("torch.nn.functional.multilabel_margin_loss")
def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    if size_average is not None or reduce is not None:
        reduction = _old_reduction(size_average, reduce, reduction)
    return _multilabel_margin_loss(input, target, reduction)


def _multilabel_margin_loss(scores, target, reduction="mean"):
    """Every class that is no target shall stay a margin of 1 below every target; targets end at the first -1."""
    scores, target = mx.atleast_1d(scores, target)
    listed = mx.cumsum((target < 0).astype(mx.int32), axis=-1) == 0
    classes = mx.arange(scores.shape[-1])
    is_target = ((mx.expand_dims(target, -1) == classes) & mx.expand_dims(listed, -1)).any(axis=-2)
    own = mx.take_along_axis(scores, mx.maximum(target, 0), axis=-1)
    lacking = mx.maximum(1 - mx.expand_dims(own, -1) + mx.expand_dims(scores, -2), 0)
    counted = mx.expand_dims(listed, -1) & ~mx.expand_dims(is_target, -2)
    return _reduce(mx.where(counted, lacking, 0).sum(axis=(-2, -1)) / scores.shape[-1], reduction)


@rule("torch.nn.functional.triplet_margin_with_distance_loss")
def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    if distance_function is None:
        refuse("the default distance has a function of its own", suggest="use triplet_margin_loss")
    return _triplet_distance_loss(anchor, positive, negative, distance_function, margin, swap, reduction)


def _triplet_distance_loss(anchor, positive, negative, distance, margin=1.0, swap=False, reduction="mean"):
    """The anchor shall be nearer to the positive than to the negative by a margin, in the given distance."""
    far = distance(anchor, negative)
    if swap:
        far = mx.minimum(far, distance(positive, negative))
    return _reduce(mx.maximum(margin + distance(anchor, positive) - far, 0), reduction)


@rule("torch.nn.functional.ctc_loss", "torch.ctc_loss")
def ctc_loss(
    log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False
):
    return _ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity)


def _ctc_loss(log_p, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """Connectionist temporal classification: minus the log-probability of all alignments of targets with blanks.

    `log_p` is (length, batch, classes), `targets` (batch, length) or all targets in a row.
    """
    if log_p.ndim == 2:
        loss = _batched_ctc_loss(
            log_p[:, None], targets[None], mx.array(input_lengths).reshape(1), mx.array(target_lengths).reshape(1),
            blank, "none", zero_infinity,
        )
        return _reduce(loss[0] / mx.maximum(mx.array(target_lengths), 1) if reduction == "mean" else loss[0], reduction)
    return _batched_ctc_loss(log_p, targets, input_lengths, target_lengths, blank, reduction, zero_infinity)


def _batched_ctc_loss(log_p, targets, input_lengths, target_lengths, blank, reduction, zero_infinity):
    """The loss of sequences (length, batch, classes)."""
    input_lengths, target_lengths = mx.array(input_lengths), mx.array(target_lengths)
    if targets.ndim == 1:
        starts = mx.cumsum(target_lengths) - target_lengths
        places = starts[:, None] + mx.arange(target_lengths.max().item())
        targets = targets[mx.minimum(places, targets.size - 1)]
    labels = mx.stack([mx.full(targets.shape, blank, dtype=targets.dtype), targets], axis=-1).flatten(-2)
    labels = mx.pad(labels, [(0, 0), (0, 1)], constant_values=blank)  # blank, first, blank, second, ..., blank
    emitted = mx.take_along_axis(log_p, mx.broadcast_to(labels, (log_p.shape[0], *labels.shape)), axis=-1)
    never = -1e30  # an infinity would make gradients NaN
    place = mx.arange(labels.shape[1])
    skips = (labels != blank) & (labels != mx.roll(labels, 2, axis=1)) & (place >= 2)
    alpha = mx.where(place < 2, emitted[0], never)
    for moment in range(1, log_p.shape[0]):
        stay, step, skip = alpha, mx.roll(alpha, 1, axis=1), mx.roll(alpha, 2, axis=1)
        ways = mx.stack([stay, mx.where(place >= 1, step, never), mx.where(skips, skip, never)])
        alpha = mx.where((moment < input_lengths)[:, None], mx.logsumexp(ways, axis=0) + emitted[moment], alpha)
    last = mx.expand_dims(2 * target_lengths, -1)
    ends = (place == last) | (place == last - 1)
    loss = -mx.logsumexp(mx.where(ends, alpha, never), axis=-1)
    # As in torch the gradient is that of scores whose log-softmax `log_p` is: this adds it, and nothing to the loss.
    total = mx.where(mx.arange(log_p.shape[0])[:, None] < input_lengths, mx.exp(log_p).sum(axis=-1), 0).sum(axis=0)
    loss = loss + (total - mx.stop_gradient(total))
    loss = mx.where(loss > 1e29, 0 if zero_infinity else mx.inf, loss)
    return _reduce(loss / mx.maximum(target_lengths, 1) if reduction == "mean" else loss, reduction)


never("torch.nn.functional.linear_cross_entropy", "MLX has no fused projection and loss",
      suggest="F.cross_entropy(F.linear(input, weight, bias), target)")
