"""Drives the installed program in a folder or a repository of its own."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MLXIFY_BIN", str(ROOT / ".venv/bin/mlxify"))

GATE = '''"""A small gate."""

import torch
import torch.nn as nn


class Gate(nn.Module):
    """Lets through what its gate allows."""

    def __init__(self, dim: int = 8):
        super().__init__()
        self.proj = nn.Linear(dim, dim)
        self.gate = nn.Linear(dim, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # one gate per feature
        return self.proj(x) * torch.sigmoid(self.gate(x))
'''


@dataclass
class Ran:
    """What one run of the program gave."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict]:
        """The objects of `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def files(self) -> list[dict]:
        return [line for line in self.lines if line["type"] == "file"]


def mlxify(*arguments: str | os.PathLike, cwd: Path, timeout: float = 100, **variables: str) -> Ran:
    """Runs the program in `cwd`; fails the test when it takes longer than `timeout` seconds."""
    environment = {**os.environ, "NO_COLOR": "1", **variables}
    command = [PROGRAM, *map(os.fspath, arguments)]
    ran = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, errors="replace", timeout=timeout
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


class Repository:
    """A work tree with a first commit and a bare remote that its branch follows."""

    def __init__(self, folder: Path):
        self.path = folder / "work"
        self.remote = folder / "remote.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.remote], check=True)
        subprocess.run(["git", "init", "-q", "-b", "main", self.path], check=True)
        self.git("config", "user.name", "A. Author")
        self.git("config", "user.email", "author@example.org")
        (self.path / "README").write_text("x\n")
        self.git("add", "README")
        self.git("commit", "-q", "-m", "Begin")
        self.git("remote", "add", "origin", str(self.remote))
        self.git("push", "-q", "-u", "origin", "main")

    def git(self, *arguments: str) -> str:
        """Standard output of git in the work tree."""
        ran = subprocess.run(["git", *arguments], cwd=self.path, check=True, capture_output=True, text=True)
        return ran.stdout.strip()

    def remote_head(self) -> str:
        command = ["git", "-C", str(self.remote), "rev-parse", "main"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
