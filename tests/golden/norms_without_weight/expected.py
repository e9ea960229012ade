import mlx.core as mx
import mlx.nn as nn


def _layer_norm(x, axes, weight, bias, eps):
    """Layer norm over that many trailing axes, which `mx.fast.layer_norm` takes as one."""
    if weight is not None:
        weight = weight.flatten()
    if bias is not None:
        bias = bias.flatten()
    return mx.fast.layer_norm(x.flatten(-axes), weight, bias, eps).reshape(x.shape)


class Norm(nn.LayerNorm):
    def __init__(self, n: int, affine: bool = True):
        super().__init__(n, affine=affine)

    def __call__(self, x):
        return _layer_norm(x, len((self.dims,)), self.get("weight"), self.get("bias"), self.eps)
