"""MLX in float64: what it computes in float32 in any case is spelled out, and everything is as before afterwards."""

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from mlxify.workers.mlx_framework import MlxFramework


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 6, 3, groups=2)
        self.norm = nn.LayerNorm(6)

    def __call__(self, x):
        return self.norm(self.conv(x.astype(mx.float32)))


def test_widened_computes_in_float64_and_restores():
    mx.set_default_device(mx.cpu)
    framework, model, usual = MlxFramework(), Model(), (mx.float32, mx.conv2d, mx.fast.layer_norm)
    x = mx.random.normal((2, 5, 5, 4))

    def gradients(inputs):
        return framework.gradients(model, {"x": inputs}, lambda arrays: (model(arrays["x"]) ** 3).sum())

    narrow, _ = gradients(x)
    with framework.widened(model):
        wide, by_input = gradients(x.astype(mx.float64))
    assert all(array.dtype == mx.float64 for array in [*wide.values(), *by_input.values()])
    for name, array in narrow.items():
        scale = np.abs(np.array(array)).max()
        assert np.allclose(np.array(array), np.array(wide[name]), rtol=0, atol=1e-4 * scale), name
    assert (mx.float32, mx.conv2d, mx.fast.layer_norm) == usual
    assert model.conv.weight.dtype == mx.float32


def test_layer_norm_has_the_digits_of_float64():
    mx.set_default_device(mx.cpu)
    framework, norm = MlxFramework(), nn.LayerNorm(4000, affine=False)
    x = np.random.default_rng(0).standard_normal((2, 4000))
    expected = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    with framework.widened(norm):
        assert np.abs(np.array(norm(mx.array(x, mx.float64))) - expected).max() < 1e-12
