"""The state of a session: the file, the model that was constructed from it, and how it is called."""

from __future__ import annotations

import ast
import contextlib
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mlxify.workers.arrays import Raw
from mlxify.workers.definitions import Source
from mlxify.workers.draws import Draws
from mlxify.workers.framework import Array, Framework
from mlxify.workers.inputs import Arguments
from mlxify.workers.tree import flatten

Json = dict[str, Any]


@dataclass
class Construction:
    """How the model came to be, so that it can be built again under observation."""

    expression: str
    seed: int
    streams: int | None


class Model:
    def __init__(self, framework: Framework) -> None:
        self.framework = framework
        self.source: Source | None = None
        self.module: types.ModuleType | None = None
        self.construction: Construction | None = None
        self.instance: Any = None
        self.ties: dict[str, int] = {}
        self.vectors: dict[str, Raw] = {}  # arrays that are drawn around their constructed values
        self.prepared = False
        self._compiled: dict[str, Any] = {}

    def take(self, source: Source) -> None:
        """The file, not yet imported."""
        self.source, self._compiled = source, {}

    def loaded(self) -> tuple[Source, types.ModuleType]:
        """Raises LookupError before `load`."""
        if self.source is None or self.module is None:
            raise LookupError("no file is loaded")
        return self.source, self.module

    def compiled(self, purpose: str, compile_it: Callable[[Source], Any]) -> Any:
        """What `compile_it` makes of the file, which is made once: a model is observed under many samples."""
        if purpose not in self._compiled:
            self._compiled[purpose] = compile_it(self.loaded()[0])
        return self._compiled[purpose]

    def evaluate(self, expression: str, module: types.ModuleType | None = None) -> Any:
        """An expression in the file's namespace, or the last of several statements, which may define what it needs.

        The framework's usual short names come after the file's own.
        """
        names = {**self.framework.namespace(), **vars(module or self.loaded()[1])}
        *statements, last = ast.parse(expression.strip()).body or [ast.Pass()]
        if not isinstance(last, ast.Expr):
            raise SyntaxError("the last statement is no expression")
        exec(compile(ast.Module(statements, []), "<expression>", "exec"), names)
        return eval(compile(ast.Expression(last.value), "<expression>", "eval"), names)

    def construct(self, construction: Construction, module: types.ModuleType | None = None) -> Any:
        self.framework.seed(construction.seed)
        with self.framework.random(construction.streams, True):
            return self.evaluate(construction.expression, module)

    def constructed(self) -> Construction:
        """Raises LookupError before `construct`."""
        if self.construction is None:
            raise LookupError("no model is constructed")
        return self.construction

    def unsaved(self) -> list[str]:
        """Buffers that a checkpoint would lack."""
        return [entry.name for entry in self.framework.state(self.instance) if entry.buffer and not entry.persistent]

    def state(self) -> dict[str, Raw]:
        return {entry.name: self.framework.to_raw(entry.array) for entry in self.framework.state(self.instance)}


@dataclass
class Call:
    """One way to call the session's model, that can be made many times and always begins from the same state."""

    model: Model
    arguments: Arguments
    method: str | None
    training: bool
    streams: int | None
    dropout: bool
    float64: bool
    constants: int | None  # which way the model's constants are disturbed
    exact_sums: bool = False
    draws: Draws | None = None  # of the last call

    @staticmethod
    def of(model: Model, request: Json) -> Call:
        """From a request with `spec`, `arrays` and the options of `call`. Raises LookupError, OSError, ValueError."""
        model.constructed()
        return Call(
            model,
            Arguments.read(request.get("spec"), request.get("arrays")),
            request.get("method"),
            bool(request.get("training", False)),
            request.get("streams"),
            request.get("dropout", "on") != "off",
            bool(request.get("float64", False)),
            request.get("constants"),
            bool(request.get("exact_sums", False)),
        )

    @contextlib.contextmanager
    def mode(self) -> Iterator[None]:
        """The mode, random numbers and precision of this call, for as long as it is set up."""
        framework = self.model.framework
        framework.train(self.model.instance, self.training)
        wide = framework.widened(self.model.instance) if self.float64 else contextlib.nullcontext()
        moved = contextlib.nullcontext() if self.constants is None else framework.constants_disturbed(self.model.instance, self.constants)
        exact = framework.exact_sums() if self.exact_sums else contextlib.nullcontext()
        with wide, moved, exact:
            yield

    def arrays(self) -> dict[str, Array]:
        """Fresh arrays of the arguments, by path."""
        return {path: self.array(path) for path in self.arguments.raws}

    def array(self, path: str) -> Array:
        raw = self.arguments.raws[path]
        if self.float64 and raw.floating:
            raw = raw.cast("float64")
        elif self.float64 and raw.dtype == "complex64":
            raw = raw.cast("complex128")
        return self.model.framework.from_raw(raw)

    def invoke(self, arrays: dict[str, Array], instance: Any = None, module: types.ModuleType | None = None) -> Any:
        """Calls with these arrays; random numbers begin anew. Must be inside of `mode`."""
        model = self.model
        instance = model.instance if instance is None else instance

        def evaluate(text: str) -> Any:
            return model.evaluate(text, module)

        model.framework.seed(0)
        args, kwargs = self.arguments.build(arrays.__getitem__, evaluate, model.framework.name == "mlx")
        called: Callable[..., Any] = getattr(instance, self.method) if self.method else instance
        with model.framework.random(self.streams, self.dropout) as self.draws:
            return called(*args, **kwargs)

    def flatten(self, output: Any) -> list[Array]:
        """The leaves, not waited for."""
        return flatten(output, self.model.framework.is_array)[1]

    def leaves(self, output: Any) -> tuple[Json, list[Array]]:
        """(tree, leaves), computed."""
        described, leaves = flatten(output, self.model.framework.is_array)
        self.model.framework.evaluate([leaf for leaf in leaves if self.model.framework.is_array(leaf)])
        return described, leaves

    def raw(self, leaf: Any) -> Raw:
        """A leaf may also be numpy's."""
        return self.model.framework.to_raw(leaf) if self.model.framework.is_array(leaf) else Raw.of(leaf)

    def raw_leaves(self, arrays: dict[str, Array]) -> list[Raw]:
        """The leaves of one plain call; the state of the model stays as it was."""
        framework = self.model.framework
        restore = framework.snapshot(self.model.instance)
        try:
            output = framework.infer(self.model.instance, lambda: self.invoke(arrays), restore)
            return [self.raw(leaf) for leaf in self.leaves(output)[1]]
        finally:
            restore()
