"""Verbs that make a model: load, construct, draw, weights, names, inputs."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from mlxify.workers import arrays, definitions, inputs, weights
from mlxify.workers.arrays import Raw
from mlxify.workers.framework import Entry
from mlxify.workers.model import Construction, Json, Model

_PARAMETER, _BUFFER = "parameter.", "buffer."


def load(model: Model, request: Json) -> Json:
    """Imports the file; `definitions` of what it defines."""
    model.take(definitions.Source.read(request["path"], request.get("name")))
    if not model.prepared:
        model.framework.prepare(bool(request.get("bf16_as_f32", False)), model.source.text)
        model.prepared = True
    model.framework.seed(0)
    model.module = model.source.run()
    return {"definitions": definitions.describe(model.module, model.source.text, model.framework.is_module_class)}


def construct(model: Model, request: Json) -> Json:
    """Evaluates the expression and keeps what it gives; `parameters`, `buffers`, `modules`, or `callable`."""
    model.loaded()
    construction = Construction(request["expression"], int(request.get("seed", 0)), request.get("streams"))
    with model.framework.memory_known() as fill:
        instance = model.construct(construction)
    fill(instance)
    model.framework.separate(instance)
    if not model.framework.is_module(instance) and not callable(instance):
        raise TypeError(
            f"`{construction.expression}` gives no module and nothing to call, but {type(instance).__name__}"
        )
    model.instance, model.construction = instance, construction
    state = model.framework.state(instance)
    model.vectors = {
        entry.name: model.framework.to_raw(entry.array)
        for entry in state
        if weights.is_vector(entry.array.shape)
    }
    model.ties = {entry.name: entry.tie for entry in state}
    own = model.loaded()[0].name + "."
    about = [_describe(model, entry, state) for entry in state]
    return {
        "parameters": [record for entry, record in zip(state, about, strict=True) if not entry.buffer],
        "buffers": [record for entry, record in zip(state, about, strict=True) if entry.buffer],
        "modules": [_describe_module(model, name, of.removeprefix(own)) for name, of in model.framework.modules(instance)],
        "callable": not model.framework.is_module(instance),
    }


def _describe_module(model: Model, name: str, of: str) -> Json:
    record: Json = {"name": name, "class": of}
    text = model.framework.layer_text(model.instance, name)
    if text:
        record["text"] = text
    return record


def _describe(model: Model, entry: Entry, state: list[Entry]) -> Json:
    record: Json = {"name": entry.name, "shape": list(entry.array.shape), "dtype": model.framework.dtype(entry.array)}
    if entry.buffer:
        record["persistent"] = entry.persistent
    else:
        record["trainable"] = entry.trainable
    first = next(other.name for other in state if other.tie == entry.tie)
    return record if first == entry.name else {**record, "tied": first}


def draw(model: Model, request: Json) -> Json:
    """torch only: new values for all parameters and running statistics; the whole state is written to `out`.

    `unsaved` names the buffers that a checkpoint would lack: they cross for comparison, not for loading.
    """
    model.constructed()
    state = model.framework.state(model.instance)
    owners = model.framework.owners(model.instance) if state else {}
    firsts = {entry.tie: entry for entry in reversed(state)}
    constructed = [
        weights.Constructed(
            entry.name,
            owners[entry.name],
            tuple(entry.array.shape),
            model.framework.dtype(entry.array),
            entry.buffer,
            model.vectors.get(entry.name),
        )
        for entry in firsts.values()
        if (entry.persistent if entry.buffer else entry.trainable)  # the converted model computes other buffers itself
    ]
    model.framework.assign(model.instance, weights.redraw(constructed, int(request["seed"])))
    unsaved = model.unsaved()
    arrays.write(request["out"], model.state(), {"unsaved": json.dumps(unsaved)})
    return {
        "parameters": [entry.name for entry in state if not entry.buffer],
        "buffers": [entry.name for entry in state if entry.buffer],
        "unsaved": unsaved,
    }


def initial(model: Model, request: Json) -> Json:
    """Evaluates the expression of `construct` once more, by another seed; the state that it leaves goes to `out`, the model stays.

    With `defaults`, its metadata names there what holds the values of the framework's own layers. With `float64` (torch), everything
    is computed in float64.
    """
    construction = Construction(model.constructed().expression, int(request["seed"]), request.get("streams"))
    wide = model.framework.doubles() if request.get("float64", False) else contextlib.nullcontext()
    told = bool(request.get("defaults", True))
    defaults = model.framework.library_defaults() if told else contextlib.nullcontext()
    with model.framework.memory_known(), wide, defaults as untouched:
        instance = model.construct(construction)
    state = model.framework.state(instance)
    written = {entry.name: model.framework.to_raw(entry.array) for entry in state}
    arrays.write(request["out"], written, {"defaults": json.dumps(untouched(instance) if untouched and state else [])})
    return {"names": [entry.name for entry in state]}


def load_weights(model: Model, request: Json) -> Json:
    """Loads a file of weights under torch's names, strictly: `missing`, `unexpected`, `mismatched` are all empty if all is well."""
    model.constructed()
    loaded, metadata = arrays.read(request["path"])
    if not model.framework.is_module(model.instance):
        return {"missing": [], "unexpected": list(loaded), "mismatched": []}
    return dict(model.framework.load(model.instance, loaded, set(json.loads(metadata.get("unsaved", "[]")))))


