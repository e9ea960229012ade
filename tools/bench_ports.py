"""Times converted models against ports of the same models that MLX programmers wrote by hand, with the same weights and inputs, in turns.

    make bench-models                                  after the table of originals
    .venv/bin/python tools/bench_ports.py --ports build/ports --only gpt2

bench/models/ports.json names the pairs: an original of bench/models/originals and how it is built and called, as in the other lists; the module
of the port in a package of requirements/ports.txt and how it is built there; and where the two differ in names and layouts:
    renames      [pattern, replacement] of the original's names of weights, in order; a name that becomes empty is left out
    options      of `mlxify convert`, if any, such as ["--layout", "channels-last"], which moves images between classes as ports do
    layouts      by rank, the axes of the original's weights and inputs as the port wants them, with channels last
A port with a `sanitize` also has its own say in that, as for a checkpoint. Each original is converted and verified first. Then PyTorch, the
conversion and the port run in processes of their own, PyTorch in every fifth turn. The figure is the median ratio of the conversion's time to
the port's, over turns.
Exit code 1 if a pair did not run.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import re
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from bench_models import ROOT, Failed, Side, add_common_options, each_measured, error_between, hardware_of, publish

from mlxify.workers import arrays
from mlxify.workers.arrays import Raw

LIST = ROOT / "bench" / "models" / "ports.json"
CALLS = 3  # a turn
LARGEST_ERROR = 1e-5  # of outputs that count as equal, relative to their scale


@dataclasses.dataclass
class Pair:
    """What one model showed. Seconds are medians over all turns; ratios are medians of the turns' ratios."""

    model: str
    kind: str
    port: str
    options: str  # with which it was converted
    parameters: int
    error: float  # the largest between any two of the three outputs, relative to their scale
    torch_seconds: float
    port_seconds: float
    mlx_seconds: float
    ratio: float  # conversion / port
    processor_ratio: float  # the same of the time that the processes' threads ran


def renamed(name: str, renames: list[list[str]]) -> str:
    for pattern, replacement in renames:
        name = re.sub(pattern, replacement, name)
    return name


def in_layout_of_port(raw: Raw, item: dict) -> Raw:
    axes = item.get("layouts", {}).get(str(len(raw.shape)))
    return raw if axes is None else Raw(raw.dtype, np.ascontiguousarray(raw.values.transpose(axes)))


def weights_of_port(weights: dict[str, Raw], item: dict, unsaved: Sequence[str] = ()) -> dict[str, Raw]:
    """The original's weights, without buffers that no checkpoint holds, under the port's names and in its layouts.

    Raises Failed if two get one name.
    """
    given: dict[str, Raw] = {}
    for name, raw in weights.items():
        if name in unsaved:
            continue
        new = renamed(name, item.get("renames", []))
        if new in given:
            raise Failed(f"two weights become `{new}`")
        if new:
            given[new] = in_layout_of_port(raw, item)
    return given


