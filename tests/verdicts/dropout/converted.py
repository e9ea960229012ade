"""Dropout of elements, of channels and of attention, at several rates."""

import mlx.core as mx
import mlx.nn as nn


class Mixed(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.conv = nn.Conv2d(3, dim, 3, padding=1)
        self.channels = nn.Dropout2d(0.2)
        self.left, self.right = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.drop_left, self.drop_right = nn.Dropout(0.1), nn.Dropout(0.1)
        self.drop_scores = nn.Dropout(0.3)
        self.head = nn.Linear(dim, 4)

    def __call__(self, x):
        x = self.channels(nn.relu(self.conv(x.transpose(0, 2, 3, 1))))
        x = x.reshape(x.shape[0], -1, x.shape[-1])
        scores = self.drop_scores(mx.softmax(x @ x.transpose(0, 2, 1) / 8, axis=-1))
        x = scores @ x
        right = self.drop_right(mx.tanh(self.right(x)))
        return self.head(self.drop_left(self.left(x)) * right)

    def sanitize(self, weights):
        return {k: v.transpose(0, 2, 3, 1) if v.ndim == 4 else v for k, v in weights.items()}
