"""Gradients that the torch worker takes: what PyTorch gets wrong or refuses there."""

from __future__ import annotations

import pytest
import torch
from torch.utils.checkpoint import CheckpointFunction, checkpoint

from mlxify.workers import torch_checkpoints
from mlxify.workers.torch_framework import TorchFramework


class Turned(torch.nn.Module):
    """A batch norm whose gradient comes back with its axes in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return self.norm(x).permute(2, 3, 0, 1).reshape(-1, 4) * weight


def test_batch_norm_of_a_single_image() -> None:
    torch.manual_seed(0)
    model = Turned().eval()
    x, weight = torch.randn(1, 4, 5, 6), torch.randn(30, 4)
    found, _ = TorchFramework().gradients(model, {"x": x}, lambda inputs: model(inputs["x"], weight).sum())
    assert torch.allclose(found["norm.bias"], weight.sum(0), atol=1e-5)


class Target(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        target.requires_grad = False
        return (x * self.scale - target).square()


def test_an_input_that_is_made_a_constant_has_no_gradient() -> None:
    model = Target()
    inputs = {"x": torch.randn(3), "target": torch.randn(3)}
    parameters, found = TorchFramework().gradients(model, inputs, lambda given: model(**given).sum())
    assert found["target"] is None
    assert torch.allclose(found["x"], 2 * (inputs["x"] - inputs["target"]))
    assert parameters["scale"] is not None


def fill(x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        x.mul_(2)
    return x


def test_what_is_filled_without_history_has_no_gradient() -> None:
    inputs = {"x": torch.randn(3), "y": torch.randn(3)}
    _, found = TorchFramework().gradients(fill, inputs, lambda given: (fill(given["x"]) * given["y"]).sum())
    assert found["x"] is None
    assert torch.allclose(found["y"], 2 * inputs["x"])
    _, found = TorchFramework().gradients(fill, inputs, lambda given: (given["x"].mul_(2) * 3).sum())
    assert torch.allclose(found["x"], torch.full((3,), 6.0))


class Counted(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scale * float(x.numpy().sum())


def test_an_input_that_leaves_torch_has_no_gradient_and_the_parameters_have_theirs() -> None:
    model, x = Counted(), torch.full((3,), 2.0)
    by_parameter, by_input = TorchFramework().gradients(model, {"x": x}, lambda inputs: model(inputs["x"]).sum())
    assert by_parameter["scale"].tolist() == [6.0] and by_input == {}


class Checkpointed(torch.nn.Module):
    """Reentrant, as checkpoints are by default."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(3.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return checkpoint(lambda y: y.square() * self.scale, x, use_reentrant=True)


def test_a_reentrant_checkpoint_has_the_gradients_of_its_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CheckpointFunction, "apply", CheckpointFunction.apply)  # put back afterwards
    torch_checkpoints.compute_once()
    model, x = Checkpointed(), torch.tensor([1.0, 2.0])
    parameters, found = TorchFramework().gradients(model, {"x": x}, lambda given: model(**given).sum())
    assert parameters["scale"] == 5.0
    assert found["x"].tolist() == [6.0, 12.0]
    assert not model(x).requires_grad  # no argument asks for a gradient: there is none, of the parameter either