def measured(original: Path, mlx_file: Path, item: dict, ports: Path, turns: int, scratch: Path) -> Pair:
    """Raises Failed."""
    sides = {
        name: Side("torch" if name == "torch" else "mlx", "cpu", [str(ports)]) for name in ("torch", "mlx", "port")
    }
    try:
        sides["torch"].ask("load", path=str(original), name="model")
        sides["mlx"].ask("load", path=str(mlx_file), name="model")
        sides["port"].ask("import", module=item["port"])
        built = {
            name: side.ask("construct", expression=item["port_construct" if name == "port" else "construct"])
            for name, side in sides.items()
        }
        files = {
            name: {part: str(scratch / f"{name}.{part}") for part in ("weights", "inputs", "outputs")} for name in sides
        }
        sides["torch"].ask("draw", seed=1, out=files["torch"]["weights"])
        spec = {"args": item["inputs"], "kwargs": {}}
        spec = sides["torch"].ask("inputs", spec=spec, seed=1, out=files["torch"]["inputs"])["spec"]
        weights, about = arrays.read(files["torch"]["weights"])
        arrays.write(files["port"]["weights"], weights_of_port(weights, item, json.loads(about["unsaved"])))
        inputs = arrays.read(files["torch"]["inputs"])[0]
        arrays.write(files["port"]["inputs"], {path: in_layout_of_port(raw, item) for path, raw in inputs.items()})
        files["mlx"].update(weights=files["torch"]["weights"], inputs=files["torch"]["inputs"])
        for name, side in sides.items():
            answer = side.ask("weights", path=files[name]["weights"])
            wrong = [f"{what} {names[0]}" for what, names in answer.items() if names]
            if wrong:
                raise Failed(f"{name}, weights: {', '.join(wrong)}")
            side.ask("call", spec=spec, arrays=files[name]["inputs"], out=files[name]["outputs"])
        outputs = [Path(files[name]["outputs"]) for name in sides]
        error = max(error_between(outputs[a], outputs[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
        if not error <= LARGEST_ERROR:
            raise Failed(f"outputs differ by {error:.1e}")
        times: dict[str, list[dict]] = {name: [] for name in sides}
        for turn in range(turns):
            order = [name for name in sides if name != "torch" or turn % 5 == 0]
            for name in reversed(order) if turn % 2 else order:
                times[name].append(sides[name].ask("time", spec=spec, arrays=files[name]["inputs"], repeat=CALLS))
    finally:
        for side in sides.values():
            side.end()

    def middle(name: str) -> float:
        return statistics.median(turn["seconds"] for turn in times[name])

    def ratio(field: str) -> float:
        turns = zip(times["mlx"], times["port"], strict=True)
        return statistics.median(mlx[field] / port[field] for mlx, port in turns)

    return Pair(
        model=original.stem,
        kind=item["kind"],
        port=item["port"],
        options=" ".join(item.get("options", [])),
        parameters=sum(int(np.prod(parameter["shape"])) for parameter in built["port"]["parameters"]),
        error=error,
        torch_seconds=middle("torch"),
        port_seconds=middle("port"),
        mlx_seconds=middle("mlx"),
        ratio=ratio("seconds"),
        processor_ratio=ratio("processor_seconds"),
    )


def row(pair: Pair) -> str:
    times = " | ".join(f"{1000 * seconds:.1f}" for seconds in (pair.torch_seconds, pair.port_seconds, pair.mlx_seconds))
    options = f" (`{pair.options}`)" if pair.options else ""
    return (
        f"| {pair.model}{options} | {pair.kind} | `{pair.port}` | {pair.parameters / 1e6:.1f} M | {pair.error:.1e} | {times} "
        f"| **{pair.ratio:.2f}** | {pair.processor_ratio:.2f} |"
    )


def spread(ratios: list[float]) -> str:
    return f"median {statistics.median(ratios):.2f}, best {min(ratios):.2f}, worst {max(ratios):.2f}"


def table(pairs: list[Pair], failures: list[str], hardware: str, turns: int) -> str:
    lines = [
        f"{hardware}, {datetime.date.today()}, medians of {turns} turns.",
        "",
        "| model | kind | port | parameters | error | PyTorch, ms a call | port, ms | converted, ms | converted / port | of processor time |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *map(row, pairs),
        "",
    ]
    if pairs:
        lines.append(
            f"{len(pairs)} pairs. Ratio of the conversion's time to the port's: {spread([pair.ratio for pair in pairs])}; "
            f"of processor time: {spread([pair.processor_ratio for pair in pairs])}. "
            f"Largest error {max(pair.error for pair in pairs):.1e}."
        )
    else:
        lines.append("No pair ran.")
    if failures:
        lines += ["", "Not measured: " + "; ".join(failures) + "."]
    return "\n".join(lines) + "\n"


def packages() -> str:
    """Names and versions of what the ports come from."""
    pinned = re.findall(r"^(mlx-\S+)==(\S+)", (ROOT / "requirements/ports.txt").read_text(), re.MULTILINE)
    return ", ".join(f"{name} {version}" for name, version in pinned)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--ports", type=Path, default=ROOT / "build/ports", help="where requirements/ports.txt is installed"
    )
    parser.add_argument("--turns", type=int, default=15, help="times that the three take turns")
    add_common_options(parser)
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    items = [(ROOT / item["file"], item) for item in json.loads(LIST.read_text())]

    def measure(file: Path, mlx_file: Path, item: dict, scratch: Path) -> Pair:
        return measured(file, mlx_file, item, arguments.ports, arguments.turns, scratch)

    pairs, failures = each_measured(items, arguments, measure, row)
    named = [f"{file.stem} ({failure})" for file, failure in failures]
    publish("bench_ports.py", table(pairs, named, f"{hardware_of('cpu')}, {packages()}", arguments.turns), pairs, arguments)
    return 1 if failures or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())
