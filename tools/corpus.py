"""Converts and verifies every model of a folder and prints the table: saved or not, stage reached, errors, seconds.

    make corpus DIR=folder
    .venv/bin/python tools/corpus.py folder --specs --jobs 2 --codes

The installed program does the work, many files in one process; nothing is written but into a scratch folder (or --keep DIR).
Exit code 0 if every file was saved, else 1; 2 for wrong usage.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import difflib
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from json_lines import file_reports, write_json

ROOT = Path(__file__).resolve().parent.parent
SAVED = {"saved", "unchanged"}
CONVOLUTION = re.compile(r"\bConv(Transpose)?[123]d\b")
FORMS_NOT_TAKEN = {"MX5005", "MX5006"}  # another layout, another style


@dataclasses.dataclass
class Row:
    """One line of the table. Errors are relative to the scale of each array; None: not measured."""

    file: str
    saved: bool
    level: str
    stage: str
    max_error: float | None
    gradient_error: float | None
    seconds: float
    reasons: list[tuple[str, str]]  # refusals: code and message
    helpers: int = 0  # functions that were written into the output
    transposes: int = 0  # moves of axes that the output asks for beyond the original's
    changed: float = 0  # share of the original's lines that the output changed
    reach: float | None = None  # share of the output's lines that ran in the proof
    moves: int | None = None  # of axes in a call, beyond the original's, where a file has convolutions: the most of its entries
    moves_inside: int | None = None  # of these, beyond one for each image that goes in or comes out: the most of its entries
    remarks: list[tuple[str, str]] = dataclasses.field(default_factory=list)  # on forms that were not taken: code and message


def row_of(report: dict, file: Path) -> Row:
    """The row of one `file` object of docs/reference/json.md."""

    def worst(field: str) -> float | None:
        figures = [entry[field] for entry in report["entries"] if entry[field] is not None]
        reached = any(
            stage["name"] == "values" and stage["result"] != "skipped"
            for e in report["entries"]
            for stage in e["stages"]
        )
        return max(figures) if figures and reached else None

    saved = report["outcome"] in SAVED
    original, output = (text_of(file), text_of(Path(report["output"]))) if saved else ("", "")
    refusals = [(d["code"], d["message"]) for d in report["diagnostics"] if d["severity"] == "refusal"]
    return Row(
        file=str(file),
        saved=saved,
        level=report["level"],
        stage=report["stage"],
        max_error=worst("max_error"),
        gradient_error=worst("gradient_error"),
        seconds=report["seconds"],
        reasons=refusals,
        helpers=len(report["helpers"]) if saved else 0,
        transposes=max(0, moves_of_axes(output) - moves_of_axes(original)),
        changed=share_changed(original, output),
        reach=1 - len(report["unreached_lines"]) / report["executable_lines"] if report["executable_lines"] else None,
        moves=further_moves(report, at_the_edges=True) if CONVOLUTION.search(original) else None,
        moves_inside=further_moves(report, at_the_edges=False) if CONVOLUTION.search(original) else None,
        remarks=[(d["code"], d["message"]) for d in report["diagnostics"] if d["code"] in FORMS_NOT_TAKEN],
    )


def further_moves(report: dict, *, at_the_edges: bool) -> int | None:
    """Of the entry with the most; without those at the edges, one for each image that goes in or comes out, or two."""

    def of(entry: dict) -> int:
        edges = 0 if at_the_edges else max(2, entry["images_in_and_out"])
        return max(0, entry["moves_of_axes"]["converted"] - entry["moves_of_axes"]["original"] - edges)

    return max((of(entry) for entry in report["entries"] if entry.get("moves_of_axes")), default=None)


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def moves_of_axes(text: str) -> int:
    return len(re.findall(r"\b(?:transpose|permute|swapaxes|movedim|moveaxis|swapdims|mT|T)\b", text))


def share_changed(original: str, output: str) -> float:
    """Lines of `original` that `output` does not have in their place, of all its lines."""
    lines = original.splitlines()
    if not lines:
        return 0
    matcher = difflib.SequenceMatcher(None, lines, output.splitlines(), autojunk=False)
    return 1 - sum(block.size for block in matcher.get_matching_blocks()) / len(lines)


def broken(file: Path, stage: str, reason: str, seconds: float) -> Row:
    """A file for which the program gave no report."""
    return Row(str(file), False, "refused", stage, None, None, seconds, [("", reason)])


class Program:
    """Runs mlxify on lists of files, each list in a process group of its own that ends with its time."""

    def __init__(self, path: str, scratch: Path, keep: Path | None, extra: list[str], timeout: float):
        self.path, self.scratch, self.keep, self.extra, self.timeout = path, scratch, keep, extra, timeout

    def run(self, files: list[Path], number: int) -> list[dict]:
        """The reports that came before the end or the deadline, in the order of `files`."""
        folder = self.keep or self.scratch / str(number)
        command = [self.path, "convert", "--json", "--no-cache", "--jobs", "1", "-o", str(folder), *self.extra]
        command += ["--", *map(str, files)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            output, error = process.communicate(timeout=self.timeout * len(files) + 30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, error = process.communicate()
        reports = file_reports(output)
        if not reports and error:
            print(error.decode(errors="replace").strip()[-2000:], file=sys.stderr)
        return reports


def rows_of_chunk(program: Program, files: list[Path], number: int) -> list[Row]:
    """A list of files in one process; if it dies, the first file without a report is tried alone, and the rest go on."""
    rows: list[Row] = []
    rest = files
    while rest:
        reports = program.run(rest, number)
        rows += [row_of(report, file) for report, file in zip(reports, rest, strict=False)]
        rest = rest[len(reports) :]
        if rest:
            rows.append(row_alone(program, rest[0], number))
            rest = rest[1:]
    return rows


def row_alone(program: Program, file: Path, number: int) -> Row:
    """One file in a process of its own."""
    begin = time.monotonic()
    reports = program.run([file], number)
    if reports:
        return row_of(reports[0], file)
    seconds = time.monotonic() - begin
    return broken(file, "timeout" if seconds > program.timeout else "crash", "mlxify gave no report", seconds)


def figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.1e}"


def line_of(row: Row, width: int, base: Path) -> str:
    name = os.path.relpath(row.file, base)
    state = "saved" if row.saved else "no"
    reason = "" if row.saved or not row.reasons else f"  {row.reasons[0][0]} {row.reasons[0][1]}"[:110]
    return (
        f"{name:<{width}}  {state:<5}  {row.stage:<26}  {figure(row.max_error):>8}  "
        f"{figure(row.gradient_error):>8}  {row.seconds:6.1f}{reason}"
    )


def generalised(message: str) -> str:
    """The message without its numbers, so that alike ones are counted together."""
    return re.sub(r"\d+(\.\d+)?(e[-+]\d+)?", "#", message)[:120]


def print_codes(rows: list[Row]) -> None:
    files: dict[tuple[str, str], set[str]] = collections.defaultdict(set)
    for row in rows:
        for code, message in row.reasons:
            files[code, generalised(message)].add(row.file)
    print("\nfiles  code    refusal")
    for (code, message), where in sorted(files.items(), key=lambda item: -len(item[1])):
        print(f"{len(where):5}  {code:6}  {message}  (e.g. {Path(min(where)).name})")


def print_totals(rows: list[Row], seconds: float) -> None:
    saved = sum(row.saved for row in rows)
    levels = collections.Counter(row.level for row in rows if row.saved)
    stages = collections.Counter(row.stage for row in rows if not row.saved)
    print(f"\n{saved} of {len(rows)} saved", dict(levels) if levels else "", f"in {seconds:.0f} s")
    if good := [row for row in rows if row.saved]:
        helpers, transposes = sum(row.helpers for row in good), sum(row.transposes for row in good)
        changed = statistics.median(row.changed for row in good)
        print(
            f"of a saved file: {helpers / len(good):.1f} helpers, {transposes / len(good):.1f} further moves of axes, "
            f"median of changed lines {changed:.0%}"
        )
        moves = [row.moves for row in good if row.moves is not None]
        if moves:
            few = sum(row.moves_inside == 0 for row in good)
            print(
                f"of {len(moves)} files with convolutions, {few} ({few / len(moves):.0%}) move axes, beyond the original, "
                "only where an image goes in or comes out"
            )
        reach = [row.reach for row in good if row.reach is not None]
        if reach:
            enough = sum(share >= 0.9 for share in reach)
            print(f"reach, the share of a saved file's lines that ran: median {statistics.median(reach):.1%}; at least 90 % in {enough} files")
    if stages:
        print("not saved, by stage: " + ", ".join(f"{stage} {count}" for stage, count in stages.most_common()))


def write_rows(path: Path, rows: list[Row]) -> None:
    ordered = sorted(rows, key=lambda row: row.file)
    write_json(path, [dataclasses.asdict(row) for row in ordered])


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--specs", action="store_true", help="take samples from the .json file beside each model (--case)"
    )
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="processes at once")
    parser.add_argument("--timeout", type=float, default=180, help="seconds a file may take on average")
    parser.add_argument("--chunk", type=int, default=8, help="files per process")
    parser.add_argument("--only", default="", help="regular expression that the path must contain")
    parser.add_argument("--first", type=int, help="only the first N files")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all rows here")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="save converted files here")
    parser.add_argument("--codes", action="store_true", help="count refusals by code and message")
    parser.add_argument("--program", default=os.environ.get("MLXIFY_BIN", str(ROOT / ".venv/bin/mlxify")))
    parser.add_argument(
        "--option", action="append", default=[], help="passed on to mlxify, e.g. --option=--catalogue=DIR"
    )
    return parser.parse_args()


def models(arguments: argparse.Namespace) -> list[Path]:
    def is_wanted(path: Path) -> bool:
        below = path.relative_to(arguments.folder)
        hidden = any(part.startswith((".", "_")) for part in below.parts[:-1])
        without_spec = arguments.specs and not path.with_suffix(".json").exists()
        return not hidden and not without_spec and re.search(arguments.only, str(below)) is not None

    return list(filter(is_wanted, sorted(arguments.folder.rglob("*.py"))))[: arguments.first]


def distinct_names(files: list[Path], size: int) -> list[list[Path]]:
    """Chunks of at most `size` files, none with two files of one name: both would be saved in the same place."""
    chunks: list[dict[str, Path]] = []
    for file in files:
        if not chunks or len(chunks[-1]) >= size or file.name in chunks[-1]:
            chunks.append({})
        chunks[-1][file.name] = file
    return [list(chunk.values()) for chunk in chunks]


def main() -> int:
    arguments = parse_arguments()
    arguments.folder = arguments.folder.resolve()
    files = models(arguments)
    if not files:
        print(f"corpus: no model files in {arguments.folder}", file=sys.stderr)
        return 2
    width = max(len(os.path.relpath(file, arguments.folder)) for file in files)
    print(f"{'file':<{width}}  state  {'stage':<26}  {'values':>8}  {'gradient':>8}  {'s':>6}", flush=True)
    rows: list[Row] = []
    lock = threading.Lock()

    def show(new: list[Row]) -> None:
        with lock:
            rows.extend(new)
            for row in new:
                print(line_of(row, width, arguments.folder), flush=True)
            if arguments.json:  # a run that is cut off leaves what it came to
                write_rows(arguments.json, rows)

    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mlxify-corpus-") as scratch:
        keep = arguments.keep.resolve() if arguments.keep else None
        options = arguments.option + (["--cases-beside"] if arguments.specs else [])
        program = Program(arguments.program, Path(scratch), keep, options, arguments.timeout)
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            chunks = distinct_names(files, arguments.chunk)
            work = [pool.submit(rows_of_chunk, program, chunk, i) for i, chunk in enumerate(chunks)]
            for done in concurrent.futures.as_completed(work):
                show(done.result())
    print_totals(rows, time.monotonic() - begin)
    if arguments.codes:
        print_codes(rows)
    return 0 if all(row.saved for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
