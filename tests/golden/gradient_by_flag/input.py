import torch
from torch import nn


class Focal(nn.Module):
    def __init__(self, gamma: float, train_focus: bool):
        super().__init__()
        self.gamma = gamma
        self.train_focus = train_focus

    def forward(self, p: torch.Tensor):
        loss = torch.log(p)
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.train_focus):
            q = 1 - p
            weight = q**self.gamma
        return loss * weight
