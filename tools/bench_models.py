"""Times converted models against their originals, with the same weights and inputs, in pairs that take turns.

    make bench-models                                  own examples on this CPU
    make bench-gpu                                     the same on a GPU: PyTorch and MLX (CUDA or Metal) on the same one
    make bench-gpu ASI=DIR                             and the architectures of bench/models/asi.json, which lie in DIR
    .venv/bin/python tools/bench_models.py --list LIST.json DIR --device gpu --page OUT.md

A list (bench/models/cpu.json, gpu.json) names files below a folder, how a model is built, and its inputs, as in a case file. Each file is converted and
verified first (at the verifier's sizes; with the item's `options`, if any), or taken from --converted; then both sides load the same weights, one output is compared, and
calls and training steps are timed. The figure is the median ratio of MLX's time to PyTorch's over turns. Exit code 1 if no pair ran.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from json_lines import file_reports, write_json

ROOT = Path(__file__).resolve().parents[1]
SIDE = ROOT / "bench" / "models" / "side.py"
SECONDS_OF_CONVERSION = 600
SECONDS_OF_ANSWER = 90
PairT = TypeVar("PairT")


class Failed(Exception):
    """A side could not do what was asked."""


@dataclasses.dataclass
class Pair:
    """What one model showed. Seconds are medians over all turns; ratios (MLX / PyTorch) are medians of the turns' ratios."""

    file: str
    kind: str
    parameters: int
    error: float  # of the outputs, relative to their scale
    torch_seconds: float
    mlx_seconds: float
    ratio: float
    torch_training: float
    mlx_training: float
    training_ratio: float
    torch_bytes: int
    mlx_bytes: int


