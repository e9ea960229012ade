"""MLX in float64: what it computes in float32 in any case is spelled out, and everything is as before afterwards."""

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from mlxify.workers.arrays import Raw
from mlxify.workers.draws import Draws
from mlxify.workers.gradients import projection
from mlxify.workers.mlx_float64 import in_force
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


MADE = {
    "zeros": lambda: mx.zeros((2,)),
    "linspace": lambda: mx.linspace(0, 1, 7),
    "floats in a range": lambda: mx.arange(0.0, 1.0, 0.1),
    "full": lambda: mx.full((2,), 0.1),
    "numbers": lambda: mx.array([0.1, 0.2]),
    "an array of numpy": lambda: mx.array(np.arange(3, dtype=np.float32) / 7),
    "a quotient of integers": lambda: mx.arange(5) / 7,
    "a quotient by integers": lambda: 1 / mx.arange(1, 5),
}


@pytest.mark.parametrize("name", MADE)
def test_what_is_float32_by_default_is_made_in_float64(name):
    mx.set_default_device(mx.cpu)
    narrow = MADE[name]()
    with in_force():
        wide = MADE[name]()
    assert (narrow.dtype, wide.dtype, MADE[name]().dtype) == (mx.float32, mx.float64, mx.float32)
    assert np.abs(np.array(wide) - np.array(narrow).astype(np.float64)).max() <= 1e-7


def test_integers_and_narrow_arrays_stay_as_they_are_in_float64():
    mx.set_default_device(mx.cpu)
    half = mx.ones((3,), dtype=mx.float16)
    with in_force():
        assert mx.arange(3).dtype == mx.int32 and mx.array([1, 2]).dtype == mx.int32
        assert mx.array(half).dtype == mx.float16 and (half / mx.arange(1, 4)).dtype == mx.float16


CONVOLUTIONS = {
    "one axis": ("conv1d", (2, 9, 4), (6, 3, 4), {"stride": 2, "padding": 1}),
    "groups and dilation": ("conv2d", (2, 9, 8, 4), (6, 3, 2, 2), {"stride": (2, 1), "dilation": (2, 1), "groups": 2}),
    "one channel a group": ("conv2d", (2, 6, 6, 4), (4, 3, 3, 1), {"padding": (1, 2), "groups": 4}),
    "three axes": ("conv3d", (1, 5, 5, 5, 2), (3, 2, 2, 2, 2), {"stride": 2}),
    "transposed": ("conv_transpose1d", (2, 5, 4), (6, 4, 4), {"stride": 2, "padding": 1}),
    "transposed in two axes": (
        "conv_transpose2d",
        (2, 4, 5, 4),
        (6, 3, 3, 4),
        {"stride": 2, "padding": 1, "output_padding": 1},
    ),
    "transposed with groups": (
        "conv_transpose2d",
        (2, 4, 5, 4),
        (6, 3, 3, 2),
        {"stride": 2, "groups": 2, "dilation": 2},
    ),
    "transposed and cut": ("conv_transpose1d", (2, 7, 4), (6, 2, 4), {"padding": 3}),
    "general": (
        "conv_general",
        (2, 9, 4),
        (6, 3, 4),
        {"stride": 2, "padding": ([1], [2]), "kernel_dilation": 2, "input_dilation": 3, "flip": True},
    ),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_and_their_gradients_in_float64(name: str):
    mx.set_default_device(mx.cpu)
    function, input_shape, weight_shape, options = CONVOLUTIONS[name]
    rng = np.random.default_rng(0)
    x, w = (
        mx.array(rng.standard_normal(input_shape), mx.float64),
        mx.array(rng.standard_normal(weight_shape), mx.float64),
    )

    def results(x, w):
        call = getattr(mx, function)
        gradients = mx.grad(lambda x, w: (call(x, w, **options) ** 2).sum(), argnums=(0, 1))(x, w)
        return [call(x, w, **options), *gradients]

    narrow = results(x.astype(mx.float32), w.astype(mx.float32))
    with in_force():
        wide = results(x, w)
    for expected, found in zip(narrow, wide, strict=True):
        assert found.dtype == mx.float64 and found.shape == expected.shape
        scale = np.abs(np.array(expected)).max()
        assert np.allclose(np.array(found), np.array(expected), rtol=0, atol=1e-5 * scale)


def test_layer_norm_has_the_digits_of_float64():
    mx.set_default_device(mx.cpu)
    framework, norm = MlxFramework(), nn.LayerNorm(4000, affine=False)
    x = np.random.default_rng(0).standard_normal((2, 4000))
    expected = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    with framework.widened(norm):
        assert np.abs(np.array(norm(mx.array(x, mx.float64))) - expected).max() < 1e-12


def test_random_numbers_are_the_same_in_float64():
    def drawn() -> list[np.ndarray]:
        draws = Draws(3)
        return [draws.uniform((4, 5)), draws.normal((7,)), draws.bernoulli(0.5, (6,)), draws.gumbel((2, 3)), projection(3, 0, (5,)).values]

    with in_force():
        wide = drawn()
    for one, other in zip(drawn(), wide, strict=True):
        assert one.dtype == other.dtype
        assert (one == other).all()


def test_bfloat16_is_read_and_rounded_alike_in_float64():
    third = Raw.of(np.array([1 / 3, -2.5], np.float32))
    with in_force():
        rounded = third.cast("bfloat16")
        numbers = rounded.numbers()
    assert numbers.tolist() == [0.333984375, -2.5] == third.cast("bfloat16").numbers().tolist()
