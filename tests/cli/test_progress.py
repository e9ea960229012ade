"""How far a run is: a line on a terminal's standard error, and nothing elsewhere."""

import os
import subprocess
from pathlib import Path

import pytest
from installed_program import PROGRAM, mlxify

pty = pytest.importorskip("pty", reason="needs a pseudo-terminal")


@pytest.fixture
def broken(tmp_path: Path) -> list[str]:
    """Files that are judged at once: no Python."""
    names = ["one.py", "two.py", "three.py"]
    for name in names:
        (tmp_path / name).write_text("def (:\n")
    return names


def on_a_terminal(folder: Path, *files: str) -> tuple[str, str]:
    """Standard output and standard error, the latter a terminal."""
    seen, terminal = pty.openpty()
    command = [PROGRAM, "convert", "--no-cache", "-j", "1", *files]
    ran = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=terminal, text=True, timeout=60)
    os.set_blocking(seen, False)
    try:
        shown = os.read(seen, 1 << 16).decode()
    except BlockingIOError:
        shown = ""
    os.close(terminal)
    os.close(seen)
    return ran.stdout, shown


def test_a_terminal_shows_how_many_files_are_done(tmp_path: Path, broken: list[str]) -> None:
    out, shown = on_a_terminal(tmp_path, *broken)
    lines = shown.split("\r\x1b[K")
    assert [line for line in lines if "0 of 3" in line]
    assert [line for line in lines if "3 of 3" in line and "a minute" in line and "0 s left" in line]
    assert shown.endswith("\r\x1b[K"), "the line is gone at the end"
    assert "of 3 ·" not in out and out.count("not saved") == 3


def test_one_file_and_other_streams_show_none(tmp_path: Path, broken: list[str]) -> None:
    assert "of 1" not in on_a_terminal(tmp_path, broken[0])[1]
    assert "of 3" not in mlxify("convert", "--no-cache", *broken, cwd=tmp_path).err
