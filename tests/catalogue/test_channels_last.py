"""Entries for channels last against torch, which has channels first: values, gradients, statistics."""

import mlx.core as mx
import pytest
import torch
import torch.nn.functional as F
from nn_parity import ENTRIES, assert_close, compare, entry_for, transfer

PREFIX = "mlxify.channels_last."
MODULES = [
    ("Conv1d", (4, 6, 3), {"padding": 1, "stride": 2}, (2, 4, 9)),
    ("Conv2d", (4, 6, 3), {"padding": "same", "dilation": 2}, (2, 4, 9, 7)),
    ("Conv2d", (4, 6, (3, 1)), {"padding": (1, 0), "stride": (2, 1), "groups": 2, "bias": False}, (2, 4, 9, 7)),
    ("Conv3d", (3, 4, 3), {"padding": 1}, (1, 3, 4, 5, 6)),
    ("Conv1d", (4, 6, 4), {"padding": "same", "padding_mode": "reflect"}, (2, 4, 9)),
    ("Conv2d", (4, 6, 3), {"padding": (1, 2), "padding_mode": "replicate", "groups": 2}, (2, 4, 5, 6)),
    ("Conv3d", (4, 6, 3), {"padding": (1, 0, 2), "groups": 2}, (1, 4, 4, 3, 4)),
    ("ConvTranspose1d", (4, 6, 3), {"stride": 2, "groups": 2}, (2, 4, 5)),
    ("ConvTranspose2d", (4, 6, 3), {"stride": 3, "output_padding": (2, 1), "bias": False}, (2, 4, 5, 6)),
    ("ConvTranspose3d", (4, 4, 2), {"stride": 2, "groups": 2}, (1, 4, 3, 4, 2)),
    ("MaxPool2d", (3,), {"stride": 2, "ceil_mode": True, "dilation": 2, "padding": 1}, (2, 3, 9, 8)),
    ("AvgPool2d", (3,), {"stride": 2, "ceil_mode": True, "padding": 1}, (2, 3, 8, 9)),
    ("AvgPool1d", (3,), {"stride": 2, "ceil_mode": True, "padding": 1, "count_include_pad": False}, (2, 3, 8)),
    ("ConvTranspose1d", (4, 6, 3), {"stride": 2}, (2, 4, 5)),
    ("ConvTranspose2d", (4, 6, 3), {"stride": 2, "padding": 1, "output_padding": 1}, (2, 4, 5, 6)),
    ("ConvTranspose3d", (3, 4, 2), {"stride": 2}, (1, 3, 3, 4, 2)),
    ("BatchNorm1d", (4,), {}, (3, 4, 5)),
    ("BatchNorm2d", (4,), {"eps": 1e-3}, (3, 4, 5, 6)),
    ("BatchNorm3d", (4,), {}, (2, 4, 3, 2, 3)),
    ("GroupNorm", (2, 6), {}, (2, 6, 4, 5)),
    ("GroupNorm", (3, 6), {"eps": 1e-3, "affine": False}, (2, 6, 7)),
    ("InstanceNorm1d", (4,), {"affine": True}, (2, 4, 7)),
    ("InstanceNorm2d", (4,), {}, (2, 4, 5, 6)),
    ("InstanceNorm3d", (4,), {"affine": True}, (2, 4, 3, 4, 2)),
    ("MaxPool1d", (3,), {"stride": 2, "padding": 1}, (2, 3, 9)),
    ("MaxPool2d", (3,), {"stride": 2, "padding": 1}, (2, 3, 9, 8)),
    ("MaxPool2d", (3,), {"stride": 2, "ceil_mode": True, "dilation": 1}, (2, 3, 8, 8)),
    ("MaxPool3d", (2,), {}, (1, 2, 4, 4, 6)),
    ("AvgPool1d", (3,), {"stride": 2}, (2, 3, 9)),
    ("AvgPool2d", ((2, 3),), {"padding": (1, 1)}, (2, 3, 8, 9)),
    ("AvgPool2d", (3,), {"stride": 2, "padding": 1, "count_include_pad": False}, (2, 3, 8, 9)),
    ("AvgPool3d", (2,), {}, (1, 2, 4, 4, 6)),
    ("AdaptiveAvgPool1d", (3,), {}, (2, 3, 7)),
    ("AdaptiveAvgPool2d", ((3, None),), {}, (2, 3, 8, 5)),
    ("AdaptiveAvgPool2d", (1,), {}, (2, 3, 8, 5)),
    ("AdaptiveAvgPool3d", (2,), {}, (1, 2, 4, 5, 6)),
    ("AdaptiveMaxPool1d", (3,), {}, (2, 3, 7)),
    ("AdaptiveMaxPool2d", (3,), {}, (2, 3, 7, 9)),
    ("AdaptiveMaxPool3d", (2,), {}, (1, 2, 4, 5, 6)),
    ("ZeroPad1d", (2,), {}, (2, 3, 5)),
    ("ZeroPad2d", ((1, -1, 2, 0),), {}, (2, 3, 5, 6)),
    ("ZeroPad3d", (1,), {}, (1, 2, 3, 4, 5)),
    ("ConstantPad1d", (1, 0.5), {}, (2, 3, 5)),
    ("ConstantPad2d", ((1, 0, 0, 2), 0.5), {}, (2, 3, 5, 6)),
    ("ReflectionPad1d", (2,), {}, (2, 3, 5)),
    ("ReflectionPad2d", ((1, 2, 0, 1),), {}, (2, 3, 5, 6)),
    ("ReplicationPad1d", (2,), {}, (2, 3, 5)),
    ("ReplicationPad2d", (1,), {}, (2, 3, 5, 6)),
    ("PixelShuffle", (2,), {}, (2, 12, 3, 4)),
    ("PixelUnshuffle", (2,), {}, (2, 3, 6, 4)),
    ("Upsample", (), {"scale_factor": 2}, (2, 3, 4, 5)),
    ("Upsample", (), {"size": (7, 6), "mode": "bilinear", "align_corners": True}, (2, 3, 4, 5)),
    ("Upsample", (), {"scale_factor": (2.0, 1.5), "mode": "bicubic", "align_corners": False}, (2, 3, 4, 6)),
    ("Upsample", (), {"scale_factor": 2, "mode": "linear"}, (2, 3, 4)),
    ("UpsamplingNearest2d", (), {"scale_factor": 2}, (2, 3, 4, 5)),
    ("UpsamplingBilinear2d", (), {"size": (6, 7)}, (2, 3, 4, 5)),
    ("PReLU", (3,), {}, (2, 3, 4, 5)),
    ("PReLU", (), {}, (2, 3, 4)),
    ("LocalResponseNorm", (3,), {"alpha": 0.1}, (2, 5, 3, 4)),
    ("Dropout2d", (0.3,), {}, (2, 5, 3, 4)),
]
FUNCTIONS = [
    ("interpolate", {"scale_factor": 2}, (2, 3, 4, 5)),
    ("interpolate", {"size": (7, 6), "mode": "bilinear", "align_corners": False}, (2, 3, 4, 5)),
    ("interpolate", {"scale_factor": 0.5, "mode": "area"}, (2, 3, 4, 6)),
    ("upsample", {"scale_factor": 2, "mode": "nearest"}, (2, 3, 4, 6)),
    ("max_pool2d", {"kernel_size": 3, "stride": 2, "padding": 1}, (2, 3, 8, 9)),
    ("max_pool2d", {"kernel_size": 3, "stride": 2, "ceil_mode": True}, (2, 3, 8, 9)),
    ("avg_pool2d", {"kernel_size": 3, "stride": (2, 1)}, (2, 3, 8, 9)),
    ("avg_pool2d", {"kernel_size": 3, "padding": 1, "count_include_pad": False}, (2, 3, 8, 9)),
    ("adaptive_avg_pool2d", {"output_size": 1}, (2, 3, 8, 9)),
    ("adaptive_avg_pool2d", {"output_size": (3, 2)}, (2, 3, 8, 9)),
    ("adaptive_max_pool2d", {"output_size": (1, 1)}, (2, 3, 8, 9)),
    ("adaptive_max_pool2d", {"output_size": 3}, (2, 3, 8, 9)),
    ("pixel_shuffle", {"upscale_factor": 2}, (2, 12, 3, 4)),
    ("pixel_unshuffle", {"downscale_factor": 2}, (2, 3, 4, 6)),
    ("pad", {"pad": (1, 2, 0, 1)}, (2, 3, 4, 5)),
    ("pad", {"pad": (1, 2, -1, 1), "value": 0.5}, (2, 3, 4, 5)),
    ("pad", {"pad": (1, 2, 1, 1), "mode": "reflect"}, (2, 3, 4, 5)),
    ("pad", {"pad": (1, 2, 1, 1), "mode": "replicate"}, (2, 3, 4, 5)),
]


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed + sum(shape)))


