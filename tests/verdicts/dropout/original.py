"""Dropout of elements, of channels and of attention, at several rates."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Mixed(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.conv = nn.Conv2d(3, dim, 3, padding=1)
        self.channels = nn.Dropout2d(0.2)
        self.left, self.right = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.drop_left, self.drop_right = nn.Dropout(0.1), nn.Dropout(0.1)
        self.head = nn.Linear(dim, 4)

    def forward(self, x):
        x = self.channels(F.relu(self.conv(x)))
        x = x.flatten(2).transpose(1, 2)
        scores = F.dropout(torch.softmax(x @ x.transpose(1, 2) / 8, dim=-1), 0.3, self.training)
        x = scores @ x
        return self.head(self.drop_left(self.left(x)) * self.drop_right(torch.tanh(self.right(x))))
