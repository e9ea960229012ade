"""Writes the samples of PyTorch as source files, and what PyTorch answers: `write.py REQUEST` in a process without MLX.

REQUEST is JSON: `out` (folder), `entries` (names that the catalogue has), `only` (subjects; empty: all), `share` ([k, n]: every
n-th subject from the k-th on). Chunks are written to `out`, with `torch.json` and `torch.safetensors` beside the sources, and
`unwritten.json`: samples that have no text.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import types
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import modules
import numpy as np
import operators
import torch
from cases import HEADER, Case, Chunk
from execute import Run, describe
from operators import OpInfo, SampleInput, Writing
from spelling import Parameters, Unwritable

from mlxify.workers import arrays
from mlxify.workers.arrays import FLOATING, Raw
from mlxify.workers.torch_framework import TorchFramework
from mlxify.workers.tree import flatten
from mlxify.workers.weights import Constructed, redraw

CASES_OF_A_CHUNK = 400
FRAMEWORK = TorchFramework()


class Chunks:
    """Collects cases with their answers, and writes chunk after chunk."""

    def __init__(self, out: Path, label: str) -> None:
        self.out, self.label = out, label
        self.number = 0
        self.unwritten: Counter[str] = Counter()
        self._begin()

    def _begin(self) -> None:
        self.chunk = Chunk(self.out / f"{self.label}_{self.number:03}")
        self.answers: dict[str, dict[str, Any]] = {}
        self.held: dict[str, Raw] = {}

    def add(self, cases: list[Case], answer: dict[str, Any], held: dict[str, Raw], raws: dict[str, Raw]) -> None:
        self.chunk.cases += cases
        self.chunk.raws |= raws
        self.answers[cases[0].name] = answer
        self.held |= held
        if len(self.chunk.cases) >= CASES_OF_A_CHUNK:
            self.flush()

    def flush(self) -> None:
        if not self.chunk.cases:
            return
        self.chunk.write()
        (self.chunk.folder / "torch.json").write_text(json.dumps(self.answers))
        arrays.write(str(self.chunk.folder / "torch.safetensors"), self.held)
        self.number += 1
        self._begin()


def module_of(source: str) -> types.ModuleType:
    module = types.ModuleType("case")
    exec(compile(HEADER + source, "<case>", "exec"), vars(module))
    return module


def _largest(expected: Raw, wide: Raw) -> float:
    """How far torch's own result in float32 is from that in float64."""
    if expected.shape != wide.shape:
        return 0.0
    difference = np.abs(expected.numbers().astype(np.complex128) - wide.numbers().astype(np.complex128))
    return float(np.where(np.isfinite(difference), difference, 0).max(initial=0.0))


def answer_of(run: Run, case: Case) -> tuple[dict[str, Any], dict[str, Raw]]:
    """What torch gives, and how far its float32 is from its float64. Raises what the call raises."""
    tree, leaves = run.values()
    answer: dict[str, Any] = {"tree": tree, "own": [0.0] * len(leaves), "dtypes": [leaf.dtype for leaf in leaves]}
    held = {f"{case.name}.leaf.{at}": leaf for at, leaf in enumerate(leaves)}
    gradients: dict[str, Raw] = {}
    if case.gradients and case.compare == "values":
        with contextlib.suppress(RuntimeError, NotImplementedError):
            answer["projected"], gradients = run.gradients(None)
    held |= {f"{case.name}.gradient.{key}": raw for key, raw in gradients.items()}
    try:
        with FRAMEWORK.widened(run.subject):
            wide = run.values(wide=True)[1]
            answer["own"] = [_largest(one, other) for one, other in zip(leaves, wide, strict=True)]
            if gradients:
                found = run.gradients(answer["projected"], wide=True)[1]
                answer["own_gradients"] = {
                    key: _largest(raw, found[key]) for key, raw in gradients.items() if key in found
                }
    except Exception:
        answer["narrow"] = True  # not every function runs in float64
    return answer, held


def _agrees(operator: OpInfo, sample: SampleInput, run: Run) -> bool:
    """Whether the text says what the database's own call says."""
    with torch.no_grad(), FRAMEWORK.random(7, True):
        copied = sample.transform(lambda value: value.clone() if isinstance(value, torch.Tensor) else value)
        expected = flatten(operator(copied.input, *copied.args, **copied.kwargs), FRAMEWORK.is_array)[1]
    found = run.values()[1]
    return len(expected) == len(found) and all(
        FRAMEWORK.to_raw(one).shape == other.shape
        and np.allclose(FRAMEWORK.to_raw(one).numbers(), other.numbers(), 1e-4, 1e-5, equal_nan=True)
        for one, other in zip(expected, found, strict=True)
    )


