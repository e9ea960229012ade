"""Runs the cases of chunks in one framework: results, gradients of a random projection, and what was raised.

As a program, `execute.py LIST` takes chunks that were converted and runs them in MLX: each line of LIST is a folder, and each
folder gets `mlx.json` and `mlx.safetensors`. The case that runs is named in LIST's `.at` file, so that whoever started the
program knows what a crash is to be blamed on; cases in `.skip` are not run.
"""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from cases import FORMS, Case, Chunk

from mlxify.workers import arrays
from mlxify.workers.arrays import FLOATING, Raw
from mlxify.workers.framework import Framework, import_framework
from mlxify.workers.gradients import projection
from mlxify.workers.inputs import Arguments
from mlxify.workers.tree import flatten

SEED = 7
SECONDS = 30  # of one case


def load(path: Path) -> types.ModuleType:
    """Imports a generated file under a name that no other one has. Raises whatever its import raises."""
    specification = importlib.util.spec_from_file_location("_".join(path.with_suffix("").parts[-2:]), path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


class Run:
    """One case, ready to be called any number of times."""

    def __init__(self, framework: Framework, module: types.ModuleType, case: Case, raws: dict[str, Raw]) -> None:
        self.framework = framework
        self.case = case
        self.arguments = Arguments(case.spec, raws, {})
        self.subject = getattr(module, case.name)
        self.raws = {path: raws[path] for path in _paths(case.spec)}
        if case.construct is not None:
            construction = Arguments(case.construct, raws, {})
            args, kwargs = construction.build(
                lambda path: framework.from_raw(raws[path]), eval, framework.name == "mlx"
            )
            framework.seed(0)
            self.subject = self.subject(*args, **kwargs)
            framework.train(self.subject, case.training)

    def arrays(self, wide: bool = False) -> dict[str, Any]:
        """Fresh arrays by path; `wide`: of float64."""
        wider = {"float32": "float64", "complex64": "complex128"} if wide else {}
        return {
            path: self.framework.from_raw(_cast(raw, wider.get(raw.dtype, raw.dtype)))
            for path, raw in self.raws.items()
        }

    def call(self, given: dict[str, Any]) -> Any:
        self.framework.seed(0)
        args, kwargs = self.arguments.build(given.__getitem__, eval, self.framework.name == "mlx")
        with self.framework.random(SEED, True):
            return self.subject(*args, **kwargs)

    def values(self, wide: bool = False) -> tuple[Any, list[Raw]]:
        """(tree, leaves) of the result; a module is then as it was before the call."""
        restore = self.framework.snapshot(self.subject)
        result = self.framework.infer(self.subject, lambda: self.call(self.arrays(wide)))
        tree, leaves = flatten(result, self.framework.is_array)
        self.framework.evaluate([leaf for leaf in leaves if self.framework.is_array(leaf)])
        raws = [self.framework.to_raw(leaf) if self.framework.is_array(leaf) else Raw.of(leaf) for leaf in leaves]
        restore()
        return tree, raws

    def gradients(self, wanted: list[int] | None, wide: bool = False) -> tuple[list[int], dict[str, Raw]]:
        """(the leaves that were projected, the gradients by `input.PATH` and `parameter.NAME`).

        `wanted`: the leaves that depend on something in torch; None in torch itself, which finds that out.
        """
        framework = self.framework
        used: list[int] = []

        def loss(inputs: dict[str, Any]) -> Any:
            leaves = flatten(self.call({**fixed, **inputs}), framework.is_array)[1]
            total = None
            for at, leaf in enumerate(leaves):
                if not framework.is_array(leaf) or not framework.is_floating(leaf):
                    continue
                if (at not in wanted) if wanted is not None else not leaf.requires_grad:
                    continue
                used.append(at)
                part = framework.weighted_sum(leaf, projection(SEED, at, tuple(leaf.shape)))
                total = part if total is None else total + part
            return total

        given = self.arrays(wide)
        fixed = {path: array for path, array in given.items() if not framework.is_floating(array)}
        floats = {path: array for path, array in given.items() if path not in fixed}
        restore = framework.snapshot(self.subject)
        try:
            by_parameter, by_input = framework.gradients(self.subject, floats, loss)
        finally:
            restore()
        found = {f"parameter.{name}": array for name, array in by_parameter.items()}
        found |= {f"input.{path}": array for path, array in by_input.items()}
        return used, {name: framework.to_raw(array) for name, array in found.items() if array is not None}


def _cast(raw: Raw, dtype: str) -> Raw:
    if dtype == "complex128":
        return Raw(dtype, raw.values.astype(np.complex128))
    return raw.cast(dtype)


def _paths(spec: Any) -> list[str]:
    if isinstance(spec, dict):
        return [spec["$array"]] if "$array" in spec else [path for item in spec.values() for path in _paths(item)]
    return [path for item in spec for path in _paths(item)] if isinstance(spec, list) else []


def describe(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}"


def _is_off(found: Raw, expected: Raw | None) -> bool:
    """Whether it is worth a look in float64: two terms may cancel, of which torch's roundings happen to be equal."""
    if expected is None or expected.shape != found.shape or expected.dtype != "float32":
        return False
    scale = np.abs(expected.values).max(initial=0.0)
    return bool(np.abs(found.numbers() - expected.values).max(initial=0.0) > 1e-6 * scale)


def _run_in_mlx(
    framework: Framework, run: Run, reference: dict[str, Any], weights: dict[str, Raw], expected: dict[str, Raw]
) -> tuple[dict, dict]:
    """(record, arrays) of one converted case."""
    name, form = run.case.name, run.case.form
    if weights:
        wrong = framework.load(run.subject, weights, set())
        if any(wrong.values()):
            return {"error": f"weights: {wrong}"}, {}
    tree, leaves = run.values()
    record: dict[str, Any] = {"tree": tree, "dtypes": [leaf.dtype for leaf in leaves]}
    held = {f"{form}.{name}.leaf.{at}": leaf for at, leaf in enumerate(leaves)}
    if reference.get("projected"):
        try:
            _, found = run.gradients(reference["projected"])
            held |= {f"{form}.{name}.gradient.{key}": raw for key, raw in found.items()}
            if any(_is_off(raw, expected.get(f"{name}.gradient.{key}")) for key, raw in found.items()):
                with framework.widened(run.subject):
                    wide = run.gradients(reference["projected"], wide=True)[1]
                held |= {f"{form}.{name}.wide.{key}": raw for key, raw in wide.items()}
        except Exception as error:
            record["gradient_error"] = describe(error)
    return record, held


def run_chunk(framework: Framework, folder: Path, skipped: dict[str, str], at: Path) -> None:
    """Runs what was converted of a chunk; writes `mlx.json` and `mlx.safetensors`."""
    chunk = Chunk.read(folder)
    references = json.loads((folder / "torch.json").read_text())
    expected = arrays.read(str(folder / "torch.safetensors"))[0]
    records: dict[str, dict[str, Any]] = {}
    held: dict[str, Raw] = {}
    for form in FORMS:
        converted = folder / f"{form}_mlx.py"
        try:
            module = load(converted) if converted.exists() else types.ModuleType(form)
        except Exception as error:
            wrong = {"error": f"the converted file cannot be imported: {describe(error)}"}
            records |= {f"{form}.{case.name}": wrong for case in chunk.cases if case.form == form}
            continue
        for case in chunk.cases:
            key = f"{form}.{case.name}"
            if case.form != form or not hasattr(module, case.name):
                continue
            if f"{folder}:{key}" in skipped:
                records[key] = {"error": skipped[f"{folder}:{key}"]}
                continue
            at.write_text(f"{folder}:{key}")
            signal.alarm(SECONDS)
            prefix = f"{case.name}.weight."
            weights = {path.removeprefix(prefix): raw for path, raw in expected.items() if path.startswith(prefix)}
            try:
                run = Run(framework, module, case, chunk.raws)
                records[key], found = _run_in_mlx(framework, run, references[case.name], weights, expected)
                held |= found
            except NotImplementedError as error:
                records[key] = {"refused": " ".join(str(error).split())[:300]}
            except Exception as error:
                records[key] = {"error": describe(error)}
            signal.alarm(0)
    arrays.write(str(folder / "mlx.safetensors"), {key: raw for key, raw in held.items() if raw.dtype != "complex128"})
    (folder / "mlx.json").write_text(json.dumps(records))


def main() -> None:
    listed = Path(sys.argv[1])
    framework = import_framework("mlx")
    framework.prepare(False, b"")
    warnings.simplefilter("ignore")
    skip = listed.with_suffix(".skip")
    skipped = json.loads(skip.read_text()) if skip.exists() else {}
    for line in listed.read_text().splitlines():
        if not (Path(line) / "mlx.json").exists():
            run_chunk(framework, Path(line), skipped, listed.with_suffix(".at"))


if __name__ == "__main__":
    main()


__all__ = ["FLOATING", "SEED", "Run", "describe", "load"]
