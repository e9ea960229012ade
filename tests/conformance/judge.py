"""The outcome of each case: passed, refused with a diagnostic, or failed; with neither framework in reach."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cases import Chunk

from mlxify.workers import arrays
from mlxify.workers.arrays import FLOATING, Raw

# Of the largest magnitude: some roundings of float32. More only where torch's own float32 is further from its float64.
TOLERANCE = 2e-5
GRADIENT_TOLERANCE = 1e-4
FACTOR = 16
RAISED = "raises for a tensor"  # how the reason of a refusal begins that is MLX's own error
LATE = "takes too long"  # what is noted of a case that was stopped, twice
MASK = "ValueError: boolean indices are not yet supported"  # of MLX, where nobody knew that an index is a mask
LOW_PRECISION = {"bfloat16": 2**-7, "float16": 2**-9}


@dataclass
class Outcome:
    """`outcome`: passed, refused, failed. `gradient`: passed, none (MLX has no derivative), failed, or empty: not asked."""

    subject: str
    name: str
    form: str
    spelling: str
    outcome: str
    reason: str = ""
    gradient: str = ""
    gradient_reason: str = ""


def kind_of(dtype: str) -> str:
    """Integers with a sign are one class (torch's default has 64 bits, MLX's 32), and so are widths that MLX lacks."""
    if dtype.startswith("int"):
        return "integer"
    return {"float64": "float32", "complex128": "complex64"}.get(dtype, dtype)


def _compared(expected: Raw, actual: Raw, own: float, tolerance: float, shapes_only: bool) -> str:
    """Why two arrays differ; empty if they agree."""
    if expected.shape != actual.shape:
        return f"shape {actual.shape} instead of {expected.shape}"
    if kind_of(expected.dtype) != kind_of(actual.dtype):
        return f"{actual.dtype} instead of {expected.dtype}"
    if shapes_only:
        return ""
    wanted, got = expected.numbers(), actual.numbers()
    if wanted.dtype.kind not in "fc":
        equal = np.array_equal(wanted, got)
        return "" if equal else f"{_shown(got)} instead of {_shown(wanted)}"
    if wanted.dtype.kind == "c":
        wanted, got = (np.stack([part.real, part.imag]) for part in (wanted, got))
    finite = np.isfinite(wanted)
    if not np.array_equal(np.where(finite, 0, wanted), np.where(np.isfinite(got), 0, got), equal_nan=True):
        return f"{_shown(got)} instead of {_shown(wanted)}"
    wanted, got = (np.where(finite, values, 0).astype(np.float64) for values in (wanted, got))
    scale = max(float(np.abs(wanted).max(initial=0.0)), 1e-3)
    error = float(np.abs(wanted - got).max(initial=0.0))
    allowed = max(LOW_PRECISION.get(expected.dtype, tolerance) * scale, FACTOR * own)
    return "" if error <= allowed else f"differs by {error:.3g} where values reach {scale:.3g} (allowed: {allowed:.3g})"


def _shown(values: np.ndarray) -> str:
    return " ".join(np.array2string(values.ravel()[:6], precision=4).split())


def _same_tree(expected: Any, actual: Any) -> bool:
    """Lists and tuples are one kind; numbers agree up to rounding."""
    if "const" in expected and "const" in actual:
        one, other = expected["const"], actual["const"]
        if isinstance(one, float) and isinstance(other, float):
            return abs(one - other) <= TOLERANCE * max(abs(one), 1e-3)
        return one == other and type(one) is type(other)
    parts = [tree.get("list", tree.get("tuple")) for tree in (expected, actual)]
    if None not in parts:
        return len(parts[0]) == len(parts[1]) and all(map(_same_tree, *parts))
    if "dict" in expected and "dict" in actual:
        one, other = expected["dict"], actual["dict"]
        return one.keys() == other.keys() and all(_same_tree(one[key], other[key]) for key in one)
    return ("leaf" in expected and "leaf" in actual) or str(expected).lower() == str(actual).lower()


def _values(name: str, form: str, answer: dict, record: dict, held: dict, found: dict, shapes_only: bool) -> str:
    if not _same_tree(answer["tree"], record["tree"]):
        return f"gives {json.dumps(record['tree'])[:120]} instead of {json.dumps(answer['tree'])[:120]}"
    for at, own in enumerate(answer["own"]):
        actual = found.get(f"{form}.{name}.leaf.{at}")
        if actual is None:
            return f"result {at} is missing"
        why = _compared(held[f"{name}.leaf.{at}"], actual, own, TOLERANCE, shapes_only)
        if why:
            return f"result {at}: {why}" if len(answer["own"]) > 1 else why
    return ""


def _gradient(name: str, form: str, answer: dict, record: dict, held: dict, found: dict) -> tuple[str, str]:
    prefix = f"{name}.gradient."
    expected = {key.removeprefix(prefix): raw for key, raw in held.items() if key.startswith(prefix)}
    if not expected or not all(raw.finite() for raw in expected.values()):
        return "", ""
    if not all(raw.finite() for key, raw in held.items() if key.startswith(f"{name}.leaf.")):
        return "", ""
    if "gradient_error" in record:
        missing = "vjp" in record["gradient_error"].lower()
        return ("none" if missing else "failed"), record["gradient_error"]
    for key, raw in expected.items():
        if not key.startswith("input."):
            continue
        actual = found.get(f"{form}.{name}.gradient.{key}")
        if actual is None:
            return "failed", f"{key}: no gradient"
        own = answer.get("own_gradients", {}).get(key, 0.0)
        why = _compared(raw, actual, own, GRADIENT_TOLERANCE, False)
        if why and (wide := found.get(f"{form}.{name}.wide.{key}")) is not None:  # MLX in float64, judged as strictly
            why = _compared(raw, wide, own, GRADIENT_TOLERANCE, False)
        if why:
            return "failed", f"{key.rpartition('.')[0]}: {why}"
    return "passed", ""


def _takes_unusual(spec: Any, raws: dict[str, Raw]) -> bool:
    """Whether a tensor without axes, or without elements, is among the arguments.

    Torch lets the first have an axis -1 and 0, MLX raises; for the second, some of MLX's functions raise. Where nothing is
    known of the shape, and in the code of a module, which is written for all shapes, nothing is spent on that.
    """
    if isinstance(spec, dict):
        if "$array" in spec:
            shape = raws[spec["$array"]].shape
            return not shape or 0 in shape
        return any(_takes_unusual(part, raws) for part in spec.values())
    return isinstance(spec, list) and any(_takes_unusual(part, raws) for part in spec)


def outcomes(folder: Path) -> list[Outcome]:
    """Of all cases of a chunk that was converted and run."""
    chunk = Chunk.read(folder)
    answers = json.loads((folder / "torch.json").read_text())
    refused = json.loads((folder / "refused.json").read_text())
    records = json.loads((folder / "mlx.json").read_text())
    held = arrays.read(str(folder / "torch.safetensors"))[0]
    found = arrays.read(str(folder / "mlx.safetensors"))[0]
    results = []
    for case in chunk.cases:
        key = f"{case.form}.{case.name}"
        result = Outcome(case.subject, case.name, case.form, case.spelling, "passed")
        record = records.get(key, {"error": "the converted file lacks it"})
        if key in refused:
            result.outcome, result.reason = "refused", refused[key]
        elif "refused" in record:
            result.outcome, result.reason = "refused", f"at run time: {record['refused']}"
        elif "error" in record:
            unusual = re.match(
                r"ValueError: \[transpose\] Received|IndexError: \[swapaxes\] Invalid axis", record["error"]
            )
            scalar = (case.form == "withheld" or case.construct is not None) and _takes_unusual(case.spec, chunk.raws)
            refusal = scalar and record["error"].startswith(("ValueError: ", "IndexError: ", "ZeroDivisionError: "))
            mask = case.form == "withheld" and record["error"].startswith(MASK)
            still = record["error"] == LATE and _takes_unusual(case.spec, chunk.raws)
            result.outcome = "refused" if refusal or unusual or mask or still else "failed"
            result.reason = f"{RAISED} without axes or elements: {record['error']}" if refusal else record["error"]
            if mask:
                result.reason = f"{RAISED} as an index: {record['error']}"
            if still:
                result.reason = f"{RAISED} without axes or elements: MLX stands still"
            if unusual and not refusal:
                result.reason = f"{RAISED} of another rank than with a batch: {record['error']}"
        else:
            answer = answers[case.name]
            result.reason = _values(case.name, case.form, answer, record, held, found, case.compare == "shapes")
            if result.reason:
                result.outcome = "failed"
            else:
                result.gradient, result.gradient_reason = _gradient(case.name, case.form, answer, record, held, found)
                raised = record.get("gradient_error", "").startswith("ValueError: ")
                if result.gradient == "failed" and raised and case.form == "withheld" and _takes_unusual(case.spec, chunk.raws):
                    result.gradient = "none"
        results.append(result)
    return results


__all__ = ["FLOATING", "LATE", "RAISED", "Outcome", "outcomes"]
