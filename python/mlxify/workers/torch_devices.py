"""Accelerators read as the CPU: what a model asks of `cuda` or `mps`, it gets where the workers run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_ACCELERATORS = ("cuda", "mps", "xpu", "hip")
_CPU = torch.device("cpu")


def names_accelerator(text: bytes) -> bool:
    """Whether a source speaks of an accelerator at all; if not, nothing needs to be intercepted."""
    return any(name.encode() in text for name in _ACCELERATORS)


class OnCpu(TorchFunctionMode):
    """Puts `cpu` in the place of every accelerator that a function of torch is given."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if function is torch.Tensor.cuda:
            return args[0]
        return function(*map(_here, args), **{name: _here(item) for name, item in (kwargs or {}).items()})


def _here(value: Any) -> Any:
    if isinstance(value, torch.device):
        return _CPU if value.type in _ACCELERATORS else value
    if isinstance(value, str) and value.partition(":")[0] in _ACCELERATORS:
        return "cpu"
    return value


def ignore_accelerators() -> OnCpu:
    """The mode to enter; what waits for an accelerator or empties its memory does nothing from now on."""
    torch.nn.Module.cuda = lambda module, device=None: module
    for name in (
        "synchronize",
        "empty_cache",
        "manual_seed",
        "manual_seed_all",
        "set_device",
        "reset_peak_memory_stats",
    ):
        setattr(torch.cuda, name, lambda *_, **__: None)
    return OnCpu()