def rename(model: Model, request: Json) -> Json:
    """Writes a file of torch-named weights or gradients under the names and layouts of this model.

    Keys may have the prefixes `parameter.` and `buffer.` of the other verbs' files; other prefixes pass through. A buffer that no
    checkpoint holds goes to the attribute of its name, with or without an underscore before it.
    """
    model.constructed()
    given, metadata = arrays.read(request["path"])
    prefixed = any(key.startswith((_PARAMETER, _BUFFER)) for key in given)
    named = {_bare(key): raw for key, raw in given.items() if not prefixed or key.startswith((_PARAMETER, _BUFFER))}
    written = {key: raw for key, raw in given.items() if prefixed and not key.startswith((_PARAMETER, _BUFFER))}
    unsaved = set(json.loads(metadata.get("unsaved", "[]")))
    renamed = model.framework.rename(model.instance, {name: raw for name, raw in named.items() if name not in unsaved})
    buffers = {entry.name for entry in model.framework.state(model.instance) if entry.buffer}
    for name in unsaved & named.keys():
        owner, _, last = name.rpartition(".")
        hidden = f"{owner}._{last}" if owner else f"_{last}"
        renamed[hidden if hidden in buffers else name] = named[name]
    for name, raw in renamed.items():
        buffer = name in buffers or name in unsaved
        written[f"{_BUFFER if buffer else _PARAMETER}{name}" if prefixed else name] = raw
    arrays.write(request["out"], written)
    return {"names": list(written)}


def _bare(key: str) -> str:
    return key.removeprefix(_PARAMETER).removeprefix(_BUFFER)


def make_inputs(model: Model, request: Json) -> Json:
    """Draws the arrays of a spec and writes them; `spec` with each array as `{"$array": path}`, and `arrays` by path."""

    def to_raw(value: Any) -> Raw | None:
        return model.framework.to_raw(value) if model.framework.is_array(value) else None

    spec, drawn = inputs.draw(request["spec"], int(request.get("seed", 0)), model.evaluate, to_raw, request["out"])
    return {
        "spec": spec,
        "arrays": [{"name": path, "shape": list(raw.shape), "dtype": raw.dtype} for path, raw in drawn.items()],
    }


VERBS = {
    "load": load,
    "construct": construct,
    "draw": draw,
    "initial": initial,
    "weights": load_weights,
    "names": rename,
    "inputs": make_inputs,
}
