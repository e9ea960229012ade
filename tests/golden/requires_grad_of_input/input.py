import torch
import torch.nn as nn
import torch.nn.functional as F


class Loss(nn.Module):
    """Compares with targets that are constants."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, prediction, targets):
        target, other = targets[0], targets[1]
        prediction.requires_grad = False
        # a constant
        target.requires_grad_(False)
        return F.mse_loss(prediction * self.scale, target) + other.mean()
