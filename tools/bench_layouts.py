"""Times converted models with channels last against their literal conversions, in turns, on this machine's MLX.

    .venv/bin/python tools/bench_layouts.py [--list LIST.json] [--device cpu|gpu] [--turns N] [--converted DIR]

A list (bench/models/layouts.json) names files below the root, how a model is built, and its inputs. Each file is converted and verified twice (`--layout
channels-last` and `--layout literal`), or taken from DIR/channels-last and DIR/literal; each form runs in a process of its own. Printed are medians over the turns of a call in evaluation and of a training step
(gradients of the sum of the outputs), their ratios (channels last / literal), and the moves of axes in the graph of one call.
Exit code 1 if a file was not converted both ways.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKER = """
import importlib.util, json, sys, time
import mlx.core as mx
import mlx.nn as nn

mx.set_default_device(mx.cpu if sys.argv[3] == "cpu" else mx.gpu)
spec = importlib.util.spec_from_file_location("model", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["model"] = module
spec.loader.exec_module(module)
case = json.loads(sys.argv[2])
mx.random.seed(0)
model = eval(case["construct"], vars(module))
inputs = [mx.random.normal(given["shape"]) for given in case["inputs"]]
mx.eval(model.parameters(), inputs)


def total(outputs):
    if isinstance(outputs, mx.array):
        return outputs.sum()
    return sum(total(one) for one in (outputs.values() if isinstance(outputs, dict) else outputs) if one is not None)


def moves():
    with open(sys.argv[4], "w") as file:
        mx.export_to_dot(file, model(*inputs))
    with open(sys.argv[4]) as file:
        return file.read().count('label ="Transpose')


def timed(work):
    begin = time.perf_counter()
    mx.eval(work())
    return time.perf_counter() - begin


step = nn.value_and_grad(model, lambda *given: total(model(*given)))
model.eval()
print(json.dumps(moves()), flush=True)
for line in sys.stdin:
    model.eval()
    timed(lambda: total(model(*inputs)))
    call = min(timed(lambda: total(model(*inputs))) for _ in range(5))
    model.train()
    timed(lambda: step(*inputs))
    seconds = [call, min(timed(lambda: step(*inputs)) for _ in range(3))]
    mx.clear_cache()
    print(json.dumps(seconds), flush=True)
"""


class Form:
    """One conversion, in a process of its own."""

    def __init__(self, file: Path, case: dict, device: str, scratch: Path):
        command = [sys.executable, "-c", WORKER, str(file), json.dumps(case), device, str(scratch / f"{id(self)}.dot")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.moves = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the process of a model ended")
        return json.loads(line)

    def turn(self) -> tuple[float, float]:
        """Seconds of a call and of a training step."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return tuple(self.answer())

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def convert(case: dict, layout: str, folder: Path) -> None:
    """Saves the file's conversion as `folder/layout/name.py`, if it is verified."""
    source = folder / f"{case['name']}.py"
    source.write_bytes((ROOT / case["file"]).read_bytes())
    program = os.environ.get("MLXIFY_BIN", str(ROOT / ".venv/bin/mlxify"))
    command = [program, "convert", "--layout", layout, "-o", str(folder / layout), str(source)]
    subprocess.run(command, capture_output=True, check=False)


def measure(case: dict, device: str, turns: int, folder: Path) -> str | None:
    """A row of the table, of the conversions in `folder`."""
    files = [folder / layout / f"{case['name']}.py" for layout in ("channels-last", "literal")]
    if not all(file.is_file() for file in files):
        return None
    forms = [Form(file, case, device, Path(tempfile.gettempdir())) for file in files]
    seconds = [[form.turn() for form in (forms if turn % 2 == 0 else forms[::-1])] for turn in range(turns)]
    seconds = [pair if turn % 2 == 0 else pair[::-1] for turn, pair in enumerate(seconds)]
    for form in forms:
        form.end()
    cells = [f"`{case['name']}`", f"{forms[1].moves}", f"{forms[0].moves}"]
    for kind in (0, 1):
        last, literal = (statistics.median(pair[form][kind] for pair in seconds) for form in (0, 1))
        ratio = statistics.median(pair[0][kind] / pair[1][kind] for pair in seconds)
        cells += [f"{literal * 1e3:.2f}", f"{last * 1e3:.2f}", f"{ratio:.2f}"]
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", type=Path, default=ROOT / "bench" / "models" / "layouts.json")
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--converted", type=Path, help="take both forms from here instead of converting")
    parser.add_argument("--turns", type=int, default=7)
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, {arguments.device}, {arguments.turns} turns, milliseconds")
    print("| model | moves, literal | moves | call, literal | call | ratio | step, literal | step | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    failed = False
    with tempfile.TemporaryDirectory(prefix="mlxify-layouts-") as scratch:
        for case in json.loads(arguments.list.read_text(encoding="utf-8")):
            for layout in () if arguments.converted else ("channels-last", "literal"):
                convert(case, layout, Path(scratch))
            row = measure(case, arguments.device, arguments.turns, arguments.converted or Path(scratch))
            failed = failed or row is None
            print(row or f"| `{case['name']}` was not converted |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
