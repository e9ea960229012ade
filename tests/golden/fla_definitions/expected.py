import mlx.core as mx
import mlx.nn as nn


def l2norm(x, eps=1e-6, output_dtype=None):
    """Scales the last axis of x (..., D) to Euclidean length 1."""
    # x / sqrt(sum(x * x) + eps) is a root-mean-square norm, up to the factor sqrt(D)
    size = x.shape[-1]
    y = mx.fast.rms_norm(x.astype(mx.float32), None, eps / size) * size**-0.5
    return y.astype(output_dtype or x.dtype)


class Keys(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.proj = nn.Linear(dim, dim, bias=False)

    def __call__(self, x: mx.array) -> mx.array:
        return l2norm(self.proj(x))
