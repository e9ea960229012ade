"""What the session needs of a framework. `torch_framework` and `mlx_framework` provide it; nothing else imports either."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from typing import Any, Protocol

import numpy.linalg  # numpy imports its parts when they are first used, which would be in every session
import numpy.random  # noqa: F401

from mlxify.workers import blas
from mlxify.workers.arrays import Raw
from mlxify.workers.draws import Draws
from mlxify.workers.moves import Moves

Array = Any  # an array of the framework
Model = Any  # a module of the framework, or any callable


@dataclass(frozen=True)
class Entry:
    """One array of a model's state under its dotted name. Arrays of one `tie` group are one parameter of the author's."""

    name: str
    array: Array
    buffer: bool
    trainable: bool = True  # of parameters
    persistent: bool = True  # of buffers: whether a checkpoint holds it
    tie: int = 0


class Framework(Protocol):
    """A framework, imported. Methods that touch arrays must run in a session only: MLX must not compute before a fork."""

    name: str
    version: str

    def prepare(self, bf16_as_f32: bool, text: bytes) -> None:
        """Readies a session for the import of a model's file with this text: identities, dtypes, devices, libraries."""

    def namespace(self) -> dict[str, Any]:
        """Names that expressions of samples may use beside the file's own."""

    def seed(self, seed: int) -> None: ...

    def is_array(self, value: Any) -> bool: ...

    def is_parameter(self, array: Array) -> bool:
        """Whether an array says itself that it is a weight, wherever it is stored."""

    def is_module(self, value: Any) -> bool: ...

    def is_module_class(self, value: Any) -> bool: ...

    def dtype(self, array: Array) -> str:
        """`float32`, `bfloat16`, `bool`, ... as torch spells it."""

    def dtype_object(self, value: Any) -> str | None:
        """The name of a dtype itself; None for anything else."""

    def public_name(self, of: Any) -> str:
        """Where a class or function of a library is found by users: `torch.nn.Linear`."""

    def is_floating(self, array: Array) -> bool: ...

    def to_raw(self, array: Array) -> Raw:
        """A copy in memory; waits for the computation."""

    def from_raw(self, raw: Raw) -> Array: ...

    def evaluate(self, values: Sequence[Array]) -> None:
        """Waits until these arrays are computed."""

    def state(self, model: Model) -> list[Entry]:
        """Parameters, then buffers, in the order of construction; a shared array under each of its names."""

    def library_defaults(self) -> AbstractContextManager[Callable[[Model], list[str]]]:
        """Which parameters of a model that was constructed meanwhile hold what the framework's own layers put there."""

    def memory_known(self) -> AbstractContextManager[Callable[[Model], None]]:
        """What it gives fills the memory that a model constructed meanwhile has left as found, so that it is the same every time."""

    def attributes(self, model: Model) -> dict[str, Any]:
        """What the model and the modules inside hold beside their state and each other, by dotted name."""

    def modules(self, model: Model) -> list[tuple[str, str]]:
        """(dotted name, qualified class) of the model and all inside."""

    def layer_text(self, model: Model, name: str) -> str:
        """How a library's layer without layers of its own prints itself, `Linear(in_features=8, ...)`; empty for any other module."""

    def train(self, model: Model, training: bool) -> None: ...

    def separate(self, model: Model) -> None:
        """Gives arrays of a new model memory of their own, where writing to them would change what is no part of it."""

    def snapshot(self, model: Model) -> Callable[[], None]:
        """Remembers all arrays of a model's state; calling the result puts them back."""

    def assign(self, model: Model, arrays: dict[str, Raw]) -> None:
        """Overwrites arrays of the state by name; the shapes must be equal."""

    def load(self, model: Model, arrays: dict[str, Raw], unsaved: set[str]) -> dict[str, list[str]]:
        """Loads weights under torch's names; `unsaved` names buffers that a checkpoint would lack.

        Returns `missing`, `unexpected` and `mismatched` names; what fits is loaded even if some does not.
        """

    def rename(self, model: Model, arrays: dict[str, Raw]) -> dict[str, Raw]:
        """Weights or gradients under torch's names and layouts, under this framework's."""

    def infer(self, model: Model, run: Callable[[], Any], restore: Callable[[], None] | None = None) -> Any:
        """`run()` in the mode of a plain call. `restore` is what `snapshot` gave, where the caller has it: a run that differentiates begins again."""

    def weighted_sum(self, leaf: Array, weights: Raw) -> Array:
        """The sum of leaf times weights, computed in float32 or wider."""

    def gradients(
        self, model: Model, inputs: dict[str, Array], loss: Callable[[dict[str, Array]], Array | None]
    ) -> tuple[dict[str, Array | None], dict[str, Array | None]]:
        """Gradients of `loss` by trainable parameter name and by input path; None where the loss does not depend. For a
        parameter of several names they add up: the whole may be under one of them.

        A `loss` of None, from a call that gave nothing differentiable, makes every gradient None.
        """

    def random(self, streams: int | None, dropout: bool) -> contextlib.AbstractContextManager[Draws]:
        """Feeds random draws from the shared stream of that seed, and lets nothing be dropped unless `dropout`. Gives that stream."""

    def widened(self, model: Model) -> contextlib.AbstractContextManager[None]:
        """Computes in float64 meanwhile, the model included. Raises NotImplementedError where that cannot be."""

    def exact_sums(self) -> contextlib.AbstractContextManager[None]:
        """Sums and means in float32 are rounded once meanwhile. Raises NotImplementedError where nobody asks for it."""

    def constants_disturbed(self, model: Model, seed: int) -> contextlib.AbstractContextManager[None]:
        """Moves float32 arrays that the model's constructor left as plain attributes by one rounding meanwhile: both frameworks compute
        them, and may round otherwise. Raises NotImplementedError where nobody asks for it."""

    def doubles(self) -> contextlib.AbstractContextManager[None]:
        """What is made meanwhile is float64 where it would be float32. Raises NotImplementedError where that cannot be."""

    def operations(self, run: Callable[[], object]) -> int:
        """Multiplications and additions of `run()`, about. Raises NotImplementedError where nobody counts."""

    def moves_counted(self) -> contextlib.AbstractContextManager[Moves]:
        """Counts meanwhile."""

    def compiled(self, asked: bool) -> contextlib.AbstractContextManager[None]:
        """Computes as a user's program would, compiled parts and all, if `asked` or cheap; for timing."""


def import_framework(name: str) -> Framework:
    """Imports the framework `name`, and lets the other one never be imported here. Raises ImportError."""
    other = {"torch": "mlx", "mlx": "torch"}[name]
    sys.meta_path.insert(0, _Barred(other))
    if name == "mlx":
        blas.load()
    module = importlib.import_module(f"mlxify.workers.{name}_framework")
    return module.open_framework()


class _Barred:
    """Lets the import of one top-level package fail as if it were not installed."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named '{name}' in this worker", name=name)
        return None
