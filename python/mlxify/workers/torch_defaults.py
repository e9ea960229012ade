"""Which parameters of a new model hold what PyTorch's own layers put there, untouched by the model's code."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch

_RESETS = ("reset_parameters", "_reset_parameters")


class Defaults:
    """What was put into each parameter last by a `reset_parameters` of torch.nn."""

    def __init__(self) -> None:
        self._by_identity: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._contents: set[bytes] = set()

    def record(self, module: torch.nn.Module) -> None:
        for parameter in module.parameters():
            if isinstance(parameter, torch.nn.parameter.UninitializedTensorMixin):
                continue
            value = parameter.detach().clone()
            self._by_identity[id(parameter)] = (parameter, value)
            if value.numel() > 1 and value.min() != value.max():  # a random one is known again in a deep copy
                self._contents.add(_content(value))

    def untouched(self, parameter: torch.Tensor) -> bool:
        kept = self._by_identity.get(id(parameter))
        if kept is not None:
            return torch.equal(kept[1], parameter.detach())
        return _content(parameter.detach()) in self._contents


def _content(value: torch.Tensor) -> bytes:
    return value.double().contiguous().numpy().tobytes()


@contextlib.contextmanager
def recorded() -> Iterator[Defaults]:
    """Keeps, while it is entered, what the layers of torch.nn initialise themselves with."""
    defaults = Defaults()

    def watched(reset: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(reset)
        def call(self: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
            result = reset(self, *args, **kwargs)
            defaults.record(self)
            return result

        return call

    replaced = []
    for owner in _classes(torch.nn.Module):
        for name in _RESETS:
            reset = vars(owner).get(name)
            if owner.__module__.startswith("torch.nn.") and callable(reset):
                replaced.append((owner, name, reset))
                setattr(owner, name, watched(reset))
    try:
        yield defaults
    finally:
        for owner, name, reset in replaced:
            setattr(owner, name, reset)


def _classes(base: type) -> list[type]:
    found = [base]
    for owner in found:
        found += [below for below in owner.__subclasses__() if below not in found]
    return found
