"""Which parameters of a new model hold what PyTorch's own layers put there, untouched by the model's code."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import torch

_RESETS = ("reset_parameters", "_reset_parameters")


class Defaults:
    """What was put into each parameter last by a `reset_parameters` of torch.nn, as digests."""

    def __init__(self) -> None:
        self._by_identity: dict[int, tuple[torch.Tensor, bytes]] = {}  # the parameter itself, so that its identity stays its own
        self._random: set[bytes] = set()

    def record(self, module: torch.nn.Module) -> None:
        for parameter in module.parameters():
            if isinstance(parameter, torch.nn.parameter.UninitializedTensorMixin):
                continue
            content = _digest(parameter)
            self._by_identity[id(parameter)] = (parameter, content)
            if parameter.numel() > 1 and parameter.min() != parameter.max():  # a random one is known again in any copy
                self._random.add(content)
                if parameter.is_floating_point():
                    self._random.update(_digest(magnitude) for magnitude in _magnitudes(parameter))

    def copied(self, parameter: torch.Tensor, copy: torch.Tensor) -> None:
        """A deep copy of what a layer put there is what the layer put there, too."""
        kept = self._by_identity.get(id(parameter))
        if kept is not None and copy is not parameter:
            self._by_identity[id(copy)] = (copy, kept[1])

    def untouched(self, parameter: torch.Tensor) -> bool:
        content = _digest(parameter)
        kept = self._by_identity.get(id(parameter))
        return content in self._random if kept is None else content == kept[1]


def _magnitudes(weight: torch.Tensor) -> Iterator[torch.Tensor]:
    """What `weight_norm` makes of a weight, which it keeps beside it: its norm along each of its axes, and over all."""
    for axis in range(-1, weight.ndim if weight.ndim > 1 else -1):
        yield torch.norm_except_dim(weight.detach(), 2, axis)


def _digest(value: torch.Tensor) -> bytes:
    with torch.no_grad():
        data = value.detach().clone(memory_format=torch.contiguous_format).reshape(-1).view(torch.uint8).numpy()
    return hashlib.blake2b(data, digest_size=16).digest()


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

    def copying(copy: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(copy)
        def call(self: torch.nn.Parameter, memo: Any) -> Any:
            result = copy(self, memo)
            defaults.copied(self, result)
            return result

        return call

    replaced = [(torch.nn.Parameter, "__deepcopy__", torch.nn.Parameter.__deepcopy__)]
    torch.nn.Parameter.__deepcopy__ = copying(torch.nn.Parameter.__deepcopy__)  # type: ignore[method-assign]
    for owner in _library_classes():
        for name in _RESETS:
            reset = vars(owner).get(name)
            if callable(reset):
                replaced.append((owner, name, reset))
                setattr(owner, name, watched(reset))
    try:
        yield defaults
    finally:
        for owner, name, reset in replaced:
            setattr(owner, name, reset)


@contextlib.contextmanager
def empty_memory_marked() -> Iterator[None]:
    """While it is entered, `torch.empty` and its like give NaN: what a model leaves so begins with anything."""
    # torch.use_deterministic_algorithms, which sets this, imports the whole of torch._inductor: more than all constructions take
    deterministic = torch._C._set_deterministic_algorithms
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory
    deterministic(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = True
    try:
        yield
    finally:
        deterministic(before[0], warn_only=before[1])
        torch.utils.deterministic.fill_uninitialized_memory = filled


def fill_marked(tensor: torch.Tensor, number: float) -> None:
    """Puts `number` where `empty_memory_marked` has left its marks: NaN, of integers the largest."""
    if tensor.is_floating_point() or tensor.is_complex():
        marked = torch.isnan(tensor)
    elif tensor.dtype in (torch.int64, torch.int32):
        marked = tensor == torch.iinfo(tensor.dtype).max
    else:
        return
    if marked.any():
        tensor.masked_fill_(marked, number)


def _library_classes() -> list[type]:
    """Every module class of torch.nn, those included that it does not export."""
    found: dict[type, None] = {torch.nn.Module: None}
    pending = [torch.nn.Module]
    while pending:
        below = [owner for owner in pending.pop().__subclasses__() if owner not in found]
        found.update(dict.fromkeys(below))
        pending += below
    return [owner for owner in found if owner.__module__.startswith("torch.nn.")]
