"""Loss modules of torch.nn by torch's old spelling of `reduction`: `nn.MSELoss(size_average=False)`, `nn.L1Loss(reduce=False)`."""

from catalogue.torch.functional_loss import _old_reduction
from catalogue.torch.nn_loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CosineEmbeddingLoss,
    CrossEntropyLoss,
    HingeEmbeddingLoss,
    KLDivLoss,
    L1Loss,
    MarginRankingLoss,
    MSELoss,
    MultiLabelSoftMarginLoss,
    NLLLoss,
    SmoothL1Loss,
    SoftMarginLoss,
    TripletMarginLoss,
)

from mlxify.catalogue import *


@module("torch.nn.CrossEntropyLoss", argument=("size_average", "reduce"))
def OldCrossEntropyLoss(
    weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
):
    return CrossEntropyLoss(
        weight=weight,
        ignore_index=ignore_index,
        reduction=_old_reduction(size_average, reduce, reduction),
        label_smoothing=label_smoothing,
    )


@module("torch.nn.NLLLoss", argument=("size_average", "reduce"))
def OldNLLLoss(weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    return NLLLoss(weight=weight, ignore_index=ignore_index, reduction=_old_reduction(size_average, reduce, reduction))


@module("torch.nn.MSELoss", argument=("size_average", "reduce"))
def OldMSELoss(size_average=None, reduce=None, reduction="mean"):
    return MSELoss(reduction=_old_reduction(size_average, reduce, reduction))


@module("torch.nn.L1Loss", argument=("size_average", "reduce"))
def OldL1Loss(size_average=None, reduce=None, reduction="mean"):
    return L1Loss(reduction=_old_reduction(size_average, reduce, reduction))


@module("torch.nn.SmoothL1Loss", argument=("size_average", "reduce"))
def OldSmoothL1Loss(size_average=None, reduce=None, reduction="mean", beta=1.0):
    return SmoothL1Loss(reduction=_old_reduction(size_average, reduce, reduction), beta=beta)


@module("torch.nn.BCELoss", argument=("size_average", "reduce"))
def OldBCELoss(weight=None, size_average=None, reduce=None, reduction="mean"):
    return BCELoss(weight=weight, reduction=_old_reduction(size_average, reduce, reduction))


@module("torch.nn.BCEWithLogitsLoss", argument=("size_average", "reduce"))
def OldBCEWithLogitsLoss(weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
    return BCEWithLogitsLoss(
        weight=weight, reduction=_old_reduction(size_average, reduce, reduction), pos_weight=pos_weight
    )


@module("torch.nn.KLDivLoss", argument=("size_average", "reduce"))
def OldKLDivLoss(size_average=None, reduce=None, reduction="mean", log_target=False):
    return KLDivLoss(reduction=_old_reduction(size_average, reduce, reduction), log_target=log_target)


@module("torch.nn.TripletMarginLoss", argument=("size_average", "reduce"))
def OldTripletMarginLoss(margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"):
    return TripletMarginLoss(
        margin=margin, p=p, eps=eps, swap=swap, reduction=_old_reduction(size_average, reduce, reduction)
    )


@module("torch.nn.MarginRankingLoss", argument=("size_average", "reduce"))
def OldMarginRankingLoss(margin=0.0, size_average=None, reduce=None, reduction="mean"):
    return MarginRankingLoss(margin=margin, reduction=_old_reduction(size_average, reduce, reduction))


@module("torch.nn.HingeEmbeddingLoss", argument=("size_average", "reduce"))
def OldHingeEmbeddingLoss(margin=1.0, size_average=None, reduce=None, reduction="mean"):
    return HingeEmbeddingLoss(margin=margin, reduction=_old_reduction(size_average, reduce, reduction))


@module("torch.nn.CosineEmbeddingLoss", argument=("size_average", "reduce"))
def OldCosineEmbeddingLoss(margin=0.0, size_average=None, reduce=None, reduction="mean"):
    return CosineEmbeddingLoss(margin=margin, reduction=_old_reduction(size_average, reduce, reduction))


@module("torch.nn.SoftMarginLoss", argument=("size_average", "reduce"))
def OldSoftMarginLoss(size_average=None, reduce=None, reduction="mean"):
    return SoftMarginLoss(reduction=_old_reduction(size_average, reduce, reduction))


@module("torch.nn.MultiLabelSoftMarginLoss", argument=("size_average", "reduce"))
def OldMultiLabelSoftMarginLoss(weight=None, size_average=None, reduce=None, reduction="mean"):
    return MultiLabelSoftMarginLoss(weight=weight, reduction=_old_reduction(size_average, reduce, reduction))
