"""What a call leaves in attributes of the model: an auxiliary loss, attention weights, a counter, which users read afterwards.

Names are compared as the author's, whatever the framework made of them: `_loss` for `loss` (MLX takes public arrays for parameters),
and `blocks.layers.0` for `blocks.0`.
"""

from __future__ import annotations

import collections
from typing import Any

import numpy as np

from mlxify.workers.arrays import Raw
from mlxify.workers.framework import Framework, Model

_NUMPY_TYPES = {bool: np.bool_, int: np.int64, float: np.float32}  # of Python's numbers
_LARGEST_INTEGER = 2**63


def held(framework: Framework, model: Model) -> dict[str, Any]:
    """Arrays and numbers in attributes, by the author's name; names that become the same are left out."""
    found = {name: value for name, value in framework.attributes(model).items() if _comparable(framework, value)}
    names = {name: common_name(name) for name in found}
    times = collections.Counter(names.values())
    return {names[name]: value for name, value in found.items() if times[names[name]] == 1}


def written(framework: Framework, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Raw]:
    """Those of `after` that the call has assigned."""
    return as_raws(framework, {name: value for name, value in after.items() if before.get(name) is not value})


def as_raws(framework: Framework, values: dict[str, Any]) -> dict[str, Raw]:
    """Numbers become arrays; what cannot be computed any more (an array of a trace that is over) is left out."""
    raws = {}
    for name, value in values.items():
        try:
            raws[name] = framework.to_raw(value) if framework.is_array(value) else _number(value)
        except (RuntimeError, TypeError, ValueError):
            continue
    return raws


def _comparable(framework: Framework, value: Any) -> bool:
    small = type(value) is not int or abs(value) < _LARGEST_INTEGER
    return framework.is_array(value) or (type(value) in _NUMPY_TYPES and small)


def _number(value: float) -> Raw:
    return Raw.of(np.asarray(value, _NUMPY_TYPES[type(value)]))


def common_name(name: str) -> str:
    """`blocks.0.loss` for `blocks.layers.0._loss`."""
    *path, last = name.split(".")
    return ".".join([part for part in path if part != "layers"] + [last.lstrip("_")])
