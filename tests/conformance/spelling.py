"""How a value stands in source text: tensors as parameters, everything else as a literal or, where asked, as a parameter."""

from __future__ import annotations

import keyword
import math
from dataclasses import dataclass, field
from typing import Any

import torch

from mlxify.workers.arrays import Raw
from mlxify.workers.torch_framework import TorchFramework

_FRAMEWORK = TorchFramework()
_NAMES = {torch.bool: "torch.bool", torch.strided: "torch.strided"}


class Unwritable(Exception):
    """A value that has no text, such as a generator or a function."""


def literal(value: Any) -> str:
    """The text of a value without tensors. Raises Unwritable."""
    if isinstance(value, float) and not math.isfinite(value):
        return "math.nan" if math.isnan(value) else "-math.inf" if value < 0 else "math.inf"
    if value is None or value is Ellipsis or isinstance(value, bool | int | float | str | complex):
        return "..." if value is Ellipsis else repr(value)
    if isinstance(value, torch.dtype | torch.layout | torch.memory_format):
        return str(value)
    if isinstance(value, torch.device):
        return repr(str(value))
    if isinstance(value, slice):
        return f"slice({literal(value.start)}, {literal(value.stop)}, {literal(value.step)})"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    raise Unwritable(type(value).__name__)


def index_text(value: Any, text: Any) -> str:
    """What stands between the brackets of a subscript: slices by colons, a tuple without parentheses."""
    if isinstance(value, slice):
        start, stop, step = ("" if part is None else literal(part) for part in (value.start, value.stop, value.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if isinstance(value, tuple) and value:
        return ", ".join(index_text(part, text) for part in value) + ("," if len(value) == 1 else "")
    return text(value)


@dataclass
class Parameters:
    """The parameters of one case, collected while its call is written.

    `facts`: each tensor's shape and dtype are stated. `scalars`: literals become parameters too, so that nothing is known.
    """

    prefix: str
    raws: dict[str, Raw]
    facts: bool = False
    scalars: bool = False
    copies: bool = False
    names: list[str] = field(default_factory=list)
    spec: list[Any] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)

    @property
    def subject(self) -> str:
        """What the first parameter is called where the call stands."""
        return f"{self.names[0]}_copy" if self.copies else self.names[0]

    def text(self, value: Any, name: str) -> str:
        """How `value` is written; it may become a parameter of about that name."""
        if isinstance(value, torch.Tensor):
            return self._tensor(value, name)
        if isinstance(value, list | tuple) and _holds_tensor(value):
            if self.scalars and type(value) in (list, tuple):
                spec = [self._array(item) if isinstance(item, torch.Tensor) else _json(item) for item in value]
                return self._parameter(name, spec if isinstance(value, list) else {"$tuple": spec})
            parts = [self.text(item, f"{name}{at}") for at, item in enumerate(value)]
            if isinstance(value, list):
                return f"[{', '.join(parts)}]"
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        if self.scalars:
            try:
                return self._parameter(name, _json(value))
            except Unwritable:
                pass
        return literal(value)

    def _tensor(self, value: torch.Tensor, name: str) -> str:
        spec = self._array(value)
        name = self._parameter(name, spec)
        if self.facts:
            size = ", ".join(map(str, value.shape)) or "()"
            if self.copies:
                self.statements.append(f"{name}_copy = {name}.reshape({size}).to({value.dtype}).clone()")
                return f"{name}_copy"
            self.statements.append(f"{name} = {name}.reshape({size}).to({value.dtype})")
        return name

    def _array(self, value: torch.Tensor) -> Any:
        if value.layout != torch.strided or value.is_quantized or value.dtype in (torch.complex32,):
            raise Unwritable(f"a tensor of layout {value.layout}")
        path = f"{self.prefix}.{len(self.raws)}"
        for known, raw in self.raws.items():  # the same sample is written several times
            if known.startswith(self.prefix + ".") and raw is getattr(value, "_raw_of_case", None):
                return {"$array": known}
        raw = _FRAMEWORK.to_raw(value)
        value._raw_of_case = raw
        self.raws[path] = raw
        return {"$array": path}

    def _parameter(self, name: str, spec: Any) -> str:
        if keyword.iskeyword(name) or name in self.names or name in ("torch", "nn", "F", "math"):
            name = f"{name}_{len(self.names)}"
        self.names.append(name)
        self.spec.append(spec)
        return name


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_tensor, value))
    return isinstance(value, torch.Tensor)


def _json(value: Any) -> Any:
    """A value as the specs of arguments hold it. Raises Unwritable."""
    if isinstance(value, torch.Size):
        value = tuple(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if type(value) is list:
        return [_json(item) for item in value]
    if type(value) is tuple:
        return {"$tuple": [_json(item) for item in value]}
    raise Unwritable(type(value).__name__)
