import mlx.core as mx
import mlx.nn as nn


class Masked(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.fc = nn.Linear(2, dim)

    def __call__(self, values, vectors):
        x = mx.concatenate((mx.expand_dims(vectors, 2), mx.expand_dims(values, 2)), axis=2).astype(mx.float32)
        empty = mx.isnan(x)
        x[empty] = 0
        x = self.fc(x)
        x[empty[:, :, 1]] = 0
        return x.sum(axis=1)
