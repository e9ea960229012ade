import torch
import torch.nn.functional as F
from torch import nn


class Loss(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.table = nn.EmbeddingBag(8, dim, mode="sum", sparse=True)
        self.loss = nn.MSELoss()

    def forward(self, x, bags):
        rows = self.table(bags)
        mean = rows.mean(dim=0)
        return self.loss(rows, mean) + F.mse_loss(x.reshape(-1, 4), torch.zeros(4)) + F.l1_loss(rows, rows * 2)
