"""Initialisers against torch: the same shape, dtype and distribution."""

import math

import mlx.core as mx
import numpy as np
import pytest
import torch
from nn_parity import ENTRIES, to_mlx

SHAPE = (300, 200)


def drawn(name, *args, shape=SHAPE, **kwargs):
    """What torch and what the entry make of a tensor of that shape."""
    reference = getattr(torch.nn.init, name)(torch.empty(shape), *args, **kwargs)
    mx.random.seed(3)
    value = ENTRIES["torch.nn.init." + name].python(mx.zeros(shape), *args, **kwargs)
    assert value.shape == shape
    assert value.dtype == mx.float32
    return reference.numpy(), np.array(value)


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("normal_", (), {}),
        ("normal_", (), {"std": 0.02}),
        ("normal_", (1.0, 0.5), {}),
        ("uniform_", (), {}),
        ("uniform_", (-0.1, 0.3), {}),
        ("trunc_normal_", (), {"std": 0.02}),
        ("trunc_normal_", (), {}),
        ("trunc_normal_", (0.5, 1.0), {"a": -1.0, "b": 1.0}),
        ("trunc_normal_", (), {"std": 0.5, "a": -0.5, "b": 1.0}),
        ("xavier_uniform_", (), {}),
        ("xavier_uniform_", (), {"gain": 2**-2.5}),
        ("xavier_normal_", (), {"gain": 0.5}),
        ("kaiming_uniform_", (), {"a": math.sqrt(5)}),
        ("kaiming_uniform_", (), {}),
        ("kaiming_normal_", (), {"mode": "fan_out", "nonlinearity": "relu"}),
        ("kaiming_normal_", (), {"nonlinearity": "linear"}),
        ("kaiming_normal_", (), {"nonlinearity": "tanh"}),
        ("kaiming_normal_", (0.2,), {"nonlinearity": "leaky_relu"}),
    ],
)
def test_distribution(name, args, kwargs):
    torch.manual_seed(0)
    expected, actual = drawn(name, *args, **kwargs)
    scale = expected.std()
    quantiles = np.linspace(0.02, 0.98, 25)
    # 60,000 draws: a quantile is known to about a hundredth of the deviation
    assert np.abs(np.quantile(expected, quantiles) - np.quantile(actual, quantiles)).max() < 0.04 * scale
    assert abs(expected.std() - actual.std()) < 0.02 * scale
    assert actual.min() > expected.min() - scale
    assert actual.max() < expected.max() + scale
    assert np.isfinite(actual).all()


@pytest.mark.parametrize(("kernel", "shape"), [("conv", (64, 3, 3, 32)), ("transposed", (32, 3, 3, 64)), (None, (64, 32, 3, 3))])
@pytest.mark.parametrize(("name", "kwargs"), [("kaiming_normal_", {}), ("kaiming_uniform_", {"mode": "fan_out"}), ("xavier_normal_", {})])
def test_fans_of_a_convolution(name, kwargs, kernel, shape):
    reference = getattr(torch.nn.init, name)(torch.empty(64, 32, 3, 3), **kwargs).std().item()
    value = ENTRIES["torch.nn.init." + name].python(mx.zeros(shape), **kwargs, _kernel=kernel)
    assert abs(np.array(value).std() / reference - 1) < 0.05


@pytest.mark.parametrize(
    ("name", "args"), [("zeros_", ()), ("ones_", ()), ("constant_", (0.3,)), ("constant_", (2,)), ("eye_", ())]
)
def test_fixed_values(name, args):
    expected, actual = drawn(name, *args, shape=(4, 3))
    assert np.array_equal(expected, actual)


@pytest.mark.parametrize("shape", [(6, 9), (9, 6), (4, 3, 2)])
def test_orthogonal(shape):
    _, value = drawn("orthogonal_", 1.5, shape=shape)
    flat = value.reshape(shape[0], -1) / 1.5
    gram = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
    assert np.allclose(gram, np.eye(len(gram)), atol=1e-5)


def test_dtype_is_kept():
    half = mx.zeros((3, 4), dtype=mx.float16)
    for name, args in (("normal_", ()), ("constant_", (1.0,)), ("zeros_", ()), ("xavier_uniform_", ()), ("trunc_normal_", ())):
        assert ENTRIES["torch.nn.init." + name].python(half, *args).dtype == mx.float16


def test_gains_and_fans():
    gain = ENTRIES["torch.nn.init.calculate_gain"].python
    for name, param in (("linear", None), ("relu", None), ("tanh", None), ("leaky_relu", 0.2), ("leaky_relu", None),
                        ("sigmoid", None), ("selu", None)):  # fmt: skip
        assert gain(name, param) == torch.nn.init.calculate_gain(name, param)
    fans = ENTRIES["torch.nn.init._calculate_fan_in_and_fan_out"].python
    weight = torch.empty(6, 4, 3)
    assert fans(to_mlx(weight)) == torch.nn.init._calculate_fan_in_and_fan_out(weight)
    for mode in ("fan_in", "fan_out"):
        one = ENTRIES["torch.nn.init._calculate_correct_fan"].python(to_mlx(weight), mode)
        assert one == torch.nn.init._calculate_correct_fan(weight, mode)