def called_channels_first(module):
    """The module, called with an array in torch's layout."""

    class Adapted(type(module)):
        def __call__(self, x):
            return mx.moveaxis(super().__call__(mx.moveaxis(x, 1, -1)), -1, 1)

    module.__class__ = Adapted
    return module


@pytest.mark.parametrize(("name", "args", "kwargs", "shape"), MODULES)
def test_module(name, args, kwargs, shape):
    entry = entry_for(PREFIX + "torch.nn." + name, args, kwargs)
    reference = getattr(torch.nn, name)(*args, **kwargs).eval()
    converted = called_channels_first(entry.python(*args, **kwargs))
    converted.eval()
    weights = transfer(reference, converted, entry)
    compare(reference, converted, [normal(*shape)], weights=weights)


@pytest.mark.parametrize(("name", "kwargs", "shape"), FUNCTIONS)
def test_function(name, kwargs, shape):
    entry = ENTRIES[PREFIX + "torch.nn.functional." + name]

    def converted(x):
        return mx.moveaxis(entry.python(mx.moveaxis(x, 1, -1), **kwargs), -1, 1)

    compare(lambda x: getattr(F, name)(x, **kwargs), converted, [normal(*shape)])


@pytest.mark.parametrize("options", [{}, {"bias": True, "stride": 2, "padding": (1, 0), "groups": 2}])
def test_convolution_of_a_raw_kernel(options):
    entry = ENTRIES[PREFIX + "torch.nn.functional.conv2d"]
    kernel = normal(6, 4 // options.get("groups", 1), 3, 3)
    bias = normal(6) if options.pop("bias", False) else None

    def converted(x, kernel, *bias):
        return mx.moveaxis(entry.python(mx.moveaxis(x, 1, -1), kernel, *bias, **options), -1, 1)

    given = [normal(2, 4, 7, 6), kernel] + ([] if bias is None else [bias])
    compare(lambda *tensors: F.conv2d(*tensors, **options), converted, given)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 4), (2, 3)])
