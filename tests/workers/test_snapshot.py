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
