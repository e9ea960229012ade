"""Definitions of catalogue/fla against the plain-torch references: values, gradients, types, and every form of a call."""

import mlx.core as mx
import pytest
import torch
from catalogue.fla import activations, cache, convolution, delta_rule, gated_norm, norm, padding, rotary
from library_parity import assert_same, compare, load, to_mlx
from torch import nn

from mlxify.references.fla.layers import utils as reference_padding
from mlxify.references.fla.models.utils import Cache
from mlxify.references.fla.modules import (
    GatedMLP,
    GroupNorm,
    L2Norm,
    LayerNorm,
    LongConvolution,
    RMSNorm,
    RotaryEmbedding,
    ShortConvolution,
)
from mlxify.references.fla.modules import activations as reference_activations
from mlxify.references.fla.modules.fused_norm_gate import (
    FusedLayerNormGated,
    FusedLayerNormSwishGate,
    FusedRMSNormGated,
    FusedRMSNormSwishGate,
)
from mlxify.references.fla.modules.l2norm import l2norm
from mlxify.references.fla.modules.layernorm_gated import LayerNormGated, RMSNormGated
from mlxify.references.fla.modules.rotary import rotary_embedding
from mlxify.references.fla.modules.token_shift import token_shift
from mlxify.references.fla.ops.delta_rule import chunk_delta_rule, fused_recurrent_delta_rule
from mlxify.references.fla.ops.gated_delta_rule import chunk_gated_delta_rule

FLOATS = [torch.float32, torch.bfloat16]
MASK = torch.tensor([[0, 0, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 1, 1, 1]])


