"""Verbs whose results are compared: call, gradient, sensitivity, time, operations. They leave the model as it was."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from mlxify.workers import arrays, attributes, sensitivity, timing
from mlxify.workers.arrays import Raw
from mlxify.workers.framework import Array
from mlxify.workers.gradients import projected_gradients
from mlxify.workers.model import Call, Json, Model
from mlxify.workers.moves import is_image


def call(model: Model, request: Json) -> Json:
    """`tree` and `leaves` of the result; its arrays, those of the arguments that it has overwritten, and buffers and attributes afterwards, in `out`.

    Buffers and attributes bear the author's names (attributes.py). The metadata's `changed` names the buffers that the call has changed. torch's attributes are those that the call has assigned; MLX's are all, whenever they were.
    """
    made = Call.of(model, request)
    framework = model.framework
    before, buffers_before = attributes.held(framework, model.instance), _buffers(model)
    restore = framework.snapshot(model.instance)
    try:
        with made.mode():
            given = made.arrays()
            given_before = {path: made.raw(array) for path, array in given.items()}
            watch = timing.Stopwatch()
            output = framework.infer(model.instance, lambda: made.invoke(given), restore)
            tree, leaves = made.leaves(output)
            seconds = watch.seconds()
            raws = [made.raw(leaf) for leaf in leaves]
            written = {f"leaf.{index}": raw for index, raw in enumerate(raws)}
            given_after = {path: made.raw(array) for path, array in given.items()}
            overwritten = {path: raw for path, raw in given_after.items() if not raw.same(given_before[path])}
            written.update({f"argument.{path}": raw for path, raw in overwritten.items()})
            buffers = _buffers(model)
            written.update({f"buffer.{name}": raw for name, raw in buffers.items()})
            after = _asked_for(attributes.held(framework, model.instance), request)
            left = attributes.written(framework, before if framework.name == "torch" else {}, after)
            written.update({f"attribute.{name}": raw for name, raw in left.items()})
    finally:
        restore()
    changed = [name for name, raw in buffers.items() if not raw.same(buffers_before.get(name))]
    about = {"unsaved": json.dumps(model.unsaved()), "changed": json.dumps(changed)}
    arrays.write(request["out"], written, about)
    described = [{"shape": list(raw.shape), "dtype": raw.dtype, "finite": raw.finite()} for raw in raws]
    draws = made.draws
    told = {"kept": draws.kept, "drawn": draws.drawn} if draws is not None else {}
    return {"tree": tree, "leaves": described, "seconds": seconds, **told}


def _asked_for(held: dict[str, Any], request: Json) -> dict[str, Any]:
    """Without names in the request, all."""
    names = request.get("attributes")
    return held if names is None else {name: value for name, value in held.items() if name in names}


def gradient(model: Model, request: Json) -> Json:
    """Gradients of the projected result by every trainable parameter and float input, in `out`.

    With `rate`, also the state after one step of plain gradient descent by them, as `after.parameter.NAME` and `after.buffer.NAME`.
    """
    made = Call.of(model, request)
    rate = request.get("rate")
    restore = model.framework.snapshot(model.instance)
    before = model.state() if rate is not None else {}
    try:
        with made.mode():
            by_parameter, by_input = projected_gradients(made, int(request.get("projection", 0)))
            written, without = _as_raws(model, made, by_parameter, by_input)
            after = _state_of(model) if rate is not None else {}
    finally:
        restore()
    if rate is not None:
        trained = [name for name in by_parameter if name not in without]
        after.update({f"parameter.{name}": _stepped(before[name], written[f"parameter.{name}"], rate) for name in trained})
    written.update({f"after.{key}": raw for key, raw in after.items()})
    arrays.write(request["out"], written)
    return {"without": without}


def _stepped(parameter: Raw, gradient: Raw, rate: float) -> Raw:
    """In float64 where the gradient is, else in the parameter's own dtype."""
    wide = gradient.dtype == "float64"
    values = parameter.numbers()
    step = np.float32(rate) * gradient.numbers()
    stepped = Raw.of(values - step.astype(np.float64 if wide else values.dtype))
    return stepped if wide else stepped.cast(parameter.dtype)


def _as_raws(
    model: Model, made: Call, by_parameter: dict[str, Array | None], by_input: dict[str, Array | None]
) -> tuple[dict[str, Raw], list[str]]:
    """Gradients as float32 (float64 when computed so), zeros where there is none, and the parameters without."""
    shapes = {entry.name: tuple(entry.array.shape) for entry in model.framework.state(model.instance)}
    dtype = "float64" if made.float64 else "float32"
    written: dict[str, Raw] = {}
    for name, array in by_parameter.items():
        none = Raw.of(np.zeros(shapes[name], dtype))
        written[f"parameter.{name}"] = none if array is None else model.framework.to_raw(array).cast(dtype)
    for path, array in by_input.items():
        none = Raw.of(np.zeros(made.arguments.raws[path].shape, dtype))
        written[f"input.{path}"] = none if array is None else model.framework.to_raw(array).cast(dtype)
    return written, [name for name, array in by_parameter.items() if array is None]


def _state_of(model: Model) -> dict[str, Raw]:
    return {
        f"{'buffer' if entry.buffer else 'parameter'}.{entry.name}": model.framework.to_raw(entry.array)
        for entry in model.framework.state(model.instance)
    }


def _buffers(model: Model) -> dict[str, Raw]:
    """By the author's names; of those that become the same, the last."""
    return {
        attributes.common_name(entry.name): model.framework.to_raw(entry.array)
        for entry in model.framework.state(model.instance)
        if entry.buffer
    }


def move(model: Model, request: Json) -> Json:
    """`moved`: per input and parameter, whether any leaf of the result depends on it; `move` names some, absent: all."""
    made = Call.of(model, request)
    named = request.get("move")
    restore = model.framework.snapshot(model.instance)
    try:
        with made.mode():
            return {"moved": sensitivity.measure(made, set(named) if named else None)}
    finally:
        restore()


def time(model: Model, request: Json) -> Json:
    """`seconds` of a call, `training_seconds` of one with its gradients (if `training`), medians; `peak_bytes` beyond the model; `moves` of axes in a call;
    `images`, the arrays of as many axes that go in and come out.

    With `step`, only `training_seconds` and `peak_bytes`, of calls with their gradients.
    """
    made = Call.of(model, request)
    restore = model.framework.snapshot(model.instance)
    try:
        with model.framework.compiled(bool(request.get("compiled", False))), made.mode():
            repeat = int(request.get("repeat", 5))
            if request.get("step", False):
                return timing.measure_step(repeat, lambda: projected_gradients(made, 0))
            result = timing.measure(made, repeat, lambda: projected_gradients(made, 0))
            with model.framework.moves_counted() as moves:
                given = made.arrays()
                output = model.framework.infer(model.instance, lambda: made.invoke(given), restore)
            images = sum(is_image(len(leaf.shape)) for leaf in [*given.values(), *made.flatten(output)])
            return {**result, "moves": moves.count, "images": images}
    finally:
        restore()


def operations(model: Model, request: Json) -> Json:
    """torch only: `operations`, the multiplications and additions of a call, about."""
    made = Call.of(model, request)
    restore = model.framework.snapshot(model.instance)
    try:
        with made.mode():
            given = made.arrays()
            return {"operations": model.framework.operations(lambda: made.invoke(given))}
    finally:
        restore()


VERBS = {"call": call, "gradient": gradient, "sensitivity": move, "time": time, "operations": operations}
