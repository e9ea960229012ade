"""Every module of torch.nn against torch: torch's own samples, and cases that matter to models; outputs, gradients with
respect to inputs and weights, evaluation and training."""

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
import torch
from mlx.utils import tree_flatten
from nn_parity import ENTRIES, assert_close, compare, compare_module, tensors, to_mlx, transfer
from torch.testing._internal.common_modules import module_db

SAMPLES = 4
# The rank of an input with a batch; torch's samples also come without, which these definitions do not take.
RANKS = {
    f"{kind}{axes}d": axes + 2
    for axes in (1, 2, 3)
    for kind in ("Conv", "ConvTranspose", "MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool")
}
RANKS |= {"TransformerEncoderLayer": 3, "TransformerDecoderLayer": 3, "Transformer": 3, "MultiheadAttention": 3}
# Their constructors take a module of torch, or their targets have no gradient in torch: see the tests below.
OWN_CASES = {"TransformerEncoder", "Transformer", "SoftMarginLoss", "PoissonNLLLoss", "MultiheadAttention"}
MODULES = [
    info
    for info in module_db
    if "torch.nn." + info.module_cls.__name__ in ENTRIES and info.module_cls.__name__ not in OWN_CASES
]


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed + sum(shape)))


def make(name, *args, **kwargs):
    """torch's module and its counterpart, with the same drawn weights, in evaluation mode."""
    reference = getattr(torch.nn, name)(*args, **kwargs).eval()
    entry = ENTRIES["torch.nn." + name]
    converted = entry.python(*args, **kwargs)
    converted.eval()
    return reference, converted, transfer(reference, converted, entry)


