"""Proves the catalogue by the samples that PyTorch ships: writes them as source, converts, runs both sides, compares.

`tools/conformance.py` regenerates docs/reference/conformance.md; `--only NAME ...` runs some operators or modules and prints
every sample that did not pass. Steps, each in processes of its own: PyTorch writes its samples as source files and answers them
(tests/conformance/write.py); the compiler converts the files; MLX runs them (execute.py); neither is there to compare (judge.py).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = ROOT / "tests" / "conformance"
sys.path[:0] = [str(CODE), str(ROOT / "python")]

from cases import FORMS, Chunk  # noqa: E402
from judge import LATE, Outcome, outcomes  # noqa: E402
from table import page  # noqa: E402

PROCESSES = 2
_NAMES = """
import json, pathlib, sys
from mlxify.catalogue import load
found = {entry.qualified for entry in load(pathlib.Path(sys.argv[1])) if not (entry.kind == "never" and not entry.argument)}
print(json.dumps(sorted(found)))
"""


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{CODE}{os.pathsep}{ROOT / 'python'}", "OMP_NUM_THREADS": "1"}


def entries() -> list[str]:
    """The names that the catalogue has."""
    command = [sys.executable, "-c", _NAMES, str(ROOT / "catalogue")]
    return json.loads(subprocess.run(command, env=_environment(), check=True, capture_output=True, text=True).stdout)


def write(out: Path, names: list[str], only: list[str]) -> list[Path]:
    """Writes the samples as chunks, and torch's answers."""
    running = []
    for share in range(PROCESSES):
        request = out / f"request{share}.json"
        request.write_text(json.dumps({"out": str(out), "entries": names, "only": only, "share": [share, PROCESSES]}))
        running.append(subprocess.Popen([sys.executable, str(CODE / "write.py"), str(request)], env=_environment()))
    if any(process.wait() for process in running):
        raise SystemExit("the samples could not be written")
    return sorted(path.parent for path in out.glob("part*/cases.json"))


def convert(program: Path, folders: list[Path]) -> None:
    """Converts all files; what is refused is left out and the rest converted again, until nothing is refused."""
    refused: dict[Path, dict[str, str]] = {folder: {} for folder in folders}
    open_ones = list(folders)
    while open_ones:
        begins = {folder: Chunk.read(folder).write_sources(_names(refused[folder])) for folder in open_ones}
        files = [folder / f"{form}.py" for folder in open_ones for form in FORMS]
        texts, complaints = _converted(program, files)
        again = set()
        for folder in open_ones:
            for form in FORMS:
                file = folder / f"{form}.py"
                for line, message in complaints[str(file)]:
                    name = next((name for at, name in reversed(begins[folder][form]) if at <= line), None)
                    if name is None:
                        raise SystemExit(f"{file}:{line}: {message}")
                    refused[folder].setdefault(f"{form}.{name}", message)
                    again.add(folder)
                if not complaints[str(file)] and str(file) in texts:
                    (folder / f"{form}_mlx.py").write_text(texts[str(file)])
        open_ones = [folder for folder in open_ones if folder in again]
    for folder in folders:
        (folder / "refused.json").write_text(json.dumps(refused[folder]))


def _names(refused: dict[str, str]) -> set[tuple[str, str]]:
    return {tuple(key.split(".", 1)) for key in refused}


def _converted(program: Path, files: list[Path]) -> tuple[dict[str, str], dict[str, list[tuple[int, str]]]]:
    """(converted text by file, refusals by file as (line, message)) of one run of the compiler."""
    done = subprocess.run([program, "convert", "--print", "text", *map(str, files)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{program} ended with {done.returncode}: {done.stderr[-2000:]}")
    texts = {}
    for piece in re.split(r"^==> (?=/)", done.stdout, flags=re.MULTILINE)[1:]:
        file, _, text = piece.partition(" <==\n")
        texts[file] = text
    complaints = defaultdict(list)
    for line in done.stderr.splitlines():
        found = re.match(r"(/.*?\.py):(\d+):\d+: (MX\d+ .*)", line)
        if found:
            complaints[found[1]].append((int(found[2]), found[3]))
    return texts, complaints


def run(out: Path, folders: list[Path]) -> None:
    """Runs what was converted in MLX; a case that ends the process has failed, and the rest goes on without it."""
    lists = []
    for share in range(PROCESSES):
        listed = out / f"run{share}.list"
        listed.write_text("".join(f"{folder}\n" for folder in folders[share::PROCESSES]))
        lists.append(listed)
    running = {listed: _start(listed) for listed in lists}
    while running:
        for listed, process in list(running.items()):
            try:
                code = process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
            del running[listed]
            if code:
                _blame(listed, code)
                running[listed] = _start(listed)


def _start(listed: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, str(CODE / "execute.py"), str(listed)], env=_environment())


def _blame(listed: Path, code: int) -> None:
    """Notes that the case under way ended the process. What took too long is tried once more: MLX stands still at times, for arrays without elements."""
    at = listed.with_suffix(".at")
    if code > 0 or not at.exists():
        raise SystemExit(f"running in MLX ended with {code}")
    late = listed.with_suffix(".late")
    if code == -signal.SIGALRM and not (late.exists() and at.read_text() in late.read_text().splitlines()):
        with late.open("a") as file:
            file.write(at.read_text() + "\n")
        return
    skip = listed.with_suffix(".skip")
    skipped = json.loads(skip.read_text()) if skip.exists() else {}
    if at.read_text() in skipped:
        raise SystemExit(f"running in MLX ended with {code} beside {at.read_text()}")
    skipped[at.read_text()] = LATE if code == -signal.SIGALRM else f"ends the process with signal {-code}"
    skip.write_text(json.dumps(skipped))


def measure(program: Path, out: Path, only: list[str]) -> tuple[list[Outcome], dict[str, int]]:
    """(outcomes of all samples, samples without a text by subject)."""
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"mlxify: conformance: {time.monotonic() - began:5.0f} s  {what}", file=sys.stderr)

    folders = write(out, entries(), only)
    say("samples written, run in torch")
    convert(program, folders)
    say("converted")
    run(out, folders)
    say("run in MLX")
    results = [outcome for folder in folders for outcome in outcomes(folder)]
    unwritten: dict[str, int] = {}
    for path in out.glob("unwritten*.json"):
        unwritten |= json.loads(path.read_text())
    return results, unwritten


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="operators (softmax) or modules (nn.Linear)"
    )
    parser.add_argument("--program", type=Path, default=ROOT / ".venv" / "bin" / "mlxify")
    parser.add_argument("--keep", type=Path, help="folder for the generated files (default: a temporary one)")
    parser.add_argument("--json", type=Path, help="write every outcome here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = options.keep or Path(temporary)
        out.mkdir(parents=True, exist_ok=True)
        results, unwritten = measure(options.program, out.resolve(), options.only)
    if options.json:
        options.json.write_text(json.dumps([vars(result) for result in results], indent=1))
    failed = [result for result in results if "failed" in (result.outcome, result.gradient)]
    for result in results if options.only else failed:
        if result.outcome != "passed" or result.gradient == "failed":
            kind = result.outcome if result.outcome != "passed" else "gradient failed"
            print(f"{result.form}.{result.name}: {kind}: {result.reason or result.gradient_reason}")
    text = page(results, unwritten)
    if options.only:
        print(text)
    else:
        (ROOT / "docs" / "reference" / "conformance.md").write_text(text)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
