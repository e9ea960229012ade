"""Losses of a classifier."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Loss(nn.Module):
    def forward(self, logits, labels, target):
        label = F.cross_entropy(logits, labels, ignore_index=2, label_smoothing=0.1)
        distance = F.smooth_l1_loss(logits, target, beta=0.5)
        divergence = F.kl_div(F.log_softmax(logits, -1), F.softmax(target, -1), reduction="batchmean")
        binary = F.binary_cross_entropy_with_logits(logits, torch.sigmoid(target), pos_weight=torch.tensor(2.0))
        similar = 1 - F.cosine_similarity(logits, target, dim=-1).mean()
        return label + distance + divergence + binary + similar