def _is_comparable(kind, sample):
    """Samples with entries and with a batch, of options that are not refused at construction."""
    given = tensors((sample.forward_input.args, sample.forward_input.kwargs))
    kwargs = sample.constructor_input.kwargs
    if any(t.numel() == 0 or t.ndim == 0 for t in given) or "input" in sample.forward_input.kwargs:
        return False
    if kwargs.get("bias") is False and kind.startswith(("BatchNorm", "GroupNorm", "InstanceNorm")):
        return False  # a norm with weight and without bias: no such argument here
    if kind.startswith("BatchNorm") and None in sample.constructor_input.args:
        return False  # a cumulative average instead of a momentum
    return given[0].ndim >= RANKS.get(kind, 0)


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("info", MODULES, ids=lambda info: info.module_cls.__name__)
def test_torch_samples(info, training):
    kind = info.module_cls.__name__
    if training and kind in ("RReLU", "Dropout"):
        pytest.skip("draws random numbers")
    samples = info.module_inputs_func(info, device="cpu", dtype=torch.float32, requires_grad=False, training=training)
    samples = [s for s in samples if _is_comparable(kind, s)]
    for sample in samples[:: max(1, len(samples) // SAMPLES)]:
        kwargs = {k: v for k, v in sample.constructor_input.kwargs.items() if k not in ("device", "dtype")}
        made = (sample.constructor_input.args, kwargs)
        if any(callable(value) for value in (*made[0], *kwargs.values())):  # a function of torch
            continue
        call = (sample.forward_input.args, sample.forward_input.kwargs)
        compare_module("torch.nn." + kind, made, [call], training=training)
    if not samples:
        pytest.skip("no sample has a batch")


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "shape"),
    [
        ("Conv1d", (4, 6, 3), {"padding": 1, "stride": 2, "groups": 2}, (2, 4, 9)),
        ("Conv1d", (4, 6, 5), {"padding": "same", "dilation": 2, "bias": False}, (2, 4, 9)),
        ("Conv2d", (4, 6, (3, 1)), {"padding": (1, 0), "stride": (2, 1), "dilation": (1, 2)}, (2, 4, 9, 7)),
        ("Conv2d", (4, 4, 3), {"padding": 1, "groups": 4}, (2, 4, 5, 5)),
        ("Conv1d", (4, 6, 4), {"padding": "same", "padding_mode": "reflect"}, (2, 4, 9)),
        ("Conv2d", (4, 6, 3), {"padding": (1, 2), "padding_mode": "replicate"}, (2, 4, 5, 6)),
        ("Conv2d", (4, 6, 3, 2, 1, 1, 2, False, "circular"), {}, (2, 4, 5, 6)),
        ("Conv3d", (2, 3, 2), {"stride": 2}, (1, 2, 4, 4, 4)),
        ("Conv3d", (4, 6, 2), {"groups": 2, "padding": 1}, (1, 4, 4, 3, 4)),
        ("Conv3d", (4, 6, 3), {"padding": (1, 0, 2), "padding_mode": "circular"}, (1, 4, 4, 3, 4)),
        ("ConvTranspose1d", (4, 6, 4), {"stride": 2, "groups": 2, "padding": 1}, (2, 4, 5)),
        ("ConvTranspose2d", (4, 6, 3), {"stride": 2, "output_padding": 1, "groups": 2}, (2, 4, 5, 3)),
        ("ConvTranspose2d", (4, 4, 3), {"dilation": 2, "groups": 4, "bias": False}, (2, 4, 5, 3)),
        ("ConvTranspose2d", (4, 3, 2, 2, (0, 1), (1, 0)), {}, (2, 4, 5, 3)),
        ("ConvTranspose3d", (4, 6, 2), {"stride": 2, "groups": 2, "output_padding": (0, 1, 0)}, (1, 4, 3, 3, 3)),
        ("ConvTranspose1d", (4, 3, 4), {"stride": 2, "padding": 1}, (2, 4, 5)),
        ("ConvTranspose2d", (4, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}, (2, 4, 5, 3)),
        ("ConvTranspose3d", (2, 3, 2), {"stride": 2}, (1, 2, 3, 3, 3)),
        ("Upsample", (), {"scale_factor": 2, "mode": "bilinear", "align_corners": True}, (1, 2, 3, 4)),
        ("UpsamplingBilinear2d", (), {"scale_factor": 2}, (1, 2, 3, 4)),
        ("UpsamplingNearest2d", (), {"size": (5, 7)}, (1, 2, 3, 4)),
        ("PixelShuffle", (2,), {}, (2, 8, 3, 4)),
        ("PixelUnshuffle", (2,), {}, (2, 2, 4, 6)),
        ("ChannelShuffle", (2,), {}, (2, 4, 3)),
        ("Unfold", (3,), {"padding": 1, "stride": 2}, (2, 3, 6, 5)),
        ("Fold", ((6, 5), 3), {"padding": 1, "stride": 2}, (2, 27, 9)),
        ("Flatten", (), {}, (2, 3, 4)),
        ("Unflatten", (1, (2, 3)), {}, (2, 6, 4)),
        ("AdaptiveMaxPool1d", (3, True), {}, (2, 3, 7)),
        ("AdaptiveMaxPool2d", ((3, None),), {"return_indices": True}, (2, 3, 7, 4)),
        ("LPPool1d", (2, 3), {"stride": 2}, (2, 3, 7)),
        ("LPPool3d", (2, 2), {}, (1, 2, 4, 5, 4)),
        ("InstanceNorm2d", (3,), {"track_running_stats": True, "affine": True}, (2, 3, 4, 5)),
        ("MaxPool2d", (3, 2, 1), {"ceil_mode": True}, (2, 3, 6, 7)),
        ("MaxPool2d", (3,), {"return_indices": True, "stride": 2}, (2, 3, 7, 7)),
        ("MaxPool2d", (2,), {"dilation": 2}, (2, 3, 7, 7)),
        ("AvgPool2d", (3, 2, 1), {"count_include_pad": False}, (2, 3, 6, 7)),
        ("AvgPool2d", (3, 2, 1), {"ceil_mode": True}, (2, 3, 6, 7)),
        ("AvgPool2d", (2,), {"divisor_override": 3}, (2, 3, 6, 6)),
        ("AdaptiveAvgPool2d", (1,), {}, (2, 3, 6, 7)),
        ("AdaptiveAvgPool2d", ((4, None),), {}, (2, 3, 6, 7)),
        ("InstanceNorm2d", (3,), {"affine": True}, (2, 3, 4, 5)),
        ("LayerNorm", ((3, 4),), {}, (2, 3, 4)),
        ("LayerNorm", ([5],), {"eps": 1e-6}, (2, 5)),
        ("LayerNorm", (5,), {"elementwise_affine": False}, (2, 5)),
        ("RMSNorm", (5,), {"elementwise_affine": False, "eps": 1e-3}, (2, 5)),
        ("GELU", (), {"approximate": "tanh"}, (2, 5)),
        ("PReLU", (4,), {}, (2, 4, 3)),
        ("Bilinear", (3, 4, 2), {}, None),
    ],
)
def test_module(name, args, kwargs, shape):
    calls = ((normal(2, 3), normal(2, 4)), {}) if shape is None else ((normal(*shape),), {})
    compare_module("torch.nn." + name, (args, kwargs), [calls])


