"""tools/accept.py, with small programs in the compiler's place."""

import subprocess
import sys
from pathlib import Path

import pytest

ACCEPT = Path(__file__).resolve().parents[2] / "tools" / "accept.py"


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """A folder of golden cases with one case, `gate`."""
    case = tmp_path / "golden" / "gate"
    case.mkdir(parents=True)
    (case / "input.py").write_text("import torch\r\nx = torch.ones(2)\r\n", newline="")
    return case.parent


def accept(golden: Path, case: str, program_body: str) -> subprocess.CompletedProcess[str]:
    """Run accept.py with a shell script of the given body as the compiler; `$2` is the input file."""
    program = golden.parent / "program"
    program.write_text(f"#!/bin/sh\n{program_body}\n")
    program.chmod(0o755)
    command = [sys.executable, ACCEPT, case, "--program", program, "--golden", golden]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_writes_a_first_expected_file_byte_for_byte(golden: Path) -> None:
    done = accept(golden, "gate", 'sed s/torch/mlx/ "$2"')
    assert done.returncode == 0, done.stderr
    assert (golden / "gate" / "expected.py").read_bytes() == b"import mlx\r\nx = mlx.ones(2)\r\n"
    assert "+import mlx" in done.stdout


def test_shows_only_what_changed(golden: Path) -> None:
    accept(golden, "gate", 'sed s/torch/mlx/ "$2"')
    done = accept(golden, "gate", 'sed -e s/torch/mlx/ -e s/ones/zeros/ "$2"')
    changed = [line.strip() for line in done.stdout.splitlines() if line.startswith(("+x", "-x", "+i", "-i"))]
    assert changed == ["-x = mlx.ones(2)", "+x = mlx.zeros(2)"]


def test_says_so_when_nothing_changed(golden: Path) -> None:
    accept(golden, "gate", 'cat "$2"')
    done = accept(golden, "gate", 'cat "$2"')
    assert (done.returncode, done.stdout) == (0, "mlxify: gate is unchanged\n")


def test_a_failing_compiler_writes_nothing(golden: Path) -> None:
    done = accept(golden, "gate", "echo half a file; echo MX4101 >&2; exit 1")
    assert done.returncode == 1
    assert "MX4101" in done.stderr
    assert not (golden / "gate" / "expected.py").exists()


def test_an_unknown_case_is_wrong_usage(golden: Path) -> None:
    done = accept(golden, "gates", "exit 0")
    assert done.returncode == 2
    assert "`gates`" in done.stderr
