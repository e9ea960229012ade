"""The wheel: packed from the build folder, installed into an environment of its own, and run there."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mlxify

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL = """\
import torch
from torch import nn


class Gate(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.project = nn.Linear(size, size)

    def forward(self, x):
        return torch.sigmoid(self.project(x)) * x
"""


def run(*command: str | Path, **options: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed; its outputs are shown when it does not."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout. It shares the build folder, so that nothing is compiled twice."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "."]
    options = ["--no-build-isolation", "--no-deps", "-C", "build-dir=build/release", "--wheel-dir"]
    run(*pip, *options, folder, cwd=REPOSITORY)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds nothing but the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", folder / "bin" / "python"]
    run(*pip, "install", "--no-deps", "--no-index", wheel)
    return folder


def test_holds_the_program_and_every_module_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert f"mlxify-{mlxify.__version__}.data/scripts/mlxify" in names
    package = REPOSITORY / "python"
    tracked = run("git", "ls-files", "python/mlxify", cwd=REPOSITORY).stdout.splitlines()
    modules = {str((REPOSITORY / name).relative_to(package)) for name in tracked if name.endswith(".py")}
    assert modules
    assert modules <= names


@pytest.mark.parametrize("command", [["bin/mlxify"], ["bin/python", "-m", "mlxify"]])
def test_program_tells_the_version_of_the_package(environment: Path, command: list[str]) -> None:
    done = run(environment / command[0], *command[1:], "--version", cwd=environment)
    assert mlxify.__version__ in done.stdout


def test_program_converts_without_the_repository(environment: Path, tmp_path: Path) -> None:
    model = tmp_path / "gate.py"
    model.write_text(MODEL)
    nowhere = {"PATH": os.defpath, "HOME": str(tmp_path)}
    done = run(environment / "bin" / "mlxify", "convert", model, "--print", "text", cwd=tmp_path, env=nowhere)
    assert "import mlx.nn as nn" in done.stdout
    assert "mx.sigmoid(self.project(x)) * x" in done.stdout
    assert "torch" not in done.stdout
    assert model.read_text() == MODEL