@pytest.mark.parametrize(
    ("name", "shape"), [("BatchNorm1d", (6, 3)), ("BatchNorm1d", (4, 3, 5)), ("BatchNorm2d", (2, 3, 4, 5)),
                        ("BatchNorm3d", (2, 3, 2, 2, 3))],
)  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"momentum": 0.3}, {"affine": False}, {"track_running_stats": False}])
def test_batch_norm_tracks_statistics_as_torch(name, shape, options):
    calls = [((normal(*shape, seed=seed) * 2 + 1,), {}) for seed in range(3)]
    compare_module("torch.nn." + name, ((3,), options), calls, training=True)
    compare_module("torch.nn." + name, ((3,), options), calls[:1])


def test_batch_norm_statistics_are_not_trained():
    norm = ENTRIES["torch.nn.BatchNorm2d"].python(3)
    assert sorted(norm.trainable_parameters()) == ["bias", "weight"]
    norm.unfreeze()
    assert sorted(norm.trainable_parameters()) == ["bias", "weight"]


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize(
    "options",
    [{}, {"num_layers": 2, "bidirectional": True, "batch_first": True}, {"bias": False, "batch_first": True}],
)
def test_recurrent_module(name, options):
    reference, converted, weights = make(name, 4, 3, **options)
    x = normal(2, 5, 4)
    compare(reference, converted, (x,), weights=weights)
    rows = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    state = normal(rows, 2 if options.get("batch_first") else 5, 3)
    initial = (state, state * 0.5) if name == "LSTM" else state
    compare(reference, converted, (x, initial), weights=weights)
    compare(reference, converted, (x[0],), weights=weights)


PACKING = [({"enforce_sorted": False}, [3, 5, 1]), ({}, [4, 4, 2])]


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("layers", [{}, {"num_layers": 2, "bidirectional": True, "batch_first": True}])
@pytest.mark.parametrize(("how", "lengths"), PACKING, ids=["unsorted", "sorted"])
def test_recurrent_module_of_packed_sequences(name, layers, how, lengths):
    reference, converted, _ = make(name, 4, 3, **layers)
    batch_first = layers.get("batch_first", False)
    padding = {"padding_value": -1.0, "total_length": 7}

    def through(module, pack, pad, tensor):
        def run(x):
            output, last = module(pack(x, tensor(lengths), batch_first=batch_first, **how))
            return *pad(output, batch_first=batch_first, **padding), last

        return run

    rules = [ENTRIES[f"torch.nn.utils.rnn.{rule}"].python for rule in ("pack_padded_sequence", "pad_packed_sequence")]
    packing = torch.nn.utils.rnn.pack_padded_sequence, torch.nn.utils.rnn.pad_packed_sequence
    x = normal(3, 6, 4) if batch_first else normal(6, 3, 4)
    compare(through(reference, *packing, torch.tensor), through(converted, *rules, mx.array), (x,))


