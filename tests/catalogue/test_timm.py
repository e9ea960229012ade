"""Definitions of catalogue/timm and catalogue/torchvision against the plain-torch references."""

import mlx.core as mx
import mlx.nn as nn
import pytest
import torch
from catalogue.timm import layers
from catalogue.torchvision import ops
from library_parity import compare

from mlxify.references.timm import layers as reference_layers
from mlxify.references.torchvision import ops as reference_ops


def draw(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_mlp():
    compare(reference_layers.Mlp(6, 8, 5, bias=(True, False)).eval(), layers.Mlp(6, 8, 5, bias=(True, False)), x=draw(2, 3, 6))


def test_mlp_with_norm():
    reference = reference_layers.Mlp(6, act_layer=torch.nn.ReLU, norm_layer=torch.nn.LayerNorm)
    compare(reference.eval(), layers.Mlp(6, act_layer=nn.ReLU, norm_layer=nn.LayerNorm), x=draw(2, 3, 6))


def test_layer_scale():
    compare(reference_layers.LayerScale(6, 0.5), layers.LayerScale(6, 0.5), x=draw(2, 3, 6))


def test_layer_norm_2d():
    compare(reference_layers.LayerNorm2d(6), layers.LayerNorm2d(6), x=draw(2, 6, 3, 4))


def test_permute():
    compare(reference_ops.Permute([0, 2, 1]), ops.Permute([0, 2, 1]), x=draw(2, 3, 4))


@pytest.mark.parametrize("value", [8, 9, 33, 100])
def test_make_divisible(value):
    assert layers.make_divisible(value) == reference_layers.make_divisible(value)


@pytest.mark.parametrize("drop", [layers.DropPath(0.5), ops.StochasticDepth(0.5, "row")], ids=["DropPath", "StochasticDepth"])
def test_whole_samples_are_dropped_in_training(drop):
    x = mx.ones((64, 3, 2))
    kept = set(drop(x).reshape(64, -1).min(axis=1).tolist()) | set(drop(x).reshape(64, -1).max(axis=1).tolist())
    assert kept == {0.0, 2.0}
    drop.eval()
    assert mx.array_equal(drop(x), x)
