"""Measures the verifier: plants small semantic errors in verified conversions, one at a time, and counts which it catches.

    make mutation                                      own examples; writes docs/reference/mutation.md
    .venv/bin/python tools/mutation.py FILE|DIR ... --per-file 30 --json OUT
    .venv/bin/python tools/mutation.py DIR ... --share 2/4 --json OUT2      the second of four pieces
    .venv/bin/python tools/mutation.py DIR ... --share 2/4 --json OUT2      again: goes on with the files that OUT2 lacks
    .venv/bin/python tools/mutation.py --merge OUT1 OUT2 ... --json ALL --page docs/reference/mutation.md

MLXIFY_BIN and MLXIFY_PYTHON name another program and another interpreter with torch and mlx. Samples of net.py are taken from
net.json beside it, where there is one.

Each file is converted and verified; of its mutants (tests/mutation/kinds.py) those on lines that the proof reached are taken, kinds in
turn, and the verifier is asked of each whether it computes what the original computes. A mutant that it accepts is run beside the
verified file on many numbers (tests/mutation/equivalence.py): one that computes the same is no error; the rest are survivors, which
are listed. Exit code 0 if the score is at least --least, else 1.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import dataclasses
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = ROOT / "tests" / "mutation"
sys.path.insert(0, str(CODE))

from json_lines import file_reports, write_json  # noqa: E402
from kinds import Mutant, candidates, is_other_program  # noqa: E402

SECONDS_OF_EQUIVALENCE = 120
SECONDS_OF_CONVERSION = 400
NO_TIME = "no time was left"
INTERPRETER = os.environ.get("MLXIFY_PYTHON", sys.executable)
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # for each of many jobs


@dataclasses.dataclass
class Judged:
    """What became of a mutant of a file of a group (a folder that was given): `caught`, `equivalent`, `unresolvable` (it differs by less than float32 resolves), `survived`, or `unjudged` (no verdict,
    or it could not be run beside the verified file)."""

    group: str
    file: str
    kind: str
    line: int
    before: str
    after: str
    outcome: str
    reason: str


@dataclasses.dataclass
class Model:
    """A file to be converted; `name` is its path below the folder that was given, `group` that folder's name."""

    path: Path
    group: str
    name: str


@dataclasses.dataclass
class Found:
    """What one run came to: mutants, and the files that gave none with the reason. Pieces of a run can be added."""

    rows: list[Judged] = dataclasses.field(default_factory=list)
    left_out: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)

    def add(self, other: Found) -> None:
        """What the other says of a file counts, where both judged it."""
        judged = other.files()
        self.rows = [row for row in self.rows if (row.group, row.file) not in judged] + other.rows
        left_out = [*self.left_out, *other.left_out]
        files = self.files()
        self.left_out = list({one[:2]: one for one in left_out if one[:2] not in files}.values())

    def files(self) -> set[tuple[str, str]]:
        return {(row.group, row.file) for row in self.rows}

    def settled(self) -> set[tuple[str, str]]:
        """Files that a further run need not look at."""
        return self.files() | {(group, file) for group, file, why in self.left_out if why != NO_TIME}

    def write(self, path: Path) -> None:
        content = {"rows": [dataclasses.asdict(row) for row in self.rows], "left_out": self.left_out}
        write_json(path, content)

    @staticmethod
    def read(path: Path) -> Found:
        content = json.loads(path.read_text())
        return Found([Judged(**row) for row in content["rows"]], [tuple(one) for one in content["left_out"]])


def options_for(file: Path) -> list[str]:
    case = file.with_suffix(".json")
    return ["--case", str(case)] if case.exists() else []


