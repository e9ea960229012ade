"""MLX behind `framework.Framework`.

Nothing here computes before the fork: a computation starts threads of MLX's scheduler, which a child would lack. Compiled
functions run uncompiled but for timing, because on a CPU each would call a C++ compiler for seconds.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.utils import tree_flatten

from mlxify.workers import mlx_defaults, mlx_float64, mlx_random, mlx_sums, replaced
from mlxify.workers.arrays import Raw
from mlxify.workers.draws import Draws
from mlxify.workers.framework import Entry
from mlxify.workers.moves import Moves

_NAMES = {"bool_": "bool"}
_FLOAT64 = mx.float64
_OF_EVERY_MODULE = frozenset(vars(nn.Module()))


class MlxFramework:
    name = "mlx"
    version = mx.__version__

    def __init__(self) -> None:
        self._bf16_as_f32 = False
        self._wide = False  # float64 for float32, meanwhile

    def prepare(self, bf16_as_f32: bool, text: bytes) -> None:
        mx.disable_compile()
        self._bf16_as_f32 = bf16_as_f32
        if bf16_as_f32:
            mx.bfloat16 = mx.float32

    def namespace(self) -> dict[str, Any]:
        return {"mx": mx, "nn": nn, "np": np, "math": math}

    def seed(self, seed: int) -> None:
        mx.random.seed(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)

    # ------------------------------------------------------------------------------------------------------------- arrays

    def is_array(self, value: Any) -> bool:
        return isinstance(value, mx.array)

    def is_parameter(self, array: mx.array) -> bool:
        return False

    def is_module(self, value: Any) -> bool:
        return isinstance(value, nn.Module)

    def is_module_class(self, value: Any) -> bool:
        return isinstance(value, type) and issubclass(value, nn.Module)

    def dtype(self, array: mx.array) -> str:
        name = str(array.dtype).removeprefix("mlx.core.")
        return _NAMES.get(name, name)

    def dtype_object(self, value: Any) -> str | None:
        return str(value).removeprefix("mlx.core.") if isinstance(value, mx.Dtype) else None

    def public_name(self, of: Any) -> str:
        return _public_name(of)

    def is_floating(self, array: mx.array) -> bool:
        return mx.issubdtype(array.dtype, mx.floating)

    def to_raw(self, array: mx.array) -> Raw:
        if self.dtype(array) == "bfloat16":
            return Raw("bfloat16", np.array(array.view(mx.uint16)))
        return Raw.of(np.array(array))

    def from_raw(self, raw: Raw) -> mx.array:
        """Integers of 64 bits become 32 wide where they fit, as in a user's program; float64 becomes float32."""
        if raw.dtype == "bfloat16":
            return mx.array(raw.numbers()) if self._bf16_as_f32 else mx.array(raw.values).view(mx.bfloat16)
        values = raw.values
        if raw.dtype == "int64" and (values.size == 0 or np.abs(values).max() < 2**31):
            values = values.astype(np.int32)
        if raw.dtype == "float64":
            return mx.array(values, _FLOAT64) if self._wide else mx.array(values.astype(np.float32))
        return mx.array(values)

    def evaluate(self, values: Sequence[mx.array]) -> None:
        mx.eval(*values)

    # -------------------------------------------------------------------------------------------------------------- state

    def state(self, model: Any) -> list[Entry]:
        if not isinstance(model, nn.Module):
            return []
        trainable = {name for name, _ in tree_flatten(model.trainable_parameters())}
        entries = [
            Entry(name, array, buffer=name not in trainable, tie=id(array))
            for name, array in tree_flatten(model.parameters())
        ]
        for prefix, module in sorted(model.named_modules(), key=lambda item: item[0]):
            for key, value in module.items():
                if key.startswith("_") and isinstance(value, mx.array):
                    name = f"{prefix}.{key}" if prefix else key
                    entries.append(Entry(name, value, buffer=True, persistent=False, tie=id(value)))
        return sorted(entries, key=lambda entry: entry.buffer)

    @contextlib.contextmanager
    def library_defaults(self) -> Iterator[Callable[[nn.Module], list[str]]]:
        def untouched(model: nn.Module) -> list[str]:
            return [
                f"{prefix}.{key}" if prefix else key
                for prefix, module in model.named_modules()
                for key, value in module.items()
                if isinstance(value, mx.array) and defaults.untouched(module, key, value)
            ]

        with mlx_defaults.recorded() as defaults:
            yield untouched

    def memory_known(self) -> contextlib.AbstractContextManager[Callable[[Any], None]]:
        return contextlib.nullcontext(lambda model: None)  # MLX has no memory that is left as found

    def attributes(self, model: Any) -> dict[str, Any]:
        """Also arrays that are state: what PyTorch keeps beside the state, MLX counts to it."""
        modules = model.named_modules() if isinstance(model, nn.Module) else ()
        return {
            f"{name}.{key}" if name else key: value
            for name, module in modules
            for key, value in [*module.items(), *vars(module).items()]
            if key not in _OF_EVERY_MODULE
        }

    def modules(self, model: Any) -> list[tuple[str, str]]:
        if not isinstance(model, nn.Module):
            return []
        return [(name, _public_name(type(module))) for name, module in model.named_modules()]

    def layer_text(self, model: Any, name: str) -> str:
        return ""

    def train(self, model: Any, training: bool) -> None:
        if isinstance(model, nn.Module):
            model.train(training)

    def separate(self, model: Any) -> None:
        """Arrays are replaced, not written to."""

    def snapshot(self, model: Any) -> Callable[[], None]:
        """By value: statements in place change the array that a module holds."""
        held = {entry.name: mx.array(entry.array) for entry in self.state(model)}
        mx.eval(*held.values())
        put_back = _snapshot_of_attributes(model)

        def restore() -> None:
            put_back()
            for name, array in held.items():
                _put(model, name, mx.array(array))

        return restore

    def assign(self, model: Any, arrays: dict[str, Raw]) -> None:
        for entry in self.state(model):
            if entry.name in arrays:
                _put(model, entry.name, self.from_raw(arrays[entry.name]).astype(entry.array.dtype))

    def load(self, model: Any, arrays: dict[str, Raw], unsaved: set[str]) -> dict[str, list[str]]:
        offered = self._sanitized(
            model, {name: self.from_raw(raw) for name, raw in arrays.items() if name not in unsaved}
        )
        expected = {entry.name: entry.array.shape for entry in self.state(model) if entry.persistent}
        missing = [name for name in expected if name not in offered]
        unexpected = [name for name in offered if name not in expected]
        wrong = [name for name, shape in expected.items() if name in offered and _shape_of(offered[name]) != shape]
        if not (missing or unexpected or wrong):
            model.load_weights(list(offered.items()))  # as a user does, so that what is proved is what a user gets
        else:
            for name in expected:
                if name in offered and name not in wrong:
                    _put(model, name, offered[name])
        return {
            "missing": missing,
            "unexpected": unexpected,
            "mismatched": [f"{name}: {expected[name]} from {_shape_of(offered[name])}" for name in wrong],
        }

    def rename(self, model: Any, arrays: dict[str, Raw]) -> dict[str, Raw]:
        renamed = self._sanitized(model, {name: self.from_raw(raw) for name, raw in arrays.items()})
        return {name: self.to_raw(array) for name, array in renamed.items()}

    def _sanitized(self, model: Any, arrays: dict[str, mx.array]) -> dict[str, mx.array]:
        sanitize = getattr(model, "sanitize", None)
        return dict(sanitize(arrays)) if callable(sanitize) else arrays

    # ---------------------------------------------------------------------------------------------------------- execution

    def infer(self, model: Any, run: Callable[[], Any], restore: Callable[[], None] | None = None) -> Any:
        return run()

    def weighted_sum(self, leaf: mx.array, weights: Raw) -> mx.array:
        return (leaf.astype(_FLOAT64 if self._wide else mx.float32) * self.from_raw(weights)).sum()

    def gradients(
        self, model: Any, inputs: dict[str, mx.array], loss: Callable[[dict[str, mx.array]], mx.array | None]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        parameters = {
            entry.name: entry.array for entry in self.state(model) if not entry.buffer and self.is_floating(entry.array)
        }
        empty = False

        def of(by: dict[str, dict[str, mx.array]]) -> mx.array:
            nonlocal empty
            for name, value in by["parameters"].items():
                _put(model, name, value)
            total = loss(by["inputs"])
            empty = total is None
            return mx.zeros(()) if total is None else total

        try:
            by = {"parameters": parameters, "inputs": inputs}
            found = mx.grad(of)(by) if parameters or inputs else by
        finally:
            for name, array in parameters.items():
                _put(model, name, array)  # the traced ones must not stay
        if empty:
            return dict.fromkeys(parameters), dict.fromkeys(inputs)
        mx.eval(found)
        return found["parameters"], found["inputs"]

    @contextlib.contextmanager
    def random(self, streams: int | None, dropout: bool) -> Iterator[Draws]:
        draws = Draws(streams or 0, dropout)
        if streams is None and dropout:
            yield draws
            return
        with mlx_random.replaced(draws, only_dropout=streams is None):
            yield draws

    def exact_sums(self) -> contextlib.AbstractContextManager[None]:
        """Raises NotImplementedError on a GPU, which has no float64."""
        if mx.default_device() != mx.Device(mx.cpu):
            raise NotImplementedError("MLX computes in float64 on a CPU only")
        return mlx_sums.exact()

    def constants_disturbed(self, model: Any, seed: int) -> contextlib.AbstractContextManager[None]:
        raise NotImplementedError("only PyTorch's constants are disturbed")

    @contextlib.contextmanager
    def widened(self, model: Any) -> Iterator[None]:
        """Raises NotImplementedError on a GPU, which has no float64."""
        if mx.default_device() != mx.Device(mx.cpu):
            raise NotImplementedError("MLX computes in float64 on a CPU only")
        restore = self.snapshot(model)
        usual = mx.float32
        for entry in self.state(model):
            if entry.array.dtype == usual:
                _put(model, entry.name, entry.array.astype(_FLOAT64))
        self._wide = True
        try:
            with mlx_float64.in_force():
                yield
        finally:
            self._wide = False
            restore()

    @contextlib.contextmanager
    def doubles(self) -> Iterator[None]:
        raise NotImplementedError("only PyTorch is asked for constructors in float64")
        yield

    def operations(self, run: Callable[[], object]) -> int:
        raise NotImplementedError("only PyTorch is asked what a sample costs")

    @contextlib.contextmanager
    def moves_counted(self) -> Iterator[Moves]:
        """Of those that Python asks for outside of MLX."""
        moves = Moves()
        permutations = itertools.product((mx, mx.array), ("transpose", "swapaxes", "moveaxis"))
        with replaced.attributes((owner, name, _counting(getattr(owner, name), moves)) for owner, name in permutations):
            yield moves

    @contextlib.contextmanager
    def compiled(self, asked: bool) -> Iterator[None]:
        """On a GPU in any case: there compiling takes milliseconds."""
        if not asked and mx.default_device() == mx.Device(mx.cpu):
            yield
            return
        mx.enable_compile()
        try:
            yield
        finally:
            mx.disable_compile()


def _counting(function: Callable[..., Any], moves: Moves) -> Callable[..., Any]:
    def counted(x: mx.array, *args: Any, **kwargs: Any) -> Any:
        moves.note(x.ndim, sys._getframe(1).f_globals.get("__name__", ""))
        return function(x, *args, **kwargs)

    return counted


def open_framework() -> MlxFramework:
    import einops  # noqa: F401

    return MlxFramework()


def _public_name(of: Any) -> str:
    module = getattr(of, "__module__", None) or ""
    name = getattr(of, "__qualname__", None) or type(of).__name__
    return f"mlx.nn.{name}" if module.startswith("mlx.nn.") else name


def _shape_of(value: Any) -> tuple[int, ...]:
    return tuple(getattr(value, "shape", ()))


def _snapshot_of_attributes(model: Any) -> Callable[[], None]:
    """Remembers what modules hold beside their state: counters, and which arrays there are. Other containers stay as they are."""
    held = []
    for module in dict(model.named_modules()).values() if isinstance(model, nn.Module) else ():
        own = {key: value for key, value in vars(module).items() if key not in _OF_EVERY_MODULE}
        held.append((module, own, set(module)))

    def restore() -> None:
        for module, own, keys in held:
            attributes = vars(module)
            for key in [key for key in attributes if key not in own and key not in _OF_EVERY_MODULE]:
                del attributes[key]
            for key in [key for key, value in module.items() if key not in keys and (key in own or isinstance(value, mx.array))]:
                del module[key]
            attributes.update(own)

    return restore


def _put(model: nn.Module, name: str, array: mx.array) -> None:
    """Sets one array of the state by its dotted name: modules are dictionaries, and lists are indexed."""
    *path, last = name.split(".")
    holder: Any = model
    for part in path:
        holder = holder[int(part)] if isinstance(holder, list | tuple) else holder[part]
    holder[int(last) if isinstance(holder, list) else last] = array
