"""PyTorch behind `framework.Framework`."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from mlxify.workers import references, torch_dtypes, torch_random
from mlxify.workers.arrays import Raw
from mlxify.workers.draws import Draws
from mlxify.workers.framework import Entry

nn = torch.nn


class TorchFramework:
    name = "torch"
    version = torch.__version__

    def __init__(self) -> None:
        self._lasting = contextlib.ExitStack()

    # -------------------------------------------------------------------------------------------- before the model's file

    def prepare(self, bf16_as_f32: bool) -> None:
        references.install()
        _make_identities()
        if bf16_as_f32:
            self._lasting.enter_context(torch_dtypes.reading(torch.bfloat16, torch.float32))

    def namespace(self) -> dict[str, Any]:
        return {"torch": torch, "nn": nn, "F": nn.functional, "np": np, "math": math}

    def seed(self, seed: int) -> None:
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)

    # ------------------------------------------------------------------------------------------------------------- arrays

    def is_array(self, value: Any) -> bool:
        return isinstance(value, torch.Tensor)

    def is_module(self, value: Any) -> bool:
        return isinstance(value, nn.Module)

    def is_module_class(self, value: Any) -> bool:
        return isinstance(value, type) and issubclass(value, nn.Module)

    def dtype(self, array: torch.Tensor) -> str:
        return str(array.dtype).removeprefix("torch.")

    def dtype_object(self, value: Any) -> str | None:
        return str(value).removeprefix("torch.") if isinstance(value, torch.dtype) else None

    # Where torch keeps what users find elsewhere.


_PUBLIC = (
    ("torch._VariableFunctionsClass.", "torch."),
    ("torch._VariableFunctions.", "torch."),
    ("_VariableFunctionsClass.", "torch."),
    ("torch._C._nn.", "torch.nn.functional."),
    ("torch._C.TensorBase.", "torch.Tensor."),
    ("torch._C.", "torch."),
    ("torch._tensor.", "torch."),
    ("torch.nn.parameter.", "torch.nn."),
    ("TensorBase.", "torch.Tensor."),
    ("Tensor.", "torch.Tensor."),
)


def public_name(of: Any) -> str:
    """`torch.nn.Linear` for what lives in torch.nn.modules.linear."""
    module = getattr(of, "__module__", None) or ""
    name = getattr(of, "__qualname__", None) or getattr(of, "__name__", type(of).__name__)
    if module.startswith("torch.nn.modules."):
        return f"torch.nn.{name}"
    full = f"{module}.{name}" if module.partition(".")[0] not in ("", "builtins") else name
    for place, public in _PUBLIC:
        if full.startswith(place):
            return public + full.removeprefix(place)
    return full


def _places(model: Any) -> list[tuple[dict[str, Any], str, torch.Tensor]]:
    """Where each array of the state is held: (the module's dictionary, its key, the array), each once."""
    found = []
    for module in model.modules() if isinstance(model, nn.Module) else ():
        for held in (module._parameters, module._buffers):
            found += [(held, key, tensor) for key, tensor in held.items() if tensor is not None]
    return found


def _unsaved_buffers(model: nn.Module) -> set[str]:
    return {
        f"{prefix}.{name}" if prefix else name
        for prefix, module in model.named_modules(remove_duplicate=False)
        for name in module._non_persistent_buffers_set
    }


def _make_identities() -> None:
    """Compilers give back what they are given: they would take minutes and prove nothing."""

    def identity(target: Any = None, *_: Any, **__: Any) -> Any:
        """As a function, as a decorator, and as a decorator with arguments."""
        return target if target is not None else lambda decorated: decorated

    torch.compile = identity
    nn.Module.compile = lambda module, *_, **__: None
    torch.jit.script = identity
    torch.jit.script_if_tracing = identity
    torch.compiler.disable = identity
    torch.compiler.allow_in_graph = identity
    torch.compiler.is_compiling = lambda: False
    # Checkpointing and others ask it to leave them alone, and its import alone takes seconds.
    dynamo = types.ModuleType("torch._dynamo")
    dynamo.__path__ = [os.path.join(os.path.dirname(torch.__file__), "_dynamo")]
    dynamo.disable = dynamo.allow_in_graph = dynamo.optimize = identity
    dynamo.is_compiling = lambda: False
    sys.modules.setdefault("torch._dynamo", dynamo)
    torch._dynamo = sys.modules["torch._dynamo"]
