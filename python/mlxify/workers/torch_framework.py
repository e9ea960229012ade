"""PyTorch behind `framework.Framework`."""

from __future__ import annotations

import contextlib
import functools
import importlib
import math
import os
import random
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.weak import WeakTensorKeyDictionary

from mlxify.workers import (
    references,
    torch_checkpoints,
    torch_defaults,
    torch_devices,
    torch_dtypes,
    torch_operations,
    torch_random,
    weights,
)
from mlxify.workers.arrays import Raw
from mlxify.workers.draws import Draws
from mlxify.workers.framework import Entry
from mlxify.workers.moves import Moves

nn = torch.nn
functional = torch.nn.functional
_OF_EVERY_MODULE = frozenset(vars(nn.Module()))
_LIBRARIES_OF_LAYERS = ("torch.nn.", "einops.")
_LONGEST_LAYER_TEXT = 300
_BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}  # by the size of an element
_BFLOAT16 = torch.bfloat16  # itself, also where the name means float32


class TorchFramework:
    name = "torch"
    version = torch.__version__

    def __init__(self) -> None:
        self._lasting = contextlib.ExitStack()
        self._copies = WeakTensorKeyDictionary()  # of the last snapshot

    # -------------------------------------------------------------------------------------------- before the model's file

    def prepare(self, bf16_as_f32: bool, text: bytes) -> None:
        references.install()
        make_identities()
        torch.distributed.is_available = lambda: False  # as in a build of PyTorch without it: MLX runs the model in one process
        if b"checkpoint" in text:
            torch_checkpoints.compute_once()
        if torch_devices.names_accelerator(text):
            self._lasting.enter_context(torch_devices.ignore_accelerators())
        if bf16_as_f32:
            self._lasting.enter_context(torch_dtypes.reading({torch.bfloat16: torch.float32}, before_import=True))
        references.stand_in(text)

    def namespace(self) -> dict[str, Any]:
        return {"torch": torch, "nn": nn, "F": nn.functional, "np": np, "math": math}

    def seed(self, seed: int) -> None:
        torch.default_generator.manual_seed(seed)  # torch.manual_seed also notes its call stack for each kind of accelerator
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)

    # ------------------------------------------------------------------------------------------------------------- arrays

    def is_array(self, value: Any) -> bool:
        return isinstance(value, torch.Tensor)

    def is_parameter(self, array: torch.Tensor) -> bool:
        return isinstance(array, nn.Parameter)

    def is_module(self, value: Any) -> bool:
        return isinstance(value, nn.Module)

    def is_module_class(self, value: Any) -> bool:
        return isinstance(value, type) and issubclass(value, nn.Module)

    def dtype(self, array: torch.Tensor) -> str:
        return str(array.dtype).removeprefix("torch.")

    def dtype_object(self, value: Any) -> str | None:
        return str(value).removeprefix("torch.") if isinstance(value, torch.dtype) else None

    def public_name(self, of: Any) -> str:
        return public_name(of)

    def is_floating(self, array: torch.Tensor) -> bool:
        return array.dtype.is_floating_point

    def to_raw(self, array: torch.Tensor) -> Raw:
        with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
            held = array.detach().to("cpu")
            if held.layout != torch.strided:
                held = held.to_dense()
            # A copy: memory that numpy has seen cannot be resized by the model any more.
            held = held.resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
            if held.dtype == _BFLOAT16:
                return Raw("bfloat16", held.view(torch.int16).numpy().view(np.uint16))
            return Raw.of(held.numpy())

    def from_raw(self, raw: Raw) -> torch.Tensor:
        if raw.dtype != "bfloat16":
            return torch.from_numpy(raw.values.copy())
        if torch.bfloat16 is not _BFLOAT16:
            return torch.from_numpy(raw.numbers())
        return torch.from_numpy(raw.values.view(np.int16).copy()).view(_BFLOAT16)

    def evaluate(self, values: Sequence[torch.Tensor]) -> None:
        pass

    # -------------------------------------------------------------------------------------------------------------- state

    def state(self, model: Any) -> list[Entry]:
        if not isinstance(model, nn.Module):
            return []
        entries = []
        for name, parameter in model.named_parameters(remove_duplicate=False):
            if isinstance(parameter, nn.parameter.UninitializedTensorMixin):
                raise ValueError(f"parameter `{name}` has no shape before the first call")
            entries.append(Entry(name, parameter, buffer=False, trainable=parameter.requires_grad, tie=id(parameter)))
        unsaved = _unsaved_buffers(model)
        for name, buffer in model.named_buffers(remove_duplicate=False):
            entries.append(Entry(name, buffer, buffer=True, persistent=name not in unsaved, tie=id(buffer)))
        return entries

    @contextlib.contextmanager
    def library_defaults(self) -> Iterator[Callable[[nn.Module], list[str]]]:
        with torch_defaults.recorded() as defaults:
            yield lambda model: [entry.name for entry in self.state(model) if not entry.buffer and defaults.untouched(entry.array)]

    @contextlib.contextmanager
    def memory_known(self) -> Iterator[Callable[[Any], None]]:
        with torch_defaults.empty_memory_marked():
            yield self._fill_marked

    def _fill_marked(self, model: Any) -> None:
        if not isinstance(model, nn.Module):
            return
        named = [*model.named_parameters(), *model.named_buffers(), *self.attributes(model).items()]
        with torch.no_grad():
            for name, value in named:
                if isinstance(value, torch.Tensor) and not isinstance(value, nn.parameter.UninitializedTensorMixin):
                    torch_defaults.fill_marked(value.data, weights.usual(name) if weights.is_vector(value.shape) else 0.0)

    def attributes(self, model: Any) -> dict[str, Any]:
        modules = model.named_modules() if isinstance(model, nn.Module) else ()
        return {
            f"{name}.{key}" if name else key: value
            for name, module in modules
            for key, value in vars(module).items()
            if key not in _OF_EVERY_MODULE and not _is_generator_state(value)
        }

    def modules(self, model: Any) -> list[tuple[str, str]]:
        if not isinstance(model, nn.Module):
            return []
        return [(name, public_name(type(module))) for name, module in model.named_modules()]

    def layer_text(self, model: nn.Module, name: str) -> str:
        layer = model
        for part in filter(None, name.split(".")):
            layer = layer._modules[part]  # not `getattr`: a module may be called `parameters`
        of_library = public_name(type(layer)).startswith(_LIBRARIES_OF_LAYERS)
        text = repr(layer) if of_library and not any(layer.children()) else ""
        return text if len(text) <= _LONGEST_LAYER_TEXT else ""

    def owners(self, model: nn.Module) -> dict[str, str]:
        """Class name of the module that holds each array of the state."""
        classes = {name: type(module).__name__ for name, module in model.named_modules(remove_duplicate=False)}
        return {entry.name: classes[entry.name.rpartition(".")[0]] for entry in self.state(model)}

    def train(self, model: Any, training: bool) -> None:
        if isinstance(model, nn.Module):
            model.train(training)

    def separate(self, model: Any) -> None:
        """Gives each buffer memory of its own: one made of a constant of its class would write to that."""
        for buffer in model.buffers() if isinstance(model, nn.Module) else ():
            buffer.data = buffer.data.clone()

    def snapshot(self, model: Any) -> Callable[[], None]:
        """By value. What nobody wrote to is compared, not copied: large weights cost more to copy than a call does to run."""
        with torch._C.DisableTorchFunction():
            held = [(owner, key, tensor, tensor.data_ptr(), self._copy_of(tensor)) for owner, key, tensor in _places(model)]
        put_back = _snapshot_of_attributes(model)

        def restore() -> None:
            put_back()
            with torch._C.DisableTorchFunction(), torch.no_grad():
                for owner, key, tensor, address, values in held:
                    owner[key] = tensor
                    if tensor.data_ptr() != address or not _same_bits(tensor, values):
                        tensor.data = values.clone()
                    tensor.grad = None

        return restore

    def _copy_of(self, tensor: torch.Tensor) -> torch.Tensor:
        """Its values now, which nobody else holds: those of the last snapshot, if they are the same."""
        known = self._copies.get(tensor)
        if known is None or not _same_bits(known, tensor):
            known = self._copies[tensor] = tensor.detach().clone()
        return known

    def assign(self, model: Any, arrays: dict[str, Raw]) -> None:
        with torch.no_grad():
            for entry in self.state(model):
                if entry.name in arrays:
                    entry.array.copy_(self.from_raw(arrays[entry.name]))

    def load(self, model: Any, arrays: dict[str, Raw], unsaved: set[str]) -> dict[str, list[str]]:
        shapes = {
            entry.name: tuple(entry.array.shape) for entry in self.state(model) if entry.persistent or not entry.buffer
        }
        offered = {name: raw for name, raw in arrays.items() if name not in unsaved}
        wrong = [name for name, raw in offered.items() if name in shapes and raw.shape != shapes[name]]
        self.assign(model, {name: raw for name, raw in offered.items() if name in shapes and name not in wrong})
        return {
            "missing": [name for name in shapes if name not in offered],
            "unexpected": [name for name in offered if name not in shapes],
            "mismatched": [f"{name}: {shapes[name]} from {offered[name].shape}" for name in wrong],
        }

    def rename(self, model: Any, arrays: dict[str, Raw]) -> dict[str, Raw]:
        return arrays

    # ---------------------------------------------------------------------------------------------------------- execution

    def infer(self, model: Any, run: Callable[[], Any], restore: Callable[[], None] | None = None) -> Any:
        """Without gradients, unless the model itself differentiates."""
        restore = restore or self.snapshot(model)
        try:
            with torch.no_grad():
                return run()
        except RuntimeError as error:
            if "does not require grad" not in str(error) and "does not have a grad_fn" not in str(error):
                raise
            restore()
        return run()

    def weighted_sum(self, leaf: torch.Tensor, weights: Raw) -> torch.Tensor:
        wide = leaf if leaf.dtype == torch.float64 else leaf.float()
        return (wide * self.from_raw(weights).to(wide.dtype)).sum()

    def gradients(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        loss: Callable[[dict[str, torch.Tensor]], torch.Tensor | None],
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            return self._gradients(model, inputs, loss)
        except (RuntimeError, TypeError, ValueError) as error:
            if "change requires_grad flags of leaf variables" in str(error):  # `target.requires_grad = False` on an input
                return self._gradients(model, inputs, loss, leaves_as_inputs=True)
            # `x /= scale` and `x.numpy()` on an input are legal in training, where inputs need no gradient: those of the parameters
            # then stand alone.
            if not isinstance(model, nn.Module):
                raise
            by_parameter, _ = self._gradients(model, {}, lambda _: loss({path: array.clone() for path, array in inputs.items()}))
            if all(array is None for array in by_parameter.values()):
                raise
            return by_parameter, {}

    def _gradients(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        loss: Callable[[dict[str, torch.Tensor]], torch.Tensor | None],
        leaves_as_inputs: bool = False,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        parameters = {entry.name: entry.array for entry in self.state(model) if _differentiable(entry)}
        leaves = {path: array.detach().clone().requires_grad_() for path, array in inputs.items()}
        with torch.enable_grad(), _norms_given_contiguous_gradients():
            # Copies, because the model may write into its inputs and a leaf forbids that.
            given = {path: leaf if leaves_as_inputs else leaf.clone() for path, leaf in leaves.items()}
            before = {path: (array.grad_fn, array._version) for path, array in given.items()}
            total = loss(given)
        # What is filled under `no_grad` still has the history of what it held before: of that, no gradient means anything.
        for path, (history, version) in before.items():
            if given[path]._version > version and given[path].grad_fn is history:
                del leaves[path]
        wanted = [array for array in (*parameters.values(), *leaves.values()) if array.requires_grad]
        by_id = {id(array): array for array in wanted}
        if total is None or not total.requires_grad or not by_id:
            return dict.fromkeys(parameters), dict.fromkeys(inputs)
        for array in by_id.values():
            array.grad = None
        found = dict(zip(by_id, torch.autograd.grad(total, list(by_id.values()), allow_unused=True), strict=True))
        for (
            place,
            array,
        ) in by_id.items():  # what a backward written by hand accumulates by calling torch.autograd.backward
            if array.grad is not None:
                found[place] = array.grad if found[place] is None else found[place] + array.grad
                array.grad = None
        first = {id(array): name for name, array in reversed(parameters.items())}
        by_name = {name: found.get(id(array)) if first[id(array)] == name else None for name, array in parameters.items()}
        return by_name, {path: found.get(id(leaves[path])) if path in leaves else None for path in inputs}

    @contextlib.contextmanager
    def random(self, streams: int | None, dropout: bool) -> Iterator[Draws]:
        draws = Draws(streams or 0, dropout)
        if streams is None and dropout:
            yield draws
            return
        with torch_random.replaced(draws, only_dropout=streams is None):
            yield draws

    def exact_sums(self) -> contextlib.AbstractContextManager[None]:
        raise NotImplementedError("PyTorch's sums are made pairwise")

    @contextlib.contextmanager
    def widened(self, model: Any) -> Iterator[None]:
        restore = self.snapshot(model)
        with torch.no_grad():
            for _, _, tensor in _places(model):
                if tensor.dtype.is_floating_point:
                    tensor.data = tensor.data.double()
                elif tensor.dtype.is_complex:
                    tensor.data = tensor.data.to(torch.complex128)
        try:
            with self.doubles():
                yield
        finally:
            restore()

    @contextlib.contextmanager
    def constants_disturbed(self, model: Any, seed: int) -> Iterator[None]:
        held = [value for value in self.attributes(model).values() if isinstance(value, torch.Tensor) and value.dtype is torch.float32]
        moved = [(tensor, tensor.data) for tensor in {id(tensor): tensor for tensor in held}.values()]
        generator = torch.Generator().manual_seed(seed)
        for tensor, values in moved:
            ways = torch.where(torch.rand(values.shape, generator=generator) < 0.5, -math.inf, math.inf)
            tensor.data = torch.where(values.isfinite() & (values != 0), torch.nextafter(values, ways), values)
        try:
            yield
        finally:
            for tensor, values in moved:
                tensor.data = values

    @contextlib.contextmanager
    def doubles(self) -> Iterator[None]:
        usual = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            with torch_dtypes.reading({torch.float32: torch.float64, torch.complex64: torch.complex128}):
                yield
        finally:
            torch.set_default_dtype(usual)

    def operations(self, run: Callable[[], object]) -> int:
        return torch_operations.operations_of(run)

    @contextlib.contextmanager
    def moves_counted(self) -> Iterator[Moves]:
        with torch_operations.PermutationsCounted() as counting:
            yield counting.moves

    @contextlib.contextmanager
    def compiled(self, asked: bool) -> Iterator[None]:
        yield


@contextlib.contextmanager
def _norms_given_contiguous_gradients() -> Iterator[None]:
    """On a CPU, torch 2.13 differentiates batch norm wrongly where the gradient of its result is laid out in another order than its input."""
    usual = functional.batch_norm, functional.instance_norm

    def watched(norm: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        @functools.wraps(norm)
        def normalised(input: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
            result = norm(input.clone(memory_format=torch.contiguous_format), *args, **kwargs)
            if result.requires_grad:
                result.register_hook(lambda gradient: gradient.clone(memory_format=torch.contiguous_format))
            return result

        return normalised

    functional.batch_norm, functional.instance_norm = map(watched, usual)
    try:
        yield
    finally:
        functional.batch_norm, functional.instance_norm = usual


def _is_generator_state(value: Any) -> bool:
    """What `torch.get_rng_state()` gives, and `torch.set_rng_state` takes: nothing else can read it."""
    return isinstance(value, torch.Tensor) and value.dtype == torch.uint8 and value.shape == torch.get_rng_state().shape


def open_framework() -> TorchFramework:
    """Readies torch for forking: one thread, and what models import anyway."""
    import einops  # noqa: F401

    torch.set_num_threads(1)
    torch.manual_seed(0)
    return TorchFramework()


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


def _differentiable(entry: Entry) -> bool:
    """Complex parameters are left out: the frameworks' gradients of them are each other's conjugates."""
    return not entry.buffer and entry.trainable and entry.array.dtype.is_floating_point


def _places(model: Any) -> list[tuple[dict[str, Any], str, torch.Tensor]]:
    """Where each array of the state is held: (the module's dictionary, its key, the array), each once."""
    found = []
    for module in model.modules() if isinstance(model, nn.Module) else ():
        for held in (module._parameters, module._buffers):
            found += [(held, key, tensor) for key, tensor in held.items() if tensor is not None]
    return found


def _same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether both hold the same in the same layout, also the signs of zeros and what is no number; False where nobody can tell."""
    if any(t.layout is not torch.strided or t.is_conj() or t.is_neg() for t in (a, b)) or a.element_size() not in _BITS:
        return False
    if a.dtype != b.dtype or a.shape != b.shape or a.stride() != b.stride():
        return False
    bits = _BITS[a.element_size()]
    return torch.equal(a.detach().view(bits), b.detach().view(bits))


def _snapshot_of_attributes(model: Any) -> Callable[[], None]:
    """Remembers what modules hold beside their state: counters, and caches that belong to them."""
    held = []
    for module in model.modules() if isinstance(model, nn.Module) else ():
        own = {key: value for key, value in vars(module).items() if key not in _OF_EVERY_MODULE}
        tensors = [(value, value.detach().clone()) for value in own.values() if isinstance(value, torch.Tensor)]
        held.append((module, own, tensors))

    def restore() -> None:
        for module, own, tensors in held:
            attributes = vars(module)
            for key in [key for key in attributes if key not in own and key not in _OF_EVERY_MODULE]:
                del attributes[key]
            attributes.update(own)
            for tensor, values in tensors:
                tensor.data = values.clone()

    return restore


def _unsaved_buffers(model: nn.Module) -> set[str]:
    return {
        f"{prefix}.{name}" if prefix else name
        for prefix, module in model.named_modules(remove_duplicate=False)
        for name in module._non_persistent_buffers_set
    }


def make_identities() -> None:
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
    sys.modules["torch._dynamo"] = torch._dynamo = _stand_in_for_dynamo(identity)


def _stand_in_for_dynamo(identity: Callable[..., Any]) -> types.ModuleType:
    """Checkpointing and others ask torch._dynamo to leave them alone, and its import alone takes seconds.

    Its settings and other parts are torch's own, imported when asked for.
    """
    dynamo = types.ModuleType("torch._dynamo")
    dynamo.__path__ = [os.path.join(os.path.dirname(torch.__file__), "_dynamo")]
    dynamo.is_compiling = lambda: False
    for name in ("disable", "allow_in_graph", "disallow_in_graph", "optimize", "nonstrict_trace"):
        setattr(dynamo, name, identity)
    for name in ("graph_break", "mark_dynamic", "mark_static", "maybe_mark_dynamic", "reset"):
        setattr(dynamo, name, lambda *_, **__: None)

    def part(name: str) -> Any:
        try:
            return importlib.import_module(f"torch._dynamo.{name}")
        except ModuleNotFoundError:
            raise AttributeError(f"module 'torch._dynamo' has no attribute '{name}' in this worker") from None

    dynamo.__getattr__ = part
    return dynamo
