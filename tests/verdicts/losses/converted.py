"""Losses of a classifier."""

import mlx.core as mx
import mlx.nn as nn


class Loss(nn.Module):
    def __call__(self, logits, labels, target):
        log_p = nn.log_softmax(logits, -1)
        kept = (labels != 2).astype(mx.float32)
        picked = mx.take_along_axis(log_p, labels[:, None].astype(mx.int32), -1)[:, 0]
        label = -((0.9 * picked + 0.1 * log_p.mean(-1)) * kept).sum() / kept.sum()
        d = mx.abs(logits - target)
        distance = mx.where(d < 0.5, d * d / (2 * 0.5), d - 0.25).mean()
        q = mx.softmax(target, -1)
        divergence = (q * (mx.log(q) - log_p)).sum() / logits.shape[0]
        t = mx.sigmoid(target)
        binary = (2 * t * nn.softplus(-logits) + (1 - t) * nn.softplus(logits)).mean()
        norms = mx.maximum(mx.linalg.norm(logits, axis=-1) * mx.linalg.norm(target, axis=-1), 1e-8)
        similar = 1 - ((logits * target).sum(-1) / norms).mean()
        return label + distance + divergence + binary + similar