@pytest.mark.parametrize("lengths", [[2, 3], [3, 0], [3]])
def test_lengths_that_torch_refuses(lengths):
    for pack, tensor in ((torch.nn.utils.rnn.pack_padded_sequence, torch.tensor), (ENTRIES["torch.nn.utils.rnn.pack_padded_sequence"].python, mx.array)):
        x = tensor(normal(4, 2, 3).tolist())
        with pytest.raises(RuntimeError):
            pack(x, tensor(lengths))


def test_recurrent_dropout_is_active_in_training_only():
    _, converted, _ = make("LSTM", 4, 3, num_layers=2, dropout=0.5)
    x = to_mlx(normal(5, 2, 4))
    assert mx.array_equal(converted(x)[0], converted(x)[0])
    converted.train()
    assert not mx.array_equal(converted(x)[0], converted(x)[0])


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_multi_head_attention(batch_first, bias):
    reference, converted, weights = make("MultiheadAttention", 8, 2, batch_first=batch_first, bias=bias)
    x, memory = normal(3, 5, 8), normal(3, 5, 8, seed=1)
    compare(reference, converted, (x, memory, memory), weights=weights)
    compare(reference, converted, (x, x, x), {"need_weights": False}, weights=weights)
    compare(reference, converted, (x, x, x), {"average_attn_weights": False}, weights=weights)
    length, batch = (5, 3) if batch_first else (3, 5)
    causal = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
    padding = torch.zeros(batch, length, dtype=torch.bool)
    padding[0, -1] = True
    compare(reference, converted, (x, x, x), {"attn_mask": causal, "key_padding_mask": padding}, weights=weights)
    added = normal(batch * 2, length, length)
    compare(reference, converted, (x, x, x), {"attn_mask": added}, gradients=False)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_transformer_stacks(norm_first, activation):
    options = {"activation": activation, "norm_first": norm_first, "batch_first": True, "dropout": 0.0}
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16, **options)
    reference = torch.nn.TransformerEncoder(layer, 2, torch.nn.LayerNorm(8), enable_nested_tensor=False).eval()
    converted_layer = ENTRIES["torch.nn.TransformerEncoderLayer"].python(8, 2, 16, **options)
    entry = ENTRIES["torch.nn.TransformerEncoder"]
    converted = entry.python(converted_layer, 2, nn.LayerNorm(8))
    weights = transfer(reference, converted, entry)
    converted.eval()
    x = normal(2, 5, 8)
    padding = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    reference.train()  # torch's fast path of evaluation zeroes padded rows; dropout is 0
    compare(reference, converted, (x,), {"src_key_padding_mask": padding}, weights=weights)
    reference, converted, weights = make(
        "Transformer", 8, 2, num_encoder_layers=1, num_decoder_layers=2, dim_feedforward=16, **options
    )
    mask = torch.nn.Transformer.generate_square_subsequent_mask(4)
    assert_close(mask, ENTRIES["torch.nn.Transformer.generate_square_subsequent_mask"].python(4), "mask")
    compare(reference, converted, (x, normal(2, 4, 8)), {"tgt_mask": mask}, gradients=False)


def test_transformer_layers_are_copies():
    layer = ENTRIES["torch.nn.TransformerEncoderLayer"].python(8, 2, 16)
    stack = ENTRIES["torch.nn.TransformerEncoder"].python(layer, 2)
    stack.layers[0].linear1.weight = mx.zeros((16, 8))
    assert np.abs(np.array(stack.layers[1].linear1.weight)).max() > 0


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_max_unpool_puts_values_back(axes):
    pool = getattr(torch.nn.functional, f"max_pool{axes}d")
    values, indices = pool(normal(2, 3, *(6, 8, 4)[:axes]), 2, return_indices=True)
    reference, converted, _ = make(f"MaxUnpool{axes}d", 2)
    compare(lambda x: reference(x, indices), lambda x: converted(x, to_mlx(indices)), (values,))


