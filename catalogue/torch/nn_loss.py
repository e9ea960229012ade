"""Loss modules of torch.nn. `size_average` and `reduce`, torch's old spelling of `reduction`, have entries in nn_loss_old.py."""

from catalogue.torch.functional_loss import (
    _binary_cross_entropy,
    _cosine_similarity,
    _cross_entropy,
    _distance,
    _gaussian_nll,
    _kl_div,
    _nll_loss,
    _old_reduction,
    _poisson_nll,
    _reduce,
    _triplet_loss,
    _weighted_logistic_loss,
)
from catalogue.torch.functional_loss_rare import (
    _ctc_loss,
    _multi_margin_loss,
    _multilabel_margin_loss,
    _triplet_distance_loss,
)

from mlxify.catalogue import *


@definition("torch.nn.modules.loss._Loss")
class _Loss(nn.Module):
    """The base of losses: keeps how they are reduced."""

    def __init__(self, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__()
        self.reduction = _old_reduction(size_average, reduce, reduction)


@definition("torch.nn.modules.loss._WeightedLoss")
class WeightedLoss(_Loss):
    """The base of losses with a weight that is saved but not trained."""

    def __init__(self, weight=None, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__(size_average, reduce, reduction)
        self.weight = weight
        self.freeze(keys=["weight"], recurse=False)


class _WeightedLoss(nn.Module):
    """A loss with a weight, one per class or value, that is saved but not trained."""

    def __init__(self, weight=None, *, reduction="mean"):
        super().__init__()
        self.reduction = reduction
        self.weight = weight
        self.freeze(keys=["weight"], recurse=False)


@definition("torch.nn.CrossEntropyLoss", trap="defaults of layers")
class CrossEntropyLoss(_WeightedLoss):
    """Cross entropy of logits, classes on axis 1, against class indices or probabilities."""

    def __init__(self, weight=None, *, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__(weight, reduction=reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def __call__(self, logits, target):
        return _cross_entropy(logits, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)


@definition("torch.nn.NLLLoss", "torch.nn.NLLLoss2d", trap="defaults of layers")
class NLLLoss(_WeightedLoss):
    """Negative log-likelihood of class indices, classes on axis 1."""

    def __init__(self, weight=None, *, ignore_index=-100, reduction="mean"):
        super().__init__(weight, reduction=reduction)
        self.ignore_index = ignore_index

    def __call__(self, log_p, target):
        return _nll_loss(log_p, target, self.weight, self.ignore_index, self.reduction)


class _PairLoss(nn.Module):
    """A loss between a prediction and a target."""

    def __init__(self, *, reduction="mean"):
        super().__init__()
        self.reduction = reduction


@definition("torch.nn.MSELoss", trap="defaults of layers")
class MSELoss(_PairLoss):
    """The squared difference."""

    def __call__(self, x, target):
        return nn.losses.mse_loss(*mx.broadcast_arrays(x, target), self.reduction)


@definition("torch.nn.L1Loss", trap="defaults of layers")
class L1Loss(_PairLoss):
    """The absolute difference."""

    def __call__(self, x, target):
        return nn.losses.l1_loss(*mx.broadcast_arrays(x, target), self.reduction)


@definition("torch.nn.SmoothL1Loss", trap="defaults of layers")
class SmoothL1Loss(_PairLoss):
    """Squared below a difference of beta, absolute above."""

    def __init__(self, *, reduction="mean", beta=1.0):
        super().__init__(reduction=reduction)
        self.beta = beta

    def __call__(self, x, target):
        return nn.losses.smooth_l1_loss(x, target, self.beta, self.reduction)


@definition("torch.nn.HuberLoss")
class HuberLoss(nn.Module):
    """Squared below a difference of delta, linear above."""

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__()
        self.reduction = reduction
        self.delta = delta

    def __call__(self, x, target):
        return nn.losses.huber_loss(x, target, self.delta, self.reduction)


@definition("torch.nn.BCELoss", trap="defaults of layers")
class BCELoss(_WeightedLoss):
    """Binary cross entropy of probabilities."""

    def __call__(self, p, target):
        return _binary_cross_entropy(p, target, self.weight, self.reduction)


@definition("torch.nn.BCEWithLogitsLoss", trap="defaults of layers")
class BCEWithLogitsLoss(_WeightedLoss):
    """Binary cross entropy of logits; `pos_weight` scales the positive term, `weight` the whole."""

    def __init__(self, weight=None, *, reduction="mean", pos_weight=None):
        super().__init__(weight, reduction=reduction)
        self.pos_weight = pos_weight
        self.freeze(keys=["pos_weight"], recurse=False)

    def __call__(self, logits, target):
        return _weighted_logistic_loss(logits, target, self.weight, self.pos_weight, self.reduction)


@definition("torch.nn.KLDivLoss", trap="defaults of layers")
class KLDivLoss(nn.Module):
    """Pointwise Kullback-Leibler divergence of log-probabilities from probabilities (or their logarithms)."""

    def __init__(self, *, reduction="mean", log_target=False):
        super().__init__()
        self.reduction = reduction
        self.log_target = log_target

    def __call__(self, log_q, target):
        return _kl_div(log_q, target, self.reduction, self.log_target)


@definition("torch.nn.GaussianNLLLoss")
class GaussianNLLLoss(nn.Module):
    """Gaussian negative log-likelihood of a target, given means and variances."""

    def __init__(self, *, full=False, eps=1e-6, reduction="mean"):
        super().__init__()
        self.full = full
        self.eps = eps
        self.reduction = reduction

    def __call__(self, mean, target, variance):
        return _gaussian_nll(mean, target, variance, self.full, self.eps, self.reduction)


@definition("torch.nn.PoissonNLLLoss")
class PoissonNLLLoss(nn.Module):
    """Poisson negative log-likelihood of a target, given rates or their logarithms."""

    def __init__(self, log_input=True, full=False, *, eps=1e-8, reduction="mean"):
        super().__init__()
        self.log_input = log_input
        self.full = full
        self.eps = eps
        self.reduction = reduction

    def __call__(self, rate, target):
        return _poisson_nll(rate, target, self.log_input, self.full, self.eps, self.reduction)


@definition("torch.nn.CosineSimilarity")
class CosineSimilarity(nn.Module):
    """The cosine between vectors along one axis."""

    def __init__(self, dim: int = 1, eps: float = 1e-8):
        super().__init__()
        self.dim = dim
        self.eps = eps

    def __call__(self, a, b):
        return _cosine_similarity(a, b, self.dim, self.eps)


@definition("torch.nn.PairwiseDistance")
class PairwiseDistance(nn.Module):
    """The p-norm of the difference along the last axis."""

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False):
        super().__init__()
        self.options = (p, eps, keepdim)

    def __call__(self, a, b):
        return _distance(a, b, *self.options)


@definition("torch.nn.TripletMarginLoss")
class TripletMarginLoss(nn.Module):
    """The anchor shall be nearer to the positive than to the negative by a margin."""

    def __init__(self, margin=1.0, p=2.0, eps=1e-6, swap=False, *, reduction="mean"):
        super().__init__()
        self.options = (margin, p, eps, swap, reduction)

    def __call__(self, anchor, positive, negative):
        return _triplet_loss(anchor, positive, negative, *self.options)


@definition("torch.nn.MarginRankingLoss")
class MarginRankingLoss(_PairLoss):
    """The first shall exceed the second by a margin where the target is 1, the reverse where it is -1."""

    def __init__(self, margin=0.0, *, reduction="mean"):
        super().__init__(reduction=reduction)
        self.margin = margin

    def __call__(self, a, b, target):
        return _reduce(mx.maximum(self.margin - target * (a - b), 0), self.reduction)


@definition("torch.nn.HingeEmbeddingLoss")
class HingeEmbeddingLoss(_PairLoss):
    """The value itself where the target is 1, what it lacks to the margin where it is -1."""

    def __init__(self, margin=1.0, *, reduction="mean"):
        super().__init__(reduction=reduction)
        self.margin = margin

    def __call__(self, x, target):
        far = mx.where(target != 1, mx.maximum(self.margin - x, 0), 0)
        return _reduce(mx.where(target != -1, x, 0) + far, self.reduction)


@definition("torch.nn.CosineEmbeddingLoss")
class CosineEmbeddingLoss(_PairLoss):
    """One less the cosine where the target is 1, the cosine above the margin where it is -1."""

    def __init__(self, margin=0.0, *, reduction="mean"):
        super().__init__(reduction=reduction)
        self.margin = margin

    def __call__(self, a, b, target):
        cosine = _cosine_similarity(a, b, axis=-1)
        return _reduce(mx.where(target == 1, 1 - cosine, mx.maximum(cosine - self.margin, 0)), self.reduction)


@definition("torch.nn.SoftMarginLoss")
class SoftMarginLoss(_PairLoss):
    """The logistic loss of targets 1 and -1."""

    def __call__(self, x, target):
        return _reduce(nn.softplus(-target * x), self.reduction)


@definition("torch.nn.MultiLabelSoftMarginLoss")
class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The mean over labels of binary cross entropies of logits."""

    def __call__(self, x, target):
        loss = target * nn.softplus(-x) + (1 - target) * nn.softplus(x)
        loss = loss if self.weight is None else loss * self.weight
        return _reduce(loss.mean(axis=-1), self.reduction)


@definition("torch.nn.MultiMarginLoss")
class MultiMarginLoss(_WeightedLoss):
    """What each other class lacks to a margin below the target's score, averaged over the classes."""

    def __init__(self, p=1, margin=1.0, weight=None, *, reduction="mean"):
        super().__init__(weight, reduction=reduction)
        self.p = p
        self.margin = margin

    def __call__(self, scores, target):
        return _multi_margin_loss(scores, target, self.p, self.margin, self.weight, self.reduction)


@definition("torch.nn.MultiLabelMarginLoss")
class MultiLabelMarginLoss(_PairLoss):
    """Every class that is no target shall stay a margin of 1 below every target; targets end at the first -1."""

    def __call__(self, scores, target):
        return _multilabel_margin_loss(scores, target, self.reduction)


@definition("torch.nn.TripletMarginWithDistanceLoss")
class TripletMarginWithDistanceLoss(_PairLoss):
    """The anchor shall be nearer to the positive than to the negative by a margin, in a distance of one's own."""

    def __init__(self, *, distance_function=None, margin=1.0, swap=False, reduction="mean"):
        super().__init__(reduction=reduction)
        self.distance = distance_function or _distance
        self.margin = margin
        self.swap = swap

    def __call__(self, anchor, positive, negative):
        return _triplet_distance_loss(
            anchor, positive, negative, self.distance, self.margin, self.swap, self.reduction
        )


@definition("torch.nn.CTCLoss")
class CTCLoss(_PairLoss):
    """Connectionist temporal classification of log-probabilities (length, batch, classes)."""

    def __init__(self, blank=0, reduction="mean", zero_infinity=False):
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def __call__(self, log_p, targets, input_lengths, target_lengths):
        lengths = (input_lengths, target_lengths)
        return _ctc_loss(log_p, targets, *lengths, self.blank, self.reduction, self.zero_infinity)


never("torch.nn.AdaptiveLogSoftmaxWithLoss", "its shapes depend on values", suggest="use a full softmax")
never("torch.nn.LinearCrossEntropyLoss", "MLX has no fused projection and loss",
      suggest="nn.CrossEntropyLoss()(nn.Linear(...)(x), target)")
