# mlxify: Attention()(f32[2, 4, 8], torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0]]))
# mlxify: Plain()(f32[2, 4, 8], torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]]))
# mlxify: Additive()(f32[2, 4, 8], torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]]))
import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(8, 8)

    def forward(self, x, mask):
        scores = self.query(x) @ x.transpose(1, 2)
        hidden = (mask == 0).unsqueeze(1)
        scores = scores.masked_fill(hidden, float("-inf"))
        weights = torch.softmax(scores, dim=-1).masked_fill(hidden, 0.0)
        return weights @ x


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(8, 8)

    def forward(self, x, mask):
        scores = self.query(x) @ x.transpose(1, 2)
        return torch.softmax(torch.where(mask.unsqueeze(1) > 0, scores, -torch.inf), dim=-1) @ x


class Additive(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(8, 8)

    def forward(self, x, mask):
        hidden = (mask == 0).unsqueeze(1)
        scores = self.query(x) @ x.transpose(1, 2) + torch.where(hidden, float("-inf"), 0.0)
        return torch.nan_to_num(torch.softmax(scores, dim=-1)).mean(1)
