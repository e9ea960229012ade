"""Every rule of torch.nn.functional against torch: torch's own samples, and cases that matter to models."""

import math

import mlx.core as mx
import numpy as np
import pytest
import torch
from nn_parity import ENTRIES, compare, tensors, to_mlx
from torch.testing._internal.common_methods_invocations import op_db

from mlxify.catalogue import Refused

F = torch.nn.functional
OPS = [op for op in op_db if "torch." + op.name in ENTRIES and op.name.startswith("nn.functional.")]
SAMPLES = 6
# Samples that torch's table gives in a form of its own (table first, then indices), or that draw random numbers.
OWN_CASES = {"nn.functional.one_hot", "nn.functional.embedding", "nn.functional.embedding_bag", "nn.functional.dropout", "nn.functional.dropout2d",
             "nn.functional.dropout3d", "nn.functional.rrelu", "nn.functional.triplet_margin_with_distance_loss"}  # fmt: skip


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed + sum(shape)))


def integers(high, *shape):
    return torch.randint(0, high, shape, generator=torch.Generator().manual_seed(high))


def rule(name):
    return ENTRIES[f"torch.nn.functional.{name}"].python


def _is_comparable(sample):
    """Float32 samples with entries and without chance; MLX has no 0-d softmax and no float64."""
    given = (sample.input, sample.args, sample.kwargs)
    if any(t.dtype == torch.float64 or t.numel() == 0 for t in tensors(given)) or sample.input.ndim == 0:
        return False
    kwargs = sample.kwargs
    return not (kwargs.get("training") or kwargs.get("dropout_p") or kwargs.get("dtype") == torch.float64)