def test_flatten_has_the_order_of_torch(shape):
    converted = ENTRIES[PREFIX + "torch.nn.Flatten"].python()
    x = normal(*shape)
    assert_close(torch.nn.Flatten()(x), converted(mx.moveaxis(mx.array(x.numpy()), 1, -1)), "flattened")


@pytest.mark.parametrize(
    ("name", "shape"), [("BatchNorm2d", (3, 4, 5, 6)), ("BatchNorm3d", (2, 4, 3, 2, 3)), ("BatchNorm1d", (6, 4))]
)
def test_batch_norm_tracks_statistics_as_torch(name, shape):
    entry = ENTRIES[PREFIX + "torch.nn." + name]
    reference, converted = getattr(torch.nn, name)(4), called_channels_first(entry.python(4))
    transfer(reference, converted, entry)
    x = normal(*shape)
    assert_close(reference(x), converted(mx.array(x.numpy())), "output")
    for statistic in ("running_mean", "running_var"):
        assert_close(getattr(reference, statistic), converted[statistic], statistic)
    assert converted.num_batches_tracked.item() == 1
    assert "num_batches_tracked" not in converted.trainable_parameters()


def test_dropout_takes_whole_channels():
    converted = ENTRIES[PREFIX + "torch.nn.Dropout2d"].python(0.5)
    kept = converted(mx.ones((4, 5, 6, 32))).sum(axis=(1, 2)) / 30
    assert set(kept.flatten().tolist()) == {0.0, 2.0}


@pytest.mark.parametrize("options", [{}, {"bias": True, "stride": (2,), "padding": (1,), "groups": 2, "dilation": 2}])
def test_one_dimensional_convolution_of_a_raw_kernel(options):
    entry = ENTRIES[PREFIX + "torch.nn.functional.conv1d"]
    kernel = normal(6, 4 // options.get("groups", 1), 3)
    bias = normal(6) if options.pop("bias", False) else None

    def converted(x, kernel, *bias):
        return mx.moveaxis(entry.python(mx.moveaxis(x, 1, -1), kernel, *bias, **options), -1, 1)

    given = [normal(2, 4, 9), kernel] + ([] if bias is None else [bias])
    compare(lambda *tensors: F.conv1d(*tensors, **options), converted, given)
