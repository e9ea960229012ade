# mlxify: MaskedMean()(f32[2, 4], torch.tensor([[1, 1, 0, 1], [0, 0, 0, 0]]))
# mlxify: masked_median(f32[2, 4], torch.tensor([[1, 1, 0, 1], [0, 0, 0, 0]]))
import torch
from torch import nn


class MaskedMean(nn.Module):
    def forward(self, x, mask):
        mean = x.masked_fill(mask < 1, float("nan")).nanmean(dim=-1, keepdim=True)
        return torch.nan_to_num(mean, nan=0.0)


def masked_median(x, mask):
    median, _ = torch.where(mask > 0, x, torch.nan).nanmedian(dim=-1, keepdim=True)
    return x - torch.nan_to_num(median, nan=0.0)
