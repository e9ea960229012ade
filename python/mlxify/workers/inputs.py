"""Arguments of a call from a spec: arrays drawn with numpy and written to a file, the rest built where the call is made.

Every array has a path: `args.0`, `kwargs.mask`, `args.1.0` for the first item of a list. The file's metadata holds the spec
with each array replaced by `{"$array": path}`, so that the other framework builds the very same structure, also from
expressions that it could not evaluate.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlxify.workers import arrays
from mlxify.workers.arrays import Raw

Json = Any
_FLOATS = ("float64", "float32", "float16", "bfloat16", "complex64")
_ALIASES = {"float": "float32", "half": "float16", "double": "float64", "long": "int64", "int": "int32"}


@dataclass
class Drawing:
    """Walks a spec and replaces what is an array."""

    generator: np.random.Generator
    evaluate: Callable[[str], Any]  # an expression in the file's namespace
    to_raw: Callable[[Any], Raw | None]  # None: no array
    drawn: dict[str, Raw] = field(default_factory=dict)
    ranges: dict[str, list[float]] = field(default_factory=dict)  # of integers, as [low, high)

    def resolve(self, value: Json, path: str) -> Json:
        """The spec of one value with its arrays drawn. Raises ValueError for a malformed input, and what `$eval` raises."""
        if isinstance(value, list):
            return [self.resolve(item, f"{path}.{index}") for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if "shape" in value:
            return self._keep(path, self._draw(value, path))
        if "data" in value:
            return self._keep(path, _given(value))
        if "$tuple" in value:
            return {"$tuple": self.resolve(value["$tuple"], path)}
        if "$call" in value:
            return {"$call": value["$call"], **_both(self.resolve, value, path)}
        if "$eval" in value:
            evaluated = self.evaluate(value["$eval"])
            if type(evaluated).__name__ == "Size" and isinstance(evaluated, tuple):  # torch's shapes are tuples elsewhere
                return {"$mlx": repr(tuple(evaluated)), **value}
            return self._hold(evaluated, path) or value
        if "$array" in value:
            return value
        return {key: self.resolve(item, f"{path}.{key}") for key, item in value.items()}

    def _keep(self, path: str, raw: Raw) -> Json:
        self.drawn[path] = raw
        return {"$array": path}

    def _hold(self, value: Any, path: str) -> Json:
        """An evaluated expression as a spec; None if it is no literal and no structure of arrays."""
        raw = self.to_raw(value)
        if raw is not None:
            return self._keep(path, raw)
        if isinstance(value, list | tuple) and type(value) in (list, tuple):
            items = [self._hold(item, f"{path}.{index}") for index, item in enumerate(value)]
            if any(held is None for held in items):
                return None
            return {"$tuple": items} if isinstance(value, tuple) else items
        return {"$json": value} if value is None or isinstance(value, bool | int | float | str) else None

    def _draw(self, value: Json, path: str) -> Raw:
        """Floats: standard normal, or uniform in [low, high); integers: uniform in [low, high), else [0, 10); with `ends`, both ends occur."""
        shape = tuple(value["shape"])
        dtype = _dtype(value.get("dtype", "float32"))
        low, high = value.get("low"), value.get("high")
        if dtype == "bool":
            return Raw.of(self.generator.random(shape) < 0.5)
        if dtype not in _FLOATS:
            low, high = int(low or 0), int(10 if high is None else high)
            self.ranges[path] = [low, high]
            numbers = self.generator.integers(low, max(high, low + 1), shape, dtype=np.int64)
            if value.get("ends"):
                numbers.reshape(-1)[:1] = max(high, low + 1) - 1
                numbers.reshape(-1)[1:][-1:] = low
            return Raw.of(numbers.astype(dtype))
        if dtype == "complex64":
            parts = [self.generator.standard_normal(shape) for _ in range(2)]
            return Raw.of((parts[0] + 1j * parts[1]).astype(np.complex64))
        if low is None and high is None:
            numbers = self.generator.standard_normal(shape)
        else:
            numbers = self.generator.uniform(low or 0.0, 1.0 if high is None else high, shape)
        return Raw.of(np.asarray(numbers, np.float64 if dtype == "float64" else np.float32)).cast(dtype)


def draw(
    spec: Json, seed: int, evaluate: Callable[[str], Any], to_raw: Callable[[Any], Raw | None], out: str
) -> tuple[Json, dict[str, Raw]]:
    """Draws the arrays of `spec` and writes them to `out`; returns the resolved spec and the arrays by path."""
    drawing = Drawing(np.random.default_rng(seed), evaluate, to_raw)
    resolved = {
        "args": [drawing.resolve(item, f"args.{index}") for index, item in enumerate(spec.get("args", []))],
        "kwargs": {name: drawing.resolve(item, f"kwargs.{name}") for name, item in spec.get("kwargs", {}).items()},
    }
    about = {"spec": json.dumps(resolved), "ranges": json.dumps(drawing.ranges)}
    arrays.write(out, drawing.drawn, about)
    return resolved, drawing.drawn


@dataclass
class Arguments:
    """Arguments of a call, ready to be built any number of times, each time from fresh arrays."""

    spec: Json
    raws: dict[str, Raw]
    ranges: dict[str, list[float]]

    @staticmethod
    def read(spec: Json, path: str | None) -> Arguments:
        """`path` is a file written by `draw`; without one, `spec` must hold no arrays. Raises OSError, ValueError."""
        if not path:
            return Arguments(spec or {}, {}, {})
        raws, metadata = arrays.read(path)
        resolved = json.loads(metadata["spec"]) if "spec" in metadata else spec
        return Arguments(resolved or {}, raws, json.loads(metadata.get("ranges", "{}")))

    def build(
        self, make: Callable[[str], Any], evaluate: Callable[[str], Any], mlx: bool
    ) -> tuple[list[Any], dict[str, Any]]:
        """(args, kwargs); `make` gives the array of a path. Raises KeyError for a path that was not drawn."""

        def value_of(value: Json) -> Any:
            if isinstance(value, list):
                return [value_of(item) for item in value]
            if not isinstance(value, dict):
                return value
            if "$array" in value:
                return make(value["$array"])
            if "$json" in value:
                return value["$json"]
            if "$tuple" in value:
                return tuple(value_of(item) for item in value["$tuple"])
            if "$call" in value:
                called = evaluate(value["$call"])
                return called(*value_of(value.get("args", [])), **value_of(value.get("kwargs", {})))
            if "$eval" in value:
                return evaluate(value["$mlx"] if mlx and "$mlx" in value else value["$eval"])
            if "shape" in value or "data" in value:
                raise ValueError("the spec holds an array, and the file of arrays does not")
            return {key: value_of(item) for key, item in value.items()}

        return value_of(self.spec.get("args", [])), value_of(self.spec.get("kwargs", {}))


def _both(resolve: Callable[[Json, str], Json], value: Json, path: str) -> dict[str, Json]:
    return {
        "args": resolve(value.get("args", []), path),
        "kwargs": {name: resolve(item, f"{path}.{name}") for name, item in value.get("kwargs", {}).items()},
    }


def _given(value: Json) -> Raw:
    numbers = np.asarray(value["data"])
    default = "float32" if numbers.dtype.kind == "f" else numbers.dtype.name
    dtype = _dtype(value.get("dtype", default))
    if dtype == "bfloat16":
        return Raw.of(numbers.astype(np.float32)).cast(dtype)
    return Raw.of(numbers.astype(dtype))


def _dtype(name: str) -> str:
    name = str(name).removeprefix("torch.").removeprefix("mx.")
    return _ALIASES.get(name, name)
