"""A sum over all elements, which MLX rounds otherwise than PyTorch, in evaluation and in training mode."""

import torch.nn as nn
import torch.nn.functional as F


class Divergence(nn.Module):
    def forward(self, x, y):
        x, y = x.clamp_min(1e-5), y.clamp_min(1e-5)
        return F.kl_div(x.log(), y, reduction="batchmean")
