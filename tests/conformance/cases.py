"""A case: one call as a user would write it, in a function of its own, and the arguments it is called with."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlxify.workers import arrays
from mlxify.workers.arrays import Raw

FORMS = ("known", "withheld")
HEADER = "import math\n\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


@dataclass
class Case:
    """`spec` are the arguments as `mlxify.workers.inputs` builds them, with arrays by path.

    `subject` is the operator or module, `spelling` the way it is written, `construct` the arguments that make a module
    (None for a function). `compare` is `values`, or `shapes` where numbers mean nothing.
    """

    subject: str
    spelling: str
    form: str
    name: str
    source: str
    spec: dict[str, Any]
    construct: dict[str, Any] | None = None
    compare: str = "values"
    gradients: bool = False
    training: bool = False


@dataclass
class Chunk:
    """Cases whose sources share two files, `known.py` and `withheld.py`, and whose arrays share one."""

    folder: Path
    cases: list[Case] = field(default_factory=list)
    raws: dict[str, Raw] = field(default_factory=dict)

    def write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        arrays.write(str(self.folder / "inputs.safetensors"), self.raws)
        (self.folder / "cases.json").write_text(json.dumps([dataclasses.asdict(case) for case in self.cases]))
        self.write_sources(set())

    def write_sources(self, left_out: set[tuple[str, str]]) -> dict[str, list[tuple[int, str]]]:
        """Writes both files without `left_out`, pairs of form and name; gives by form the line at which each case begins."""
        begins: dict[str, list[tuple[int, str]]] = {form: [] for form in FORMS}
        for form in FORMS:
            text = HEADER
            for case in self.cases:
                if case.form == form and (form, case.name) not in left_out:
                    text += "\n\n"
                    begins[form].append((text.count("\n") + 1, case.name))
                    text += case.source
            (self.folder / f"{form}.py").write_text(text)
        return begins

    @staticmethod
    def read(folder: Path) -> Chunk:
        cases = [Case(**fields) for fields in json.loads((folder / "cases.json").read_text())]
        return Chunk(folder, cases, arrays.read(str(folder / "inputs.safetensors"))[0])