def reports(command: list[str], seconds: float) -> list[dict]:
    """The `file` objects that a command of mlxify prints; those that came in time."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    return file_reports(output)


def chosen(text: str, unreached: set[int], count: int, seed: str, kinds: list[str]) -> list[Mutant]:
    """At most `count` mutants of reached lines, each kind in turn, at places that the seed picks."""
    by_kind: dict[str, list[Mutant]] = collections.defaultdict(list)
    for mutant in candidates(text):
        if mutant.line not in unreached and (not kinds or mutant.kind in kinds):
            by_kind[mutant.kind].append(mutant)
    picker = random.Random(seed)
    for places in by_kind.values():
        picker.shuffle(places)
    order = sorted(by_kind)
    picker.shuffle(order)
    picked: list[Mutant] = []
    while len(picked) < count and any(by_kind.values()):
        for kind in order:
            if by_kind[kind] and len(picked) < count and is_other_program(mutant := by_kind[kind].pop(), text):
                picked.append(mutant)
    return picked


def equivalence(verified: Path, mutant: Path, samples: list[str], scratch: Path) -> dict:
    wanted = scratch / "samples.json"
    wanted.write_text(json.dumps(samples))
    command = [INTERPRETER, str(CODE / "equivalence.py"), str(verified), str(mutant), str(wanted)]
    try:
        environment = os.environ | ONE_THREAD
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_OF_EQUIVALENCE, cwd=scratch, env=environment)
        return json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"equivalent": False, "problems": ["timeout"]}
    except (json.JSONDecodeError, IndexError):
        return {"equivalent": False, "problems": [done.stderr.strip()[-200:]]}


def judged(model: Model, mutant: Mutant, report: dict | None, equivalent: dict | None) -> Judged:
    if report is None:
        outcome, reason = "unjudged", "no report"
    elif report["outcome"] != "compared":
        outcome, reason = "caught", report["stage"]
    elif equivalent["equivalent"]:
        outcome, reason = "equivalent", f"{equivalent['runs']} runs"
    elif "minute" in equivalent:
        outcome, reason = "unresolvable", f"{equivalent['minute']:.1e} of the scale"
    elif "difference" in equivalent:
        outcome, reason = "survived", equivalent["difference"]
    else:
        outcome, reason = "unjudged", "; ".join(equivalent["problems"])
    return Judged(model.group, model.name, mutant.kind, mutant.line, mutant.before, mutant.after, outcome, reason)


def judge_file(model: Model, program: str, per_file: int, kinds: list[str]) -> Found:
    """All chosen mutants of one file; none if the file is not verified."""
    file = model.path

    def left_out(why: str) -> Found:
        print(f"{model.group}/{model.name}: {why}, left out", file=sys.stderr, flush=True)
        return Found([], [(model.group, model.name, why)])

    with tempfile.TemporaryDirectory(prefix="mlxify-mutation-") as name:
        scratch = Path(name)
        convert = [
            program,
            "convert",
            "--json",
            "--no-cache",
            "-o",
            str(scratch / "verified"),
            *options_for(file),
            "--",
            str(file),
        ]
        made = reports(convert, SECONDS_OF_CONVERSION)
        if not made or made[0]["outcome"] != "saved":
            return left_out("not verified")
        verified = Path(made[0]["output"])
        text = verified.read_text()
        picked = chosen(text, set(made[0]["unreached_lines"]), per_file, model.name, kinds)
        paths = [scratch / f"m{number:03}.py" for number in range(len(picked))]
        for path, mutant in zip(paths, picked, strict=True):
            path.write_text(mutant.text)
        compare = [
            program,
            "verify",
            "--json",
            "--seconds",
            "30",
            *options_for(file),
            "--",
            str(file),
            str(verified),
            *map(str, paths),
        ]
        found = {Path(report["output"]).name: report for report in reports(compare, 60 + 40 * len(picked))}
        if found.get(verified.name, {}).get("outcome") != "compared":
            return left_out("saved, but `verify` does not accept it")
        samples = [sample["call"] for entry in made[0]["entries"] for sample in entry["samples"]]
        rows = []
        for path, mutant in zip(paths, picked, strict=True):
            report = found.get(path.name)
            accepted = report is not None and report["outcome"] == "compared"
            rows.append(
                judged(model, mutant, report, equivalence(verified, path, samples, scratch) if accepted else None)
            )
        return Found(rows, [])


def score(rows: list[Judged]) -> float:
    counts = collections.Counter(row.outcome for row in rows)
    wrong = counts["caught"] + counts["survived"]
    return counts["caught"] / wrong if wrong else 1.0


def cell(text: str) -> str:
    text = " ".join(text.split()).replace("|", "\\|")
    return "`" + (text if len(text) <= 60 else text[:57] + "...") + "`"


OUTCOMES = ("caught", "survived", "equivalent", "unresolvable", "unjudged")


def table(rows: list[Judged], of: str) -> list[str]:
    """Counts of the outcomes by a field of the rows."""
    counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    files: dict[str, set[str]] = collections.defaultdict(set)
    for row in rows:
        counts[getattr(row, of)][row.outcome] += 1
        files[getattr(row, of)].add(row.file)
    lines = [
        f"| {of} | files | mutants | caught | survived | equivalent | unresolvable | without a judgement |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, outcomes in sorted(counts.items()):
        figures = [len(files[name]), outcomes.total(), *(outcomes[outcome] for outcome in OUTCOMES)]
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(map(str, figures)) + " |")
    return lines


def is_our_own(row: Judged) -> bool:
    """Whether the file is in this repository: others' code is not quoted."""
    return (ROOT / row.group / row.file).exists()


