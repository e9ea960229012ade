"""A mixture of experts, two of them for each token."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Experts(nn.Module):
    def __init__(self, dim=8, experts=4, top=2):
        super().__init__()
        self.top = top
        self.gate = nn.Linear(dim, experts, bias=False)
        self.up = nn.Parameter(torch.randn(experts, dim, 2 * dim) * 0.2)
        self.down = nn.Parameter(torch.randn(experts, 2 * dim, dim) * 0.2)

    def forward(self, x):
        scores = F.softmax(self.gate(x), dim=-1)
        weights, chosen = scores.topk(self.top, dim=-1)
        weights = weights / weights.sum(-1, keepdim=True)
        hidden = F.relu(torch.einsum("nd,edh->neh", x, self.up)) ** 2
        outputs = torch.einsum("neh,ehd->ned", hidden, self.down)
        picked = outputs.gather(1, chosen[..., None].expand(-1, -1, x.shape[-1]))
        load = F.one_hot(chosen, scores.shape[-1]).float().mean((0, 1))
        balance = scores.shape[-1] * (load * scores.mean(0)).sum()
        return (picked * weights[..., None]).sum(1), balance