@pytest.mark.parametrize("name", ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"])
@pytest.mark.parametrize("affine", [False, True])
def test_instance_norm_tracks_statistics_as_torch(name, affine):
    options = {"affine": affine, "track_running_stats": True, "momentum": 0.3}
    shape = (2, 3, *(4, 5, 2)[: int(name[-2])])
    calls = [((normal(*shape, seed=seed) * 2 + 1,), {}) for seed in range(3)]
    compare_module("torch.nn." + name, ((3,), options), calls, training=True, gradients=False)
    compare_module("torch.nn." + name, ((3,), options), calls[:1])


@pytest.mark.parametrize(
    "options",
    [{"kdim": 6, "vdim": 5}, {"add_bias_kv": True}, {"add_zero_attn": True}, {"add_bias_kv": True, "add_zero_attn": True}],
)
@pytest.mark.parametrize("batch_first", [False, True])
def test_multi_head_attention_with_other_keys(options, batch_first):
    made = ((8, 2), {**options, "batch_first": batch_first})
    query = normal(3, 5, 8)
    key, value = normal(3, 5, options.get("kdim", 8), seed=1), normal(3, 5, options.get("vdim", 8), seed=2)
    length, batch = (5, 3) if batch_first else (3, 5)
    causal = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
    padding = torch.zeros(batch, length, dtype=torch.bool)
    padding[0, -1] = True
    calls = [((query, key, value), {}), ((query, key, value), {"attn_mask": causal, "key_padding_mask": padding})]
    compare_module("torch.nn.MultiheadAttention", made, calls)


@pytest.mark.parametrize("name", ["AlphaDropout", "FeatureAlphaDropout"])
def test_alpha_dropout_keeps_mean_and_variance(name):
    mx.random.seed(0)
    converted = ENTRIES["torch.nn." + name].python(0.3)
    x = mx.random.normal((2000, 50, 3))
    dropped = np.array(converted(x))
    assert abs(dropped.mean()) < 0.03
    assert abs(dropped.std() - 1) < 0.03
    limit = -1.7580993408473766
    low = np.isclose(dropped, limit * 0.7 * (0.7 * (1 + 0.3 * limit**2)) ** -0.5, atol=1e-6)
    assert abs(low.mean() - 0.3) < 0.01
    assert ((low.all(-1) != low.any(-1)).mean() < 1e-3) == (name == "FeatureAlphaDropout")
    converted.eval()
    assert mx.array_equal(converted(x), x)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_ctc_loss(reduction, zero_infinity):
    options = {"reduction": reduction, "zero_infinity": zero_infinity, "blank": 1}
    reference, converted, _ = make("CTCLoss", **options)
    targets = torch.tensor([[2, 2, 3, 0], [0, 4, 4, 4], [3, 0, 0, 0]])
    lengths = torch.tensor([9, 6, 4]), torch.tensor([4, 4, 0])
    rows = torch.cat([row[:n] for row, n in zip(targets, lengths[1], strict=True)])
    for given in (targets, rows):
        compare(
            lambda x, given=given: reference(x.log_softmax(-1), given, *lengths),
            lambda x, given=given: converted(nn.log_softmax(x, axis=-1), to_mlx(given), *to_mlx(lengths)),
            (normal(9, 3, 5),),
        )
    short = torch.tensor([3, 6, 4])  # four labels, two of them equal, have no alignment with three moments
    compare(
        lambda x: reference(x.log_softmax(-1), targets, short, lengths[1]),
        lambda x: converted(nn.log_softmax(x, axis=-1), to_mlx(targets), to_mlx(short), to_mlx(lengths[1])),
        (normal(9, 3, 5),),
        gradients=False,
    )


def test_triplet_loss_with_a_distance_of_ones_own():
    args = [normal(3, 4, seed=seed) for seed in range(3)]
    for options in ({}, {"swap": True, "margin": 0.3, "reduction": "none"}):
        reference = torch.nn.TripletMarginWithDistanceLoss(distance_function=lambda a, b: (a - b).abs().sum(-1), **options)
        entry = ENTRIES["torch.nn.TripletMarginWithDistanceLoss"].python
        compare(reference, entry(distance_function=lambda a, b: mx.abs(a - b).sum(axis=-1), **options), args)


def test_embedding():
    reference, converted, weights = make("Embedding", 7, 4)
    ids = torch.tensor([[1, 6, 0], [2, 2, 3]])
    compare(reference, converted, (ids,), weights=weights)
    reference, converted, weights = make("Embedding", 7, 4, padding_idx=2)
    compare(reference, converted, (ids,), weights=weights)
    assert not np.array(ENTRIES["torch.nn.Embedding"].python(7, 4, padding_idx=-1).weight[6]).any()
    rows = normal(7, 4)
    for options in ({"freeze": False}, {"freeze": False, "padding_idx": 2}):
        reference = torch.nn.Embedding.from_pretrained(rows, **options)
        converted = ENTRIES["torch.nn.Embedding.from_pretrained"].python(mx.array(rows.numpy()), **options)
        compare(reference, converted, (ids,), gradients=False)
        compare(reference, converted, (ids,), weights=transfer(reference, converted, ENTRIES["torch.nn.Embedding"]))
    frozen = ENTRIES["torch.nn.Embedding.from_pretrained"].python(mx.array(rows.numpy()))
    assert not frozen.trainable_parameters()
    for mode in ("mean", "sum", "max"):
        reference, converted, weights = make("EmbeddingBag", 7, 4, mode=mode)
        compare(reference, converted, (ids,), weights=weights)


@pytest.mark.parametrize("name", ["SoftMarginLoss", "PoissonNLLLoss", "BCEWithLogitsLoss", "CrossEntropyLoss"])
def test_loss_with_respect_to_its_input(name):
    target = (normal(4, 5) > 0).float()
    target = target * 2 - 1 if name == "SoftMarginLoss" else target
    for options in ({}, {"reduction": "sum"}):
        reference, converted, _ = make(name, **options)
        compare(lambda x, r=reference: r(x, target), lambda x, c=converted: c(x, to_mlx(target)), (normal(4, 5),))


def test_loss_weights_are_saved_but_not_trained():
    weight = normal(5).abs()
    loss = ENTRIES["torch.nn.CrossEntropyLoss"].python(to_mlx(weight))
    assert [name for name, _ in tree_flatten(loss.parameters())] == ["weight"]
    assert tree_flatten(loss.trainable_parameters()) == []


def test_dropout_modules():
    for name, shape in (("Dropout", (50, 40)), ("Dropout1d", (50, 40, 3)), ("Dropout2d", (50, 40, 3, 2)),
                        ("Dropout3d", (50, 40, 3, 2, 2))):  # fmt: skip
        module = ENTRIES["torch.nn." + name].python(0.25)
        x = mx.ones(shape)
        dropped = np.array(module(x)).reshape(50, 40, -1)
        assert np.allclose(np.unique(dropped), [0, 1 / 0.75])
        assert (dropped.min(-1) == dropped.max(-1)).all()
        assert abs(dropped.mean() - 1) < 0.1
        module.eval()
        assert mx.array_equal(module(x), x)


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("Conv2d", (3, 4, 2), {"padding": "same"}),
        ("ConvTranspose2d", (4, 4, 3), {"padding": 3}),
        ("LSTM", (3, 4), {"proj_size": 2}),
        ("Embedding", (3, 4), {"max_norm": 1.0}),
    ],
)
def test_options_that_would_change_numbers_are_refused(name, args, kwargs):
    with pytest.raises(NotImplementedError):
        ENTRIES["torch.nn." + name].python(*args, **kwargs)


