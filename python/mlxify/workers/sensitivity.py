"""Which inputs and parameters move the result: a comparison that could not have failed proves nothing.

A parameter whose gradient is not zero moves the result. The others, and the inputs, are changed and the call is made again;
parameters are changed all at once and, if that moves anything, in halves.
"""

from __future__ import annotations

import numpy as np

from mlxify.workers.arrays import Raw
from mlxify.workers.gradients import projected_gradients
from mlxify.workers.model import Call

RELATIVE = 1e-7  # of a leaf's largest magnitude; less is rounding


def measure(made: Call, wanted: set[str] | None) -> dict[str, bool]:
    """By `input.PATH` and `parameter.NAME`; `wanted` may leave the prefix of a parameter out. Must be inside of the mode."""
    parameters = {
        entry.name for entry in made.model.framework.state(made.model.instance) if not entry.buffer and entry.trainable
    }
    inputs = set(made.arguments.raws)
    if wanted is not None:
        parameters = {name for name in parameters if {name, f"parameter.{name}"} & wanted}
        inputs = {path for path in inputs if {path, f"input.{path}"} & wanted}
    base = made.raw_leaves(made.arrays())
    moved = {f"input.{path}": _input_moves(made, path, base) for path in sorted(inputs)}
    moved.update({f"parameter.{name}": True for name in parameters})
    for name in _unmoved(made, sorted(parameters - _with_gradient(made)), base):
        moved[f"parameter.{name}"] = False
    return moved


def _with_gradient(made: Call) -> set[str]:
    """Parameters that the projected result visibly depends on; none if the model cannot be differentiated."""
    framework = made.model.framework
    restore = framework.snapshot(made.model.instance)
    try:
        by_parameter, _ = projected_gradients(made, 0)
        raws = {name: framework.to_raw(array).numbers() for name, array in by_parameter.items() if array is not None}
    except Exception:
        return set()
    finally:
        restore()
    return {
        name for name, values in raws.items() if np.isfinite(values).all() and np.abs(values).max(initial=0) > 1e-12
    }


def _unmoved(made: Call, names: list[str], base: list[Raw]) -> list[str]:
    """Those of `names` that move nothing, by halving."""
    if not names or not _parameters_move(made, names, base):
        return names
    if len(names) == 1:
        return []
    middle = len(names) // 2
    return _unmoved(made, names[:middle], base) + _unmoved(made, names[middle:], base)


def _parameters_move(made: Call, names: list[str], base: list[Raw]) -> bool:
    model = made.model
    before = {
        entry.name: model.framework.to_raw(entry.array)
        for entry in model.framework.state(model.instance)
        if entry.name in names
    }
    try:
        model.framework.assign(model.instance, {name: _changed(raw) for name, raw in before.items()})
        return differ(base, made.raw_leaves(made.arrays()))
    finally:
        model.framework.assign(model.instance, before)


def _input_moves(made: Call, path: str, base: list[Raw]) -> bool:
    """Whether another value of one input moves the result. A value that the model refuses counts as none."""
    framework = made.model.framework
    raw = made.arguments.raws[path]
    for changed in _alternatives(raw, made.arguments.ranges.get(path)):
        other = made.arrays()
        other[path] = framework.from_raw(changed.cast("float64") if made.float64 and changed.floating else changed)
        try:
            if differ(base, made.raw_leaves(other)):
                return True
        except Exception:
            continue
    return False


def _alternatives(raw: Raw, bounds: list[float] | None) -> list[Raw]:
    """Other values of an input: mirrored within the range of integers, so that indices stay valid; inverted masks."""
    values = raw.values
    if raw.floating or raw.dtype == "complex64":
        return [_changed(raw)]
    if raw.dtype == "bool":
        return [Raw.of(~values), Raw.of(np.zeros_like(values)), Raw.of(np.ones_like(values))]
    low, high = bounds or (int(values.min(initial=0)), int(values.max(initial=0)) + 1)
    found = [
        (low + high - 1 - values.astype(np.int64)),
        np.roll(values, 1),
        np.full_like(values, low),
        values + 1,
        values - 1,
    ]
    return [Raw.of(other.astype(values.dtype)) for other in found if not np.array_equal(other, values)]


def _changed(raw: Raw) -> Raw:
    """A visible change in every element, of its own magnitude."""
    if raw.dtype == "complex64":
        return Raw.of((raw.values * (1.1 + 0.1j) + 0.05).astype(np.complex64))
    if not raw.floating:
        return raw
    values = raw.numbers().astype(np.float64)
    noise = np.random.default_rng(0).standard_normal(values.shape)
    scale = 0.1 * np.abs(values) + 0.1 * (np.abs(values).mean() if values.size else 0) + 1e-3
    return Raw.of(np.asarray(values + scale * noise)).cast(raw.dtype)


def differ(one: list[Raw], other: list[Raw]) -> bool:
    """Whether any leaf differs beyond rounding, or is of another shape."""
    if len(one) != len(other):
        return True
    for a, b in zip(one, other, strict=True):
        if a.shape != b.shape:
            return True
        x, y = a.numbers(), b.numbers()
        if x.dtype.kind not in "fc":
            if not np.array_equal(x, y):
                return True
            continue
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        with np.errstate(invalid="ignore", over="ignore"):
            bound = RELATIVE * np.abs(np.where(np.isfinite(x), x, 0)).max(initial=0)
            if not (same | (np.abs(x.astype(np.complex128) - y) <= bound)).all():
                return True
    return False