def draw(*shape, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(*shape, generator=generator).to(dtype)


def redrawn(module, dtype=torch.float32):
    """The module with weights that show: initial ones and zeros would hide a missing scale or shift."""
    for seed, parameter in enumerate(module.parameters()):
        parameter.data = draw(*parameter.shape, seed=100 + seed) * 0.5 + 0.25
    return module.to(dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("output_dtype", [None, torch.float32])
def test_l2norm(dtype, output_dtype):
    x = draw(2, 3, 5, 64, dtype=dtype)
    x[0, 0, 0] = 0

    def converted(x):
        return norm.l2norm(x, output_dtype=None if output_dtype is None else mx.float32)

    compare(lambda x: l2norm(x, output_dtype=output_dtype), converted, x=x)


def test_l2norm_layer_keeps_its_eps():
    compare(L2Norm(eps=0.5), norm.L2Norm(eps=0.5), x=draw(3, 8))


NORMS = {
    "RMSNorm": (lambda: RMSNorm(24), lambda: norm.RMSNorm(24)),
    "RMSNorm with bias": (lambda: RMSNorm(24, bias=True, eps=0.1), lambda: norm.RMSNorm(24, bias=True, eps=0.1)),
    "RMSNorm without weight": (lambda: RMSNorm(24, False), lambda: norm.RMSNorm(24, False)),
    "LayerNorm": (lambda: LayerNorm(24), lambda: norm.LayerNorm(24)),
    "LayerNorm with bias": (lambda: LayerNorm(24, bias=True), lambda: norm.LayerNorm(24, bias=True)),
    "GroupNorm": (lambda: GroupNorm(4, 24, bias=True), lambda: norm.GroupNorm(4, 24, bias=True)),
    "GroupNorm rms": (lambda: GroupNorm(3, 24, is_rms_norm=True), lambda: norm.GroupNorm(3, 24, is_rms_norm=True)),
    "GroupNorm plain": (lambda: GroupNorm(3, 24, False), lambda: norm.GroupNorm(3, 24, False)),
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NORMS)
def test_norm(name, dtype):
    reference, converted = (make() for make in NORMS[name])
    reference = redrawn(reference, dtype)
    x = draw(2, 7, 24, dtype=dtype)
    residual = draw(2, 7, 24, dtype=dtype, seed=1)
    compare(reference, converted, x=x)
    compare(reference, converted, x=x, residual=residual)
    compare(reference, converted, x=x, residual=residual.float(), prenorm=True)
    compare(reference, converted, x=x, prenorm=True, residual_in_fp32=True)


def test_norm_answers_in_the_type_of_its_input():
    compare(redrawn(RMSNorm(24)), norm.RMSNorm(24), x=draw(2, 24, dtype=torch.bfloat16))
    compare(redrawn(LayerNorm(24)), norm.LayerNorm(24), x=draw(2, 24, dtype=torch.bfloat16))


GATED = {
    "rms swish": (lambda: FusedRMSNormGated(24), lambda: gated_norm.FusedRMSNormGated(24)),
    "rms sigmoid": (
        lambda: FusedRMSNormGated(24, activation="sigmoid"),
        lambda: gated_norm.FusedRMSNormGated(24, activation="sigmoid"),
    ),
    "rms plain": (lambda: FusedRMSNormGated(24, False), lambda: gated_norm.FusedRMSNormGated(24, False)),
    "rms swish gate": (
        lambda: FusedRMSNormSwishGate(24, eps=0.1),
        lambda: gated_norm.FusedRMSNormSwishGate(24, eps=0.1),
    ),
    "layer swish": (lambda: FusedLayerNormGated(24, bias=True), lambda: gated_norm.FusedLayerNormGated(24, bias=True)),
    "layer swish gate": (
        lambda: FusedLayerNormSwishGate(24, eps=0.1),
        lambda: gated_norm.FusedLayerNormSwishGate(24, eps=0.1),
    ),
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", GATED)
def test_gated_norm(name, dtype):
    reference, converted = (make() for make in GATED[name])
    reference = redrawn(reference, dtype)
    x, g = draw(2, 7, 3, 24, dtype=dtype), draw(2, 7, 3, 24, dtype=dtype, seed=1)
    compare(reference, converted, x=x, g=g)
    compare(reference, converted, x=x, g=g, residual=draw(2, 7, 3, 24, dtype=dtype, seed=2), prenorm=True)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("group_size", [None, 6])
def test_norm_gated_before_or_after(before, group_size, dtype):
    options = {"group_size": group_size, "norm_before_gate": before}
    x, z = draw(2, 7, 24, dtype=dtype), draw(2, 7, 24, dtype=dtype, seed=1)
    compare(redrawn(RMSNormGated(24, **options), dtype), gated_norm.RMSNormGated(24, **options), x=x, z=z)
    compare(redrawn(LayerNormGated(24, **options), dtype), gated_norm.LayerNormGated(24, **options), x=x, z=z)
    compare(redrawn(LayerNormGated(24, **options), dtype), gated_norm.LayerNormGated(24, **options), x=x)


CONVOLUTIONS = [{"kernel_size": 4}, {"kernel_size": 3, "bias": True, "activation": None}, {"kernel_size": 1}]


def convolutions(dtype, **options):
    return redrawn(ShortConvolution(6, **options), dtype), convolution.ShortConvolution(6, **options)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("options", CONVOLUTIONS)
def test_short_convolution(options, dtype):
    pair, width = convolutions(dtype, **options), options["kernel_size"]
    x, state = draw(3, 7, 6, dtype=dtype), draw(3, 6, width, dtype=dtype)
    compare(*pair, x=x)
    compare(*pair, x=x, output_final_state=True)
    compare(*pair, x=x, cache=state, output_final_state=True)
    compare(*pair, x=x, residual=draw(3, 7, 6, dtype=dtype, seed=1))
    compare(*pair, x=x, mask=MASK)
    compare(*pair, x=x[:, :1], cache=state, output_final_state=True)
    compare(*pair, x=x[:, :2], cache=state, output_final_state=True)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("options", CONVOLUTIONS)
def test_short_convolution_of_packed_sequences(options, dtype):
    pair, width = convolutions(dtype, **options), options["kernel_size"]
    # one sequence is shorter than the kernel, one is empty
    bounds = torch.tensor([0, 5, 6, 6, 11], dtype=torch.int32)
    x, state = draw(1, 11, 6, dtype=dtype), draw(4, 6, width, dtype=dtype)
    compare(*pair, x=x, cu_seqlens=bounds)
    compare(*pair, x=x, cu_seqlens=bounds, output_final_state=True, residual=draw(1, 11, 6, dtype=dtype, seed=1))
    compare(*pair, x=x, cu_seqlens=bounds, cache=state, output_final_state=True)


def test_short_convolution_step_by_step_equals_the_whole():
    pair = convolutions(torch.float32, kernel_size=4)
    x = draw(2, 5, 6)
    with torch.no_grad():
        whole, state = pair[0](x, output_final_state=True)
    converted = pair[1]
    load(converted, pair[0])
    outputs, kept = [], None
    for t in range(5):
        y, kept = converted(to_mlx(x[:, t : t + 1]), cache=kept, output_final_state=True)
        outputs.append(y)
    assert_same(whole, mx.concatenate(outputs, axis=1), "outputs")
    assert_same(state, kept, "state")


def test_short_convolution_masks_its_argument():
    reference, converted = convolutions(torch.float32, kernel_size=4)
    x = draw(3, 7, 6)
    array = to_mlx(x)
    load(converted, reference)
    with torch.no_grad():
        reference(x, mask=MASK)
    converted(array, mask=to_mlx(MASK))
    assert_same(x, array, "the caller's x")


def test_short_convolution_refuses_unknown_activations():
    with pytest.raises(ValueError, match="gelu"):
        convolution.ShortConvolution(6, 4, activation="gelu")


def test_short_convolution_compiles():
    converted = convolution.ShortConvolution(6, 4)
    x = to_mlx(draw(2, 7, 6))
    compiled = mx.compile(lambda x: converted(x)[0])
    assert mx.allclose(compiled(x), converted(x)[0], atol=1e-6)


@pytest.mark.parametrize("dtype", FLOATS)
def test_token_shift(dtype):
    x = draw(3, 5, 4, dtype=dtype)
    compare(token_shift, convolution.token_shift, x=x)
    compare(token_shift, convolution.token_shift, x=x, cache=draw(3, 4, dtype=dtype), output_cache=True)
    bounds = torch.tensor([0, 4, 5])
    compare(token_shift, convolution.token_shift, x=x[:1], cu_seqlens=bounds, output_cache=True)


def test_long_convolution():
    reference = LongConvolution(4, 16)
    compare(reference, convolution.LongConvolution(4, 16), x=draw(2, 9, 4))
    compare(reference, convolution.LongConvolution(4, 16), x=draw(2, 16, 4))


MASKS = [MASK, MASK.bool(), MASK.float(), torch.ones(2, 4, dtype=torch.int64), torch.tensor([[0, 0], [0, 1]])]


@pytest.mark.parametrize("mask", MASKS)
def test_get_unpad_data(mask):
    compare(reference_padding.get_unpad_data, padding.get_unpad_data, gradients=False, attention_mask=mask)
    for columns in (None, 1, 2):
        arguments = {"attention_mask": mask, "q_len": columns}
        pair = reference_padding.get_unpad_indices_and_cu, padding.get_unpad_indices_and_cu
        compare(*pair, gradients=False, **arguments)


@pytest.mark.parametrize("dtype", FLOATS)
def test_unpadding_and_padding(dtype):
    indices, _, _ = reference_padding.get_unpad_data(MASK)
    x = draw(21, 2, 4, dtype=dtype)
    compare(reference_padding.index_first_axis, padding.index_first_axis, x=x, indices=indices)
    places = {"indices": indices, "first_axis_dim": 21}
    packed = draw(len(indices), 2, 4, dtype=dtype)
    compare(reference_padding.index_put_first_axis, padding.index_put_first_axis, x=packed, **places)
    places = {"indices": indices, "batch_size": 3, "seq_len": 7}
    compare(reference_padding.pad_input, padding.pad_input, hidden_states=packed, **places)


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("q_len", [1, 7])
def test_unpad_input(q_len, keepdim):
    states, q = (draw(3, 7, 2, 4), draw(3, 7, 2, 4, seed=1)), draw(3, q_len, 2, 4, seed=2)
    arguments = {"states": states, "attention_mask": MASK, "q_len": q_len, "keepdim": keepdim}
    compare(reference_padding.unpad_input, padding.unpad_input, q=q, **arguments)
    compare(reference_padding.unpad_input, padding.unpad_input, gradients=False, q=(q, q), **arguments)


def test_unpad_hidden_states_and_back():
    x = draw(3, 7, 4)
    arguments = {"cu_seqlens": None, "attention_mask": MASK, "q_len": 7}
    pair = reference_padding.unpad_hidden_states, padding.unpad_hidden_states
    compare(*pair, hidden_states=x, **arguments)
    compare(*pair, hidden_states=x[:1], cu_seqlens=torch.tensor([0, 7]), attention_mask=None, q_len=7)
    indices = reference_padding.get_unpad_data(MASK)[0]
    arguments = {"indices": indices, "batch_size": 3, "q_len": 7}
    pair = reference_padding.repad_hidden_states, padding.repad_hidden_states
    compare(*pair, hidden_states=draw(1, len(indices), 4), **arguments)


def test_sequence_bounds_from_a_mask():
    from mlxify.references.fla.ops.utils import index

    compare(index.prepare_lens_from_mask, padding.prepare_lens_from_mask, gradients=False, mask=MASK)
    compare(index.prepare_cu_seqlens_from_mask, padding.prepare_cu_seqlens_from_mask, gradients=False, mask=MASK)
    bounds = torch.tensor([0, 3, 3, 9], dtype=torch.int32)
    compare(index.prepare_lens, padding.prepare_lens, gradients=False, cu_seqlens=bounds)


def test_cache():
    """The same calls on both sides give the same states and lengths."""
    reference, converted = Cache(), cache.Cache()
    keys, values = draw(2, 5, 3), draw(2, 5, 3, seed=1)
    steps = [
        {"recurrent_state": draw(2, 4), "layer_idx": 1, "offset": 5},
        {"conv_state": (draw(2, 3), None), "layer_idx": 1, "offset": 1},
        {"attn_state": (keys, values), "layer_idx": 0},
        {"attn_state": (keys[:, :2], values[:, :2]), "layer_idx": 0},
        {"attn_state": (keys, values), "layer_idx": 0, "cache_kwargs": {"window_size": 6}},
        {"attn_state": (keys[:, :1], values[:, :1]), "layer_idx": 0, "offset": None},
    ]
    for step in steps:
        reference.update(**step)
        converted.update(**{name: to_mlx(value) for name, value in step.items()})
        assert len(reference) == len(converted)
        for layer in range(len(reference)):
            assert reference.get_seq_length(layer) == converted.get_seq_length(layer)
            assert (reference[layer] is None) == (converted[layer] is None)
            for name, state in (reference[layer] or {}).items():
                expected = state if isinstance(state, tuple) else (state,)
                actual = converted[layer][name] if isinstance(state, tuple) else (converted[layer][name],)
                for place, (wanted, got) in enumerate(zip(expected, actual, strict=True)):
                    assert_same(wanted, got, f"{name} {place}")
    with pytest.raises(KeyError):
        converted[2]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "name",
    ["sigmoid", "logsigmoid", "swish", "elu_p1", "fast_gelu_impl", "sqrelu", "swiglu", "sigmoidglu", "powglu"],
)
def test_activation(name, dtype):
    x, y = 3 * draw(4, 9, dtype=dtype), draw(4, 9, dtype=dtype, seed=1)
    arguments = {"x": x, "y": y} if name.endswith("glu") else {"x": x}
    compare(getattr(reference_activations, name), getattr(activations, name), **arguments)


def test_activation_far_from_zero():
    x = torch.tensor([-200.0, -1.0, 1.0, 200.0])
    compare(reference_activations.elu_p1, activations.elu_p1, x=x)
    compare(reference_activations.powglu, activations.powglu, x=x, y=torch.ones(4))


@pytest.mark.parametrize("bias", [None, draw(3)])
def test_activation_and_linear(bias):
    arguments = {"x": draw(4, 9), "y": draw(4, 9, seed=1), "weight": draw(3, 9), "bias": bias}
    compare(reference_activations.swiglu_linear, activations.swiglu_linear, **arguments)
    compare(reference_activations.sigmoidglu_linear, activations.sigmoidglu_linear, **arguments)
    compare(lambda x: reference_activations.logsigmoid(x, 4.0), lambda x: activations.logsigmoid(x, 4.0), x=draw(4))
    pair = reference_activations.bias_gelu_impl, activations.bias_gelu_impl
    compare(*pair, y=draw(4, 9), bias=draw(9))


@pytest.mark.parametrize("options", [{}, {"fuse_swiglu": False}, {"hidden_act": "powlu"}])
def test_gated_mlp(options):
    options = {"intermediate_size": 12, **options}
    compare(GatedMLP(8, **options), activations.GatedMLP(8, **options), x=draw(2, 3, 8))
    assert GatedMLP(8).intermediate_size == activations.GatedMLP(8).intermediate_size


OFFSETS = [
    {},
    {"seqlen_offsets": 2},
    {"seqlen_offsets": torch.tensor([0, 3])},
    {"seqlen_offsets": torch.tensor([-2, 30])},
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("offsets", OFFSETS)
@pytest.mark.parametrize("interleaved", [False, True])
def test_rotary_embedding(interleaved, offsets, dtype):
    angle = torch.arange(24)[:, None] * torch.tensor([1.0, 0.1, 0.01])
    tables = {"cos": angle.cos().to(dtype), "sin": angle.sin().to(dtype)}
    arguments = {"x": draw(2, 9, 2, 8, dtype=dtype), "interleaved": interleaved, **tables, **offsets}
    compare(rotary_embedding, rotary.rotary_embedding, **arguments)
    arguments |= {"x": draw(1, 9, 2, 8, dtype=dtype), "cu_seqlens": torch.tensor([0, 4, 9])}
    compare(rotary_embedding, rotary.rotary_embedding, **arguments)


@pytest.mark.parametrize("options", [{}, {"interleaved": True, "base": 100}, {"scale_base": 512}])
def test_rotary_layer(options):
    reference, converted = RotaryEmbedding(6, **options), rotary.RotaryEmbedding(6, **options)
    q, k = draw(2, 9, 4, 8), draw(2, 9, 2, 8, seed=1)
    compare(reference, converted, q=q, k=k)
    compare(reference, converted, q=q, k=k, seqlen_offset=5)
    # the tables are still as long as for the last call
    compare(reference, converted, q=q[:, :3], k=k[:, :3])
    compare(reference, converted, q=q, k=k, seqlen_offset=torch.tensor([0, 4]), max_seqlen=20)
    compare(reference, converted, q=q[:1], k=k[:1], cu_seqlens=torch.tensor([0, 4, 9]))


def delta_arguments(batch, length, dtype=torch.float32):
    q, k = (draw(batch, length, 2, 8, seed=seed).to(dtype) for seed in (0, 1))
    v, beta = draw(batch, length, 2, 4, dtype=dtype), torch.sigmoid(draw(batch, length, 2)).to(dtype)
    return {"q": q, "k": nn.functional.normalize(k, dim=-1), "v": v, "beta": beta}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("reference", [chunk_delta_rule, fused_recurrent_delta_rule])
def test_delta_rule(reference, dtype):
    arguments, converted = delta_arguments(2, 21, dtype), delta_rule.chunk_delta_rule
    compare(reference, lambda **given: converted(**given, chunk_size=16), output_final_state=True, **arguments)
    state = draw(2, 2, 8, 4)
    compare(reference, converted, initial_state=state, scale=0.7, use_qk_l2norm_in_kernel=True, **arguments)


def test_delta_rule_of_packed_sequences():
    bounds, state = torch.tensor([0, 9, 9, 21]), draw(3, 2, 8, 4)
    arguments = {"cu_seqlens": bounds, "initial_state": state, "output_final_state": True, **delta_arguments(1, 21)}
    compare(fused_recurrent_delta_rule, delta_rule.chunk_delta_rule, **arguments)


@pytest.mark.parametrize("strength", [1.0, 20.0])
def test_gated_delta_rule(strength):
    arguments = delta_arguments(2, 40)
    arguments["g"] = -strength * torch.sigmoid(draw(2, 40, 4))
    arguments["v"], arguments["beta"] = draw(2, 40, 4, 4), torch.sigmoid(draw(2, 40, 4, seed=3))
    compare(chunk_gated_delta_rule, delta_rule.chunk_gated_delta_rule, output_final_state=True, **arguments)


def test_gated_delta_rule_that_forgets_at_once_does_not_overflow():
    arguments = delta_arguments(2, 40) | {"g": torch.full((2, 40, 2), -200.0)}
    compare(chunk_gated_delta_rule, delta_rule.chunk_gated_delta_rule, gradients=False, **arguments)


def test_delta_rule_of_equal_keys_stays_exact():
    """Powers of the chunk's matrix reach 1e17 here: a product of powers would lose every digit."""
    arguments = delta_arguments(1, 64)
    arguments["k"] = arguments["k"][:, :1].expand(-1, 64, -1, -1).contiguous()
    arguments["beta"] = torch.ones(1, 64, 2)
    compare(fused_recurrent_delta_rule, delta_rule.chunk_delta_rule, **arguments)