def test_containers():
    layers = [nn.Linear(2, 2), nn.ReLU()]
    assert ENTRIES["torch.nn.ModuleList"].python(layers) == layers
    assert ENTRIES["torch.nn.ModuleList"].python() == []
    assert ENTRIES["torch.nn.ModuleDict"].python({"a": layers[0]}) == {"a": layers[0]}
    sequence = ENTRIES["torch.nn.Sequential"].python(*layers)
    assert [name for name, _ in tree_flatten(sequence.parameters())] == ["layers.0.weight", "layers.0.bias"]
    x = mx.ones((1, 2))
    assert mx.array_equal(sequence(x), nn.relu(layers[0](x)))
    assert ENTRIES["torch.nn.Parameter"].python(x, requires_grad=False) is x


@pytest.mark.parametrize("method", ["add", "add_relu", "mul", "matmul", "add_scalar", "mul_scalar", "cat"])
def test_arithmetic_that_can_be_quantized(method):
    x, y = np.random.default_rng(0).standard_normal((2, 3, 3)).astype(np.float32)
    other = {"add_scalar": lambda to: 2.5, "mul_scalar": lambda to: 2.5}.get(method, lambda to: to(y))

    def result(module, to):
        given = ([to(x), other(to)], 1) if method == "cat" else (to(x), other(to))
        return np.array(getattr(module, method)(*given))

    converted = ENTRIES["torch.ao.nn.quantized.FloatFunctional"].python()
    np.testing.assert_allclose(result(converted, mx.array), result(torch.ao.nn.quantized.FloatFunctional(), torch.from_numpy), rtol=1e-6)


