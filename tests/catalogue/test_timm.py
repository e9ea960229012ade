"""Definitions of catalogue/timm and catalogue/torchvision against the plain-torch references."""

from functools import partial

import mlx.core as mx
import mlx.nn as nn
import pytest
import torch
from catalogue.timm import layers, vision_transformer
from catalogue.torch import init
from catalogue.torchvision import ops
from library_parity import compare

from mlxify.references.timm import layers as reference_layers
from mlxify.references.timm.models import vision_transformer as reference_vit
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


def test_lecun_normal_has_the_deviation_of_its_inputs():
    reference = reference_layers.lecun_normal_(torch.empty(64, 100)).std().item()
    assert abs(init.lecun_normal_(mx.zeros((64, 100))).std().item() - reference) < 0.01


@pytest.mark.parametrize("options", [{}, {"qk_norm": True, "scale_norm": True}, {"proj_bias": False}], ids=str)
def test_attention(options):
    # Norms without a bias: the softmax does not see one of the keys, and its gradient would be noise.
    reference = reference_vit.Attention(8, num_heads=2, norm_layer=partial(torch.nn.RMSNorm, eps=1e-5), **options).eval()
    converted = vision_transformer.Attention(8, num_heads=2, norm_layer=nn.RMSNorm, **options)
    converted.eval()
    compare(reference, converted, x=draw(2, 5, 8))


def test_attention_in_training():
    reference = reference_vit.Attention(8, num_heads=2)
    compare(reference, vision_transformer.Attention(8, num_heads=2), x=draw(2, 5, 8))


def test_dropout_of_attention_weights():
    attention = vision_transformer.Attention(8, num_heads=2, attn_drop=0.5)
    x = mx.ones((2, 5, 8))
    assert not mx.allclose(attention(x), attention(x))
    mask = mx.tril(mx.ones((5, 5), dtype=mx.bool_))
    assert mx.isfinite(attention(x, mask)).all()


@pytest.mark.parametrize("options", [{}, {"qkv_bias": True, "init_values": 0.1, "scale_mlp_norm": True}], ids=str)
def test_block(options):
    reference = reference_vit.Block(8, 2, **options)
    compare(reference, vision_transformer.Block(8, 2, **options), x=draw(2, 5, 8))


def test_cfg():
    assert vision_transformer._cfg("u", crop_pct=1.0) == reference_vit._cfg("u", crop_pct=1.0)
