"""Reentrant checkpoints, the default of `torch.utils.checkpoint`, which `torch.autograd.grad` refuses: nothing is computed twice instead."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.checkpoint import CheckpointFunction


def compute_once() -> None:
    """The numbers and the gradients stay: there is none at all where no argument asks for one."""
    CheckpointFunction.apply = _run


def _run(function: Callable[..., Any], _preserve_rng_state: bool, *args: Any) -> Any:
    asked = any(isinstance(argument, torch.Tensor) and argument.requires_grad for argument in args)
    with contextlib.nullcontext() if asked else torch.no_grad():
        return function(*args)