@pytest.mark.parametrize("api", ["utils.weight_norm", "utils.parametrizations.weight_norm"])
@pytest.mark.parametrize(
    ("kind", "args", "shape"),
    [("Linear", (4, 3), (2, 4)), ("Conv1d", (4, 6, 3), (2, 4, 7)), ("ConvTranspose1d", (4, 3, 2), (2, 4, 5))],
)
def test_weight_norm(api, kind, args, shape):
    make_norm = (
        torch.nn.utils.weight_norm if api == "utils.weight_norm" else torch.nn.utils.parametrizations.weight_norm
    )
    reference = make_norm(getattr(torch.nn, kind)(*args))
    converted = ENTRIES["torch.nn." + api].python(ENTRIES["torch.nn." + kind].python(*args))
    generator = torch.Generator().manual_seed(0)
    for parameter in reference.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=generator))
    state = {name: to_mlx(value) for name, value in reference.state_dict().items()}
    converted.load_weights(list(converted.sanitize_own(state).items()), strict=True)
    names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    axes = {"Linear": None, "Conv1d": (0, 2, 1), "ConvTranspose1d": (1, 2, 0)}[kind]
    weights = [
        (parameter, names.get(name, name), None if name == "bias" else axes)
        for name, parameter in reference.named_parameters()
    ]
    compare(reference, converted, (normal(*shape),), weights=weights)
    assert sorted(converted.parameters()) == ["bias", "weight_g", "weight_v"]
    plain = ENTRIES["torch.nn.utils.remove_weight_norm"].python(converted)
    assert sorted(plain.parameters()) == ["bias", "weight"]
    compare(reference, plain, (normal(*shape),), gradients=False)