def page(found: Found, least: float) -> str:
    rows = sorted(found.rows, key=lambda row: (row.group, row.file, row.line, row.kind))
    counts = collections.Counter(row.outcome for row in rows)
    left_out = collections.Counter(group for group, _, why in found.left_out if why != NO_TIME)
    lines = [
        "# How far the verdict can be trusted",
        "",
        "Generated by `make mutation`, or of several folders by `tools/mutation.py`; do not edit. In verified conversions one small error at a time is",
        "planted, as porters make them (`tests/mutation/kinds.py`), on lines that the proof reached, and the verifier judges the result against the",
        "original. A mutant that it accepts is run beside the verified file on many weights and inputs (`tests/mutation/equivalence.py`, in float64 where",
        "the model runs in it, as both files' own casts to float32 then are): outputs, gradients, training mode and what the constructor leaves, of random",
        "numbers in another order as samples of many constructions. One that computes the same is *equivalent*, one that",
        "nowhere differs by more than 1e-6 of the scale, which is below what float32 resolves, is *unresolvable*, the rest *survived*.",
        "",
        f"{len({(row.group, row.file) for row in rows})} files, {len(rows)} mutants: {counts['caught']} caught, {counts['survived']} survived, "
        f"{counts['equivalent']} equivalent, {counts['unresolvable']} unresolvable, {counts['unjudged']} without a judgement. "
        f"Score: **{100 * score(rows):.1f} %** of those that are wrong (at least {100 * least:.0f} % is asked for).",
        "",
        *table(rows, "group"),
    ]
    if left_out:
        lines += [
            "",
            "Left out, since they are not verified: "
            + ", ".join(f"{n} of {group}" for group, n in sorted(left_out.items()))
            + ".",
        ]
    lines += ["", "## By kind", *table(rows, "kind")]
    lines += [
        "",
        "## Survivors",
        "| group | line | kind | before | after | what differs |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row.outcome == "survived":
            place, *change = (
                (f"{row.group}/{row.file}", cell(row.before), cell(row.after))
                if is_our_own(row)
                else (row.group, "", "")
            )
            lines.append(
                f"| {place} | {row.line} | {row.kind.replace('_', ' ')} | {change[0]} | {change[1]} | {row.reason} |"
            )
    return "\n".join(lines) + "\n"


def print_rows(rows: list[Judged]) -> None:
    """Of one file: how many of each outcome, and what was not caught."""
    counts = collections.Counter(row.outcome for row in rows)
    if rows:
        print(
            f"{rows[0].group}/{rows[0].file}: " + ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items())),
            flush=True,
        )
    for row in rows:
        if row.outcome in {"survived", "unjudged"}:
            change = f"{cell(row.before)} -> {cell(row.after)}"
            print(f"  {row.outcome} line {row.line} {row.kind}: {change}: {row.reason}", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="PyTorch files, or folders of them (default: examples)")
    parser.add_argument("--share", default="1/1", metavar="I/N", help="only every N-th file, beginning with the I-th")
    parser.add_argument("--merge", nargs="+", type=Path, metavar="PIECE", help="judge nothing: add what --json wrote")
    parser.add_argument("--per-file", type=int, default=200, help="mutants of a file at most")
    parser.add_argument("--kinds", nargs="+", default=[], metavar="KIND", help="mutants of these kinds alone (default: all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="files at once")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no further file after that time")
    parser.add_argument("--least", type=float, default=0.98, help="score below which the exit code is 1")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all mutants here; what stands there already is not judged again")
    parser.add_argument("--page", type=Path, metavar="OUT", help="write the page here")
    parser.add_argument("--program", default=os.environ.get("MLXIFY_BIN", str(ROOT / ".venv/bin/mlxify")))
    return parser.parse_args()


def models(given: list[Path], share: str) -> list[Model]:
    found = []
    for path in given or [ROOT / "examples"]:
        path = path.resolve()
        folder = path if path.is_dir() else path.parent
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        found += [Model(file, folder.name, str(file.relative_to(folder))) for file in files]
    index, count = map(int, share.split("/"))
    return found[index - 1 :: count]


def judge_all(arguments: argparse.Namespace) -> Found:
    begin = time.monotonic()
    found = Found.read(arguments.json) if arguments.json and arguments.json.exists() else Found()
    settled = found.settled()

    def judge(model: Model) -> Found:
        if time.monotonic() - begin >= arguments.seconds:
            return Found([], [(model.group, model.name, NO_TIME)])
        try:
            return judge_file(model, arguments.program, arguments.per_file, arguments.kinds)
        except (OSError, KeyError, RecursionError) as error:  # one file must not end a long run
            return Found([], [(model.group, model.name, f"{type(error).__name__}: {error}")])

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        work = [pool.submit(judge, model) for model in models(arguments.files, arguments.share) if (model.group, model.name) not in settled]
        for done in concurrent.futures.as_completed(work):
            found.add(done.result())
            print_rows(done.result().rows)
            if arguments.json:  # whatever ends this early, what was judged is kept
                found.write(arguments.json)
    print(f"in {time.monotonic() - begin:.0f} s")
    return found


def main() -> int:
    arguments = parse_arguments()
    found = Found()
    for piece in arguments.merge or []:
        found.add(Found.read(piece))
    if not arguments.merge:
        found = judge_all(arguments)
    elif arguments.json:
        found.write(arguments.json)
    rows = found.rows
    print(
        f"score {100 * score(rows):.2f} % over {len(rows)} mutants of {len({(row.group, row.file) for row in rows})} files"
    )
    if arguments.page:
        arguments.page.write_text(page(found, arguments.least))
    return 0 if rows and score(rows) >= arguments.least else 1


if __name__ == "__main__":
    sys.exit(main())
