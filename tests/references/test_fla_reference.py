"""The plain-torch reference of fla: served under its own name, true to the definitions, and exact in float64."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from mlxify.references import fla
from mlxify.references.fla.layers.utils import get_unpad_data, index_first_axis, pad_input
from mlxify.references.fla.models.utils import Cache
from mlxify.references.fla.modules import FusedRMSNormGated, RMSNorm, RotaryEmbedding, ShortConvolution
from mlxify.references.fla.modules.convolution import causal_conv1d, causal_conv1d_update
from mlxify.references.fla.modules.l2norm import l2norm
from mlxify.references.fla.modules.long_conv import ImplicitLongConvolution, LongConvolution
from mlxify.references.fla.modules.rotary import rotary_embedding
from mlxify.references.fla.modules.token_shift import token_shift
from mlxify.references.fla.ops.delta_rule import chunk_delta_rule, fused_recurrent_delta_rule
from mlxify.references.fla.ops.delta_rule.naive import delta_rule_chunkwise, delta_rule_recurrence
from mlxify.references.fla.ops.gated_delta_rule import chunk_gated_delta_rule, fused_recurrent_gated_delta_rule

torch.set_num_threads(1)
REFERENCES = Path(fla.__file__).parents[1]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_every_module_is_importable_under_the_name_of_the_library():
    modules = pkgutil.walk_packages(fla.__path__, f"{fla.__name__}.")
    names = [module.name.removeprefix("mlxify.references.") for module in modules]
    code = "import importlib, sys\n" + "".join(f"importlib.import_module('{name}')\n" for name in names)
    code += "assert not [name for name in sys.modules if name.startswith('mlxify')]"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(REFERENCES)})
    assert "fla.modules.l2norm" in names


@pytest.mark.parametrize(
    "path",
    ["fla.modules", "fla.modules.norm", "fla.modules.layernorm", "fla.modules.norm.layernorm"],
)
def test_old_and_new_paths_give_the_same_class(path):
    assert importlib.import_module(f"mlxify.references.{path}").RMSNorm is RMSNorm


def test_short_convolution_is_a_depthwise_conv1d():
    layer = ShortConvolution(6, 4, bias=True)
    x = torch.randn(2, 9, 6)
    y, state = layer(x)
    whole = F.conv1d(x.mT, layer.weight, layer.bias, padding=3, groups=6)[..., :9].mT
    torch.testing.assert_close(y, F.silu(whole))
    assert state is None
    assert isinstance(layer, torch.nn.Conv1d)
    assert layer.weight.shape == (6, 1, 4)
    assert layer.state_size == 24


def test_short_convolution_continues_from_its_state():
    layer, x = ShortConvolution(6, 4), torch.randn(2, 9, 6)
    whole, last = layer(x, output_final_state=True)
    first, state = layer(x[:, :2], output_final_state=True)
    second, state = layer(x[:, 2:], cache=state, output_final_state=True)
    torch.testing.assert_close(torch.cat((first, second), dim=1), whole)
    torch.testing.assert_close(state, last)
    torch.testing.assert_close(last, x[:, -4:].mT)


def test_short_convolution_steps_in_place_without_autograd():
    layer, x, cache = ShortConvolution(6, 4), torch.randn(2, 1, 6), torch.randn(2, 6, 4)
    expected, state = layer(x, cache=cache.clone(), output_final_state=True)
    with torch.no_grad():
        y, returned = layer(x, cache=cache, output_final_state=True)
    torch.testing.assert_close(y, expected)
    assert returned is cache
    torch.testing.assert_close(cache, state)
    y, _ = causal_conv1d_update(x[:, 0], cache, weight=layer.weight[:, 0], activation="silu")
    assert y.shape == (2, 6)


def test_packed_sequences_do_not_see_each_other():
    layer, x = ShortConvolution(6, 4), torch.randn(1, 9, 6)
    y, state = layer(x, cu_seqlens=torch.tensor([0, 5, 5, 9]), output_final_state=True)
    torch.testing.assert_close(y[:, :5], layer(x[:, :5])[0])
    torch.testing.assert_close(y[:, 5:], layer(x[:, 5:])[0])
    assert state.shape == (3, 6, 4)
    assert not state[1].any()


def test_short_convolution_says_what_it_cannot_do():
    with pytest.raises(AssertionError, match="gelu"):
        ShortConvolution(6, 4, activation="gelu")
    with pytest.raises(ValueError, match="backend"):
        ShortConvolution(6, 4, backend="cpu")
    with pytest.raises(ValueError, match="same time"):
        ShortConvolution(6, 4)(torch.randn(1, 4, 6), mask=torch.ones(1, 4), cu_seqlens=torch.tensor([0, 4]))
    with pytest.raises(ValueError, match="gelu"):
        causal_conv1d(torch.randn(1, 4, 6), torch.randn(6, 4), activation="gelu")


def test_norms_equal_torch():
    x, layer = torch.randn(2, 5, 16), RMSNorm(16, eps=1e-3)
    torch.nn.init.normal_(layer.weight)
    expected = F.rms_norm(x, (16,), layer.weight, eps=1e-3)
    torch.testing.assert_close(layer(x), expected)
    gated, g = FusedRMSNormGated(16, eps=1e-3), torch.randn(2, 5, 16)
    gated.load_state_dict(layer.state_dict())
    torch.testing.assert_close(gated(x, g), expected * F.silu(g))
    torch.testing.assert_close(l2norm(x), F.normalize(x, dim=-1), atol=1e-5, rtol=1e-5)


def test_norm_rounds_once():
    """bfloat16 in and out, float32 inside: the error is half a unit in the last place."""
    x, layer = torch.randn(64, 16).bfloat16(), RMSNorm(16).bfloat16()
    exact = F.rms_norm(x.double(), (16,), eps=1e-5)
    assert layer(x).dtype == torch.bfloat16
    assert ((layer(x).double() - exact).abs() <= exact.abs() * 2**-8).all()


def test_norm_hands_on_the_residual():
    x, residual, layer = torch.randn(2, 16).bfloat16(), torch.randn(2, 16), RMSNorm(16)
    y, total = layer(x, residual=residual, prenorm=True)
    assert (y.dtype, total.dtype) == (torch.bfloat16, torch.float32)
    torch.testing.assert_close(total, x.float() + residual)
    assert layer(x, prenorm=True)[1] is x
    assert layer(x, prenorm=True, residual_in_fp32=True)[1].dtype == torch.float32


def test_float64_stays_float64():
    layer = ShortConvolution(6, 4).double()
    assert layer(torch.randn(1, 5, 6).double())[0].dtype == torch.float64
    x = torch.randn(3, 6).double().requires_grad_()
    assert torch.autograd.gradcheck(l2norm, x)
    assert torch.autograd.gradcheck(RMSNorm(6).double(), x)
    assert torch.autograd.gradcheck(lambda x: layer(x[None], output_final_state=True), x)


def test_unpadding():
    mask, x = torch.tensor([[0, 1, 1], [1, 1, 1], [0, 0, 1]]), torch.randn(3, 3, 2)
    indices, bounds, longest = get_unpad_data(mask)
    assert indices.tolist() == [1, 2, 3, 4, 5, 8]
    assert indices.dtype == torch.int64
    assert bounds.tolist() == [0, 2, 5, 6]
    assert bounds.dtype == torch.int32
    assert longest == 3
    packed = index_first_axis(x.flatten(0, 1), indices)
    torch.testing.assert_close(pad_input(packed, indices, 3, 3), x * mask[..., None])


def test_rotary_keeps_lengths_and_depends_on_distance_only():
    layer = RotaryEmbedding(8)
    q, k = torch.randn(1, 1, 1, 8).expand(1, 6, 1, 8), torch.randn(1, 1, 1, 8).expand(1, 6, 1, 8)
    q, k = layer(q, k)
    torch.testing.assert_close(q.norm(dim=-1), q[:, :1].norm(dim=-1).expand(1, 6, 1))
    scores = torch.einsum("bqhd,bkhd->qk", q, k)
    torch.testing.assert_close(scores.diagonal(1), scores[0, 1].expand(5))
    angle = torch.tensor([[0.0], [torch.pi / 2]])
    x = torch.tensor([[[[1.0, 0.0]], [[1.0, 0.0]]]])
    y = rotary_embedding(x, angle.cos(), angle.sin())
    torch.testing.assert_close(y[0, :, 0], torch.tensor([[1.0, 0.0], [0.0, 1.0]]))


def test_long_convolutions_are_causal():
    for layer in (LongConvolution(3, 8), ImplicitLongConvolution(3, 8)):
        x = torch.randn(1, 8, 3)
        later = x.clone()
        later[:, 5:] += 1
        torch.testing.assert_close(layer(x)[:, :5], layer(later)[:, :5], atol=1e-5, rtol=1e-5)
        assert not torch.allclose(layer(x)[:, 5:], layer(later)[:, 5:])


def test_token_shift():
    x = torch.tensor([[[1.0], [4.0], [9.0]]])
    assert token_shift(x)[0, :, 0].tolist() == [-1, -3, -5]
    y, last = token_shift(x, cu_seqlens=torch.tensor([0, 2, 3]), output_cache=True)
    assert y[0, :, 0].tolist() == [-1, -3, -9]
    assert last[:, 0].tolist() == [4, 9]


def delta_arguments(batch, length):
    k = F.normalize(torch.randn(batch, length, 2, 8), dim=-1)
    beta = torch.rand(batch, length, 2)
    return {"q": torch.randn(batch, length, 2, 8), "k": k, "v": torch.randn(batch, length, 2, 4), "beta": beta}


def test_chunks_equal_the_recurrence():
    arguments, state = delta_arguments(2, 37), torch.randn(2, 2, 8, 4)
    options = {"initial_state": state, "output_final_state": True}
    chunked = chunk_delta_rule(**arguments, **options, chunk_size=16)
    torch.testing.assert_close(chunked, fused_recurrent_delta_rule(**arguments, **options), atol=1e-5, rtol=1e-4)
    arguments["g"] = -torch.rand(2, 37, 2)
    chunked = chunk_gated_delta_rule(**arguments, **options, chunk_size=16)
    recurrent = fused_recurrent_gated_delta_rule(**arguments, **options)
    torch.testing.assert_close(chunked, recurrent, atol=1e-5, rtol=1e-4)


def test_naive_forms_have_heads_first():
    arguments = delta_arguments(2, 64)
    heads_first = [t.transpose(1, 2) for t in arguments.values()]
    o, state = fused_recurrent_delta_rule(**arguments, output_final_state=True)
    for naive in (delta_rule_recurrence, delta_rule_chunkwise):
        y, last = naive(*heads_first)
        torch.testing.assert_close(y.transpose(1, 2), o, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(last, state, atol=1e-5, rtol=1e-4)


def test_delta_rule_with_one_key_overwrites():
    """beta = 1 and a fixed unit key: the state holds the last value only."""
    k = F.one_hot(torch.zeros(1, 5, 1, dtype=torch.long), 3).float()
    v = torch.randn(1, 5, 1, 2)
    o, _ = chunk_delta_rule(k, k, v, torch.ones(1, 5, 1), scale=1.0)
    torch.testing.assert_close(o, v)


def test_options_of_the_kernel_are_refused_not_ignored():
    arguments = delta_arguments(1, 4) | {"g": torch.zeros(1, 4, 2)}
    with pytest.raises(NotImplementedError, match="use_gate_in_kernel"):
        chunk_gated_delta_rule(**arguments, use_gate_in_kernel=True)


def test_cache_counts_and_appends():
    cache, keys = Cache(), torch.randn(1, 4, 2)
    cache.update(recurrent_state=keys, layer_idx=1, offset=4)
    cache.update(attn_state=(keys, keys), layer_idx=0, cache_kwargs={"window_size": 5})
    cache.update(attn_state=(keys, keys), layer_idx=0, cache_kwargs={"window_size": 5})
    assert len(cache) == 2
    assert [cache.get_seq_length(layer) for layer in range(3)] == [8, 4, 0]
    torch.testing.assert_close(cache[0]["attn_state"][0], torch.cat((keys, keys), dim=1)[:, -5:])
    assert cache[1]["recurrent_state"] is keys
    with pytest.raises(KeyError):
        cache[2]