class Side:
    """A framework in a process of its own, which may also import from `folders`."""

    def __init__(self, framework: str, device: str, folders: Sequence[str] = ()) -> None:
        self.framework = framework
        package = os.environ.get("MLXIFY_PACKAGE", str(ROOT / "python"))
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([package, *folders, os.environ.get("PYTHONPATH", "")]),
        }
        self.process = subprocess.Popen(
            [sys.executable, str(SIDE), framework, device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    def ask(self, verb: str, **fields: object) -> dict:
        """Raises Failed for an answer that is an error or does not come in time, and where the process has ended."""
        deadline = threading.Timer(SECONDS_OF_ANSWER, self.process.kill)
        deadline.start()
        try:
            return self._answer(verb, fields)
        finally:
            deadline.cancel()

    def _answer(self, verb: str, fields: dict[str, object]) -> dict:
        try:
            self.process.stdin.write(json.dumps({"verb": verb, **fields}).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"{self.framework}: has ended before `{verb}`") from None
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{self.framework}: ended at `{verb}`, or took more than {SECONDS_OF_ANSWER} s")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"{self.framework}, {verb}: {answer['error']}")
        return answer

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


def converted(file: Path, folder: Path, program: str, options: Sequence[str] = ()) -> Path:
    """The verified conversion of a file, with further options of the program. Raises Failed if it is refused."""
    case = file.with_suffix(".json")
    command = [
        program,
        "convert",
        "--json",
        "--no-cache",
        "-o",
        str(folder),
        *(["--case", str(case)] if case.exists() else []),
        *options,
    ]
    done = subprocess.run([*command, "--", str(file)], capture_output=True, timeout=SECONDS_OF_CONVERSION)
    reports = file_reports(done.stdout)
    if not reports or reports[0]["outcome"] not in {"saved", "unchanged"}:
        raise Failed("not verified")
    return Path(reports[0]["output"])


def error_between(one: Path, other: Path) -> float:
    """Largest difference of two files of outputs, relative to the scale of each array; infinite where they cannot be compared."""
    sys.path.insert(0, os.environ.get("MLXIFY_PACKAGE", str(ROOT / "python")))
    from mlxify.workers import arrays

    a, b = arrays.read(str(one))[0], arrays.read(str(other))[0]
    errors = []
    for name in a:
        if name.startswith("leaf."):
            if name not in b or a[name].shape != b[name].shape:
                return math.inf
            x, y = a[name].numbers(), b[name].numbers()
            scale = abs(x).max(initial=0) or 1.0
            errors.append(float(abs(x - y).max(initial=0) / scale))
    return max(errors) if errors and all(map(math.isfinite, errors)) else math.inf


def measured(original: Path, mlx_file: Path, item: dict, device: str, turns: int, scratch: Path) -> Pair:
    """In float32; where the original casts to bfloat16 by itself and cannot run so, with bfloat16 read as float32. Raises Failed."""
    try:
        return measured_as(False, original, mlx_file, item, device, turns, scratch)
    except Failed as failure:
        if "BFloat16" not in str(failure):
            raise
    return measured_as(True, original, mlx_file, item, device, turns, scratch)


def measured_as(
    bf16_as_f32: bool, original: Path, mlx_file: Path, item: dict, device: str, turns: int, scratch: Path
) -> Pair:
    sides = [Side("torch", device), Side("mlx", device)]
    try:
        weights, inputs = str(scratch / "weights.safetensors"), str(scratch / "inputs.safetensors")
        built = {}
        for side, path in zip(sides, (original, mlx_file), strict=True):
            side.ask("load", path=str(path), name="model", bf16_as_f32=bf16_as_f32)
            built = built or side.ask("construct", expression=item["construct"])
            if side.framework == "mlx":
                side.ask("construct", expression=item["construct"])
        sides[0].ask("draw", seed=1, out=weights)
        for side in sides:
            side.ask("weights", path=weights)
        spec = sides[0].ask("inputs", spec={"args": item["inputs"], "kwargs": {}}, seed=1, out=inputs)["spec"]
        call = {"spec": spec, "arrays": inputs}
        outputs = [scratch / f"{side.framework}.safetensors" for side in sides]
        for side, out in zip(sides, outputs, strict=True):
            side.ask("call", **call, out=str(out))
        times: list[list[dict]] = []
        for _ in range(turns):
            times.append([side.ask("time", **call, training=True, repeat=5) for side in sides])
        for side in sides:
            side.ask("memory")
            side.ask("call", **call, out=str(scratch / "memory.safetensors"))
        peaks = [side.ask("memory")["peak_bytes"] for side in sides]
    finally:
        for side in sides:
            side.end()

    def middle(which: int, field: str) -> float:
        return statistics.median(turn[which][field] for turn in times)

    def ratio(field: str) -> float:
        return statistics.median(turn[1][field] / turn[0][field] for turn in times)

    return Pair(
        file=Path(item["file"]).name,
        kind=item["kind"],
        parameters=sum(_size(parameter["shape"]) for parameter in built.get("parameters", ())),
        error=error_between(*outputs),
        torch_seconds=middle(0, "seconds"),
        mlx_seconds=middle(1, "seconds"),
        ratio=ratio("seconds"),
        torch_training=middle(0, "training_seconds"),
        mlx_training=middle(1, "training_seconds"),
        training_ratio=ratio("training_seconds"),
        torch_bytes=peaks[0] or int(max(turn[0]["peak_bytes"] for turn in times)),
        mlx_bytes=peaks[1] or int(max(turn[1]["peak_bytes"] for turn in times)),
    )


def _size(shape: list[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def row(pair: Pair) -> str:
    def ms(seconds: float) -> str:
        return f"{1000 * seconds:.2f}"

    return (
        f"| {pair.file} | {pair.kind} | {pair.parameters / 1e6:.1f} M | {pair.error:.1e} | {ms(pair.torch_seconds)} | {ms(pair.mlx_seconds)} | **{pair.ratio:.2f}** "
        f"| {ms(pair.torch_training)} | {ms(pair.mlx_training)} | **{pair.training_ratio:.2f}** | {pair.torch_bytes >> 20} | {pair.mlx_bytes >> 20} |"
    )


def table(pairs: list[Pair], failures: list[str], hardware: str) -> str:
    ratios = [pair.ratio for pair in pairs]
    lines = [
        f"{hardware}, {datetime.date.today()}.",
        "",
        "| model | kind | parameters | error | PyTorch, ms a call | MLX, ms | ratio | PyTorch, ms a step | MLX, ms | ratio | PyTorch, peak MiB | MLX, peak MiB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        *map(row, sorted(pairs, key=lambda pair: (pair.kind, pair.file))),
        "",
        f"{len(pairs)} models. Ratio of a call: median {statistics.median(ratios):.2f}, best {min(ratios):.2f}, worst {max(ratios):.2f}; "
        f"of a training step: median {statistics.median(pair.training_ratio for pair in pairs):.2f}." if pairs else "No model ran.",
    ]  # fmt: skip
    if failures:
        lines += ["", "Not measured: " + "; ".join(failures) + "."]
    return "\n".join(lines) + "\n"


def hardware_of(device: str) -> str:
    """Device and versions, asked of the frameworks in processes of their own."""
    ask_torch = "import torch; print('PyTorch', torch.__version__)"
    if device == "gpu":
        ask_torch = "import torch; print(torch.cuda.get_device_name(0) + ', PyTorch', torch.__version__)"
    ask_mlx = "import mlx.core as mx; print('MLX', mx.__version__)"
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()
        for code in (ask_torch, ask_mlx)
    ]
    place = "" if device == "gpu" else f"{os.cpu_count()} CPU cores ({platform.machine()}), "
    return place + ", ".join(text for text in said if text)


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """What every benchmark of models takes."""
    parser.add_argument("--only", default="", help="part of a file's name")
    parser.add_argument(
        "--converted", type=Path, metavar="DIR", help="take conversions from here instead of making them"
    )
    parser.add_argument("--page", type=Path, metavar="OUT", help="write the table here")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all figures here")
    parser.add_argument("--program", default=os.environ.get("MLXIFY_BIN", str(ROOT / ".venv/bin/mlxify")))


def each_measured(
    items: Iterable[tuple[Path, dict]],
    arguments: argparse.Namespace,
    measure: Callable[[Path, Path, dict, Path], PairT],
    row: Callable[[PairT], str],
    keep: Path | None = None,
) -> tuple[list[PairT], list[tuple[Path, Failed]]]:
    """Converts the chosen files and measures each: `measure(original, conversion, item, scratch)`. With `keep`, the conversions are made
    there and nothing is measured."""
    pairs, failures = [], []
    for file, item in items:
        if arguments.only not in file.name:
            continue
        with tempfile.TemporaryDirectory(prefix="mlxify-bench-") as name:
            try:
                if arguments.converted:
                    mlx_file = arguments.converted / file.name
                else:
                    mlx_file = converted(file, keep or Path(name) / "mlx", arguments.program, item.get("options", []))
                if keep:
                    print(f"{file.name}: converted", flush=True)
                    continue
                pairs.append(measure(file, mlx_file, item, Path(name)))
                print(row(pairs[-1]), flush=True)
            except Failed as failure:
                failures.append((file, failure))
                print(f"{file.name}: {failure}", flush=True)
    return pairs, failures


def publish(tool: str, text: str, pairs: Sequence[Any], arguments: argparse.Namespace) -> None:
    """Prints the table and writes what was asked for."""
    text = f"<!-- Generated by tools/{tool}; do not edit. -->\n\n" + text
    print("\n" + text)
    if arguments.page:
        arguments.page.write_text(text)
    if arguments.json:
        write_json(arguments.json, [dataclasses.asdict(pair) for pair in pairs])


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--list",
        type=Path,
        nargs=2,
        action="append",
        metavar=("LIST", "DIR"),
        help="models to measure, and the folder that they are in (default: bench/models/DEVICE.json)",
    )
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--turns", type=int, default=3, help="times that the two sides take turns")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="make the conversions here and measure nothing")
    add_common_options(parser)
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    lists = arguments.list or [(ROOT / "bench" / "models" / f"{arguments.device}.json", ROOT)]
    items = [(root / item["file"], item) for path, root in lists for item in json.loads(path.read_text())]

    def measure(file: Path, mlx_file: Path, item: dict, scratch: Path) -> Pair:
        return measured(file, mlx_file, item, arguments.device, arguments.turns, scratch)

    pairs, failures = each_measured(items, arguments, measure, row, arguments.keep)
    if arguments.keep:
        return 1 if failures else 0
    named = [f"{file.name} ({failure})" for file, failure in failures]
    publish("bench_models.py", table(pairs, named, hardware_of(arguments.device)), pairs, arguments)
    return 0 if pairs else 1


if __name__ == "__main__":
    sys.exit(main())
