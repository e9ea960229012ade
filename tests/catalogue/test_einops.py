"""einops on MLX arrays: what the catalogue keeps works unchanged, and its definitions equal einops on torch."""

import einops
import mlx.core as mx
import numpy as np
import pytest
import torch
from catalogue.einops import functions, layers
from einops.layers import torch as torch_layers
from library_parity import assert_same, compare, leaves, to_mlx

from mlxify import catalogue


def draw(*shape, dtype=torch.float32):
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape))).to(dtype)


REPEATS = [
    ("b n d -> b h n d", {"h": 3}, (2, 4, 5)),
    ("b n d -> b (h n) d", {"h": 3}, (2, 4, 5)),
    ("b n d -> b (n h) d", {"h": 3}, (2, 4, 5)),
    ("h w -> h w 3", {}, (4, 5)),
    ("h w -> (h 2) (w 2)", {}, (4, 5)),
    ("h w -> h 1 w ()", {}, (4, 5)),
    ("... -> b ...", {"b": 3}, (4, 5)),
    ("... d -> ... (d n) m", {"n": 2, "m": 3}, (4, 5, 6)),
    ("b ... -> (b copies) ...", {"copies": 2}, (4, 5, 6)),
    ("... -> (... n)", {"n": 2}, (4, 5)),
    ("... d -> r ... s d", {"r": 2, "s": 3}, (4, 5)),
    ("(b1 b2) c -> b2 c b1 n", {"b1": 2, "n": 3}, (4, 5)),
    ("() n d -> b n d", {"b": 3}, (1, 4, 5)),
    ("1 d -> b d", {"b": 3}, (1, 5)),
    ("a b -> b a", {}, (4, 5)),
    ("-> n", {"n": 3}, ()),
    ("a->a  n", {"n": 3}, (4,)),
]


@pytest.mark.parametrize("pattern, lengths, shape", REPEATS)
def test_repeat(pattern, lengths, shape):
    arguments = {"tensor": draw(*shape), "pattern": pattern, **lengths}
    compare(einops.repeat, functions.repeat, **arguments)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.bfloat16])
def test_repeat_keeps_the_type(dtype):
    tensor = (draw(4, 5) > 0).to(dtype)
    compare(einops.repeat, functions.repeat, gradients=False, tensor=tensor, pattern="a b -> a n b", n=2)


def test_repeat_of_a_list_and_of_odd_lengths():
    x = draw(4, 5)
    arguments = {"tensor": [x, x + 1], "pattern": "n a b -> a (n b) m"}
    expected = einops.repeat(**arguments, m=2)
    assert_same(
        expected, functions.repeat(to_mlx(arguments["tensor"]), arguments["pattern"], m=mx.array(2)), "0-d array"
    )
    assert_same(expected, functions.repeat(to_mlx(arguments["tensor"]), arguments["pattern"], m=np.int64(2)), "numpy")


def test_repeat_compiles():
    x = to_mlx(draw(4, 5))
    compiled = mx.compile(lambda x: functions.repeat(x, "a b -> a n b", n=2))
    assert mx.array_equal(compiled(x), functions.repeat(x, "a b -> a n b", n=2))


@pytest.mark.parametrize("arguments", [{}, {"m": 2}])
def test_repeat_without_a_length_raises(arguments):
    with pytest.raises((KeyError, einops.EinopsError)):
        functions.repeat(to_mlx(draw(4)), "a -> a n", **arguments)