@pytest.mark.parametrize("api", ["utils.spectral_norm", "utils.parametrizations.spectral_norm"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("kind", "args", "shape"),
    [("Linear", (4, 3), (2, 4)), ("Conv2d", (4, 6, 3), (2, 4, 7, 7)), ("ConvTranspose1d", (4, 3, 2), (2, 4, 5))],
)
def test_spectral_norm(api, training, kind, args, shape):
    make_norm = torch.nn.utils.spectral_norm if api == "utils.spectral_norm" else torch.nn.utils.parametrizations.spectral_norm
    reference = make_norm(getattr(torch.nn, kind)(*args)).train(training)
    converted = ENTRIES["torch.nn." + api].python(ENTRIES["torch.nn." + kind].python(*args)).train(training)
    state = {name: to_mlx(value) for name, value in reference.state_dict().items()}
    converted.load_weights(list(converted.sanitize_own(state).items()), strict=True)
    original = {"Linear": None, "Conv2d": (0, 2, 3, 1), "ConvTranspose1d": (1, 2, 0)}[kind]
    weights = [
        (parameter, "bias" if name == "bias" else "weight_orig", None if name == "bias" else original)
        for name, parameter in reference.named_parameters()
    ]
    # In training each call takes a step: gradients would be those of the next one.
    compare(reference, converted, (normal(*shape),), weights=weights, gradients=not training)
    assert sorted(converted.parameters()) == ["bias", "weight_orig", "weight_u", "weight_v"]
    assert sorted(converted.trainable_parameters()) == ["bias", "weight_orig"]
    if api == "utils.spectral_norm" and not training:
        assert mx.allclose(converted.weight_u, to_mlx(reference.weight_u))


@pytest.mark.parametrize("dim", [0, None])
def test_weight_norm_ignores_what_is_written_to_the_weight(dim):
    layer = ENTRIES["torch.nn.utils.weight_norm"].python(nn.Linear(3, 2), dim=dim)
    before = layer(mx.ones((1, 3)))
    layer.weight = mx.zeros((2, 3))
    assert mx.array_equal(layer(mx.ones((1, 3))), before)
    reference = torch.nn.utils.weight_norm(torch.nn.Linear(3, 2), dim=dim)
    assert layer.weight_g.shape == tuple(reference.weight_g.shape)


def test_named_sequence():
    named = {"first": nn.Linear(3, 4, bias=False), "act": nn.ReLU()}
    sequence = ENTRIES["torch.nn.Sequential"].python(named)
    ENTRIES["torch.nn.Module.add_module"].python(sequence, "last", nn.Linear(4, 2))
    x = to_mlx(normal(2, 3))
    assert mx.array_equal(sequence(x), sequence["last"](nn.relu(named["first"](x))))
    assert [name for name, _ in tree_flatten(sequence.parameters())] == ["first.weight", "last.weight", "last.bias"]


def test_methods_of_modules():
    module = nn.Sequential(nn.Linear(3, 4), ENTRIES["torch.nn.BatchNorm1d"].python(4))
    seen = []
    ENTRIES["torch.nn.Module.apply"].python(module, lambda part: seen.append(type(part).__name__))
    assert sorted(seen) == ["BatchNorm", "Linear", "Sequential"]
    trained = list(ENTRIES["torch.nn.Module.parameters"].python(module))
    assert sorted(array.shape for array in trained) == [(4,), (4,), (4,), (4, 3)]  # not the running statistics
    children, table = [], {}
    ENTRIES["torch.nn.Module.add_module"].python(children, "0", module)
    ENTRIES["torch.nn.Module.add_module"].python(table, "a", module)
    assert children == [module]
    assert table == {"a": module}
    with pytest.raises(NotImplementedError):
        ENTRIES["torch.nn.Module.add_module"].python(module, "name", nn.ReLU())
    half = ENTRIES["torch.nn.Module.half"].python(module)
    assert half is module
    assert module.layers[0].weight.dtype == mx.float16
    assert module.layers[1].num_batches_tracked.dtype == mx.int32
    assert ENTRIES["torch.nn.Module.to"].python(module, mx.float32).layers[0].bias.dtype == mx.float32
    ENTRIES["torch.nn.Module.requires_grad_"].python(module, False)
    assert tree_flatten(module.trainable_parameters()) == []
