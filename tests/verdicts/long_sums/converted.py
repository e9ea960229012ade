"""A sum over all elements, which MLX rounds otherwise than PyTorch, in evaluation and in training mode."""

import mlx.core as mx
import mlx.nn as nn


class Divergence(nn.Module):
    def __call__(self, x, y):
        x, y = mx.maximum(x, 1e-5), mx.maximum(y, 1e-5)
        return (y * (mx.log(y) - mx.log(x))).sum() / x.shape[0]