KEPT = {
    "rearrange": lambda x: einops.rearrange(x, "b (h d) ... -> (b h) ... d", d=3),
    "rearrange of a list": lambda x: einops.rearrange([x, x], "n b c d -> b (n c) d"),
    "reduce mean": lambda x: einops.reduce(x, "b (h d) c -> b h", "mean", d=3),
    "reduce max": lambda x: einops.reduce(x, "b c d -> b 1 d", "max"),
    "reduce min": lambda x: einops.reduce(x, "b c d -> c", "min"),
    "reduce prod": lambda x: einops.reduce(x, "b c d -> b c", "prod"),
    "reduce sum": lambda x: einops.reduce(x, "b ... -> ...", "sum"),
    "einsum": lambda x: einops.einsum(x, x, "b c d, b e d -> b c e"),
    "pack": lambda x: einops.pack([x, x[:, 0]], "b * d")[0],
    "unpack": lambda x: einops.unpack(x, [[2, 1], [4]], "b * d"),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_works(name):
    """With gradients; einops chooses the framework by the type of its argument."""
    compare(KEPT[name], KEPT[name], x=draw(2, 6, 5))


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_compiles(name):
    x = to_mlx(draw(2, 6, 5))
    for expected, actual in zip(leaves(KEPT[name](x)), leaves(mx.compile(KEPT[name])(x)), strict=True):
        assert mx.allclose(expected, actual, atol=1e-6)


def test_lengths_may_be_zero_dimensional_arrays():
    x = to_mlx(draw(2, 6, 5))
    expected = einops.rearrange(x, "b (h d) c -> b h c d", h=2)
    assert mx.array_equal(einops.rearrange(x, "b (h d) c -> b h c d", h=mx.array(2)), expected)


def test_shapes_and_numpy():
    x = draw(2, 6, 5)
    assert einops.parse_shape(to_mlx(x), "b _ c") == einops.parse_shape(x, "b _ c")
    assert np.array_equal(einops.asnumpy(to_mlx(x)), einops.asnumpy(x))
    assert einops.pack([to_mlx(x)], "* c")[1] == [(2, 6)]
    with pytest.raises(einops.EinopsError):
        einops.rearrange(to_mlx(x), "b c -> c b")


def test_every_function_of_einops_has_an_entry():
    stated = {entry.qualified for entry in catalogue.entries()}
    functions_of_einops = {f"einops.{name}" for name in einops.__all__}
    assert functions_of_einops <= stated
    assert {f"einops.layers.torch.{name}" for name in ("Rearrange", "Reduce", "EinMix")} <= stated


def test_rearrange_layer():
    arguments = {"pattern": "b (h d) c -> b h c d", "h": 2}
    compare(torch_layers.Rearrange(**arguments), layers.Rearrange(**arguments), input=draw(2, 6, 5))
    assert layers.Rearrange(**arguments).parameters() == {}


@pytest.mark.parametrize("reduction", ["mean", "max", "sum"])
def test_reduce_layer(reduction):
    arguments = {"pattern": "b (h d) c -> b h", "reduction": reduction, "d": 2}
    compare(torch_layers.Reduce(**arguments), layers.Reduce(**arguments), input=draw(2, 6, 5))


MIXES = [
    ("t b cin -> t b cout", "cin cout", "cout", {"cin": 5, "cout": 7}, (2, 3, 5)),
    ("h w c -> hout w c", "h hout", "hout", {"h": 2, "hout": 4}, (2, 3, 5)),
    ("t b c -> t b c", "c", None, {"c": 5}, (2, 3, 5)),
    ("t b (head cin) -> t b (head cout)", "head cin cout", "head cout", {"head": 2, "cin": 3, "cout": 4}, (2, 3, 6)),
    ("b (h p) (w q) c -> b h w d", "p q c d", "d", {"p": 2, "q": 2, "c": 3, "d": 5}, (1, 4, 6, 3)),
    ("... c -> ... d", "c d", "d", {"c": 5, "d": 3}, (2, 3, 5)),
    ("b c ... -> b ... (d)", "c d", None, {"c": 3, "d": 4}, (2, 3, 5)),
    ("b c l -> b l", "c", None, {"c": 3}, (2, 3, 5)),
]


@pytest.mark.parametrize("pattern, weight_shape, bias_shape, lengths, shape", MIXES)
def test_einmix(pattern, weight_shape, bias_shape, lengths, shape):
    pair = [layer(pattern, weight_shape, bias_shape, **lengths) for layer in (torch_layers.EinMix, layers.EinMix)]
    compare(*pair, input=draw(*shape))