def written(operator: OpInfo, sample: SampleInput, candidates: list[Writing], at: int, number: int) -> tuple | None:
    """(cases of both forms, answer, arrays) of the first candidate that torch takes; raises Unwritable."""
    base = re.sub(r"\W", "_", operators.name_of(operator)).strip("_")
    for writing in candidates:
        name = f"{base}_{at}_{number}_{re.sub(r'[^a-z]', '_', writing.spelling)}"
        raws: dict[str, Raw] = {}
        cases = []
        for form in ("withheld", "known"):
            known = form == "known"
            parameters = Parameters(
                name, raws, facts=known, copies=known and writing.statement, scalars=not known and at % 2 == 1
            )
            text = operators.source(operator, writing, name, parameters)
            compare = "shapes" if operator.name in operators.SHAPES_ONLY else "values"
            cases.append(
                Case(
                    operators.name_of(operator),
                    writing.spelling,
                    form,
                    name,
                    text,
                    {"args": parameters.spec},
                    compare=compare,
                    gradients=operator.supports_autograd and operator.name not in operators.DRAWN,
                )
            )
        try:
            run = Run(FRAMEWORK, module_of(cases[0].source), cases[0], raws)
            answer, held = answer_of(run, cases[0])
            checked = compare == "values" and operator.name not in operators.PRODUCTS and not writing.statement
            if checked and not _agrees(operator, sample, run):
                continue
            tree, leaves = Run(FRAMEWORK, module_of(cases[1].source), cases[1], raws).values()
            shapes = [leaf.shape for leaf in leaves]
            if tree != answer["tree"] or shapes != [held[f"{name}.leaf.{place}"].shape for place in range(len(leaves))]:
                continue
        except Exception:
            continue
        return cases, answer, held, raws
    return None


def write_operator(chunks: Chunks, operator: OpInfo) -> None:
    """Every sample in its first spelling and in one of the others, in turn."""
    for at, sample in enumerate(operators.samples(operator)):
        spellings = operators.writings(operator, sample)
        chosen = [*spellings[:1], spellings[1 + at % (len(spellings) - 1)]] if len(spellings) > 1 else spellings
        for number, candidates in enumerate(chosen):
            try:
                made = written(operator, sample, candidates, at, number)
            except Unwritable:
                made = None
            if made is None:
                chunks.unwritten[operators.name_of(operator)] += 1
            else:
                chunks.add(*made)


def write_module(chunks: Chunks, info: modules.ModuleInfo) -> None:
    for at, (sample, training) in enumerate(modules.samples(info)):
        raws: dict[str, Raw] = {}
        try:
            cases = [modules.case(info, sample, training, form, at, raws) for form in ("withheld", "known")]
            run = Run(FRAMEWORK, module_of(cases[0].source), cases[0], raws)
            drawn = redraw(_constructed(run.subject), seed=at)
            FRAMEWORK.assign(run.subject, drawn)
            state = {
                entry.name: FRAMEWORK.to_raw(entry.array) for entry in FRAMEWORK.state(run.subject) if entry.persistent
            }
            answer, held = answer_of(run, cases[0])
        except Unwritable:
            chunks.unwritten[modules.name_of(info)] += 1
            continue
        except Exception as error:
            print(f"{modules.name_of(info)} {at}: {describe(error)}", file=sys.stderr)
            chunks.unwritten[modules.name_of(info)] += 1
            continue
        held |= {f"{cases[0].name}.weight.{name}": raw for name, raw in state.items()}
        chunks.add(cases, answer, held, raws)


def _constructed(module: torch.nn.Module) -> list[Constructed]:
    owners = FRAMEWORK.owners(module)
    return [
        Constructed(
            entry.name, owners[entry.name], tuple(entry.array.shape), FRAMEWORK.dtype(entry.array), entry.buffer,
            FRAMEWORK.to_raw(entry.array) if entry.array.ndim < 2 else None,
        )
        for entry in FRAMEWORK.state(module)
    ]  # fmt: skip


def main() -> None:
    request = json.loads(Path(sys.argv[1]).read_text())
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    entries, only = set(request["entries"]), request["only"]
    share, of = request["share"]
    subjects: list[Any] = [
        operator
        for operator in operators.operators()
        if entries.intersection(operators.qualified_names(operator)) or operator.name.startswith("__")
    ]
    subjects += [info for info in modules.modules() if "torch." + modules.name_of(info) in entries]
    chunks = Chunks(Path(request["out"]), f"part{share}")
    with contextlib.redirect_stdout(io.StringIO()):
        for at, subject in enumerate(subjects):
            module = isinstance(subject, modules.ModuleInfo)
            name = modules.name_of(subject) if module else operators.name_of(subject)
            if at % of != share or (only and not _meant(name, only)):
                continue
            (write_module if module else write_operator)(chunks, subject)
    chunks.flush()
    (Path(request["out"]) / f"unwritten{share}.json").write_text(json.dumps(chunks.unwritten))


def _meant(name: str, only: list[str]) -> bool:
    return any(name == one or name.partition(" (")[0] == one for one in only)


if __name__ == "__main__":
    main()

__all__ = ["FLOATING"]
