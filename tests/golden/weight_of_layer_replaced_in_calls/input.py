import torch
import torch.nn as nn


class Bounded(nn.Linear):
    """A layer whose rows never grow beyond a norm; its weight stays what is trained."""

    def __init__(self, *args, max_norm=1.0, **kwargs):
        self.max_norm = max_norm
        super().__init__(*args, **kwargs)

    def forward(self, x):
        self.weight.data = torch.renorm(self.weight.data, p=2, dim=0, maxnorm=self.max_norm)
        return super().forward(x)
