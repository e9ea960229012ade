"""What the catalogue does not know of PyTorch: names that model files use, modules of torch.nn, operators of `op_db`.

    python tools/coverage.py

`tests/conformance/used_names.tsv` says in how many of 2,489 public model files a name is used; names of one or two files are not
listed. A name is known if it has an entry of the catalogue, a considered no, or is handled by the compiler itself. Prints what is
missing, most used first, and the counts. Exit code 1 when a used name or a module of torch.nn is missing.
"""

import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "python"), str(ROOT)]

from mlxify.catalogue import Entry, load  # noqa: E402

# Written into the class by the compiler, or names that only lead to others.
BY_THE_COMPILER = {
    "torch.nn.functional": "a module of torch: its functions have entries",
    "torch.nn.utils.parametrizations": "a module of torch: its functions have entries",
    "torch.nn.attention.SDPBackend.MATH": "an argument of `sdpa_kernel`, which vanishes",
    "torch.nn.attention.SDPBackend.EFFICIENT_ATTENTION": "an argument of `sdpa_kernel`, which vanishes",
    "torch.nn.attention.SDPBackend.FLASH_ATTENTION": "an argument of `sdpa_kernel`, which vanishes",
    "torch.nn.attention.SDPBackend.CUDNN_ATTENTION": "an argument of `sdpa_kernel`, which vanishes",
    "torch.nn.Module.register_buffer": "src/rewrite/modules.cpp",
    "torch.nn.Module.register_parameter": "src/rewrite/modules.cpp",
    "torch.nn.Module.forward": "src/rewrite/calls.cpp",
    "torch.nn.Module.eval": "MLX's own",
    "torch.nn.Module.train": "MLX's own",
    "torch.nn.Module.modules": "MLX's own, or refused by src/rewrite/modules.cpp",
    "torch.nn.Module.children": "MLX's own, or refused by src/rewrite/modules.cpp",
    "torch.nn.Module.named_children": "refused by src/rewrite/modules.cpp",
    "torch.nn.Module.named_parameters": "refused by src/rewrite/modules.cpp",
    "torch.nn.Module.state_dict": "refused by src/rewrite/modules.cpp",
    "torch.nn.Module.get_submodule": "refused by src/rewrite/modules.cpp",
    "torch.nn.Module.buffers": "refused by src/rewrite/modules.cpp",
    "torch.Tensor.index": "no method of a tensor: a list's",
}
WORKS = ("rule", "module", "definition", "attribute", "constant", "keep", "dissolve", "drop_decorator")


@dataclass
class Coverage:
    """Missing names with the number of files that use them, and what has an entry that converts."""

    used: list[tuple[int, str]]
    modules: list[str]
    operators: list[str]
    converted_operators: int
    converted_modules: int


def used_names() -> Iterator[tuple[str, int]]:
    rows = (ROOT / "tests/conformance/used_names.tsv").read_text().splitlines()[1:]
    return ((name, int(files)) for name, files in (row.split("\t") for row in rows))


def torch_object(qualified: str) -> Any:
    import torch

    found: Any = torch
    for name in qualified.split(".")[1:]:
        found = getattr(found, name, None)
    return found


class Known:
    """The entries by name; a considered no for a whole family counts for each of its names."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.by_name: dict[str, Entry] = {}
        for entry in entries:
            if not entry.argument and entry.kind != "defaults":
                self.by_name.setdefault(entry.qualified, entry)
        self.families = {name[:-1]: entry for name, entry in self.by_name.items() if name.endswith(".*")}

    def find(self, name: str) -> Entry | None:
        family = next((entry for prefix, entry in self.families.items() if name.startswith(prefix)), None)
        return self.by_name.get(name, family)


def measure() -> Coverage:
    """Asks the catalogue and the installed torch."""
    warnings.simplefilter("ignore")
    import torch
    from torch.testing._internal.common_methods_invocations import op_db
    from torch.testing._internal.common_modules import module_db

    known = Known(load(ROOT / "catalogue"))
    used = [
        (files, name) for name, files in used_names() if known.find(name) is None and name not in BY_THE_COMPILER
    ]
    classes = [name for name, kind in vars(torch.nn).items() if isinstance(kind, type) and issubclass(kind, torch.nn.Module)]
    objects = {
        id(torch_object(name)): entry
        for name, entry in known.by_name.items()
        if entry.kind in WORKS and name.startswith("torch.")
    }
    operators, converted = [], 0
    for operator in op_db:
        aliases = [operator.name, *(alias.name for alias in operator.aliases)]
        names = [f"{owner}.{name}" for name in aliases for owner in ("torch", "torch.Tensor")]
        entries = [known.find(name) for name in names] + [objects.get(id(operator.op))]
        if any(entry is not None and entry.kind in WORKS for entry in entries):
            converted += 1
        elif all(entry is None for entry in entries):
            operators.append(f"{operator.name} {operator.variant_test_name}".strip())
    modules = [known.find(f"torch.nn.{info.module_cls.__name__}") for info in module_db]
    return Coverage(
        used=sorted(used, reverse=True),
        modules=sorted(name for name in classes if known.find(f"torch.nn.{name}") is None),
        operators=operators,
        converted_operators=converted,
        converted_modules=sum(entry is not None and entry.kind in WORKS for entry in modules),
    )


def main() -> int:
    coverage = measure()
    for files, name in coverage.used:
        print(f"{files}\t{name}")
    for name in coverage.modules:
        print(f"module\ttorch.nn.{name}")
    for name in coverage.operators:
        print(f"operator\t{name}")
    print(f"{coverage.converted_operators} operators of op_db and {coverage.converted_modules} modules of module_db have an entry")
    return 1 if coverage.used or coverage.modules else 0


if __name__ == "__main__":
    sys.exit(main())
