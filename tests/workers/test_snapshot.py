"""What a model keeps between calls, in arrays and in plain attributes, is put back alike on both sides."""

import mlx.core as mx
import mlx.nn
import torch

from mlxify.workers.mlx_framework import MlxFramework
from mlxify.workers.torch_framework import TorchFramework


class TorchReference(torch.nn.Module):
    """Keeps the mean of one call for the next, which forgets it."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean, self.mean = (x.mean(), x.mean()) if self.mean is None else (self.mean, None)
        self.calls = getattr(self, "calls", 0) + 1
        return x - mean


class MlxReference(mlx.nn.Module):
    """The same."""

    def __init__(self) -> None:
        super().__init__()
        self._mean = None

    def __call__(self, x: mx.array) -> mx.array:
        mean, self._mean = (x.mean(), x.mean()) if self._mean is None else (self._mean, None)
        self.calls = getattr(self, "calls", 0) + 1
        return x - mean


def test_attributes_of_pytorch_are_put_back() -> None:
    framework, model = TorchFramework(), TorchReference()
    restore = framework.snapshot(model)
    model(torch.ones(3))
    kept = framework.snapshot(model)
    restore()
    assert model.mean is None and not hasattr(model, "calls")
    kept()
    assert model.mean is not None and model.calls == 1


def test_attributes_of_mlx_are_put_back() -> None:
    framework, model = MlxFramework(), MlxReference()
    restore = framework.snapshot(model)
    model(mx.ones(3))
    kept = framework.snapshot(model)
    model(mx.ones(3))
    assert model._mean is None
    kept()
    assert model._mean.item() == 1 and model.calls == 1
    restore()
    assert model._mean is None and not hasattr(model, "calls")
    model(mx.zeros(3))
    assert model._mean.item() == 0


class MlxGrid(mlx.nn.Module):
    """Keeps arrays of one call in a list."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = None

    def __call__(self, x: mx.array) -> mx.array:
        if self._grid is None:
            self._grid = [x + 1, x + 2]
        first, second = self._grid
        return first * second


def test_lists_of_arrays_of_mlx_are_put_back() -> None:
    framework, model = MlxFramework(), MlxGrid()
    restore = framework.snapshot(model)
    model(mx.ones(2))
    restore()
    assert model._grid is None
    assert model(mx.zeros(2)).tolist() == [2, 2]


class TorchConstant(torch.nn.Module):
    """Its buffer is a view of a constant of the class."""

    SCALE = torch.ones(2, 2)

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", self.SCALE[0])


def test_buffers_do_not_share_memory_with_constants() -> None:
    framework, model = TorchFramework(), TorchConstant()
    framework.separate(model)
    model.scale.fill_(3)
    assert TorchConstant.SCALE.sum() == 4


def test_weights_that_were_written_to_are_put_back_and_others_stay_where_they_are() -> None:
    framework, model = TorchFramework(), torch.nn.BatchNorm1d(3)
    zeros, nothing = torch.zeros(3), torch.full((3,), torch.nan)
    model.bias.data, model.running_mean = zeros.clone(), nothing.clone()
    addresses = [tensor.data_ptr() for tensor in (model.weight, model.bias, model.running_mean)]
    for _ in range(2):  # the second time by the values of the first snapshot
        restore = framework.snapshot(model)
        model.bias.data.neg_()
        model.running_var.add_(1)
        model.num_batches_tracked += 1
        restore()
        assert not model.bias.signbit().any() and (model.running_var == 1).all() and model.num_batches_tracked == 0
        assert model.weight.data_ptr() == addresses[0] and model.running_mean.data_ptr() == addresses[2]
    model.weight.data.fill_(2)
    restore = framework.snapshot(model)
    model.weight.data = torch.ones(3)
    restore()
    restore()
    assert (model.weight == 2).all(), "what was written between two snapshots is kept"


def test_weights_of_any_dtype_are_put_back() -> None:
    framework = TorchFramework()
    for dtype in (torch.bool, torch.bfloat16, torch.float64, torch.complex64, torch.complex128):
        model = torch.nn.Module()
        model.register_buffer("table", torch.ones(2, 3, dtype=dtype).T)
        restore = framework.snapshot(model)
        model.table.zero_()
        restore()
        assert (model.table == 1).all(), dtype
        assert model.table.stride() == (1, 3)
