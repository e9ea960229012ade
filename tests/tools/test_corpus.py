"""tools/corpus.py against a program that stands in for mlxify: it reports, dies or hangs as the file's text says."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/corpus.py"

STAND_IN = """
import json, sys, time
from pathlib import Path
OUT_FILE = str(Path(sys.argv[0]).with_name("output.py"))
Path(OUT_FILE).write_text("good\\nx.transpose(0, 2, 1)\\n")
for name in sys.argv[sys.argv.index("--") + 1 :]:
    text = Path(name).read_text()
    if text == "dies": sys.exit(139)
    if text == "hangs": time.sleep(100)
    refusal = {"code": "MX4102", "message": f"no {name[-4:]} 12", "severity": "refusal"}
    entry = {"max_error": 3e-7, "gradient_error": None, "stages": [{"name": "values", "result": "passed"}]}
    saved = text == "good"
    print(json.dumps({
        "type": "file", "input": name, "outcome": "saved" if saved else "refused", "seconds": 1.5,
        "level": "verified" if saved else "refused", "stage": "done" if saved else "rules",
        "unreached_lines": [2], "executable_lines": 8,
        "output": OUT_FILE, "helpers": ["_gelu"], "entries": [entry] if saved else [], "diagnostics": [] if saved else [refusal],
    }), flush=True)
print(json.dumps({"type": "summary"}))
"""


@pytest.fixture(scope="module")
def corpus():
    """The tool as a module."""
    spec = importlib.util.spec_from_file_location("corpus", TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules["corpus"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Models a to e, and the stand-in as `program`."""
    models = tmp_path / "models"
    (models / "deep").mkdir(parents=True)
    for name, text in {"a": "good", "b": "bad", "c": "dies", "d": "good", "deep/a": "good"}.items():
        (models / f"{name}.py").write_text(text)
    program = tmp_path / "program"
    program.write_text(f"#!{sys.executable}\n{STAND_IN}")
    program.chmod(0o755)
    return models


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(TOOL), str(folder), "--program", str(folder.parent / "program"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_file_that_kills_the_program_costs_only_its_own_row(folder: Path):
    out = folder.parent / "rows.json"
    ran = run(folder, "--json", str(out), "--codes", "--jobs", "1")
    assert ran.returncode == 1, ran.stderr
    rows = {row["file"]: row for row in json.loads(out.read_text())}
    states = {str(Path(name).relative_to(folder)): row["stage"] for name, row in rows.items()}
    assert states == {"a.py": "done", "b.py": "rules", "c.py": "crash", "d.py": "done", "deep/a.py": "done"}
    assert "3 of 5 saved" in ran.stdout
    good = rows[str(folder / "a.py")]
    assert (good["helpers"], good["transposes"], good["changed"]) == (1, 1, 0)
    assert good["reach"] == 0.875 and "median 87.5%; at least 90 % in 0 files" in ran.stdout
    assert "1.0 helpers, 1.0 further moves of axes, median of changed lines 0%" in ran.stdout
    assert "    1  MX4102  no b.py #" in ran.stdout


def test_a_hanging_program_is_ended(corpus, folder: Path):
    (folder / "b.py").write_text("hangs")
    program = corpus.Program(str(folder.parent / "program"), folder.parent / "scratch", None, [], timeout=-29)
    rows = corpus.rows_of_chunk(program, [folder / "a.py", folder / "b.py"], 0)
    assert [(Path(row.file).name, row.stage) for row in rows] == [("a.py", "done"), ("b.py", "timeout")]


def test_files_of_one_name_never_share_a_process(corpus):
    files = [Path(name) for name in ("a/x.py", "a/y.py", "b/x.py", "b/z.py", "c/z.py")]
    assert corpus.distinct_names(files, 8) == [files[:2], files[2:4], files[4:]]
    assert corpus.distinct_names(files[:2], 1) == [files[:1], files[1:2]]


def test_only_and_success(folder: Path):
    ran = run(folder, "--only", "^(a|deep/)")
    assert ran.returncode == 0 and "2 of 2 saved" in ran.stdout
    assert run(folder, "--only", "nothing").returncode == 2


def test_messages_are_counted_without_their_numbers(corpus):
    assert (
        corpus.generalised("line 12: error 3.1e-07") == corpus.generalised("line 7: error 5e-02") == "line #: error #"
    )


def test_how_far_the_output_is_from_the_original(corpus):
    assert corpus.moves_of_axes("x.transpose(1, 2) @ y.mT\ntransposed = x.T\n") == 3
    assert corpus.share_changed("a\nb\nc\nd\n", "a\nb\nx\nd\ne\n") == 0.25
    assert corpus.share_changed("", "a\n") == 0
