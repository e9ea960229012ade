"""Files that break, hang, eat memory or leave: refused in bounded time, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from installed_program import PROGRAM, mlxify

MODEL = """
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(4, 4)

    def forward(self, x):
        return self.proj(x)
"""

HOSTILE = {
    "missing_import": "import no_such_package_anywhere\n" + MODEL,
    "raises": "raise RuntimeError('not today')\n" + MODEL,
    "endless": "while True:\n    pass\n" + MODEL,
    "leaves": "import sys\nsys.exit(0)\n" + MODEL,
    "leaves_at_once": "import os\nos._exit(0)\n" + MODEL,
    "memory": "hoard = [bytearray(1 << 30) for _ in range(1 << 10)]\n" + MODEL,
    "endless_forward": MODEL.replace("return self.proj(x)", "while True:\n            pass"),
    "writes": "import pathlib\npathlib.Path('left_behind').write_text('x')\nraise SystemExit\n" + MODEL,
    "talks": "print('{\"ok\": true}')\nimport sys\nsys.stderr.write('\\x1b[2J')\nraise ValueError('\\x1b[2J\\nnet.py  saved')\n"
    + MODEL,
    "deletes_itself": "import os\nos.remove(__file__)\nraise KeyError('gone')\n" + MODEL,
}


def processes_in(folder: Path) -> list[str]:
    """Command lines of the processes whose working directory lies in `folder`."""
    found = []
    for entry in Path("/proc").iterdir() if sys.platform == "linux" else []:
        if entry.name.isdigit():
            try:
                if Path(os.readlink(entry / "cwd")).is_relative_to(folder):
                    found.append((entry / "cmdline").read_bytes().decode(errors="replace"))
            except OSError:  # it ended, or is not ours
                continue
    return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """All of them in one run, two at a time: folder, scratch folder, what the run gave, its seconds."""
    folder = tmp_path_factory.mktemp("hostile")
    scratch = tmp_path_factory.mktemp("scratch")
    for name, text in HOSTILE.items():
        (folder / f"{name}.py").write_text(text)
    names = [f"{name}.py" for name in HOSTILE]
    begin = time.monotonic()
    limits = ["--seconds", "5", "--memory", "1024", "--jobs", "2"]
    result = mlxify("convert", "--json", *limits, *names, cwd=folder, timeout=110, TMPDIR=str(scratch))
    return folder, scratch, result, time.monotonic() - begin


def test_each_is_refused_with_a_reason(ran):
    _, _, result, seconds = ran
    assert result.code == 1, result
    assert seconds < 90
    reports = {Path(report["input"]).stem: report for report in result.files}
    assert set(reports) == set(HOSTILE)
    for name, report in reports.items():
        assert report["outcome"] == "refused", name
        refusals = [d for d in report["diagnostics"] if d["severity"] == "refusal"]
        assert refusals and all(d["message"] for d in refusals), name
        assert {d["code"] for d in refusals} <= {"MX6001", "MX6002", "MX6010"}, (name, refusals)


def test_time_and_memory_are_named_as_such(ran):
    reports = {Path(report["input"]).stem: report for report in ran[2].files}
    for name, word in (("endless", "timeout"), ("memory", "memory")):
        messages = [d["message"] for d in reports[name]["diagnostics"] if d["severity"] == "refusal"]
        assert word in messages[0].lower(), messages


def test_the_line_that_breaks_is_located(ran):
    reports = {Path(report["input"]).stem: report for report in ran[2].files}
    places = [d["place"] for d in reports["raises"]["diagnostics"] if d["severity"] == "refusal"]
    assert places[0]["line"] == 1


def test_nothing_is_left_behind(ran):
    folder, scratch, *_ = ran
    assert sorted(p.name for p in folder.iterdir()) == sorted(f"{name}.py" for name in HOSTILE)
    for name, text in HOSTILE.items():
        assert (folder / f"{name}.py").read_text() == text
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_is_left_behind(ran):
    folder, scratch, *_ = ran
    assert processes_in(scratch) == [] and processes_in(folder) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGSEGV, 3)])
def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path, number: int, code: int):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (tmp_path / "net.py").write_text(HOSTILE["endless"])
    environment = {**os.environ, "TMPDIR": str(scratch)}
    command = [PROGRAM, "convert", "--seconds", "60", "net.py"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not any(scratch.glob("*/*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(20) == code
    assert list(scratch.iterdir()) == []
    while processes_in(scratch) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sys.platform != "linux" or processes_in(scratch) == []


def test_a_message_cannot_draw_on_the_terminal(tmp_path: Path):
    (tmp_path / "net.py").write_text(HOSTILE["talks"])
    result = mlxify("convert", "net.py", cwd=tmp_path)
    assert result.code == 1
    assert "\x1b" not in result.out and "\nnet.py  saved" not in result.out


def test_a_draft_is_marked_and_lies_outside(tmp_path: Path):
    (tmp_path / "net.py").write_text(HOSTILE["raises"])
    result = mlxify("convert", "--draft", "draft.py", "net.py", cwd=tmp_path)
    assert result.code == 1 and "draft (not verified): draft.py" in result.out
    assert (tmp_path / "draft.py").read_text().startswith("# DRAFT by mlxify ")
    assert not (tmp_path / "mlx_architectures").exists()
    (tmp_path / "precious.py").write_text("mine = 1\n")
    again = mlxify("convert", "--draft", "precious.py", "net.py", cwd=tmp_path)
    assert again.code == 1 and "MX7001" in again.out
    assert (tmp_path / "precious.py").read_text() == "mine = 1\n"
