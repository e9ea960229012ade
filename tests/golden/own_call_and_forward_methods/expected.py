import mlx.core as mx
import mlx.nn as nn


class Encoder(nn.Module):
    def forward_features(self, x: mx.array) -> mx.array:
        return nn.relu(x)

    def __call__(self, x: mx.array, *, scale: float = 1.0) -> mx.array:
        return self.forward_features(x) * scale


class Pipeline:
    """No module: its `forward` is only a name."""

    def __init__(self):
        self.encoder = Encoder()

    def forward(self, x):
        return self.encoder(x, scale=2.0)


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()

    def __call__(self, x):
        return self.encoder(x) if x is not None else self(x)