@pytest.mark.parametrize(
    "op",
    [op for op in OPS if op.name not in OWN_CASES],
    ids=lambda op: (op.name + "-" + op.variant_test_name).removeprefix("nn.functional.").strip("-"),
)
def test_torch_samples(op):
    samples = [s for s in op.sample_inputs("cpu", torch.float32, requires_grad=True) if _is_comparable(s)]
    ran = 0
    for sample in samples[:: max(1, len(samples) // SAMPLES)]:
        if op.name == "nn.functional.avg_pool2d" and () in (*sample.args, sample.kwargs.get("stride")):
            continue  # torch's C++ spelling of "no stride"
        try:
            compare(op.op, ENTRIES["torch." + op.name].python, (sample.input, *sample.args), sample.kwargs)
        except Refused:
            continue
        ran += 1
    if not ran:
        pytest.skip("all samples are refused")


@pytest.mark.parametrize(
    ("pad", "options"),
    [
        ((3, 0), {}),
        ((0, 0, 2, 1), {}),
        ((1, 2, 0, 3), {"value": -1.5}),
        ((-1, 2), {}),
        ((0, 0, -2, 0), {"value": 4.0}),
        ((2, 1), {"mode": "reflect"}),
        ((2, 3), {"mode": "replicate"}),
        ((3, 2), {"mode": "circular"}),
        ((-1, 2), {"mode": "replicate"}),
    ],
)
def test_pad(pad, options):
    compare(F.pad, rule("pad"), (normal(2, 4, 5), pad), options)


def test_pad_keeps_the_dtype():
    for x in (torch.tensor([[1, 2]]), torch.tensor([[True, False]]), torch.ones(1, 2, dtype=torch.bfloat16)):
        assert rule("pad")(to_mlx(x), (1, 0)).dtype == to_mlx(F.pad(x, (1, 0))).dtype
    compare(F.pad, rule("pad"), (torch.tensor([[1, 2]]), (0, 2)), {"value": 7}, gradients=False)


def test_causal_depthwise_filter():
    x, taps = normal(2, 12, 9), normal(12, 1, 4)
    compare(
        lambda x, w: F.conv1d(F.pad(x, (3, 0)), w, groups=12),
        lambda x, w: rule("conv1d")(rule("pad")(x, (3, 0)), w, groups=12),
        (x, taps),
    )


@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_convolution_with_groups(groups):
    options = {"stride": 2, "padding": 1, "output_padding": 1, "groups": groups}
    compare(
        F.conv_transpose1d, rule("conv_transpose1d"), (normal(2, 4, 5), normal(4, 3, 3), normal(3 * groups)), options
    )
    compare(
        F.conv_transpose2d,
        rule("conv_transpose2d"),
        (normal(2, 4, 5, 3), normal(4, 3, 3, 3), normal(3 * groups)),
        options,
    )


def test_transposed_convolution_with_more_output_padding_than_padding():
    options = {"stride": 2, "output_padding": 1}
    compare(F.conv_transpose1d, rule("conv_transpose1d"), (normal(2, 4, 5), normal(4, 3, 3)), options)
    options = {"stride": 2, "padding": (0, 3), "output_padding": (1, 0), "groups": 2}
    compare(F.conv_transpose2d, rule("conv_transpose2d"), (normal(2, 4, 5, 3), normal(4, 3, 3, 3)), options)


@pytest.mark.parametrize(
    "name", ["elu", "selu", "celu", "softplus", "silu", "gelu", "mish", "logsigmoid", "leaky_relu"]
)
def test_gradients_of_activations_stay_finite(name):
    x = torch.tensor([-200.0, -30.0, -1.0, -1e-6, 1e-6, 0.5, 30.0, 200.0])
    compare(getattr(F, name), rule(name), (x,))


def test_elu_at_zero_and_with_positional_inplace():
    compare(
        lambda x: F.elu(x, 1.0, False) + 1.0, lambda x: rule("elu")(x, 1.0, False) + 1.0, (torch.tensor([0.0, -2.0]),)
    )


def test_softmax_with_dtype():
    compare(F.softmax, rule("softmax"), (normal(2, 3).half(),), {"dim": -1, "dtype": torch.float32}, gradients=False)


@pytest.mark.parametrize("p", [1, 2, 3.0])
def test_normalize_has_a_gradient_at_zero_vectors(p):
    x = normal(3, 4)
    compare(F.normalize, rule("normalize"), (x,), {"p": p, "dim": -1})
    if p != 3.0:
        x[1] = 0
        gradient = mx.grad(lambda x: rule("normalize")(x, p=p, dim=-1, eps=1e-2).sum())(to_mlx(x))
        assert np.isfinite(np.array(gradient)).all()


def test_rms_norm_without_eps_uses_that_of_float32():
    for dtype in (torch.float32, torch.float16):
        x = (normal(2, 8) * 1e-3).to(dtype)
        compare(F.rms_norm, rule("rms_norm"), (x, (8,)), gradients=False, tolerance=2e-3)


@pytest.mark.parametrize("shape", [(2, 4, 5, 8), (3, 5, 8)])
@pytest.mark.parametrize("mask", [None, "causal", "boolean", "additive"])
def test_attention(shape, mask):
    q, k, v = normal(*shape), normal(*shape, seed=1), normal(*shape, seed=2)
    options = {"is_causal": True} if mask == "causal" else {}
    if mask == "boolean":
        options["attn_mask"] = integers(2, 5, 5).bool() | torch.eye(5, dtype=torch.bool)
    if mask == "additive":
        options["attn_mask"] = normal(5, 5)
    compare(
        F.scaled_dot_product_attention,
        rule("scaled_dot_product_attention"),
        (q, k, v),
        options,
        gradients=mask != "additive",
    )


def test_causal_attention_is_aligned_to_the_first_key():
    args = (normal(1, 2, 3, 4), normal(1, 2, 6, 4), normal(1, 2, 6, 4, seed=1))
    compare(F.scaled_dot_product_attention, rule("scaled_dot_product_attention"), args, {"is_causal": True})


@pytest.mark.parametrize("rank", [3, 4])
def test_attention_to_nothing_gives_zeros(rank):
    shape = (1, 2, 4, 8)[-rank:]
    visible = torch.ones(4, 4, dtype=torch.bool)
    visible[2] = False
    args = (normal(*shape), normal(*shape, seed=1), normal(*shape, seed=2))
    compare(F.scaled_dot_product_attention, rule("scaled_dot_product_attention"), args, {"attn_mask": visible})
    additive = torch.zeros(4, 4).masked_fill(~visible, -math.inf)
    attention = rule("scaled_dot_product_attention")
    compare(F.scaled_dot_product_attention, attention, args, {"attn_mask": additive}, gradients=False)


def test_grouped_query_attention():
    args = (normal(1, 4, 3, 8), normal(1, 2, 3, 8), normal(1, 2, 3, 8, seed=1))
    compare(F.scaled_dot_product_attention, rule("scaled_dot_product_attention"), args, {"enable_gqa": True})


def test_embedding_and_one_hot():
    ids, table = integers(7, 3, 4), normal(7, 5)
    compare(F.embedding, rule("embedding"), (ids, table))
    compare(F.embedding, rule("embedding"), (ids, table), {"padding_idx": 2})
    compare(F.embedding, rule("embedding"), (ids, table), {"padding_idx": -1})
    compare(F.one_hot, rule("one_hot"), (ids, 7), gradients=False)
    compare(F.one_hot, rule("one_hot"), (ids,), gradients=False)
    for mode in ("mean", "sum", "max"):
        compare(F.embedding_bag, rule("embedding_bag"), (ids, table), {"mode": mode})
    weights = {"per_sample_weights": normal(3, 4), "mode": "sum"}
    compare(F.embedding_bag, rule("embedding_bag"), (ids, table), weights)


@pytest.mark.parametrize(
    ("name", "shape", "mask"),
    [
        ("dropout", (40, 50), (40, 50)),
        ("dropout1d", (30, 40, 5), (30, 40, 1)),
        ("dropout2d", (30, 40, 2, 3), (30, 40, 1, 1)),
        ("dropout3d", (30, 40, 2, 3, 2), (30, 40, 1, 1, 1)),
    ],
)
def test_dropout(name, shape, mask):
    x = mx.ones(shape)
    assert rule(name)(x, 0.3, False) is x
    assert rule(name)(x, 0.0, True) is x
    dropped = np.array(rule(name)(x, 0.3, True))
    assert np.allclose(np.unique(dropped), [0, 1 / 0.7])
    whole = dropped.reshape(mask[0], mask[1], -1)
    assert (name == "dropout") == bool((whole.min(-1) != whole.max(-1)).any()) or math.prod(shape) == math.prod(mask)
    assert abs(dropped.mean() - 1) < 0.1
    assert not np.array(rule(name)(x, 1.0, True)).any()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy(reduction):
    logits, target = normal(4, 5, 3), integers(5, 4, 3)
    target[0, 0] = -100
    for options in ({}, {"ignore_index": 2}, {"weight": normal(5).abs()}, {"label_smoothing": 0.1},
                    {"weight": normal(5).abs(), "label_smoothing": 0.2, "ignore_index": 1}):  # fmt: skip
        given = target if options.get("ignore_index", -100) == -100 else target.clamp(0)
        weight = {"weight": options["weight"]} if "weight" in options else {}
        rest = {**options, "reduction": reduction}
        rest.pop("weight", None)
        compare(
            lambda x, t, rest=rest, weight=weight: F.cross_entropy(x, t, **weight, **rest),
            lambda x, t, rest=rest, weight=weight: rule("cross_entropy")(x, t, **to_mlx(weight), **rest),
            (logits, given),
        )
    compare(F.cross_entropy, rule("cross_entropy"), (logits, normal(4, 5, 3).softmax(1)), {"reduction": reduction})
    compare(F.cross_entropy, rule("cross_entropy"), (normal(5), torch.tensor(3)), {"reduction": reduction})


def test_binary_cross_entropy_of_certain_predictions():
    p, target = torch.tensor([0.0, 1.0, 0.0, 0.5]), torch.tensor([0.0, 0.0, 1.0, 1.0])
    compare(F.binary_cross_entropy, rule("binary_cross_entropy"), (p, target), gradients=False)
    gradient = mx.grad(lambda p: rule("binary_cross_entropy")(p, to_mlx(target)))(to_mlx(p))
    assert np.isfinite(np.array(gradient)).all()


def test_kl_divergence_of_certain_targets():
    target = torch.tensor([[0.0, 1.0], [0.3, 0.7]])
    scores = normal(2, 2).log_softmax(-1)
    compare(
        lambda x: F.kl_div(x, target, reduction="batchmean"),
        lambda x: rule("kl_div")(x, to_mlx(target), reduction="batchmean"),
        (scores,),
    )


@pytest.mark.parametrize(("log_q", "target"), [((3,), (2, 3)), ((4, 2, 3), (2, 3))])
def test_kl_divergence_is_of_the_batch_of_its_input(log_q, target):
    target = normal(*target).softmax(-1)
    compare(
        lambda x: F.kl_div(x, target, reduction="batchmean"),
        lambda x: rule("kl_div")(x, to_mlx(target), reduction="batchmean"),
        (normal(*log_q).log_softmax(-1),),
    )


@pytest.mark.parametrize("mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align", [False, True])
def test_grid_sample(mode, align):
    grid = normal(2, 3, 4, 2)
    options = {"padding_mode": mode, "align_corners": align}
    compare(F.grid_sample, rule("grid_sample"), (normal(2, 3, 5, 6), grid), options)
    compare(F.affine_grid, rule("affine_grid"), (normal(2, 2, 3), (2, 3, 4, 5)), {"align_corners": align})


@pytest.mark.parametrize("scale", [2, 1.5, (2, 3), 0.5])
@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic", "area"])
def test_interpolate_by_a_factor(scale, mode):
    align = {} if mode in ("nearest", "area") else {"align_corners": False}
    compare(F.interpolate, rule("interpolate"), (normal(1, 2, 5, 4),), {"scale_factor": scale, "mode": mode, **align})
    recomputed = {"scale_factor": scale, "mode": mode, "recompute_scale_factor": True, **align}
    compare(F.interpolate, rule("interpolate"), (normal(1, 2, 5, 4),), recomputed)


@pytest.mark.parametrize("size", [(3, 7), (9, 2)])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("align", [False, True])
def test_interpolate_with_antialiasing(size, mode, align):
    options = {"mode": mode, "align_corners": align, "antialias": True}
    compare(F.interpolate, rule("interpolate"), (normal(1, 2, 5, 6),), {"size": size, **options})
    compare(F.interpolate, rule("interpolate"), (normal(1, 2, 5, 6),), {"scale_factor": 0.6, **options})


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align", [False, True])
def test_grid_sample_of_volumes_and_by_cubic_convolution(padding, align):
    options = {"padding_mode": padding, "align_corners": align}
    compare(F.grid_sample, rule("grid_sample"), (normal(2, 3, 5, 4, 6), normal(2, 2, 3, 4, 3)), options)
    nearest = {"mode": "nearest", **options}
    compare(F.grid_sample, rule("grid_sample"), (normal(2, 3, 5, 4, 6), normal(2, 2, 3, 4, 3)), nearest, gradients=False)
    compare(F.grid_sample, rule("grid_sample"), (normal(2, 3, 5, 6), normal(2, 3, 4, 2)), {"mode": "bicubic", **options})
    compare(F.affine_grid, rule("affine_grid"), (normal(2, 3, 4), (2, 3, 4, 5, 2)), {"align_corners": align})


def test_multi_head_attention_with_separate_weights():
    x = normal(5, 3, 8)
    weights = {f"{name}_proj_weight": normal(8, 8, seed=seed) for seed, name in enumerate("qkv")}
    attention = rule("multi_head_attention_forward")

    def arguments(x, convert):
        given = (x[:1], x, x, 8, 2, None, normal(24), None, None, False, 0.0, normal(8, 8), normal(8))
        return convert(given), convert({**weights, "use_separate_proj_weight": True, "need_weights": False})

    def converted(x):
        args, kwargs = arguments(x, to_mlx)
        return attention(*args, **kwargs)[0]

    def reference(x):
        args, kwargs = arguments(x, lambda value: value)
        return F.multi_head_attention_forward(*args, **kwargs)[0]

    compare(reference, converted, (x,))


def test_gumbel_softmax():
    mx.random.seed(0)
    logits = normal(4).softmax(0).log()
    draws = rule("gumbel_softmax")(mx.broadcast_to(to_mlx(logits), (20000, 4)), hard=True)
    assert np.allclose(np.unique(np.array(draws).round(5)), [0, 1])
    assert np.abs(np.array(draws.mean(axis=0)) - logits.exp().numpy()).max() < 0.02
    soft = rule("gumbel_softmax")(to_mlx(normal(5, 4)), tau=0.5)
    assert np.allclose(np.array(soft.sum(axis=-1)), 1, atol=1e-5)
    gradient = mx.grad(lambda x: (rule("gumbel_softmax")(x, hard=True) * mx.arange(4)).sum())(to_mlx(normal(5, 4)))
    assert np.abs(np.array(gradient)).max() > 0


def test_random_leaky_relu_draws_slopes_in_training():
    x = -mx.ones((4000,))
    slopes = -np.array(rule("rrelu")(x, 0.2, 0.6, True))
    assert slopes.min() >= 0.2
    assert slopes.max() <= 0.6
    assert abs(slopes.mean() - 0.4) < 0.01


def test_pad_sequence():
    sequences = [normal(3, 2), normal(5, 2), normal(1, 2)]
    for options in ({}, {"batch_first": True}, {"padding_value": -1.0}, {"batch_first": True, "padding_side": "left"}):
        pad_sequence = ENTRIES["torch.nn.utils.rnn.pad_sequence"].python
        compare(torch.nn.utils.rnn.pad_sequence, pad_sequence, (sequences,), options)
